"""Bodies to and from curl: the forms that it sends, the codings that it undoes."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from aiolos_protocol.compression import CODINGS, compress
from aiolos_protocol.http1.parser import parse_request
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import RequestHead
from aiolos_protocol.multipart import BodyPartReader, MultipartReader
from aiolos_protocol.streams import StreamReader
from aiolos_protocol.testkit import ScriptedPeer
from aiolos_protocol.urlencoded import parse_urlencoded

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(
    CURL is None and not os.environ.get("CI"), reason="curl is not installed"
)


async def curl(peer: ScriptedPeer, *arguments: str) -> bytes:
    """What curl prints; its exit status must be 0."""
    process = await asyncio.create_subprocess_exec(
        CURL or "curl",
        "--silent",
        "--show-error",
        "--http1.1",
        *arguments,
        f"http://127.0.0.1:{peer.port}/",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


class Recorder:
    """A script that keeps one request and answers it."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.head: RequestHead | None = None
        self.body = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.readuntil(b"\r\n\r\n")
        parsed = parse_request(data, 0, Limits())
        assert parsed is not None
        self.head = parsed
        if parsed.expect:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if parsed.length > 0:
            self.body = await reader.readexactly(parsed.length)
        writer.write(self.answer)
        await writer.drain()


async def sent(*arguments: str) -> Recorder:
    recorder = Recorder(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with ScriptedPeer(recorder) as peer:
        await curl(peer, *arguments)
    return recorder


async def test_a_form_with_files(tmp_path: Path) -> None:
    path = tmp_path / 'fi"le;\\ü.bin'
    content = os.urandom(200_000) + b"\r\n--"
    path.write_bytes(content)
    recorder = await sent("-F", "text=grün", "-F", "file=@-", "-F", f'up=@"{_escaped(path)}"')
    assert recorder.head is not None
    stream = StreamReader()
    stream.feed_data(recorder.body)
    stream.feed_eof()
    found = []
    async for part in MultipartReader(recorder.head.headers, stream):
        assert isinstance(part, BodyPartReader)
        found.append((part.name, part.filename, await part.read()))
    assert found == [
        ("text", None, "grün".encode()),
        ("file", "-", b""),
        ("up", path.name, content),
    ]


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


async def test_an_urlencoded_form() -> None:
    recorder = await sent("--data-urlencode", "a=grün &=+", "-d", "b=1", "-d", "c")
    assert parse_urlencoded(recorder.body) == [("a", "grün &=+"), ("b", "1"), ("c", "")]


@pytest.mark.parametrize("coding", [*CODINGS, "deflate, gzip"])
async def test_codings(coding: str) -> None:
    data = b"".join(b"line %d\n" % number for number in range(20_000))
    coded = compress(data, coding.split(", "))
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (
        coding.encode(),
        len(coded),
    )
    recorder = Recorder(answer + coded)
    async with ScriptedPeer(recorder) as peer:
        assert await curl(peer, "--compressed") == data
    assert recorder.head is not None
    if "," not in coding:
        assert coding in recorder.head.headers["Accept-Encoding"]
