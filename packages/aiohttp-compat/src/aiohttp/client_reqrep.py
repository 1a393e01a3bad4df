"""Requests and responses of the client, with the private doors of the original.

Both are thin subclasses: what a session of ours makes, they carry; what is made by hand with the
parameters of aiohttp 3.14, as libraries that replay or fake answers do, they carry as well.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Mapping
from http.cookies import SimpleCookie
from types import MappingProxyType as MappingProxyType
from typing import Any, Self

import aiolos
from aiolos import ConnectionKey, Fingerprint, RequestInfo, UploadTracker
from aiolos_client.clientrequest import Target
from aiolos_client.settings import DEFAULTS
from aiolos_protocol.fields.disposition import Disposition
from aiolos_protocol.message import HttpVersion, RequestHead, ResponseHead
from aiolos_protocol.streams import EMPTY, StreamReader
from aiolos_protocol.transport import READY
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ._private import Private
from ._steps import Steps
from .helpers import set_result

__all__ = [
    "ClientRequest",
    "ClientResponse",
    "ConnectionKey",
    "Fingerprint",
    "RequestInfo",
    "UploadTracker",
]


class ContentDisposition(Disposition):
    """A Content-Disposition made by hand, with the parameters of the original."""

    def __new__(
        cls, type: str | None, parameters: Mapping[str, str], filename: str | None = None
    ) -> Self:
        named = parameters if filename is None else {**parameters, "filename": filename}
        return super().__new__(cls, type or "", MappingProxyType(dict(named)))


class ClientRequest(Steps):
    """A request; a subclass that overrides is_ssl() decides by it whether TLS is spoken, and has
    the steps that it overrides, as update_headers(), called."""

    def __init__(self, method: str, target: Any, *made: Any, **by_hand: Any) -> None:
        if isinstance(target, Target):
            super().__init__(method, target, *made)
        else:
            self._make(method, URL(target), **by_hand)
        if type(self) is ClientRequest:
            return
        self._take_overridden()
        if type(self).is_ssl is not ClientRequest.is_ssl:
            # The one that is made ready is shared with other requests.
            self._target = Target(self._target.url)
            self._target.is_tls = self.is_ssl()

    def _make(
        self,
        method: str,
        url: URL,
        *,
        params: Any = None,
        headers: Any = None,
        data: Any = b"",
        version: HttpVersion = aiolos.HttpVersion11,
        session: Any = None,
        **_: Any,
    ) -> None:
        url = url.extend_query(params) if params else url
        fields = CIMultiDict(headers or {})
        body = data if isinstance(data, (bytes, aiolos.Payload)) else aiolos.get_payload(data)
        super().__init__(method.upper(), Target(url), DEFAULTS, session, 0.0, None, fields, body)

    @property
    def connection_key(self) -> ConnectionKey:
        """What its connections are shared by."""
        return self.target.key(self.settings.route, True)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        return asyncio.get_running_loop()

    @property
    def server_hostname(self) -> str | None:
        """The name in TLS where it is not the host."""
        return self.settings.route.server_hostname


class ClientResponse(aiolos.ClientResponse):
    """A response; by hand: `ClientResponse(method, url, writer=..., request_info=..., ...)`.

    `_body`, `_headers`, `_raw_headers`, `_history` and `_cache` may be set, as `status`, `reason`,
    `version` and `content` are then.
    """

    _headers = Private(lambda self: self.head.headers)
    _raw_headers = Private(lambda self: self.head.raw_headers)
    _request_info = Private(lambda self: super().request_info)
    _cookies = Private(lambda self: super().cookies)
    method = Private(lambda self: self._exchange.head.method)
    reason = Private(lambda self: self.head.reason)
    version = Private(lambda self: self.head.version)
    _connection = Private(lambda self: None)
    _uploaded = Private(lambda self: None)
    _loop = Private(lambda self: asyncio.get_event_loop())
    _session = Private(lambda self: self._request.session)

    def __init__(
        self,
        method: Any,
        url: Any,
        head: ResponseHead | None = None,
        content: StreamReader | None = None,
        **by_hand: Any,
    ) -> None:
        self._cache: dict[str, Any] = {}
        if head is not None and content is not None:
            super().__init__(method, url, head, content)
        else:
            self._make(method, url, **by_hand)

    def _make(
        self,
        method: str,
        url: URL,
        *,
        writer: Any = None,
        continue100: Any = None,
        timer: Any = None,
        request_info: Any = None,
        traces: Any = (),
        loop: asyncio.AbstractEventLoop | None = None,
        session: Any = None,
        stream_writer: Any = None,
    ) -> None:
        asked: CIMultiDict[str] = CIMultiDict(getattr(request_info, "headers", None) or {})
        exchange: Any = _NoExchange(RequestHead(method, url.raw_path_qs or "/", headers=asked))
        request: Any = _NoRequest(url, session)
        super().__init__(request, exchange, ResponseHead(0), EMPTY)
        self.status = None  # type: ignore[assignment]
        self.content = None  # type: ignore[assignment]  # until whoever made it sets it
        self.method = method
        self.reason = self.version = None
        self._headers = self._raw_headers = None
        self._cookies = SimpleCookie()
        if request_info is not None:
            self._request_info = request_info
        if loop is not None:
            self._loop = loop

    @property
    def headers(self) -> "CIMultiDictProxy[str]":
        """The fields, read-only."""
        cached: CIMultiDictProxy[str] | None = self._cache.get("headers")
        fields: CIMultiDictProxy[str] = self._headers if cached is None else cached
        return fields

    @property
    def raw_headers(self) -> Any:
        """The fields as `(name, value)` bytes."""
        return self._raw_headers

    @property
    def request_info(self) -> RequestInfo:
        """What was asked."""
        info: RequestInfo = self._request_info
        return info

    @property
    def cookies(self) -> "SimpleCookie":
        """What was set; of one name the last counts."""
        cookies = self._cookies = self._cookies
        found: SimpleCookie = cookies
        return found

    @cookies.setter
    def cookies(self, cookies: "SimpleCookie") -> None:
        self._cookies = cookies

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where the head announces it."""
        # Made by hand, it may have none.
        headers: Any = self.headers
        length = headers.get("Content-Length", "") if headers else ""
        return int(length) if length.isdecimal() else None

    @property
    def connection(self) -> Any:
        """The connection, while it serves this response."""
        from .connector import Connection

        if self._connection is None and not self.closed:
            self._connection = Connection(self)
        return None if self.closed else self._connection

    @property
    def closed(self) -> bool:
        """True when the connection serves this response no more."""
        content: Any = self.content
        return content is None or super().closed

    @property
    def url_obj(self) -> URL:
        """As `url`; deprecated."""
        warnings.warn("use response.url instead of url_obj", DeprecationWarning, stacklevel=2)
        return self.url

    @property
    def upload_complete(self) -> "asyncio.Future[None]":
        """Done when the request's body is sent or given up; deprecated."""
        words = "upload_complete is deprecated: give the request an UploadTracker"
        warnings.warn(words, DeprecationWarning, stacklevel=2)
        if self._uploaded is None:
            uploaded = self._uploaded = self._loop.create_future()
            if self.upload_is_over():
                uploaded.set_result(None)
            else:
                sending: Any = self._request.sending
                sending.add_done_callback(lambda _: set_result(uploaded, None))
        complete: asyncio.Future[None] = self._uploaded
        return complete

    @property
    def unread(self) -> bool:
        """See ClientResponse of aiolos; False where it was made by hand without a body."""
        content: Any = self.content
        return content is not None and super().unread

    def release(self) -> Awaitable[None]:
        """See ClientResponse of aiolos."""
        self._released = True
        content: Any = self.content
        return READY if content is None else super().release()


class _NoExchange:
    """Where a response made by hand has no connection."""

    body = EMPTY

    def __init__(self, head: RequestHead) -> None:
        self.head = head

    def abort(self) -> None:
        """There is nothing to close."""

    def body_sent(self) -> bool:
        """Nothing is being sent."""
        return True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known."""
        return default


class _NoRequest:
    """Where a response made by hand has no request."""

    traces = None
    sending = None

    def __init__(self, url: URL, session: Any) -> None:
        self.target = self
        self.url = url
        self.session = session

    async def upload_ended(self) -> None:
        """Nothing is being sent."""
