"""ClientSession: what requests have in common, the verbs, and the end of it all."""

import asyncio
import json as json_module
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self, Unpack

from aiolos_protocol.contracts import Offer
from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.message import HttpVersion, HttpVersion11
from multidict import CIMultiDict, istr
from yarl import URL

from .abc import AbstractCookieJar
from .asking import Asking
from .auth import check_auth
from .body import JSONDumps
from .clientrequest import ClientRequest
from .composer import Composer, checked_headers
from .connector import BaseConnector
from .contexts import Context
from .cookiejar import CookieJar
from .errors import ConnectionClosedError
from .given import check_callable, check_class, check_loop, check_made, check_traces
from .middlewares import ClientMiddlewareType
from .negotiation import HTTP2Setting
from .options import HandshakeOptions, RaiseForStatus, check_no_body
from .reconnecting import reconnecting
from .response import ClientResponse
from .retries import RetryPolicy
from .sender import Sender
from .settings import DEFAULTS
from .settling import check_timeout, settled
from .tcp import TCPConnector
from .timeouts import DEFAULT_TIMEOUT, ClientTimeout, ClientWSTimeout
from .tracing import TraceConfig
from .typedefs import LooseCookies, LooseHeaders, StrOrURL
from .urls import parse_url
from .websocket import ClientWebSocketResponse, connect, ws_options

_UNCLOSED: Final = "Unclosed client session"


class ClientSession(Asking):
    """Makes requests over shared connections; `async with` closes it.

    `base_url` is what relative URLs are joined to; `headers`, `cookies` and `auth` go with every
    request, `skip_auto_headers` names what is not added by itself. `timeout` bounds each request
    (a number is seconds in total; default: 5 minutes in total, 30 seconds of dialling).
    `raise_for_status` True raises ClientResponseError from status 400 upwards, a coroutine
    function judges by itself. `middlewares` stand around each request, `retry` says when it is
    repeated.

    `connector` opens the connections and is closed with the session, unless `connector_owner` is
    False; `ssl`, `proxy`, `proxy_auth` are the defaults of requests; `trust_env` takes proxies
    and credentials from the environment. `cookie_jar` keeps the servers' cookies.
    `json_serialize` turns values into text, `json_serialize_bytes` into bytes.
    `retry_disconnected` False: no silent second attempt where an idle connection was dead.
    `response_class`, `request_class` and `ws_response_class` make what the verbs give.
    `http2` is the connector's, see BaseConnector; ValueError beside a `connector` of one's own.
    `read_timeout` and `conn_timeout` are old names of ClientTimeout's `total` and `connect`. The
    other parameters are those of RequestOptions.
    """

    def __init__(
        self,
        base_url: StrOrURL | None = None,
        *,
        connector: BaseConnector | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        cookies: LooseCookies | None = None,
        headers: LooseHeaders | None = None,
        proxy: StrOrURL | None = None,
        proxy_auth: BasicAuth | None = None,
        skip_auto_headers: Iterable[str] | None = None,
        auth: BasicAuth | None = None,
        json_serialize: Callable[[Any], str] = json_module.dumps,
        json_serialize_bytes: Callable[[Any], bytes] | None = None,
        request_class: type[ClientRequest] = ClientRequest,
        response_class: type[ClientResponse] = ClientResponse,
        ws_response_class: type[ClientWebSocketResponse] = ClientWebSocketResponse,
        version: HttpVersion = HttpVersion11,
        cookie_jar: AbstractCookieJar | None = None,
        connector_owner: bool = True,
        raise_for_status: RaiseForStatus = False,
        read_timeout: float | None = None,
        conn_timeout: float | None = None,
        timeout: ClientTimeout | float | None = None,
        auto_decompress: bool = True,
        trust_env: bool = False,
        requote_redirect_url: bool = True,
        trace_configs: "list[TraceConfig] | None" = None,
        read_bufsize: int | None = None,
        max_line_size: int | None = None,
        max_field_size: int | None = None,
        max_headers: int | None = None,
        max_body_size: int | None = None,
        fallback_charset_resolver: Callable[[ClientResponse, bytes], str] = lambda *_: "utf-8",
        middlewares: Sequence[ClientMiddlewareType] = (),
        ssl: Any = True,
        retry: RetryPolicy | None = None,
        retry_disconnected: bool = True,
        ssl_shutdown_timeout: float | None = None,
        http2: HTTP2Setting = None,
    ) -> None:
        _check_parts(connector, cookie_jar, trace_configs)
        _check_classes(request_class, response_class, ws_response_class)
        _check_functions(json_serialize, json_serialize_bytes, fallback_charset_resolver)
        check_loop(loop)
        settings = settled(
            # What its connector is bound by where it does not say, which holds for its own heads.
            DEFAULTS.but(limits=getattr(connector, "limits", DEFAULT_LIMITS)),
            {
                "timeout": _timeout(timeout, read_timeout, conn_timeout),
                "raise_for_status": raise_for_status,
                "auto_decompress": auto_decompress,
                "version": version,
                "middlewares": middlewares,
                "retry": retry,
                "proxy": proxy,
                "proxy_auth": proxy_auth,
                "ssl": ssl,
                "read_bufsize": read_bufsize,
                "max_line_size": max_line_size,
                "max_field_size": max_field_size,
                "max_headers": max_headers,
                "max_body_size": max_body_size,
            },
        )
        if auth is not None:
            check_auth(auth)
        base = None if base_url is None else _checked_base(base_url)
        loop = loop or asyncio.get_running_loop()
        if connector is None:
            connector = TCPConnector(
                loop=loop,
                ssl_shutdown_timeout=ssl_shutdown_timeout,
                http2=http2,
                limits=settings.limits,
            )
        elif http2 is not None:
            raise ValueError("the connector decides about HTTP/2: give http2 to it")
        self._connector: BaseConnector | None = connector
        self._connector_owner = connector_owner
        self._jar = _with_cookies(cookie_jar, cookies)
        self._ws_response = ws_response_class
        self._pauses: set[asyncio.Future[object]] = set()
        self.requote_redirect_url = requote_redirect_url
        self.fallback_charset_resolver = fallback_charset_resolver
        composer = Composer(
            settings=settings,
            request_class=request_class,
            schemes=connector.allowed_protocol_schema_set,
            dumps=JSONDumps(json_serialize, json_serialize_bytes),
            base_url=base,
            headers=headers,
            auth=auth,
            skip_auto_headers=skip_auto_headers,
            quote_cookie=self._jar.quote_cookie,
        )
        sender = Sender(loop, connector, self._jar, retry_disconnected, response_class)
        self._set_up(loop, composer, sender, _frozen(trace_configs), trust_env)

    # WebSockets.

    def ws_connect(
        self,
        url: StrOrURL,
        *,
        method: str = "GET",
        protocols: Iterable[str] = (),
        timeout: ClientWSTimeout | float | None = None,
        receive_timeout: float | None = None,
        autoclose: bool = True,
        autoping: bool = True,
        heartbeat: float | None = None,
        origin: str | None = None,
        headers: LooseHeaders | None = None,
        compress: bool | int = 0,
        max_msg_size: int = 4 * 1024 * 1024,
        decode_text: bool = True,
        **options: Unpack[HandshakeOptions],
    ) -> Context[ClientWebSocketResponse]:
        """Open a WebSocket; sizes are bytes, times seconds; see ClientWSTimeout.

        `compress` asks for permessage-deflate: True with windows of 4 KiB, or a number from 9 to 15
        for the window as a power of two; 0 for none.
        The session's timeout bounds the handshake. Raises WSServerHandshakeError where the server
        does not agree, ValueError for another `method` than GET (RFC 6455 4.1), TypeError for a
        body, and what request() raises; `options` are its own.
        """
        if str(method).upper() != "GET":
            raise ValueError(f"a WebSocket is opened by GET, not by {method}")
        check_no_body(options)
        wanted = ws_options(
            timeout=timeout,
            receive_timeout=receive_timeout,
            protocols=protocols,
            origin=origin,
            headers=checked_headers(headers),
            heartbeat=heartbeat,
            autoclose=autoclose,
            autoping=autoping,
            compress=compress,
            max_msg_size=max_msg_size,
            decode_text=decode_text,
        )

        def send(offer: Offer) -> Awaitable[ClientResponse]:
            return self._shake_hands(url, offer, options)

        return Context(connect(send, wanted, self._ws_response))

    async def _shake_hands(
        self, url: StrOrURL, offer: Offer, options: HandshakeOptions
    ) -> ClientResponse:
        """The answer to the handshake of `offer`."""
        asked = offer.head(HttpVersion11)
        return await self._request(
            asked.method,
            url,
            headers=asked.headers,
            raise_for_status=False,
            offer=offer,
            **options,
        )

    def ws_reconnecting(
        self, url: StrOrURL, *, delay: float = 0.5, max_delay: float = 60.0, **options: Any
    ) -> AsyncIterator[ClientWebSocketResponse]:
        """WebSockets to `url`, one after the other: `async for socket in ...` opens each, runs its
        body, closes it, and opens the next after a pause.

        The pause is random below `delay` seconds, and below twice as much after each failure more,
        up to `max_delay`. Failures are connections that cannot be made, answers of 429 or 5xx, and
        WebSockets that end sooner than the pause would be; each that ends an attempt is logged, as
        a warning. `options` and all other errors are ws_connect()'s.
        """
        return reconnecting(
            lambda: self.ws_connect(url, **options),
            url,
            delay,
            max_delay,
            lambda seconds: self._pause(asyncio.sleep(seconds)),
        )

    # What it was made with.

    @property
    def closed(self) -> bool:
        """True after close() or detach()."""
        return not self._open or self._connector is None or self._connector.closed

    @property
    def connector(self) -> BaseConnector | None:
        """The connector; None after close() or detach()."""
        return self._connector

    @property
    def connector_owner(self) -> bool:
        """Whether the connector is closed with the session."""
        return self._connector_owner

    @property
    def cookie_jar(self) -> AbstractCookieJar:
        """The servers' cookies, and the session's own."""
        return self._jar

    @property
    def headers(self) -> "CIMultiDict[str]":
        """What goes with every request; may be changed."""
        return self._composer.headers

    @property
    def skip_auto_headers(self) -> frozenset[istr]:
        """Names of what is not added by itself."""
        return frozenset(map(istr, self._composer.skipped))

    @property
    def auth(self) -> BasicAuth | None:
        """The credentials of every request."""
        return self._composer.auth

    @property
    def timeout(self) -> ClientTimeout:
        """The bound of each request."""
        return self._composer.settings.timeout

    @property
    def version(self) -> HttpVersion:
        """The version that is spoken, as `(major, minor)`."""
        return self._composer.settings.version

    @property
    def raise_for_status(self) -> RaiseForStatus:
        """How answers are judged."""
        return self._composer.settings.raise_for_status

    @property
    def auto_decompress(self) -> bool:
        """Whether content codings are undone."""
        return self._composer.settings.auto_decompress

    @property
    def json_serialize(self) -> Callable[[Any], str]:
        """What turns values into JSON."""
        return self._composer.dumps.text

    @property
    def trust_env(self) -> bool:
        """Whether the environment has a say."""
        return self._trust_env

    @property
    def trace_configs(self) -> "list[TraceConfig]":
        """Who is told about requests."""
        return list(self._trace_configs)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop."""
        return self._loop

    # The end.

    async def _pause(self, sleeping: Awaitable[object]) -> None:
        pause = asyncio.ensure_future(sleeping)
        self._pauses.add(pause)
        if not self._open:
            pause.cancel()
        try:
            await asyncio.wait([pause])
        finally:
            self._pauses.discard(pause)
            pause.cancel()
        if pause.cancelled():
            raise ConnectionClosedError("the end of its session: no other connection is made")
        pause.result()

    def _end_pauses(self) -> None:
        for each in self._pauses:
            each.cancel()

    def detach(self) -> None:
        """Leave the connector open, to others; the session is closed."""
        self._end_pauses()
        self._connector = None
        self._open = False

    async def close(self) -> None:
        """Close the connections, where they are the session's own; may be repeated."""
        if not self._open:
            return
        self._open = False
        self._end_pauses()
        await self._sender.close()
        connector, self._connector = self._connector, None
        if self._connector_owner and connector is not None:
            await connector.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __enter__(self) -> None:
        raise TypeError("a ClientSession is closed by awaiting: use async with")

    def __exit__(self, *exc: object) -> None:
        """For the sake of the message that __enter__ gives."""

    def __del__(self) -> None:
        if not getattr(self, "_open", False):
            return
        warnings.warn(
            f"{_UNCLOSED} {self!r}: use async with, or await its close()",
            ResourceWarning,
            source=self,
            stacklevel=1,
        )
        if self._loop.is_closed():
            return
        # Python shows such warnings to nobody who has not asked for them.
        self._loop.call_exception_handler({"message": _UNCLOSED, "client_session": self})
        if self._connector_owner and self._connector is not None:
            # It may be another thread that collects garbage.
            self._loop.call_soon_threadsafe(self._connector.close_all_idle)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} 0x{id(self):x}>"


def _check_parts(connector: object, jar: object, traces: "list[TraceConfig] | None") -> None:
    check_made("connector", connector, "connect", "a connector, like TCPConnector()")
    check_made("cookie_jar", jar, "filter_cookies", "a jar, like CookieJar()")
    check_traces(traces)


def _check_classes(request: object, response: object, ws_response: object) -> None:
    check_class("request_class", request, ClientRequest)
    check_class("response_class", response, ClientResponse)
    check_class("ws_response_class", ws_response, ClientWebSocketResponse)


def _check_functions(serialize: object, serialize_bytes: object, resolver: object) -> None:
    check_callable("json_serialize", serialize, "a function that gives a str")
    check_callable("json_serialize_bytes", serialize_bytes, "a function that gives bytes")
    told = "a function of the response and its body that gives a charset's name"
    check_callable("fallback_charset_resolver", resolver, told)


def _checked_base(base_url: StrOrURL) -> URL:
    url = parse_url(base_url)
    if not url.absolute:
        raise ValueError(f"base_url is a whole URL, like http://host/path/, not {str(url)!r}")
    if not url.raw_path.endswith("/"):
        # Or what is joined to it would take the place of its last segment (RFC 3986 5.2.3).
        raise ValueError(f"base_url ends in a slash: write {str(url.with_path(url.path + '/'))!r}")
    return url


def _with_cookies(jar: AbstractCookieJar | None, cookies: LooseCookies | None) -> AbstractCookieJar:
    """The jar that was given, or a new one, with the session's own cookies."""
    if jar is None:
        jar = CookieJar()
    if cookies is not None:
        jar.update_cookies(cookies)
    return jar


def _frozen(configs: "list[TraceConfig] | None") -> "list[TraceConfig]":
    """Whom requests are told to, and who is told of nothing else from now on."""
    for config in configs or []:
        config.freeze()
    return configs or []


def _timeout(
    timeout: ClientTimeout | float | None, read_timeout: float | None, conn_timeout: float | None
) -> ClientTimeout:
    if read_timeout is None and conn_timeout is None:
        return DEFAULT_TIMEOUT if timeout is None else check_timeout(timeout)
    if timeout is not None:
        raise ValueError("read_timeout and conn_timeout are old: give timeout alone")
    warnings.warn(
        "read_timeout and conn_timeout are old; write timeout=ClientTimeout(...)",
        DeprecationWarning,
        stacklevel=3,
    )
    return replace(
        DEFAULT_TIMEOUT, total=read_timeout or DEFAULT_TIMEOUT.total, connect=conn_timeout
    )
