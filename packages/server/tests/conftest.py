"""What the server's tests share: a peer in memory, real sockets, responses taken apart."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiolos_protocol.message import RequestHead
from aiolos_protocol.testkit import ManualClock, MemoryTransport, connected
from aiolos_server import web
from aiolos_server.component import from_handler
from aiolos_server.runner import AppRunner
from aiolos_server.server import Server
from aiolos_server.sites import SockSite

Handler = Callable[[Any], Awaitable[Any]]


@dataclass
class Answer:
    """A response, taken apart."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


def taken_apart(data: bytes, *methods: str) -> list[Answer]:
    """The responses in `data`, to requests by `methods` (GET where there are fewer)."""
    found: list[Answer] = []
    asked = list(methods)
    while data:
        head, separator, data = data.partition(b"\r\n\r\n")
        assert separator, f"no head: {head!r}"
        start, *lines = head.decode().split("\r\n")
        version, status, reason = start.split(" ", 2)
        assert version == "HTTP/1.1"
        headers = {}
        for line in lines:
            name, value = line.split(": ", 1)
            assert name.lower() not in headers or name.lower() == "set-cookie", line
            headers[name.lower()] = value
        body = b""
        interim = int(status) < 200
        method = "GET" if interim or not asked else asked.pop(0)
        if method == "HEAD" or interim or status in {"204", "304"}:
            pass
        elif "transfer-encoding" in headers:
            assert "content-length" not in headers
            body, data = unchunked(data)
        elif "content-length" in headers:
            size = int(headers["content-length"])
            body, data = data[:size], data[size:]
            assert len(body) == size, "cut short"
        else:
            body, data = data, b""
        found.append(Answer(int(status), reason, headers, body))
    return found


def unchunked(data: bytes) -> tuple[bytes, bytes]:
    """A chunked body and what is behind it."""
    body = b""
    while True:
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        if not size:
            assert data.startswith(b"\r\n")
            return body, data[2:]
        body += data[:size]
        assert data[size : size + 2] == b"\r\n"
        data = data[size + 2 :]


class Peer:
    """A client in memory: `transport` and the `server` behind it, whose `clock` stands still."""

    def __init__(self, server: Server, **extra: Any) -> None:
        self.server = server
        self.clock: Any = server.clock
        self.transport: MemoryTransport = connected(server.loop, server(), **extra)

    async def send(self, *pieces: bytes) -> bytes:
        """Send each piece from a callback of the loop; what came back once all is quiet."""
        loop = asyncio.get_running_loop()
        for piece in pieces:
            loop.call_soon(self.transport.receive, piece)
            await quiet()
        return self.transport.take()

    async def ask(self, *pieces: bytes) -> Answer:
        """Send a request; its only response."""
        method = pieces[0].partition(b" ")[0].decode()
        (answer,) = taken_apart(await self.send(*pieces), method)
        return answer

    @property
    def closed(self) -> bool:
        """Whether the server has ended the connection, or its half of it."""
        return self.transport.is_closing() or self.transport.eof_sent


async def quiet() -> None:
    """Let the loop turn until whatever needs no timer and no socket has happened."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Peer]]:
    """serve(handler, **Server's options) or serve(app=..., ...): a Peer."""
    servers: list[Server] = []

    def serve(handler: Handler | None = None, *, app: Any = None, **options: Any) -> Peer:
        if app is None:
            app = from_handler(handler or hello)
        app.freeze()
        options.setdefault("clock", ManualClock())
        server = Server(app, loop=asyncio.get_running_loop(), **options)
        servers.append(server)
        return Peer(server)

    yield serve
    for server in servers:
        await server.shutdown(0)


async def hello(request: Any) -> Any:
    """A handler."""
    return web.Response(text="hello")


Running = Callable[..., "contextlib.AbstractAsyncContextManager[tuple[str, int, AppRunner]]"]


@pytest.fixture
def running() -> Running:
    """`async with running(app or handler, ssl=..., **options) as (host, port, runner)`."""

    @contextlib.asynccontextmanager
    async def running(
        app: Any, *, ssl: Any = None, **options: Any
    ) -> AsyncIterator[tuple[str, int, AppRunner]]:
        servable = app if hasattr(app, "runner") else from_handler(app)
        runner = servable.runner(**options)
        await runner.setup()
        try:
            sock = socket.create_server(("127.0.0.1", 0))
            await SockSite(runner, sock, ssl_context=ssl).start()
            yield "127.0.0.1", sock.getsockname()[1], runner
        finally:
            await runner.cleanup()

    return running


@pytest.fixture
def answers() -> Callable[..., list[Answer]]:
    """answers(data, *methods): the responses in `data`."""
    return taken_apart


@pytest.fixture
def talk() -> Callable[..., Awaitable[bytes]]:
    """await talk(port, *pieces, ssl=None): what a server sends until it closes."""
    return conversation


@pytest.fixture
def found() -> Callable[..., web.UrlMappingMatchInfo]:
    """found(router, target, method="GET", host="a"): what the router finds, as a link asks it."""

    def found(
        router: web.UrlDispatcher, target: str, method: str = "GET", host: str = "a"
    ) -> web.UrlMappingMatchInfo:
        return router.find(RequestHead(method, target, authority=host))

    return found


@pytest.fixture
def settle() -> Callable[[], Awaitable[None]]:
    """await settle(): let the loop turn until all is quiet."""
    return quiet


async def conversation(port: int, *pieces: bytes, ssl: Any = None) -> bytes:
    """Send the pieces over a new connection; all that comes until the server closes it."""
    extra = {"ssl": ssl, "server_hostname": "localhost"} if ssl else {}
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **extra)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, TimeoutError):
            await writer.wait_closed()


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="aiolos")
