"""Bodies as they arrive: a StreamReader with back-pressure towards the link."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Protocol


class Flow(Protocol):
    """Where a reader asks for more or less: the link, or nobody."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class StreamReader:
    """The bytes of one body, in order.

    Above `limit` unread bytes the flow is paused, below half of it resumed. All methods that
    wait raise the exception that ended the body early (set_exception), after what came before it
    has been read by the piecewise methods; read() of everything raises it at once. One task may
    wait at a time: a second one gets RuntimeError.
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_chunks",
        "_exception",
        "_flow",
        "_limit",
        "_offset",
        "_paused",
        "_size",
        "_waiter",
        "ended",
        "total_bytes",
    )

    def __init__(self, flow: Flow | None = None, limit: int = 65_536) -> None:
        self._flow: Any = flow
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._offset = 0
        self._size = 0
        self._exception: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._callbacks: list[Callable[[], None]] | None = None
        self._paused = False
        self.ended = False
        self.total_bytes = 0

    # What the link calls.

    def feed_data(self, data: bytes) -> None:
        """Append `data`; may pause the flow."""
        if not data:
            return
        self._chunks.append(data)
        size = len(data)
        self._size += size
        self.total_bytes += size
        if self._waiter is not None:
            self._wake()
        if self._size > self._limit and not self._paused and self._flow is not None:
            self._paused = True
            self._flow.pause_reading()

    def feed_eof(self) -> None:
        """The body is complete; the flow is let go, for another body may use it now."""
        self.ended = True
        if self._paused:
            self._paused = False
            self._flow.resume_reading()
        self._flow = None
        if self._waiter is not None:
            self._wake()
        callbacks = self._callbacks
        if callbacks is not None:
            self._callbacks = None
            for callback in callbacks:
                callback()

    def set_exception(self, exc: BaseException) -> None:
        """The body ends here, incomplete, for the reason `exc`. Not after feed_eof()."""
        if self.ended or self._exception is not None:
            return
        self._exception = exc
        waiter = self._waiter
        self._waiter = None
        if waiter is not None and not waiter.done():
            waiter.set_exception(exc)

    # What users call.

    def exception(self) -> BaseException | None:
        """What ended the body early, if anything."""
        return self._exception

    def is_eof(self) -> bool:
        """True when the whole body has arrived (not: has been read)."""
        return self.ended

    def at_eof(self) -> bool:
        """True when the whole body has arrived and has been read."""
        return self.ended and not self._chunks

    def on_eof(self, callback: Callable[[], None]) -> None:
        """Call `callback()` when the body is complete, at once if it is already."""
        if self.ended:
            callback()
        elif self._callbacks is None:
            self._callbacks = [callback]
        else:
            self._callbacks.append(callback)

    async def read(self, n: int = -1) -> bytes:
        """Everything to the end (n < 0), or what is there, at most `n` bytes; b"" at the end.

        Suspends only while nothing is there (n > 0), or the end is not (n < 0).
        """
        if n == 0:
            return b""
        if n > 0:
            await self._some()
            return self._take(n)
        parts: list[bytes] = []
        while not self.ended:
            if self._exception is not None:
                raise self._exception
            if self._chunks:
                parts.append(self._take_all())
            else:
                await self._wait()
        if not parts:
            return self._take_all()
        if self._chunks:
            parts.append(self._take_all())
        return b"".join(parts)

    async def readany(self) -> bytes:
        """All that is there, at least one byte; b"" at the end."""
        await self._some()
        return self._take_all()

    async def readexactly(self, n: int) -> bytes:
        """Exactly `n` bytes. Raises asyncio.IncompleteReadError when the body ends before."""
        if n < 0:
            raise ValueError(f"readexactly() takes a size of 0 or more, not {n}")
        parts: list[bytes] = []
        missing = n
        while missing > 0:
            await self._some()
            part = self._take(missing)
            if not part:
                raise asyncio.IncompleteReadError(b"".join(parts), n)
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    async def readchunk(self) -> tuple[bytes, bool]:
        """`(all that is there, True)`; `(b"", False)` at the end."""
        data = await self.readany()
        return data, bool(data)

    def read_nowait(self, n: int = -1) -> bytes:
        """What is there, at most `n` bytes where n > 0; b"" where nothing is."""
        if self._exception is not None and not self._chunks:
            raise self._exception
        return self._take_all() if n < 0 else self._take(n)

    async def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        """Pieces of at most `n` bytes."""
        while data := await self.read(n):
            yield data

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Pieces as they come."""
        while data := await self.readany():
            yield data

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.iter_any()

    # Inner parts.

    async def _some(self) -> None:
        while not self._chunks and not self.ended:
            if self._exception is not None:
                raise self._exception
            await self._wait()

    async def _wait(self) -> None:
        """Suspend until more has come, or the end; a subclass may fetch it itself instead, as
        coding.DecodedReader does: nothing above waits in any other way."""
        if self._waiter is not None:
            raise RuntimeError("another task is already reading this body")
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            if self._waiter is waiter:
                self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        self._waiter = None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _take(self, n: int) -> bytes:
        chunks = self._chunks
        if not chunks:
            return b""
        first = chunks[0]
        start = self._offset
        if len(first) - start > n:
            # An offset, not a shorter copy: reading a large chunk in pieces stays linear.
            self._offset = start + n
            data = first[start : start + n]
        else:
            chunks.popleft()
            self._offset = 0
            data = first[start:] if start else first
        self._taken(len(data))
        return data

    def _take_all(self) -> bytes:
        chunks = self._chunks
        if self._offset:
            chunks[0] = chunks[0][self._offset :]
            self._offset = 0
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._taken(len(data))
        return data

    def _taken(self, size: int) -> None:
        self._size -= size
        if self._paused and self._size * 2 < self._limit:
            self._paused = False
            self._flow.resume_reading()


def empty_reader() -> StreamReader:
    """A reader at its end."""
    reader = StreamReader()
    reader.ended = True
    return reader


EMPTY: Final = empty_reader()
