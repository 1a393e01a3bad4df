"""How much does a client's concurrent GET cost, against aiohttp and against canned bytes?

Run without arguments to compare; `--run NAME LOOP PORT` is the measured process.
"""

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from measure import ServerProcess, client_run, repeat, report, rounds, run_loop

REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n"


async def fetch(session: Any, url: str, budget: list[int]) -> None:
    """GET `url` until the budget is spent."""
    while budget[0] > 0:
        budget[0] -= 1
        async with session.get(url) as response:
            body = await response.read()
            assert len(body) == 13, body


async def run(name: str, port: int, requests: int, workers: int) -> None:
    """Make `requests` requests with `workers` coroutines and print the CPU time taken."""
    if name == "canned":
        await repeat(port, REQUEST, requests // 10, workers)
        begun = time.process_time()
        await repeat(port, REQUEST, requests, workers)
        print(json.dumps({"cpu": time.process_time() - begun}))
        return
    client: Any
    if name == "aiohttp":
        import aiohttp as client
    else:
        import aiolos_client as client
    url = f"http://127.0.0.1:{port}/plaintext"
    async with client.ClientSession() as session:
        budget = [requests // 10]
        await asyncio.gather(*(fetch(session, url, budget) for _ in range(workers)))
        budget = [requests]
        begun = time.process_time()
        await asyncio.gather(*(fetch(session, url, budget) for _ in range(workers)))
        print(json.dumps({"cpu": time.process_time() - begun}))


def compare(loop: str, count: int, requests: int, workers: int) -> None:
    """Measure all clients on `loop`, interleaved, and print the ratios."""
    server = ServerProcess.start("canned", "server_plaintext.py", "--serve", "canned", loop)

    def rate(name: str) -> float:
        arguments = ("--run", name, loop, str(server.port), "--requests", str(requests))
        result = client_run("client_get.py", *arguments, "--workers", str(workers))
        return float(requests / result["cpu"])

    try:
        rates = rounds(("canned", "aiolos", "aiohttp"), rate, count)
    finally:
        server.stop()
    pairs = (("aiolos", "canned"), ("aiolos", "aiohttp"))
    report(f"client, {workers} GETs at once, {loop}", rates, pairs)


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
