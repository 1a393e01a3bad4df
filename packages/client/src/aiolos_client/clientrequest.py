"""What is asked: where, and with which head and body."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple, Self

from aiolos_protocol import grammar, hdrs
from aiolos_protocol.contracts import Offer
from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_protocol.message import HttpVersion, HttpVersion20, RequestHead
from aiolos_protocol.methods import IDEMPOTENT
from aiolos_protocol.payload import BytesPayload, Payload
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .body import body_of
from .errors import InvalidUrlClientError
from .keys import ConnectionKey
from .settings import Route, Settings
from .tls import proxy_tls
from .tracing import Traces
from .upload import Upload
from .urls import authority, check_scheme, is_host

# RFC 8441 5: what stands for a handshake in HTTP/1.1 alone.
_HTTP1_HANDSHAKE: Final = (hdrs.UPGRADE, hdrs.CONNECTION, hdrs.SEC_WEBSOCKET_KEY)
_TLS_SCHEMES: Final = ("https", "wss")
# What every connector knows; another one, as unix, may be there, but is not to be set.
_SCHEMES: Final = frozenset({"http", "https", "ws", "wss"})
# What says how the body is to be understood, and goes where it goes.
BODY_FIELDS: Final = (
    hdrs.CONTENT_TYPE, hdrs.CONTENT_LENGTH, hdrs.CONTENT_ENCODING, hdrs.CONTENT_LANGUAGE,
    hdrs.CONTENT_LOCATION, hdrs.CONTENT_DISPOSITION, hdrs.TRANSFER_ENCODING, hdrs.EXPECT,
)  # fmt: skip


class _RequestInfo(NamedTuple):
    url: URL
    method: str
    headers: "CIMultiDictProxy[str]"
    real_url: URL


class RequestInfo(_RequestInfo):
    """What was asked, for error messages and responses; `url` has no fragment, `real_url`
    (default: `url`) is as it was asked."""

    __slots__ = ()

    def __new__(
        cls,
        url: URL,
        method: str,
        headers: "CIMultiDictProxy[str]",
        real_url: URL | None = None,
    ) -> Self:
        return super().__new__(cls, url, method, headers, url if real_url is None else real_url)


class Target:
    """A URL made ready: where to connect, what to ask there. Shared by equal requests.

    `heads` keeps, per method, the head of a request that has no fields of its own; `place` what
    the connector knows of the origin as it is reached by `place_route`.
    """

    __slots__ = (
        "authority", "heads", "host", "is_tls", "path", "place", "place_route", "port", "url",
    )  # fmt: skip

    def __init__(self, url: URL) -> None:
        """Raises InvalidUrlClientError for what cannot be asked."""
        host = url.raw_host
        if not host:
            if not url.scheme:
                raise InvalidUrlClientError(
                    url,
                    "a relative URL needs ClientSession(base_url=...), or write the whole URL, "
                    "like http://host/path",
                )
            raise InvalidUrlClientError(url, "the URL has no host")
        if not is_host(host):
            raise InvalidUrlClientError(
                url,
                f"{host!r:.80} holds what no host's name may (RFC 3986 3.2.2), or is an address in "
                "another form than 127.0.0.1",
            )
        port = 80 if url.port is None else url.port
        if not 0 < port < 65536:
            raise InvalidUrlClientError(url, f"the port {port} is not 1 to 65535")
        self.url = url
        self.is_tls = url.scheme in _TLS_SCHEMES
        self.host = host
        self.port = port
        self.path = url.raw_path_qs or "/"
        # The dot at the end of a name is for whoever looks it up.
        name = host.removesuffix(".")
        self.authority = authority(name, None if url.is_default_port() else url.explicit_port)
        self.heads: dict[str, RequestHead] = {}
        self.place: Any = None
        self.place_route: Route | None = None

    def key(self, route: Route, ssl: Any) -> ConnectionKey:
        """What its connections are shared by; `ssl` is the connector's setting."""
        proxy = route.proxy
        if route.ssl is not True:
            ssl = route.ssl
        if self.forwards(route):
            # One connection to the proxy serves every http URL.
            assert proxy is not None
            return ConnectionKey(
                proxy.raw_host or "",
                proxy.port or 0,
                proxy.scheme == "https",
                proxy_tls(ssl),
                proxy,
                http2=False,
                is_forwarded=True,
            )
        name = route.server_hostname if self.is_tls else None
        return ConnectionKey(
            self.host,
            self.port,
            self.is_tls,
            ssl if self.is_tls else True,
            proxy,
            route.proxy_auth,
            route.proxy_headers,
            name,
            route.http2,
        )

    def forwards(self, route: Route) -> bool:
        """Whether a proxy is asked for the whole URL (RFC 9112 3.2.2), not for a tunnel."""
        proxy = route.proxy
        if proxy is None or self.is_tls or route.tunnels:
            return False
        return not proxy.scheme.startswith("socks")


class Composed(NamedTuple):
    """What of a request its middlewares may change, as it was before they had it."""

    method: str
    target: Target
    settings: Settings
    fields: "CIMultiDict[str]"
    cookies: tuple[tuple[str, str], ...] | None
    data: bytes | Payload


class ClientRequest:
    """A request that is ready to be sent, and may be changed until it is.

    Middlewares get it: `method` and `url` may be set, `headers` changed, and the body replaced by
    update_body(). `begun` is the loop's time at which its total time began to run; `target` is the
    URL made ready, `data` the body, bytes where they are at hand.
    """

    __slots__ = (
        "__weakref__", "_composed", "_fields", "_head", "begun", "chunked", "cookies", "data",
        "is_astray", "method", "offer", "protocol", "sending", "session", "settings", "target",
        "traces", "upload",
    )  # fmt: skip

    def __init__(
        self,
        method: str,
        target: Target,
        settings: Settings,
        session: Any,
        begun: float,
        head: RequestHead | None = None,
        fields: "CIMultiDict[str] | None" = None,
        data: bytes | Payload = b"",
    ) -> None:
        """`head` is a shared one, or None where `fields` are its own."""
        self.method = method
        self.settings = settings
        self.session = session
        self.begun = begun
        self.target = target
        self._head = head
        self._fields = fields
        self._composed: Composed | None = None
        self.data = data
        # `(name, value)` pairs of the request's own cookies, beside the jar's; None where all that
        # are sent stand in its headers.
        self.cookies: tuple[tuple[str, str], ...] | None = ()
        self.chunked = False
        # Whether a redirection has led it to another origin than it was made for.
        self.is_astray = False
        # The handshake that it is; what :protocol says where that is one of HTTP/2.
        self.offer: Offer | None = None
        self.protocol: str | None = None
        self.upload: Upload | None = None
        self.sending: asyncio.Task[None] | None = None
        self.traces: Traces | None = None

    # Where.

    @property
    def url(self) -> URL:
        """The URL, without user information, which becomes Authorization where it is set. To
        another origin no cookies go along, but all other fields. InvalidUrlClientError for what
        cannot be asked, NonHttpUrlClientError for a scheme that is not HTTP's."""
        return self.target.url

    @url.setter
    def url(self, url: URL) -> None:
        if not isinstance(url, URL):
            raise TypeError(f"a request's url is a yarl.URL: write URL({url!r:.80})")
        auth = BasicAuth.from_url(url)
        target = Target(url if auth is None else url.with_user(None))
        if url.scheme != self.target.url.scheme:
            check_scheme(target.url, _SCHEMES)
        fields = self._own_fields()
        if self.cookies is None and url.origin() != self.target.url.origin():
            # Those that stand there are another host's.
            fields.popall(hdrs.COOKIE, None)
            self.cookies = ()
        if auth is not None:
            fields[hdrs.AUTHORIZATION] = auth.encode()
        self.target = target

    @property
    def host(self) -> str:
        """The host that is asked."""
        return self.target.host

    @property
    def port(self) -> int:
        """The port that is asked."""
        return self.target.port

    @property
    def ssl(self) -> Any:
        """How TLS is checked; True as the connector has it."""
        return self.settings.route.ssl

    @property
    def proxy(self) -> URL | None:
        """The proxy between, if any."""
        return self.settings.route.proxy

    @property
    def version(self) -> HttpVersion:
        """The version that is spoken, as `(major, minor)`."""
        return self.settings.version

    def is_ssl(self) -> bool:
        """Whether TLS is spoken."""
        return self.target.is_tls

    # The head.

    @property
    def headers(self) -> "CIMultiDict[str]":
        """The fields, but for those that the connection adds (Host, Content-Length) and Cookie."""
        return self._own_fields()

    def _own_fields(self) -> "CIMultiDict[str]":
        fields = self._fields
        if fields is None:
            assert self._head is not None, "a request has a head or fields"
            fields = self._fields = self._head.fields.copy()
            if fields.get(hdrs.HOST) == self.target.authority:
                del fields[hdrs.HOST]
            self._head = None
        return fields

    @property
    def request_info(self) -> RequestInfo:
        """For responses and errors."""
        return self.info(CIMultiDictProxy(self.headers))

    def info(self, headers: "CIMultiDictProxy[str]") -> RequestInfo:
        """As `request_info`, with the `headers` that were sent."""
        url = self.target.url
        return RequestInfo(url.with_fragment(None), self.method, headers, url)

    def shared_head(self) -> RequestHead | None:
        """The head that it shares with others, where that may go out as it is; else None."""
        head = self._head
        if head is None or head.method != self.method:
            return None
        settings = self.settings
        return None if settings.is_proxied and self.target.forwards(settings.route) else head

    def head(self, cookie: str, *, last: bool) -> RequestHead:
        """What goes out: `cookie` is the Cookie field, "" for none; `last` the connection's end.

        Raises ValueError where the fields contradict one another or the body.
        """
        shared = self.shared_head()
        if shared is not None and not (cookie or last):
            return shared
        target, route = self.target, self.settings.route
        forwards = target.forwards(route)
        fields: CIMultiDict[str] = CIMultiDict()
        own = self._own_fields() if self._head is None else self._head.fields
        opens_tunnel = self.method == "CONNECT" and self.protocol is None
        host = target.authority
        if opens_tunnel:
            # RFC 9112 3.2.3: the port is there always.
            host = authority(target.host, target.port)
        fields[hdrs.HOST] = _host(own) or host
        fields.update(own)
        if cookie:
            fields[hdrs.COOKIE] = cookie
        path = host if opens_tunnel else target.path
        if forwards:
            if not opens_tunnel:
                path = f"http://{target.authority}{path}"
            if route.proxy_auth is not None:
                fields.setdefault(hdrs.PROXY_AUTHORIZATION, route.proxy_auth)
            fields.update(route.proxy_headers)
        connection = fields.get(hdrs.CONNECTION, "").lower()
        return RequestHead(
            self.method,
            path,
            self.settings.version,
            fields,
            self._length(fields),
            keep_alive=not (last or "close" in connection),
            protocol=self.protocol,
        )

    def _length(self, fields: "CIMultiDict[str]") -> int:
        """The body's length, -1 for chunks; their fields are the connection's to write."""
        data = self.data
        size = len(data) if isinstance(data, bytes) else data.size
        given = fields.pop(hdrs.CONTENT_LENGTH, None)
        coding = fields.pop(hdrs.TRANSFER_ENCODING, None)
        if coding is not None and (coding.lower() != "chunked" or given is not None):
            raise ValueError(
                "Transfer-Encoding is chunked or left out, and not there beside Content-Length"
            )
        if self.chunked or coding is not None:
            return -1
        if given is None:
            return -1 if size is None else size
        if not (given.isascii() and given.isdecimal()) or (size is not None and int(given) != size):
            raise ValueError(f"Content-Length: {given!r} for a body of {size} bytes")
        return int(given)

    # The body.

    @property
    def body(self) -> "bytes | Payload":
        """The body as a Payload; b"" for none."""
        data = self.data
        if isinstance(data, bytes) and data:
            data = self.data = BytesPayload(data)
        return data

    @body.setter
    def body(self, body: object) -> None:
        raise AttributeError("write `await request.update_body(body)`")

    async def update_body(self, body: Any) -> None:
        """Replace the body by `body`, which is what a verb's `data` may be. The media type stays
        what it was, unless there was none; a Content-Length that was given is gone.

        Raises TypeError for what is no body."""
        payload = b"" if body is None or body == b"" else body_of(body, None)
        old, self.data = self.data, b""
        if isinstance(old, Payload):
            await old.close()
        fields = self._own_fields()
        fields.popall(hdrs.CONTENT_LENGTH, None)
        if isinstance(payload, Payload):
            fields.setdefault(hdrs.CONTENT_TYPE, payload.content_type)
            self.data = payload

    async def upload_ended(self) -> None:
        """Wait until the body is sent or given up."""
        if self.sending is not None:
            await asyncio.wait([self.sending])

    def drop_body(self) -> None:
        """Send no body."""
        self.data = b""
        self.chunked = False
        tracker = None if self.upload is None else self.upload.tracker
        self.upload = None if tracker is None else Upload((), tracker)

    def keep_body(self, keeper: Callable[[Payload], Payload]) -> None:
        """Send what `keeper` makes of the body."""
        if isinstance(self.data, Payload):
            self.data = keeper(self.data)

    # Again.

    @property
    def composed(self) -> Composed:
        """What begin() has noted; what it is now where no middleware has had it."""
        composed = self._composed
        if composed is None:
            composed = Composed(
                self.method, self.target, self.settings, self.headers, self.cookies, self.data
            )
        return composed

    def begin(self) -> None:
        """Note what it is, before middlewares have it; at each further time be that again. What
        one has set for one host or for one attempt is not there behind a redirection or at the
        next attempt, unless it sets it again. The body stays what it has become."""
        composed = self.composed
        if self._composed is None:
            self._composed = composed._replace(fields=composed.fields.copy())
            return
        self.method, self.target, self.settings = composed[:3]
        self.cookies = composed.cookies
        self._fields = self._composed_fields()

    def _composed_fields(self) -> "CIMultiDict[str]":
        composed = self.composed
        fields = composed.fields.copy()
        if self.data is not composed.data:
            # They belong to the body that it had.
            for name in BODY_FIELDS:
                fields.popall(name, None)
                fields.extend((name, each) for each in self.headers.getall(name, ()))
        return fields

    def redirected(self, method: str, target: Target) -> "ClientRequest":
        """A request that shares with this one, as it was composed, all but what is given."""
        composed, fields = self.composed, self._composed_fields()
        other = type(self)(
            method, target, composed.settings, self.session, self.begun, None, fields, self.data
        )
        other.cookies = composed.cookies
        other.chunked = self.chunked
        other.is_astray = self.is_astray
        other.offer = self.offer
        other.upload = self.upload
        other.traces = self.traces
        return other

    def shake_hands(self, version: HttpVersion) -> None:
        """Be the offer's request on a connection of `version`; RuntimeError for other requests.

        Fields that the offer brings do not change what was set by others.
        """
        if self.offer is None:
            raise RuntimeError(f"{self} is no handshake")
        asked = self.offer.head(version)
        fields = self.headers
        for name in _HTTP1_HANDSHAKE:
            fields.popall(name, None)
        for field, value in asked.headers.items():
            fields.setdefault(field, value)
        self.method = asked.method
        self.protocol = asked.protocol
        if version < HttpVersion20:
            route = replace(self.settings.route, http2=False)
            self.settings = self.settings.but(route=route)

    def is_repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does (RFC 9110 9.2.2)."""
        return self.method in IDEMPOTENT and not self.is_consumed()

    def is_consumed(self) -> bool:
        """Whether its body is gone because it was sent before."""
        data = self.data
        return isinstance(data, Payload) and data.consumed

    def __str__(self) -> str:
        # Errors hold it, and a method that a middleware has set may be none.
        method = self.method if str(self.method).isprintable() else repr(self.method)
        return f"{method} {self.target.url}"


def _host(fields: "CIMultiDict[str]") -> str:
    """The request's own Host, "" for none. ValueError where it is no host, or is there twice: who
    stands between might read the other one (RFC 9112 3.2)."""
    given = fields.getall(hdrs.HOST, ())
    if len(given) > 1:
        raise ValueError(f"a request has one Host, not {given!r:.200} (RFC 9112 3.2)")
    host = given[0] if given else ""
    if host and not (host.isascii() and grammar.is_host(host.encode(), name=True)):
        raise ValueError(
            f"Host: {host!r:.80} is no host with or without :port (RFC 9110 7.2); a name of other "
            "letters is written in its ASCII form, xn--..."
        )
    return host
