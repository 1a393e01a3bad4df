"""What connectors have in common: they carry out what the pool decides, and keep the books."""

import asyncio
import warnings
from collections.abc import Awaitable
from functools import partial
from typing import Any, Final, Self

from aiolos_protocol.clock import NEVER, Clock
from aiolos_protocol.contracts import Connect
from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.exchange import ClientLink
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits
from aiolos_protocol.link.h2_client import H2ClientLink
from aiolos_protocol.transport import READY, Pending, wait_for

from .errors import ClientConnectionError, ConnectionTimeoutError, ServerTimeoutError
from .given import check_count, check_instance, check_loop, check_seconds
from .keys import ConnectionKey
from .links import Links
from .negotiation import HTTP2Setting, check_http2, knows_http2, offers_http2
from .pool import Host, Pool, Sharing
from .tracing import (
    TraceConnectionCreateEndParams,
    TraceConnectionCreateStartParams,
    TraceConnectionQueuedEndParams,
    TraceConnectionQueuedStartParams,
    Traces,
)

KEEPALIVE_TIMEOUT: Final = 15.0
SCHEMES: Final = frozenset({"", "http", "https", "ws", "wss"})


class Unset:
    """Tells that a parameter was not given, where None means something."""


UNSET: Final = Unset()


class BaseConnector:
    """Opens, shares and closes connections; usable by several sessions.

    `limit` bounds the connections that are open, `limit_per_host` those in use for one host and
    port (0 or None: no bound); `keepalive_timeout` how long an idle one is kept, in seconds (None:
    as long as the server does). `force_close` uses each only once. `lenient` bears what careless
    servers of HTTP/1.1 send: lines that end in a bare LF, folded lines, white space behind a
    chunk's size (RFC 9112 2.2, 5.2, 7.1), bodies without a length whose TLS connection ends without
    close_notify (9.8). `http2` says whether HTTP/2 is spoken: None (default)
    where a server chooses it and the TLS context is ours, True also by contexts of the user's,
    whose ALPN is set for that, "prior-knowledge" in the clear as well, without asking; False never.
    Its connections are shared: `limit_per_host` counts requests then. Must be made in a running
    loop. `connect_by`, where it is set, opens the connections in place of sockets. A subclass has
    _dial(). `enable_cleanup_closed` and `timeout_ceil_threshold` have no effect.
    """

    allowed_protocol_schema_set: frozenset[str] = SCHEMES

    def __init__(
        self,
        *,
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
    ) -> None:
        self._closed = True
        if isinstance(keepalive_timeout, Unset):
            keepalive_timeout = KEEPALIVE_TIMEOUT
        elif force_close and keepalive_timeout is not None:
            raise ValueError("force_close=True keeps nothing alive: leave keepalive_timeout out")
        check_loop(loop)
        check_seconds("keepalive_timeout", keepalive_timeout, or_none=True)
        check_count("limit", limit, or_none=True)
        check_count("limit_per_host", limit_per_host, or_none=True)
        check_instance("limits", limits, Limits)
        self._loop = loop or asyncio.get_running_loop()
        self._clock = Clock(self._loop)
        self._keepalive_timeout = NEVER if keepalive_timeout is None else keepalive_timeout
        self._force_close = force_close
        self._limits = limits
        self._http2 = check_http2(http2)
        self._links = Links(self._loop, self._clock, limits, lenient, self._http2)
        self._pool = Pool(limit or 0, limit_per_host or 0)
        self._hosts: dict[Any, Host] = {}
        self._emptied: asyncio.Future[None] | None = None
        # What is being dialled ends with the connector.
        self._dialling: set[asyncio.Timeout] = set()
        self._closed = False
        self.connect_by: Connect | None = None

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._closed

    @property
    def limits(self) -> Limits:
        """The bounds of responses, where a session or a request sets no others."""
        return self._limits

    @property
    def limit(self) -> int:
        """The bound on open connections; 0 for none."""
        return self._pool.limit

    @property
    def limit_per_host(self) -> int:
        """The bound for one host and port; 0 for none."""
        return self._pool.limit_per_host

    @property
    def force_close(self) -> bool:
        """Whether connections are closed after each request."""
        return self._force_close

    @property
    def open_connections(self) -> int:
        """How many connections are open, idle ones included."""
        return len(self._hosts)

    # For senders.

    def host(self, key: ConnectionKey) -> Host:
        """What take() and connect() want; to be kept by whoever asks for `key` often."""
        shares = offers_http2(self._http2, key) or knows_http2(self._http2, key)
        hoped = shares and not self._force_close
        return self._pool.host(key, Sharing.HOPED if hoped else Sharing.NEVER)

    def take(self, host: Host) -> ClientLink | None:
        """A connection at hand, idle or shared, with room for one request more. Never suspends."""
        if host.shared or host.lender is not None:
            link = self._pool.join(host)
            if link is not None:
                return link  # type: ignore[no-any-return]
        while taken := self._pool.take(host):
            link, _ = taken
            if link.is_quiet():
                return link  # type: ignore[no-any-return]
            # It ended, or says what nobody asked for, and the loop has not been told yet.
            self._discard(link)
        return None

    def take_shared(self, host: Host) -> ClientLink | None:
        """As take(), but only a connection that many requests share."""
        return self._pool.join(host)  # type: ignore[no-any-return]

    def knows_http2(self, host: Host) -> bool:
        """Whether every connection to `host` speaks HTTP/2, without being asked to."""
        return knows_http2(self._http2, host.key)

    async def takes_websockets(self, link: Any) -> bool:
        """Whether the server of `link`, one of HTTP/2, takes extended CONNECT (RFC 8441 3), which
        its settings say and which is waited for. False leaves the link unused."""
        try:
            await link.settings()
            if link.connect_protocol and link.is_reusable():
                return True
        except ConnectionLost:
            pass
        except BaseException:
            self.unused(link)
            raise
        self.unused(link)
        return False

    def unused(self, link: ClientLink) -> None:
        """What take() or connect() gave is not needed: nothing was asked on it."""
        host = self._hosts.get(link)
        if host is not None and (link in host.shared or link.is_reusable()):
            self.recycled(link)
        else:
            link.abort()

    def close_all_idle(self) -> None:
        """Close the connections that nobody uses."""
        for host in self._pool.hosts():
            self.close_idle(host)

    def close_idle(self, host: Host) -> None:
        """Close the idle connections to `host`."""
        shared = [link for link, count in host.shared.items() if not count]
        for link in [*host.idle, *shared]:
            self._pool.forget(host, link)
            del self._hosts[link]
            link.abort()

    async def connect(
        self,
        host: Host,
        connect_timeout: float | None,
        dial_timeout: float | None,
        traces: Traces | None = None,
    ) -> tuple[ClientLink, bool]:
        """A connection for `host`, and whether it has served before; take() has given none.

        Raises ClientConnectorError, and ConnectionTimeoutError where `connect_timeout` seconds
        pass before a connection is had or `dial_timeout` seconds of dialling.
        """
        if self._closed:
            raise ClientConnectionError("the connector is closed")
        placed = False
        try:
            async with asyncio.timeout(connect_timeout):
                while not self._pool.reserve(host):
                    link = await self._wait(host, traces)
                    if link is None:
                        break
                    if link.is_reusable():
                        return link, True
                    # It ended between its being given and our being awake.
                    self.unused(link)
                placed = True
                link = await self._open(host, dial_timeout, traces)
                return link, self._hosts.get(link) is not host
        except TimeoutError as error:
            if isinstance(error, ServerTimeoutError) or connect_timeout is None:
                raise
            pool, bound = self._pool, f"connect={connect_timeout:g} s"
            if placed:
                raise ConnectionTimeoutError(
                    f"no connection to {host.key} within {bound}"
                ) from error
            raise ConnectionTimeoutError(
                f"no connection to {host.key} became free within {bound}: {pool.in_use} are in use"
                f" (limit={pool.limit}), {host.in_use} of them for this host"
                f" (limit_per_host={pool.limit_per_host}); raise the limit, or release responses"
            ) from error

    async def _wait(self, host: Host, traces: Traces | None) -> ClientLink | None:
        """Wait for one's turn: a connection, or None for a reserved place to open one."""
        if traces is not None:
            await traces.send("on_connection_queued_start", TraceConnectionQueuedStartParams())
            if self._pool.reserve(host):
                # A place came free while callbacks ran, when nobody stood in the queue yet.
                await traces.send("on_connection_queued_end", TraceConnectionQueuedEndParams())
                return None
        turn: asyncio.Future[ClientLink | None] = self._loop.create_future()
        ticket = self._pool.wait(host, turn)
        try:
            link = await turn
        except BaseException:
            self._pool.leave(host, ticket)
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # It was given to this one, which cannot use it.
                self._hand_back(host, turn.result())
            raise
        if traces is not None:
            try:
                await traces.send("on_connection_queued_end", TraceConnectionQueuedEndParams())
            except BaseException:
                self._hand_back(host, link)
                raise
        return link

    async def _open(
        self, host: Host, dial_timeout: float | None, traces: Traces | None
    ) -> ClientLink:
        """A new connection, for which a place is reserved, or another host's."""
        try:
            while surplus := self._pool.surplus():
                del self._hosts[surplus]
                surplus.abort()
            if traces is not None:
                await traces.send("on_connection_create_start", TraceConnectionCreateStartParams())
            factory = self._links.factory(host, self)
            async with asyncio.timeout(None) as until_closed:
                self._dialling.add(until_closed)
                try:
                    link: ClientLink = await self._dial(host.key, factory, traces, dial_timeout)
                finally:
                    self._dialling.discard(until_closed)
        except TimeoutError as error:
            self._gave_up(host)
            if self._closed:
                raise ClientConnectionError("the connector was closed while connecting") from None
            if dial_timeout is None:
                raise
            raise ConnectionTimeoutError(
                f"no connection to {host.key} within sock_connect={dial_timeout:g} s"
            ) from error
        except BaseException:
            self._gave_up(host)
            raise
        if link in self._hosts:
            self._borrow(host, link)
        else:
            self._register(host, link)
        if self._closed:
            link.abort()
            raise ClientConnectionError("the connector was closed while connecting")
        if traces is not None:
            try:
                await traces.send("on_connection_create_end", TraceConnectionCreateEndParams())
            except BaseException:
                self.unused(link)
                raise
        return link

    def _borrow(self, host: Host, link: Any) -> None:
        """Whoever asks `host` may use `link`, which is open to another host (RFC 9113 9.1.1)."""
        self._pool.borrow(host, self._hosts[link], link)
        self._share_out(host)
        if self._pool.is_waited_for():
            self._serve()

    def parts(self, host: Host, link: ClientLink) -> bool:
        """`link` has brought 421 (Misdirected Request). True where it was opened for another host:
        `host` has connections of its own from now on (RFC 9110 15.5.20)."""
        if self._hosts.get(link) is host or not isinstance(link, H2ClientLink):
            return False
        host.apart = True
        host.lender = None
        return True

    def _register(self, host: Host, link: Any) -> None:
        """`link` is open, and in use."""
        self._hosts[link] = host
        shares = isinstance(link, H2ClientLink)
        self._pool.opened(host, link, shares)
        if shares:
            link.on_settings = partial(self._settled, host, link)
            self._settled(host, link)
        if self._pool.is_waited_for():
            self._serve()

    def answered(self, link: ClientLink) -> None:
        """A response's head has come over `link`, which has TLS."""

    def _settled(self, host: Host, link: H2ClientLink) -> None:
        """The settings of a shared connection have changed, or are the first."""
        host.streams = link.most_streams
        self._share_out(host)

    async def _dial(
        self, key: ConnectionKey, factory: Any, traces: Traces | None, within: float | None
    ) -> Any:
        """The link that `factory` makes, or its Negotiation leads to, connected; or another
        host's shared one that has room and may serve `key`, too.

        TimeoutError where it takes more than `within` seconds, the look-up of names apart.
        """
        raise NotImplementedError

    # The books.

    def _hand_back(self, host: Host, link: ClientLink | None) -> None:
        """A turn that nobody takes."""
        if link is None:
            self._gave_up(host)
        else:
            self.unused(link)

    def _gave_up(self, host: Host) -> None:
        self._pool.failed(host)
        self._serve()

    def _discard(self, link: ClientLink) -> None:
        host = self._hosts.pop(link)
        link.abort()
        self._pool.release(host)

    def _serve(self) -> None:
        """Give what is free to those who wait."""
        while waiting := self._pool.next_waiting():
            host, turn = waiting
            if turn.done():
                # Cancelled, and not awake yet.
                continue
            link = self.take(host)
            if link is None:
                self._pool.reserve(host)
            turn.set_result(link)

    def _share_out(self, host: Host) -> None:
        """Give what its shared connections have room for to those who wait for `host`, or for one
        that it lends to, first come first."""
        sharers = [] if self._force_close else self._pool.sharers(host)
        while sharers:
            first = sharers[0] if len(sharers) == 1 else min(sharers, key=_first_ticket)
            ticket, turn = next(iter(first.waiting.items()))
            link = None if turn.done() else self._pool.join(first)
            if link is None and not turn.done():
                # It has no room for this one; another host may have more connections.
                sharers.remove(first)
                continue
            self._pool.leave(first, ticket)
            if link is not None:
                turn.set_result(link)
            if not first.waiting:
                sharers.remove(first)

    # For links (aiolos_protocol.exchange.ClientRole).

    def recycled(self, link: ClientLink) -> None:
        """See ClientRole."""
        host = self._hosts.get(link)
        if host is None or self._closed or self._force_close:
            link.close()
            return
        now = self._clock.now
        if host.shared and link in host.shared:
            if self._pool.part(host, link):
                link.on_deadline = None
                link.deadline = now + self._keepalive_timeout
            if host.waiting or host.borrowers is not None:
                self._share_out(host)
            if self._pool.is_waited_for():
                self._serve()
            return
        link.deadline = now + self._keepalive_timeout
        self._pool.give_back(host, link, now)
        if self._pool.is_waited_for():
            self._serve()

    def lost(self, link: ClientLink, exc: BaseException | None) -> None:
        """See ClientRole."""
        host = self._hosts.pop(link, None)
        if host is not None:
            self._pool.lose(host, link)
        if self._pool.is_waited_for():
            self._serve()
        emptied = self._emptied
        if emptied is not None and not self._hosts and not emptied.done():
            emptied.set_result(None)

    # Ends.

    def close(self, *, abort_ssl: bool = False) -> Awaitable[None]:
        """Close every connection, at once; awaiting waits, for a second at most, until they are.

        `abort_ssl` does so without the farewell of TLS. May be repeated.
        """
        if not self._closed:
            self._closed = True
            self._end_waiting()
            for until_closed in self._dialling:
                until_closed.reschedule(self._loop.time())
            for link in list(self._hosts):
                if link.is_idle() and not abort_ssl:
                    link.close()
                else:
                    link.abort()
        if not self._hosts or self._loop.is_closed():
            return READY
        if self._emptied is None:
            self._emptied = self._loop.create_future()
            self._loop.call_later(1.0, _settle, self._emptied)
        return Pending(wait_for(self._emptied))

    def _end_waiting(self) -> None:
        for host in self._pool.hosts():
            for turn in host.waiting.values():
                if not turn.done():
                    turn.set_exception(ClientConnectionError("the connector was closed"))
            host.waiting.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True) and self._hosts:
            warnings.warn(
                f"unclosed {self!r} with {len(self._hosts)} connections",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )
            if not self._loop.is_closed():
                for link in list(self._hosts):
                    link.abort()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} 0x{id(self):x}>"


def _first_ticket(host: Host) -> int:
    ticket: int = next(iter(host.waiting))
    return ticket


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
