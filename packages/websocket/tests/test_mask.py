"""Masking, compiled and not, against the words of RFC 6455 5.3."""

from array import array

import pytest
from aiolos_websocket import mask as module
from aiolos_websocket import pymask
from hypothesis import given, settings
from hypothesis import strategies as st

TWINS = {module.mask, pymask.mask}
FRAMES = {module.frame, pymask.frame}


@pytest.fixture(params=TWINS, ids=lambda twin: type(twin).__name__)
def mask(request):
    return request.param


@given(
    data=st.binary(max_size=300),
    cut=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    key=st.binary(min_size=4, max_size=4),
    phase=st.integers(0, 3),
)
@settings(max_examples=200)
def test_every_byte_meets_its_byte_of_the_key(data, cut, key, phase):
    start, end = sorted(min(each, len(data)) for each in cut)
    expected = bytes(byte ^ key[(at + phase) % 4] for at, byte in enumerate(data[start:end]))
    for mask in TWINS:
        assert mask(data, start, end, key, phase) == expected


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 200_001])
def test_long_payloads(mask, size):
    data = bytes(range(251)) * (size // 251 + 1)
    key = b"\x01\x00\xff\x7f"
    masked = mask(data, 1, size, key, 3)
    assert len(masked) == size - 1
    assert mask(masked, 0, len(masked), key, 3) == data[1:size]
    for at in (0, 1, 65_533, size - 2):
        assert masked[at] == data[1 + at] ^ key[(at + 3) % 4]


@given(payload=st.binary(max_size=300), key=st.binary(min_size=4, max_size=4))
def test_a_payload_behind_its_key(payload, key):
    masked = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    data = b"\x82\x80" + key + masked + b"more"
    for unmask in (module.unmask, pymask.unmask):
        assert unmask(data, 6, 6 + len(payload)) == payload
        with pytest.raises(ValueError):
            unmask(data, 6, len(data) + 1)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 1), (0, 4)])
def test_what_is_no_piece(mask, start, end):
    with pytest.raises(ValueError, match="is no piece of 3 bytes"):
        mask(b"abc", start, end, b"1234", 0)


@pytest.mark.parametrize(("key", "phase"), [(b"123", 0), (b"12345", 0), (b"1234", 4)])
def test_what_is_no_key(mask, key, phase):
    with pytest.raises(ValueError, match="four bytes"):
        mask(b"abc", 0, 3, key, phase)


@pytest.fixture(params=FRAMES, ids=lambda twin: type(twin).__name__)
def make(request):
    return request.param


@given(data=st.binary(max_size=300), key=st.sampled_from([b"", b"\x01\x02\x03\xff"]))
def test_frames_are_as_made_by_hand(frame, data, key):
    for make in FRAMES:
        assert make(0x82, data, key) == frame(2, data, key=key or None)


@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536, 70_001])
def test_every_form_of_the_length(frame, make, size):
    data = bytes(size)
    assert make(0x01, data, b"") == frame(1, data, fin=False)
    assert make(0xC1, data, b"abcd") == frame(1, data, rsv=0x40, key=b"abcd")


def test_whatever_holds_bytes(frame, make):
    expected = frame(2, b"\x01\x00\x02\x00")
    for data in (bytearray(expected[2:]), memoryview(expected)[2:]):
        assert make(0x82, data, b"") == expected
    assert make(0x82, memoryview(array("H", [1, 2])), b"") == expected
    key = b"\x00\x00\x00\x00"
    assert make(0x82, memoryview(expected[2:]), key) == frame(2, expected[2:], key=key)


def test_no_half_keys(make):
    with pytest.raises(ValueError, match="four bytes"):
        make(0x82, b"", b"abc")


GATHERS = {module.Gather, pymask.Gather}


@given(
    pieces=st.lists(
        st.tuples(st.binary(max_size=200), st.sampled_from([b"", b"\x01\x02\x03\xff"])), max_size=12
    ),
    phase=st.integers(0, 3),
)
def test_pieces_are_joined_and_unmasked(pieces, phase):
    expected = b""
    for data, key in pieces:
        inner = data[1:]
        expected += (
            bytes(byte ^ key[(at + phase) % 4] for at, byte in enumerate(inner)) if key else inner
        )
    for kind in GATHERS:
        gather = kind()
        # It is empty again behind a take().
        for _ in range(2):
            for data, key in pieces:
                gather.add(data, min(1, len(data)), len(data), key, phase)
            assert gather.size == len(expected)
            assert gather.take() == expected
            assert gather.take() == b""


@pytest.mark.parametrize("kind", GATHERS, ids=lambda kind: kind.__module__)
def test_no_piece_of_anything(kind):
    gather = kind()
    for start, end, key in (
        (-1, 2, b""),
        (2, 1, b""),
        (0, 4, b""),
        (0, 4, b"abcd"),
        (0, 3, b"abc"),
    ):
        with pytest.raises(ValueError):
            gather.add(b"abc", start, end, key, 0)
    gather.add(b"abc", 0, 3, b"", 0)
    assert gather.take() == b"abc"


@pytest.mark.parametrize("kind", GATHERS, ids=lambda kind: kind.__module__)
def test_what_is_joined_belongs_to_nobody_else(kind):
    gather = kind()
    for size in (1, 0, 1, 1, 100_000, 3):
        gather.add(bytes(size), 0, size, b"", 0)
    taken = gather.take()
    assert taken == bytes(100_006)
    gather.add(b"other", 0, 5, b"", 0)
    assert taken == bytes(100_006)
    gather.take()
    assert bytes(1) == b"\x00"
