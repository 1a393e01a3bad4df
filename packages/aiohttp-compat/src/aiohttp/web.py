"""The server's names: `from aiohttp import web`."""

from aiolos import web
from aiolos.web import *  # noqa: F403  # all of its names, as its own __all__ lists them

__all__ = web.__all__
