"""Reading frames (RFC 6455 5): bytes in, messages and control frames out, either role.

Whatever can be known to be wrong is refused at its first byte: a header before its payload, text
before its message is complete. Nothing is allocated that the peer has merely announced.
"""

from collections.abc import Callable
from typing import Final

from aiolos_protocol.websocket import WebSocketError, WSCloseCode, WSReceived

from .assembly import Assembler, Fragment
from .deflate import Inflater
from .frames import BINARY, CLOSE, CONTINUATION, FIN, MASK, MAX_CONTROL, PONG, RSV1, TEXT
from .mask import mask, unmask

_NO_KEY: Final = b""
_WHOLE_TEXT: Final = FIN | TEXT
_WHOLE_BINARY: Final = FIN | BINARY
_RSV: Final = 0x70
_CONTROL: Final = 0x8


class Reader(Assembler):
    """Reads what one peer sends.

    `masked` tells whether the peer must mask (a client) or must not (a server). Whole messages go
    to `deliver(message)`, control frames to `control(opcode, payload)`; both are called while
    feed() runs. `max_size` bounds a message, in bytes after inflating, 0 for no bound. `inflater`
    is there where permessage-deflate was agreed upon. With `decode_text` False, text is checked
    all the same and delivered as bytes.

    `queued` counts what was delivered; the owner sets it to 0 once everything is consumed. Above
    `high` the reader keeps what it is fed as it is. So it does, too, from where a message does not
    fit into `max_size` on, while nobody has asked for it: behind ask() it is refused, behind
    stream() it is read.
    """

    __slots__ = (
        "_at",
        "_control",
        "_fin",
        "_high",
        "_key",
        "_left",
        "_masked",
        "_opcode",
        "_payload",
        "_phase",
        "_rest",
    )

    def __init__(
        self,
        masked: bool,
        deliver: "Callable[[WSReceived | Fragment], object]",
        control: "Callable[[int, bytes], object]",
        max_size: int = 0,
        inflater: "Inflater | None" = None,
        decode_text: bool = True,
        high: int = 65_536,
    ) -> None:
        Assembler.__init__(self, deliver, max_size, inflater, decode_text)
        self._masked = masked
        self._control = control
        self._high = high
        # What was fed and not yet read, from offset _at on.
        self._rest = b""
        self._at = 0
        # The frame: how much of its payload is to come, -1 between frames.
        self._left = -1
        self._opcode = 0
        self._fin = False
        self._key = _NO_KEY
        self._phase = 0
        # A control frame's payload, which may come between two frames of a message.
        self._payload = b""

    def feed(self, data: bytes) -> bool:
        """Read `data`; True if some of it is kept because too much waits to be consumed.

        Raises WebSocketError for what breaks the protocol or a limit; the reader must not be fed
        again then.
        """
        if self._rest:
            data = self._rest[self._at :] + data
        return self._read(data, 0)

    def go_on(self) -> bool:
        """Read what was kept, if anything, once `queued` is 0 again; as feed()."""
        if self._is_too_big() and self._may_wait():
            self.pause()
            return True
        return self._read(self._rest, self._at)

    def pause(self) -> None:
        """Keep what comes from now on, also of what is being read, until `queued` is 0 again."""
        self.queued = self._high + 1

    def stop(self) -> None:
        """Read nothing any more, neither what was kept nor what comes."""
        self._high = -1

    def end(self) -> None:
        """As stop(); and forget whom it has given to."""
        self.stop()
        self._control = _unheard
        self._listen = None

    def _in_frame(self) -> bool:
        return self._left >= 0 or len(self._rest) > self._at

    def _announced(self) -> int:
        return self._left if self._left > 0 and self._opcode < _CONTROL else 0

    def _forget_rest(self) -> bool:
        """All is read."""
        self._rest = b""
        self._at = 0
        return False

    def _read(self, data: bytes, at: int) -> bool:
        end = len(data)
        while self.queued <= self._high:
            if self._left < 0:
                if at == end:
                    return self._forget_rest()
                start = self._short(data, at, end)
                if start >= 0:
                    at = start
                    continue
                start = self._header(data, at, end)
                if start < 0:
                    self._rest = data[at:]
                    self._at = 0
                    return self.queued > self._high
                at = start
                # Subtracted, not added: the peer may announce as much as a C integer can hold.
                whole = self._left <= end - at
                if whole and self._fin and self._opcode and not self._compressed:
                    stop = at + self._left
                    self._left = -1
                    self._whole(data, at, stop)
                    at = stop
                    continue
            left = self._left
            stop = at + left if left <= end - at else end
            kept = self._take(data, at, stop, left)
            if kept >= 0:
                self._left = left - (stop - at) + kept
                self._phase = (self._phase - kept) & 3
                self._rest = data
                self._at = stop - kept
                self.pause()
                return True
            if left > end - at:
                self._left = left - (end - at)
                return self._forget_rest()
            self._left = -1
            at = stop
            if self._fin:
                self._ended()
        if self._high < 0:
            return self._forget_rest()
        self._rest = data
        self._at = at
        return at < end

    def _short(self, data: bytes, at: int, end: int) -> int:
        """Read a frame that is a short message, whole and plain, as most are.

        The offset behind it; -1 where it is anything else, and nothing has changed.
        """
        if end - at < 2 or self._kind:
            return -1
        first = data[at]
        size = data[at + 1]
        start = at + 2
        if self._masked:
            size -= MASK
            start += 4
        stop = start + size
        if (
            (first != _WHOLE_TEXT and first != _WHOLE_BINARY)
            or size < 0
            or size > MAX_CONTROL
            or size > self._max_size
            or stop > end
        ):
            return -1
        payload = unmask(data, start, stop) if self._masked else data[start:stop]
        self._message(first & 0x0F, payload)
        return stop

    def _header(self, data: bytes, at: int, end: int) -> int:
        """Read a header at data[at]; where its payload begins.

        -1 while it is incomplete, or has to wait until its message is asked for.
        """
        if end - at < 2:
            return -1
        first = data[at]
        second = data[at + 1]
        self._check(first, second)
        size = second & 0x7F
        at += 2
        if size == 126:
            if end - at < 2:
                return -1
            size = data[at] << 8 | data[at + 1]
            at += 2
            if size < 126:
                raise _broken("a length that fits 7 bits is sent in 16 (RFC 6455 5.2)")
        elif size == 127:
            if end - at < 8:
                return -1
            if data[at] & 0x80:
                raise _broken("the highest bit of a length is set (RFC 6455 5.2)")
            size = int.from_bytes(data[at : at + 8], "big")
            at += 8
            if size < 65_536:
                raise _broken("a length that fits 16 bits is sent in 64 (RFC 6455 5.2)")
        if self._masked:
            if end - at < 4:
                return -1
            self._key = data[at : at + 4]
            at += 4
        opcode = first & 0x0F
        if opcode < _CONTROL:
            if opcode != CONTINUATION:
                self._begin(opcode, first & RSV1 != 0)
            if not self._expect(size):
                # It is read again from its first byte on, once somebody asks.
                if opcode != CONTINUATION:
                    self._kind = 0
                self.pause()
                return -1
        self._opcode = opcode
        self._fin = first & FIN != 0
        self._phase = 0
        self._left = size
        return at

    def _check(self, first: int, second: int) -> None:
        """Whether a frame may begin with these two bytes, here and now."""
        opcode = first & 0x0F
        if first & _RSV and (
            first & _RSV != RSV1 or self._inflater is None or opcode not in (TEXT, BINARY)
        ):
            raise _broken("a reserved bit is set that no agreed extension uses (RFC 6455 5.2)")
        if (second & MASK != 0) != self._masked:
            expected = "must mask" if self._masked else "must not mask"
            raise _broken(f"the peer {expected} its frames (RFC 6455 5.1)")
        if opcode >= _CONTROL:
            if opcode > PONG:
                raise _broken(f"opcode {opcode} is reserved (RFC 6455 5.2)")
            if not first & FIN:
                raise _broken("a control frame is fragmented (RFC 6455 5.5)")
            if second & 0x7F > MAX_CONTROL:
                raise _broken("a control frame has more than 125 bytes (RFC 6455 5.5)")
        elif opcode == CONTINUATION:
            if not self._kind:
                raise _broken("a continuation without a message to continue (RFC 6455 5.4)")
        elif opcode > BINARY:
            raise _broken(f"opcode {opcode} is reserved (RFC 6455 5.2)")
        elif self._kind:
            raise _broken("a new message inside one that is not complete (RFC 6455 5.4)")

    def _whole(self, data: bytes, at: int, stop: int) -> None:
        """A frame that is all there: a whole message, or a control frame."""
        payload = mask(data, at, stop, self._key, 0) if self._masked else data[at:stop]
        if self._opcode >= _CONTROL:
            self._control_received(payload)
        else:
            self._message(self._opcode, payload)

    def _take(self, data: bytes, at: int, stop: int, left: int) -> int:
        """A piece of a payload, of which `left` bytes are to come, these included.

        How many of its bytes, the last ones, are to be kept until somebody asks for the message;
        -1 where it has room for all of it.
        """
        if at == stop:
            return -1
        key = self._key if self._masked else _NO_KEY
        phase = self._phase
        self._phase = (phase + stop - at) & 3
        if self._opcode < _CONTROL:
            return self._piece(data, at, stop, key, phase, left)
        self._payload += mask(data, at, stop, key, phase) if key else data[at:stop]
        return -1

    def _ended(self) -> None:
        """The last frame of a message is complete, or a control frame."""
        if self._opcode < _CONTROL:
            self._message_ended()
        else:
            payload = self._payload
            self._payload = b""
            self._control_received(payload)

    def _control_received(self, payload: bytes) -> None:
        if self._opcode == CLOSE:
            # RFC 6455 5.5.1: nothing is read behind a close.
            self.stop()
        self._control(self._opcode, payload)


def _unheard(opcode: int, payload: bytes) -> None:
    """A control frame that nobody is told of."""


def _broken(rule: str) -> WebSocketError:
    return WebSocketError(WSCloseCode.PROTOCOL_ERROR, rule)
