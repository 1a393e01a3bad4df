"""Requests and responses of the client, with the private doors of the original.

Both are thin subclasses: what a session of ours makes, they carry; what is made by hand with the
parameters of aiohttp 3.14, as libraries that replay or fake answers do, they carry as well.
"""

import asyncio
import warnings
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import replace
from http.cookies import SimpleCookie
from ssl import SSLContext
from types import MappingProxyType as MappingProxyType
from typing import Any, Final, Self

import aiolos
from aiolos import ConnectionKey, Fingerprint, RequestInfo, UploadTracker
from aiolos_client.clientrequest import Target
from aiolos_client.composer import _set_upload as set_upload
from aiolos_client.composer import checked_headers
from aiolos_client.settings import DEFAULTS
from aiolos_protocol import hdrs
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.fields.content_type import charset_codec, parse_content_type
from aiolos_protocol.fields.disposition import Disposition
from aiolos_protocol.fields.syntax import is_token
from aiolos_protocol.message import HttpVersion, RequestHead, ResponseHead
from aiolos_protocol.streams import EMPTY, StreamReader
from aiolos_protocol.transport import READY
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ._absent import absent
from ._connections import Connection
from ._making import Answering, Making, Replaced
from ._private import Private, differs, remember, unheeded
from ._senders import Begun
from ._steps import DEFAULTS as OWN_DEFAULTS
from ._steps import ORDER, Steps
from ._unasked import NoExchange, NoRequest, cookies_of, set_cookies_of, start_by_hand
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


class ClientRequest(Steps, metaclass=Making):
    """A request; a subclass or a patch that replaces is_ssl() decides by it whether TLS is spoken,
    and has the steps that it replaces, as update_headers() and send(), called.

    By hand, `headers` have Host, what is sent by itself, Cookie, and how long the body is.
    """

    def __init__(
        self,
        method: str,
        url: URL,
        *,
        params: Any = None,
        headers: Any = None,
        skip_auto_headers: Iterable[str] | None = None,
        data: Any = None,
        cookies: Any = None,
        auth: aiolos.BasicAuth | None = None,
        version: HttpVersion = aiolos.HttpVersion11,
        compress: str | bool | None = None,
        chunked: bool | None = None,
        expect100: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        response_class: Any = None,
        proxy: URL | None = None,
        proxy_auth: aiolos.BasicAuth | None = None,
        timer: Any = None,
        session: Any = None,
        ssl: Any = True,
        proxy_headers: Any = None,
        traces: Any = None,
        trust_env: bool = False,
        server_hostname: str | None = None,
    ) -> None:
        made = self.__dict__.pop("_made", None)
        url = URL(url)
        asked = url.extend_query(params) if params else url
        in_url = aiolos.BasicAuth.from_url(asked)
        if in_url is not None:
            asked = asked.with_user(None)
        if made is None:
            if not is_token(method):
                raise ValueError(f"{method!r:.80} is not a method (RFC 9110 9.1)")
            super().__init__(
                method.upper(), Target(asked), DEFAULTS, session, 0.0, None, CIMultiDict(), b""
            )
            self.update_auto_headers(skip_auto_headers)
        else:
            target, settings, _, *rest = made
            if asked != target.url:
                target = Target(asked)
            super().__init__(method.upper(), target, settings, session, *rest)
        self._change_headers(headers, by_hand=made is None)
        self._change_route(proxy, proxy_auth, proxy_headers, ssl, server_hostname)
        if version != self.version:
            self.update_version(version)
        if data is not None and data is not self.data:
            self.update_body_from_data(data)
        if auth is not None or in_url is not None:
            self.update_auth(auth or in_url)
        self.chunked = bool(chunked)
        set_upload(self, compress, None)
        self.update_cookies(cookies)
        self.update_expect_continue(expect100)
        if made is None:
            self._describe()

    _unheeded = ("write_bytes",)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        unheeded(cls, *cls._unheeded)

    async def send(self, conn: Any) -> Any:
        """The response to this request, sent over `conn`, its body still to come. Where a subclass
        or a patch has replaced it, a session calls it with a connection at hand.

        TypeError for any connection that is not the session's.
        """
        if not isinstance(conn, Begun):
            raise TypeError(
                f"send() takes the connection that its session gives it, not {conn!r:.80}"
            )
        return await conn.ask(self)

    @classmethod
    def sends(cls) -> bool:
        """Whether this class has a send() of its own."""
        return differs(cls, ClientRequest, "send")

    @classmethod
    def replaced(cls) -> Replaced:
        """What this class has of its own."""
        steps = [name for name, _ in ORDER if differs(cls, ClientRequest, name)]
        if cls.has_own_defaults():
            steps.append(OWN_DEFAULTS)
        return Replaced(
            differs(cls, ClientRequest, "__init__"),
            differs(cls, ClientRequest, "is_ssl"),
            tuple(steps),
        )

    def _change_headers(self, headers: Any, *, by_hand: bool) -> None:
        fields = self.headers
        given = checked_headers(headers)
        if by_hand:
            fields[hdrs.HOST] = self.target.authority
            fields.update(given)
        elif given != fields:
            fields.clear()
            fields.extend(given)

    def _change_route(
        self, proxy: Any, proxy_auth: Any, proxy_headers: Any, ssl: Any, name: str | None
    ) -> None:
        route = self.settings.route
        if proxy != route.proxy or proxy_auth is not None:
            self.update_proxy(proxy, proxy_auth, proxy_headers)
            route = self.settings.route
        if ssl is not route.ssl or name != route.server_hostname:
            route = replace(route, ssl=ssl, server_hostname=name)
            self.settings = self.settings.but(route=route)

    def _describe(self) -> None:
        """Write into the fields what the connection would write for a request of a session."""
        fields, data = self.headers, self.data
        size = len(data) if isinstance(data, bytes) else data.size
        if self.cookies:
            given = fields.get(hdrs.COOKIE)
            pairs = [f"{name}={value}" for name, value in self.cookies]
            fields[hdrs.COOKIE] = "; ".join(pairs if given is None else [given, *pairs])
        if self.chunked or size is None:
            fields[hdrs.TRANSFER_ENCODING] = "chunked"
        elif size or self.method not in self.GET_METHODS:
            fields.setdefault(hdrs.CONTENT_LENGTH, str(size))

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


SSL_ALLOWED_TYPES: Final = (SSLContext, bool, Fingerprint, type(None))
# RFC 9110 15.2.2
SWITCHED: Final = 101
_READ_STREAM: Final = StreamReader.read


class ClientResponse(aiolos.ClientResponse, metaclass=Answering):
    """A response; by hand: `ClientResponse(method, url, writer=..., request_info=..., ...)`.

    `_body`, `_headers`, `_raw_headers`, `_history` and `_cache` may be set, as `status`, `reason`,
    `version` and `content` are then.
    """

    _headers = Private(lambda self: self.head.headers)
    _raw_headers = Private(lambda self: self.head.raw_headers)
    _request_info = Private(lambda self: super().request_info)
    _cookies = Private(lambda self: cookies_of(self._raw_cookie_headers))
    method = Private(lambda self: self._exchange.head.method)
    reason = Private(lambda self: self.head.reason)
    version = Private(lambda self: self.head.version)
    _connection = Private(lambda self: None)
    _closed = Private(lambda self: self.closed)
    _raw_cookie_headers = Private(lambda self: set_cookies_of(self.headers))
    _uploaded = Private(lambda self: None)
    _loop = Private(lambda self: asyncio.get_event_loop())
    _session = Private(lambda self: self._request.session)

    def __init__(
        self,
        method: str,
        url: URL,
        *,
        writer: Any,
        continue100: Any,
        timer: Any,
        request_info: Any,
        traces: Any,
        loop: asyncio.AbstractEventLoop | None,
        session: Any,
        stream_writer: Any = None,
    ) -> None:
        self._cache: dict[str, Any] = {}
        if getattr(self, "head", None) is None:
            self._make_by_hand(method, url, request_info, session)
        else:
            # A session's, by a class of somebody's own: what that hands on counts.
            self.method, self._url = method, url
        if request_info is not None:
            self._request_info = request_info
        if loop is not None:
            self._loop = loop

    def _make_by_hand(self, method: str, url: URL, request_info: Any, session: Any) -> None:
        # A mock, as tests give one, has no fields.
        headers = getattr(request_info, "headers", None)
        asked: CIMultiDict[str] = CIMultiDict(headers if isinstance(headers, Mapping) else {})
        exchange: Any = NoExchange(RequestHead(method, url.raw_path_qs or "/", headers=asked))
        request: Any = NoRequest(url, session)
        super().__init__(request, exchange, ResponseHead(0), EMPTY)
        self.status = None  # type: ignore[assignment]
        self.content = None  # type: ignore[assignment]  # until whoever made it sets it
        self.method = method
        self.reason = self.version = None
        self._headers = self._raw_headers = None

    @classmethod
    def starts(cls) -> bool:
        """Whether this class has a start() of its own."""
        return differs(cls, ClientResponse, "start")

    async def start(self, connection: Any) -> Self:
        """The head has come; where a subclass or a patch has replaced it, a session waits for it
        before anything else is done with the response. By hand it comes from
        `connection.protocol`, a ResponseHandler that has read it."""
        if self._is_by_hand:
            await start_by_hand(self, connection)
        return self

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
        self._raw_cookie_headers = tuple(each.OutputString() for each in cookies.values()) or None

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where the head announces it."""
        # Made by hand, it may have none.
        headers: Any = self.headers
        length = headers.get("Content-Length", "") if headers else ""
        return int(length) if length.isdecimal() else None

    @property
    def connection(self) -> Any:
        """The connection, while it serves this response; behind 101 it is the caller's own."""
        if self.status == SWITCHED and not self._is_by_hand:
            if self._connection is None and not self._released:
                self._connection = self._switched()
            return None if self._released else self._connection
        if self._is_by_hand:
            return self._connection
        if self._connection is None and not self.closed:
            self._connection = Connection(self)
        return None if self.closed else self._connection

    def _switched(self) -> Connection | None:
        """What speaks another protocol from now on (RFC 9110 15.2.2); None where it is gone."""
        # Here, because that module's base comes from the one that imports this.
        from .client_proto import ResponseHandler

        handler = ResponseHandler(asyncio.get_running_loop())
        try:
            handover = self.take_over()
        except (RuntimeError, aiolos.ClientError, ConnectionError, LocalProtocolError):
            # LocalProtocolError: somebody has it already, as a WebSocket has.
            return None
        handover.attach(handler)
        session = self._session
        return Connection(getattr(session, "_connector", None), None, handler)

    @property
    def closed(self) -> bool:
        """True when the connection serves this response no more."""
        if self._is_by_hand and "_closed" in vars(self):
            closed: bool = self._closed
            return closed
        return self._exchange.body.ended if self._is_read_elsewhere else super().closed

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
        return not self._is_read_elsewhere and super().unread

    @property
    def _is_by_hand(self) -> bool:
        request: Any = self._request
        return request.__class__ is NoRequest

    @property
    def _is_read_elsewhere(self) -> bool:
        """Whether the body is not what the connection has brought: nothing yet, or what somebody
        has set, be it a mock, that has no more than a read() of its own."""
        return getattr(self.content.__class__, "read", None) is not _READ_STREAM

    async def read(self) -> bytes:
        """See ClientResponse of aiolos."""
        if self._body is None and self._is_read_elsewhere:
            try:
                self._body = await self.content.read()
            except BaseException:
                self.close()
                raise
        return await super().read()

    def get_encoding(self) -> str:
        """See ClientResponse of aiolos. For one made by hand its session's `_resolve_charset`
        counts where the original has it."""
        resolve = getattr(self._session, "_resolve_charset", None) if self._is_by_hand else None
        if resolve is None:
            return super().get_encoding()
        headers: Any = self.headers
        kind = parse_content_type((headers or {}).get(hdrs.CONTENT_TYPE))
        if kind.is_json or (kind.charset and charset_codec(kind.charset)):
            return super().get_encoding()
        if self._body is None:
            raise RuntimeError("the charset is not named, and the body not read yet: await read()")
        encoding: str = resolve(self, self._body)
        return encoding

    def release(self) -> Awaitable[None]:
        """See ClientResponse of aiolos."""
        self._released = True
        if self.status == SWITCHED and self._connection is not None and not self._is_by_hand:
            # It was taken out of HTTP: nobody else closes it.
            self._connection.close()
        if not self._is_read_elsewhere:
            super().release()
        elif not (self._exchange.body.ended and self._exchange.body_sent()):
            self._exchange.abort()
        if self._is_by_hand:
            self._let_go("close" if self._is_cut_short() else "release")
        return READY

    def close(self) -> None:
        """See ClientResponse of aiolos."""
        self._let_go("close")
        self.release()

    def _is_cut_short(self) -> bool:
        """Whether the body that the connection brought broke off: nothing may follow it there."""
        return not self._is_read_elsewhere and self.content.exception() is not None

    def _let_go(self, verb: str) -> None:
        """End what stands for the connection of one made by hand."""
        if not self._is_by_hand:
            return
        self._closed = True
        if self._connection is not None:
            connection, self._connection = self._connection, None
            getattr(connection, verb)()


Answering._init = ClientResponse.__init__
remember(ClientResponse, "start")
remember(ClientRequest, "__init__", "is_ssl", "send", *(name for name, _ in ORDER))

absent(__name__)
