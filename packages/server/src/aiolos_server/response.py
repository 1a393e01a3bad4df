"""Responses: what a handler returns, and how it is sent through the exchange."""

from collections.abc import Awaitable, Generator, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.coding import encoded
from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.exchange import Exchange
from aiolos_protocol.http1.serializer import may_have_body
from aiolos_protocol.message import ResponseHead
from aiolos_protocol.payload import Payload
from aiolos_protocol.transport import READY, Outcome, Pending
from multidict import CIMultiDict

from .codings import BodyCoder
from .composing import Answerable, Composing
from .core import ResponseCore, body_of

_TEXT: Final = "text/plain; charset=utf-8"


class BaseResponse(Composing):
    """What is done with a response, wherever its fields are kept."""

    _coder: BodyCoder | None = None
    # What is raised to whoever sends where the peer is gone: under another name of the package
    # that is an error of more kinds.
    _loss: type[ConnectionLost] = ConnectionLost

    @property
    def prepared(self) -> bool:
        """True once the head has been sent."""
        return self._exchange is not None or self._ended

    def __repr__(self) -> str:
        state = "not prepared"
        if self._ended:
            state = "eof"
        elif self._exchange is not None:
            head = self._exchange.head
            state = f"{head.method} {head.target.partition('?')[0]} "
        return f"<{type(self).__name__} {self.reason} {state}>"

    @property
    def is_over(self) -> bool:
        """Whether all of it has been written, or both ends have agreed on its end: that the peer
        goes then is no surprise."""
        return self._ended

    # Sending.

    def is_at_hand(self, request: Answerable) -> bool:
        """Whether all of it is there, as bytes, to be sent by one write."""
        return False

    async def early_hints(self, request: Answerable, headers: Mapping[str, str]) -> None:
        """Send `103 Early Hints` (RFC 8297) with `headers`, such as Link, before the response.

        RuntimeError behind the head. A client of HTTP/1.0 gets none.
        """
        if self.prepared:
            raise RuntimeError("cannot send early hints after the head has been sent")
        fields = CIMultiDict(headers)
        request.exchange.send_head(ResponseHead(103, "Early Hints", headers=fields))

    async def prepare(self, request: Answerable) -> None:
        """Send the head; once. Suspends only for the application's on_response_prepare."""
        if self.prepared:
            return
        await request.preparing(self)
        if not request.head.keep_alive:
            self._keep_alive = False
        coding = self._chosen_coding(request)
        self.add_cookies()
        await self._prepare_body(request, coding)
        try:
            exchange = request.exchange
            head = self._composed()
            exchange.send_head(head)
        except ConnectionLost as error:
            raise self._as_loss(error) from error.__cause__
        self._exchange = exchange
        self._sent = (request.head, head, self.stamp)
        if coding is not None and self._coder is None:
            self._start_coding(exchange, coding)

    def _start_coding(self, exchange: Exchange, coding: str) -> None:
        self._coder = BodyCoder(exchange, coding, self._strategy)

    def write(self, data: bytes | bytearray | memoryview) -> Awaitable[Any]:
        """Send a piece of the body at once; awaiting the result only waits for buffer room.

        RuntimeError before prepare() and behind write_eof(); TypeError for what is not bytes. A
        connection that is lost is told by the awaitable.
        """
        return self.write_special(data)

    def write_special(self, data: bytes | bytearray | memoryview) -> Awaitable[Any]:
        """write(), in general; where nothing is special, ResponseCore.write() is quicker."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"write() takes bytes, not {type(data).__name__}; encode text first")
        exchange = self._sending("write")
        piece = bytes(data)
        self._sent_size += len(piece)
        try:
            if self._coder is not None:
                return self._told(self._coder.write(piece))
            return self._told(exchange.write(piece))
        except ConnectionLost as error:
            return Outcome(error=self._as_loss(error))

    def _told(self, awaitable: Awaitable[Any]) -> Awaitable[Any]:
        """See ResponseCore."""
        if awaitable is READY or self._loss is ConnectionLost:
            return awaitable
        return Pending(self._steps(awaitable))

    def _steps(self, awaitable: Awaitable[Any]) -> Generator[Any, None, Any]:
        try:
            return (yield from awaitable.__await__())
        except ConnectionLost as error:
            raise self._as_loss(error) from error.__cause__

    def _as_loss(self, error: ConnectionLost) -> ConnectionLost:
        """See ResponseCore."""
        return error if isinstance(error, self._loss) else self._loss(str(error))

    async def drain(self) -> None:
        """Send what a coding holds back; wait until the buffer is below its high-water mark."""
        exchange = self._sending("drain")
        try:
            if self._coder is not None:
                await self._coder.flush()
            await exchange.drain()
        except ConnectionLost as error:
            raise self._as_loss(error) from error.__cause__

    async def write_eof(self, data: bytes = b"") -> None:
        """Send `data` and end the body; repeating it changes nothing."""
        if self._ended:
            return
        exchange = self._sending("write_eof")
        if data:
            await self.write(data)
        try:
            if self._coder is not None:
                await self._coder.finish()
            self._ended = True
            exchange.end(self._trailers)
        except ConnectionLost as error:
            raise self._as_loss(error) from error.__cause__

    def _sending(self, verb: str) -> Exchange:
        if self._ended:
            raise RuntimeError(f"cannot call {verb}() after write_eof()")
        exchange = self._exchange
        if exchange is None:
            raise RuntimeError(f"cannot call {verb}() before prepare()")
        return exchange

    async def _send(self, request: Answerable) -> None:
        """Send whatever has not been sent."""
        await self.prepare(request)
        await self.write_eof()

    def _break_off(self) -> bool:
        """The handler failed behind the head: tell the peer.

        False where only the end of the connection can tell it (RFC 9112 8).
        """
        return False


class WholeResponse(BaseResponse):
    """What is done with a response whose whole body is known: as bytes, or as a Payload."""

    _body: Any
    # The body in its coding, and what that was made of.
    _coded: bytes | None = None
    _coded_of: Any = None
    _bodiless: bool = False

    def is_at_hand(self, request: Answerable) -> bool:
        """See BaseResponse; a Payload is not. Where a subclass has steps of its own, they are
        called."""
        kind = type(self)
        return (
            not self._special
            and kind.prepare is BaseResponse.prepare
            and kind.write_eof is WholeResponse.write_eof
        )

    @property
    def body(self) -> Any:
        """The body, bytes or a Payload, None for none; to be replaced by another one, or str."""
        return self._body

    @body.setter
    def body(self, value: Any) -> None:
        self._body = body_of(value, self.charset or "utf-8")
        self._special = self._special or isinstance(self._body, Payload)

    @property
    def text(self) -> str | None:
        """The body as text, None for none; assigning a str encodes it by `charset`."""
        body = self._body
        if body is None:
            return None
        if isinstance(body, Payload):
            return body.decode()
        return bytes(body).decode(self.charset or "utf-8")

    @text.setter
    def text(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"text takes a str, not {type(value).__name__}; body takes bytes")
        if not self._type_field():
            self._content_type = _TEXT
        self._body = value.encode(self.charset or "utf-8")

    @property
    def content_length(self) -> int | None:
        """The length of what is sent, in bytes; None where it is not known beforehand.

        Content-Length where it was given: what another method, or no condition, would get.
        """
        if self._headers is not None and hdrs.CONTENT_LENGTH in self._headers:
            return int(self._headers[hdrs.CONTENT_LENGTH])
        if self._chunked or self._coder is not None:
            return None
        body = self._bytes() if self._coded is None else self._coded
        return body.size if isinstance(body, Payload) else len(body)

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        raise RuntimeError("the content length of a Response is that of its body")

    def _bytes(self) -> Any:
        body = self._body
        return b"" if body is None else body

    async def _prepare_body(self, request: Answerable, coding: str | None) -> None:
        body = self._bytes()
        self._bodiless = request.head.method == "HEAD" or not may_have_body(self._status)
        self._length = -1
        if coding is not None:
            self.headers.pop(hdrs.CONTENT_LENGTH, None)
        if isinstance(body, Payload):
            headers = self.headers
            for name, value in body.headers.items():
                headers.setdefault(name, value)
            if coding is None and body.size is not None and not self._chunked:
                self._length = body.size
            return
        if coding is None:
            self._coded = None
        else:
            coded_of = (body, coding, self._strategy)
            if self._coded is None or self._coded_of != coded_of:
                self._coded = await encoded(body, (coding,), None, self._strategy)
                self._coded_of = coded_of
            body = self._coded
        if not self._chunked and not self._trailers:
            self._length = len(body)
            if request.head.method == "HEAD" and hdrs.CONTENT_LENGTH in self.headers:
                self._length = int(self.headers[hdrs.CONTENT_LENGTH])

    def _start_coding(self, exchange: Exchange, coding: str) -> None:
        if self._coded is None:
            super()._start_coding(exchange, coding)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body, then `data`."""
        if self._ended:
            return
        body = self._bytes()
        if isinstance(body, Payload):
            try:
                if not self._bodiless:
                    await body.write(self)
                await super().write_eof(data)
            finally:
                await body.close()
            return
        if self._coded is not None:
            body = self._coded
        await super().write_eof(body + data if data else body)

    def plain(self) -> "Response":
        """A web.Response with the same fields."""
        response: Response = Response.__new__(Response)
        for name in ResponseCore.__slots__:
            setattr(response, name, getattr(self, name))
        return response


class StreamResponse(BaseResponse, ResponseCore):
    """A response whose body is written piece by piece: prepare(), write(), write_eof().

    `status` is 200 to 599 (or 101), `reason` its phrase or None for the standard one; `headers`
    are copied. Raises ValueError for another status.
    """

    def __init__(
        self,
        *,
        status: int = 200,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        ResponseCore.__init__(self, status=status, reason=reason, headers=headers)

    if not TYPE_CHECKING:
        write = ResponseCore.write


class Response(WholeResponse, StreamResponse):
    """A response with its whole body.

    `body` (bytes-like; or what a Payload can be made of: a file, an async iterable) or `text`
    (str, encoded by `charset`, default utf-8), not both; a single positional argument is either.
    `content_type` defaults to text/plain for text and application/octet-stream for bytes. Raises
    ValueError for contradictions, TypeError for a body of another type. The executor arguments
    are taken as aiohttp takes them: large bodies are compressed in a thread anyhow.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            body: Any = None,
            *,
            status: int = 200,
            reason: str | None = None,
            text: str | None = None,
            headers: Mapping[str, str] | None = None,
            content_type: str | None = None,
            charset: str | None = None,
            zlib_executor_size: int | None = None,
            zlib_executor: Executor | None = None,
        ) -> None: ...

    else:
        __init__ = ResponseCore.__init__
