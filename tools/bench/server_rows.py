"""What do the usual things cost a server, beside aiohttp's and beside canned bytes?

Rows: plaintext, routed (200 routes, a variable), middlewares (three), echo (1 KiB of JSON), orjson
(the same by orjson, so that HTTP's own part is seen), chunks (100 of 1 KiB), mebibyte (a body of
1 MiB), static100k, static50m, upload10m, tls (plaintext over TLS). Run without `--serve` to
compare; `--serve NAME LOOP` is the measured process.
"""

import argparse
import asyncio
import json
import socket
import ssl
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from measure import ServerProcess, report, rounds, run_loop, serve_until_stopped

FOLDER = Path(tempfile.gettempdir()) / "aiolos-bench"
SMALL, LARGE, UPLOAD = 100 * 1024, 50 * 1024**2, 10 * 1024**2
DOCUMENT = json.dumps({f"key{number}": "v" * 16 for number in range(32)}).encode()
DENSE = orjson.dumps(orjson.loads(DOCUMENT))
CHUNK, MEBIBYTE = b"x" * 1024, bytes(1024**2)


@dataclass
class Row:
    """A request, how often it is sent, over how many connections, and the canned answer's body."""

    request: bytes
    count: int
    connections: int = 32
    body: bytes = b"Hello, world!"
    tls: bool = False


def get(path: str) -> bytes:
    """A request as a small client sends it."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1\r\n"
        "Accept: text/plain\r\n\r\n"
    ).encode()


def post(path: str, body: bytes, kind: str) -> bytes:
    """The same with a body."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


ROWS = {
    "plaintext": Row(get("/plaintext"), 20_000),
    "routed": Row(get("/route150/ann/list"), 20_000),
    "middlewares": Row(get("/sub/plaintext"), 20_000),
    "echo": Row(post("/echo", DOCUMENT, "application/json"), 10_000, body=DOCUMENT),
    "orjson": Row(post("/orjson", DENSE, "application/json"), 10_000, body=DENSE),
    "chunks": Row(get("/chunks"), 2_000, body=CHUNK * 100),
    "mebibyte": Row(get("/mebibyte"), 1_000, 8, MEBIBYTE),
    "static100k": Row(get("/static/small"), 4_000, body=bytes(SMALL)),
    "static50m": Row(get("/static/large"), 40, 4, bytes(LARGE)),
    "tls": Row(get("/plaintext"), 20_000, tls=True),
    "upload10m": Row(post("/upload", bytes(UPLOAD), "application/octet-stream"), 100, 4),
}


class Canned(asyncio.Protocol):
    """The limit: reads the request, whatever its size, and writes one ready answer."""

    answer = b""
    size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.missing = self.size

    def data_received(self, data: bytes) -> None:
        self.missing -= len(data)
        if self.missing <= 0:
            self.missing = self.size
            self.transport.write(self.answer)


def make_app(web: Any) -> Any:
    """The same application for both frameworks."""

    async def plaintext(request: Any) -> Any:
        return web.Response(text="Hello, world!")

    async def echo(request: Any) -> Any:
        return web.json_response(await request.json())

    async def fast_echo(request: Any) -> Any:
        document = await request.json(loads=orjson.loads)
        return web.json_bytes_response(document, dumps=orjson.dumps)

    async def chunks(request: Any) -> Any:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(CHUNK)
        await response.write_eof()
        return response

    async def mebibyte(request: Any) -> Any:
        return web.Response(body=MEBIBYTE)

    async def upload(request: Any) -> Any:
        size = 0
        async for piece in request.content.iter_any():
            size += len(piece)
        return web.Response(text=str(size))

    @web.middleware
    async def through(request: Any, handler: Any) -> Any:
        return await handler(request)

    app = web.Application()
    app.router.add_get("/plaintext", plaintext)
    for number in range(200):
        app.router.add_get(f"/route{number}/{{name}}/list", plaintext)
    app.router.add_post("/echo", echo)
    app.router.add_post("/orjson", fast_echo)
    app.router.add_get("/chunks", chunks)
    app.router.add_get("/mebibyte", mebibyte)
    app.router.add_post("/upload", upload)
    app.router.add_static("/static", FOLDER)
    sub = web.Application(middlewares=[through, through, through])
    sub.router.add_get("/plaintext", plaintext)
    app.add_subapp("/sub", sub)
    return app


def serving_tls() -> ssl.SSLContext:
    """A context with a certificate that nobody knows."""
    import trustme

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


def asking_tls() -> ssl.SSLContext:
    """A context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def serve(name: str, row: Row) -> None:
    """Serve as `name` on a free port."""
    context = serving_tls() if row.tls else None
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    if name == "canned":
        Canned.size = len(row.request)
        head = (
            "HTTP/1.1 200 OK\r\nServer: canned\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(row.body)}\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\n\r\n"
        )
        Canned.answer = head.encode() + row.body
        await asyncio.get_running_loop().create_server(Canned, sock=sock, ssl=context)
        await serve_until_stopped(port)
        return
    web: Any
    if name == "aiohttp":
        from aiohttp import web
    else:
        from aiolos_server import web
    runner = web.AppRunner(make_app(web), access_log=None)
    await runner.setup()
    await web.SockSite(runner, sock, ssl_context=context).start()
    await serve_until_stopped(port)
    await runner.cleanup()


class Asking(asyncio.Protocol):
    """Sends the request again as soon as the answer, of known size, is there."""

    def __init__(self, request: bytes, size: int, budget: list[int], done: Any) -> None:
        self.request, self.size, self.budget, self.done = request, size, budget, done
        self.missing = size

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.missing -= len(data)
        if self.missing > 0:
            return
        self.missing = self.size
        if self.budget[0] > 0:
            self.budget[0] -= 1
            self.transport.write(self.request)
        else:
            self.transport.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def answer_size(port: int, row: Row) -> int:
    """How many bytes the answer takes, by Content-Length or its last chunk."""
    context = asking_tls() if row.tls else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**27, ssl=context)
    writer.write(row.request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head, head
    lower = head.lower()
    if b"content-length: " in lower:
        size = int(lower.partition(b"content-length: ")[2].split(b"\r\n")[0])
        await reader.readexactly(size)
    else:
        size = len(await reader.readuntil(b"\r\n0\r\n\r\n"))
    writer.close()
    await writer.wait_closed()
    return len(head) + size


async def load(port: int, row: Row, size: int) -> None:
    """Send the row's requests."""
    loop = asyncio.get_running_loop()
    context = asking_tls() if row.tls else None
    budget = [row.count - row.connections]
    ends = [loop.create_future() for _ in range(row.connections)]
    for done in ends:
        await loop.create_connection(
            lambda done=done: Asking(row.request, size, budget, done),
            "127.0.0.1",
            port,
            ssl=context,
        )
    await asyncio.gather(*ends)


def compare(name: str, loop: str, count: int) -> None:
    """Measure one row, interleaved, and print the ratios."""
    row = ROWS[name]
    servers = {
        each: ServerProcess.start(each, "server_rows.py", "--serve", each, loop, name)
        for each in ("canned", "aiolos", "aiohttp")
    }
    sizes: dict[str, int] = {}

    def rate(each: str) -> float:
        server = servers[each]
        if each not in sizes:
            sizes[each] = run_loop(answer_size(server.port, row), loop)
        before = server.cpu()
        run_loop(load(server.port, row, sizes[each]), loop)
        return row.count / (server.cpu() - before)

    try:
        for each in servers:
            rate(each)
        rates = rounds(servers, rate, count)
    finally:
        for server in servers.values():
            server.stop()
    report(f"server, {name}, {loop}", rates, (("aiolos", "canned"), ("aiolos", "aiohttp")))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=3, metavar=("NAME", "LOOP", "ROW"))
    parser.add_argument("--loops", nargs="+", default=["uvloop", "asyncio"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    for file, size in (("small", SMALL), ("large", LARGE)):
        if not (FOLDER / file).exists():
            (FOLDER / file).write_bytes(bytes(size))
    if options.serve:
        name, loop, row = options.serve
        run_loop(serve(name, ROWS[row]), loop)
        return
    for row in options.rows:
        for loop in options.loops:
            compare(row, loop, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
