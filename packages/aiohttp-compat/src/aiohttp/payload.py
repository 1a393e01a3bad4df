"""Bodies to send, and their registry."""

from aiolos.payload import *  # noqa: F403
from aiolos.payload import __all__ as __all__
