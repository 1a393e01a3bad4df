"""TCPConnector."""

import asyncio
import socket
import ssl as ssl_module
from collections.abc import Awaitable, Sequence
from typing import Any

from aiolos_protocol.exchange import ClientLink
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits
from aiolos_protocol.link.h2_client import H2ClientLink
from aiolos_protocol.transport import Pending, wait_for

from .abc import AbstractResolver, ResolveResult
from .addresses import is_ip, literal
from .coalescing import Lenders
from .connector import SCHEMES, UNSET, BaseConnector, Unset
from .dialer import Dialer, DialOptions
from .dnscache import Names
from .given import check_callable, check_count, check_family, check_made, check_seconds
from .happyeyeballs import SocketFactoryType
from .keys import ConnectionKey
from .negotiation import HTTP2Setting
from .pool import Host
from .resolver import DefaultResolver
from .tls import merged_setting
from .tracing import Traces


class TCPConnector(BaseConnector):
    """Connections over TCP, TLS and proxies included.

    `ssl`: True (default) verifies certificates by the system's authorities, False does not verify
    at all, an SSLContext decides by itself, a Fingerprint pins one certificate; `verify_ssl`,
    `ssl_context` and `fingerprint` are its old names. Names are resolved by `resolver` (default:
    the system's) and kept for `ttl_dns_cache` seconds (None: for good), `dns_cache_max_size` of
    them, unless `use_dns_cache` is False. `family` restricts addresses, `local_addr` is bound.
    `happy_eyeballs_delay` is the time in seconds after which the next address is tried as well
    (None: one at a time), `interleave` how many of the best family go first (RFC 8305).
    `socket_factory` makes sockets. `ssl_shutdown_timeout` waits for the peer's farewell. The others
    are BaseConnector's.
    """

    allowed_protocol_schema_set = SCHEMES | {"tcp"}

    def __init__(
        self,
        *,
        verify_ssl: bool = True,
        fingerprint: bytes | None = None,
        use_dns_cache: bool = True,
        ttl_dns_cache: float | None = 10,
        dns_cache_max_size: int = 1000,
        family: socket.AddressFamily = socket.AF_UNSPEC,
        ssl_context: ssl_module.SSLContext | None = None,
        ssl: Any = True,
        local_addr: tuple[str, int] | None = None,
        resolver: AbstractResolver | None = None,
        keepalive_timeout: float | Unset | None = UNSET,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        enable_cleanup_closed: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        lenient: bool = False,
        http2: HTTP2Setting = None,
        loop: asyncio.AbstractEventLoop | None = None,
        timeout_ceil_threshold: float = 5,
        happy_eyeballs_delay: float | None = 0.25,
        interleave: int | None = None,
        socket_factory: SocketFactoryType | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> None:
        super().__init__(
            keepalive_timeout=keepalive_timeout,
            force_close=force_close,
            limit=limit,
            limit_per_host=limit_per_host,
            enable_cleanup_closed=enable_cleanup_closed,
            limits=limits,
            lenient=lenient,
            http2=http2,
            loop=loop,
            timeout_ceil_threshold=timeout_ceil_threshold,
        )
        check_seconds("ttl_dns_cache", ttl_dns_cache, or_none=True)
        check_seconds("happy_eyeballs_delay", happy_eyeballs_delay, or_none=True)
        check_seconds("ssl_shutdown_timeout", ssl_shutdown_timeout, or_none=True)
        check_count("dns_cache_max_size", dns_cache_max_size)
        check_count("interleave", interleave, or_none=True)
        check_family(family)
        check_callable("socket_factory", socket_factory, "a function that makes a socket")
        if local_addr is not None:
            local_addr = _checked_address(local_addr)
        self._ssl = merged_setting(ssl, verify_ssl, ssl_context, fingerprint)
        check_made("resolver", resolver, "resolve", "an AbstractResolver, or what has resolve()")
        self._own_resolver = resolver is None
        self._resolver = DefaultResolver(loop=self._loop) if resolver is None else resolver
        self._family = family
        self._use_dns_cache = use_dns_cache
        ttl = ttl_dns_cache if use_dns_cache else 0
        self._names = Names(self._resolver, family, ttl, dns_cache_max_size, self._loop.time)
        options = DialOptions(
            local_addr=local_addr,
            happy_eyeballs_delay=happy_eyeballs_delay,
            interleave=interleave,
            socket_factory=socket_factory,
            ssl_shutdown_timeout=ssl_shutdown_timeout or 0,
            http2=self._http2,
        )
        self._dialer = Dialer(
            self._loop, self._clock, limits, self._resolve_host, self._lend, options
        )
        self._lenders = Lenders()
        # Links whose TLS session is still to come, which it does with the first answer.
        self._fresh: dict[ClientLink, tuple[ConnectionKey, Any]] = {}

    @property
    def ssl(self) -> Any:
        """How TLS is checked where a request does not say."""
        return self._ssl

    @property
    def family(self) -> int:
        """The address family asked for; AF_UNSPEC for any."""
        return self._family

    @property
    def use_dns_cache(self) -> bool:
        """Whether addresses are kept."""
        return self._use_dns_cache

    def clear_dns_cache(self, host: str | None = None, port: int | None = None) -> None:
        """Forget all addresses, or those of `host` and `port`, which are given both or not."""
        if (host is None) != (port is None):
            raise ValueError("give host and port, or neither")
        self._names.forget(host, port)

    async def _resolve_host(
        self, host: str, port: int, traces: Traces | None = None
    ) -> list[ResolveResult]:
        """The addresses of `host`; what is one already stays as it is."""
        if is_ip(host):
            return [literal(host, port)]
        return await self._names.resolve(host, port, traces)

    async def _dial(
        self, key: ConnectionKey, factory: Any, traces: Traces | None, within: float | None
    ) -> Any:
        if self.connect_by is not None:
            return await self._links.connect_by(self.connect_by, key, factory, within)
        link = await self._dialer.dial(key, factory, traces, within)
        if key.is_ssl and link not in self._hosts:
            self._fresh[link] = key, link.get_extra_info("ssl_object")
            if isinstance(link, H2ClientLink):
                self._lenders.add(link, key)
        return link

    def _lend(self, key: ConnectionKey, found: Sequence[ResolveResult]) -> ClientLink | None:
        """A connection to another host that may serve `key`, which has the addresses `found`."""
        if not self._pool.may_borrow(self._pool.host(key)):
            return None
        for link in self._lenders.find(key, [each["host"] for each in found]):
            owner = self._hosts.get(link)
            if owner is not None and link.takes(owner.shared[link]):
                return link  # type: ignore[no-any-return]
        return None

    def parts(self, host: Host, link: ClientLink) -> bool:
        """See BaseConnector. Whoever does not answer for one of the names on his certificate is
        not asked about others."""
        misdirected = super().parts(host, link)
        if misdirected:
            self._lenders.remove(link)
        return misdirected

    def answered(self, link: ClientLink) -> None:
        """See BaseConnector."""
        fresh = self._fresh.pop(link, None)
        if fresh is not None:
            self._dialer.keep_session(*fresh)

    def lost(self, link: ClientLink, exc: BaseException | None) -> None:
        """See ClientRole."""
        self._fresh.pop(link, None)
        self._lenders.remove(link)
        super().lost(link, exc)

    def close(self, *, abort_ssl: bool = False) -> Awaitable[None]:
        """See BaseConnector.close(); the resolver is closed, too, where it is the connector's."""
        if self._closed:
            return super().close(abort_ssl=abort_ssl)
        ended = super().close(abort_ssl=abort_ssl)
        if self._loop.is_closed():
            return ended
        return Pending(wait_for(asyncio.ensure_future(self._end(ended), loop=self._loop)))

    async def _end(self, ended: Awaitable[None]) -> None:
        await self._names.close()
        if self._own_resolver:
            await self._resolver.close()
        await ended


def _checked_address(given: Any) -> tuple[str, int]:
    if isinstance(given, (tuple, list)) and len(given) > 1:
        host, port = given[:2]
        if isinstance(host, str) and isinstance(port, int):
            return tuple(given)
    raise TypeError(f"local_addr takes (host, port), not {given!r:.80}")
