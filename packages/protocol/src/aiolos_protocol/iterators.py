"""Iterators over what a coroutine function reads, until it reads nothing."""

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class EofStream(Exception):
    """A queue is at its end."""


class AsyncStreamIterator(Generic[T]):
    """What `await read()` gives, again and again, until that is empty or raises EofStream."""

    __slots__ = ("read_func",)

    def __init__(self, read_func: Callable[[], Awaitable[T]]) -> None:
        self.read_func = read_func

    def __aiter__(self) -> "AsyncStreamIterator[T]":
        return self

    async def __anext__(self) -> T:
        try:
            value = await self.read_func()
        except EofStream:
            raise StopAsyncIteration from None
        if value == b"":
            raise StopAsyncIteration
        return value


class Chunked(Protocol):
    """What can be read by chunks."""

    async def readchunk(self) -> tuple[bytes, bool]: ...


class ChunkTupleAsyncStreamIterator:
    """What `readchunk()` gives, until the end."""

    __slots__ = ("_stream",)

    def __init__(self, stream: Chunked) -> None:
        self._stream = stream

    def __aiter__(self) -> "ChunkTupleAsyncStreamIterator":
        return self

    async def __anext__(self) -> tuple[bytes, bool]:
        value = await self._stream.readchunk()
        if value == (b"", False):
            raise StopAsyncIteration
        return value
