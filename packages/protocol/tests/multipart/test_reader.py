"""MultipartReader and BodyPartReader: aiohttp's API over whatever comes."""

import asyncio
import base64
import gzip
import io
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from aiolos_protocol.coding import decoded
from aiolos_protocol.errors import ConnectionLost, LimitExceeded, RemoteProtocolError
from aiolos_protocol.forms import FormData
from aiolos_protocol.limits import Limits
from aiolos_protocol.multipart import (
    BodyPartReader,
    BodyPartReaderPayload,
    MalformedMultipart,
    MultipartReader,
    MultipartWriter,
)
from aiolos_protocol.payload import Payload
from aiolos_protocol.streams import StreamReader
from hypothesis import given, settings
from hypothesis import strategies as st

BASE64 = "Content-Transfer-Encoding: base64"
MIXED = {"Content-Type": 'multipart/mixed; boundary=":"'}
FORM = {"Content-Type": "multipart/form-data; boundary=:"}


def body(data: bytes, piece: int = 65_536) -> "Pieces":
    return Pieces([data[start : start + piece] for start in range(0, len(data), piece)])


class Pieces:
    """Content whose pieces come as they were cut; a StreamReader would join them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    async def readany(self) -> bytes:
        return next(self._pieces, b"")


def part_of(data: bytes, head: str = "", *, form: bool = False, **options: Any) -> MultipartReader:
    lines = head + "\r\n" if head else ""
    whole = f"--:\r\n{lines}\r\n".encode() + data + b"\r\n--:--\r\n"
    return MultipartReader(FORM if form else MIXED, body(whole, 7), **options)


async def first(reader: MultipartReader) -> BodyPartReader:
    part = await reader.next()
    assert isinstance(part, BodyPartReader)
    return part


# The reader


async def test_req_08_parts_as_a_stream() -> None:
    """The protocol half of REQ-08: parts with name, filename and read_chunk."""
    form = FormData({"field": "grün"})
    form.add_field("file", b"x" * 100_000, filename="a.bin")
    payload = form()
    reader = MultipartReader(payload.headers, body(await payload.as_bytes()))
    found = []
    async for part in reader:
        assert isinstance(part, BodyPartReader)
        data = b""
        while chunk := await part.read_chunk():
            assert len(chunk) <= part.chunk_size
            data += chunk
        found.append((part.name, part.filename, part.headers["Content-Type"], data))
    assert found == [
        ("field", None, "text/plain; charset=utf-8", "grün".encode()),
        ("file", "a.bin", "application/octet-stream", b"x" * 100_000),
    ]
    assert reader.at_eof()
    assert await reader.next() is None


async def test_parts_that_are_not_read_are_released() -> None:
    writer = MultipartWriter()
    for number in range(5):
        writer.append(b"x" * 1000, {"Number": str(number)})
    reader = MultipartReader(writer.headers, body(await writer.as_bytes(), 100))
    numbers = []
    previous = None
    async for part in reader:
        numbers.append(part.headers["number"])
        await part.read_chunk(10)  # type: ignore[union-attr]
        if previous is not None:
            assert previous.at_eof()
            assert await previous.read() == b""  # type: ignore[union-attr]
        previous = part
    assert numbers == list("01234")


async def test_release() -> None:
    writer = MultipartWriter()
    writer.append("x")
    writer.append("y")
    reader = MultipartReader(writer.headers, body(await writer.as_bytes()))
    await reader.next()
    await reader.release()
    assert reader.at_eof()


async def test_parts_arrive_while_they_are_read() -> None:
    content = StreamReader()
    reader = MultipartReader(MIXED, content)
    waiting = asyncio.ensure_future(reader.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    content.feed_data(b"--:\r\n\r\nfirst")
    part = await waiting
    assert isinstance(part, BodyPartReader)
    assert await part.read_chunk() == b"first"
    content.set_exception(ConnectionLost("gone"))
    with pytest.raises(ConnectionLost):
        await part.read()


@pytest.mark.parametrize(
    ("content_type", "message", "status"),
    [
        (None, "application/octet-stream, not multipart", 415),
        ("text/plain", "text/plain, not multipart", 415),
        ("multipart/mixed", "0 boundaries", 400),
        ("multipart/mixed; boundary=a; boundary=b", "2 boundaries", 400),
        ("multipart/mixed; boundary=", "not a boundary", 400),
        ('multipart/mixed; boundary="a\\"b"', "not a boundary", 400),
        ("multipart/mixed; boundary=" + "x" * 71, "not a boundary", 400),
    ],
)
def test_content_types_without_a_boundary(
    content_type: str | None, message: str, status: int
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    with pytest.raises(MalformedMultipart, match=message) as caught:
        MultipartReader(headers, body(b""))
    assert caught.value.status_hint == status


@pytest.mark.parametrize("data", [b"", b"junk", b"--:\r\n\r\nx", b"--:\r\nA b\r\n\r\nx\r\n--:--"])
async def test_malformed(data: bytes) -> None:
    reader = MultipartReader(MIXED, body(data))
    with pytest.raises(MalformedMultipart):
        await reader.release()


async def test_heads_by_the_names_that_aiohttp_gives_the_limits() -> None:
    reader = part_of(b"", "A: " + "b" * 97, max_field_size=100)
    assert await reader.next()
    with pytest.raises(LimitExceeded, match="field=100"):
        await part_of(b"", "A: " + "b" * 98, max_field_size=100).next()
    assert await part_of(b"", "A: b\r\nC: d", max_headers=2).next()
    with pytest.raises(LimitExceeded, match="fields=2"):
        await part_of(b"", "A: b\r\nC: d\r\nE: f", max_headers=2).next()


async def test_limit_of_parts_but_for_an_endless_stream() -> None:
    data = b"--:\r\n\r\nx\r\n" * 4 + b"--:--"
    with pytest.raises(LimitExceeded, match="parts=3"):
        await MultipartReader(MIXED, body(data), limits=Limits(parts=3)).release()
    headers = {"Content-Type": "multipart/x-mixed-replace; boundary=:"}
    reader = MultipartReader(headers, body(data), limits=Limits(parts=3))
    assert [await part.read() async for part in reader] == [b"x"] * 4  # type: ignore[union-attr]


# Nesting


async def nested(depth: int, headers: dict[str, str] | None = None) -> MultipartWriter:
    writer = MultipartWriter("mixed", boundary=f"b{depth}")
    writer.append(f"before {depth}")
    if depth > 1:
        writer.append(await nested(depth - 1, headers), headers)
    writer.append(f"after {depth}")
    return writer


async def texts(reader: MultipartReader) -> AsyncIterator[str]:
    async for part in reader:
        if isinstance(part, BodyPartReader):
            yield await part.text()
        else:
            async for text in texts(part):
                yield text


EXPECTED = ["before 3", "before 2", "before 1", "after 1", "after 2", "after 3"]


@pytest.mark.parametrize("piece", [1, 10, 10_000])
@pytest.mark.parametrize(
    "headers",
    [
        None,
        {"Content-Encoding": "gzip"},
        {"Content-Transfer-Encoding": "base64", "Content-Encoding": "br"},
    ],
)
async def test_nested_bodies(piece: int, headers: dict[str, str] | None) -> None:
    writer = await nested(3, headers)
    reader = MultipartReader(writer.headers, body(await writer.as_bytes(), piece))
    assert [text async for text in texts(reader)] == EXPECTED


async def test_nested_bodies_that_are_not_read() -> None:
    writer = await nested(3)
    reader = MultipartReader(writer.headers, body(await writer.as_bytes(), 10))
    kinds = [type(part) async for part in reader]
    assert kinds == [BodyPartReader, MultipartReader, BodyPartReader]


async def test_limit_of_nesting() -> None:
    writer = await nested(3)
    data = await writer.as_bytes()
    reader = MultipartReader(writer.headers, body(data), limits=Limits(nesting=3))
    assert [text async for text in texts(reader)] == EXPECTED
    reader = MultipartReader(writer.headers, body(data), limits=Limits(nesting=2))
    with pytest.raises(LimitExceeded, match="nesting=2"):
        [text async for text in texts(reader)]


async def test_a_nested_body_cut_short() -> None:
    data = b"--:\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nleft\r\n--:--"
    reader = MultipartReader(MIXED, body(data))
    inner = await reader.next()
    assert isinstance(inner, MultipartReader)
    with pytest.raises(MalformedMultipart, match="closing delimiter"):
        await inner.release()
    assert await reader.next() is None


async def test_classes_of_ones_own() -> None:
    class OwnPart(BodyPartReader):
        pass

    class OwnReader(MultipartReader):
        part_reader_cls = OwnPart

    class Inner(MultipartReader):
        pass

    writer = await nested(2)
    data = await writer.as_bytes()
    kinds = [type(part) async for part in OwnReader(writer.headers, body(data))]
    assert kinds == [OwnPart, OwnReader, OwnPart]
    OwnReader.multipart_reader_cls = Inner
    kinds = [type(part) async for part in OwnReader(writer.headers, body(data))]
    assert kinds == [OwnPart, Inner, OwnPart]


# A part


async def test_reading_in_every_way() -> None:
    data = b"one\ntwo\r\n\nlast"
    part = await first(part_of(data))
    assert [await part.readline() for _ in range(5)] == [b"one\n", b"two\r\n", b"\n", b"last", b""]
    assert part.at_eof()
    part = await first(part_of(data))
    assert await part.read_chunk(2) == b"on"
    assert await part.readline() == b"e\n"
    assert await part.next() == data[4:]
    assert await part.next() is None
    part = await first(part_of(data))
    assert [piece async for piece in part] == [data]
    part = await first(part_of(data))
    await part.release()
    assert part.at_eof()
    assert await part.readany() == b""


@pytest.mark.parametrize("piece", [7, 1000])
async def test_the_end_is_known_with_the_last_piece(piece: int) -> None:
    whole = b"--:\r\n\r\nchunk\r\n--:\r\n\r\ntwo_chunks\r\n--:\r\n\r\n\r\n--:--\r\n"
    parts = []
    async for part in MultipartReader(MIXED, body(whole, piece)):
        assert isinstance(part, BodyPartReader)
        chunks = []
        while not part.at_eof():
            chunks.append(await part.read_chunk(5))
        if piece == 1000:
            # What is there tells it: nobody has to read once more for nothing.
            assert all(chunks) or chunks == [b""]
        parts.append(b"".join(chunks))
        assert await part.read_chunk() == await part.read() == b""
    assert parts == [b"chunk", b"two_chunks", b""]


def test_a_part_without_content_has_a_head_still() -> None:
    head = {"Content-Disposition": 'form-data; name="a"; filename="b"'}
    part = BodyPartReader(b"--:", head, None)  # type: ignore[arg-type]  # as tests of users have it
    assert (part.name, part.filename) == ("a", "b")


async def test_an_empty_part() -> None:
    part = await first(part_of(b""))
    assert await part.read() == b""
    assert await part.read_chunk() == await part.readline() == b""
    assert await (await first(part_of(b""))).text() == ""
    assert await (await first(part_of(b""))).json() is None
    assert await (await first(part_of(b""))).form() == []


async def test_a_part_by_itself() -> None:
    """As aiohttp's users build one: the boundary with its dashes, the content at the body."""
    content = StreamReader()
    content.feed_data(b"Hello, world!\r\n--:--")
    part = BodyPartReader(b"--:", {}, content)
    assert await part.read() == b"Hello, world!"


async def test_names_and_types() -> None:
    head = 'Content-Disposition: form-data; name="n\u00fc"; filename="C:\\\\dir\\\\a%22.txt"'
    part = await first(part_of(b"x", head, form=True))
    assert (part.name, part.filename) == ("nü", 'C:\\dir\\a".txt')
    part = await first(part_of(b"x"))
    assert (part.name, part.filename) == (None, None)


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("Content-Type: text/plain; charset=latin-1", "\xc3\xbc"),
        ("Content-Type: text/plain", "ü"),
        ("", "ü"),
    ],
)
async def test_charsets(head: str, text: str) -> None:
    part = await first(part_of("ü".encode(), head))
    assert await part.text() == text
    part = await first(part_of("ü".encode(), head))
    assert await part.text(encoding="latin-1") == "\xc3\xbc"


async def test_json_and_forms() -> None:
    part = await first(part_of(json.dumps({"a": "ü"}).encode()))
    assert await part.json() == {"a": "ü"}
    with pytest.raises(json.JSONDecodeError):
        await (await first(part_of(b"{"))).json()
    part = await first(part_of(b"a=b&c=%E4", "Content-Type: x/y; charset=latin-1"))
    assert await part.form() == [("a", "b"), ("c", "ä")]
    with pytest.raises(LimitExceeded, match="form_fields=1"):
        await (await first(part_of(b"a=b&c=d", limits=Limits(form_fields=1)))).form()


@pytest.mark.parametrize(
    ("data", "head"), [(b"\xff", ""), (b"x", "Content-Type: text/plain; charset=punycode")]
)
async def test_text_that_is_none(data: bytes, head: str) -> None:
    with pytest.raises(MalformedMultipart, match="charset"):
        await (await first(part_of(data, head))).text()


@pytest.mark.parametrize("piece", [1, 1000])
async def test_the_charset_of_a_form(piece: int) -> None:
    def form(name: str) -> MultipartReader:
        data = (
            b'--:\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n%b\r\n'
            b'--:\r\nContent-Disposition: form-data; name="x"\r\n\r\n\xe4\r\n--:--' % name.encode()
        )
        return MultipartReader(FORM, body(data, piece))

    part = await first(form("latin-1"))
    assert (part.name, await part.text()) == ("x", "ä")
    with pytest.raises(MalformedMultipart, match="_charset_"):
        await form("x" * 32).next()
    reader = form("latin-1")
    part = await reader.fetch_next_part()  # type: ignore[assignment]
    assert part.name == "_charset_"


# Sizes


async def test_the_largest_part_that_is_read_whole() -> None:
    class TooLarge(Exception):
        pass

    options: dict[str, Any] = {"client_max_size": 100, "max_size_error_cls": TooLarge}
    for data, head in ((b"x" * 100, ""), (base64.b64encode(b"x" * 75), "")):
        assert await (await first(part_of(data, head, **options))).read() == data
    for method in ("read", "text", "readline", "next", "json", "form"):
        part = await first(part_of(b"1" * 101, **options))
        with pytest.raises(TooLarge) as caught:
            await getattr(part, method)()
        assert caught.value.args == (100,)
    part = await first(part_of(gzip.compress(b"x" * 101), "Content-Encoding: gzip", **options))
    with pytest.raises(TooLarge):
        await part.read(decode=True)
    part = await first(part_of(b"x" * 1000, **options))
    assert len(await part.read_chunk(5)) == 5


async def test_a_bomb() -> None:
    limits = Limits(decompression_burst=1000, decompression_ratio=10)
    part = await first(
        part_of(gzip.compress(bytes(100_000)), "Content-Encoding: gzip", limits=limits)
    )
    with pytest.raises(LimitExceeded, match="decompression_ratio"):
        await part.read(decode=True)


TIGHT = Limits(decompression_burst=50_000, decompression_ratio=10)


def coded_parts(count: int, size: int) -> bytes:
    """`count` parts of `size` zeros each."""
    part = b"--:\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(size)) + b"\r\n"
    return part * count + b"--:--\r\n"


async def read_parts(reader: MultipartReader) -> int:
    size = 0
    async for part in reader:
        if isinstance(part, MultipartReader):
            size += await read_parts(part)
        else:
            size += len(await part.read(decode=True))
    return size


async def test_all_parts_share_one_budget() -> None:
    assert await read_parts(MultipartReader(MIXED, body(coded_parts(5, 10_000)), limits=TIGHT))
    with pytest.raises(LimitExceeded, match="decompression_ratio=10"):
        await read_parts(MultipartReader(MIXED, body(coded_parts(6, 10_000)), limits=TIGHT))


async def test_parts_share_the_budget_of_what_holds_them() -> None:
    """Neither the message's coding nor that of its part may be a bomb upon the other."""
    inner = MIXED["Content-Type"].encode()
    for count, bomb in ((2, False), (40, True)):
        nested = gzip.compress(coded_parts(count, 10_000))
        whole = b"--x\r\nContent-Encoding: gzip\r\nContent-Type: %b\r\n\r\n%b\r\n--x--" % (
            inner,
            nested,
        )
        headers = {"Content-Type": "multipart/mixed; boundary=x"}
        plain = StreamReader()
        plain.feed_data(whole)
        plain.feed_eof()
        coded = StreamReader()
        coded.feed_data(gzip.compress(whole))
        coded.feed_eof()
        for content in (plain, decoded(coded, "gzip", TIGHT)):
            reader = MultipartReader(headers, content, limits=TIGHT)
            if bomb:
                with pytest.raises(LimitExceeded, match="decompression_ratio=10"):
                    await read_parts(reader)
            else:
                assert await read_parts(reader) == 20_000


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("nested", [False, True])
async def test_other_tasks_get_their_turn_while_a_part_is_decoded(
    nested: bool, encoded: bool
) -> None:
    """All of it has arrived, and most of it is thrown away."""
    data = gzip.compress(b"\n" * 20_000_000)
    head = b"Content-Encoding: gzip\r\n"
    if nested:
        data = gzip.compress(b"\n" * 20_000_000 + b"\r\n--y\r\n\r\nx\r\n--y--")
        head += b"Content-Type: multipart/mixed; boundary=y\r\n"
    if encoded:
        data = base64.b64encode(data)
        head += b"Content-Transfer-Encoding: base64\r\n"
    whole = b"--:\r\n%b\r\n%b\r\n--:--\r\n" % (head, data)
    limits = Limits(decompression_ratio=10_000)
    reading = asyncio.ensure_future(read_parts(MultipartReader(MIXED, body(whole), limits=limits)))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert await reading == (1 if nested else 20_000_000)
    assert turns > 10


async def test_other_tasks_get_their_turn_between_pieces() -> None:
    """As above, where it is the reader who decodes what was read."""
    limits = Limits(decompression_ratio=10_000)
    head = "Content-Encoding: gzip"
    part = await first(part_of(gzip.compress(bytes(10_000_000)), head, limits=limits))
    coded = await part.read()

    async def decode() -> int:
        return sum([len(piece) async for piece in part.decode_iter(coded)])

    decoding = asyncio.ensure_future(decode())
    turns = 0
    while not decoding.done():
        turns += 1
        await asyncio.sleep(0)
    assert await decoding == 10_000_000
    assert turns > 5


# Encodings


HEADS = (
    "Content-Encoding: gzip",
    "Content-Encoding: deflate, br",
    "Content-Encoding: zstd",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    "Content-Transfer-Encoding: binary",
    "Content-Encoding: gzip\r\nContent-Transfer-Encoding: BASE64",
)


@given(st.sampled_from(HEADS), st.binary(max_size=2000), st.integers(1, 200), st.integers(1, 300))
@settings(max_examples=60)
async def test_round_trip_through_the_writer(head: str, data: bytes, piece: int, size: int) -> None:
    writer = MultipartWriter()
    writer.append(data, dict(line.split(": ") for line in head.split("\r\n")))
    whole = await writer.as_bytes()

    def reader() -> MultipartReader:
        return MultipartReader(writer.headers, body(whole, piece))

    part = await first(reader())
    assert await part.read(decode=True) == data
    part = await first(reader())
    raw = await part.read()
    assert (await first(reader())).decode(raw) == data
    part = await first(reader())
    found = b""
    while chunk := await part.read_chunk(size):
        found += b"".join([each async for each in part.decode_iter(chunk)])
    assert found == data
    part = await first(reader())
    found = b""
    while chunk := await part.read_chunk(size):
        found += part.decode(chunk)
    assert found == data


async def test_forms_know_no_content_coding() -> None:
    part = await first(
        part_of(b"YQ==", "Content-Encoding: gzip\r\nContent-Transfer-Encoding: base64", form=True)
    )
    assert await part.read(decode=True) == b"a"


@pytest.mark.parametrize("head", ["Content-Encoding: rot13", "Content-Transfer-Encoding: rot13"])
async def test_encodings_that_are_not_known(head: str) -> None:
    part = await first(part_of(b"x", head))
    with pytest.raises(RemoteProtocolError, match="rot13") as caught:
        await part.text()
    assert caught.value.status_hint == 415
    assert await (await first(part_of(b"x", head))).read() == b"x"


@pytest.mark.parametrize(
    ("data", "head"),
    [
        (gzip.compress(b"x", mtime=0)[:-1], "Content-Encoding: gzip"),
        (b"YQ", "Content-Transfer-Encoding: base64"),
        (
            base64.b64encode(gzip.compress(b"x", mtime=0)[:-1]),
            "Content-Encoding: gzip\r\nContent-Transfer-Encoding: base64",
        ),
    ],
)
async def test_encodings_cut_short(data: bytes, head: str) -> None:
    part = await first(part_of(data, head))
    with pytest.raises(RemoteProtocolError, match="cut short"):
        await part.read(decode=True)


# Passing on


async def test_a_part_is_passed_on_as_it_comes() -> None:
    head = (
        "Content-Type: text/x\r\nContent-Encoding: gzip\r\n"
        'Content-Disposition: attachment; name="n"; filename="f.txt"'
    )
    for way in ("write", "as_bytes"):
        part = await first(part_of(gzip.compress(b"passed on"), head))
        writer = MultipartWriter(boundary="x")
        payload = writer.append(part)
        assert isinstance(payload, BodyPartReaderPayload)
        assert payload.size is None
        with pytest.raises(TypeError, match="as_bytes"):
            payload.decode()
        data = await written(writer) if way == "write" else await writer.as_bytes()
        assert data == (
            b"--x\r\nContent-Type: text/x\r\n"
            b'Content-Disposition: attachment; name="n"; filename="f.txt"\r\n\r\n'
            b"passed on\r\n--x--\r\n"
        )
        assert writer.consumed
        with pytest.raises(RuntimeError, match="only once"):
            await written(writer)


async def written(payload: Payload) -> bytes:
    pieces: list[bytes] = []

    class Collecting:
        async def write(self, data: bytes) -> None:
            pieces.append(data)

    await payload.write(Collecting())
    return b"".join(pieces)


# Responses


async def test_the_response_is_released_behind_the_last_part() -> None:
    class Response:
        """The part of a client's response that the wrapper needs."""

        def __init__(self, asynchronous: bool) -> None:
            self.headers = MIXED
            self.content = StreamReader()
            self.content.feed_data(b"--:\r\n\r\nx\r\n--:--")
            self.content.feed_eof()
            self.released = 0
            self.asynchronous = asynchronous

        def release(self) -> Any:
            self.released += 1
            return asyncio.sleep(0) if self.asynchronous else None

    for asynchronous in (False, True):
        response = Response(asynchronous)
        wrapper = MultipartReader.from_response(response)
        assert [await part.read() async for part in wrapper] == [b"x"]  # type: ignore[union-attr]
        assert response.released == 1
        assert wrapper.at_eof()


# Whole forms


NAMES = st.text('abcü"\\;= ', max_size=8)


@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=50)), min_size=1, max_size=5),
    st.integers(1, 100),
)
@settings(max_examples=60)
async def test_cli_40_forms_round_trip(fields: list[tuple[str, bytes]], piece: int) -> None:
    """The protocol half of CLI-40: what FormData writes, the reader reads."""
    form = FormData()
    for name, value in fields:
        form.add_field(name, value, filename=name + ".txt")
    payload = form()
    reader = MultipartReader(payload.headers, body(await payload.as_bytes(), piece))
    found = [(part.name, part.filename, await part.read()) async for part in reader]  # type: ignore[union-attr]
    assert found == [(name, name + ".txt", value) for name, value in fields]


async def test_content_that_has_only_read() -> None:
    class Content:
        def __init__(self, data: bytes) -> None:
            self._file = io.BytesIO(data)

        async def read(self, size: int) -> bytes:
            return self._file.read(min(size, 7))

    body = b"--a\r\n\r\none\r\n--a\r\n\r\ntwo\r\n--a--\r\n"
    reader = MultipartReader({"Content-Type": "multipart/mixed; boundary=a"}, Content(body))
    found = [await part.read() async for part in reader if isinstance(part, BodyPartReader)]
    assert found == [b"one", b"two"]
