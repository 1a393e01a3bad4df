"""Faults of HTTP/2: what a server may do to single streams (RFC 9113)."""

from collections.abc import Iterator
from typing import Final

from aiolos_protocol.http2.errors import ErrorCode
from aiolos_protocol.http2.frames import FrameType, goaway, rst_stream

from .plan import Fault, Line, complain

# RFC 9113 4.1
_HEADER: Final = 9


class _Framewise(Fault):
    """Sees every frame that a server sends; `_frame()` passes it on, or does not."""

    def __init__(self) -> None:
        self._held = b""
        self._is_http1 = False

    def begin(self) -> Fault:
        return type(self)()

    def write(self, line: Line, data: bytes) -> None:
        if self._is_http1:
            line.send(data)
            return
        self._held += data
        if self._held.startswith(b"HTTP/"):
            # No frame is of that length: it would be waited for without end.
            self._is_http1 = True
            line.send(self._held)
            complain(line, self, "a connection of HTTP/1.1")
            return
        for kind, stream, frame in self._frames():
            self._frame(line, kind, stream, frame)

    def _frames(self) -> Iterator[tuple[int, int, bytes]]:
        while len(self._held) >= _HEADER:
            end = _HEADER + int.from_bytes(self._held[:3])
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
