"""Connectors: carry out what the pool decides, and keep the books of every connection."""

import asyncio
import contextlib
import ssl as ssl_module
import warnings
from collections import deque
from typing import Any, Final, Self

from aiolos_protocol.clock import Clock
from aiolos_protocol.contracts import Connect
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits
from aiolos_protocol.link.h1_client import H1ClientLink

from .dialer import dial
from .errors import ClientConnectionError, ServerTimeoutError
from .keys import ConnectionKey
from .pool import Plan, Pool

KEEPALIVE_TIMEOUT: Final = 15.0


class BaseConnector:
    """Opens, shares and closes connections; usable by several sessions.

    `limit` bounds the connections in use, `limit_per_host` those to one host and port (0: no
    bound); `keepalive_timeout` how long an idle one is kept, in seconds. Must be made in a
    running loop. `connect_by`, where it is set, opens the connections in place of sockets.
    """

    def __init__(
        self,
        *,
        keepalive_timeout: float = KEEPALIVE_TIMEOUT,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        limits: Limits = DEFAULT_LIMITS,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._clock = Clock(self._loop)
        self._keepalive_timeout = keepalive_timeout
        self._force_close = force_close
        self._limits = limits
        self._pool: Pool[H1ClientLink] = Pool(limit, limit_per_host)
        self._keys: dict[H1ClientLink, ConnectionKey] = {}
        self._waiting: deque[tuple[ConnectionKey, asyncio.Future[None]]] = deque()
        self._emptied: asyncio.Future[None] | None = None
        self._closed = False
        self.connect_by: Connect | None = None

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._closed

    @property
    def limit(self) -> int:
        """The bound on connections in use; 0 for none."""
        return self._pool.limit

    @property
    def limit_per_host(self) -> int:
        """The bound for one host and port; 0 for none."""
        return self._pool.limit_per_host

    @property
    def force_close(self) -> bool:
        """Whether connections are closed after each request."""
        return self._force_close

    # For sessions.

    def take(self, key: ConnectionKey) -> H1ClientLink | Plan:
        """An idle connection at once, or what connect() would do; see Pool.take."""
        if self._waiting and any(waiting == key for waiting, _ in self._waiting):
            # Whoever waits was here before.
            return Plan.WAIT
        link = self._pool.take(key)
        while isinstance(link, H1ClientLink) and not link.is_reusable():
            self._pool.give_up(key)
            link = self._pool.take(key)
        return link

    def close_idle(self, key: ConnectionKey) -> None:
        """Close the idle connections of `key`."""
        for link in self._pool.idle(key):
            link.abort()
            self._pool.forget(key, link)
            del self._keys[link]

    async def connect(
        self,
        key: ConnectionKey,
        plan: Plan,
        connect_timeout: float | None,
        dial_timeout: float | None,
    ) -> H1ClientLink:
        """A connection for `key`, dialled or waited for; `plan` is what take() said.

        Raises ClientConnectorError, and ServerTimeoutError where `connect_timeout` seconds pass
        before a connection is had or `dial_timeout` seconds of dialling.
        """
        try:
            async with asyncio.timeout(connect_timeout):
                while plan is Plan.WAIT:
                    await self._free_place(key)
                    taken = self._pool.take(key)
                    if isinstance(taken, Plan):
                        plan = taken
                    elif taken.is_reusable():
                        return taken
                    else:
                        self._pool.give_up(key)
                return await self._open(key, dial_timeout)
        except TimeoutError as error:
            if isinstance(error, ServerTimeoutError):
                raise
            raise ServerTimeoutError(
                f"no connection to {key.host}:{key.port} within connect={connect_timeout:g} s"
                f" ({self._pool.in_use} of limit={self._pool.limit} connections in use)"
            ) from error

    async def _open(self, key: ConnectionKey, dial_timeout: float | None) -> H1ClientLink:
        try:
            async with asyncio.timeout(dial_timeout):
                link: H1ClientLink = await dial(
                    self._loop, self._new_link, key, self.connect_by, **self._dial_options()
                )
        except TimeoutError as error:
            self._gave_up(key)
            raise ServerTimeoutError(
                f"no connection to {key.host}:{key.port} within sock_connect={dial_timeout:g} s"
            ) from error
        except BaseException:
            self._gave_up(key)
            raise
        self._keys[link] = key
        if self._closed:
            link.abort()
            raise ClientConnectionError("the connector was closed while connecting")
        if self._force_close:
            link.keep_alive = False
        return link

    def _new_link(self) -> H1ClientLink:
        return H1ClientLink(self._loop, self._clock, self._limits, self)

    def _dial_options(self) -> dict[str, Any]:
        return {}

    async def _free_place(self, key: ConnectionKey) -> None:
        place = self._loop.create_future()
        entry = (key, place)
        self._waiting.append(entry)
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                # It was given to this one, which cannot use it.
                self._serve_next()
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(entry)

    def _gave_up(self, key: ConnectionKey) -> None:
        self._pool.give_up(key)
        self._serve_next()

    def _serve_next(self) -> None:
        """Wake the first one that waits and for whom there is room."""
        for key, place in self._waiting:
            if place.done():
                continue
            plan = self._pool.take(key)
            if plan is Plan.WAIT:
                continue
            # It takes for itself, at the loop's next turn.
            if isinstance(plan, Plan):
                self._pool.give_up(key)
            else:
                self._pool.give_back(key, plan)
            place.set_result(None)
            return

    # For links (aiolos_protocol.exchange.ClientRole).

    def recycled(self, link: H1ClientLink) -> None:
        """See ClientRole."""
        key = self._keys[link]
        if self._closed:
            link.close()
            return
        link.deadline = self._clock.now + self._keepalive_timeout
        link.on_deadline = link.close
        self._pool.give_back(key, link)
        if self._waiting:
            self._serve_next()

    def lost(self, link: H1ClientLink, exc: BaseException | None) -> None:
        """See ClientRole."""
        key = self._keys.pop(link, None)
        if key is not None and not self._pool.forget(key, link):
            self._pool.give_up(key)
        if self._waiting:
            self._serve_next()
        emptied = self._emptied
        if emptied is not None and not self._keys and not emptied.done():
            emptied.set_result(None)

    # Ends.

    async def close(self) -> None:
        """Close every connection and wait until they are; may be repeated."""
        if not self._closed:
            self._closed = True
            for _, place in self._waiting:
                if not place.done():
                    place.set_exception(ClientConnectionError("the connector was closed"))
            for link in list(self._keys):
                if link.is_idle():
                    link.close()
                else:
                    link.abort()
        if self._keys:
            self._emptied = self._emptied or self._loop.create_future()
            await asyncio.wait([self._emptied], timeout=1.0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True) and self._keys:
            warnings.warn(
                f"unclosed {self!r} with {len(self._keys)} connections",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )
            for link in list(self._keys):
                link.abort()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} 0x{id(self):x}>"


class TCPConnector(BaseConnector):
    """Connections over TCP, TLS included.

    `ssl`: True (default) verifies certificates by the system's authorities, False does not verify
    at all, an SSLContext decides by itself. `family` and `local_addr` as in
    loop.create_connection().
    """

    def __init__(
        self,
        *,
        ssl: "ssl_module.SSLContext | bool" = True,
        family: int = 0,
        local_addr: tuple[str, int] | None = None,
        keepalive_timeout: float = KEEPALIVE_TIMEOUT,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        limits: Limits = DEFAULT_LIMITS,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(
            keepalive_timeout=keepalive_timeout,
            force_close=force_close,
            limit=limit,
            limit_per_host=limit_per_host,
            limits=limits,
            loop=loop,
        )
        if not isinstance(ssl, (bool, ssl_module.SSLContext)):
            raise TypeError(f"ssl takes True, False or an SSLContext, not {ssl!r}")
        self.ssl = ssl
        self._family = family
        self._local_addr = local_addr

    def _dial_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self._family:
            options["family"] = self._family
        if self._local_addr:
            options["local_addr"] = self._local_addr
        return options
