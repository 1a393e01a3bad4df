"""Memory that a WebSocket costs a server which has echoed some messages over it and waits for more.

Run without arguments to compare; the servers are websocket_echo.py's. What is counted is the
process's own memory after so many more connections, by /proc: Linux only.
"""

import argparse
import asyncio
from typing import Any

from measure import ServerProcess, run_loop
from websocket_echo import Load, frame_of, payload_of

NAMES = ("aiolos", "aiohttp", "websockets", "picows")
# What ours hold together is bounded: fewer may hold more each.
CONNECTIONS = (100, 1000)
# Longer than what ours keeps a compression window for.
PAUSE = 12.0


class Some(Load):
    """Has three messages echoed, and stays."""

    def answer(self) -> None:
        if self.budget[0] > 0:
            self.budget[0] -= 1
            self.transport.write(self.frame)
        elif not self.done.done():
            self.done.set_result(None)


def memory_of(server: ServerProcess) -> int:
    """KiB that belong to the process alone."""
    with open(f"/proc/{server.process.pid}/smaps_rollup") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))


async def connected(port: int, deflate: bool, count: int) -> list[Any]:
    """So many WebSockets, over each of which some messages went."""
    loop = asyncio.get_running_loop()
    frame = frame_of(payload_of(500), b"\x12\x34\x56\x78", deflate)
    kept, ends = [], []
    for _ in range(count):
        done = loop.create_future()
        ends.append(done)
        kept.append(
            await loop.create_connection(
                lambda done=done: Some(frame, deflate, [3], done), "127.0.0.1", port
            )
        )
    await asyncio.gather(*ends)
    return kept


async def measured(server: ServerProcess, deflate: bool, count: int) -> float:
    """KiB for each of `count` connections."""
    # What the first ones cost is the server's.
    kept = await connected(server.port, deflate, 100)
    await asyncio.sleep(PAUSE if deflate else 1)
    before = memory_of(server)
    kept += await connected(server.port, deflate, count)
    await asyncio.sleep(PAUSE)
    return (memory_of(server) - before) / count


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loops", nargs="+", default=["uvloop", "asyncio"])
    parser.add_argument("--deflate", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--connections", nargs="+", type=int, default=CONNECTIONS)
    options = parser.parse_args()
    for loop in options.loops:
        for deflate in options.deflate:
            for count in options.connections:
                title = f"{count} idle WebSockets, {'deflate' if deflate else 'plain'}, {loop}"
                print(f"\n{title} (KiB each)")
                for name in NAMES:
                    if not (deflate and name == "picows"):
                        compare(name, loop, deflate, count)


def compare(name: str, loop: str, deflate: int, count: int) -> None:
    """Print what each connection costs the server `name`."""
    server = ServerProcess.start(name, "websocket_echo.py", "--serve", name, loop, str(deflate))
    try:
        cost = run_loop(measured(server, bool(deflate), count), "uvloop")
    finally:
        # Some wait for their connections to end, which wait for us.
        server.process.kill()
    print(f"  {name:<24} {cost:>6.1f}", flush=True)


if __name__ == "__main__":
    main()
