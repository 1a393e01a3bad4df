"""What else does a client do? One row per question, each against other clients.

    python tools/bench/client_rows.py [ROW ...] [--rounds 5] [--loops uvloop asyncio]

| row | what is asked |
|---|---|
| sequential | a small GET after the other, on one connection |
| json | 10 KiB of JSON, decoded, 16 at once |
| down, up | 100 MiB, in pieces as they come and as one body |
| tls | a new TLS connection for each GET |

A rate is requests (down and up: MiB) per CPU-second of the client. `--run` is the measured process,
`--serve` the server; a client that is not installed is left out.
"""

import argparse
import asyncio
import importlib.util
import json
import ssl
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from measure import ServerProcess, client_run, report, rounds, run_loop, serve_until_stopped

MIB: int = 1 << 20
SIZE = 100 * MIB
SMALL = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
ITEMS = [{"id": number, "name": f"item {number}", "tags": ["a", "b"]} for number in range(200)]
JSON = json.dumps(ITEMS)[: 10 * 1024 - 2].rpartition(", {")[0].encode() + b"]"
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
# Per row: its requests, and how many are made at once.
ROWS = {
    "sequential": (4000, 1),
    "json": (4000, 16),
    "down": (2, 1),
    "up": (2, 1),
    "tls": (300, 1),
}
MODULES = {
    "aiolos": "aiolos_client",
    "aiohttp": "aiohttp",
    "httpx2": "httpx2",
    "httpx": "httpx",
    "pyreqwest": "pyreqwest",
}


# The server.


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer by the path, as long as the client asks."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            if path == b"/json":
                writer.write(JSON_HEAD % len(JSON) + JSON)
            elif path == b"/down":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
                for _ in range(SIZE // MIB):
                    writer.write(bytes(MIB))
                    await writer.drain()
            else:
                if path == b"/up":
                    missing = SIZE
                    while missing:
                        missing -= len(await reader.read(MIB))
                writer.write(SMALL)
            if b"connection: close" in head.lower():
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def serve(folder: str) -> None:
    """Serve in the clear, or over TLS where `folder` has a certificate, until SIGTERM."""
    context = None
    if folder != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(folder) / "certificate.pem", Path(folder) / "key.pem")
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, limit=4 * MIB)
    await serve_until_stopped(server.sockets[0].getsockname()[1])
    server.close()


def certificate(folder: Path) -> None:
    """A certificate for localhost, and its authority."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    made = authority.issue_cert("localhost")
    made.private_key_pem.write_to_path(folder / "key.pem")
    made.cert_chain_pems[0].write_to_path(folder / "certificate.pem")


# The clients: each gives, per row, a coroutine function that makes one request.

Ask = Callable[[], Awaitable[None]]


class Case:
    """A row as it is asked of the server at `port`; see serve() for `folder`."""

    def __init__(self, row: str, port: int, folder: str) -> None:
        self.row = row
        self.body = bytes(SIZE) if row == "up" else b""
        self.context: ssl.SSLContext | None = None
        self.authority = b""
        self.url = f"http://127.0.0.1:{port}/{row}"
        if folder != "-":
            path = Path(folder) / "authority.pem"
            self.authority = path.read_bytes()
            self.context = ssl.create_default_context(cafile=path)
            self.url = f"https://localhost:{port}/{row}"


async def with_aiohttp(module: Any, case: Case, run: Any) -> float:
    """aiohttp, and aiolos."""
    connector = module.TCPConnector(ssl=case.context or True, force_close=case.row == "tls")
    async with module.ClientSession(connector=connector) as session:

        async def small() -> None:
            async with session.get(case.url) as response:
                assert len(await response.read()) == 13

        async def decoded() -> None:
            async with session.get(case.url) as response:
                assert len(await response.json()) > 100

        async def down() -> None:
            received = 0
            async with session.get(case.url) as response:
                async for piece in response.content.iter_any():
                    received += len(piece)
            assert received == SIZE

        async def up() -> None:
            async with session.post(case.url, data=case.body) as response:
                assert len(await response.read()) == 13

        return await run({"json": decoded, "down": down, "up": up}.get(case.row, small))


async def with_httpx(module: Any, case: Case, run: Any) -> float:
    """httpx, and httpx2."""
    limits = module.Limits(max_keepalive_connections=0 if case.row == "tls" else 20)
    async with module.AsyncClient(verify=case.context or True, limits=limits) as session:

        async def small() -> None:
            assert len((await session.get(case.url)).content) == 13

        async def decoded() -> None:
            assert len((await session.get(case.url)).json()) > 100

        async def down() -> None:
            received = 0
            async with session.stream("GET", case.url) as response:
                async for piece in response.aiter_bytes():
                    received += len(piece)
            assert received == SIZE

        async def up() -> None:
            assert len((await session.post(case.url, content=case.body)).content) == 13

        return await run({"json": decoded, "down": down, "up": up}.get(case.row, small))


async def with_pyreqwest(module: Any, case: Case, run: Any) -> float:
    """pyreqwest, which has threads of its own; their time counts, too."""
    from pyreqwest.client import ClientBuilder

    builder = ClientBuilder().error_for_status(True)
    if case.authority:
        builder = builder.add_root_certificate_pem(case.authority)
    if case.row == "tls":
        builder = builder.pool_max_idle_per_host(0)
    async with builder.build() as session:

        async def small() -> None:
            response = await session.get(case.url).build().send()
            assert len(await response.bytes()) == 13

        async def decoded() -> None:
            response = await session.get(case.url).build().send()
            assert len(await response.json()) > 100

        async def down() -> None:
            received = 0
            async with session.get(case.url).build_streamed() as response:
                while piece := await response.body_reader.read(MIB):
                    received += len(piece)
            assert received == SIZE

        async def up() -> None:
            response = await session.post(case.url).body_bytes(case.body).build().send()
            assert len(await response.bytes()) == 13

        return await run({"json": decoded, "down": down, "up": up}.get(case.row, small))


CLIENTS = {"httpx": with_httpx, "httpx2": with_httpx, "pyreqwest": with_pyreqwest}


async def measured(name: str, case: Case) -> None:
    """Make the row's requests by one client and print the CPU time that they took."""
    count, at_once = ROWS[case.row]

    async def run(ask: Ask) -> float:
        async def some(budget: list[int]) -> None:
            while budget[0] > 0:
                budget[0] -= 1
                await ask()

        spent = 0.0
        for number in (max(1, count // 10), count):
            budget = [number]
            begun = time.process_time()
            await asyncio.gather(*(some(budget) for _ in range(at_once)))
            spent = time.process_time() - begun
        return spent

    client = CLIENTS.get(name, with_aiohttp)
    module = importlib.import_module(MODULES[name])
    print(json.dumps({"cpu": await client(module, case, run)}), flush=True)


def compare(row: str, loop: str, count: int) -> None:
    """Measure all clients that are installed, interleaved, and print the ratios."""
    names = [name for name, module in MODULES.items() if importlib.util.find_spec(module)]
    with tempfile.TemporaryDirectory() as made:
        folder = made if row == "tls" else "-"
        if row == "tls":
            certificate(Path(made))
        server = ServerProcess.start("server", "client_rows.py", "--serve", folder)

        def rate(name: str) -> float:
            arguments = ("--run", name, row, loop, str(server.port), folder)
            done = ROWS[row][0] * (SIZE // MIB if row in ("down", "up") else 1)
            return float(done / client_run("client_rows.py", *arguments)["cpu"])

        try:
            rates = rounds(names, rate, count)
        finally:
            server.stop()
    what = "MiB" if row in ("down", "up") else "requests"
    report(f"client, {row}, {loop}", rates, [("aiolos", name) for name in names[1:]], what)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], default=[])
    parser.add_argument("--run", nargs=5, metavar=("NAME", "ROW", "LOOP", "PORT", "FOLDER"))
    parser.add_argument("--serve", metavar="FOLDER")
    parser.add_argument("--loops", nargs="+", default=["uvloop", "asyncio"])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
    elif options.run:
        name, row, loop, port, folder = options.run
        run_loop(measured(name, Case(row, int(port), folder)), loop)
    else:
        for row in options.rows or ROWS:
            for loop in options.loops:
                compare(row, loop, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
