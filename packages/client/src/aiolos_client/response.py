"""ClientResponse over an exchange."""

import json
from collections.abc import Callable
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Final, Self

from aiolos_protocol import hdrs
from aiolos_protocol.cookies import SetCookie, parse_set_cookie
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.fields.content_type import ContentType, charset_codec, parse_content_type
from aiolos_protocol.fields.disposition import Disposition, parse_disposition
from aiolos_protocol.fields.link import parse_links
from aiolos_protocol.message import HttpVersion, RawHeaders
from aiolos_protocol.upgrade import Handover
from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy
from yarl import URL

from .clientrequest import RequestInfo
from .errors import ClientResponseError, ContentTypeError
from .received import Received

Links = MultiDictProxy[MultiDictProxy[str | URL]]


class ClientResponse(Received):
    """The answer to a request; its body may still be arriving.

    Leaving `async with` gives the connection back, or closes it where the body was not read.
    Reading raises ClientPayloadError where the body breaks off or is malformed, TimeoutError at
    the request's deadline. `content` is the body as a stream, `head` the head as it came.
    """

    # The head.

    @property
    def reason(self) -> str:
        """The reason phrase; HTTP/2 has none."""
        return self.head.reason

    @property
    def version(self) -> HttpVersion:
        """The version, as `(major, minor)`."""
        return self.head.version

    @property
    def ok(self) -> bool:
        """True below 400."""
        return self.status < 400

    @property
    def headers(self) -> "CIMultiDictProxy[str]":
        """The fields, read-only."""
        return self.head.headers

    @property
    def raw_headers(self) -> RawHeaders:
        """The fields as `(name, value)` bytes."""
        return self.head.raw_headers

    @property
    def trailers(self) -> "CIMultiDictProxy[str]":
        """The fields behind the body (RFC 9110 6.5); empty until it has arrived."""
        return self._exchange.body.trailers

    @property
    def real_url(self) -> URL:
        """The URL that was asked."""
        return self._url

    @property
    def host(self) -> str | None:
        """The host that was asked."""
        return self._url.host

    @property
    def request_info(self) -> RequestInfo:
        """What was asked."""
        return RequestInfo(self.url, self.method, self._exchange.head.headers, self._url)

    @property
    def history(self) -> "tuple[ClientResponse, ...]":
        """The redirections that led here, the first one first."""
        return self._history

    @property
    def set_cookies(self) -> tuple[SetCookie, ...]:
        """What the Set-Cookie fields set; malformed ones are left out."""
        found = []
        for value in self.headers.getall(hdrs.SET_COOKIE, ()):
            try:
                found.append(parse_set_cookie(value))
            except (ValueError, LimitExceeded):
                continue
        return tuple(found)

    @property
    def cookies(self) -> "SimpleCookie":
        """As `set_cookies`, by their names; of one name the last counts."""
        # Only here: http.cookies is not needed where nobody asks.
        from aiolos_protocol.cookies.morsels import simple_cookie

        return simple_cookie(self.set_cookies)

    @property
    def _content_type(self) -> ContentType:
        return parse_content_type(self.headers.get(hdrs.CONTENT_TYPE))

    @property
    def content_type(self) -> str:
        """The body's media type without parameters, lower case; application/octet-stream where
        none is named."""
        return self._content_type.essence

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type, if any."""
        return self._content_type.parameters.get("charset")

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where the head announces it."""
        length = self.head.length
        return length if length >= 0 else None

    @property
    def content_disposition(self) -> Disposition | None:
        """Content-Disposition: `type`, `parameters`, `filename`; None where there is none."""
        return parse_disposition(self.headers.get(hdrs.CONTENT_DISPOSITION))

    @property
    def links(self) -> Links:
        """The Link fields by their relation, else their target as it was written: parameters, and
        `url`, absolute. A link whose target is no URL is left out."""
        found: MultiDict[MultiDictProxy[str | URL]] = MultiDict()
        for link in parse_links(self.headers.getall(hdrs.LINK, ())):
            try:
                url = self.url.join(URL(link.target))
            except ValueError:
                continue
            parameters: MultiDict[str | URL] = MultiDict(link.parameters)
            parameters["url"] = url
            found.add(link.parameters.get("rel", link.target), MultiDictProxy(parameters))
        return MultiDictProxy(found)

    # The body.

    def get_encoding(self) -> str:
        """The charset to decode the body by: the one that Content-Type names, where it is known;
        utf-8 for JSON; else what the session's fallback_charset_resolver says of the body, which
        must have been read (RuntimeError)."""
        kind = self._content_type
        codec = charset_codec(kind.charset) if kind.charset else None
        if codec is not None:
            return codec
        if kind.is_json:
            return "utf-8"
        if self._body is None:
            raise RuntimeError("the charset is not named, and the body not read yet: await read()")
        resolver = getattr(self._request.session, "fallback_charset_resolver", None)
        if resolver is None:
            return "utf-8"
        charset = resolver(self, self._body)
        if not isinstance(charset, str):
            raise TypeError(
                f"fallback_charset_resolver gave {charset!r:.80}: it gives a charset's name, like "
                "'utf-8'"
            )
        return charset

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """The body as text, by `encoding`, else by get_encoding()."""
        body = await self.read()
        return body.decode(encoding or self.get_encoding(), errors)

    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: Callable[[str], Any] = json.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """The body as JSON, None for an empty one. ContentTypeError unless it is of
        `content_type` (None: any); application/json also takes every type that ends in +json."""
        body = await self.read()
        if content_type and not _is_expected(self._content_type, content_type):
            raise ContentTypeError(
                self.request_info,
                self.history,
                status=self.status,
                message=f"expected {content_type}, got {self.content_type}: {body[:200]!r}",
                headers=self.headers,
            )
        text = body.strip()
        return loads(text.decode(encoding or self.get_encoding())) if text else None

    # Ends.

    @property
    def closed(self) -> bool:
        """True when the connection serves this response no more."""
        return self.content.ended or self.content.exception() is not None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info(), while the connection is there."""
        return self._exchange.get_extra_info(name, default)

    def close(self) -> None:
        """As release()."""
        self.release()

    async def wait_for_close(self) -> None:
        """Release, and wait until the request's body is sent or given up."""
        self.release()
        await self.upload_ended()

    def upload_is_over(self) -> bool:
        """Whether the request's body is sent or given up."""
        return self._request.sending is None or self._request.sending.done()

    async def upload_ended(self) -> None:
        """Wait until the request's body is sent or given up."""
        await self._request.upload_ended()

    def take_over(self) -> Handover:
        """Take the connection out of HTTP; see Exchange.take_over."""
        return self._exchange.take_over()

    def raise_for_status(self) -> None:
        """Raise ClientResponseError from 400 upwards; outside `async with` the response is
        released then."""
        if self.status >= 400:
            if not self.in_context:
                self.release()
            raise ClientResponseError(
                self.request_info,
                self.history,
                status=self.status,
                message=self.reason,
                headers=self.headers,
            )

    async def __aenter__(self) -> Self:
        self.in_context = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.in_context = False
        self.release()

    def __repr__(self) -> str:
        return f"<ClientResponse({self._url}) [{self.status} {self.reason}]>"


_JSON: Final = "application/json"


def _is_expected(actual: ContentType, expected: str) -> bool:
    return actual.is_json if expected == _JSON else expected in actual.essence
