"""A queue of objects with an end, as aiohttp offers it."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

from .iterators import AsyncStreamIterator, EofStream

T = TypeVar("T")


class DataQueue(Generic[T]):
    """Objects in order; read() raises EofStream, or what ended it early, behind the last one.

    One task may wait at a time. It is not bounded: whoever feeds it must not come from a peer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._items: deque[T] = deque()
        self._ended = False
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def is_eof(self) -> bool:
        """True when nothing more will be fed."""
        return self._ended

    def at_eof(self) -> bool:
        """True when nothing more will be read."""
        return self._ended and not self._items

    def exception(self) -> BaseException | None:
        """What ended it early, if anything."""
        return self._exception

    def feed_data(self, data: T, size: int = 0) -> None:
        """Append `data`; `size` is for aiohttp's sake and counts nothing."""
        self._items.append(data)
        self._wake()

    def feed_eof(self) -> None:
        """Nothing more will be fed."""
        self._ended = True
        self._wake()

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Nothing more will be fed, for the reason `exc`; `exc_cause` is for aiohttp's sake."""
        self._ended = True
        self._exception = exc
        self._wake()

    async def read(self) -> T:
        """The next object. RuntimeError where another task waits already."""
        while not self._items:
            if self._exception is not None:
                raise self._exception
            if self._ended:
                raise EofStream
            if self._waiter is not None:
                raise RuntimeError("another task is already reading this queue")
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._items.popleft()

    def __aiter__(self) -> AsyncStreamIterator[T]:
        return AsyncStreamIterator(self.read)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
