"""ClientResponse over an exchange."""

import json
import warnings
from collections.abc import Callable
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Final, Self

from aiolos_protocol import hdrs
from aiolos_protocol.errors import ConnectionLost, ProtocolError
from aiolos_protocol.link.h1_client import H1ClientExchange
from aiolos_protocol.message import HttpVersion, RawHeaders, ResponseHead
from aiolos_protocol.streams import StreamReader
from aiolos_protocol.upgrade import Handover
from multidict import CIMultiDictProxy
from yarl import URL

from .errors import (
    ClientConnectionError,
    ClientPayloadError,
    ClientResponseError,
    ContentTypeError,
)
from .request import RequestInfo


class ClientResponse:
    """The answer to a request; its body may still be arriving.

    Leaving `async with` gives the connection back, or closes it where the body was not read.
    Reading raises ClientPayloadError where the body breaks off or is malformed, TimeoutError at
    the request's deadline.
    """

    # Defaults stand on the class: most responses never set them.
    _body: bytes | None = None
    history: "tuple[ClientResponse, ...]" = ()

    def __init__(
        self, method: str, url: URL, exchange: H1ClientExchange, head: ResponseHead
    ) -> None:
        self.method = method
        self.head = head
        self.status: int = head.status
        self._url = url
        self._exchange = exchange
        self.content: StreamReader = exchange.body

    # The head.

    @property
    def reason(self) -> str:
        """The reason phrase."""
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
    def url(self) -> URL:
        """The URL that was asked, without fragment."""
        return self._url.with_fragment(None) if self._url.raw_fragment else self._url

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
    def cookies(self) -> "SimpleCookie":
        """The cookies that the server sets."""
        cookies = SimpleCookie()
        for value in self.headers.getall(hdrs.SET_COOKIE, ()):
            cookies.load(value)
        return cookies

    @property
    def content_type(self) -> str:
        """The body's media type without parameters, lower case."""
        value = self.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream")
        return value.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type, if any."""
        for parameter in self.headers.get(hdrs.CONTENT_TYPE, "").split(";")[1:]:
            name, _, charset = parameter.strip().partition("=")
            if name.lower() == "charset":
                return charset.strip('"')
        return None

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where the head announces it."""
        length = self.head.length
        return length if length >= 0 else None

    def get_encoding(self) -> str:
        """The charset to decode the body by; utf-8 where none is named."""
        return self.charset or "utf-8"

    # The body.

    async def read(self) -> bytes:
        """The whole body; again the same bytes."""
        body = self._body
        if body is None:
            try:
                body = self._body = await self.content.read()
            except (ProtocolError, ConnectionLost) as error:
                raise ClientPayloadError(
                    f"the body of {self.method} {self._url} is incomplete: {error}"
                ) from error
            except BaseException:
                self.close()
                raise
        return body

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """The body as text, by `encoding`, else by its charset, else utf-8."""
        body = await self.read()
        return body.decode(encoding or self.get_encoding(), errors)

    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: Callable[[str], Any] = json.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """The body as JSON. ContentTypeError unless it is of `content_type` (None: any)."""
        body = await self.read()
        if content_type and not _is_expected(self.content_type, content_type):
            raise ContentTypeError(
                self.request_info,
                self.history,
                status=self.status,
                message=f"expected {content_type}, got {self.content_type}: {body[:200]!r}",
                headers=self.headers,
            )
        text = body.decode(encoding or self.get_encoding())
        return loads(text) if text.strip() else None

    # Ends.

    @property
    def closed(self) -> bool:
        """True when the connection serves this response no more."""
        return self.content.ended or self.content.exception() is not None

    def release(self) -> None:
        """Give the connection back where the body is complete, close it otherwise."""
        if not self.content.ended:
            self.content.set_exception(
                ClientConnectionError(f"the response to {self.method} {self._url} was released")
            )
            self._exchange.abort()

    def close(self) -> None:
        """Close the connection unless the body is complete."""
        self.release()

    def take_over(self) -> Handover:
        """Take the connection out of HTTP; see Exchange.take_over."""
        return self._exchange.take_over()

    def raise_for_status(self) -> None:
        """Raise ClientResponseError from 400 upwards."""
        if self.status >= 400:
            self.release()
            raise ClientResponseError(
                self.request_info,
                self.history,
                status=self.status,
                message=self.reason,
                headers=self.headers,
            )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __del__(self) -> None:
        content = getattr(self, "content", None)
        if content is not None and not content.ended and content.exception() is None:
            self._exchange.abort()
            warnings.warn(
                f"unreleased {self!r}: read it whole or use async with",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )

    def __repr__(self) -> str:
        return f"<ClientResponse({self._url}) [{self.status} {self.reason}]>"


_JSON: Final = "application/json"


def _is_expected(actual: str, expected: str) -> bool:
    """RFC 6839: application/problem+json is JSON, too."""
    if expected == _JSON:
        return actual == _JSON or (actual.startswith("application/") and actual.endswith("+json"))
    return expected in actual
