"""How much does a client's concurrent GET cost, against aiohttp and against canned bytes?

Run without arguments to compare; `--run NAME LOOP PORT` is the measured process.
"""

import time
from typing import Any

from measure import ServerProcess, client_main, client_run, repeat, report, rounds, time_gets

REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n"


async def run(name: str, port: int, requests: int, workers: int) -> float:
    """Make `requests` requests with `workers` coroutines; the CPU seconds that they took."""
    if name == "canned":
        await repeat(port, REQUEST, requests // 10, workers)
        begun = time.process_time()
        await repeat(port, REQUEST, requests, workers)
        return time.process_time() - begun
    client: Any
    if name == "aiohttp":
        import aiohttp as client
    else:
        import aiolos_client as client
    async with client.ClientSession() as session:
        return await time_gets(session, f"http://127.0.0.1:{port}/plaintext", requests, workers)


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


if __name__ == "__main__":
    client_main(__doc__, run, compare)
