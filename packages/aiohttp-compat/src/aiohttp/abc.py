"""What may be replaced by a class of one's own."""

from aiolos.abc import *  # noqa: F403
from aiolos.abc import __all__ as __all__

# What annotations name by this module.
from aiolos.web import BaseRequest as BaseRequest
from aiolos.web import HTTPException as HTTPException
from aiolos.web import Request as Request
from aiolos.web import StreamResponse as StreamResponse

from ._resources import AbstractMatchInfo as AbstractMatchInfo
