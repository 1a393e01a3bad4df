"""Range and Content-Range of bytes (RFC 9110 14)."""

import re
from typing import Final, NamedTuple

from ..errors import LimitExceeded
from ..limits import DEFAULT_LIMITS, Limits

# RFC 9110 14.1.2:  int-range = first-pos "-" [ last-pos ]      suffix-range = "-" suffix-length
_RANGE: Final = re.compile(r"([0-9]*)-([0-9]*)")
# More than 18 digits lie behind the end of any file; they would only cost time to convert.
_DIGITS: Final = 18
_BEYOND: Final = 10**_DIGITS
# RFC 9110 14.4
_CONTENT_RANGE: Final = re.compile(r"bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)")


class ByteRange(NamedTuple):
    """`first` to `last`, both included, from 0. `last` is None for "to the end"; `first` is None
    for "the last `last` bytes"."""

    first: int | None
    last: int | None

    def resolve(self, size: int) -> tuple[int, int] | None:
        """`(start, stop)` in a representation of `size` bytes, stop excluded; None where nothing
        of it lies inside, so that it cannot be satisfied (RFC 9110 14.1.2)."""
        if self.first is None:
            assert self.last is not None
            start, stop = max(0, size - self.last), size
        else:
            start = self.first
            stop = size if self.last is None else min(self.last + 1, size)
        return (start, stop) if start < stop else None


def parse_range(value: str, limits: Limits = DEFAULT_LIMITS) -> tuple[ByteRange, ...]:
    """The ranges that a Range field asks for, in its order; at least one.

    Raises ValueError where it is malformed or its unit is not bytes (a server then ignores the
    field or answers 416, RFC 9110 14.2), LimitExceeded for more than `limits.ranges`.
    """
    unit, equals, rest = value.partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes":
        raise ValueError(f"{value!r:.80} is not a range of bytes (RFC 9110 14.2)")
    if rest.count(",") >= limits.ranges:
        raise LimitExceeded("ranges", limits.ranges, status_hint=416)
    pieces = (piece.strip(" \t") for piece in rest.split(","))
    ranges = tuple(_parse_one(piece) for piece in pieces if piece)
    if not ranges:
        raise ValueError(f"{value!r:.80} names no range (RFC 9110 14.1.1)")
    return ranges


def _parse_one(text: str) -> ByteRange:
    match = _RANGE.fullmatch(text)
    if match is None or text == "-":
        raise ValueError(f"{text!r:.80} is not a range (RFC 9110 14.1.1)")
    first, last = _position(match[1]), _position(match[2])
    if first is not None and last is not None and last < first:
        raise ValueError(f"the range {text:.80} ends before it starts (RFC 9110 14.1.1)")
    return ByteRange(first, last)


def _position(digits: str) -> int | None:
    if not digits:
        return None
    digits = digits.lstrip("0")
    if len(digits) > _DIGITS:
        return _BEYOND
    return int(digits or "0")


class ContentRange(NamedTuple):
    """What a Content-Range field says: bytes `start` to `stop`, stop excluded, of `size`.

    `start` and `stop` are None in a 416; `size` is None where it is unknown.
    """

    start: int | None
    stop: int | None
    size: int | None

    def __str__(self) -> str:
        size = "*" if self.size is None else str(self.size)
        if self.start is None or self.stop is None:
            return f"bytes */{size}"
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse_content_range(value: str) -> ContentRange:
    """Raises ValueError for what is no Content-Range of bytes (RFC 9110 14.4)."""
    match = _CONTENT_RANGE.fullmatch(value.strip(" \t"))
    if match is None or (match[1] is None and match[3] == "*"):
        raise ValueError(f"{value!r:.80} is not a Content-Range of bytes (RFC 9110 14.4)")
    size = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        return ContentRange(None, None, size)
    first, last = int(match[1]), int(match[2])
    if last < first or (size is not None and last >= size):
        raise ValueError(f"the Content-Range {value} contradicts itself (RFC 9110 14.4)")
    return ContentRange(first, last + 1, size)
