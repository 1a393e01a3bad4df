"""Content codings (RFC 9110 8.4.1): every library, both directions, hostile input."""

import contextlib
import gzip
import random
import sys
import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from aiolos_protocol.compression import (
    CODINGS,
    ContentDecoder,
    ContentEncoder,
    UnsupportedCoding,
    available,
    backends,
    compress,
    decompress,
    parse_codings,
    set_zlib_backend,
)
from aiolos_protocol.errors import LimitExceeded, MissingDistribution, RemoteProtocolError
from aiolos_protocol.limits import Limits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CPYTHON = sys.implementation.name == "cpython"
LIBRARIES = ["zlib", "isal.isal_zlib", "zlib_ng.zlib_ng"] if CPYTHON else ["zlib"]
REAL = Path(__file__).read_bytes() * 20
DEFAULT = Limits()
# One library serves all examples of a test.
SHARED = [HealthCheck.function_scoped_fixture]
TIGHT = Limits(decompression_burst=1000, decompression_ratio=10, decompression_size=100_000)


@pytest.fixture(params=LIBRARIES, autouse=True)
def library(request: pytest.FixtureRequest) -> Iterator[Any]:
    module = import_module(request.param)
    set_zlib_backend(module)
    yield module
    set_zlib_backend(None)


def decode_in_pieces(
    data: bytes,
    codings: Sequence[str],
    piece: int,
    size: int = 65_536,
    limits: Limits | None = None,
) -> bytes:
    decoder = ContentDecoder(codings, limits or Limits())
    output = b""
    for start in range(0, len(data), piece):
        decoder.feed(data[start : start + piece])
        while part := decoder.read(size):
            output += part
    decoder.finish()
    return output


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


# Names


@pytest.mark.parametrize(
    ("value", "codings"),
    [
        (None, ()),
        ("", ()),
        ("identity", ()),
        ("GZIP", ("gzip",)),
        ("x-gzip", ("gzip",)),
        ("gzip, br,identity ,, zstd", ("gzip", "br", "zstd")),
    ],
)
def test_names(value: str | None, codings: tuple[str, ...]) -> None:
    assert parse_codings(value) == codings


def test_a_name_that_is_not_known() -> None:
    with pytest.raises(UnsupportedCoding, match="compress") as caught:
        parse_codings("gzip, compress")
    assert (caught.value.coding, caught.value.status_hint) == ("compress", 415)
    with pytest.raises(ValueError, match="'lzma' is not one of gzip"):
        ContentEncoder(["lzma"])


def test_limit_of_codings() -> None:
    assert len(parse_codings("gzip, gzip", Limits(codings=2))) == 2
    with pytest.raises(LimitExceeded, match="codings=2"):
        parse_codings("gzip, gzip, gzip", Limits(codings=2))


def test_what_is_available() -> None:
    assert available() == ("gzip", "deflate", "br", "zstd")


@pytest.mark.parametrize(("coding", "names"), [("br", "_BROTLI"), ("zstd", "_ZSTD")])
def test_a_library_that_is_absent_is_named(
    coding: str, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches = (backends.brotli, backends.zstd, backends.available)
    monkeypatch.setattr(backends, names, ("no_such.module",))
    for each in caches:
        each.cache_clear()
    try:
        wanted = {"br": "Brotli", "zstd": "zstd"}[coding]
        for what in (ContentDecoder, ContentEncoder):
            with pytest.raises(MissingDistribution, match=f"pip install .*{wanted}"):
                what([coding])
        assert coding not in available()
    finally:
        for each in caches:
            each.cache_clear()


def test_the_fastest_library_is_chosen() -> None:
    set_zlib_backend(None)
    assert backends.zlib_backend() is import_module("isal.isal_zlib" if CPYTHON else "zlib")


# Round trips


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("level", [None, 1, 9])
def test_round_trip_of_a_real_file(coding: str, level: int | None) -> None:
    coded = compress(REAL, [coding], level)
    assert len(coded) < len(REAL) / 5
    assert decompress(coded, [coding]) == REAL


@given(
    data=st.binary(max_size=3000) | st.builds(bytes, st.integers(0, 200_000)),
    codings=st.lists(st.sampled_from(CODINGS), max_size=4),
    piece=st.integers(1, 5000),
    size=st.integers(1, 70_000),
)
@settings(max_examples=60, suppress_health_check=SHARED)
def test_round_trip_in_pieces(data: bytes, codings: list[str], piece: int, size: int) -> None:
    encoder = ContentEncoder(codings)
    coded = b""
    for start in range(0, len(data), 1000):
        coded += encoder.encode(data[start : start + 1000])
        if start % 3000 == 0:
            coded += encoder.flush()
    coded += encoder.finish()
    relaxed = Limits(decompression_ratio=10**6)
    assert decode_in_pieces(coded, codings, max(piece, len(coded) // 200), size, relaxed) == data


@pytest.mark.parametrize("coding", CODINGS)
def test_byte_by_byte_and_an_output_of_one_byte(coding: str) -> None:
    data = REAL[:3000] + bytes(3000)
    assert decode_in_pieces(compress(data, [coding]), [coding], 1, 1) == data


@pytest.mark.parametrize("coding", CODINGS)
def test_flush_hands_over_everything(coding: str) -> None:
    encoder, decoder = ContentEncoder([coding]), ContentDecoder([coding])
    for event in (b"data: 1\n\n", b"data: 2\n\n", b""):
        decoder.feed(encoder.encode(event) + encoder.flush())
        assert decoder.read() == event
    decoder.feed(encoder.finish())
    assert decoder.read() == b""
    decoder.finish()


@pytest.mark.parametrize("coding", CODINGS)
def test_an_empty_body(coding: str) -> None:
    assert decompress(compress(b"", [coding]), [coding]) == b""
    # A HEAD or 304 names a coding and carries nothing.
    assert decompress(b"", [coding]) == b""


def test_the_standard_library_agrees() -> None:
    assert decompress(gzip.compress(REAL), ["gzip"]) == REAL
    assert decompress(zlib.compress(REAL), ["deflate"]) == REAL
    assert decompress(raw_deflate(REAL), ["deflate"]) == REAL
    assert gzip.decompress(compress(REAL, ["gzip"])) == REAL
    assert zlib.decompress(compress(REAL, ["deflate"])) == REAL


def test_both_kinds_of_deflate_byte_by_byte() -> None:
    for data in (b"", b"a", REAL[:200]):
        for level in range(10):
            assert decode_in_pieces(zlib.compress(data, level), ["deflate"], 1) == data
        assert decode_in_pieces(raw_deflate(data), ["deflate"], 1) == data


def test_a_strategy_of_zlib() -> None:
    coded = compress(REAL, ["gzip"], strategy=zlib.Z_HUFFMAN_ONLY)
    assert gzip.decompress(coded) == REAL
    assert len(coded) > 2 * len(compress(REAL, ["gzip"], 6))


# Several members, frames and codings


def test_several_members_of_gzip() -> None:
    coded = b"".join(gzip.compress(b"%d," % number) for number in range(300))
    expected = b"".join(b"%d," % number for number in range(300))
    for piece in (1, 7, 1000, len(coded)):
        assert decode_in_pieces(coded, ["gzip"], piece) == expected
    assert decompress(gzip.compress(b"") * 5, ["gzip"]) == b""


def test_several_frames_of_zstd_and_what_is_to_be_skipped() -> None:
    skipped = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
    coded = compress(b"one,", ["zstd"]) + skipped + compress(b"two", ["zstd"]) + skipped
    for piece in (1, 5, len(coded)):
        assert decode_in_pieces(coded, ["zstd"], piece) == b"one,two"


def test_several_codings() -> None:
    codings = ["deflate", "gzip", "br", "zstd"]
    coded = compress(REAL, codings)
    for name in reversed(codings):
        coded = decompress(coded, [name])
    assert coded == REAL


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_limit_of_members(coding: str) -> None:
    member = compress(b"x", [coding])
    assert decompress(member * 5, [coding], Limits(members=5)) == b"xxxxx"
    with pytest.raises(LimitExceeded, match="members=5"):
        decompress(member * 6, [coding], Limits(members=5))


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_many_members_are_linear(coding: str) -> None:
    """Each costs the copy of one window at most, not of all that follows: were it all, copying
    would take a thousand times as long as the rest here."""
    member = compress(random.Random(1).randbytes(2000), [coding])
    assert len(decompress(member * 9999, [coding])) == 2000 * 9999


# What is broken


@pytest.mark.parametrize("coding", CODINGS)
def test_every_truncation_is_detected(coding: str) -> None:
    coded = compress(b"truncated" * 5, [coding])
    for length in range(1, len(coded)):
        with pytest.raises(RemoteProtocolError, match="cut short after"):
            decompress(coded[:length], [coding])


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_second_member_cut_short(coding: str) -> None:
    coded = compress(b"one", [coding])
    with pytest.raises(RemoteProtocolError, match="cut short"):
        decompress(coded + coded[:-1], [coding])


@pytest.mark.parametrize("outer", CODINGS)
def test_truncation_inside_another_coding(outer: str) -> None:
    inner = gzip.compress(REAL)[:-1]
    with pytest.raises(RemoteProtocolError, match="gzip body is cut short"):
        decompress(compress(inner, [outer]), ["gzip", outer])


@pytest.mark.parametrize("coding", CODINGS)
def test_bytes_behind_the_end(coding: str) -> None:
    coded = compress(b"whole", [coding])
    for piece in (1, 1000):
        with pytest.raises(RemoteProtocolError, match=r"behind the end|not valid"):
            decode_in_pieces(coded + b"trailing junk", [coding], piece)


@pytest.mark.parametrize("coding", CODINGS)
def test_junk(coding: str) -> None:
    with pytest.raises(RemoteProtocolError, match=f"not valid {coding}"):
        decompress(b"\x07<html>not compressed at all</html>", [coding])


def test_a_wrong_checksum() -> None:
    for coded, coding in ((gzip.compress(REAL), "gzip"), (zlib.compress(REAL), "deflate")):
        broken = bytearray(coded)
        broken[-1 if coding == "deflate" else -6] ^= 1
        with pytest.raises(RemoteProtocolError, match=f"not valid {coding}"):
            decompress(bytes(broken), [coding])


def test_reserved_flags_of_gzip() -> None:
    broken = bytearray(gzip.compress(b"x"))
    broken[3] |= 0x20
    for piece in (1, 100):
        with pytest.raises(RemoteProtocolError, match=r"RFC 1952 2\.3\.1\.2"):
            decode_in_pieces(bytes(broken), ["gzip"], piece)


def test_a_window_of_zstd_beyond_the_standard() -> None:
    module = backends.zstd()
    options = {module.CompressionParameter.window_log: 24}
    engine = module.ZstdCompressor(options=options)
    coded = engine.compress(bytes(1000)) + engine.flush()
    with pytest.raises(RemoteProtocolError, match="not valid zstd"):
        decompress(coded, ["zstd"])


@given(st.binary(max_size=300), st.sampled_from(CODINGS), st.integers(0, 10**6))
@settings(max_examples=200, suppress_health_check=SHARED)
def test_damage_is_an_error_or_harmless(data: bytes, coding: str, seed: int) -> None:
    """A flipped bit either raises what is documented, or (br and zstd have no checksum here)
    decodes to something."""
    coded = bytearray(compress(data, [coding]))
    chance = random.Random(seed)
    coded[chance.randrange(len(coded))] ^= 1 << chance.randrange(8)
    with contextlib.suppress(RemoteProtocolError):
        decompress(bytes(coded), [coding])


def test_feeding_before_everything_was_read() -> None:
    decoder = ContentDecoder(["gzip"])
    decoder.feed(b"x")
    with pytest.raises(RuntimeError, match="read"):
        decoder.feed(b"y")


# Bombs


@pytest.mark.parametrize("coding", CODINGS)
def test_limit_of_the_size(coding: str) -> None:
    limits = Limits(decompression_size=50_000, decompression_ratio=10**6)
    assert len(decompress(compress(bytes(50_000), [coding]), [coding], limits)) == 50_000
    with pytest.raises(LimitExceeded, match="decompression_size=50000") as caught:
        decompress(compress(bytes(50_001), [coding]), [coding], limits)
    assert caught.value.status_hint == 413


@pytest.mark.parametrize("coding", CODINGS)
def test_limits_of_ratio_and_burst(coding: str) -> None:
    assert len(decompress(compress(bytes(1000), [coding]), [coding], TIGHT)) == 1000
    bomb = compress(bytes(20_000), [coding])
    assert len(bomb) < 1000
    with pytest.raises(LimitExceeded, match="decompression_ratio=10") as caught:
        decompress(bomb, [coding], TIGHT)
    assert caught.value.status_hint == 413
    noise = random.Random(1).randbytes(20_000)
    assert decompress(compress(noise, [coding]), [coding], TIGHT) == noise


@pytest.mark.parametrize("coding", CODINGS)
def test_no_more_is_decoded_than_asked_for(coding: str) -> None:
    """Half a gigabyte of zeros comes in pieces of about the size that was asked for."""
    relaxed = Limits(decompression_ratio=10**9)
    decoder = ContentDecoder([coding], relaxed)
    decoder.feed(compress(bytes(20_000_000), [coding]))
    total = 0
    while part := decoder.read(10_000):
        # Brotli's library rounds up to its own block.
        assert len(part) <= 65_536
        total += len(part)
        if total > 5_000_000:
            break
    assert total > 5_000_000


@pytest.mark.parametrize("outer", CODINGS)
def test_a_bomb_in_a_bomb_is_stopped_at_the_outer_coding(outer: str) -> None:
    """The inner coding makes nothing of it: members without content."""
    bomb = compress(gzip.compress(b"") * 2000, [outer])
    with pytest.raises(LimitExceeded, match="decompression_ratio"):
        decompress(bomb, ["gzip", outer], TIGHT)


# An empty stored block (RFC 1951 3.2.4): five bytes that stand for nothing.
EMPTY_BLOCK = b"\0\0\0\xff\xff"
GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def slow_bomb() -> bytes:
    """Of gzip in gzip in br: some hundred bytes that are 30 MB of empty blocks in between, and
    nothing in the end; each coding by itself stays below the ratio of 200."""
    blocks = gzip.compress(EMPTY_BLOCK * 320, 0) + gzip.compress(EMPTY_BLOCK * 62_000, 9)
    return compress(gzip.compress(GZIP_HEAD) + blocks * 100, ["br"])


def test_what_codings_make_for_one_another_counts_against_the_wire() -> None:
    bomb = slow_bomb()
    assert len(bomb) < 1000
    with pytest.raises(LimitExceeded, match="decompression_ratio=200") as caught:
        decompress(bomb, ["gzip", "gzip", "br"])
    assert caught.value.status_hint == 413


@pytest.mark.parametrize("outer", ["br", "zstd"])
def test_the_ratio_is_that_of_the_whole_chain(outer: str) -> None:
    """150 times by gzip, and then once more by another coding."""
    member = gzip.compress(random.Random(1).randbytes(1500) + bytes(310_000))
    wire = compress(member * 300, [outer])
    assert len(wire) < 20_000
    decoder = ContentDecoder(["gzip", outer])
    decoder.feed(wire)
    pieces = []
    with pytest.raises(LimitExceeded, match="decompression_ratio=200"):
        pieces.extend(iter(decoder.read, b""))
    assert sum(map(len, pieces)) <= DEFAULT.decompression_burst


def test_the_size_is_that_of_all_codings() -> None:
    noise = random.Random(1).randbytes(1500)
    inner = len(compress(noise, ["gzip"]))
    coded = compress(noise, ["gzip", "deflate"])
    limits = Limits(decompression_size=inner + 1500)
    assert decompress(coded, ["gzip", "deflate"], limits) == noise
    with pytest.raises(LimitExceeded, match="decompression_size"):
        decompress(coded, ["gzip", "deflate"], Limits(decompression_size=inner + 1499))


def test_one_step_does_little() -> None:
    """However much the codings make for one another, each call comes back soon: a few thousand
    blocks, or one member, at most."""
    blocks = 2_000_000
    decoder = ContentDecoder(["gzip", "gzip"], Limits(decompression_ratio=10**9))
    decoder.feed(gzip.compress(GZIP_HEAD + EMPTY_BLOCK * blocks))
    steps = 0
    while (piece := decoder.step()) is not None:
        assert piece == b""
        steps += 1
    assert steps > blocks * len(EMPTY_BLOCK) / 65_536
    members = 5000
    decoder = ContentDecoder(["gzip", "br"])
    decoder.feed(compress(gzip.compress(b"") * members, ["br"]))
    steps = 0
    while decoder.step() is not None:
        steps += 1
    assert steps >= members
