"""Faults of HTTP/2: what a server may do to single streams (RFC 9113)."""

from collections.abc import Iterator
from typing import Final

from aiolos_protocol.http2.errors import ErrorCode
from aiolos_protocol.http2.frames import (
    END_HEADERS,
    HAS_PRIORITY,
    HEADER_SIZE,
    PADDED,
    PREFACE,
    FrameType,
    goaway,
    header,
    rst_stream,
)
from aiolos_protocol.http2.hpack import SHRINK, Decoder, encode_field

from .plan import Fault, Line, check_count, complain

# Where a frame has its type. In text, HTTP/1.1 or a client's preface, there is a printable
# character, and no frame is of such a type (RFC 9113 6).
_TYPE: Final = 3
_PRINTABLE: Final = 0x20


def is_http2(data: bytes) -> bool:
    """Whether what one end sends begins as HTTP/2 does; False while it is too short to tell."""
    return len(data) > _TYPE and (data[_TYPE] < _PRINTABLE or PREFACE.startswith(data[:24]))


class _Framewise(Fault):
    """Sees every frame that a server sends; `_frame()` passes it on, or does not."""

    # Whether it fits what a client sends, too.
    _of_clients = False

    def __init__(self) -> None:
        self._held = b""
        self._fits = True

    def begin(self) -> Fault:
        return type(self)()

    def write(self, line: Line, data: bytes) -> None:
        if not self._fits:
            line.send(data)
            return
        self._held += data
        if self._of_clients and self._held[:24] == PREFACE:
            line.send(PREFACE)
            self._held = self._held[24:]
        elif self._of_clients and PREFACE.startswith(self._held):
            return
        if len(self._held) > _TYPE and self._held[_TYPE] >= _PRINTABLE:
            # As a frame it would be waited for without end.
            self._fits = False
            is_answer = self._held.startswith(b"HTTP")
            complain(line, self, "a connection of HTTP/1.1" if is_answer else "what a client sends")
            line.send(self._held)
            return
        for kind, stream, frame in self._frames():
            self._frame(line, kind, stream, frame)

    def _frames(self) -> Iterator[tuple[int, int, bytes]]:
        while len(self._held) >= HEADER_SIZE:
            end = HEADER_SIZE + int.from_bytes(self._held[:3])
            if len(self._held) < end:
                return
            frame, self._held = self._held[:end], self._held[end:]
            yield frame[3], int.from_bytes(frame[5:9]) & 0x7FFF_FFFF, frame

    def _frame(self, line: Line, kind: int, stream: int, frame: bytes) -> None:
        raise NotImplementedError


class ResetStream(_Framewise):
    """The first `count` answers of a connection are resets with `code`; other streams go on."""

    def __init__(self, code: int = ErrorCode.INTERNAL_ERROR, count: int = 1) -> None:
        super().__init__()
        check_count(self, "code", code)
        check_count(self, "count", count)
        self.code = code
        self.count = count
        self._reset: set[int] = set()

    def begin(self) -> Fault:
        return ResetStream(self.code, self.count)

    def _frame(self, line: Line, kind: int, stream: int, frame: bytes) -> None:
        if stream in self._reset:
            # What is left of the answer. Our encoder has no state, so that no table is missed.
            return
        if kind == FrameType.HEADERS and len(self._reset) < self.count:
            self._reset.add(stream)
            line.send(rst_stream(stream, self.code))
        else:
            line.send(frame)


class RefusedStream(ResetStream):
    """The first `count` requests of a connection are refused: they may safely be sent again."""

    def __init__(self, count: int = 1) -> None:
        super().__init__(ErrorCode.REFUSED_STREAM, count)

    def begin(self) -> Fault:
        return RefusedStream(self.count)


class GoAway(_Framewise):
    """The server works on `taken` requests of a connection; at the next one it goes away.

    Those above are not worked on: they may safely be sent again, on another connection.
    """

    def __init__(self, taken: int = 0, code: int = ErrorCode.NO_ERROR) -> None:
        super().__init__()
        check_count(self, "taken", taken)
        check_count(self, "code", code)
        self.taken = taken
        self.code = code
        self._streams: list[int] = []
        self._gone = False

    def begin(self) -> Fault:
        return GoAway(self.taken, self.code)

    def _frame(self, line: Line, kind: int, stream: int, frame: bytes) -> None:
        if stream == 0 or stream in self._streams:
            line.send(frame)
        elif kind == FrameType.HEADERS and len(self._streams) < self.taken and not self._gone:
            self._streams.append(stream)
            line.send(frame)
        elif not self._gone:
            self._gone = True
            line.send(goaway(max(self._streams, default=0), self.code))


class FramedLength(_Framewise):
    """WrongLength on HTTP/2, where the head is compressed; the body does not fit then.

    Our encoder has no state (RFC 7541), so that a head can be written anew by itself.
    """

    _of_clients = True

    def __init__(self, plan: Fault, by: int) -> None:
        super().__init__()
        self._plan = plan
        self._by = by
        self._done = False
        self._told = False

    def _frame(self, line: Line, kind: int, stream: int, frame: bytes) -> None:
        flags = frame[_TYPE + 1]
        is_whole = flags & END_HEADERS and not flags & (PADDED | HAS_PRIORITY)
        if kind == FrameType.HEADERS and is_whole and not self._done:
            frame = self._changed(line, flags, stream, frame)
        line.send(frame)

    def _changed(self, line: Line, flags: int, stream: int, frame: bytes) -> bytes:
        block = frame[HEADER_SIZE:]
        fields = Decoder(4096).decode(block, 2**20, 2**10)
        written = SHRINK if block.startswith(SHRINK) else b""
        is_answer = False
        for field in fields:
            value = field.value
            if field.name == b"content-length":
                self._done = True
                value = b"%d" % max(0, int(value) + self._by)
            # Interim answers have none.
            is_answer |= field.name == b":status" and not value.startswith(b"1")
            written += encode_field(field.name, value)
        if is_answer and not self._done and not self._told:
            self._told = True
            complain(line, self._plan, "a response without 'content-length:'")
        return header(len(written), FrameType.HEADERS, flags, stream) + written
