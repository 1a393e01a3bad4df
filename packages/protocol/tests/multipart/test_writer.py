"""MultipartWriter (RFC 2046 5.1, RFC 7578)."""

import asyncio
import base64
import gzip
import io
import random
import re
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import Message
from email.policy import HTTP
from pathlib import Path

import pytest
from aiolos_protocol.compression import OFF_LOOP
from aiolos_protocol.fields.content_type import parse_content_type
from aiolos_protocol.multipart import MultipartWriter
from aiolos_protocol.payload import BytesPayload, JsonPayload, StringPayload, get_payload


class Collected:
    """A Writer that keeps its pieces."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def write(self, data: bytes) -> None:
        self.pieces.append(data)


async def written(writer: MultipartWriter, **options: bool) -> bytes:
    collected = Collected()
    await writer.write(collected, **options)
    data = b"".join(collected.pieces)
    if not options:
        assert writer.size in (None, len(data))
        assert await writer.as_bytes() == data
    return data


def email_of(writer: MultipartWriter, data: bytes) -> Message:
    message = message_from_bytes(
        f"Content-Type: {writer.content_type}\r\n\r\n".encode() + data, policy=HTTP
    )
    assert not message.defects
    return message


async def test_bytes_of_a_whole() -> None:
    writer = MultipartWriter("mixed", boundary="b:d")
    writer.append("text", {"X": "y"})
    writer.append(b"bytes")
    writer.append_json({"a": 1})
    writer.append_form([("a", "b c"), ("d", "é")])
    writer.append_form({"e": "f"})
    assert await written(writer) == (
        b"--b:d\r\nContent-Type: text/plain; charset=utf-8\r\nX: y\r\nContent-Length: 4\r\n\r\n"
        b"text\r\n"
        b"--b:d\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\nbytes\r\n"
        b'--b:d\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}\r\n'
        b"--b:d\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 14\r\n\r\n"
        b"a=b+c&d=%C3%A9\r\n"
        b"--b:d\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n"
        b"e=f\r\n"
        b"--b:d--\r\n"
    )
    assert writer.content_type == 'multipart/mixed; boundary="b:d"'
    assert dict(writer.headers) == {"Content-Type": 'multipart/mixed; boundary="b:d"'}
    assert (writer.boundary, len(writer)) == ("b:d", 5)
    assert writer.decode().startswith("--b:d\r\nContent-Type: text/plain; charset=utf-8\r\n")


async def test_no_parts() -> None:
    writer = MultipartWriter(boundary="x")
    assert writer
    assert len(writer) == 0
    assert await written(writer) == b"--x--\r\n"
    assert await written(writer, close_boundary=False) == b""


def test_boundaries_of_its_own_differ() -> None:
    boundaries = {MultipartWriter().boundary for _ in range(10)}
    assert len(boundaries) == 10
    content_type = parse_content_type(MultipartWriter("related", "a b=c").content_type)
    assert (content_type.subtype, content_type.parameters["boundary"]) == ("related", "a b=c")


@pytest.mark.parametrize("boundary", ["", "é", "a\n", 'a"b', "a\\", "x" * 71, "space ", "a;b"])
def test_what_is_no_boundary(boundary: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 2046 5\.1\.1"):
        MultipartWriter(boundary=boundary)


def test_what_no_part_can_be_made_of() -> None:
    with pytest.raises(TypeError, match="part cannot be made of int"):
        MultipartWriter().append(5)


def test_a_part_with_a_field_that_would_be_two() -> None:
    with pytest.raises(ValueError, match="control character"):
        MultipartWriter().append("x", {"X": "a\r\nb"})


async def test_iteration_and_the_context_manager() -> None:
    with MultipartWriter() as writer:
        part = writer.append(
            "x", {"Content-Encoding": "GZIP", "Content-Transfer-Encoding": "Base64"}
        )
        other = writer.append_payload(BytesPayload(b"y"))
        assert writer.append(other, {"X": "z"}) is other
    assert list(writer) == [(part, "gzip", "base64"), (other, "", ""), (other, "", "")]
    assert other.headers["X"] == "z"


@pytest.mark.parametrize(
    "coding", ["", "gzip", "deflate", "br", "zstd", "deflate, gzip", "identity"]
)
@pytest.mark.parametrize("encoded", ["", "base64", "quoted-printable", "binary", "8bit"])
async def test_encodings(coding: str, encoded: str) -> None:
    headers = {"Content-Encoding": coding, "Content-Transfer-Encoding": encoded}
    writer = MultipartWriter()
    data = "é=\r\n".encode() * 500
    writer.append(data, {name: value for name, value in headers.items() if value})
    message = email_of(writer, await written(writer))
    (part,) = message.get_payload()  # type: ignore[misc]
    content = part.get_payload(decode=True)  # type: ignore[union-attr]
    if coding == "gzip":
        content = gzip.decompress(content)  # type: ignore[arg-type]
    if coding in ("gzip", "", "identity"):
        assert content == data
    is_plain = coding in ("", "identity") and encoded in ("", "binary", "8bit")
    assert (writer.size is not None) == is_plain
    assert ("Content-Length" in part) == is_plain


@pytest.mark.parametrize("name", ["Content-Encoding", "Content-Transfer-Encoding"])
def test_encodings_that_are_not_known(name: str) -> None:
    with pytest.raises(ValueError, match="'rot13' is not one of"):
        MultipartWriter().append("x", {name: "rot13"})


async def test_nested() -> None:
    inner = MultipartWriter("related", boundary="in")
    inner.append("x")
    outer = MultipartWriter("mixed", boundary="out")
    outer.append(inner)
    outer.append("y")
    data = await written(outer)
    assert outer.size == len(data)
    message = email_of(outer, data)
    first, second = message.get_payload()  # type: ignore[misc]
    assert first.get_content_type() == "multipart/related"  # type: ignore[union-attr]
    assert [part.get_payload() for part in first.get_payload()] == ["x"]  # type: ignore[union-attr]
    assert second.get_payload() == "y"  # type: ignore[union-attr]


async def test_a_part_that_grows_behind_its_appending() -> None:
    inner = MultipartWriter(boundary="in")
    outer = MultipartWriter(boundary="out")
    part = outer.append(inner)
    assert part.headers["Content-Length"] == "8"
    inner.append("x")
    data = await written(outer)
    assert f"Content-Length: {inner.size}\r\n".encode() in data
    assert inner.size == len(await inner.as_bytes())


async def test_parts_are_streamed() -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    writer = MultipartWriter(boundary="x")
    writer.append(source())
    collected = Collected()
    await writer.write(collected)
    assert collected.pieces[1:3] == [b"one", b"two"]
    assert writer.size is None
    assert writer.consumed


@pytest.mark.parametrize("encoded", ["", "base64"])
async def test_large_parts_are_compressed_off_the_loop(encoded: str) -> None:
    """Other tasks run while a thread compresses; where it is the loop that does, none does."""
    data = random.Random(1).randbytes(3 * OFF_LOOP)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    for way in ("write", "as_bytes"):
        writer = MultipartWriter(boundary="b")
        headers = {"Content-Encoding": "gzip", "Content-Transfer-Encoding": encoded}
        writer.append(data, {name: value for name, value in headers.items() if value})
        turns = 0
        other = asyncio.ensure_future(others())
        sent = Collected()
        if way == "write":
            await writer.write(sent)
        else:
            sent.pieces.append(await writer.as_bytes())
        other.cancel()
        assert turns > 0
        body = b"".join(sent.pieces).partition(b"\r\n\r\n")[2].removesuffix(b"\r\n--b--\r\n")
        assert gzip.decompress(base64.b64decode(body) if encoded else body) == data


async def test_files_are_sent_again_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"\0" * 100_000)
    writer = MultipartWriter()
    opened = path.open("rb")
    writer.append(opened)
    first = await written(writer)
    assert first == await written(writer)
    assert b'Content-Disposition: attachment; filename="a.bin"\r\n' in first
    assert not writer.consumed
    await writer.close()
    assert opened.closed


async def test_what_cannot_be_closed_does_not_keep_the_others_open() -> None:
    class Stuck(BytesPayload):
        async def close(self) -> None:
            raise OSError("stuck")

    writer = MultipartWriter()
    writer.append(Stuck(b"a"))
    opened = writer.append(io.BufferedReader(io.BytesIO(b"b")))._value
    with pytest.raises(OSError, match="stuck"):
        await writer.close()
    assert opened.closed


# Forms


async def test_parts_of_a_form() -> None:
    writer = MultipartWriter("form-data", boundary="x")
    part = writer.append("v")
    part.set_content_disposition("form-data", name="n")
    assert await written(writer) == (
        b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b'Content-Disposition: form-data; name="n"\r\n\r\nv\r\n--x--\r\n'
    )


async def test_parts_of_a_form_that_have_no_name_get_one() -> None:
    writer = MultipartWriter("form-data", boundary="x")
    named = get_payload(b"b")
    named.set_content_disposition("form-data", name="second")
    for part in (JsonPayload({}), named, StringPayload("c")):
        writer.append(part)
    names = re.findall(rb'; name="(.*?)"', await written(writer))
    assert names == [b"section-0", b"second", b"section-2"]


async def test_the_disposition_of_a_part_stays() -> None:
    fields = {"Content-Disposition": 'attachments; filename="bug.py"'}
    writer = MultipartWriter("form-data", boundary="x")
    writer.append("a", fields)
    assert b'Content-Disposition: attachments; filename="bug.py"' in await written(writer)


@pytest.mark.parametrize(
    "headers", [{"Content-Encoding": "gzip"}, {"Content-Transfer-Encoding": "base64"}]
)
def test_parts_of_a_form_are_not_encoded(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"RFC 7578 4\.7, 4\.8"):
        MultipartWriter("form-data").append("x", headers)


def test_a_subtype_is_a_token():
    with pytest.raises(ValueError, match="not a subtype"):
        MultipartWriter("mixed; boundary=evil")


@pytest.mark.parametrize("kind", [ValueError, RuntimeError])
@pytest.mark.parametrize("field", ["Content-Encoding", "Content-Transfer-Encoding"])
def test_a_coding_that_is_not_known_is_either_error(field: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="snappy"):
        MultipartWriter().append("x", {field: "snappy"})
