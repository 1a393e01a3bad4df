"""Servers for tests, on a free port of the loopback interface."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from enum import Enum
from socket import AddressFamily, socket
from ssl import SSLContext
from typing import Any, NoReturn, Self

from aiolos_protocol import siblings
from aiolos_protocol.contracts import Runner, Servable
from yarl import URL

from .acceptor import Acceptor
from .asgi import AsgiServable, is_asgi
from .asgi.scope import Application as AsgiApplication
from .faults.plan import Faults
from .faults.supply import Supply
from .memory import MemoryListener
from .ports import get_port_socket


class _State(Enum):
    NEW = "has not been started: write 'async with' before it, or await start_server()"
    RUNNING = "is running"
    CLOSED = "is closed; a test server serves once, make another one"


class BaseTestServer(ABC):
    """What TestServer and RawTestServer share: an address, a start, an end.

    `async with` starts and closes it. `transport` is "tcp", or "memory" for connections without
    sockets, which a TestClient makes by connect(). `host` is what URLs name and what is bound,
    `port` the port to bind, None for a free one; `ssl` is the context for TLS; `scheme` is "http"
    or "https", "" for what that implies. `socket_factory(host, port, family)` gives the bound
    socket.
    `skip_url_asserts` lets make_url() take absolute URLs. `faults` are what the connections
    suffer, one each. Other options are the runner's.
    """

    __test__ = False

    def __init__(
        self,
        *,
        transport: str = "tcp",
        scheme: str = "",
        host: str = "127.0.0.1",
        port: int | None = None,
        ssl: SSLContext | None = None,
        skip_url_asserts: bool = False,
        faults: Faults = (),
        socket_factory: Callable[[str, int, AddressFamily], socket] = get_port_socket,
        **options: Any,
    ) -> None:
        if transport not in ("tcp", "memory"):
            raise ValueError(f"transport is 'tcp' or 'memory', not {transport!r}")
        self.transport = transport
        self.scheme = scheme
        self.host = host
        self.port = port
        self.runner: Runner | None = None
        self._skip_url_asserts = skip_url_asserts
        self._socket_factory = socket_factory
        self._supply = Supply(faults) if faults else None
        self._ssl = ssl
        self._options = options
        self._state = _State.NEW
        self._listener: MemoryListener | None = None

    @abstractmethod
    async def _make_runner(self, **options: Any) -> Runner:
        """The runner to set up."""

    @property
    def handler(self) -> Any:
        """The protocol factory of the runner, where it has one; None while it does not run."""
        return getattr(self.runner, "server", None)

    @property
    def started(self) -> bool:
        """True once it has been started, also after its end."""
        return self._state is not _State.NEW

    @property
    def closed(self) -> bool:
        """True after its end."""
        return self._state is _State.CLOSED

    async def start_server(self, *, ssl: SSLContext | None = None, **options: Any) -> None:
        """Start the application and listen, by TLS where `ssl` is given, here or before.

        `options` are the runner's. A handler whose client is gone is cancelled, so that closing
        need not wait for it; handler_cancellation=False lets it go on. Raises RuntimeError for a
        second start, OSError where the address cannot be bound, and what the application's
        start-up raises.
        """
        if self.started:
            raise RuntimeError(f"{self._name} {self._state.value}: start_server() comes once")
        ssl = ssl or self._ssl
        merged = {"handler_cancellation": True, **self._options, **options}
        runner = self.runner = await self._make_runner(**merged)
        self._state = _State.RUNNING
        try:
            await runner.setup()
            if self.transport == "memory":
                await self._listen_in_memory(runner, ssl)
            else:
                await self._listen(runner, ssl)
        except BaseException:
            await self.close()
            raise
        self.scheme = self.scheme or ("http" if ssl is None else "https")

    async def _listen(self, runner: Runner, ssl: SSLContext | None) -> None:
        family = AddressFamily.AF_INET6 if ":" in self.host else AddressFamily.AF_INET
        sock = self._socket_factory(self.host, self.port or 0, family)
        self.port = sock.getsockname()[1]
        supply = self._supply
        if supply is None:
            await runner.listen(sock, ssl=ssl)
            return
        if ssl is not None and getattr(self.handler, "http2", False):
            # As runner.listen() does; what accepts here is not the runner's.
            ssl.set_alpn_protocols(["h2", "http/1.1"])

        async def open_acceptor(factory: Callable[[], Any]) -> Acceptor:
            return Acceptor(sock, factory, supply, tls=ssl)

        await runner.serve(open_acceptor)

    async def _listen_in_memory(self, runner: Runner, ssl: SSLContext | None) -> None:
        if ssl is not None:
            raise ValueError("there is no TLS in memory: leave out ssl, or transport='memory'")
        self.port = self.port or 80

        async def open_listener(factory: Callable[[], Any]) -> MemoryListener:
            if self._supply is not None:
                factory = self._supply.over(factory)
            self._listener = MemoryListener(factory)
            return self._listener

        await runner.serve(open_listener)

    async def connect(
        self, factory: Callable[[], Any], host: str, port: int, *, ssl: SSLContext | None
    ) -> Any:
        """Connect to a server in memory; see contracts.Connect."""
        if (host, port) != (self.host, self.port) or self._listener is None:
            raise ConnectionRefusedError(
                f"only the test server {self.host}:{self.port} is there in memory, "
                f"not {host}:{port}"
            )
        if ssl is not None:
            raise ConnectionRefusedError("there is no TLS in memory: ask http, not https")
        protocol = factory()
        self._listener.connect(protocol)
        return protocol

    def make_url(self, path: str | URL) -> URL:
        """The absolute URL of `path`, which begins with "/". ValueError for another one."""
        if self._state is not _State.RUNNING:
            raise RuntimeError(f"{self._name} {self._state.value}")
        root = URL.build(scheme=self.scheme, host=self.host, port=self.port)
        text = str(path)
        if text.startswith("///"):
            # RFC 3986 3.2: an authority, which is empty, and a path.
            path = text[2:]
        elif text.startswith("//"):
            # A path all the same, as an attacker asks for it; joined it would name a host.
            return URL(f"{root}{path}")
        url = URL(path)
        if url.absolute:
            if self._skip_url_asserts:
                return url
            raise ValueError(
                f"make_url() takes a path like '/items?page=2', not {str(path)!r}: a test server "
                "has one address; a session of your own asks others"
            )
        if url.raw_path and not url.raw_path.startswith("/"):
            raise ValueError(f"make_url() takes a path that begins with '/', not {str(path)!r}")
        return root.join(url)

    async def close(self) -> None:
        """Stop accepting, end connections in order, stop the application; may be repeated."""
        if self._state is _State.RUNNING:
            self._state = _State.CLOSED
            self.port = None
            if self._supply is not None:
                self._supply.let_go()
            if self.runner is not None:
                await self.runner.cleanup()

    def __enter__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is entered by 'async with', not by 'with'")

    def __exit__(self, *exc: object) -> None:
        """Not reached: see __enter__."""

    async def __aenter__(self) -> Self:
        if self._state is not _State.RUNNING:
            await self.start_server()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @property
    def _name(self) -> str:
        return f"this {type(self).__name__}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.host}:{self.port} {self._state.name.lower()}>"


class TestServer(BaseTestServer):
    """Serves an application, whatever has `runner()` (contracts.Servable), or is ASGI."""

    def __init__(self, app: Servable | AsgiApplication, **options: Any) -> None:
        """`options` are BaseTestServer's. TypeError where `app` is nothing to serve."""
        super().__init__(**options)
        found = servable(app)
        if found is None:
            raise TypeError(
                f"TestServer takes an application, something with runner() or an ASGI "
                f"application, not {app!r:.80}{instead_of(app)}"
            )
        self.app: Any = app
        self._servable = found

    async def _make_runner(self, **options: Any) -> Runner:
        return self._servable.runner(**options)


def instead_of(app: Any) -> str:
    """What to write instead of `app`, which is nothing to serve."""
    if isinstance(app, type):
        return "; call the class first"
    if callable(app):
        return "; call it first if it makes the application; RawTestServer takes a handler"
    return "; has 'return app' been forgotten?" if app is None else ""


def servable(app: Any) -> Servable | None:
    """What serves `app`; None where nothing does."""
    if isinstance(app, Servable) and not isinstance(app, type):
        # Before ASGI: our own applications are both.
        return app
    return AsgiServable(app) if is_asgi(app) else None


class RawTestServer(BaseTestServer):
    """Answers every request by `handler(request)`: no application, no router.

    Raises MissingDistribution where aiolos-server is not installed.
    """

    def __init__(self, handler: Callable[[Any], Awaitable[Any]], **options: Any) -> None:
        """`options` are BaseTestServer's."""
        super().__init__(**options)
        if not callable(handler):
            raise TypeError(f"RawTestServer takes a coroutine function, not {handler!r:.80}")
        if hasattr(type(handler), "router"):
            raise TypeError("RawTestServer takes a handler; an application is TestServer's")
        self._servable = siblings.server("RawTestServer").from_handler(handler)

    async def _make_runner(self, **options: Any) -> Runner:
        return self._servable.runner(**options)
