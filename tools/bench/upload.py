"""How fast large bodies are received, on both loops, beside aiohttp.

    python tools/bench/upload.py [--rounds 5] [--mib 10]

A rate is MiB of bodies per CPU-second of the server; a handler awaits request.read().
"""

import argparse
import asyncio
import sys
from typing import Any

from measure import ServerProcess, report, rounds, run_loop, serve_until_stopped

COUNT = 20


def serve(kind: str, loop: str) -> None:
    """Run one server until SIGTERM."""
    web: Any
    if kind == "aiohttp":
        from aiohttp import web
    else:
        from aiolos import web

    async def handler(request: Any) -> Any:
        return web.Response(text=str(len(await request.read())))

    async def main() -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/", handler)
        own = kind == "aiolos"
        runner = app.runner(access_log=None) if own else web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        await serve_until_stopped(runner.addresses[0][1])
        await runner.cleanup()

    run_loop(main(), loop)


async def upload(port: int, size: int) -> None:
    """POST COUNT bodies of `size` bytes over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = bytes(size)
    for _ in range(COUNT):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(body)
        await writer.drain()
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert int(await reader.readexactly(length)) == size
    writer.close()
    await writer.wait_closed()


def main() -> None:
    """Measure all in turns."""
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], sys.argv[3])
        return
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--mib", type=int, default=10)
    chosen = options.parse_args()
    names = [f"{kind} {loop}" for loop in ("asyncio", "uvloop") for kind in ("aiolos", "aiohttp")]
    servers = {
        name: ServerProcess.start(name, "upload.py", "--serve", *name.split()) for name in names
    }

    def rate(name: str) -> float:
        server = servers[name]
        before = server.cpu()
        asyncio.run(upload(server.port, chosen.mib << 20))
        return COUNT * chosen.mib / (server.cpu() - before)

    for name in names:
        rate(name)
    seen = rounds(names, rate, chosen.rounds)
    for server in servers.values():
        server.stop()
    pairs = [(f"aiolos {loop}", f"aiohttp {loop}") for loop in ("asyncio", "uvloop")]
    report(f"POST of {chosen.mib} MiB, in MiB", seen, pairs)


if __name__ == "__main__":
    main()
