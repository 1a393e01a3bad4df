"""What the benchmarks share: measured processes, interleaved rounds, and how figures are printed.

A rate is requests per CPU-second of the measured process, so that a busy machine and a slow load
generator spoil it little; a ratio compares rates of the same round, so that drift cancels out.
"""

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def run_loop(main: Any, loop: str) -> Any:
    """Run the coroutine `main` on "uvloop" or "asyncio"."""
    if loop == "uvloop":
        import uvloop

        return uvloop.run(main)
    return asyncio.run(main)


@dataclass
class ServerProcess:
    """A server in a process of its own: prints its port, then its CPU seconds at each SIGUSR1."""

    name: str
    process: "subprocess.Popen[str]"
    port: int

    @classmethod
    def start(cls, name: str, script: str, *arguments: str) -> "ServerProcess":
        """Run `script` (beside this file) and wait for its port."""
        process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip().isdigit():
            process.kill()
            raise SystemExit(f"{name} did not start")
        return cls(name, process, int(line))

    def cpu(self) -> float:
        """CPU seconds that the process has used."""
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGUSR1)
        return float(self.process.stdout.readline())

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(10)


async def serve_until_stopped(port: int) -> None:
    """For the server's side: print the port, answer SIGUSR1, return at SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: print(time.process_time(), flush=True))
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    print(port, flush=True)
    await stopped.wait()


class _Repeater(asyncio.Protocol):
    """Sends the same request again as soon as the response, of known size, is there."""

    def __init__(self, request: bytes, budget: list[int], size: int, done: Any) -> None:
        self.request = request
        self.budget = budget
        self.size = size
        self.missing = size
        self.done = done
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
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


async def repeat(port: int, request: bytes, count: int, connections: int) -> None:
    """Send `request` about `count` times over `connections`; every response is of one size."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    size = len(await reader.read(1_000_000))
    writer.close()
    await writer.wait_closed()
    loop = asyncio.get_running_loop()
    budget = [count - connections]
    ends = []
    for _ in range(connections):
        done = loop.create_future()
        ends.append(done)
        await loop.create_connection(
            lambda done=done: _Repeater(request, budget, size, done), "127.0.0.1", port
        )
    await asyncio.gather(*ends)


def client_run(script: str, *arguments: str) -> dict[str, Any]:
    """Run a measured client to its end; the JSON that it printed last."""
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    if not lines:
        done.check_returncode()
    # A rival that crashes as its interpreter ends, as pyreqwest does now and then, was measured.
    result: dict[str, Any] = json.loads(lines[-1])
    return result


async def time_gets(session: Any, url: str, requests: int, workers: int) -> float:
    """CPU seconds of `requests` small GETs by `workers` coroutines, which practise before."""

    async def fetch(budget: list[int]) -> None:
        while budget[0] > 0:
            budget[0] -= 1
            async with session.get(url) as response:
                body = await response.read()
                assert len(body) == 13, body

    spent = 0.0
    for count in (requests // 10, requests):
        budget = [count]
        begun = time.process_time()
        await asyncio.gather(*(fetch(budget) for _ in range(workers)))
        spent = time.process_time() - begun
    return spent


def client_main(
    description: str | None,
    run: Callable[[str, int, int, int], Coroutine[Any, Any, float]],
    compare: Callable[[str, int, int, int], None],
) -> None:
    """Command line of a client's benchmark.

    With `--run` it is the measured process, which prints the CPU seconds that `run(name, port,
    requests, workers)` gives; else `compare(loop, rounds, requests, workers)` is called.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--run", nargs=3, metavar=("NAME", "LOOP", "PORT"))
    parser.add_argument("--loops", nargs="+", default=["uvloop", "asyncio"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=64)
    options = parser.parse_args()
    if options.run:
        name, loop, port = options.run
        cpu = run_loop(run(name, int(port), options.requests, options.workers), loop)
        print(json.dumps({"cpu": cpu}), flush=True)
        return
    for loop in options.loops:
        compare(loop, options.rounds, options.requests, options.workers)


def rounds(
    names: Iterable[str], rate: Callable[[str], float], count: int
) -> dict[str, list[float]]:
    """`rate(name)` of each name in turn, `count` times over."""
    rates: dict[str, list[float]] = {name: [] for name in names}
    for number in range(count):
        for name, seen in rates.items():
            seen.append(rate(name))
        print(f"  round {number + 1} of {count}", file=sys.stderr, flush=True)
    return rates


def report(
    title: str,
    rates: dict[str, list[float]],
    ratios: Iterable[tuple[str, str]],
    what: str = "requests",
) -> None:
    """Print medians and, for each pair, the ratio's median and spread over the rounds."""
    count = len(next(iter(rates.values())))
    print(f"\n{title} ({what} per CPU-second, median of {count} interleaved rounds)")
    for name, seen in rates.items():
        print(f"  {name:<24} {statistics.median(seen):>10,.0f}  {min(seen):,.0f}..{max(seen):,.0f}")
    for above, below in ratios:
        each = [a / b for a, b in zip(rates[above], rates[below], strict=True)]
        spread = f"({min(each):.2f}..{max(each):.2f})"
        print(f"  {above} / {below}: {statistics.median(each):.2f}  {spread}")
