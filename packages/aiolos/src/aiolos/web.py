"""The server's names: `from aiolos import web`."""

from aiolos_server import web
from aiolos_server.web import *  # noqa: F403  # all of its names, as its own __all__ lists them

__all__ = web.__all__
