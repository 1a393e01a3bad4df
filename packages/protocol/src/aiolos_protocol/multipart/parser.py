"""The multipart codec: bytes in, events out (RFC 2046 5.1.1).

feed() takes bytes as they come, next_event() tells what they mean. The parser keeps what cannot be
told yet: the head of one part, or as much of its body as may be the beginning of a delimiter.

        PREAMBLE --delimiter--> DELIMITER --CRLF--> HEAD --blank line--> BLANK --> BODY
                                 |    ^                                    |        |
                                 "--" +----------- ENDED <----delimiter----+--------+
                                 v
                              EPILOGUE
"""

import re
from enum import Enum, IntEnum
from typing import Final

from multidict import CIMultiDict

from ..errors import LimitExceeded
from ..fields.syntax import is_token
from ..limits import Limits
from .boundary import MalformedMultipart

_CRLF: Final = b"\r\n"
_FOLD: Final = re.compile(rb"\r\n[ \t]++")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Mark(Enum):
    """Events that carry nothing."""

    PART_END = "the part is complete"
    END = "the body is complete"


Event = CIMultiDict[str] | bytes | Mark
"""A part's head, a piece of its body (never empty), or a mark."""


class _State(IntEnum):
    PREAMBLE = 0
    DELIMITER = 1
    HEAD = 2
    BLANK = 3
    BODY = 4
    ENDED = 5
    EPILOGUE = 6


class MultipartParser:
    """Parses one multipart body.

    `boundary` is without its dashes. `endless` is for multipart/x-mixed-replace, a stream of parts
    that each replace the one before: they are not counted. `in_part` begins in a part's body.
    """

    __slots__ = (
        "_buffer",
        "_delimiter",
        "_endless",
        "_eof",
        "_limits",
        "_parts",
        "_position",
        "_scanned",
        "_state",
    )

    def __init__(
        self, boundary: bytes, limits: Limits, *, endless: bool = False, in_part: bool = False
    ) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._limits = limits
        self._endless = endless
        # The first delimiter needs no line end in front: it is given one.
        self._buffer = _CRLF
        self._position = 0
        self._scanned = 0
        self._state = _State.BLANK if in_part else _State.PREAMBLE
        self._parts = 0
        self._eof = False

    def feed(self, data: bytes) -> None:
        """The next bytes. next_event() should have returned None before."""
        position = self._position
        if position == len(self._buffer):
            self._buffer = data
        else:
            self._buffer = self._buffer[position:] + data
        self._scanned = max(0, self._scanned - position)
        self._position = 0

    def feed_eof(self) -> None:
        """No more bytes will come."""
        self._eof = True

    def next_event(self) -> Event | None:
        """What comes next; None where it takes more bytes, Mark.END again and again at the end.

        Raises MalformedMultipart for what is not multipart and for what is cut short,
        LimitExceeded for heads and parts beyond Limits.
        """
        while True:
            state = self._state
            if state is _State.BODY:
                return self._body()
            if state is _State.ENDED:
                self._state = _State.DELIMITER
                return Mark.PART_END
            if state is _State.EPILOGUE:
                self._position = len(self._buffer)
                return Mark.END
            if state is _State.HEAD:
                return self._head()
            if state is _State.DELIMITER:
                known = self._after_delimiter()
            elif state is _State.BLANK:
                known = self._first_of_body()
            else:
                known = self._preamble()
            if not known:
                self._check_eof()
                return None

    def take_part_end(self) -> bool:
        """Whether the part is known to be complete, behind its last piece; Mark.PART_END does not
        come any more then."""
        if self._state is not _State.ENDED:
            return False
        self._state = _State.DELIMITER
        return True

    def _check_eof(self) -> None:
        """More bytes are needed: none will come at the end."""
        if self._eof:
            raise MalformedMultipart(
                "the multipart body ends before its closing delimiter (RFC 2046 5.1.1)"
            )

    def _preamble(self) -> bool:
        """Text in front of the first delimiter is thrown away."""
        found = self._buffer.find(self._delimiter, self._position)
        if found < 0:
            self._position = self._tail()
            return False
        self._position = found + len(self._delimiter)
        self._state = _State.DELIMITER
        return True

    def _after_delimiter(self) -> bool:
        """transport-padding CRLF, or "--" and then the same, or the end of the body."""
        position = self._position
        end = self._buffer.find(_CRLF, position)
        if end < 0 and not self._eof:
            if len(self._buffer) - position > self._limits.part_head:
                raise LimitExceeded("part_head", self._limits.part_head)
            return False
        line = self._buffer[position : end if end >= 0 else len(self._buffer)]
        closing = line.startswith(b"--")
        if line[2 if closing else 0 :].strip(b" \t"):
            raise MalformedMultipart(
                f"{line!r:.40} stands behind the boundary of a delimiter (RFC 2046 5.1.1)"
            )
        if closing:
            self._state = _State.EPILOGUE
        elif end < 0:
            return False
        else:
            self._position = self._scanned = end + 2
            self._state = _State.HEAD
        return True

    def _head(self) -> Event | None:
        position = self._position
        blank = self._blank_line()
        # Of "CRLF CRLF", which ends a head, all but the last byte may be there already.
        size = (blank if blank >= 0 else len(self._buffer) - 1) - position
        if size > self._limits.part_head:
            raise LimitExceeded("part_head", self._limits.part_head)
        if blank < 0:
            self._check_eof()
            return None
        self._parts += 1
        if self._parts > self._limits.parts and not self._endless:
            raise LimitExceeded("parts", self._limits.parts, status_hint=413)
        block = self._buffer[position:blank].removesuffix(_CRLF)
        # The CRLF of the blank line stays: it may be that of the next delimiter, too.
        self._position = blank
        self._state = _State.BLANK
        return parse_head(block, self._limits) if block else CIMultiDict()

    def _blank_line(self) -> int:
        """Where the CRLF of the blank line behind the head is; -1 while it is not there."""
        buffer, position = self._buffer, self._position
        if buffer.startswith(_CRLF, position):
            return position
        found = buffer.find(b"\r\n\r\n", max(position, self._scanned - 3))
        # What was searched is not searched again, however slowly a head comes in.
        self._scanned = len(buffer)
        return found + 2 if found >= 0 else -1

    def _first_of_body(self) -> bool:
        """A part without a body may have its delimiter right behind its head."""
        here = self._buffer[self._position : self._position + len(self._delimiter)]
        if here == self._delimiter:
            self._position += len(self._delimiter)
            self._state = _State.ENDED
        elif self._delimiter.startswith(here):
            return False
        else:
            self._position += 2
            self._state = _State.BODY
        return True

    def _body(self) -> Event | None:
        buffer, position = self._buffer, self._position
        found = buffer.find(self._delimiter, position)
        if found >= 0:
            self._position = found + len(self._delimiter)
            if found == position:
                self._state = _State.DELIMITER
                return Mark.PART_END
            self._state = _State.ENDED
            return buffer[position:found]
        end = self._tail()
        if end == position:
            self._check_eof()
            return None
        self._position = end
        return buffer[position:end] if position or end < len(buffer) else buffer

    def _tail(self) -> int:
        """Where the delimiter may have begun; the end of the buffer where it has not.

        A delimiter has one CR, its first byte, so that the last CR tells.
        """
        buffer = self._buffer
        start = max(self._position, len(buffer) - len(self._delimiter) + 1)
        found = buffer.rfind(b"\r", start)
        if found >= 0 and self._delimiter.startswith(buffer[found:]):
            return found
        return len(buffer)


def parse_head(block: bytes, limits: Limits) -> CIMultiDict[str]:
    """The fields of a part's head; `block` is without the blank line.

    Folded lines are joined (RFC 5322 2.2.3); values are utf-8 with surrogates. Raises
    MalformedMultipart for what is no field, LimitExceeded for Limits.fields and Limits.field.
    """
    if b"\r\n " in block or b"\r\n\t" in block:
        block = _FOLD.sub(b" ", block)
    lines = block.split(_CRLF)
    if len(lines) > limits.fields:
        raise LimitExceeded("fields", limits.fields)
    fields: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        if len(line) > limits.field:
            raise LimitExceeded("field", limits.field)
        raw_name, colon, value = line.partition(b":")
        name = raw_name.decode("latin-1")
        if not colon or not is_token(name) or _CONTROL.search(value):
            raise MalformedMultipart(f"{line!r:.80} is no field of a part's head (RFC 2046 5.1)")
        fields.add(name, value.strip(b" \t").decode("utf-8", "surrogateescape"))
    return fields
