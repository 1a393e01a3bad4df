"""The client's session, with the private doors of the original.

A session's classes are looked up here when one is made: whoever replaces ClientRequest,
ClientResponse, ClientSession or TCPConnector in this module is heeded from then on.
"""

import asyncio
import warnings
from dataclasses import replace
from functools import partial
from typing import Any, Final

import aiolos
from aiolos import ClientTimeout, HttpVersion, HttpVersion11
from aiolos.client import *  # noqa: F403
from aiolos.client import __all__ as __all__
from aiolos_client.abc import AbstractCookieJar
from aiolos_client.body import JSONDumps
from aiolos_client.composer import Composer, checked_headers
from aiolos_client.contexts import Context
from aiolos_client.options import HandshakeOptions, RequestOptions
from aiolos_client.sender import Sender
from aiolos_client.timeouts import DEFAULT_TIMEOUT as DEFAULT_TIMEOUT
from aiolos_protocol import hdrs
from aiolos_protocol.contracts import Offer
from aiolos_protocol.limits import changed_limits
from aiolos_protocol.methods import IDEMPOTENT
from multidict import CIMultiDict
from yarl import URL

from ._absent import absent
from ._heeding import SESSIONS
from ._private import F, another_name, deprecated, differs, is_changed, like, remember
from ._senders import Behind, Telling, Through
from ._steps import GIVEN, OWN
from .client_reqrep import ClientRequest  # type: ignore[assignment]  # its own
from .client_reqrep import ClientResponse as ClientResponse  # type: ignore[assignment]  # its own
from .connector import BaseConnector as BaseConnector
from .connector import NamedPipeConnector as NamedPipeConnector
from .connector import TCPConnector
from .connector import UnixConnector as UnixConnector
from .cookiejar import CookieJar
from .helpers import sentinel

IDEMPOTENT_METHODS = IDEMPOTENT
_RequestOptions = RequestOptions
_WSConnectOptions = HandshakeOptions
_RequestContextManager = _BaseRequestContextManager = _WSRequestContextManager = Context


def _asked(self: Any, method: str, str_or_url: str | URL, **options: Any) -> Any:
    """What _request() looks like."""


def _verb(verb: F, method: str, **defaults: Any) -> F:
    """`verb` of a session; a _request() of somebody's own is given what the original gives it."""

    def ask(self: Any, url: str | URL, **options: Any) -> Any:
        if is_changed(self, _SESSION, "_request"):
            return Context(self._request(method, url, **{**defaults, **options}))
        return verb(self, url, **options)

    given: Any = like(verb, RequestOptions.__annotations__)(ask)
    return given  # type: ignore[no-any-return]  # as `verb` is


# Where a session of aiolos, compiled or not, has it.
_SESSIONS: Any = aiolos.ClientSession
_TRUSTS: Final = _SESSIONS._trust_env


class ClientSession(aiolos.ClientSession):  # type: ignore[no-redef]  # its own
    """A session; every verb goes through _request()."""

    get = _verb(aiolos.ClientSession.get, "GET", allow_redirects=True)
    options = _verb(aiolos.ClientSession.options, "OPTIONS", allow_redirects=True)
    head = _verb(aiolos.ClientSession.head, "HEAD", allow_redirects=False)
    post = _verb(aiolos.ClientSession.post, "POST", data=None)
    put = _verb(aiolos.ClientSession.put, "PUT", data=None)
    patch = _verb(aiolos.ClientSession.patch, "PATCH", data=None)

    @like(aiolos.ClientSession.__init__)
    def __init__(
        self,
        base_url: str | URL | None = None,
        *,
        connector: aiolos.BaseConnector | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        request_class: type[aiolos.ClientRequest] | None = None,
        response_class: type[aiolos.ClientResponse] | None = None,
        cookie_jar: AbstractCookieJar | None = None,
        ssl_shutdown_timeout: Any = sentinel,
        http2: Any = None,
        **options: Any,
    ) -> None:
        if connector is None:
            given = {}
            if ssl_shutdown_timeout is not sentinel:
                given = {"ssl_shutdown_timeout": ssl_shutdown_timeout}
            connector = TCPConnector(loop=loop, http2=http2, **given)
            http2 = None
        if options.keys() & _OLD_TIMES:
            options["timeout"] = _old_timeout(options)
        self._classes = request_class or ClientRequest, response_class or ClientResponse
        self._offers: dict[str, Offer] = {}
        super().__init__(
            base_url,
            connector=connector,
            loop=loop,
            request_class=self._classes[0],
            response_class=self._classes[1],
            cookie_jar=CookieJar() if cookie_jar is None else cookie_jar,
            http2=http2,
            **_given(options),
        )
        self._open_doors()
        SESSIONS[id(self)] = self

    @like(_asked, RequestOptions.__annotations__)
    async def _request(  # type: ignore[override]  # the name of the original's parameter
        self, method: str, str_or_url: str | URL, **options: Any
    ) -> Any:
        given = {name: value for name, value in options.items() if value is not sentinel}
        if given:
            self._look_at(given)
        if differs(type(self), _SESSION, "_build_url"):
            str_or_url = self._build_url(str_or_url)
        if differs(type(self), _SESSION, "_prepare_headers"):
            given["headers"] = self._prepare_headers(given.get("headers"))
        if self._offers:
            self._shake(given)
        if not OWN.intersection(given):
            return await super()._request(method, str_or_url, **given)
        token = GIVEN.set(given)
        try:
            return await super()._request(method, str_or_url, **given)
        finally:
            GIVEN.reset(token)

    def _look_at(self, given: dict[str, Any]) -> None:
        """Tell of what the original warns of, and refuses."""
        chunked = given.get("chunked")
        if chunked is not None and chunked is not True and chunked is not False:
            deprecated("Chunk size is deprecated: chunked is True or False")
        if _length_of(given.get("data")) > _LARGE:
            words = (
                "a large body that is given in one piece lies whole in memory, and may hold up "
                "the event loop: give a file, such as io.BytesIO, or an async generator"
            )
            warnings.warn(words, ResourceWarning, stacklevel=3)
        if self._composer.auth is not None and given.get("headers"):
            named = checked_headers(given["headers"])
            if hdrs.AUTHORIZATION in named and given.get("auth") is None:
                raise ValueError(
                    "the session has auth, so a request has no header Authorization: give it auth, "
                    "or the session that header"
                )

    @property
    def _connector(self) -> aiolos.BaseConnector | None:
        connector: aiolos.BaseConnector | None = self.__dict__["_connector"]
        return connector

    @_connector.setter
    def _connector(self, connector: aiolos.BaseConnector | None) -> None:
        self.__dict__["_connector"] = connector
        if getattr(self, "_sender", None) is None:
            # It is being made.
            return
        # As close() and detach() leave it; with another connector it asks again.
        self._open = connector is not None
        if self._open:
            self._open_doors()

    @property
    def _plain_sender(self) -> Any:
        return getattr(self._sender, "plain", self._sender)

    def _open_doors(self) -> None:
        """Tell the connector of each request, each request of its connection and each response of
        its start, where one of the methods that are called so is somebody's own now."""
        connector: Any = self._connector
        if connector is None:
            return
        request_class, response_class = self._classes
        plain = self._plain_sender
        # Those of aiolos alone have no doors.
        doors = (
            getattr(request_class, "sends", bool),
            getattr(response_class, "starts", bool),
            getattr(connector, "has_doors", bool),
            partial(_stands_before, connector),
        )
        if not any(door() for door in doors):
            plain.use(connector)
            if self._sender is not plain:
                self._ask_by(plain)
            return
        has_own = _stands_before(connector) or getattr(connector, "has_own_connect", bool)()
        plain.use(Through(connector) if has_own else Behind(connector))
        self._ask_by(Telling(plain))

    def _ask_by(self, sender: Sender) -> None:
        is_open = self._open
        self._set_up(self._loop, self._composer, sender, self._trace_configs, self._trust_env)
        self._open = is_open

    @property
    def _retry_connection(self) -> bool:
        repeat: bool = self._plain_sender._repeat
        return repeat

    @_retry_connection.setter
    def _retry_connection(self, repeat: bool) -> None:
        self._plain_sender._repeat = repeat

    @property
    def _trust_env(self) -> bool:
        trusts: bool = _TRUSTS.__get__(self)
        return trusts

    @_trust_env.setter
    def _trust_env(self, trusts: bool) -> None:
        is_changed = _TRUSTS.__get__(self) is not trusts if hasattr(self, "_open") else False
        _TRUSTS.__set__(self, trusts)
        if is_changed:
            self._ask_by(self._sender)

    @property
    def _base_url(self) -> URL | None:
        return self._composer.base_url

    @_base_url.setter
    def _base_url(self, url: URL | None) -> None:
        self._composer.base_url = url
        self._default_headers = self._default_headers

    @property
    def _default_headers(self) -> Any:
        return self._composer.headers

    @_default_headers.setter
    def _default_headers(self, headers: Any) -> None:
        # Another mapping, by which the composer sees that what it keeps ready is out of date.
        self._composer.headers = checked_headers(headers)

    @property
    def _default_auth(self) -> Any:
        return self._composer.auth

    @_default_auth.setter
    def _default_auth(self, auth: aiolos.BasicAuth | None) -> None:
        self._composer.auth = auth
        self._default_headers = self._default_headers

    @property
    def _timeout(self) -> Any:
        return self.timeout

    @_timeout.setter
    def _timeout(self, timeout: ClientTimeout) -> None:
        self._settle(timeout=timeout)

    @property
    def _raise_for_status(self) -> Any:
        return self.raise_for_status

    @_raise_for_status.setter
    def _raise_for_status(self, wanted: Any) -> None:
        self._settle(raise_for_status=wanted)

    @property
    def _cookie_jar(self) -> AbstractCookieJar:
        return self._jar

    @_cookie_jar.setter
    def _cookie_jar(self, jar: AbstractCookieJar) -> None:
        self._jar = jar
        self._make_anew()

    @property
    def _request_class(self) -> type[aiolos.ClientRequest]:
        return self._classes[0]

    @_request_class.setter
    def _request_class(self, request_class: type[aiolos.ClientRequest]) -> None:
        self._classes = request_class, self._classes[1]
        self._make_anew()

    @property
    def _response_class(self) -> type[aiolos.ClientResponse]:
        return self._classes[1]

    @_response_class.setter
    def _response_class(self, response_class: type[aiolos.ClientResponse]) -> None:
        self._classes = self._classes[0], response_class
        self._make_anew()

    def _make_anew(self) -> None:
        """Ask by what makes requests of the class of now, and responses, and knows the jar."""
        connector, before = self._connector, self._composer
        if connector is None:
            return
        request_class, response_class = self._classes
        self._composer = Composer(
            settings=before.settings,
            request_class=request_class,
            schemes=connector.allowed_protocol_schema_set,
            dumps=before.dumps,
            base_url=before.base_url,
            auth=before.auth,
            skip_auto_headers=before.skipped,
            quote_cookie=self._jar.quote_cookie,
        )
        # The very mapping, which somebody may hold.
        self._composer.headers = before.headers
        repeat = self._retry_connection
        self._ask_by(Sender(self._loop, connector, self._jar, repeat, response_class))
        self._open_doors()

    @property
    def _version(self) -> Any:
        return self.version

    @_version.setter
    def _version(self, version: Any) -> None:
        self._settle(version=version)

    @property
    def _auto_decompress(self) -> bool:
        return self.auto_decompress

    @_auto_decompress.setter
    def _auto_decompress(self, wanted: bool) -> None:
        self._settle(auto_decompress=wanted)

    @property
    def _middlewares(self) -> Any:
        return self._composer.settings.middlewares

    @_middlewares.setter
    def _middlewares(self, middlewares: Any) -> None:
        self._settle(middlewares=tuple(middlewares))
        self._ask_by(self._sender)

    @property
    def _json_serialize(self) -> Any:
        return self.json_serialize

    @_json_serialize.setter
    def _json_serialize(self, dumps: Any) -> None:
        self._composer.dumps = JSONDumps(dumps)

    @property
    def _read_bufsize(self) -> int:
        return self._composer.settings.limits.body_buffer // 2

    @_read_bufsize.setter
    def _read_bufsize(self, size: int) -> None:
        self._settle(limits=changed_limits(self._composer.settings.limits, {"read_bufsize": size}))

    _requote_redirect_url = another_name("requote_redirect_url")
    _ws_response_class = another_name("_ws_response")

    def _settle(self, **changed: Any) -> None:
        self._composer.settings = self._composer.settings.but(**changed)

    @like(aiolos.ClientSession.ws_connect, HandshakeOptions.__annotations__)
    def ws_connect(self, url: str | URL, **options: Any) -> Any:
        """See ClientSession of aiolos; by way of _ws_connect()."""
        return Context(self._ws_connect(url, **options))

    async def _ws_connect(self, url: str | URL, **options: Any) -> Any:
        if isinstance(options.get("timeout"), (int, float)):
            deprecated(
                "parameter 'timeout' of type 'float' is deprecated, please use "
                "'timeout=ClientWSTimeout(ws_close=...)'"
            )
        if options.get("receive_timeout") is not None:
            deprecated(
                "float parameter 'receive_timeout' is deprecated, please use parameter "
                "'timeout=ClientWSTimeout(ws_receive=...)'"
            )
        return await super().ws_connect(url, **options)

    async def _shake_hands(
        self, url: str | URL, offer: Offer, options: HandshakeOptions
    ) -> aiolos.ClientResponse:
        if not is_changed(self, _SESSION, "_request", "request"):
            return await super()._shake_hands(url, offer, options)
        # Somebody's own takes the original's options. By its key the handshake is known again.
        asked = offer.head(HttpVersion11)
        key = asked.headers[hdrs.SEC_WEBSOCKET_KEY]
        self._offers[key] = offer
        try:
            return await self.request(
                asked.method, url, **{**_HANDSHAKE, **options, "headers": asked.headers}
            )
        finally:
            del self._offers[key]

    def _shake(self, given: dict[str, Any]) -> None:
        """Make of `given`, where they are a handshake's, what ours is asked by."""
        key = checked_headers(given.get("headers")).get(hdrs.SEC_WEBSOCKET_KEY, "")
        offer = self._offers.get(key)
        if offer is not None:
            given["offer"] = offer
            given.setdefault("raise_for_status", False)
            # What follows is no body.
            given.pop("read_until_eof", None)

    def _prepare_headers(self, headers: Any) -> "CIMultiDict[str]":
        fields = CIMultiDict(self._composer.headers)
        fields.update(checked_headers(headers))
        return fields

    def _build_url(self, str_or_url: str | URL) -> URL:
        url = URL(str_or_url)
        base = self._base_url
        return url if base is None or url.absolute else base.join(url)


def _old_timeout(options: dict[str, Any]) -> Any:
    """The timeout that read_timeout and conn_timeout, which it takes out, mean."""
    timeout = options.get("timeout", sentinel)
    read, connect = options.pop("read_timeout", sentinel), options.pop("conn_timeout", None)
    given = {"total": read, "connect": connect}
    if read is sentinel:
        del given["total"]
    if connect is None:
        del given["connect"]
    if not given:
        return timeout
    if timeout is not sentinel and timeout is not None:
        raise ValueError("read_timeout and conn_timeout conflict with timeout: give that alone")
    words = "read_timeout and conn_timeout are deprecated, use timeout=ClientTimeout(...) instead"
    deprecated(words, above=2)
    return replace(DEFAULT_TIMEOUT, **given)


def _stands_before(connector: Any) -> bool:
    """Whether it is no connector, but a proxy of one that has a connect() of its own, as those are
    that trace requests."""
    kind = type(connector)
    return hasattr(kind, "connect") and not issubclass(kind, aiolos.BaseConnector)


def _length_of(data: Any) -> int:
    """How long a body is that is given in one piece; 0 for any other."""
    if isinstance(data, (bytes, bytearray, memoryview, str)):
        return len(data)
    if isinstance(data, dict):
        return sum(len(value) for value in data.values() if isinstance(value, (bytes, str)))
    return 0


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """`options` without those that were not given."""
    return {name: value for name, value in options.items() if value is not sentinel}


class request(aiolos.request):  # type: ignore[no-redef]  # noqa: N801  # the original's name, of a function
    """`async with request(method, url, ...) as response:` for a single request."""

    def __init__(
        self,
        method: str,
        url: str | URL,
        *,
        version: HttpVersion | None = None,
        connector: aiolos.BaseConnector | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **options: Any,
    ) -> None:
        if version is not None:
            options["version"] = version
        own = connector is None
        self._session = ClientSession(
            connector=connector or TCPConnector(force_close=True), connector_owner=own
        )
        self._asked = self._session.request(method, url, **options)


_SessionRequestContextManager = request
_SESSION: Final = ClientSession
_OLD_TIMES: Final = frozenset({"conn_timeout", "read_timeout"})
# What the original gives request() for a WebSocket, beside the headers.
_HANDSHAKE: Final[dict[str, Any]] = {
    "params": None,
    "read_until_eof": False,
    "auth": None,
    "proxy": None,
    "proxy_auth": None,
    "ssl": True,
    "server_hostname": None,
    "proxy_headers": None,
}
# What the original takes for a large body, in bytes.
_LARGE: Final = 2**20
remember(ClientSession, "_build_url", "_prepare_headers", "_request", "request")

absent(__name__)
