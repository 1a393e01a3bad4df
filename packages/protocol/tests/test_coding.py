"""Bodies decoded as they are read, and encoded as they are written."""

import asyncio
import gzip
import random
import threading
from collections.abc import Sequence

import pytest
from aiolos_protocol.coding import DecodedReader, EncodingWriter, decoded, encoded
from aiolos_protocol.compression import (
    CODINGS,
    OFF_LOOP,
    UnsupportedCoding,
    available,
    compress,
    decompress,
)
from aiolos_protocol.errors import ConnectionLost, LimitExceeded, LineTooLong, RemoteProtocolError
from aiolos_protocol.fields.accept import choose_coding
from aiolos_protocol.http1.framing import ChunkedDecoder
from aiolos_protocol.limits import Limits
from aiolos_protocol.payload import get_payload
from aiolos_protocol.streams import StreamReader
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

TEXT = b"".join(b"%d %d\n" % (number, number * 7919 % 1000) for number in range(20_000))


class Link:
    """The part of a link that a reader sees."""

    def __init__(self) -> None:
        self.paused = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


def arrived(data: bytes, piece: int = 65_536, *, end: bool = True) -> StreamReader:
    reader = StreamReader()
    for start in range(0, len(data), piece):
        reader.feed_data(data[start : start + piece])
    if end:
        reader.feed_eof()
    return reader


# Reading


def test_without_a_coding_it_is_the_body_itself() -> None:
    body = StreamReader()
    assert decoded(body, None) is body
    assert decoded(body, "identity") is body


def test_codings_that_are_refused() -> None:
    with pytest.raises(UnsupportedCoding):
        decoded(StreamReader(), "compress")
    with pytest.raises(LimitExceeded, match="codings=1"):
        decoded(StreamReader(), "gzip, br", Limits(codings=1))


@pytest.mark.parametrize("coding", [*CODINGS, "deflate, gzip, br, zstd"])
async def test_every_way_of_reading(coding: str) -> None:
    coded = compress(TEXT, coding.split(", "))

    def body() -> StreamReader:
        return decoded(arrived(coded, 1000), coding)

    assert await body().read() == TEXT
    assert await body().readexactly(len(TEXT)) == TEXT
    assert b"".join([piece async for piece in body().iter_any()]) == TEXT
    pieces = [piece async for piece in body().iter_chunked(1000)]
    assert b"".join(pieces) == TEXT
    assert all(len(piece) <= 1000 for piece in pieces)
    lines = [line async for line in body()]
    assert lines == TEXT.splitlines(keepends=True)
    assert await body().readuntil(b"9 9") == TEXT[: TEXT.find(b"9 9") + 3]
    chunks = [piece async for piece, _ in body().iter_chunks()]
    assert b"".join(chunks) == TEXT
    reader = body()
    found = b""
    while data := await reader.read(777):
        found += data
    assert found == TEXT
    assert reader.at_eof()
    assert reader.total_bytes == len(TEXT)
    assert reader.total_raw_bytes == len(coded)


async def test_what_has_arrived_and_what_has_been_read() -> None:
    source = StreamReader()
    reader = decoded(source, "gzip")
    ends: list[str] = []
    reader.on_eof(lambda: ends.append("end"))
    waiting = asyncio.ensure_future(reader.wait_eof())
    await asyncio.sleep(0)
    assert not reader.is_eof()
    source.feed_data(gzip.compress(b"x"))
    source.feed_trailers(CIMultiDict({"A": "b"}))
    source.feed_eof()
    await waiting
    assert reader.is_eof()
    assert ends == ["end"]
    assert not reader.at_eof()
    assert await reader.read() == b"x"
    assert reader.at_eof()
    assert reader.trailers["a"] == "b"


def test_the_room_is_that_of_the_source() -> None:
    reader = decoded(StreamReader(Link(), 1000), "gzip")
    assert reader.get_read_buffer_limits() == (1000, 2000)
    reader.set_read_chunk_size(50)
    assert reader.get_read_buffer_limits() == (50, 100)


@pytest.mark.parametrize(
    ("row", "coding"),
    [("CLI-21", "gzip"), ("CLI-21", "deflate"), ("CLI-22", "br"), ("CLI-23", "zstd")],
)
async def test_cli_21_cli_22_cli_23_offered_and_decoded(row: str, coding: str) -> None:
    """The protocol half: what can be decoded here is what a client offers."""
    assert coding in available()
    assert await decoded(arrived(compress(TEXT, [coding]), 1000), coding).read() == TEXT


@given(st.binary(max_size=500), st.sampled_from(CODINGS), st.integers(1, 50), st.integers(1, 100))
@settings(max_examples=50)
async def test_pieces_of_any_size(data: bytes, coding: str, piece: int, size: int) -> None:
    reader = decoded(arrived(compress(data, [coding]), piece), coding)
    found = b""
    while part := await reader.read(size):
        found += part
    assert found == data


async def test_bytes_are_seen_as_they_come() -> None:
    source = StreamReader()
    reader = decoded(source, "gzip")
    decoder = ChunkedDecoder(Limits())
    writer = Collected()
    encoder = EncodingWriter(writer, ["gzip"])
    waiting = asyncio.ensure_future(reader.readany())
    for event in (b"one", b"two"):
        await encoder.write(event)
        await encoder.flush()
        coded = writer.take()
        decoder.feed(b"%x\r\n%b\r\n" % (len(coded), coded), 0, source)
        assert await waiting == event
        waiting = asyncio.ensure_future(reader.readany())
        await asyncio.sleep(0)
        assert not waiting.done()
    await encoder.finish()
    coded = writer.take()
    decoder.feed(b"%x\r\n%b\r\n0\r\n\r\n" % (len(coded), coded), 0, source)
    assert await waiting == b""


async def test_an_empty_body() -> None:
    assert await decoded(arrived(b""), "gzip").read() == b""
    assert await decoded(arrived(compress(b"", ["gzip"])), "gzip").readany() == b""


async def test_back_pressure() -> None:
    """Some bytes stand for megabytes: while they are read the peer stays paused, and no more is
    decoded than was asked for."""
    link = Link()
    source = StreamReader(link, 1000)
    reader = decoded(source, "gzip", Limits(decompression_ratio=10_000))
    coded = compress(bytes(50_000_000), ["gzip"])
    source.feed_data(coded[:5000])
    assert link.paused
    assert reader.total_bytes == 0
    total = len(await reader.read(10))
    assert not link.paused
    source.feed_data(coded[5000:10_000])
    for _ in range(100):
        assert link.paused
        total += len(await reader.read(10_000))
        assert reader.total_bytes - total <= 65_536
    assert total > 500_000


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_body_cut_short(coding: str) -> None:
    reader = decoded(arrived(compress(b"whole", [coding])[:-1]), coding)
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="cut short"):
            await reader.read()
    assert isinstance(reader.exception(), RemoteProtocolError)
    assert not reader.at_eof()


async def test_what_came_before_a_fault_can_be_read() -> None:
    reader = decoded(arrived(gzip.compress(b"good") + b"junk"), "gzip")
    assert await reader.readany() == b"good"
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="not valid gzip"):
            await reader.readany()


async def test_a_decoded_line_has_the_bound_of_its_body() -> None:
    for size in (100, 101):
        reader = StreamReader()
        reader.line = 100
        reader.feed_data(gzip.compress(b"x" * (size - 1) + b"\n"))
        reader.feed_eof()
        body = decoded(reader, "gzip")
        if size == 100:
            assert len(await body.readline()) == 100
        else:
            with pytest.raises(LineTooLong, match="within 100 bytes"):
                await body.readline()


async def test_a_bomb() -> None:
    limits = Limits(decompression_burst=100_000)
    bomb = compress(bytes(10_000_000), ["gzip"])
    reader = decoded(arrived(bomb), "gzip", limits)
    with pytest.raises(LimitExceeded, match="decompression_ratio=200") as caught:
        await reader.read()
    assert caught.value.status_hint == 413
    assert reader.total_bytes <= 200 * len(bomb) + 65_536


async def test_the_connection_is_lost() -> None:
    source = arrived(compress(TEXT, ["gzip"])[:1000], end=False)
    reader = decoded(source, "gzip")
    waiting = asyncio.ensure_future(reader.read())
    await asyncio.sleep(0)
    source.set_exception(ConnectionLost("gone"))
    with pytest.raises(ConnectionLost):
        await waiting
    assert isinstance(reader.exception(), ConnectionLost)


async def test_an_exception_from_above_wakes_the_reader() -> None:
    reader = decoded(StreamReader(), "gzip")
    waiting = asyncio.ensure_future(reader.read())
    await asyncio.sleep(0)
    reader.set_exception(ConnectionLost("closed"))
    with pytest.raises(ConnectionLost):
        await waiting
    with pytest.raises(ConnectionLost):
        await reader.readany()


async def test_one_task_reads_at_a_time() -> None:
    source = StreamReader()
    reader = decoded(source, "gzip")
    waiting = asyncio.ensure_future(reader.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="another task"):
        await reader.read()
    source.feed_data(gzip.compress(b"x"))
    source.feed_eof()
    assert await waiting == b"x"


async def test_a_reader_that_was_cancelled_reads_on() -> None:
    source = StreamReader()
    reader = decoded(source, "gzip")
    waiting = asyncio.ensure_future(reader.readany())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    source.feed_data(gzip.compress(b"x"))
    assert await reader.readany() == b"x"


async def test_other_tasks_get_their_turn() -> None:
    turns = 0
    limits = Limits(decompression_ratio=10_000)
    reader = decoded(arrived(compress(bytes(20_000_000), ["gzip"])), "gzip", limits)
    reading = asyncio.ensure_future(reader.read())
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert len(await reading) == 20_000_000
    assert turns > 10


async def turns_of_others(reading: "asyncio.Future[bytes]") -> int:
    """How often another task ran before `reading` was done."""
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    return turns


@pytest.mark.parametrize(
    ("inner", "turns"),
    [
        # Blocks that stand for nothing (RFC 1951 3.2.4), 10 MB of them.
        (gzip.compress(b"")[:10] + b"\0\0\0\xff\xff" * 2_000_000, 10),
        # Members without content.
        (gzip.compress(b"") * 9000, 5),
    ],
)
@pytest.mark.parametrize("piece", [65_536, 10_000_000])
async def test_other_tasks_get_their_turn_where_nothing_is_decoded(
    inner: bytes, turns: int, piece: int
) -> None:
    limits = Limits(decompression_ratio=1_000_000)
    for source, codings in (
        (arrived(compress(inner, ["br"])), "gzip, br"),
        # All of it has arrived: asking for more does not suspend either.
        (arrived(inner, piece), "gzip"),
    ):
        reading = asyncio.ensure_future(decoded(source, codings, limits).read())
        assert await turns_of_others(reading) >= turns
        await asyncio.gather(reading, return_exceptions=True)


async def test_given_up_between_two_turns_it_has_lost_nothing() -> None:
    data = random.Random(1).randbytes(5_000_000)
    reader = decoded(arrived(compress(data, ["gzip"])), "gzip")
    found = b""
    cancelled = 0
    while not reader.at_eof():
        reading = asyncio.ensure_future(reader.readany())
        await asyncio.sleep(0)
        if not reading.done():
            cancelled += 1
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        else:
            found += await reading
    assert found == data
    assert cancelled >= 3


# Writing


@pytest.mark.parametrize(
    ("row", "accept_encoding", "coding"),
    [
        ("RSP-08", "gzip, deflate", "gzip"),
        ("RSP-08", "gzip;q=0.5, deflate", "deflate"),
        ("RSP-08", "identity", None),
        ("RSP-10", "gzip, deflate, br", "br"),
        ("RSP-10", "gzip, br;q=0.9", "gzip"),
        ("RSP-11", "gzip, br, zstd", "zstd"),
        ("RSP-11", "zstd;q=0, br", "br"),
    ],
)
async def test_rsp_08_rsp_10_rsp_11_what_the_peer_prefers_is_sent(
    row: str, accept_encoding: str, coding: str | None
) -> None:
    """The protocol half: chosen by Accept-Encoding, written, and read back."""
    chosen = choose_coding(accept_encoding, ("zstd", "br", "gzip", "deflate"))
    assert chosen == coding
    writer = Collected()
    encoder = EncodingWriter(writer, [chosen] if chosen else [])
    await get_payload(TEXT).write(encoder)
    await encoder.finish()
    assert await decoded(arrived(writer.take()), chosen).read() == TEXT


class Collected:
    """A Writer that keeps its pieces, and by whom they came."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def write(self, data: bytes) -> None:
        assert data
        assert threading.current_thread() is threading.main_thread()
        self.pieces.append(data)

    def take(self) -> bytes:
        pieces, self.pieces = self.pieces, []
        return b"".join(pieces)


@pytest.mark.parametrize("codings", [[coding] for coding in CODINGS] + [["gzip", "br"]])
@pytest.mark.parametrize("size", [0, 10, OFF_LOOP, 3 * OFF_LOOP])
async def test_writing(codings: Sequence[str], size: int) -> None:
    data = TEXT[:size]
    writer = Collected()
    encoder = EncodingWriter(writer, codings, level=1)
    await get_payload(data).write(encoder)
    await encoder.finish()
    assert decompress(writer.take(), codings) == data
    assert decompress(await encoded(data, codings), codings) == data


async def test_large_pieces_are_compressed_off_the_loop() -> None:
    threads: set[str] = set()

    class Watched(bytes):
        """Tells which thread takes it."""

        def __bool__(self) -> bool:
            threads.add(threading.current_thread().name)
            return True

    encoder = EncodingWriter(Collected(), ["gzip"])
    await encoder.write(Watched(OFF_LOOP - 1))
    assert threads == {"MainThread"}
    threads.clear()
    await encoder.write(Watched(OFF_LOOP))
    assert threads
    assert "MainThread" not in threads


def test_the_reader_is_a_stream_reader() -> None:
    assert isinstance(decoded(StreamReader(), "br"), DecodedReader)
    assert issubclass(DecodedReader, StreamReader)


@pytest.mark.parametrize("broken", [b"nothing", compress(TEXT, ["gzip"])[:-9]])
async def test_a_role_names_errors_of_the_coding_in_its_own_words(broken: bytes) -> None:
    reader = decoded(arrived(broken), "gzip")
    reader.translate(lambda exc: LookupError(str(exc)))
    for _ in range(2):
        with pytest.raises(LookupError):
            await reader.read()


async def test_a_role_names_errors_of_the_source_in_its_own_words() -> None:
    source = arrived(b"", end=False)
    reader = decoded(source, "gzip")
    reader.translate(lambda exc: LookupError(str(exc)))
    source.set_exception(ConnectionLost("gone"))
    with pytest.raises(LookupError, match="gone"):
        await reader.read()


async def test_a_role_names_what_is_broken_and_cut_short_in_its_own_words() -> None:
    source = arrived(b"nothing", end=False)
    reader = decoded(source, "gzip")
    reader.translate(lambda exc: LookupError(str(exc)))
    source.set_exception(ConnectionLost("gone"))
    for _ in range(2):
        with pytest.raises(LookupError, match="gzip"):
            await reader.read()
