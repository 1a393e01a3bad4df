"""A server: makes links for accepted connections, knows them, ends them in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from aiolos_protocol.clock import Clock
from aiolos_protocol.limits import DEFAULT_LIMITS, WORDS, Limits, changed_limits
from aiolos_protocol.link.h1_server import H1ServerLink
from aiolos_protocol.link.h2_server import H2ServerLink
from aiolos_protocol.upgrade import Handover

from . import options
from ._version import __version__
from .abc import AbstractApplication
from .access_log import AbstractAccessLogger, AccessLogger, log_of
from .bare import Bare
from .connection import Connection
from .dispatch import Dispatcher
from .idle import IdleConnections
from .request import BaseRequest
from .response import StreamResponse

SERVER_SOFTWARE: Final = f"aiolos/{__version__}"

# What aiohttp takes and what has no meaning here: connections are looked after otherwise.
IDLE: Final = frozenset(("lingering_time", "loop", "tcp_keepalive", "timeout_ceil_threshold"))

# At shutdown a client that was active within WARM seconds may have a request under way: it has
# GRACE seconds to arrive and is answered with `Connection: close`.
WARM: Final = 1.0
GRACE: Final = 0.1


class Server:
    """A protocol factory: call it for each accepted connection; ServerRunner runs it.

    `app` is an application, or a handler that answers every request, of which `access_log` writes a
    line each. `loop` is the running one. Options in aiohttp's words are taken as well.
    `head_timeout` bounds the arrival of a request's head and `keepalive_timeout` the wait for a
    next one; within every `body_timeout` a client must send, and take, as much of a body as
    `limits.body_rate` demands. All are seconds, math.inf for no bound. `client_max_size` bounds the
    bodies that Request.read() joins, in bytes, 0 for no bound; `client_max_fields` those of a form,
    0 for no bound, None for `limits`' own; `auto_compress` sends texts of 1 KiB or more in the
    coding that the client prefers, `auto_decompress` undoes the codings of requests;
    `max_idle` caps the connections that wait for a next request, 0 or None for no cap;
    `max_connections` bounds the connections, where each stream of HTTP/2 that is at work counts as
    one, None for no bound: above it an idle one is closed, or else the new one is answered 503;
    above twice as many new ones are closed at once.
    `debug` answers errors with a page for developers, which must not be public, and logs which
    handler holds the loop.
    `server_header` is the Server field of responses, "" for none.
    `log_access(request, response, seconds)` is called after each response, None for none. `http2`
    False speaks HTTP/1.1 alone, and leaves a TLS context's ALPN as it is; else HTTP/2 is spoken by
    ALPN, and in the clear to clients that begin with its preface.
    """

    def __init__(
        self,
        app: "AbstractApplication | Callable[..., Awaitable[Any]]",
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        limits: Limits = DEFAULT_LIMITS,
        log_access: Callable[[BaseRequest, StreamResponse, float], None] | None = None,
        logger: logging.Logger | None = None,
        head_timeout: float = 30.0,
        keepalive_timeout: float = 75.0,
        body_timeout: float = 30.0,
        handler_cancellation: bool = False,
        client_max_size: int = 1024**2,
        client_max_fields: int | None = None,
        auto_compress: bool = False,
        max_idle: int | None = None,
        max_connections: int | None = None,
        auto_decompress: bool = True,
        http2: bool | None = None,
        debug: bool = False,
        server_header: str = SERVER_SOFTWARE,
        clock: Clock | None = None,
        access_log: logging.Logger | None = None,
        access_log_class: type[AbstractAccessLogger] = AccessLogger,
        access_log_format: str = AccessLogger.LOG_FORMAT,
        **words: Any,
    ) -> None:
        options.check_names("Server()", words.keys() - WORDS.keys() - IDLE, OPTIONS)
        given = {
            "head_timeout": head_timeout,
            "keepalive_timeout": keepalive_timeout,
            "body_timeout": body_timeout,
            "client_max_size": client_max_size,
            "client_max_fields": client_max_fields,
            "limits": limits,
            "max_connections": max_connections,
            "max_idle": max_idle,
        }
        options.check(given)
        if not isinstance(app, AbstractApplication):
            app = Bare(app)
        if loop is None:
            loop = asyncio.get_running_loop()
        if access_log and log_access is None:
            options.check_logger("access_log", access_log)
            log_access = log_of(access_log_class(access_log, access_log_format))
        self.app = app
        self.loop = loop
        self.limits = changed_limits(limits, words)
        self.log_access = log_access
        self.logger = logger or logging.getLogger("aiolos.server")
        self.head_timeout = head_timeout
        self.keepalive_timeout = keepalive_timeout
        self.body_timeout = body_timeout
        self.handler_cancellation = handler_cancellation
        self.client_max_size = client_max_size or 0
        self.client_max_fields = client_max_fields
        self.auto_compress = auto_compress
        # To make room for others, idle ones must be known.
        kept = max_idle or max_connections
        self.idle = IdleConnections(kept) if kept else None
        self.max_connections = max_connections
        self.auto_decompress = auto_decompress
        self.http2 = _speaks_http2(http2)
        self.debug = debug
        self.server_header = server_header
        self.has_prepare_hooks = app.has_prepare_hooks
        self.matches = dict(app.matches)
        self.clock = clock or Clock(loop)
        self.dispatcher = Dispatcher(loop, timed=debug)
        self.connections: set[Connection] = set()
        # Handlers that go on behind their requests.
        self.background: set[asyncio.Task[Any]] = set()
        self._surplus: set[Connection] = set()
        self._emptied: asyncio.Future[None] | None = None
        self._patient = True
        # Those of connections that are gone.
        self._requests = 0

    def __call__(self) -> Any:
        """A protocol for a new connection."""
        connection = Connection(self, self.idle)
        return H1ServerLink(
            self.loop,
            self.clock,
            self.limits,
            connection,
            self.server_header,
            self.head_timeout,
            self.keepalive_timeout,
            self.body_timeout,
            http2=partial(self._speak_http2, connection) if self.http2 else None,
        )

    def _speak_http2(self, connection: Connection, handover: Handover) -> None:
        """A peer speaks HTTP/2: each of its streams is served as a connection of its own."""
        self.forget(connection)
        link: Any = H2ServerLink(
            self.loop,
            self.clock,
            self.limits,
            lambda: Connection(self),
            self.server_header,
            self.head_timeout,
            self.keepalive_timeout,
            self.body_timeout,
            self.idle,
        )
        handover.attach(link)

    @property
    def requests_count(self) -> int:
        """How many requests have been received so far."""
        return self._requests + sum(connection.requests for connection in self.connections)

    @property
    def running(self) -> int:
        """How many requests are being handled."""
        return sum(connection.busy for connection in self.connections)

    @property
    def arriving(self) -> int:
        """How many requests are here in part."""
        return sum(connection.arriving for connection in self.connections)

    def admit(self, connection: Connection) -> bool:
        """Know `connection` from now on; whether its requests are to be answered.

        One that would be too many has its next request refused; twice as many are closed at once.
        """
        self.connections.add(connection)
        most = self.max_connections
        if most is None:
            return True
        self._surplus.discard(connection)
        if len(self.connections) - len(self._surplus) <= most:
            return True
        if self.idle is not None and self.idle.part():
            return True
        self._surplus.add(connection)
        if len(self._surplus) > most:
            self.logger.warning(
                "closed a connection from %s without an answer: twice max_connections=%s are open",
                connection.peer(),
                most,
            )
            connection.force_close()
        return False

    def forget(self, connection: Connection) -> None:
        """A connection is gone."""
        if connection in self.connections:
            self._requests += connection.requests
            self.connections.remove(connection)
        self._surplus.discard(connection)
        emptied = self._emptied
        if not self.connections and emptied is not None and not emptied.done():
            emptied.set_result(None)

    def pre_shutdown(self) -> None:
        """From now on every answer is its connection's last one."""
        for connection in list(self.connections):
            connection.go_away()

    async def shutdown(self, timeout: float | None = 60.0) -> None:
        """Wait up to `timeout` seconds for what runs, then cancel it. None waits for ever.

        Connections without a request are closed; what they have sent already is answered.
        """
        self.pre_shutdown()
        # The sockets' buffers are read once: what lies there has been accepted.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        grace = GRACE if timeout is None else min(GRACE, timeout)
        end = None if timeout is None else self.loop.time() + timeout
        for seconds in (WARM, 0.0):
            for connection in list(self.connections):
                connection.close_idle(seconds)
            if self._patient:
                await self._empty(grace if seconds else timeout)
        if self._patient and self.background:
            left = None if end is None else max(0.0, end - self.loop.time())
            await asyncio.wait(self.background, timeout=left)
        for connection in list(self.connections):
            connection.cut()
        for task in self.background:
            task.cancel()
        if self.background:
            await asyncio.wait(self.background, timeout=1.0)
        await self._empty(1.0)
        for connection in self.connections:
            connection.name_stubborn()
        self.dispatcher.close()

    def cut(self) -> None:
        """Make a shutdown() that is under way, or to come, wait for nothing."""
        self._patient = False
        if self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    async def _empty(self, timeout: float | None) -> None:
        if not self.connections:
            return
        self._emptied = self.loop.create_future()
        await asyncio.wait([self._emptied], timeout=timeout)
        self._emptied = None


OPTIONS: Final = options.names_of(Server.__init__) | WORDS.keys() | IDLE
"""The names of a Server's options, aiohttp's words for them included."""


def _speaks_http2(setting: object) -> bool:
    """What `http2=` says. A mistake must not switch it on: 0 and "no" mean the contrary."""
    if setting is None or isinstance(setting, bool):
        return setting is not False
    raise TypeError(
        f"http2 takes True or False, not {setting!r:.80}; True, the default, also serves clients "
        "that begin with HTTP/2 in the clear"
    )
