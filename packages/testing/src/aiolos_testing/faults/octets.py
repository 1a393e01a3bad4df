"""Faults that any protocol suffers from, and those of HTTP/1.1's framing."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from math import inf
from typing import Any, Final

from .frames import FramedLength, is_http2
from .plan import Fault, Line, complain


@dataclass
class Delay(Fault):
    """Everything is sent `seconds` later, in order."""

    seconds: float

    def __post_init__(self) -> None:
        given: Any = self.seconds
        if not isinstance(given, (int, float)) or not 0 <= given < inf:
            raise TypeError(f"Delay takes seconds, like Delay(0.5), not {given!r}")

    def begin(self) -> Fault:
        return _Delaying(self.seconds)


class _Delaying(Fault):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # In the order of their writing: a loop may call what is due at one time in any order.
        self._due: deque[Callable[[], None]] = deque()

    def write(self, line: Line, data: bytes) -> None:
        self._later(line, partial(line.send, data))

    def close(self, line: Line) -> None:
        self._later(line, line.end)

    def _later(self, line: Line, act: Callable[[], None]) -> None:
        self._due.append(act)
        line.loop.call_later(self._seconds, self._act)

    def _act(self) -> None:
        self._due.popleft()()


class ByteByByte(Fault):
    """Every byte is sent by itself, one in each turn of the loop."""

    def begin(self) -> Fault:
        return _Dribbling()


class _Dribbling(Fault):
    def __init__(self) -> None:
        self._left = bytearray()
        self._closes = False

    def write(self, line: Line, data: bytes) -> None:
        if not self._left:
            line.loop.call_soon(self._next, line)
        self._left += data

    def close(self, line: Line) -> None:
        self._closes = True
        if not self._left:
            line.end()

    def _next(self, line: Line) -> None:
        line.send(bytes(self._left[:1]))
        del self._left[:1]
        if self._left:
            line.loop.call_soon(self._next, line)
        elif self._closes:
            line.end()


@dataclass
class _After(Fault):
    """Something happens once `size` bytes are sent; what is behind them is dropped."""

    size: int = 0

    def __post_init__(self) -> None:
        if type(self.size) is not int or self.size < 0:
            kind = type(self).__name__
            raise TypeError(f"{kind} takes a number of bytes, like {kind}(100), not {self.size!r}")

    def begin(self) -> Fault:
        return type(self)(self.size)

    def opened(self, line: Line) -> None:
        if self.size == 0:
            self._happen(line)

    def write(self, line: Line, data: bytes) -> None:
        if self.size > 0:
            passing, self.size = data[: self.size], self.size - len(data)
            line.send(passing)
            if self.size <= 0:
                self._happen(line)

    def close(self, line: Line) -> None:
        line.end()

    def _happen(self, line: Line) -> None:
        raise NotImplementedError


class CutAfter(_After):
    """The connection is closed in order behind `size` bytes."""

    def _happen(self, line: Line) -> None:
        line.end()


class ResetAfter(_After):
    """The connection is reset behind `size` bytes; 0: before any."""

    def _happen(self, line: Line) -> None:
        line.reset()


class StallAfter(_After):
    """Nothing comes behind `size` bytes, and the connection stays open."""

    def _happen(self, line: Line) -> None:
        pass

    def close(self, line: Line) -> None:
        # Whoever stalls does not hang up either; the peer has to.
        pass


class Refuse(ResetAfter):
    """The connection is refused, or reset at once where it was accepted by the system."""


class TLSFailure(Fault):
    """The TLS handshake fails: the server answers it with a fatal alert."""

    # RFC 8446 6: a record of an alert, fatal, handshake_failure.
    ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x28"

    def opened(self, line: Line) -> None:
        # Over TLS there is no connection for this fault: see Acceptor and FaultyConnect.
        complain(line, self, "a connection without TLS")


# A status line, or a request line (RFC 9112 3, 4).
_HEAD: Final = re.compile(rb"HTTP/1\.[01] [0-9]{3} |[!-~]+ [!-~]+ HTTP/1\.[01]\r\n")


class _Seen(Enum):
    """How far a fault that changes a head has come."""

    NOTHING = auto()
    # A head that it does not fit: what follows may be its body.
    HEAD = auto()
    # It has happened, or never will.
    DONE = auto()


class _Rewriting(Fault):
    """Holds back a head of HTTP/1.1, and what is behind it, until `_rewritten()` could change it.

    A head without the `_field` passes; of a response's a RuntimeWarning tells. Behind one that has
    passed only a write that begins with a head is looked at: all others are of a body.
    """

    _field: bytes

    def __init__(self) -> None:
        self._held = b""
        self._seen = _Seen.NOTHING

    def begin(self) -> Fault:
        return type(self)()

    def write(self, line: Line, data: bytes) -> None:
        if self._lets_pass(data):
            line.send(data)
            return
        self._held += data
        if self._seen is _Seen.NOTHING and is_http2(self._held):
            self._seen = _Seen.DONE
            self._write_http2(line, self._held)
            return
        head, end, _ = self._held.partition(b"\r\n\r\n")
        if not end:
            return
        if b"\r\n" + self._field not in head.lower():
            self._pass(line)
            return
        changed = self._rewritten(self._held)
        if changed is not None:
            self._seen = _Seen.DONE
            line.send(changed)

    def _lets_pass(self, data: bytes) -> bool:
        if self._seen is _Seen.HEAD:
            return not self._held and _HEAD.match(data) is None
        return self._seen is _Seen.DONE

    def _pass(self, line: Line) -> None:
        held, self._held = self._held, b""
        line.send(held)
        first = self._seen is _Seen.NOTHING
        if first and held.startswith(b"HTTP/") and held[9:10] != b"1":
            complain(line, self, f"a response without {self._field.decode()!r}")
        self._seen = _Seen.HEAD

    def close(self, line: Line) -> None:
        if self._held and self._seen is not _Seen.DONE:
            line.send(self._held)
        line.end()

    def _rewritten(self, data: bytes) -> bytes | None:
        raise NotImplementedError

    def _write_http2(self, line: Line, data: bytes) -> None:
        raise NotImplementedError


class BadChunk(_Rewriting):
    """The first chunk of the first chunked body has a size that is no number."""

    _field = b"transfer-encoding: chunked"

    def _rewritten(self, data: bytes) -> bytes | None:
        found = re.search(rb"(?is)transfer-encoding: chunked.*?\r\n\r\n([0-9a-f]+)", data)
        return found and data[: found.start(1)] + b"oops" + data[found.end(1) :]

    def _write_http2(self, line: Line, data: bytes) -> None:
        complain(line, self, "HTTP/2, which has no chunks")
        line.send(data)


class WrongLength(_Rewriting):
    """The first Content-Length is off `by` so many bytes."""

    _field = b"content-length:"

    def __init__(self, by: int = 1) -> None:
        super().__init__()
        if type(by) is not int:
            raise TypeError(
                f"WrongLength takes a number of bytes, like WrongLength(-1), not {by!r}"
            )
        self.by = by
        self._framed: Fault | None = None

    def begin(self) -> Fault:
        return WrongLength(self.by)

    def write(self, line: Line, data: bytes) -> None:
        if self._framed is None:
            super().write(line, data)
        else:
            self._framed.write(line, data)

    def _rewritten(self, data: bytes) -> bytes | None:
        found = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", data)
        if found is None:
            return None
        length = max(0, int(found[1]) + self.by)
        return b"%b%d%b" % (data[: found.start(1)], length, data[found.end(1) :])

    def _write_http2(self, line: Line, data: bytes) -> None:
        self._framed = FramedLength(self, self.by)
        self._framed.write(line, data)
