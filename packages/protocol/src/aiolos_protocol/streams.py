"""Bodies as they arrive: a StreamReader with back-pressure towards the link."""

import asyncio
import warnings
from collections.abc import Callable
from typing import Any, Final, Protocol

from multidict import CIMultiDict, CIMultiDictProxy

from .errors import LimitExceeded, LineTooLong
from .iterators import AsyncStreamIterator, ChunkTupleAsyncStreamIterator
from .unread import Unread

# Pieces, however small, above which reading pauses: each costs memory of its own.
MAX_PIECES: Final = 4096
DEFAULT_LIMIT: Final = 262_144
# Without a bound on what is read at once.
_ANY: Final = 2**63 - 1

_NO_TRAILERS: Final = CIMultiDictProxy(CIMultiDict[str]())


class Flow(Protocol):
    """Where a reader asks for more or less: the link, or nobody."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Filler(Protocol):
    """Who can have the rest of a body received in one piece, past the buffers: the link."""

    def fill(self) -> None:
        """All of the body is wanted. Does so if it is worth it; put_back() gives the piece."""

    def stop_filling(self) -> None:
        """Nobody waits for it any more; put_back() gives what has come. Nothing if not filling."""


class StreamReader(Unread):
    """The bytes of one body, in order.

    Above twice `limit` unread bytes the flow is paused, below `limit` resumed. All methods that
    wait raise the exception that ended the body early (set_exception), after what came before it
    has been read by the piecewise methods; read() of everything raises it at once. One task may
    wait at a time: a second one gets RuntimeError. `total_bytes` counts what has arrived, `most` is
    how many bytes read() of everything gives (without one: any number), and `line` how many one
    line may have, twice `limit` by default. `timer` and `loop`, and `size` further down, are taken
    as aiohttp takes them.
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_end_waiter",
        "_exception",
        "_filler",
        "_flow",
        "_limit",
        "_paused",
        "_trailers",
        "_translation",
        "_waiter",
        "ended",
        "line",
        "most",
    )

    def __init__(
        self,
        flow: "Flow | None" = None,
        limit: int = DEFAULT_LIMIT,
        *,
        timer: Any = None,
        loop: "asyncio.AbstractEventLoop | None" = None,
    ) -> None:
        self._open(flow, limit)

    def _open(self, flow: "Flow | None", limit: int) -> None:
        """Not __init__(), which compiled code would call as Python does."""
        self._begin()
        self._flow: Any = flow
        self._filler: Filler | None = None
        self._limit = limit
        self._exception: BaseException | None = None
        self._translation: Callable[[BaseException], BaseException] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._end_waiter: asyncio.Future[None] | None = None
        self._callbacks: list[Callable[[], None]] | None = None
        self._trailers: CIMultiDictProxy[str] = _NO_TRAILERS
        self._paused = False
        self.ended = False
        self.line = 2 * limit
        self.most = _ANY

    def __repr__(self) -> str:
        told = [type(self).__name__]
        if self._size:
            told.append(f"{self._size} bytes")
        if self.ended:
            told.append("eof")
        if self._limit != DEFAULT_LIMIT:
            told.append(f"low={self._limit} high={2 * self._limit}")
        if self._waiter is not None:
            told.append(f"w={self._waiter!r}")
        if self._exception is not None:
            told.append(f"e={self._exception!r}")
        return f"<{' '.join(told)}>"

    # What the link calls.

    def feed_data(self, data: bytes, size: int = 0) -> None:
        """Append `data`; may pause the flow."""
        if not data:
            return
        self._append(data)
        if self._waiter is not None:
            self._wake()
        if not self._paused and (self._size > 2 * self._limit or len(self._chunks) > MAX_PIECES):
            self._pause()

    def feed_chunks(self, pieces: list[bytes], whole: bool) -> None:
        """Append `pieces`, none of them empty; may pause the flow.

        Each one ends a chunk of a chunked body, the last one only if `whole`.
        """
        self._append_chunks(pieces, whole)
        if self._waiter is not None:
            self._wake()
        if not self._paused and (self._size > 2 * self._limit or len(self._chunks) > MAX_PIECES):
            self._pause()

    def set_filler(self, filler: Filler) -> None:
        """Let read() of everything have the body received past the buffers."""
        self._filler = filler

    def put_back(self, data: bytes) -> None:
        """Put `data`, which total_bytes counts already, in front of what is unread."""
        if data:
            self._insert(data)
            if self._waiter is not None:
                self._wake()

    def feed_trailers(self, trailers: "CIMultiDict[str]") -> None:
        """The trailer section; comes right before feed_eof()."""
        self._trailers = CIMultiDictProxy(trailers)

    def feed_eof(self) -> None:
        """The body is complete; the flow is let go, for another body may use it now."""
        self.ended = True
        self._let_go()
        if self._waiter is not None:
            self._wake()
        end_waiter = self._end_waiter
        if end_waiter is not None and not end_waiter.done():
            end_waiter.set_result(None)
        callbacks = self._callbacks
        if callbacks is not None:
            self._callbacks = None
            for callback in callbacks:
                _call(callback)

    def set_exception(self, exc: BaseException, exc_cause: "BaseException | None" = None) -> None:
        """The body ends here, incomplete, for the reason `exc`; nothing where it has ended."""
        if self.ended or self._exception is not None:
            return
        if exc_cause is not None:
            exc.__cause__ = exc_cause
        if self._translation is not None:
            exc = self._translation(exc)
        self._exception = exc
        self._callbacks = None
        self._let_go()
        waiter = self._waiter
        self._waiter = None
        for future in (waiter, self._end_waiter):
            if future is not None and not future.done():
                future.set_exception(exc)

    def abandon(self, exc: BaseException) -> None:
        """Throw away what is unread, and whatever comes: reading raises `exc`. Nothing where all
        has been read."""
        if self.ended and self._size == 0:
            return
        self._take_all()
        if self.ended:
            # It had arrived whole, and no one had read it.
            self.ended = False
            self._exception = exc
        else:
            self.set_exception(exc)

    def translate(self, translation: "Callable[[BaseException], BaseException]") -> None:
        """Have what ends the body early, or has done so, raised as `translation(exc)`.

        So a role names errors in its own words; what is no neutral error must come back as it is.
        """
        self._translation = translation
        if self._exception is not None:
            self._exception = translation(self._exception)

    # What users ask.

    @property
    def trailers(self) -> "CIMultiDictProxy[str]":
        """The fields of the trailer section (RFC 9110 6.5); empty before the body's end."""
        return self._trailers

    @property
    def total_raw_bytes(self) -> int:
        """How many bytes have arrived, before any content coding was undone."""
        return self.total_bytes

    def exception(self) -> BaseException | None:
        """What ended the body early, if anything."""
        return self._exception

    def is_eof(self) -> bool:
        """True when the whole body has arrived (not: has been read)."""
        return self.ended

    def at_eof(self) -> bool:
        """True when the whole body has arrived and has been read."""
        return self.ended and not self._size

    def on_eof(self, callback: Callable[[], None]) -> None:
        """Call `callback()` when the body is complete, at once if it is already.

        What it raises goes to the loop's exception handler.
        """
        if self.ended:
            _call(callback)
        elif self._callbacks is None:
            self._callbacks = [callback]
        else:
            self._callbacks.append(callback)

    def get_read_buffer_limits(self) -> tuple[int, int]:
        """Unread bytes below which the flow is resumed, and above which it is paused."""
        return self._limit, 2 * self._limit

    def set_read_chunk_size(self, n: int) -> None:
        """Let twice so many unread bytes (positive) gather before the flow is paused, and a line
        have as many."""
        if n < 1:
            raise ValueError(f"set_read_chunk_size() takes a positive size, not {n}")
        self._limit = n
        self.line = 2 * n
        self._taken(0)

    # What users read.

    def is_whole(self) -> bool:
        """Whether the whole body has arrived, and what is unread of it is no more than `most`."""
        return self.ended and self._size <= self.most

    def read_whole(self) -> bytes:
        """As read() of everything, for a body that has arrived (`ended`): never suspends."""
        if self._exception is not None and not self._size:
            raise self._exception
        if self._size > self.most:
            raise self._too_large()
        return self._take_all()

    async def read(self, n: int = -1) -> bytes:
        """Everything to the end (n < 0), or what is there, at most `n` bytes; b"" at the end.

        Suspends only while nothing is there (n > 0), or the end is not (n < 0). LimitExceeded for
        more than `most` bytes (n < 0), which can still be read in pieces.
        """
        if n == 0:
            return b""
        if n > 0:
            await self._some()
            return self._take_to(min(n, self._size))
        # A growing buffer spares most of what many large pieces would cost the allocator.
        whole = bytearray()
        filler = self._filler
        if filler is not None and self._exception is None:
            filler.fill()
        try:
            while not self.ended:
                if self._exception is not None:
                    raise self._exception
                if self._size:
                    if len(whole) + self._size > self.most:
                        raise self._too_large()
                    whole += self._take_all()
                else:
                    await self._wait()
            if len(whole) + self._size > self.most:
                raise self._too_large()
        except BaseException:
            # Given up, or broken off: what has come can be read still.
            if filler is not None:
                filler.stop_filling()
            self.put_back(bytes(whole))
            raise
        if not whole:
            return self._take_all()
        whole += self._take_all()
        return bytes(whole)

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
            try:
                part = await self.read(missing)
            except BaseException:
                self.put_back(b"".join(parts))
                raise
            if not part:
                raise asyncio.IncompleteReadError(b"".join(parts), n)
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        r"""As readuntil(b"\n"); `max_line_length` is its `max_size`."""
        return await self.readuntil(max_size=max_line_length)

    async def readuntil(self, separator: bytes = b"\n", *, max_size: int | None = None) -> bytes:
        """Everything up to and including `separator`, or to the body's end; b"" at the end.

        Raises ValueError for an empty separator, and LineTooLong, which is one, too, when more
        than `max_size` bytes (default: `line`) come up to it or without one; they are lost then.
        """
        if not separator:
            raise ValueError("readuntil() takes a separator of at least one byte")
        limit = max_size if max_size is not None else self.line
        overlap = len(separator) - 1
        parts: list[bytes] = []
        size = 0
        tail = b""
        while True:
            try:
                await self._some()
            except BaseException:
                self.put_back(b"".join(parts))
                raise
            if not self._size:
                return b"".join(parts)
            end = self._find(separator, tail)
            piece = self._take(end)
            parts.append(piece)
            size += len(piece)
            if size > limit:
                raise LineTooLong(b"".join(parts), limit)
            tail = (tail + piece[-len(separator) :])[-len(separator) :]
            if tail == separator:
                return parts[0] if len(parts) == 1 else b"".join(parts)
            tail = tail[-overlap:] if overlap else b""

    async def readchunk(self) -> tuple[bytes, bool]:
        """`(data, True)` where `data` ends a chunk of a chunked body; `(b"", False)` at the end.

        `(data, False)` is a part of a chunk, or of a body that is not chunked. A chunk whose last
        bytes have been read already gives `(b"", True)`.
        """
        while True:
            size = self._next_split()
            if size >= 0:
                return self._take_to(size), True
            if self._size:
                return self._take_all(), False
            await self._some()
            if self.at_eof():
                return b"", False

    def read_nowait(self, n: int = -1) -> bytes:
        """What is there, at most `n` bytes where n > 0; b"" where nothing is."""
        if self._exception is not None and not self._size:
            raise self._exception
        return self._take_all() if n < 0 else self._take_to(min(n, self._size))

    def unread_data(self, data: bytes) -> None:
        """Put `data` back in front; deprecated, as in aiohttp."""
        warnings.warn(
            # aiohttp's words: filters of warnings look for them.
            "unread_data() is deprecated and will be removed in future releases (#3260)",
            DeprecationWarning,
            stacklevel=2,
        )
        if not data:
            return
        self.put_back(data)

    async def wait_eof(self) -> None:
        """Wait until the whole body has arrived. It does only while there is room for it."""
        if self._exception is not None:
            raise self._exception
        if self.ended:
            return
        if self._end_waiter is None:
            self._end_waiter = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._end_waiter)

    def iter_chunked(self, n: int) -> AsyncStreamIterator[bytes]:
        """Iterate over pieces of at most `n` bytes."""
        return AsyncStreamIterator(lambda: self.read(n))

    def iter_any(self) -> AsyncStreamIterator[bytes]:
        """Iterate over pieces as they come."""
        return AsyncStreamIterator(self.readany)

    def iter_chunks(self) -> ChunkTupleAsyncStreamIterator:
        """Iterate over what readchunk() gives."""
        return ChunkTupleAsyncStreamIterator(self)

    def __aiter__(self) -> AsyncStreamIterator[bytes]:
        """Iterate over lines, as aiohttp does."""
        return AsyncStreamIterator(self.readline)

    # Inner parts.

    def _too_large(self) -> BaseException:
        error = LimitExceeded("body_size", self.most, status_hint=413)
        return error if self._translation is None else self._translation(error)

    async def _some(self) -> None:
        while not self._size and not self.ended:
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

    def _taken(self, size: int) -> None:
        """See Unread._taken."""
        self._size -= size
        if (
            self._paused
            and self._size < self._limit
            and (len(self._chunks) - self._first) * 2 < MAX_PIECES
        ):
            self._paused = False
            self._flow.resume_reading()

    def _pause(self) -> None:
        if self._flow is not None:
            self._paused = True
            self._flow.pause_reading()

    def _let_go(self) -> None:
        """Whatever comes next on the flow is not this body's."""
        flow = self._flow
        self._flow = None
        self._filler = None
        if self._paused:
            self._paused = False
            flow.resume_reading()


def _call(callback: Callable[[], None]) -> None:
    """Whoever feeds a body is not to stumble over those who wait for its end."""
    try:
        callback()
    except Exception as error:
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"{callback!r} failed at the end of a body", "exception": error}
        )


def whole_reader(
    data: bytes, line: int, limit: int = DEFAULT_LIMIT, most: int = _ANY
) -> StreamReader:
    """A reader of `data`, which is the whole body and not empty."""
    reader = StreamReader.__new__(StreamReader)
    reader._open(None, limit)
    reader.most = most
    reader.line = line
    reader._append(data)
    reader.ended = True
    return reader


def empty_reader() -> StreamReader:
    """A reader at its end."""
    reader = StreamReader()
    reader.ended = True
    return reader


EMPTY: Final = empty_reader()
