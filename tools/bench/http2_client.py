"""What do concurrent GETs over one HTTP/2 connection cost a client, beside its own HTTP/1.1?

Run without arguments to compare; `--run NAME LOOP PORT` is the measured process. "pure" is
HTTP/2 from the Python sources.
"""

import os
from typing import Any

from measure import ServerProcess, client_main, client_run, report, rounds, time_gets


async def run(name: str, port: int, requests: int, workers: int) -> float:
    """Make `requests` requests with `workers` coroutines; the CPU seconds that they took."""
    import aiolos_client as client

    http2: Any = False if name == "http1" else "prior-knowledge"
    url = f"http://127.0.0.1:{port}/plaintext"
    async with client.ClientSession(http2=http2) as session:
        cpu = await time_gets(session, url, requests, workers)
        assert session.connector.open_connections == (workers if name == "http1" else 1)
    return cpu


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


if __name__ == "__main__":
    client_main(__doc__, run, compare)
