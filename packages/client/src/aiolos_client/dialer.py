"""New connections: name, address, proxy, TLS; and errors that name the host."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import ConnectionLost, ProtocolError, Unanswered
from aiolos_protocol.limits import Limits
from aiolos_protocol.link.h1_client import H1ClientLink
from aiolos_protocol.message import RequestHead
from aiolos_protocol.upgrade import Handover
from multidict import CIMultiDict
from yarl import URL

from . import socks
from .abc import ResolveResult
from .addresses import address_info, interleaved
from .clientrequest import RequestInfo
from .errors import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientSSLError,
)
from .happyeyeballs import SocketFactoryType, connected_socket
from .keys import ConnectionKey
from .negotiation import HTTP2Setting, alpn_of, link_of, offers_http2
from .tls import SessionStore, check_pinned, proxy_tls, tls_context
from .tracing import Traces
from .translation import words_of
from .urls import authority

Factory = Callable[[], Any]
# How long a peer may take to answer the end of TLS before the connection is cut, in seconds.
_TLS_GOODBYE: Final = 1.0

Resolve = Callable[[str, int, Traces | None], Any]
Lend = Callable[[ConnectionKey, Sequence[ResolveResult]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOptions:
    """How sockets are made; see TCPConnector."""

    local_addr: tuple[str, int] | None = None
    happy_eyeballs_delay: float | None = 0.25
    interleave: int | None = None
    socket_factory: SocketFactoryType | None = None
    ssl_shutdown_timeout: float = _TLS_GOODBYE
    http2: HTTP2Setting = None


class Dialer:
    """Opens TCP connections, through proxies and with TLS where their key says so.

    `resolve(host, port, traces)` is a coroutine function that gives addresses; `lend(key, found)`
    an open link that serves the host with these addresses as well, or None.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        resolve: Resolve,
        lend: Lend,
        options: DialOptions,
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._limits = limits
        self._resolve = resolve
        self._lend = lend
        self._options = options
        self._sessions = SessionStore()

    async def dial(
        self, key: ConnectionKey, factory: Factory, traces: Traces | None, within: float | None
    ) -> Any:
        """The link that `factory` makes, or its Negotiation leads to, connected; or one that is
        lent. Raises ClientConnectorError or a subclass, ClientHttpProxyError,
        ServerFingerprintMismatch; TimeoutError where it takes more than `within` seconds, the
        look-up of names apart."""
        proxy = key.proxy
        if proxy is None or key.is_forwarded:
            found = await self._addresses(key, key.host, key.port, traces)
            lent = self._lend(key, found)
            if lent is not None:
                return lent
            async with asyncio.timeout(within):
                sock = await self._connected(key, found)
                protocol = await self._open(key, sock, factory)
        elif proxy.scheme.startswith("socks"):
            found = await self._addresses(key, proxy.host or "", proxy.port or 0, traces)
            hosts = [key.host]
            if not socks.resolves_remotely(proxy.scheme):
                told = await self._addresses(key, key.host, key.port, traces)
                hosts = socks.addresses(proxy.scheme, [each["host"] for each in told])
            async with asyncio.timeout(within):
                sock = await self._by_socks(key, found, proxy, hosts)
                protocol = await self._open(key, sock, factory)
        else:
            found = await self._addresses(key, proxy.host or "", proxy.port or 0, traces)
            async with asyncio.timeout(within):
                sock = await self._connected(key, found)
                handover = await self._ask_proxy(key, sock, proxy)
                protocol = await self._tunnelled(key, handover, factory)
        check_pinned(key.ssl, protocol.transport)
        return protocol

    def keep_session(self, key: ConnectionKey, tls: Any) -> None:
        """Remember the TLS session of a connection, so that the next one resumes it."""
        self._context(key).keep(tls)

    # Steps.

    async def _addresses(
        self, key: ConnectionKey, host: str, port: int, traces: Traces | None
    ) -> Sequence[ResolveResult]:
        try:
            found: Sequence[ResolveResult] = await self._resolve(host, port, traces)
        except OSError as error:
            raise _unresolved(key, error) from error
        return found

    async def _connected(self, key: ConnectionKey, found: Sequence[ResolveResult]) -> socket.socket:
        options = self._options
        try:
            infos = [address_info(each) for each in found]
        except OSError as error:
            # The scope of an address is no interface of this machine.
            raise _unresolved(key, error) from error
        if options.happy_eyeballs_delay is not None:
            infos = interleaved(infos, options.interleave or 1)
        try:
            return await connected_socket(
                self._loop,
                infos,
                delay=options.happy_eyeballs_delay,
                local_addr=options.local_addr,
                factory=options.socket_factory,
            )
        except OSError as error:
            kind = ClientConnectorError if key.proxy is None else ClientProxyConnectionError
            raise kind(key, error) from error

    async def _open(self, key: ConnectionKey, sock: socket.socket, factory: Factory) -> Any:
        options: dict[str, Any] = {}
        if key.is_ssl:
            options = self._tls_options(self._context(key), key.server_hostname or key.host)
        return await self._connection(key, sock, factory, options)

    def _context(self, key: ConnectionKey) -> Any:
        name = key.server_hostname or key.host
        setting = self._options.http2
        context = tls_context(key.ssl, offers_http2(setting, key))
        return self._sessions.context(context, name, key.port, alpn_of(setting, key))

    def _tls_options(self, context: ssl.SSLContext, server_hostname: str) -> dict[str, Any]:
        return {
            "ssl": context,
            "server_hostname": server_hostname.rstrip("."),
            "ssl_shutdown_timeout": self._options.ssl_shutdown_timeout or _TLS_GOODBYE,
        }

    async def _connection(
        self, key: ConnectionKey, sock: socket.socket, factory: Factory, options: dict[str, Any]
    ) -> Any:
        try:
            _, protocol = await self._loop.create_connection(factory, sock=sock, **options)
        except BaseException as error:
            sock.close()
            if isinstance(error, (OSError, UnicodeError)):
                raise tls_error(key, error) from error
            raise
        return self._link_of(key, protocol)

    def _link_of(self, key: ConnectionKey, protocol: Any) -> Any:
        try:
            return link_of(protocol)
        except ssl.SSLError as error:
            raise tls_error(key, error) from error

    # Proxies.

    async def _by_socks(
        self, key: ConnectionKey, found: Sequence[ResolveResult], proxy: URL, hosts: Sequence[str]
    ) -> socket.socket:
        """A socket that the SOCKS proxy has joined to one of `hosts`, the addresses of `key`."""
        for host in hosts[:-1]:
            sock = await self._connected(key, found)
            try:
                await self._ask_socks(key, sock, proxy, host)
            except ClientProxyConnectionError:
                # Maybe the next address answers.
                continue
            return sock
        sock = await self._connected(key, found)
        await self._ask_socks(key, sock, proxy, hosts[-1])
        return sock

    async def _ask_socks(
        self, key: ConnectionKey, sock: socket.socket, proxy: URL, host: str
    ) -> None:
        """Have the SOCKS proxy at the other end of `sock` connect to `host`, that of `key`."""
        try:
            steps = socks.dialogue(proxy.scheme, host, key.port, proxy.user, proxy.password or "")
            data, wanted = next(steps)
            while True:
                if data:
                    await self._loop.sock_sendall(sock, data)
                data, wanted = steps.send(await self._receive(sock, wanted))
        except StopIteration:
            return
        except OSError as error:
            sock.close()
            raise ClientProxyConnectionError(key, error) from error
        except BaseException:
            sock.close()
            raise

    async def _receive(self, sock: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = await self._loop.sock_recv(sock, size - len(data))
            if not more:
                raise ConnectionResetError(None, "the SOCKS proxy closed the connection")
            data += more
        return data

    async def _ask_proxy(self, key: ConnectionKey, sock: socket.socket, proxy: URL) -> Handover:
        """The tunnel that the HTTP proxy at the other end of `sock` opens (RFC 9110 9.3.6)."""
        options: dict[str, Any] = {}
        is_tls = proxy.scheme == "https"
        setting = proxy_tls(key.ssl)
        if is_tls:
            options = self._tls_options(tls_context(setting), proxy.host or "")
        # What goes wrong with the proxy's TLS is not told of the host.
        at = ConnectionKey(proxy.raw_host or "", proxy.port or 0, is_tls, setting)
        try:
            link = await self._connection(
                at,
                sock,
                lambda: H1ClientLink(self._loop, self._clock, self._limits, _Tunnel()),
                options,
            )
        except ClientSSLError:
            raise
        except ClientConnectorError as error:
            raise ClientProxyConnectionError(key, error.os_error) from error
        host = authority(key.host, key.port)
        head = RequestHead("CONNECT", host, headers=CIMultiDict({"Host": host}))
        head.fields.extend(key.proxy_headers)
        if key.proxy_auth is not None:
            head.fields["Proxy-Authorization"] = key.proxy_auth
        try:
            exchange = link.ask(head)
            answer = await exchange.answered
            if answer.status >= 300:
                raise ClientHttpProxyError(
                    RequestInfo(proxy, "CONNECT", head.headers, proxy),
                    (),
                    status=answer.status,
                    message=answer.reason,
                    headers=answer.headers,
                )
            handover: Handover = exchange.take_over()
        except (ProtocolError, ConnectionLost) as error:
            link.abort()
            hint = (
                "; if it is a SOCKS proxy, write socks5://" if isinstance(error, Unanswered) else ""
            )
            cause = OSError(None, f"the proxy opens no tunnel: {words_of(error)}{hint}")
            raise ClientProxyConnectionError(key, cause) from error
        except BaseException:
            link.abort()
            raise
        return handover

    async def _tunnelled(self, key: ConnectionKey, handover: Handover, factory: Factory) -> Any:
        protocol = factory()
        if not key.is_ssl:
            handover.attach(protocol)
            return protocol
        try:
            transport = await self._loop.start_tls(
                handover.transport,
                protocol,
                self._context(key),
                server_hostname=(key.server_hostname or key.host).rstrip("."),
                ssl_shutdown_timeout=self._options.ssl_shutdown_timeout or _TLS_GOODBYE,
            )
        except BaseException as error:
            handover.transport.abort()
            if isinstance(error, (OSError, UnicodeError)):
                raise tls_error(key, error) from error
            raise
        try:
            protocol.connection_made(transport)
        except ConnectionLost as error:
            raise ClientConnectorError(key, error) from error
        return self._link_of(key, protocol)


def _unresolved(key: ConnectionKey, error: OSError) -> ClientConnectorError:
    kind = ClientConnectorDNSError if key.proxy is None else ClientProxyConnectionError
    return kind(key, error)


class _Tunnel:
    """The role of a link that is only there to open a tunnel."""

    def recycled(self, link: Any) -> None:
        """It was no tunnel."""
        link.close()

    def lost(self, link: Any, exc: BaseException | None) -> None:
        """Whoever waits knows."""


def tls_error(key: ConnectionKey, error: OSError | UnicodeError) -> ClientConnectorError:
    """What opening a connection raises for `error`."""
    if isinstance(error, UnicodeError):
        # RFC 5890 2.3.2.1: of a label that is empty, or of more than 63 letters.
        told = f"{key.server_hostname or key.host!r:.80} is no name of a server: {error}"
        return ClientConnectorError(key, OSError(None, told))
    if isinstance(error, ssl.SSLCertVerificationError):
        return ClientConnectorCertificateError(key, error)
    if isinstance(error, ssl.SSLError):
        return ClientConnectorSSLError(key, error)
    return ClientConnectorError(key, error)
