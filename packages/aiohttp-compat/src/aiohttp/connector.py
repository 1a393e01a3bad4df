"""Connections, pooled, with the private doors of the original.

The connectors are thin subclasses: a method of theirs that a subclass overrides, or a patch
replaces, is called where the original calls it.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

import aiolos
from aiolos import (
    BasicAuth,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientTimeout,
    ConnectionKey,
)
from aiolos.connector import AddrInfoType, SocketFactoryType
from aiolos_client.abc import ResolveResult
from aiolos_client.addresses import address_info, interleaved
from aiolos_client.connector import SCHEMES
from aiolos_client.dialer import tls_error
from aiolos_client.happyeyeballs import connected_socket
from aiolos_client.tls import merged_setting, tls_context
from aiolos_client.tracing import Traces
from aiolos_protocol.transport import Pending, wait_for
from yarl import URL

from ._absent import absent
from ._connections import Connected, Connection
from ._heeding import Asked as Heeded
from ._heeding import AskedObject, look_anew
from ._private import deprecated, differs, is_changed, like, remember, unheeded
from ._senders import ASKED, told_as_ours
from .client_proto import ResponseHandler

__all__ = [
    "AddrInfoType",
    "BaseConnector",
    "Connection",
    "NamedPipeConnector",
    "SocketFactoryType",
    "TCPConnector",
    "UnixConnector",
]

EMPTY_SCHEMA_SET = frozenset({""})
HTTP_SCHEMA_SET = frozenset({"http", "https"})
WS_SCHEMA_SET = frozenset({"ws", "wss"})
HTTP_AND_EMPTY_SCHEMA_SET = HTTP_SCHEMA_SET | EMPTY_SCHEMA_SET
HIGH_LEVEL_SCHEMA_SET = SCHEMES


class Asked:
    """What a connection is wanted for, as the original's ClientRequest tells it.

    `factory` makes its protocol; `request` is the one that waits, where it is known.
    """

    def __init__(self, key: ConnectionKey, factory: Any, request: Any = None) -> None:
        self._request = request
        self.connection_key = key
        self.factory = factory
        scheme = "https" if key.is_ssl else "http"
        self.url = self.original_url = (
            URL.build(scheme=scheme, host=key.host, port=key.port)
            if request is None
            else request.url
        )
        self.host, self.port, self.ssl = key.host, key.port, key.ssl
        self.proxy, self.proxy_headers = key.proxy, key.proxy_headers
        self.proxy_auth = None if key.proxy_auth is None else BasicAuth.decode(key.proxy_auth)
        self.server_hostname = key.server_hostname

    def __getattr__(self, name: str) -> Any:
        # The rest is that of the request.
        return getattr(self._request, name)

    def is_ssl(self) -> bool:
        """Whether TLS is spoken."""
        return self.connection_key.is_ssl


_HANDLER: Final = ResponseHandler
_OF_PROTOCOLS: Final = (
    "__init__",
    "connection_made",
    "data_received",
    "eof_received",
    "connection_lost",
    "pause_writing",
    "resume_writing",
)
remember(_HANDLER, *_OF_PROTOCOLS)
# Where the original keeps and opens its connections.
_UNHEEDED: Final = (
    "_get",
    "_release",
    "_available_connections",
    "_get_fingerprint",
    "_get_ssl_context",
    "_start_tls_connection",
    "_create_proxy_connection",
)
# What a TCPConnector opens connections by, where one of them is somebody's own.
_OPENING: Final = ("_wrap_create_connection", "_create_direct_connection")


class _Carried:
    """Links whose protocols somebody's own `make` makes, which carry them."""

    def __init__(self, links: Any, make: Callable[[], Any]) -> None:
        self._links = links
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._links, name)

    def factory(self, host: Any, role: Any) -> Callable[[], Any]:
        """See Links."""
        return partial(role._carrying, self._make)


class BaseConnector(AskedObject, aiolos.BaseConnector, metaclass=Heeded):
    """A connector; connect() gives a connection for a request, _create_connection() opens one,
    _close() closes all. `_factory` may be set: it makes the ResponseHandler of each connection,
    which then speaks HTTP/1.1."""

    _unheeded = _UNHEEDED

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        unheeded(cls, *cls._unheeded)

    async def connect(  # type: ignore[override]  # the original's parameters
        self, req: Any, traces: Any, timeout: Any, *ours: Any
    ) -> Any:
        """A connection for `req`.

        A session whose connector has no connect() of its own calls it with the parameters of
        aiolos, which are one more.
        """
        if ours:
            # The doors are told the times of the request that waits.
            _TIMES.set((traces, timeout))
            return Connected(self, *await super().connect(req, traces, timeout, *ours))
        host = self.host(req.target.key(req.settings.route, getattr(self, "ssl", True)))
        link = self.take(host)
        if link is not None:
            return Connected(self, link, True)
        told = traces[0] if traces else None
        times = timeout.connect or None, timeout.sock_connect or None
        return Connected(self, *await super().connect(host, *times, told))

    def close(self, *, abort_ssl: bool = False) -> Awaitable[None]:
        """See BaseConnector of aiolos."""
        waiting = self._close(abort_ssl=abort_ssl)
        if waiting is None or len(waiting) != 1:
            return Pending(wait_for(asyncio.ensure_future(_all(waiting or ()), loop=self._loop)))
        return waiting[0]

    def _close(self, *, abort_ssl: bool = False) -> list[Awaitable[None]] | None:
        return [super().close(abort_ssl=abort_ssl)]

    def has_doors(self) -> bool:
        """Whether one of its methods that open connections is somebody's own."""
        return self.has_own_connect() or self._has_own_opening()

    def has_own_connect(self) -> bool:
        """Whether its connect() is somebody's own, with the parameters of the original."""
        return is_changed(self, BaseConnector, "connect")

    def _has_own_opening(self) -> bool:
        return is_changed(self, BaseConnector, "_create_connection")

    @property
    def _factory(self) -> Any:
        # It makes a protocol, of HTTP/1.1.
        own = self.__dict__.get("_factory")
        return self._new_h1 if own is None else partial(self._carrying, own)

    @_factory.setter
    def _factory(self, make: Callable[[], Any]) -> None:
        self.__dict__["_factory"] = make
        self._links = _Carried(self._links, make)  # type: ignore[assignment]  # it has their names

    def _new_h1(self) -> Any:
        return self._links._new_h1(self)

    def _carrying(self, make: Callable[[], Any]) -> Any:
        handler = make()
        if isinstance(handler, ResponseHandler):
            handler.carry(self._new_h1())
        return handler

    @property
    def _conns(self) -> dict[ConnectionKey, deque[tuple[Any, float]]]:
        """Those that are idle, and since when."""
        return {
            host.key: deque((link, since) for link, since in host.idle.items())
            for host in self._pool.hosts()
            if host.idle
        }

    @property
    def _acquired(self) -> set[Any]:
        """The connections in use."""
        return {link for link, host in self._hosts.items() if link not in host.idle}

    @property
    def _limit(self) -> int:
        return self.limit

    @_limit.setter
    def _limit(self, limit: int) -> None:
        self._pool.limit = limit

    @property
    def _limit_per_host(self) -> int:
        return self.limit_per_host

    @_limit_per_host.setter
    def _limit_per_host(self, limit: int) -> None:
        self._pool.limit_per_host = limit

    async def _dial(
        self, key: ConnectionKey, factory: Any, traces: Traces | None, within: float | None
    ) -> Any:
        if "_factory" not in self.__dict__ and _has_own_handler():
            factory = partial(self._carrying, partial(ResponseHandler, loop=self._loop))
            key = key._replace(http2=False)
        elif "_factory" in self.__dict__:
            key = key._replace(http2=False)
        if not self._has_own_opening():
            return _link_of(await super()._dial(key, factory, traces, within))
        with told_as_ours():
            asked = Asked(key, factory, ASKED.get())
            return _link_of(await self._create_connection(asked, traces, _times()))

    async def _create_connection(self, req: Any, traces: Any, timeout: ClientTimeout) -> Any:
        factory = getattr(req, "factory", self._factory)
        return await super()._dial(req.connection_key, factory, traces, timeout.sock_connect)


class TCPConnector(BaseConnector, aiolos.TCPConnector):
    """Connections over TCP; _resolve_host() and _wrap_create_connection() are asked for each."""

    allowed_protocol_schema_set = aiolos.TCPConnector.allowed_protocol_schema_set

    @like(aiolos.TCPConnector.__init__)
    def __init__(self, **options: Any) -> None:
        if "ssl_shutdown_timeout" in options:
            deprecated("The ssl_shutdown_timeout parameter is deprecated")
        super().__init__(**options)
        self._ssl_shutdown_timeout = options.get("ssl_shutdown_timeout") or 0
        self._handlers: WeakKeyDictionary[Any, ResponseHandler] = WeakKeyDictionary()
        # Looked up at each call: it may be replaced later.
        self._dialer._resolve = lambda host, port, traces: self._resolve_host(
            host, port, traces=_list_of(traces)
        )

    async def _resolve_host(self, host: str, port: int, traces: Any = None) -> list[ResolveResult]:
        told = next(iter(_list_of(traces)), None)
        return await super()._resolve_host(host, port, told)

    @property
    def _family(self) -> socket.AddressFamily:
        family: socket.AddressFamily = self.__dict__["_family"]
        return family

    @_family.setter
    def _family(self, family: socket.AddressFamily) -> None:
        self.__dict__["_family"] = family
        names = self.__dict__.get("_names")
        if names is not None:
            names._family = family

    @property
    def _ssl(self) -> Any:
        return self.__dict__["_ssl"]

    @_ssl.setter
    def _ssl(self, ssl: Any) -> None:
        is_first = "_ssl" not in self.__dict__
        self.__dict__["_ssl"] = merged_setting(ssl, True, None, None)
        if not is_first:
            # What is kept ready for requests leads to connections by the one before.
            look_anew(self)

    @property
    def _resolver(self) -> Any:
        return self.__dict__["_resolver"]

    @_resolver.setter
    def _resolver(self, resolver: Any) -> None:
        self.__dict__["_resolver"] = resolver
        names = self.__dict__.get("_names")
        if names is not None:
            names._resolver = resolver
            names.forget()

    @property
    def _use_dns_cache(self) -> bool:
        keeps: bool = self.__dict__["_use_dns_cache"]
        return keeps

    @_use_dns_cache.setter
    def _use_dns_cache(self, keeps: bool) -> None:
        names = self.__dict__.get("_names")
        if names is not None and not keeps:
            names._ttl = 0
            names.forget()
        self.__dict__["_use_dns_cache"] = keeps

    @property
    def _local_addr_infos(self) -> Any:
        local = self._dialer._options.local_addr
        return self.__dict__.get("_local_addr_infos") or (
            None if local is None else [(socket.AF_UNSPEC, socket.SOCK_STREAM, 0, "", local)]
        )

    @_local_addr_infos.setter
    def _local_addr_infos(self, infos: Any) -> None:
        self.__dict__["_local_addr_infos"] = infos
        local = infos[0][4][:2] if infos else None
        self._dialer._options = replace(self._dialer._options, local_addr=local)

    async def _create_connection(self, req: Any, traces: Any, timeout: ClientTimeout) -> Any:
        if not is_changed(self, TCPConnector, *_OPENING):
            return await super()._create_connection(req, traces, timeout)
        with told_as_ours():
            _, protocol = await self._create_direct_connection(req, traces, timeout)
        return protocol if _link_of(protocol) is not None else self._adopted(protocol)

    def _has_own_opening(self) -> bool:
        # By another way than any connector's.
        return is_changed(self, TCPConnector, "_create_connection", *_OPENING)

    def _adopted(self, handler: ResponseHandler) -> Any:
        """A connection of ours on the transport that somebody has opened for his own `handler`."""
        link: Any = self._new_h1()
        transport: Any = handler.transport
        transport.set_protocol(link)
        link.connection_made(transport)
        # It may hold what closes the transport when it is collected, as a StreamWriter does.
        self._handlers[link] = handler
        return link

    async def _create_direct_connection(
        self, req: Any, traces: Any, timeout: ClientTimeout
    ) -> tuple[Any, Any]:
        key = req.connection_key
        try:
            found = await self._resolve_host(key.host, key.port, traces=_list_of(traces))
        except OSError as error:
            raise ClientConnectorDNSError(key, error) from error
        name = key.server_hostname or key.host
        return await self._wrap_create_connection(
            self._new_h1,  # who opens connections himself expects HTTP/1.1, as the original speaks
            timeout=timeout,
            ssl=tls_context(key.ssl) if key.is_ssl else None,
            addr_infos=[address_info(each) for each in found],
            server_hostname=name.rstrip(".") if key.is_ssl else None,
            req=req,
            client_error=ClientConnectorError,
        )

    async def _wrap_create_connection(
        self,
        *args: Any,
        addr_infos: list[AddrInfoType],
        req: Any,
        timeout: ClientTimeout,
        client_error: type[Exception] = ClientConnectorError,
        **kwargs: Any,
    ) -> tuple[Any, Any]:
        options = self._dialer._options
        try:
            sock = await connected_socket(
                self._loop,
                interleaved(addr_infos, options.interleave or 1),
                delay=options.happy_eyeballs_delay,
                local_addr=options.local_addr,
                factory=options.socket_factory,
            )
            return await self._loop.create_connection(*args, **kwargs, sock=sock)
        except ssl.SSLError as error:
            raise tls_error(req.connection_key, error) from error
        except OSError as error:
            raise client_error(req.connection_key, error) from error


def _has_own_handler() -> bool:
    """Whether somebody has replaced ResponseHandler in this module, or a method of it that a
    transport calls."""
    return ResponseHandler is not _HANDLER or any(
        differs(_HANDLER, _HANDLER, name) for name in _OF_PROTOCOLS
    )


def _list_of(traces: Any) -> list[Any]:
    """Whom to tell, as the original's methods are given it."""
    if traces is None:
        return []
    return traces if isinstance(traces, list) else [traces]


class UnixConnector(BaseConnector, aiolos.UnixConnector):
    """Connections to a Unix socket."""

    allowed_protocol_schema_set = aiolos.UnixConnector.allowed_protocol_schema_set


class NamedPipeConnector(BaseConnector, aiolos.NamedPipeConnector):
    """Connections to a named pipe."""

    allowed_protocol_schema_set = aiolos.NamedPipeConnector.allowed_protocol_schema_set

    @like(aiolos.UnixConnector.__init__)
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)


_TIMES: ContextVar[tuple[Any, ...]] = ContextVar("_TIMES", default=())


def _link_of(protocol: Any) -> Any:
    """What a handler carries, None for nothing; any other protocol is a connection itself."""
    return protocol.link if isinstance(protocol, ResponseHandler) else protocol


def _times() -> ClientTimeout:
    """How long a connection may take: the request's bounds, or those that a connector is told."""
    request = ASKED.get()
    if request is not None:
        timeout: ClientTimeout = request.settings.timeout
        return timeout
    connect, dial = _TIMES.get() or (None, None)
    return ClientTimeout(total=None, connect=connect, sock_connect=dial)


async def _all(waiting: Any) -> None:
    for each in waiting:
        await each


remember(BaseConnector, "connect", "_create_connection")
remember(TCPConnector, "_create_connection", *_OPENING)

absent(__name__)
