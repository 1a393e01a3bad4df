"""Requests and responses of the client."""

from aiolos.client_reqrep import *  # noqa: F403
from aiolos.client_reqrep import __all__ as __all__
