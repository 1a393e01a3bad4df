"""How fast heads and chunks are read: both twins, beside httptools, aiohttp (its C parser and its
Python one) and h11 where they are there.

Microseconds of CPU per message, the least of many rounds: nothing but this code runs.

    python tools/bench/parser.py [--rounds 15]
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

from aiolos_protocol.http1 import framing, pyparser
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.streams import StreamReader

WRK = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n"
BROWSER = (
    b"GET /articles/2026/11/25/some-title?page=2&sort=asc HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    b"Accept-Language: en-US,en;q=0.5\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Referer: https://www.example.com/articles\r\n"
    b"Connection: keep-alive\r\n"
    b"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"X-Request-ID: 3f2a\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 27\r\n"
    b"Date: Wed, 25 Nov 2026 13:00:00 GMT\r\nServer: nginx\r\n\r\n"
)
CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = (b"400\r\n" + b"x" * 1024 + b"\r\n") * 100 + b"0\r\n\r\n"

Task = Callable[[], object]


def ours(parser: Any) -> dict[str, Task]:
    """What one twin does; the chunks end in a StreamReader."""

    def chunks() -> None:
        framing.take_chunks = parser.take_chunks
        framing.ChunkedDecoder(DEFAULT_LIMITS).feed(CHUNKS, 0, StreamReader())

    return {
        "wrk": lambda: parser.parse_request(WRK, 0, DEFAULT_LIMITS),
        "browser": lambda: parser.parse_request(BROWSER, 0, DEFAULT_LIMITS),
        "browser, headers": lambda: parser.parse_request(BROWSER, 0, DEFAULT_LIMITS).headers,
        "response": lambda: parser.parse_response(ANSWER, 0, DEFAULT_LIMITS),
        "100 chunks of 1 KiB": chunks,
    }


def of_httptools() -> dict[str, Task]:
    """httptools with the callbacks that a server needs, and no more."""
    import httptools

    class Request:
        def __init__(self) -> None:
            self.headers: list[tuple[bytes, bytes]] = []
            self.pieces: list[bytes] = []

        def on_url(self, url: bytes) -> None:
            self.url = url

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name, value))

        def on_body(self, data: bytes) -> None:
            self.pieces.append(data)

    def read(parser: Any, *data: bytes) -> Any:
        request = Request()
        reading = parser(request)
        for piece in data:
            reading.feed_data(piece)
        return reading

    request, response = httptools.HttpRequestParser, httptools.HttpResponseParser
    return {
        "wrk": lambda: read(request, WRK).get_method(),
        "browser": lambda: read(request, BROWSER).get_method(),
        "response": lambda: read(response, ANSWER).get_status_code(),
        "100 chunks of 1 KiB": lambda: read(request, CHUNKED_HEAD, CHUNKS),
    }


def of_aiohttp(compiled: bool) -> dict[str, Task]:
    """aiohttp's parser as its server and client make it, the body into its own StreamReader."""
    import asyncio

    from aiohttp import http_parser
    from aiohttp.base_protocol import BaseProtocol

    loop = asyncio.new_event_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    twin = "C" if compiled else "Py"
    request = getattr(http_parser, f"HttpRequestParser{twin}")
    response = getattr(http_parser, f"HttpResponseParser{twin}")

    def read(parser: Any, *data: bytes) -> None:
        reading = parser(protocol, loop, 2**16, max_line_size=8190, max_field_size=8190)
        for piece in data:
            reading.feed_data(piece)

    return {
        "wrk": lambda: read(request, WRK),
        "browser": lambda: read(request, BROWSER),
        "browser, headers": lambda: read(request, BROWSER),
        "response": lambda: read(response, ANSWER),
        "100 chunks of 1 KiB": lambda: read(request, CHUNKED_HEAD, CHUNKS),
    }


def of_h11() -> dict[str, Task]:
    """h11, an event at a time."""
    import h11

    def request(*data: bytes) -> None:
        connection = h11.Connection(h11.SERVER)
        for piece in data:
            connection.receive_data(piece)
        while connection.next_event() is not h11.NEED_DATA:
            if connection.their_state is h11.DONE:
                break

    return {
        "wrk": lambda: request(WRK),
        "browser": lambda: request(BROWSER),
        "100 chunks of 1 KiB": lambda: request(CHUNKED_HEAD, CHUNKS),
    }


def microseconds(task: Task) -> float:
    """CPU time of one call, over as many as take some milliseconds."""
    count = 10
    while True:
        begun = time.process_time()
        for _ in range(count):
            task()
        taken = time.process_time() - begun
        if taken > 0.005:
            return taken / count * 1e6
        count *= 3


def main() -> None:
    """Measure everything in turns, so that a busy machine spoils no one's figures alone."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=15)
    rounds = options.parse_args().rounds
    contestants = {"pure Python": ours(pyparser)}
    try:
        from aiolos_protocol.http1 import _parser
    except ImportError:
        print("no compiled modules: the heads, too, are Python's")
    else:
        contestants = {"compiled": ours(_parser), **contestants}
    others: list[tuple[str, str, Callable[[], dict[str, Task]]]] = [
        ("httptools", "httptools", of_httptools),
        ("aiohttp, C", "aiohttp", lambda: of_aiohttp(True)),
        ("aiohttp, Python", "aiohttp", lambda: of_aiohttp(False)),
        ("h11", "h11", of_h11),
    ]
    for name, package, tasks in others:
        if importlib.util.find_spec(package):
            contestants[name] = tasks()
    seen: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, each in contestants.items():
            for question, task in each.items():
                seen.setdefault((question, name), []).append(microseconds(task))
    print(f"microseconds of CPU, least of {rounds} rounds (median, most)")
    for question in contestants["pure Python"]:
        print(question)
        for name in contestants:
            if times := seen.get((question, name)):
                spread = f"({statistics.median(times):.2f}, {max(times):.2f})"
                print(f"  {name:<16} {min(times):8.2f}  {spread}")


if __name__ == "__main__":
    main()
