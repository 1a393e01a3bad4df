"""What may be replaced by a class of one's own."""

from aiolos.abc import *  # noqa: F403
from aiolos.abc import __all__ as __all__
from aiolos.web import StreamResponse as StreamResponse  # what annotations name by this module

from ._resources import AbstractMatchInfo as AbstractMatchInfo
