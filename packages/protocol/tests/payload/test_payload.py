"""Bodies to send and their registry."""

import asyncio
import builtins
import gzip
import io
import json
import os
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiolos_protocol.payload import (
    AsyncIterablePayload,
    BufferedReaderPayload,
    BytesIOPayload,
    BytesPayload,
    IOBasePayload,
    JsonBytesPayload,
    JsonPayload,
    LookupError,  # noqa: A004 - aiohttp's name
    Order,
    Payload,
    PayloadRegistry,
    StreamReaderPayload,
    StringIOPayload,
    StringPayload,
    TextIOPayload,
    Writer,
    get_payload,
    payload_type,
)
from aiolos_protocol.payload.files import READ_SIZE, guess_filename
from aiolos_protocol.streams import StreamReader
from hypothesis import given
from hypothesis import strategies as st


class Collected:
    """A Writer that keeps its pieces."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def write(self, data: bytes) -> None:
        assert type(data) is bytes
        self.pieces.append(data)

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


async def written(payload: Payload, length: int | None = None) -> bytes:
    writer = Collected()
    if length is None:
        await payload.write(writer)
    else:
        await payload.write_with_length(writer, length)
    return writer.data


async def pieces(*parts: Any) -> AsyncIterator[Any]:
    for part in parts:
        yield part


def received(*parts: bytes) -> StreamReader:
    reader = StreamReader()
    for part in parts:
        reader.feed_data(part)
    reader.feed_eof()
    return reader


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "für.txt"
    path.write_bytes("grün\nblau\n".encode())
    return path


# What becomes what


@pytest.mark.parametrize(
    ("value", "kind", "size", "content_type"),
    [
        (b"abc", BytesPayload, 3, "application/octet-stream"),
        (bytearray(b"abc"), BytesPayload, 3, "application/octet-stream"),
        (memoryview(b"abc"), BytesPayload, 3, "application/octet-stream"),
        ("ü", StringPayload, 2, "text/plain; charset=utf-8"),
        (io.StringIO("ü"), StringIOPayload, 2, "text/plain; charset=utf-8"),
        (io.BytesIO(b"abc"), BytesIOPayload, 3, "application/octet-stream"),
        (pieces(b"a"), AsyncIterablePayload, None, "application/octet-stream"),
        (received(b"a"), StreamReaderPayload, None, "application/octet-stream"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_kinds(value: Any, kind: type[Payload], size: int | None, content_type: str) -> None:
    payload = get_payload(value)
    assert type(payload) is kind
    assert payload.size == size
    assert dict(payload.headers) == {"Content-Type": content_type}
    assert payload.content_type == content_type
    assert payload.filename is None
    data = await written(payload)
    assert size is None or len(data) == size


async def test_a_payload_is_taken_as_it_is() -> None:
    payload = BytesPayload(b"x")
    assert get_payload(payload) is payload


def test_what_no_body_can_be_made_of() -> None:
    for value in (1, None, [b"a"], {"a": "b"}):
        with pytest.raises(LookupError, match="register_payload"):
            get_payload(value)
    with pytest.raises(builtins.LookupError):
        get_payload(object())


@pytest.mark.parametrize(
    ("kind", "value"), [(BytesPayload, "x"), (StringPayload, b"x"), (AsyncIterablePayload, [b"x"])]
)
def test_values_of_another_type(kind: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=f"not {type(value).__name__}"):
        kind(value)


def test_unknown_options_are_named() -> None:
    with pytest.raises(TypeError, match="charset"):
        BytesPayload(b"x", charset="utf-8")


# Headers


def test_headers_outrank_the_content_type() -> None:
    payload = BytesPayload(b"x", headers={"content-type": "a/b", "X": "y"}, content_type="c/d")
    assert dict(payload.headers) == {"content-type": "a/b", "X": "y"}
    assert payload.content_type == "a/b"
    del payload.headers["Content-Type"]
    assert payload.content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("encoding", "content_type", "expected", "data"),
    [
        (None, None, "text/plain; charset=utf-8", "ü".encode()),
        ("latin-1", None, "text/plain; charset=latin-1", b"\xfc"),
        (None, "text/html", "text/html", "ü".encode()),
        (None, "text/html; charset=latin-1", "text/html; charset=latin-1", b"\xfc"),
        ("latin-1", "text/html", "text/html", b"\xfc"),
    ],
)
async def test_charsets(
    encoding: str | None, content_type: str | None, expected: str, data: bytes
) -> None:
    payload = StringPayload("ü", encoding=encoding, content_type=content_type)
    assert payload.content_type == expected
    assert await written(payload) == await payload.as_bytes() == data
    assert payload.decode(payload.encoding or "") == "ü"


def test_disposition() -> None:
    payload = BytesPayload(b"x")
    payload.set_content_disposition("form-data", name='a"b', filename="ü.txt")
    assert payload._binary_headers == (
        b"Content-Type: application/octet-stream\r\n"
        b'Content-Disposition: form-data; name="a%22b"; filename="\xc3\xbc.txt"\r\n\r\n'
    )


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.png", "image/png"),
        ("a.tar.gz", "application/gzip"),
        ("a.nothing", "application/octet-stream"),
    ],
)
def test_the_name_of_a_file_tells_its_type(name: str, content_type: str) -> None:
    payload = BytesIOPayload(io.BytesIO(b"x"), filename=name)
    assert payload.content_type == content_type
    assert payload.headers["Content-Disposition"] == f'attachment; filename="{name}"'


# JSON


async def test_json() -> None:
    payload = JsonPayload({"a": "ü"})
    assert payload.headers["Content-Type"] == "application/json"
    assert json.loads(await written(payload)) == {"a": "ü"}
    assert payload.encoding == "utf-8"
    payload = JsonPayload([1], content_type="application/problem+json", dumps=lambda value: "[2]")
    assert await written(payload) == b"[2]"
    other = JsonBytesPayload([1], dumps=lambda value: b"[3]")
    assert (await written(other), other.content_type) == (b"[3]", "application/json")


# Files


async def test_a_binary_file(file: Path) -> None:
    payload = get_payload(file.open("rb"))
    assert type(payload) is BufferedReaderPayload
    assert payload.size == len(file.read_bytes())
    assert payload.filename == "für.txt"
    assert payload.headers["Content-Disposition"] == (
        "attachment; filename=\"f_r.txt\"; filename*=UTF-8''f%C3%BCr.txt"
    )
    assert payload.content_type == "text/plain"
    assert payload.decode() == file.read_text()
    for _ in range(2):
        assert await written(payload) == await payload.as_bytes() == file.read_bytes()
    assert await written(payload, 3) == file.read_bytes()[:3]
    assert not payload.autoclose
    assert not payload.consumed
    await payload.close()
    await payload.close()
    assert payload._value.closed
    assert payload.consumed


async def test_from_where_it_stands(file: Path) -> None:
    with file.open("rb") as opened:
        opened.read(3)
        payload = get_payload(opened)
        assert payload.size == len(file.read_bytes()) - 3
        for _ in range(2):
            assert await written(payload) == file.read_bytes()[3:]


async def test_a_file_that_grows_is_sent_as_long_as_it_was(file: Path) -> None:
    before = file.read_bytes()
    with file.open("rb") as opened:
        payload = get_payload(opened)
        assert payload.size == len(before)
        with file.open("ab") as other:
            other.write(b"more")
        assert await written(payload) == before


async def test_a_large_file_comes_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(2 * READ_SIZE + 1))
    with path.open("rb") as opened:
        writer = Collected()
        await get_payload(opened).write(writer)
    assert writer.data == path.read_bytes()
    assert [len(piece) for piece in writer.pieces] == [READ_SIZE, READ_SIZE, 1]


@pytest.mark.parametrize(
    "open_one",
    [
        tempfile.TemporaryFile,
        tempfile.NamedTemporaryFile,
        partial(tempfile.SpooledTemporaryFile, max_size=100),
        partial(tempfile.SpooledTemporaryFile, max_size=3),
    ],
)
async def test_temporary_files(open_one: Any) -> None:
    with open_one() as opened:
        opened.write(b"abcdef")
        opened.seek(2)
        payload = get_payload(opened)
        assert isinstance(payload, IOBasePayload)
        assert payload.size == 4
        assert opened.tell() == 2
        assert await written(payload) == b"cdef"


async def test_the_descriptor_of_a_compressed_file_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"x" * 1000))
    with gzip.open(path) as opened:
        payload = get_payload(opened)
        assert payload.size is None
        assert await written(payload) == b"x" * 1000


async def test_a_pipe(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"piped")
    os.close(writing)
    with os.fdopen(reading, "rb") as opened:
        payload = get_payload(opened)
        assert payload.size is None
        assert await written(payload) == b"piped"
        assert payload.consumed
        with pytest.raises(RuntimeError, match="only once"):
            await written(payload)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
@pytest.mark.parametrize("mode", ["rb", "r"])
def test_a_file_that_the_kernel_makes_up(mode: str) -> None:
    # fstat() says that it has 0 bytes.
    path = Path("/proc/self/cmdline")
    with path.open(mode) as opened:
        payload = get_payload(opened)
        assert payload.size is None
        assert asyncio.run(written(payload)) == path.read_bytes() != b""
        assert asyncio.run(written(payload)) != b""


async def test_an_empty_file_has_a_size(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    with path.open("rb") as opened:
        payload = get_payload(opened)
        assert payload.size == 0
        assert await written(payload) == b""


class Slow(io.RawIOBase):
    """A file of some user's own, which remembers who read it."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.left = 3

    def readinto(self, buffer: Any) -> int:
        self.threads.add(threading.get_ident())
        self.left -= 1
        buffer[: self.left] = b"x" * self.left
        return self.left

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        super().close()


async def test_files_are_read_and_closed_off_the_loop() -> None:
    opened = Slow()
    payload = get_payload(opened)
    assert await written(payload) == b"xxx"
    await payload.close()
    assert opened.closed
    assert opened.threads
    assert threading.get_ident() not in opened.threads


async def test_what_does_not_give_bytes() -> None:
    class Wrong:
        def read(self, n: int = -1) -> Any:
            return 5

    with pytest.raises(TypeError, match="read\\(\\) of Wrong gave int"):
        await written(get_payload(Wrong()))


async def test_bytes_in_memory_from_where_they_stand() -> None:
    value = io.BytesIO(b"abcdef")
    value.read(2)
    payload = get_payload(value)
    assert payload.size == 4
    assert await written(payload, 3) == b"cde"
    assert await written(payload) == b"cdef"
    assert payload.autoclose
    await payload.close()
    # Who made it may look into it, or send it again.
    assert value.getvalue() == b"abcdef"
    assert await written(payload) == b"cdef"


async def test_a_text_file_in_its_own_encoding_is_sent_as_it_is(file: Path) -> None:
    file.write_bytes("grün\r\nblau".encode())
    with file.open(encoding="utf-8") as opened:
        payload = get_payload(opened)
        assert type(payload) is TextIOPayload
        assert payload.size == len(file.read_bytes())
        assert payload.headers["Content-Type"] == "text/plain; charset=utf-8"
        for _ in range(2):
            assert await written(payload) == await payload.as_bytes() == file.read_bytes()
        assert payload.decode() == "grün\r\nblau"


async def test_a_text_file_is_encoded_anew(file: Path) -> None:
    with file.open(encoding="utf-8") as opened:
        payload = TextIOPayload(opened, encoding="utf-16")
        assert payload.size is None
        for _ in range(2):
            assert (await written(payload)).decode("utf-16") == file.read_text(encoding="utf-8")
        assert payload.decode() == file.read_text(encoding="utf-8")
        assert len(await written(payload, 5)) == 5


async def test_text_from_where_it_stands(file: Path) -> None:
    with file.open(encoding="utf-8") as opened:
        opened.readline()
        payload = get_payload(opened)
        assert payload.size is None
        for _ in range(2):
            assert await written(payload) == b"blau\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("/a/b.txt", "b.txt"), ("<stdin>", None), ("<fdopen>", None), (5, None), ("", None)],
)
def test_names_of_files(name: Any, expected: str | None) -> None:
    class Named:
        pass

    value: Any = Named()
    value.name = name
    assert guess_filename(value) == expected
    assert guess_filename(object(), "default") == "default"


# Async iterables


async def test_pieces_are_asked_for_one_by_one() -> None:
    events: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        for number in (b"1", b"2"):
            events.append(f"made {number.decode()}")
            yield number

    class Noting:
        async def write(self, data: bytes) -> None:
            events.append(f"written {data.decode()}")

    payload = get_payload(source())
    await payload.write(Noting())
    assert events == ["made 1", "written 1", "made 2", "written 2"]
    assert payload.consumed
    with pytest.raises(RuntimeError, match="only once"):
        await written(payload)
    with pytest.raises(RuntimeError, match="are gone"):
        await payload.as_bytes()


async def test_pieces_that_were_kept() -> None:
    payload = get_payload(pieces(b"a", b"b"))
    with pytest.raises(TypeError, match="as_bytes"):
        payload.decode()
    assert await payload.as_bytes() == b"ab"
    assert payload.decode() == "ab"
    for _ in range(2):
        assert await written(payload) == b"ab"
    assert not payload.consumed


async def test_pieces_that_are_no_bytes() -> None:
    with pytest.raises(TypeError, match="gave str, not bytes"):
        await written(get_payload(pieces("a")))


async def test_pieces_are_cut_at_a_length() -> None:
    assert await written(get_payload(pieces(b"abc", b"def", b"ghi")), 5) == b"abcde"


async def test_a_received_body_is_passed_on() -> None:
    assert await written(get_payload(received(b"abc", b"def"))) == b"abcdef"


async def test_what_can_be_iterated_and_read_is_iterated() -> None:
    class Both:
        async def read(self) -> bytes:
            return b"read"

        def __aiter__(self) -> AsyncIterator[bytes]:
            return pieces(b"iterated")

    assert await written(get_payload(Both())) == b"iterated"


# The registry


class Point:
    pass


class PointPayload(Payload):
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return "point"

    async def write(self, writer: Writer) -> None:
        await writer.write(b"po")
        await writer.write(b"int")


async def test_custom_payloads() -> None:
    registry = PayloadRegistry()
    registry.register(PointPayload, Point)
    payload = registry.get(Point(), headers={"X": "y"})
    assert type(payload) is PointPayload
    assert payload.headers["X"] == "y"
    assert await written(payload) == b"point"
    assert await written(payload, 3) == b"poi"
    assert await payload.as_bytes() == b"point"
    assert payload.size is None
    await payload.close()


async def test_text_of_ones_own_is_in_its_own_encoding() -> None:
    class Text(Payload):
        def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
            return "\u00e4"

        async def write(self, writer: Any) -> None:
            await writer.write(await self.as_bytes())

    assert await Text(None, encoding="latin-1").as_bytes() == b"\xe4"
    assert await Text(None).as_bytes() == "\u00e4".encode()
    assert await Text(None).as_bytes("utf-16-le") == b"\xe4\0"


def test_order_of_registrations() -> None:
    class Special(Point):
        pass

    def tell(word: str) -> Any:
        return lambda value: word

    registry = PayloadRegistry()
    registry.register(tell("last"), Point, order=Order.try_last)
    assert registry.get(Special()) == "last"
    registry.register(tell("early"), (Point, Special))
    registry.register(tell("late"), Point)
    assert registry.get(Special()) == "late"
    registry.register(tell("first"), Special, order=Order.try_first)
    assert registry.get(Special()) == "first"
    assert registry.get(Point()) == "late"
    with pytest.raises(ValueError, match="Order"):
        registry.register(tell("x"), Point, order="sometime")  # type: ignore[arg-type]


def test_the_decorator_registers() -> None:
    class Own:
        pass

    @payload_type(Own)
    class OwnPayload(PointPayload):
        pass

    assert type(get_payload(Own())) is OwnPayload


@given(st.binary(max_size=100), st.integers(0, 120))
async def test_a_length_cuts_every_kind_alike(data: bytes, length: int) -> None:
    expected = data[:length]
    for payload in (
        BytesPayload(data),
        BytesPayload(memoryview(data)),
        BytesIOPayload(io.BytesIO(data)),
        AsyncIterablePayload(pieces(data[:50], data[50:])),
    ):
        assert await written(payload, length) == expected


async def test_what_is_in_memory_is_at_hand() -> None:
    assert get_payload("ü").at_hand() == "ü".encode()
    assert get_payload(memoryview(b"ab")).at_hand() == b"ab"
    assert get_payload(io.BytesIO(b"ab")).at_hand() is None
    assert get_payload(pieces(b"a")).at_hand() is None
