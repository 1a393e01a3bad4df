"""Bodies as they arrive."""

from aiolos.streams import *  # noqa: F403
from aiolos.streams import __all__ as __all__
