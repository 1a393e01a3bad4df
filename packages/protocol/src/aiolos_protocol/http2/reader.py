"""Bytes to frames, and frames to whole header blocks (RFC 9113 3.4, 4, 6.2, 6.10)."""

from typing import Final

from ..errors import LimitExceeded, ProtocolError
from ..limits import Limits
from .errors import ConnectionFailed, ErrorCode, Http2Error, StreamFailed
from .frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HAS_PRIORITY,
    HEADER_SIZE,
    HEADERS,
    MIN_MAX_SIZE,
    PADDED,
    SETTINGS,
    WINDOW_UPDATE,
)
from .stage import AT_PREFACE, AT_SETTINGS, OPEN, OVER

# What a peer is told that exceeds a limit: what it does too much of, not what it may.
_REASONS: Final = {
    "continuations": "the header block is too large",
    "head": "the header block is too large",
    "replies": "what is due to you is not read",
}
_IDLE_WORK: Final = "too many frames that do no work"


class FrameReader:
    """Splits what comes into frames and hands each to the connection, which is a subclass."""

    __slots__ = (
        "_block",
        "_block_ends",
        "_block_parts",
        "_block_size",
        "_buffer",
        "_burst",
        "_limits",
        "_stage",
        "now",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._stage = AT_SETTINGS
        self._buffer = b""
        # The header block that is being received: its stream, 0 for none, and its parts.
        self._block = 0
        self._block_ends = False
        self._block_size = 0
        self._block_parts: list[bytes] = []
        self._burst = 0
        self.now = 0.0

    # What a connection adds.

    def _preface(self, data: bytes) -> int:
        """Read the preface at the start of `data`; the offset behind it, 0 while incomplete."""
        raise NotImplementedError

    def _decode(self, number: int, block: bytes, end: bool) -> None:
        """A complete header block."""
        raise NotImplementedError

    def _data(self, number: int, data: bytes, start: int, stop: int, size: int, end: bool) -> None:
        """DATA on a stream: `data[start:stop]`, which took `size` bytes of the windows."""
        raise NotImplementedError

    def _window_update(self, number: int, payload: bytes) -> None:
        """WINDOW_UPDATE"""
        raise NotImplementedError

    def _other(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        """Any other frame, of unknown types too."""
        raise NotImplementedError

    def _failed(self, number: int, error: StreamFailed) -> None:
        """A frame was a stream error."""
        raise NotImplementedError

    def _check(self) -> None:
        """All that has come is worked through."""
        raise NotImplementedError

    def fail(self, code: int, message: str = "") -> None:
        """The connection must end."""
        raise NotImplementedError

    # Receiving.

    def receive(self, data: bytes, now: float) -> bool:
        """Work through `data`, and what was left of earlier data, at the time `now` in seconds.

        True where more streams were opened than one call works through: call again, with b"", at
        the loop's next turn. Raises ProtocolError when the connection must end; its GOAWAY is
        queued then, and whatever else comes is ignored.
        """
        if self._stage == OVER:
            return False
        self.now = now
        if self._buffer:
            data = self._buffer + data
        self._burst = self._limits.streams
        try:
            used = self._frames(data)
            self._check()
        except ProtocolError as error:
            if isinstance(error, Http2Error):
                self.fail(error.code, error.message)
            else:
                limit = error.limit if isinstance(error, LimitExceeded) else ""
                self.fail(ErrorCode.ENHANCE_YOUR_CALM, _REASONS.get(limit, _IDLE_WORK))
            raise
        if self._stage == OVER:
            self._buffer = b""
            return False
        self._buffer = data[used:] if used < len(data) else b""
        return self._burst <= 0

    def _frames(self, data: bytes) -> int:
        pos = 0
        end = len(data)
        if self._stage == AT_PREFACE:
            pos = self._preface(data)
            if not pos:
                return 0
        while end - pos >= HEADER_SIZE and self._burst > 0 and self._stage != OVER:
            size = data[pos] << 16 | data[pos + 1] << 8 | data[pos + 2]
            if size > MIN_MAX_SIZE:
                # What stands where a frame's length should be, is the beginning of a status line.
                is_http1 = data.startswith(b"HTTP/1", pos)
                raise ConnectionFailed(
                    "the peer speaks HTTP/1"
                    if is_http1
                    else f"a frame of {size} bytes (RFC 9113 4.2)",
                    ErrorCode.FRAME_SIZE_ERROR,
                )
            start = pos + HEADER_SIZE
            stop = start + size
            if stop > end:
                break
            kind = data[pos + 3]
            flags = data[pos + 4]
            number = (
                (data[pos + 5] & 0x7F) << 24
                | data[pos + 6] << 16
                | data[pos + 7] << 8
                | data[pos + 8]
            )
            pos = stop
            if self._block and (kind != CONTINUATION or number != self._block):
                raise ConnectionFailed("a frame inside a header block (RFC 9113 6.10)")
            if self._stage == AT_SETTINGS:
                self._first(kind, flags)
            try:
                if kind == HEADERS:
                    self._headers(number, flags, data, start, stop)
                elif kind == DATA:
                    if number == 0:
                        raise ConnectionFailed("DATA on stream 0 (RFC 9113 6.1)")
                    if flags & PADDED:
                        start, stop = _unpadded(data, start, stop)
                    self._data(number, data, start, stop, size, (flags & END_STREAM) != 0)
                elif kind == WINDOW_UPDATE:
                    self._window_update(number, data[start:stop])
                elif kind == CONTINUATION:
                    self._continuation(flags, data[start:stop])
                else:
                    self._other(kind, flags, number, data[start:stop])
            except StreamFailed as error:
                self._failed(number, error)
        return pos

    def _first(self, kind: int, flags: int) -> None:
        if kind != SETTINGS or flags & ACK:
            raise ConnectionFailed("the first frame is not SETTINGS (RFC 9113 3.4)")
        self._stage = OPEN

    def _headers(self, number: int, flags: int, data: bytes, start: int, stop: int) -> None:
        if number == 0:
            raise ConnectionFailed("HEADERS on stream 0 (RFC 9113 6.2)")
        if flags & (PADDED | HAS_PRIORITY):
            if flags & PADDED:
                start, stop = _unpadded(data, start, stop)
            if flags & HAS_PRIORITY:
                # RFC 9113 5.3.2: the old priorities are read over.
                start += 5
                if start > stop:
                    raise ConnectionFailed(
                        "HEADERS without its priority (RFC 9113 6.2)", ErrorCode.FRAME_SIZE_ERROR
                    )
        if flags & END_HEADERS:
            self._decode(number, data[start:stop], (flags & END_STREAM) != 0)
            return
        self._block = number
        self._block_ends = (flags & END_STREAM) != 0
        self._block_parts = [data[start:stop]]
        self._block_size = stop - start

    def _continuation(self, flags: int, payload: bytes) -> None:
        number = self._block
        if not number:
            raise ConnectionFailed("CONTINUATION behind no HEADERS (RFC 9113 6.10)")
        parts = self._block_parts
        parts.append(payload)
        if len(parts) - 1 > self._limits.continuations:
            raise LimitExceeded("continuations", self._limits.continuations)
        self._block_size += len(payload)
        if self._block_size > self._limits.head:
            # No head that the limit allows is compressed to more than its size.
            raise LimitExceeded("head", self._limits.head, status_hint=431)
        if flags & END_HEADERS:
            self._block = 0
            self._block_parts = []
            self._decode(number, b"".join(parts), self._block_ends)


def _unpadded(data: bytes, start: int, stop: int) -> "tuple[int, int]":
    """The bounds of a payload without its padding (RFC 9113 6.1)."""
    if start == stop:
        raise ConnectionFailed(
            "a padded frame without its pad length (RFC 9113 6.1)", ErrorCode.FRAME_SIZE_ERROR
        )
    stop -= data[start]
    start += 1
    if start > stop:
        raise ConnectionFailed("padding as long as the payload or longer (RFC 9113 6.1)")
    return start, stop
