"""What does finding a route cost, with 20 to 2,000 of them, spread out or all below one prefix?

Prints microseconds of one look-up (best of several rounds) and, for each shape of table, the
exponent with which the cost grows with the number of routes: 0 is flat, 1 is linear.
"""

import argparse
import asyncio
import math
import sys
import time
from collections.abc import Callable
from typing import Any

# Name, path of route number N, target that finds it, a target below the same prefix that finds
# none.
SHAPES = (
    ("static", "/item{0}/list", "/item{0}/list", "/item{0}/other"),
    ("static, one prefix", "/api/v1/item{0}", "/api/v1/item{0}", "/api/v1/other"),
    ("variable", "/item{0}/{{id}}", "/item{0}/7", "/item{0}/7/8"),
    ("variable, one prefix", "/api/v1/item{0}/{{id}}", "/api/v1/item{0}/7", "/api/v1/other/7"),
    ("behind a variable", "/{{tenant}}/item{0}/{{id}}", "/acme/item{0}/7", "/acme/other/7"),
    ("behind a regex", r"/{{org:\d+}}/item{0}/{{id}}", "/42/item{0}/7", "/42/other/7"),
    ("within a segment", "/api/item{0}-{{id}}", "/api/item{0}-7", "/api/other-7"),
    ("end of a segment", "/api/{{id}}-item{0}", "/api/7-item{0}", "/api/7-other"),
    ("regex within", r"/api/{{id:item{0}-\d+}}", "/api/item{0}-7", "/api/other-7"),
    ("regex at the end", r"/api/{{id:\d+-item{0}}}", "/api/7-item{0}", "/api/7-other"),
    ("rest of the path", "/files/dir{0}/{{rest:.*}}", "/files/dir{0}/a/b", "/files/other/a/b"),
)
TYPED = ("typed", "/{{org:int}}/item{0}/{{id:int}}", "/42/item{0}/7", "/42/item{0}/x")


async def handler(request: Any) -> Any:
    """A handler."""


def aiolos(paths: list[str]) -> Callable[[str], Callable[[], Any]]:
    """Our router: find() of a head, as a connection calls it."""
    from aiolos_protocol.message import RequestHead
    from aiolos_server import web

    app = web.Application()
    for path in paths:
        app.router.add_get(path, handler)
    app.freeze()
    find = app.resolve

    def asking(target: str) -> Callable[[], Any]:
        head = RequestHead("GET", target)
        return lambda: find(head)

    return asking


def aiohttp(paths: list[str]) -> Callable[[str], Callable[[], Any]]:
    """aiohttp's router: resolve() of a request, stepped without a loop."""
    from aiohttp import web
    from aiohttp.test_utils import make_mocked_request

    app = web.Application()
    for path in paths:
        app.router.add_get(path, handler)
    app.freeze()

    def asking(target: str) -> Callable[[], Any]:
        request = make_mocked_request("GET", target)

        def ask() -> Any:
            try:
                app.router.resolve(request).send(None)
            except StopIteration as stop:
                return stop.value

        return ask

    return asking


def cost(call: Callable[[], Any], rounds: int) -> float:
    """Microseconds of one call, the best of `rounds`."""
    count = 200
    best = math.inf
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(count):
            call()
        best = min(best, time.perf_counter() - begun)
    return best / count * 1e6


def exponent(counts: list[int], costs: list[float]) -> float:
    """The slope of log(cost) over log(count), by least squares."""
    xs = [math.log(count) for count in counts]
    ys = [math.log(value) for value in costs]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return above / sum((a - x) ** 2 for a in xs)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", nargs="+", type=int, default=[20, 63, 200, 632, 2000])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--routers", nargs="+", default=["aiolos"], choices=["aiolos", "aiohttp"])
    options = parser.parse_args()
    counts: list[int] = options.counts
    worst = 0.0
    for router in options.routers:
        shapes = (*SHAPES, TYPED) if router == "aiolos" else SHAPES
        make = {"aiolos": aiolos, "aiohttp": aiohttp}[router]
        print(f"\n{router}: microseconds of one look-up with N routes, hit (last route) / miss")
        print(f"  {'':<22}" + "".join(f"{count:>15,}" for count in counts) + "      growth")
        for name, path, hit, miss in shapes:
            asking = [make([path.format(number) for number in range(count)]) for count in counts]
            calls = [
                [ask(target.format(count - 1)) for ask, count in zip(asking, counts, strict=True)]
                for target in (hit, miss)
            ]
            costs = [[cost(call, options.rounds) for call in row] for row in calls]
            growth = [exponent(counts, row) for row in costs]
            if router == "aiolos":
                worst = max(worst, *growth)
            cells = "".join(f"{a:>8.2f} /{b:>5.2f}" for a, b in zip(*costs, strict=True))
            print(f"  {name:<22}{cells}   {growth[0]:+.2f} / {growth[1]:+.2f}")
    if "aiolos" in options.routers:
        print(f"\nlargest exponent of aiolos: {worst:.3f} (it should stay below 0.1)")


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    sys.exit(main())
