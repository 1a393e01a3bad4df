"""Bodies as they arrive."""

from aiolos_protocol.dataqueue import DataQueue
from aiolos_protocol.iterators import AsyncStreamIterator, EofStream
from aiolos_protocol.streams import EMPTY as EMPTY_PAYLOAD
from aiolos_protocol.streams import StreamReader

__all__ = ["EMPTY_PAYLOAD", "AsyncStreamIterator", "DataQueue", "EofStream", "StreamReader"]
