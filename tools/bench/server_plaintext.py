"""How much of what a loop can do does a plaintext answer through router and Response keep?

Run without arguments to compare; `--serve NAME LOOP` is the measured process.
"""

import argparse
import asyncio
import socket
import sys
from typing import Any

from measure import ServerProcess, repeat, report, rounds, run_loop, serve_until_stopped

REQUEST = (
    b"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1\r\n"
    b"Accept: text/plain\r\n\r\n"
)
CANNED = (
    b"HTTP/1.1 200 OK\r\nServer: canned\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 13\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\n\r\nHello, world!"
)


class Canned(asyncio.Protocol):
    """The limit: what the loop and the kernel take for themselves."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(CANNED)


async def serve(name: str) -> None:
    """Serve as `name` on a free port."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    if name == "canned":
        await asyncio.get_running_loop().create_server(Canned, sock=sock)
        await serve_until_stopped(port)
        return
    web: Any
    if name == "aiohttp":
        from aiohttp import web
    else:
        from aiolos_server import web

    async def plaintext(request: Any) -> Any:
        return web.Response(text="Hello, world!")

    app = web.Application()
    app.router.add_get("/plaintext", plaintext)
    app.router.add_get("/users/{name}", plaintext)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    await serve_until_stopped(port)
    await runner.cleanup()


def compare(loop: str, count: int, requests: int, connections: int) -> None:
    """Measure all servers on `loop`, interleaved, and print the ratios."""
    servers = {
        name: ServerProcess.start(name, "server_plaintext.py", "--serve", name, loop)
        for name in ("canned", "aiolos", "aiohttp")
    }

    def rate(name: str) -> float:
        server = servers[name]
        before = server.cpu()
        run_loop(repeat(server.port, REQUEST, requests, connections), loop)
        return requests / (server.cpu() - before)

    try:
        for name in servers:
            rate(name)
        rates = rounds(servers, rate, count)
    finally:
        for server in servers.values():
            server.stop()
    pairs = (("aiolos", "canned"), ("aiolos", "aiohttp"))
    report(f"server, plaintext, {loop}, {connections} connections", rates, pairs)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=2, metavar=("NAME", "LOOP"))
    parser.add_argument("--loops", nargs="+", default=["uvloop", "asyncio"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    if options.serve:
        run_loop(serve(options.serve[0]), options.serve[1])
        return
    for loop in options.loops:
        compare(loop, options.rounds, options.requests, options.connections)


if __name__ == "__main__":
    sys.exit(main())
