"""The import name aiohttp, served by aiolos: every name here is the very object of aiolos."""

from . import _alone

_alone.check()

import aiolos  # noqa: E402  # not before the check, whose message is the clearer one
from aiolos import *  # noqa: E402, F403  # all of its names, as its own __all__ lists them
from aiolos_aiohttp.standin import VERSION as __version__  # noqa: E402, N811  # libraries go by it

__all__ = aiolos.__all__


def __getattr__(name: str) -> object:
    return aiolos.__getattr__(name)
