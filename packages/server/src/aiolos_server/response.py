"""Responses: what a handler returns, and how it is sent through the exchange."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from http.cookies import Morsel, SimpleCookie
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from aiolos_protocol import hdrs
from aiolos_protocol.exchange import Exchange
from aiolos_protocol.message import RequestHead, ResponseHead
from multidict import CIMultiDict

from .core import REASONS, ResponseCore, checked_status


class Answerable(Protocol):
    """What a response asks of the request that it answers."""

    @property
    def head(self) -> RequestHead: ...
    @property
    def exchange(self) -> Exchange: ...
    async def preparing(self, response: Any) -> None:
        """Run what the application wants to run before a head is sent."""


class BaseResponse(MutableMapping[str, Any]):
    """What is done with a response's fields, wherever they are kept.

    As a mapping it holds whatever handlers and middlewares pass on with a response.
    """

    _body: bytes
    _content_type: str
    _cookies: "SimpleCookie | None"
    _ended: bool
    _exchange: "Exchange | None"
    _headers: "CIMultiDict[str] | None"
    _keep_alive: bool
    _length: int
    _reason: "str | None"
    _state: "dict[str, Any] | None" = None
    _status: int
    body_length: int

    @property
    def status(self) -> int:
        """The status code."""
        return self._status

    @property
    def reason(self) -> str:
        """The reason phrase."""
        reason = self._reason
        return REASONS.get(self._status, "") if reason is None else reason

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Change the status before the head is sent. RuntimeError behind it."""
        self._check_unsent("set the status")
        self._status = checked_status(status)
        self._reason = reason

    @property
    def headers(self) -> "CIMultiDict[str]":
        """The fields to be sent; the connection adds its own."""
        headers = self._headers
        if headers is None:
            headers = self._headers = CIMultiDict()
        if self._content_type:
            headers[hdrs.CONTENT_TYPE] = self._content_type
            self._content_type = ""
        return headers

    @property
    def content_type(self) -> str:
        """The media type without parameters, lower case."""
        value = self._content_type_field() or "application/octet-stream"
        return value.partition(";")[0].strip().lower()

    @content_type.setter
    def content_type(self, value: str) -> None:
        charset = self.charset
        self.headers[hdrs.CONTENT_TYPE] = f"{value}; charset={charset}" if charset else str(value)

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type, if any."""
        for parameter in self._content_type_field().split(";")[1:]:
            name, _, value = parameter.strip().partition("=")
            if name.lower() == "charset":
                return value.strip('"')
        return None

    @charset.setter
    def charset(self, value: str | None) -> None:
        if not self._content_type_field():
            raise RuntimeError("set content_type before charset")
        plain = self.content_type
        self.headers[hdrs.CONTENT_TYPE] = f"{plain}; charset={value}" if value else plain

    def _content_type_field(self) -> str:
        if self._content_type:
            return self._content_type
        return "" if self._headers is None else self._headers.get(hdrs.CONTENT_TYPE, "")

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where it is known beforehand."""
        if self._length >= 0:
            return self._length
        if self._headers is not None and hdrs.CONTENT_LENGTH in self._headers:
            return int(self._headers[hdrs.CONTENT_LENGTH])
        return None

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        self._length = -1 if value is None else int(value)
        if self._headers is not None:
            self._headers.pop(hdrs.CONTENT_LENGTH, None)

    @property
    def keep_alive(self) -> bool:
        """False after force_close()."""
        return self._keep_alive

    def force_close(self) -> None:
        """Close the connection behind this response."""
        self._keep_alive = False

    @property
    def prepared(self) -> bool:
        """True once the head has been sent."""
        return self._exchange is not None or self._ended

    def enable_chunked_encoding(self) -> None:
        """Send a body of unknown length; the connection frames it as its version demands."""
        self._length = -1

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies to be set."""
        cookies = self._cookies
        if cookies is None:
            cookies = self._cookies = SimpleCookie()
        return cookies

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        expires: str | None = None,
        domain: str | None = None,
        max_age: int | str | None = None,
        path: str = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        samesite: str | None = None,
    ) -> None:
        """Set a cookie (RFC 6265 4.1); `max_age` is in seconds, `expires` an HTTP date."""
        self.cookies[name] = value
        morsel: Morsel[str] = self.cookies[name]
        attributes = {
            "expires": expires,
            "domain": domain,
            "max-age": None if max_age is None else str(max_age),
            "path": path,
            "secure": secure,
            "httponly": httponly,
            "samesite": samesite,
        }
        for key, attribute in attributes.items():
            if attribute is not None:
                cast("dict[str, Any]", morsel)[key] = attribute

    def del_cookie(self, name: str, *, domain: str | None = None, path: str = "/") -> None:
        """Make the client forget a cookie."""
        self.cookies.pop(name, None)
        self.set_cookie(
            name, "", max_age=0, expires="Thu, 01 Jan 1970 00:00:00 GMT", domain=domain, path=path
        )

    # Sending.

    async def prepare(self, request: Answerable) -> None:
        """Send the head; once. Suspends only for the application's on_response_prepare."""
        if self.prepared:
            return
        await request.preparing(self)
        exchange = request.exchange
        exchange.send_head(self._composed())
        self._exchange = exchange

    def write(self, data: bytes | bytearray | memoryview) -> Awaitable[None]:
        """Send a piece of the body at once; awaiting the result only waits for buffer room.

        RuntimeError before prepare() and behind write_eof(); TypeError for what is not bytes.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"write() takes bytes, not {type(data).__name__}; encode text first")
        exchange = self._sending("write")
        piece = bytes(data)
        self.body_length += len(piece)
        return exchange.write(piece)

    async def drain(self) -> None:
        """Wait until the send buffer is below its high-water mark."""
        await self._sending("drain").drain()

    async def write_eof(self, data: bytes = b"") -> None:
        """Send `data` and end the body; repeating it changes nothing."""
        if self._ended:
            return
        exchange = self._sending("write_eof")
        if data:
            await self.write(data)
        self._ended = True
        exchange.end()

    def _sending(self, verb: str) -> Exchange:
        if self._ended:
            raise RuntimeError(f"cannot call {verb}() after write_eof()")
        exchange = self._exchange
        if exchange is None:
            raise RuntimeError(f"cannot call {verb}() before prepare()")
        return exchange

    def _composed(self) -> ResponseHead:
        self.add_cookies()
        headers = self.headers
        length = self._length
        if length < 0 and hdrs.CONTENT_LENGTH in headers:
            length = int(headers[hdrs.CONTENT_LENGTH])
        return ResponseHead(
            self._status,
            self.reason,
            headers=headers,
            length=length,
            keep_alive=self._keep_alive,
        )

    def add_cookies(self) -> None:
        """Put the cookies among the headers; called once, before the head is sent."""
        if self._cookies:
            headers = self.headers
            for morsel in self._cookies.values():
                headers.add(hdrs.SET_COOKIE, morsel.OutputString())
            self._cookies = None

    async def _send(self, request: Answerable) -> None:
        """Send whatever has not been sent."""
        await self.prepare(request)
        await self.write_eof()

    def _check_unsent(self, deed: str) -> None:
        if self.prepared:
            raise RuntimeError(f"cannot {deed} after the head has been sent")

    # A mapping.

    def __getitem__(self, key: str) -> Any:
        return (self._state or {})[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str) -> None:
        del (self._state or {})[key]

    def __len__(self) -> int:
        return len(self._state or ())

    def __iter__(self) -> Iterator[str]:
        return iter(self._state or ())

    def __bool__(self) -> bool:
        return True

    # Two responses are never equal, and each may be a key.
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._status} {self.reason}>"


class WholeResponse(BaseResponse):
    """What is done with a response whose whole body is known."""

    @property
    def body(self) -> bytes:
        """The body; assigning bytes replaces it."""
        return self._body

    @body.setter
    def body(self, value: bytes | None) -> None:
        self._body = b"" if value is None else bytes(value)

    @property
    def text(self) -> str:
        """The body as text; assigning a str encodes it by `charset`."""
        return self._body.decode(self.charset or "utf-8")

    @text.setter
    def text(self, value: str) -> None:
        if not self._content_type_field():
            self._content_type = _TEXT
        self._body = value.encode(self.charset or "utf-8")

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes."""
        return len(self._body)

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        raise RuntimeError("the content length of a Response is that of its body")

    async def prepare(self, request: Answerable) -> None:
        """See BaseResponse.prepare."""
        if not self.prepared:
            self._length = len(self._body)
            await super().prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body, then `data`."""
        if not self._ended:
            await super().write_eof(self._body + data if data else self._body)

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


class Response(WholeResponse, StreamResponse):
    """A response with its whole body.

    `body` (bytes-like) or `text` (str, encoded by `charset`, default utf-8), not both; a single
    positional argument is either. `content_type` defaults to text/plain for text and
    application/octet-stream for bytes. Raises ValueError for contradictions, TypeError for a
    body of another type.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            body: bytes | bytearray | memoryview | str | None = None,
            *,
            status: int = 200,
            reason: str | None = None,
            text: str | None = None,
            headers: Mapping[str, str] | None = None,
            content_type: str | None = None,
            charset: str | None = None,
        ) -> None: ...

    else:
        __init__ = ResponseCore.__init__


_TEXT: Final = "text/plain; charset=utf-8"


def json_response(
    data: Any = None,
    *,
    text: str | None = None,
    body: bytes | None = None,
    status: int = 200,
    reason: str | None = None,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
    dumps: Callable[[Any], str | bytes] = json.dumps,
) -> Response:
    """A Response with `data` as JSON; `dumps` may give str or bytes. ValueError for two bodies."""
    if data is not None and (text is not None or body is not None):
        raise ValueError("give one of data, text or body")
    if text is None and body is None:
        dumped = dumps(data)
        if isinstance(dumped, str):
            text = dumped
        else:
            body = dumped
    return Response(
        body, text=text, status=status, reason=reason, headers=headers, content_type=content_type
    )
