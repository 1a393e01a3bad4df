"""HPACK against its own twin and against another implementation."""

from typing import Any

import hpack as oracle
import pytest
from aiolos_protocol.errors import ProtocolError
from aiolos_protocol.http2 import hpack, pyhpack
from hypothesis import given, settings
from hypothesis import strategies as st

names = st.sampled_from([b":path", b"accept", b"cookie", b"x-a", b"x-b", b"date"]) | st.binary(
    max_size=20
)
field_lists = st.lists(st.tuples(names, st.binary(max_size=60)), max_size=8)
# Bytes that look like a block more often than chance would have it.
blocks = st.lists(
    st.sampled_from([b"\x82", b"\xbe", b"\xbf", b"\x40\x01a\x01b", b"\x7e\x81\x1f", b"\x20"])
    | st.binary(max_size=12),
    max_size=8,
).map(b"".join)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_twins_encode_alike(data: bytes) -> None:
    encoded = hpack.huffman_encode(data)
    assert encoded == pyhpack.huffman_encode(data)
    assert hpack.huffman_decode(encoded) == pyhpack.huffman_decode(encoded) == data
    for name in (b"cookie", data):
        for sensitive in (False, True):
            field = hpack.encode_field(name, data, sensitive)
            assert field == pyhpack.encode_field(name, data, sensitive)


@settings(max_examples=300)
@given(st.binary(max_size=40))
def test_twins_judge_huffman_alike(data: bytes) -> None:
    assert outcome(hpack.huffman_decode, data) == outcome(pyhpack.huffman_decode, data)


@settings(max_examples=400)
@given(
    st.lists(blocks | st.sampled_from([b"\x82\xbe", b"\x82"]), max_size=6),
    st.sampled_from([0, 40, 100, 4096]),
)
def test_twins_decode_alike(several: list[bytes], table_size: int) -> None:
    ours, twin = hpack.Decoder(table_size), pyhpack.Decoder(table_size)
    for block in several:
        seen = outcome(ours.decode, block, 300, 5)
        assert seen == outcome(twin.decode, block, 300, 5)
        assert (ours.entries, ours.size) == (twin.entries, twin.size)
        if isinstance(seen, str) and "limit" not in seen:
            break


@pytest.mark.parametrize("codec", [hpack, pyhpack])
class TestRepeatedBlocks:
    def test_the_same_bytes_mean_the_same(self, codec: Any) -> None:
        decoder = codec.Decoder()
        first = decoder.decode(b"\x82\x00\x01a\x01b", 1000, 10)
        assert outcome(decoder.decode, b"\x82\x00\x01a\x01b", 1000, 10) == [
            (field.name, field.value, field.size) for field in first
        ]

    def test_unless_the_table_has_changed(self, codec: Any) -> None:
        decoder = codec.Decoder()
        decoder.decode(b"\x40\x01a\x01b", 1000, 10)
        assert outcome(decoder.decode, b"\xbe", 1000, 10) == [(b"a", b"b", 34)]
        assert outcome(decoder.decode, b"\xbe", 1000, 10) == [(b"a", b"b", 34)]
        decoder.decode(b"\x40\x01c\x01d", 1000, 10)
        assert outcome(decoder.decode, b"\xbe", 1000, 10) == [(b"c", b"d", 34)]

    def test_an_insertion_is_made_each_time(self, codec: Any) -> None:
        decoder = codec.Decoder()
        for _ in range(3):
            decoder.decode(b"\x40\x01a\x01b", 1000, 10)
        assert decoder.entries == ((b"a", b"b"),) * 3

    def test_a_block_that_is_refused_may_have_changed_it(self, codec: Any) -> None:
        decoder = codec.Decoder()
        decoder.decode(b"\x40\x01a\x01b", 1000, 10)
        decoder.decode(b"\xbe", 1000, 10)
        assert "limit" in str(outcome(decoder.decode, b"\x40\x01c\x01d", 10, 10))
        assert outcome(decoder.decode, b"\xbe", 1000, 10) == [(b"c", b"d", 34)]

    def test_smaller_limits_hold(self, codec: Any) -> None:
        decoder = codec.Decoder()
        decoder.decode(b"\x82\x84", 1000, 10)
        assert "limit head=50" in str(outcome(decoder.decode, b"\x82\x84", 50, 10))
        assert "limit fields=1" in str(outcome(decoder.decode, b"\x82\x84", 1000, 1))


def outcome(function: object, *arguments: object) -> object:
    """What the call returned, comparable, or the text of what it raised."""
    try:
        result = function(*arguments)  # type: ignore[operator]
    except ProtocolError as error:
        return str(error)
    if isinstance(result, list):
        return [(field.name, field.value, field.size) for field in result]
    return result


@settings(max_examples=100)
@given(st.lists(field_lists, max_size=4))
def test_reads_what_another_encoder_writes(several: list[list[tuple[bytes, bytes]]]) -> None:
    encoder, decoder = oracle.Encoder(), hpack.Decoder()
    for number, fields in enumerate(several):
        block = encoder.encode(fields, huffman=bool(number % 2))
        decoded = decoder.decode(block, 1 << 20, 1000)
        assert [(field.name, field.value) for field in decoded] == fields


@settings(max_examples=100)
@given(field_lists)
def test_another_decoder_reads_what_is_written(fields: list[tuple[bytes, bytes]]) -> None:
    block = b"".join(hpack.encode_field(name, value) for name, value in fields)
    assert [tuple(field) for field in oracle.Decoder().decode(block, raw=True)] == fields


@pytest.mark.parametrize("value", [b"", b"a", b"\xff" * 600, b"x" * 5000])
def test_long_values(value: bytes) -> None:
    block = hpack.encode_field(b"x-long", value)
    assert hpack.Decoder().decode(block, 1 << 20, 10)[0].value == value
    assert hpack.huffman_decode(hpack.huffman_encode(value)) == value


def test_shrink_empties_the_table_and_forbids_entries() -> None:
    decoder = hpack.Decoder()
    decoder.decode(b"\x40\x01a\x01b", 1000, 10)
    decoder.decode(hpack.SHRINK + b"\x40\x01a\x01b", 1000, 10)
    assert decoder.entries == ()
