"""How fast are bodies and fields read: multipart, cookies, content types, compressed data?"""

import argparse
import asyncio
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import MultipartReader as TheirReader
from aiohttp import StreamReader as TheirStream
from aiohttp._cookie_helpers import parse_cookie_header
from aiohttp.base_protocol import BaseProtocol
from aiohttp.helpers import parse_mimetype
from aiolos_protocol.compression import compress, decompress
from aiolos_protocol.cookies import parse_cookie
from aiolos_protocol.fields.content_type import parse_content_type
from aiolos_protocol.multipart import MultipartReader
from aiolos_protocol.streams import StreamReader
from measure import report, rounds

PIECE = 65_536
HEADERS = {"Content-Type": "multipart/form-data; boundary=bound"}
FORM = (
    b'--bound\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    + (b"x" * 78 + b"\r\n") * (10 * 2**20 // 80)
    + b"\r\n--bound--\r\n"
)
COOKIES = "; ".join(f"name{number}=value%20of{number}" for number in range(20))
TYPE = "multipart/form-data; boundary=----WebKitFormBoundary%016x"
JSON = b"".join(b'{"id": %d, "name": "user%d"},' % (each, each * 7919) for each in range(100_000))
CODED = compress(JSON, ["gzip"], 6)


def pieces() -> Iterator[bytes]:
    """The form as it arrives."""
    return (FORM[start : start + PIECE] for start in range(0, len(FORM), PIECE))


async def read_form(kind: Any, stream: Any) -> None:
    """Feed the form while its parts are read, a piece for each turn of the loop."""

    async def read() -> None:
        async for part in kind(HEADERS, stream):
            while await part.read_chunk(PIECE):
                pass

    reading = asyncio.ensure_future(read())
    for piece in pieces():
        await asyncio.sleep(0)
        stream.feed_data(piece)
    stream.feed_eof()
    await reading


async def ours() -> None:
    """Multipart by aiolos."""
    await read_form(MultipartReader, StreamReader())


async def theirs() -> None:
    """Multipart by aiohttp."""
    loop = asyncio.get_running_loop()
    connected = BaseProtocol(loop)
    connected.connection_made(asyncio.Transport())
    await read_form(TheirReader, TheirStream(connected, 2**30, loop=loop))


def types(parse: Callable[[str], Any]) -> None:
    """Content types that no cache knows, and one that it does."""
    for number in range(500):
        parse(TYPE % number)
        parse("application/json; charset=utf-8")


WORK: dict[str, dict[str, tuple[Callable[[], Any], float]]] = {
    "MiB of multipart": {
        "aiolos": (lambda: asyncio.run(ours()), 10),
        "aiohttp": (lambda: asyncio.run(theirs()), 10),
    },
    "Cookie fields of 20": {
        "aiolos": (lambda: [parse_cookie(COOKIES) for _ in range(1000)], 1000),
        "aiohttp": (lambda: [parse_cookie_header(COOKIES) for _ in range(1000)], 1000),
    },
    "content types": {
        "aiolos": (lambda: types(parse_content_type), 1000),
        "aiohttp": (lambda: types(parse_mimetype), 1000),
    },
    "MB of gzip, decoded": {
        "aiolos": (lambda: decompress(CODED, ["gzip"]), len(JSON) / 1e6),
        "zlib": (lambda: zlib.decompress(CODED, 31), len(JSON) / 1e6),
    },
}


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    count = parser.parse_args().rounds
    for what, kinds in WORK.items():

        def rate(name: str, kinds: Any = kinds) -> float:
            work, amount = kinds[name]
            start = time.process_time()
            work()
            return float(amount / (time.process_time() - start))

        names = list(kinds)
        report(what, rounds(names, rate, count), [(names[0], names[1])], what)


if __name__ == "__main__":
    main()
