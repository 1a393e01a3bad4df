"""Bodies as they arrive."""

import asyncio
from collections import deque
from typing import Any, TypeVar

import aiolos.streams
from aiolos.streams import *  # noqa: F403
from aiolos.streams import EMPTY_PAYLOAD, DataQueue, StreamReader
from aiolos_protocol.iterators import (
    ChunkTupleAsyncStreamIterator as ChunkTupleAsyncStreamIterator,
)

__all__ = [*aiolos.streams.__all__, "EmptyStreamReader", "FlowControlDataQueue"]

_T = TypeVar("_T")


class _Empty(type):
    """EMPTY_PAYLOAD, which bodiless messages have, counts as one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return instance is EMPTY_PAYLOAD or super().__instancecheck__(instance)


class EmptyStreamReader(StreamReader, metaclass=_Empty):
    """A body of no bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.feed_eof()

    def __repr__(self) -> str:
        return "<EmptyStreamReader>"

    def feed_data(self, data: bytes, size: int = 0) -> bool:  # type: ignore[override]
        """False: it stays empty."""
        return False

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Nothing: it has come whole."""


class FlowControlDataQueue(DataQueue[_T]):
    """A DataQueue that pauses `protocol` above twice `limit`, by the sizes that come with the
    objects, and resumes it below that."""

    def __init__(self, protocol: Any, limit: int, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._protocol = protocol
        self._limit = limit * 2
        self._sizes: deque[int] = deque()
        self._size = 0

    def feed_data(self, data: _T, size: int = 0) -> None:
        """Append `data`, which counts as `size`."""
        self._sizes.append(size)
        self._size += size
        super().feed_data(data, size)
        if self._size > self._limit and not self._protocol._reading_paused:
            self._protocol.pause_reading()

    async def read(self) -> _T:
        """See DataQueue."""
        data = await super().read()
        self._size -= self._sizes.popleft()
        if self._size < self._limit and self._protocol._reading_paused:
            self._protocol.resume_reading()
        return data
