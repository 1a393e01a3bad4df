"""Masking, compiled and not, against the words of RFC 6455 5.3."""

import pytest
from aiolos_websocket import mask as module
from hypothesis import given, settings
from hypothesis import strategies as st

TWINS = {module.mask, module.mask_in_python}


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


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 1), (0, 4)])
def test_what_is_no_piece(mask, start, end):
    with pytest.raises(ValueError, match="is no piece of 3 bytes"):
        mask(b"abc", start, end, b"1234", 0)


@pytest.mark.parametrize(("key", "phase"), [(b"123", 0), (b"12345", 0), (b"1234", 4)])
def test_what_is_no_key(mask, key, phase):
    with pytest.raises(ValueError, match="four bytes"):
        mask(b"abc", 0, 3, key, phase)
