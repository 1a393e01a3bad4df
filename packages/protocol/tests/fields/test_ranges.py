"""Range and Content-Range (RFC 9110 14)."""

import pytest
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.fields.ranges import ByteRange, ContentRange, parse_content_range, parse_range
from aiolos_protocol.limits import Limits
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "ranges"),
    [
        ("bytes=0-499", [(0, 499)]),
        ("bytes=500-", [(500, None)]),
        ("bytes=-500", [(None, 500)]),
        ("Bytes = 0-0,-1", [(0, 0), (None, 1)]),
        ("bytes=0-9, 20-29 ,,30-", [(0, 9), (20, 29), (30, None)]),
    ],
)
def test_ranges(value: str, ranges: list[tuple[int | None, int | None]]) -> None:
    assert parse_range(value) == tuple(ByteRange(*each) for each in ranges)


@pytest.mark.parametrize(
    "value",
    ["", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1", "lines=1-2",
     "bytes=1-2-3", "bytes=+1-2", "bytes=1 - 2", "bytes=0-1;", "bytes=٣-٤", f"bytes={'9' * 19}-5"],
)  # fmt: skip
def test_malformed_ranges(value: str) -> None:
    with pytest.raises(ValueError, match="RFC 9110 14"):
        parse_range(value)


@pytest.mark.parametrize("digits", [18, 19, 26, 5000])
def test_a_position_behind_every_end(digits: int) -> None:
    far, zeros = "9" * digits, "0" * digits
    for value, resolved in (
        (f"0-{far}", (0, 10)),
        (f"-{far}", (0, 10)),
        (f"{far}-", None),
        (f"{far}-{far}", None),
        (f"{zeros}2-{zeros}3", (2, 4)),
        (f"{zeros}-", (0, 10)),
    ):
        (asked,) = parse_range(f"bytes={value}")
        assert asked.resolve(10) == resolved


def test_limit_of_ranges() -> None:
    limits = Limits(ranges=3)
    assert len(parse_range("bytes=0-1,2-3,4-5", limits)) == 3
    with pytest.raises(LimitExceeded, match="ranges=3") as caught:
        parse_range("bytes=0-1,2-3,4-5,6-7", limits)
    assert caught.value.status_hint == 416


@pytest.mark.parametrize(
    ("first", "last", "size", "resolved"),
    [
        (0, 499, 1000, (0, 500)),
        (500, None, 1000, (500, 1000)),
        (None, 300, 1000, (700, 1000)),
        (None, 3000, 1000, (0, 1000)),
        (0, 5000, 1000, (0, 1000)),
        (1000, None, 1000, None),
        (None, 0, 1000, None),
        (0, None, 0, None),
        (None, 5, 0, None),
    ],
)
def test_resolving(
    first: int | None, last: int | None, size: int, resolved: tuple[int, int] | None
) -> None:
    assert ByteRange(first, last).resolve(size) == resolved


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("bytes 0-499/1000", (0, 500, 1000)),
        ("bytes 0-499/*", (0, 500, None)),
        ("bytes */1000", (None, None, 1000)),
    ],
)
def test_content_range(value: str, parts: tuple[int | None, int | None, int | None]) -> None:
    assert parse_content_range(value) == ContentRange(*parts)
    assert str(ContentRange(*parts)) == value


@pytest.mark.parametrize(
    "value",
    ["", "bytes */*", "bytes 5-4/9", "bytes 0-9/9", "bytes=0-4/9", "lines 0-1/2", "bytes 0-1"],
)
def test_malformed_content_range(value: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 9110 14\.4"):
        parse_content_range(value)


@given(st.integers(0, 10**17), st.integers(1, 10**6), st.integers(0, 10**6))
def test_content_range_round_trip(start: int, length: int, behind: int) -> None:
    written = ContentRange(start, start + length, start + length + behind)
    assert parse_content_range(str(written)) == written
