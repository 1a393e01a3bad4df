"""Runners: something set up to serve, and the sockets that it serves on."""

import asyncio
import contextlib
import logging
import signal
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from ssl import SSLContext
from typing import Any, Final, Protocol

from aiolos_protocol.limits import DEFAULT_LIMITS, WORDS, changed_limits
from yarl import URL

from . import options as known
from .abc import AbstractApplication
from .access_log import AbstractAccessLogger, AccessLogger, log_of
from .hosting import HostedApplication, is_asgi
from .hosting.scope import AsgiApplication
from .server import IDLE, OPTIONS, Server
from .signals import positional
from .tls import check_context, listening_options, offer_http2

access_logger = logging.getLogger("aiolos.access")


STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class GracefulExit(SystemExit):
    """Raised by a handler, a task or a callback of the loop, it ends run_app() in order."""

    code = 0


class BaseSite(Protocol):
    """A site, as its runner knows it."""

    @property
    def name(self) -> str: ...
    async def stop(self) -> None: ...


def _raise_graceful_exit() -> None:
    raise GracefulExit


class BaseRunner(ABC):
    """Keeps a server, its listening sockets and its sites; see contracts.Runner."""

    def __init__(
        self, *, handle_signals: bool = False, shutdown_timeout: float = 60.0, **options: Any
    ) -> None:
        """`options` are Server's, and access_log, access_log_class, access_log_format.

        `handle_signals` lets SIGINT and SIGTERM raise GracefulExit in the loop, from setup() to
        cleanup().
        """
        known.check({"shutdown_timeout": shutdown_timeout, **options})
        self._handle_signals = handle_signals
        self._options = options
        self._shutdown_timeout = shutdown_timeout
        self._server: Server | None = None
        self._ending: Server | None = None
        self._sites: list[BaseSite] = []
        self._stopped: tuple[BaseSite, ...] = ()
        self._listening: list[asyncio.Server] = []

    @property
    def server(self) -> Server | None:
        """The protocol factory; None before setup() and after cleanup()."""
        return self._server

    @property
    def addresses(self) -> list[Any]:
        """The addresses of all listening sockets, as socket.getsockname() gives them."""
        return [
            sock.getsockname()
            for server in self._listening
            # A named pipe has none.
            for sock in getattr(server, "sockets", ())
        ]

    @property
    def sites(self) -> set[BaseSite]:
        """The running sites."""
        return set(self._sites)

    @property
    def shutdown_timeout(self) -> float:
        """How long cleanup() waits for running handlers, in seconds."""
        return self._shutdown_timeout

    async def setup(self) -> None:
        """Start the application; once. Raises what its start-up raises."""
        if self._server is not None:
            return
        if self._handle_signals:
            loop = asyncio.get_running_loop()
            for number in STOP_SIGNALS:
                # Windows' loops have none.
                with contextlib.suppress(NotImplementedError):
                    loop.add_signal_handler(number, _raise_graceful_exit)
        try:
            self._server = self._ending = await self._make_server()
        except BaseException:
            self._let_go_of_signals()
            raise

    def _let_go_of_signals(self) -> None:
        if self._handle_signals:
            for number in STOP_SIGNALS:
                with contextlib.suppress(NotImplementedError):
                    asyncio.get_running_loop().remove_signal_handler(number)

    def cut(self) -> None:
        """Make a cleanup() that is under way, or to come, wait for no request."""
        if self._ending is not None:
            self._ending.cut()

    async def cleanup(self) -> None:
        """Stop accepting, let handlers finish, stop the application; may be repeated."""
        server, self._server = self._server, None
        if server is None:
            return
        self._let_go_of_signals()
        # One turn of the loop: connections in the kernel's queue would be reset with the socket.
        await asyncio.sleep(0)
        self._stopped = tuple(self._sites)
        for site in self._stopped:
            await site.stop()
        for listening in self._listening:
            listening.close()
        self._listening.clear()
        server.pre_shutdown()
        try:
            await self.shutdown()
            await server.shutdown(self._shutdown_timeout)
        finally:
            await self._cleanup_server()

    async def listen(self, sock: socket.socket, *, ssl: SSLContext | None = None) -> URL:
        """See contracts.Runner."""
        check_context(ssl)
        if ssl is not None and self._server is not None:
            offer_http2(ssl, self._server.http2)
        await self.serve(
            lambda factory: asyncio.get_running_loop().create_server(
                factory, sock=sock, **self.tls_options(ssl)
            )
        )
        scheme = "http" if ssl is None else "https"
        address = sock.getsockname()
        if not isinstance(address, tuple):
            return URL.build(scheme=scheme, host="localhost")
        return URL.build(scheme=scheme, host=address[0], port=address[1])

    def tls_options(self, context: SSLContext | None) -> dict[str, Any]:
        """What create_server() is told of `context`; after setup()."""
        return {} if self._server is None else listening_options(context, self._server.head_timeout)

    async def serve(self, open_server: Callable[[Callable[[], Any]], Any]) -> asyncio.Server:
        """Listen by `await open_server(factory)`; RuntimeError before setup()."""
        if self._server is None:
            raise RuntimeError(f"call and await {type(self).__name__}.setup() first")
        listening: asyncio.Server = await open_server(self._server)
        self._listening.append(listening)
        return listening

    def stop_listening(self, listening: asyncio.Server) -> None:
        """Accept nothing more there."""
        listening.close()
        with contextlib.suppress(ValueError):
            self._listening.remove(listening)

    def register(self, site: BaseSite) -> None:
        """Know `site` from now on."""
        self._sites.append(site)

    def unregister(self, site: BaseSite) -> None:
        """Forget `site`. RuntimeError where it is not known."""
        if site not in self._sites:
            raise RuntimeError(f"{site.name} does not listen: start() it before stop(), once")
        self._sites.remove(site)

    async def shutdown(self) -> None:
        """Run what the application wants to run while connections are being closed."""

    @abstractmethod
    async def _make_server(self) -> Server:
        """The server, started."""

    @abstractmethod
    async def _cleanup_server(self) -> None:
        """After the last connection."""


RUNNER_OPTIONS: Final = OPTIONS | known.names_of(BaseRunner.__init__)
"""The names of an AppRunner's options."""


class ServerRunner(BaseRunner):
    """Runs a Server that exists already."""

    def __init__(self, server: Server, **options: Any) -> None:
        super().__init__(**options)
        self._given = server

    async def _make_server(self) -> Server:
        return self._given

    async def _cleanup_server(self) -> None:
        pass


class AppRunner(BaseRunner):
    """Runs an application; knows it only as AbstractApplication."""

    def __init__(
        self,
        app: AbstractApplication | AsgiApplication,
        *,
        shutdown_timeout: float = 60.0,
        access_log: logging.Logger | None = access_logger,
        access_log_class: type[AbstractAccessLogger] = AccessLogger,
        access_log_format: str = AccessLogger.LOG_FORMAT,
        **options: Any,
    ) -> None:
        """`access_log` None writes none; `options` are Server's, and aiohttp's. An ASGI 3
        application is served as well."""
        if not isinstance(app, AbstractApplication):
            if not is_asgi(app):
                raise known.no_application("AppRunner", app)
            app = HostedApplication(app)
        known.check_names("AppRunner", options.keys() | app.handler_args.keys(), RUNNER_OPTIONS)
        options = {
            "shutdown_timeout": shutdown_timeout,
            "access_log": access_log,
            "access_log_class": access_log_class,
            "access_log_format": access_log_format,
            **app.serving_options,
            **options,
            **app.handler_args,
        }
        access_log = options.pop("access_log")
        access_log_class = options.pop("access_log_class")
        access_log_format = options.pop("access_log_format")
        super().__init__(**server_options(options))
        self._app = app
        self._access: AbstractAccessLogger | None = None
        if access_log:
            known.check_logger("access_log", access_log)
            known.check_subclass("access_log_class", access_log_class, AbstractAccessLogger)
            self._access = access_log_class(access_log, access_log_format)

    @property
    def app(self) -> AbstractApplication:
        """The application."""
        return self._app

    async def shutdown(self) -> None:
        """Send on_shutdown."""
        shutdown = self._app.shutdown
        # One that a subclass has overridden may take none.
        await shutdown(*(self._stopped,)[: positional(shutdown, 1)])

    async def _make_server(self) -> Server:
        app = self._app
        try:
            await app.startup()
            # Behind it: on_startup may still add routes and values.
            app.freeze()
        except BaseException:
            await app.cleanup()
            raise
        return self.make_server()

    def make_server(self) -> Server:
        """A server for the application, which has been started and frozen; needs a running loop."""
        app = self._app
        access = self._access
        log = None if access is None else log_of(access)
        options = {"logger": app.logger, **self._options}
        return Server(app, loop=asyncio.get_running_loop(), log_access=log, **options)

    async def _cleanup_server(self) -> None:
        await self._app.cleanup()


def server_options(options: dict[str, Any]) -> dict[str, Any]:
    """`options`, given in Server's words or in aiohttp's, in Server's: read_bufsize,
    max_line_size, max_field_size and max_headers are bounds of Limits."""
    rest = {name: value for name, value in options.items() if name not in IDLE | WORDS.keys()}
    limits = rest.get("limits", DEFAULT_LIMITS)
    changed = changed_limits(limits, options)
    return rest if changed is limits else {**rest, "limits": changed}
