"""Frames (RFC 9113 4, 6): their types, flags and sizes, and those that are sent, as bytes."""

from enum import IntEnum
from struct import Struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client's connection begins with (RFC 9113 3.4)."""

HEADER_SIZE: Final = 9
MIN_MAX_SIZE: Final = 16_384
MAX_MAX_SIZE: Final = 16_777_215
"""The bounds of SETTINGS_MAX_FRAME_SIZE (RFC 9113 6.5.2)."""


class FrameType(IntEnum):
    """RFC 9113 6, and PRIORITY_UPDATE of RFC 9218 7.1; others are ignored (RFC 9113 5.5)."""

    DATA = 0x0
    HEADERS = 0x1
    PRIORITY = 0x2
    RST_STREAM = 0x3
    SETTINGS = 0x4
    PUSH_PROMISE = 0x5
    PING = 0x6
    GOAWAY = 0x7
    WINDOW_UPDATE = 0x8
    CONTINUATION = 0x9
    PRIORITY_UPDATE = 0x10


# Plain ints: an enum's member costs an attribute look-up at every frame.
DATA: Final = 0x0
HEADERS: Final = 0x1
PRIORITY: Final = 0x2
RST_STREAM: Final = 0x3
SETTINGS: Final = 0x4
PUSH_PROMISE: Final = 0x5
PING: Final = 0x6
GOAWAY: Final = 0x7
WINDOW_UPDATE: Final = 0x8
CONTINUATION: Final = 0x9
PRIORITY_UPDATE: Final = 0x10

ACK: Final = 0x1
END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
HAS_PRIORITY: Final = 0x20

_pack: Final = Struct(">HBBBL").pack
_NUMBER: Final = Struct(">HBBBLL")
_GOAWAY: Final = Struct(">HBBBLLL")
_SETTING: Final = Struct(">HL")


def header(size: int, kind: int, flags: int, stream: int) -> bytes:
    """The nine bytes before a payload of `size` bytes (RFC 9113 4.1)."""
    return _pack(size >> 8, size & 0xFF, kind, flags, stream)


def head_frames(stream: int, block: bytes, end: bool, max_size: int) -> bytes:
    """A header block: HEADERS, then as many CONTINUATION as it takes (RFC 9113 4.3).

    No payload is larger than `max_size`; `end` sets END_STREAM.
    """
    size = len(block)
    flags = END_STREAM if end else 0
    if size <= max_size:
        return header(size, HEADERS, flags | END_HEADERS, stream) + block
    parts = [header(max_size, HEADERS, flags, stream), block[:max_size]]
    for start in range(max_size, size, max_size):
        part = block[start : start + max_size]
        last = END_HEADERS if start + max_size >= size else 0
        parts += header(len(part), CONTINUATION, last, stream), part
    return b"".join(parts)


def rst_stream(stream: int, code: int) -> bytes:
    """RFC 9113 6.4."""
    return _NUMBER.pack(0, 4, RST_STREAM, 0, stream, code)


def settings(values: dict[int, int]) -> bytes:
    """RFC 9113 6.5; `values` by identifier."""
    payload = b"".join([_SETTING.pack(key, value) for key, value in values.items()])
    return header(len(payload), SETTINGS, 0, 0) + payload


SETTINGS_ACK: Final = header(0, SETTINGS, ACK, 0)


def ping(payload: bytes, ack: bool = False) -> bytes:
    """RFC 9113 6.7; `payload` are eight bytes."""
    return header(8, PING, ACK if ack else 0, 0) + payload


def goaway(last: int, code: int, debug: bytes = b"") -> bytes:
    """RFC 9113 6.8; `last` is the highest stream that was or might be worked on."""
    size = 8 + len(debug)
    return _GOAWAY.pack(size >> 8, size & 0xFF, GOAWAY, 0, 0, last, code) + debug


def window_update(stream: int, increment: int) -> bytes:
    """RFC 9113 6.9; stream 0 is the connection."""
    return _NUMBER.pack(0, 4, WINDOW_UPDATE, 0, stream, increment)


def priority_update(stream: int, value: bytes) -> bytes:
    """RFC 9218 7.1; `value` is a Priority field's."""
    return header(4 + len(value), PRIORITY_UPDATE, 0, 0) + stream.to_bytes(4, "big") + value
