"""Bodies as they arrive."""

from aiolos.streams import *  # noqa: F403
from aiolos.streams import StreamReader
from aiolos.streams import __all__ as __all__

EmptyStreamReader = StreamReader
