"""The client's session and what it needs."""

from aiolos.client import *  # noqa: F403
from aiolos.client import __all__ as __all__
