"""What does one connection cost: memory while it is idle, and time for one request at low load?

Compares with aiohttp and with uvicorn around a bare ASGI function, all on uvloop. Run without
arguments to compare; `--serve NAME` is the measured process.
"""

import argparse
import asyncio
import gc
import os
import socket
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from measure import ServerProcess, run_loop, serve_until_stopped

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1\r\nAccept: */*\r\n\r\n"


async def raw(scope: Any, receive: Any, send: Any) -> None:
    """The least that an ASGI application can do."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"13")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"Hello, world!"})


async def serve(name: str) -> None:
    """Serve as `name` on a free port."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=4096)
    port = sock.getsockname()[1]
    gc.freeze()
    if name == "uvicorn":
        import uvicorn

        config = uvicorn.Config(raw, log_level="error", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve([sock]))
        await serve_until_stopped(port)
        server.should_exit = True
        await serving
        return
    web: Any
    if name == "aiohttp":
        from aiohttp import web
    else:
        from aiolos_server import web

    async def hello(request: Any) -> Any:
        return web.Response(text="Hello, world!")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(raw if name == "hosted" else app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, sock, backlog=4096).start()
    await serve_until_stopped(port)
    await runner.cleanup()


def resident(pid: int) -> int:
    """The bytes that a process has for itself."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines[1:])
    return 1024 * sum(int(fields[name].split()[0]) for name in ("Private_Dirty", "Private_Clean"))


async def held(server: ServerProcess, count: int) -> float:
    """KiB for each of `count` connections that have asked once and are kept."""
    before = 0
    streams = []
    for number in range(count + 50):
        if number == 50:
            # The first ones have paid for what all share.
            before = resident(server.process.pid)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        streams.append((reader, writer))
        await ask(reader, writer)
    size = resident(server.process.pid) - before
    for reader, writer in streams:
        # It was kept indeed.
        await ask(reader, writer)
        writer.close()
    return size / count / 1024


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request."""
    writer.write(REQUEST)
    assert (await reader.readuntil(b"Hello, world!")).startswith(b"HTTP/1.1 200")


def asked(port: int, count: int) -> list[float]:
    """Microseconds of `count` requests one after the other, with pauses between them."""
    times = []
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            begun = time.perf_counter()
            sock.sendall(REQUEST)
            answer = b""
            # uvicorn sends the head by itself.
            while not answer.endswith(b"world!"):
                answer += sock.recv(65536)
            times.append((time.perf_counter() - begun) * 1e6)
            time.sleep(0.0005)
    return times[count // 10 :]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=2000)
    options = parser.parse_args()
    if options.serve:
        run_loop(serve(options.serve), "uvloop")
        return
    names = ("aiolos", "hosted", "aiohttp", "uvicorn")
    print("idle keep-alive connection, KiB (median and range of rounds, a process for each)")
    for name in names:
        sizes = []
        for _ in range(options.rounds):
            server = ServerProcess.start(name, "server_connection.py", "--serve", name)
            sizes.append(run_loop(held(server, options.connections), "uvloop"))
            server.stop()
        print(f"  {name:<10} {statistics.median(sizes):6.2f}  {min(sizes):.2f}..{max(sizes):.2f}")
    print("one request at low load, microseconds (median of interleaved rounds)")
    servers = {
        name: ServerProcess.start(name, "server_connection.py", "--serve", name) for name in names
    }
    halves: dict[str, list[float]] = {name: [] for name in names}
    tails: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name, server in servers.items():
            cuts = statistics.quantiles(asked(server.port, 2000), n=100)
            halves[name].append(cuts[49])
            tails[name].append(cuts[98])
    for name in names:
        servers[name].stop()
        half, tail = statistics.median(halves[name]), statistics.median(tails[name])
        print(f"  {name:<10} p50 {half:6.0f}  p99 {tail:6.0f}")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "1")
    sys.exit(main())
