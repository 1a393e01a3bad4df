"""What does HTTP/2 cost a server, beside granian's and hypercorn's? h2load (nghttp2) asks.

Rows: small (10 connections, 10 streams each), mebibyte (bodies of 1 MiB), upload10m (10 MiB on up
to 100 streams). Run without `--serve` to compare; `--serve NAME LOOP` is the measured process.
Servers that are not installed are left out. "pure" is ours from the Python sources.
"""

import argparse
import asyncio
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import ServerProcess, report, rounds, run_loop, serve_until_stopped

MEBIBYTE = bytes(1024**2)
GREETING = "Hello, world!"


@dataclass
class Row:
    """What h2load asks for, how often, over how many connections and streams, with which body."""

    path: str
    count: int
    connections: int
    streams: int
    upload: int = 0


ROWS = {
    "small": Row("/", 20_000, 10, 10),
    "mebibyte": Row("/mebibyte", 400, 4, 4),
    "upload10m": Row("/upload", 100, 1, 100, 10 * 1024**2),
}


async def serve_aiolos(sock: socket.socket) -> None:
    """Ours."""
    from aiolos_server import web

    async def greeting(request: Any) -> Any:
        return web.Response(text=GREETING)

    async def mebibyte(request: Any) -> Any:
        return web.Response(body=MEBIBYTE)

    async def upload(request: Any) -> Any:
        size = 0
        async for piece in request.content.iter_any():
            size += len(piece)
        return web.Response(text=str(size))

    app = web.Application()
    app.router.add_get("/", greeting)
    app.router.add_get("/mebibyte", mebibyte)
    app.router.add_post("/upload", upload)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    await serve_until_stopped(sock.getsockname()[1])
    await runner.cleanup()


async def serve_granian(sock: socket.socket) -> None:
    """Granian by its own interface, RSGI."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    async def application(scope: Any, protocol: Any) -> None:
        if scope.path == "/":
            protocol.response_str(200, [("content-type", "text/plain; charset=utf-8")], GREETING)
        elif scope.path == "/mebibyte":
            protocol.response_bytes(200, [("content-type", "application/octet-stream")], MEBIBYTE)
        else:
            size = 0
            async for piece in protocol:
                size += len(piece)
            protocol.response_str(200, [("content-type", "text/plain")], str(size))

    port = sock.getsockname()[1]
    sock.close()
    server = Server(
        application,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http2,
        log_enabled=False,
    )
    serving = asyncio.ensure_future(server.serve())
    await _listens(port)
    await serve_until_stopped(port)
    serving.cancel()


async def serve_hypercorn(sock: socket.socket) -> None:
    """Hypercorn, which is all Python."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = {"/": GREETING.encode(), "/mebibyte": MEBIBYTE}.get(scope["path"])
        if body is None:
            size, more = 0, True
            while more:
                message = await receive()
                size += len(message.get("body", b""))
                more = message.get("more_body", False)
            body = str(size).encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    port = sock.getsockname()[1]
    sock.close()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    stop = asyncio.Event()
    serving = asyncio.ensure_future(serve(application, config, shutdown_trigger=stop.wait))
    await _listens(port)
    await serve_until_stopped(port)
    stop.set()
    await serving


async def _listens(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


SERVERS = {
    "aiolos": serve_aiolos,
    "pure": serve_aiolos,
    "granian": serve_granian,
    "hypercorn": serve_hypercorn,
}


def start(name: str, loop: str) -> ServerProcess:
    """A server in a process of its own."""
    if name == "pure":
        os.environ["AIOLOS_PURE"] = "1"
    try:
        return ServerProcess.start(name, "http2_server.py", "--serve", name, loop)
    finally:
        os.environ.pop("AIOLOS_PURE", None)


def load(row: Row, port: int, share: float, upload: Path) -> int:
    """Have h2load ask; how many requests succeeded."""
    count = max(row.connections * row.streams, int(row.count * share))
    command = ["h2load", "-n", str(count), "-c", str(row.connections), "-m", str(row.streams)]
    if row.upload:
        upload.write_bytes(bytes(row.upload))
        command += ["-d", str(upload)]
    command.append(f"http://127.0.0.1:{port}{row.path}")
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    found = re.search(r"(\d+) succeeded", output)
    if found is None or int(found[1]) != count:
        raise SystemExit(output)
    return count


def compare(name: str, names: list[str], loop: str, count: int, share: float) -> None:
    """Measure the row `name` on all servers, interleaved, and print the ratios."""
    row = ROWS[name]
    servers = {each: start(each, loop) for each in names}
    with tempfile.TemporaryDirectory() as folder:
        upload = Path(folder) / "upload"

        def rate(each: str) -> float:
            server = servers[each]
            # The slow ones need not be asked as often.
            part = share / 10 if each in ("hypercorn", "pure") else share
            before = server.cpu()
            asked = load(row, server.port, part, upload)
            return asked / (server.cpu() - before)

        try:
            for each in names:
                rate(each)
            rates = rounds(names, rate, count)
        finally:
            for server in servers.values():
                server.stop()
    pairs = [("aiolos", "granian"), ("aiolos", "hypercorn"), ("pure", "hypercorn")]
    pairs = [pair for pair in pairs if set(pair) <= set(names)]
    title = f"server, HTTP/2, {name}, {loop}, {row.connections} x {row.streams} streams"
    report(title, rates, pairs)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=2, metavar=("NAME", "LOOP"))
    parser.add_argument("--loops", nargs="+", default=["uvloop"])
    parser.add_argument("--rows", nargs="+", default=list(ROWS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0, help="of the requests of each row")
    options = parser.parse_args()
    if options.serve:
        name, loop = options.serve
        sock = socket.create_server(("127.0.0.1", 0))
        run_loop(SERVERS[name](sock), loop)
        return
    if shutil.which("h2load") is None:
        raise SystemExit("h2load is not there: apt install nghttp2-client")
    names = ["aiolos", "pure"]
    names += [each for each in ("granian", "hypercorn") if importlib.util.find_spec(each)]
    for loop in options.loops:
        for name in options.rows:
            compare(name, names, loop, options.rounds, options.share)


if __name__ == "__main__":
    sys.exit(main())
