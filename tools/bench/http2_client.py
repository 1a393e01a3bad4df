"""What do concurrent GETs over one HTTP/2 connection cost a client, beside its own HTTP/1.1?

Every answer is the same, and, in the rows called "varied", different in its fields, as those of
real servers are: identifiers, entity tags, dates, a cookie. Run without arguments to compare;
`--run NAME LOOP PORT` is the measured process, `--serve LOOP` the server. "pure" is HTTP/2 from
the Python sources.
"""

import os
import random
import socket
import sys
from typing import Any

from measure import (
    ServerProcess,
    client_main,
    client_run,
    report,
    rounds,
    run_loop,
    serve_until_stopped,
    time_gets,
)

NAMES = ("http1", "http2", "pure")
GREETING = "Hello, world!"


async def serve() -> None:
    """Both kinds of answers, over both versions, on a free port."""
    from aiolos_server import web

    async def plaintext(request: Any) -> Any:
        return web.Response(text=GREETING)

    async def varied(request: Any) -> Any:
        number = random.getrandbits(64)
        headers = {
            "X-Request-Id": f"{number:016x}",
            "ETag": f'"{number & 0xFFFFFFFF:x}"',
            "Last-Modified": f"Tue, 24 Nov 2026 12:{number % 60:02}:{number // 60 % 60:02} GMT",
            "Cache-Control": "private, max-age=60",
            "Vary": "Accept-Encoding, Cookie",
            "X-Response-Time": f"{number % 1000} us",
            "Strict-Transport-Security": "max-age=31536000",
        }
        response = web.Response(text=GREETING, headers=headers)
        response.set_cookie("seen", f"{number % 10_000_000}", path="/", httponly=True)
        return response

    app = web.Application()
    app.router.add_get("/plaintext", plaintext)
    app.router.add_get("/varied", varied)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, sock).start()
    await serve_until_stopped(sock.getsockname()[1])
    await runner.cleanup()


async def run(name: str, port: int, requests: int, workers: int) -> float:
    """Make `requests` requests with `workers` coroutines; the CPU seconds that they took."""
    import aiolos_client as client

    version, _, varied = name.partition("-")
    http2: Any = False if version == "http1" else "prior-knowledge"
    url = f"http://127.0.0.1:{port}/{varied or 'plaintext'}"
    async with client.ClientSession(http2=http2) as session:
        cpu = await time_gets(session, url, requests, workers)
        assert session.connector.open_connections == (workers if version == "http1" else 1)
    return cpu


def compare(loop: str, count: int, requests: int, workers: int) -> None:
    """Measure both versions on `loop`, interleaved, and print the ratios."""
    server = ServerProcess.start("aiolos", "http2_client.py", "--serve", loop)

    def rate(name: str) -> float:
        arguments = ("--run", name, loop, str(server.port), "--requests", str(requests))
        if name.startswith("pure"):
            os.environ["AIOLOS_PURE"] = "1"
        try:
            result = client_run("http2_client.py", *arguments, "--workers", str(workers))
        finally:
            os.environ.pop("AIOLOS_PURE", None)
        return float(requests / result["cpu"])

    names = [*NAMES, *(f"{name}-varied" for name in NAMES)]
    try:
        rates = rounds(names, rate, count)
    finally:
        server.stop()
    title = f"client, {workers} GETs at once on one HTTP/2 connection, {loop}"
    pairs = [("http2", "http1"), ("pure", "http1")]
    pairs += [(f"{one}-varied", f"{other}-varied") for one, other in pairs]
    report(title, rates, pairs)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        run_loop(serve(), sys.argv[2])
    else:
        client_main(__doc__, run, compare)
