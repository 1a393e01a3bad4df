"""Bodies as they arrive."""

from aiolos_protocol.streams import (
    StreamReader,
)

__all__ = [
    "StreamReader",
]
