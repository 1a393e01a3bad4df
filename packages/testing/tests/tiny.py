"""A Servable of a few lines over the protocol package: what answers in this package's tests."""

import asyncio
import socket
from ssl import SSLContext
from typing import Any

from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import ProtocolError
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_server import H1ServerLink
from aiolos_protocol.message import RequestHead
from yarl import URL


class Role:
    """Answers `method target`."""

    def __init__(self, links: set[Any]) -> None:
        self.links = links

    def connected(self, link: Any) -> None:
        self.link = link
        self.links.add(link)

    def request_received(self, head: RequestHead) -> None:
        text = f"{head.method} {head.target}".encode()
        self.link.answer(head, 200, "OK", "text/plain", None, text, True)

    def request_refused(self, error: ProtocolError) -> tuple[int, bytes]:
        return error.status_hint, error.message.encode()

    def half_closed(self) -> None:
        pass

    busy = False

    def lost(self, exc: BaseException | None) -> None:
        self.links.discard(self.link)


class TinyRunner:
    """contracts.Runner."""

    def __init__(self, app: "Tiny", options: dict[str, Any]) -> None:
        self.app = app
        self.options = options
        self.listening: list[asyncio.Server] = []
        self.links: set[Any] = set()

    async def setup(self) -> None:
        self.app.events.append("setup")
        if self.app.broken:
            raise OSError("no database")

    async def listen(self, sock: socket.socket, *, ssl: SSLContext | None = None) -> URL:
        await self.serve(
            lambda factory: asyncio.get_running_loop().create_server(factory, sock=sock, ssl=ssl)
        )
        host, port = sock.getsockname()[:2]
        return URL.build(scheme="https" if ssl else "http", host=host, port=port)

    async def serve(self, open_server: Any) -> Any:
        loop = asyncio.get_running_loop()
        clock = Clock(loop)
        server = await open_server(
            lambda: H1ServerLink(loop, clock, DEFAULT_LIMITS, Role(self.links), "tiny")
        )
        self.listening.append(server)
        return server

    async def cleanup(self) -> None:
        self.app.events.append("cleanup")
        for server in self.listening:
            server.close()
        self.listening.clear()
        for link in list(self.links):
            link.abort()
        await asyncio.sleep(0)


class Tiny:
    """contracts.Servable. `events` tells what happened to it, `options` what runners got."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.events: list[str] = []
        self.options: dict[str, Any] = {}

    def runner(self, **options: Any) -> TinyRunner:
        self.options = options
        return TinyRunner(self, options)
