"""Bodies on their way to the server: compressed, counted, traced."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum, auto
from typing import Any, Final, TypeVar

from aiolos_protocol.coding import EncodingWriter
from aiolos_protocol.errors import ConnectionLost, LocalProtocolError
from aiolos_protocol.payload import Payload, Writer

from .errors import UploadAbortedError, UploadFailedError
from .tracing import TraceRequestChunkSentParams

_T = TypeVar("_T")

# How much is sent of a large piece before whoever watches is told.
_SLICE: Final = 65_536

Sent = Callable[[bytes], Coroutine[Any, Any, None]]


class _Use(Enum):
    """How far a tracker has come: it observes one request."""

    NEW = auto()
    FOLLOWED = auto()
    USED = auto()


class UploadTracker:
    """Tells how the sending of one request's body goes on; give a new one to `upload_tracker=`.

    `attempts` counts how often the request was begun (redirections, middlewares that repeat it),
    `bytes_written` the bytes of its body, before they are compressed, that are on their way in the
    present attempt.
    `upload_complete` is a future: done when the answer is there and the last attempt's body out
    whole, with UploadAbortedError where it will not be. Must be made in a running loop.
    """

    def __init__(self) -> None:
        self.bytes_written = 0
        self.attempts = 0
        self.upload_complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._use = _Use.NEW
        self._answered = False
        # How the present attempt ended: True when its body is out.
        self._outcome: bool | BaseException = False

    @property
    def is_new(self) -> bool:
        """Whether follow() is still to be called."""
        return self._use is _Use.NEW

    def use(self) -> None:
        """Take it for a request. RuntimeError the second time."""
        if self._use is _Use.USED:
            raise RuntimeError(
                "the UploadTracker is already bound: it observes one request; make one for each"
            )
        self._use = _Use.USED

    async def follow(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """What `await ask()` gives; whatever becomes of it, `upload_complete` will be told."""
        self._use = _Use.FOLLOWED
        try:
            response = await ask()
        except BaseException as error:
            self._fail(error)
            raise
        self._answered = True
        if not self.attempts:
            self._fail(RuntimeError("it was answered without being sent"))
        self._settle()
        return response

    def begin(self) -> None:
        """An attempt begins."""
        self.attempts += 1
        self.bytes_written = 0
        self._outcome = False

    def complete(self) -> None:
        """The attempt's body is out."""
        self._outcome = True
        self._settle()

    def abort(self, why: BaseException) -> None:
        """The attempt's body will not be out."""
        self._outcome = why
        self._settle()

    def _settle(self) -> None:
        # Before the answer is there, another attempt may still follow.
        outcome = self._outcome
        if not self._answered or outcome is False:
            return
        if isinstance(outcome, BaseException):
            self._fail(outcome)
        elif not self.upload_complete.done():
            self.upload_complete.set_result(None)

    def _fail(self, why: BaseException) -> None:
        if not self.upload_complete.done():
            error = UploadFailedError(f"the body was not sent to its end: {why!r}")
            error.__cause__ = why
            self.upload_complete.set_exception(error)
            # Nobody may be interested; that is not worth a warning.
            self.upload_complete.exception()


class Upload:
    """What is to be done with the pieces of a request's body, beside sending them.

    `codings` are applied; `tracker` counts; `sent` is a coroutine function called with each
    piece, as it was before that, after it was handed on.
    """

    __slots__ = ("codings", "sent", "tracker")

    def __init__(
        self,
        codings: tuple[str, ...] = (),
        tracker: UploadTracker | None = None,
        sent: Sent | None = None,
    ) -> None:
        self.codings = codings
        self.tracker = tracker
        self.sent = sent


class _Watched:
    """A Writer that tells what it has written."""

    __slots__ = ("_upload", "_writer")

    def __init__(self, writer: Writer, upload: Upload) -> None:
        self._writer = writer
        self._upload = upload

    async def write(self, data: bytes) -> None:
        """As Writer.write."""
        tracker = self._upload.tracker
        if tracker is None:
            await self._writer.write(data)
        else:
            for at in range(0, len(data), _SLICE):
                piece = data[at : at + _SLICE]
                await self._writer.write(piece)
                tracker.bytes_written += len(piece)
        if self._upload.sent is not None:
            await self._upload.sent(bytes(data))


async def send_body(
    exchange: Any,
    body: bytes | Payload,
    upload: Upload | None,
    length: int | None = None,
    permission: "asyncio.Future[bool] | None" = None,
    admission: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Send `body` over `exchange`, whose head is out; at most `length` bytes where that is known.

    Where there is a `permission` it is awaited first (RFC 9110 10.1.1), and False means that the
    body is not wanted; before all, `admission()` is. What goes wrong ends the exchange with its
    error.
    """
    tracker = upload.tracker if upload is not None else None
    try:
        if admission is not None:
            await admission()
            refused = exchange.answered.done() and exchange.answered.exception()
            if refused:
                # Nothing has been read of the body: it can be sent again.
                raise ConnectionLost(str(refused)) from refused
        if permission is not None and not await permission:
            raise UploadAbortedError("the server answered without wanting the body")
        writer: Any = exchange
        if upload is not None:
            if upload.codings:
                coder = writer = EncodingWriter(writer, upload.codings)
            writer = _Watched(writer, upload)
        if isinstance(body, bytes):
            if body:
                await writer.write(body)
        else:
            await body.write_with_length(writer, length)
        if upload is not None and upload.codings:
            await coder.finish()
        exchange.end()
    except (ConnectionLost, LocalProtocolError, UploadAbortedError) as error:
        if tracker is not None:
            tracker.abort(error)
        # The server may have answered and closed before the body's end: the answer counts.
        if not exchange.answered.done():
            exchange.fail(error)
    except Exception as error:
        if tracker is not None:
            tracker.abort(error)
        exchange.fail(error)
    except BaseException as error:
        if tracker is not None:
            tracker.abort(error)
        exchange.abort()
        raise
    else:
        if tracker is not None:
            tracker.complete()


def trace_upload(request: Any) -> None:
    """Have the pieces of the body of `request` told to its trace configurations."""
    traces = request.traces
    if not request.data or not traces.listens("on_request_chunk_sent"):
        return

    async def sent(data: bytes) -> None:
        params = TraceRequestChunkSentParams(request.method, request.url, data)
        await traces.send("on_request_chunk_sent", params)

    upload = request.upload or Upload()
    request.upload = Upload(upload.codings, upload.tracker, sent)
