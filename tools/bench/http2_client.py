"""What do concurrent GETs over one HTTP/2 connection cost a client, beside its own HTTP/1.1?

Run without arguments to compare; `--run NAME LOOP PORT` is the measured process. "pure" is
HTTP/2 from the Python sources.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from typing import Any

from measure import ServerProcess, client_run, report, rounds, run_loop


async def fetch(session: Any, url: str, budget: list[int]) -> None:
    """GET `url` until the budget is spent."""
    while budget[0] > 0:
        budget[0] -= 1
        async with session.get(url) as response:
            body = await response.read()
            assert len(body) == 13, body


async def run(name: str, port: int, requests: int, workers: int) -> None:
    """Make `requests` requests with `workers` coroutines and print the CPU time taken."""
    import aiolos_client as client

    http2: Any = False if name == "http1" else "prior-knowledge"
    url = f"http://127.0.0.1:{port}/plaintext"
    async with client.ClientSession(http2=http2) as session:
        budget = [requests // 10]
        await asyncio.gather(*(fetch(session, url, budget) for _ in range(workers)))
        budget = [requests]
        begun = time.process_time()
        await asyncio.gather(*(fetch(session, url, budget) for _ in range(workers)))
        cpu = time.process_time() - begun
        assert session.connector.open_connections == (workers if name == "http1" else 1)
        print(json.dumps({"cpu": cpu}))


def compare(loop: str, count: int, requests: int, workers: int) -> None:
    """Measure both versions on `loop`, interleaved, and print the ratios."""
    server = ServerProcess.start("aiolos", "server_plaintext.py", "--serve", "aiolos", loop)

    def rate(name: str) -> float:
        arguments = ("--run", name, loop, str(server.port), "--requests", str(requests))
        if name == "pure":
            os.environ["AIOLOS_PURE"] = "1"
        try:
            result = client_run("http2_client.py", *arguments, "--workers", str(workers))
        finally:
            os.environ.pop("AIOLOS_PURE", None)
        return float(requests / result["cpu"])

    try:
        rates = rounds(("http1", "http2", "pure"), rate, count)
    finally:
        server.stop()
    title = f"client, {workers} GETs at once on one HTTP/2 connection, {loop}"
    report(title, rates, (("http2", "http1"), ("pure", "http1")))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", nargs=3, metavar=("NAME", "LOOP", "PORT"))
    parser.add_argument("--loops", nargs="+", default=["uvloop", "asyncio"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=64)
    options = parser.parse_args()
    if options.run:
        name, loop, port = options.run
        run_loop(run(name, int(port), options.requests, options.workers), loop)
        return
    for loop in options.loops:
        compare(loop, options.rounds, options.requests, options.workers)


if __name__ == "__main__":
    sys.exit(main())
