"""Reading frames (RFC 6455 5): bytes in, messages and control frames out, either role.

Whatever can be known to be wrong is refused at its first byte: a header before its payload, text
before its message is complete. Nothing is allocated that the peer has merely announced.
"""

from codecs import utf_8_decode
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from aiolos_protocol.websocket import (
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
    WSReceived,
)

from .deflate import TAIL, Inflater
from .frames import BINARY, CLOSE, CONTINUATION, FIN, MASK, MAX_CONTROL, PONG, RSV1, TEXT
from .mask import Gather, mask, unmask

# What a message that waits is counted for beyond its bytes: the objects that hold it.
MESSAGE_COST: Final = 128

# The incremental decoder waits for a third byte behind these two, though none can follow.
_SURROGATES: Final = b"\xed\xa0"
_BEHIND_THEM: Final = b"\xee"

_NO_KEY: Final = b""
_WHOLE_TEXT: Final = FIN | TEXT
_WHOLE_BINARY: Final = FIN | BINARY
_ENDLESS: Final = 1 << 62
_RSV: Final = 0x70
_CONTROL: Final = 0x8
_TEXT_TYPE: Final = WSMsgType.TEXT
_BINARY_TYPE: Final = WSMsgType.BINARY
_new: Final = tuple.__new__


# How the message at hand is delivered.
_WHOLE: Final = 0
_IN_FRAGMENTS: Final = 1
_NOT_AT_ALL: Final = 2


class Fragment(NamedTuple):
    """A piece of a message as it came; `data` is text or bytes. The last one may be empty."""

    type: Literal[WSMsgType.CONTINUATION]
    data: str | bytes
    last: bool


Listen = Callable[[memoryview, WSMsgType], object]


class Reader:
    """Reads what one peer sends.

    `masked` tells whether the peer must mask (a client) or must not (a server). Whole messages go
    to `deliver(message)`, control frames to `control(opcode, payload)`; both are called while
    feed() runs. `max_size` bounds a message, in bytes after inflating, 0 for no bound. `inflater`
    is there where permessage-deflate was agreed upon. With `decode_text` False, text is checked
    all the same and delivered as bytes.

    `queued` counts what was delivered; the owner sets it to 0 once everything is consumed. Above
    `high` the reader keeps what it is fed as it is.
    """

    __slots__ = (
        "_at",
        "_compressed",
        "_control",
        "_decode_text",
        "_deliver",
        "_fin",
        "_gather",
        "_high",
        "_inflater",
        "_key",
        "_kind",
        "_left",
        "_listen",
        "_masked",
        "_max_size",
        "_mode",
        "_only",
        "_opcode",
        "_partial",
        "_payload",
        "_phase",
        "_rest",
        "_size",
        "queued",
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
        self._masked = masked
        self._deliver = deliver
        self._control = control
        self._max_size = max_size or _ENDLESS
        self._inflater = inflater
        self._decode_text = decode_text
        self._high = high
        self._listen: Listen | None = None
        self._mode = _WHOLE
        self.queued = 0
        # What was fed and not yet read, from offset _at on.
        self._rest = b""
        self._at = 0
        # The frame: how much of its payload is to come, -1 between frames.
        self._left = -1
        self._opcode = 0
        self._fin = False
        self._key = _NO_KEY
        self._phase = 0
        # The message: TEXT or BINARY, 0 between messages.
        self._kind = 0
        self._compressed = False
        self._size = 0
        # Its pieces: the only one so far, or where they are joined.
        self._only = b""
        self._gather: Gather | None = None
        # A character of UTF-8 that is not complete yet.
        self._partial = b""
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
        """Read what was kept, once `queued` is 0 again; as feed()."""
        return self._read(self._rest, self._at)

    def listen(self, listen: "Listen") -> None:
        """From now on give messages to `listen(payload, kind)`.

        The payload of text is its UTF-8, checked. What is counted as queued is only what came in
        pieces or compressed: so feed() returns before it takes long.
        """
        self._listen = listen
        self._decode_text = False

    def stream(self) -> None:
        """Deliver the message at hand, or the next one, in fragments as they come.

        A message that comes in one piece is delivered whole all the same. `max_size` then bounds
        what a piece is inflated to, not the message.
        """
        self._mode = _IN_FRAGMENTS
        begun = self._whole_of_it()
        if begun and self._kind == TEXT and self._decode_text:
            self._deliver_fragment(begun[: len(begun) - len(self._partial)].decode(), False)
        elif begun:
            self._deliver_fragment(begun, False)

    def skip(self) -> None:
        """Drop the rest of the message that is delivered in fragments."""
        if self._mode == _IN_FRAGMENTS:
            self._mode = _NOT_AT_ALL if self._kind else _WHOLE

    def _read(self, data: bytes, at: int) -> bool:
        end = len(data)
        while self.queued <= self._high:
            if self._left < 0:
                if at == end:
                    self._rest = b""
                    return False
                start = self._short(data, at, end)
                if start >= 0:
                    at = start
                    continue
                start = self._header(data, at, end)
                if start < 0:
                    self._rest = data[at:]
                    self._at = 0
                    return False
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
            if left > end - at:
                self._left -= end - at
                self._rest = b""
                self._take(data, at, end, left)
                return False
            stop = at + left
            self._left = -1
            self._take(data, at, stop, left)
            at = stop
            if self._fin:
                self._ended()
        if self._high < 0:
            self._rest = b""
            return False
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
        """Read a header at data[at]; where its payload begins, -1 while it is incomplete."""
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
                self._kind = opcode
                self._compressed = first & RSV1 != 0
                self._size = 0
            if not self._compressed and self._mode == _WHOLE:
                self._count(size)
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

    def _count(self, size: int) -> None:
        """Add to the size of the message, and see that it stays within its bound."""
        # Compared before it is added: a sum could be more than a C integer can hold.
        if size > self._max_size - self._size:
            raise WebSocketError(
                WSCloseCode.MESSAGE_TOO_BIG,
                f"a message of more than max_msg_size={self._max_size} bytes; "
                "raise it with max_msg_size=...",
                reason=f"a message of more than {self._max_size} bytes",
            )
        self._size += size

    def _whole(self, data: bytes, at: int, stop: int) -> None:
        """A frame that is all there: a whole message, or a control frame."""
        payload = mask(data, at, stop, self._key, 0) if self._masked else data[at:stop]
        if self._opcode >= _CONTROL:
            self._control_received(payload)
        else:
            self._message(self._opcode, payload)

    def _message(self, kind: int, payload: bytes) -> None:
        """A message that came in one frame."""
        self._kind = 0
        self._mode = _WHOLE
        if kind == BINARY:
            if self._listen is not None:
                self._listen(memoryview(payload), _BINARY_TYPE)
                return
            message = _new(WSMessage, (_BINARY_TYPE, payload, None))
        else:
            try:
                text = payload.decode()
            except UnicodeDecodeError as error:
                raise _bad_text(error) from None
            if self._listen is not None:
                self._listen(memoryview(payload), _TEXT_TYPE)
                return
            if self._decode_text:
                message = _new(WSMessage, (_TEXT_TYPE, text, None))
            else:
                message = _new(WSMessageTextBytes, (_TEXT_TYPE, payload, None))
        self.queued += len(payload) + MESSAGE_COST
        self._deliver(message)

    def _take(self, data: bytes, at: int, stop: int, left: int) -> None:
        """A piece of a payload, of which `left` bytes are to come, these included."""
        if at == stop:
            return
        key = self._key if self._masked else _NO_KEY
        phase = self._phase
        self._phase = (phase + stop - at) & 3
        if (
            self._opcode < _CONTROL
            and self._kind == BINARY
            and self._mode == _WHOLE
            and not self._compressed
        ):
            # Straight to its place.
            gather = self._gathered()
            gather.expect(left)
            gather.add(data, at, stop, key, phase)
            return
        piece = mask(data, at, stop, key, phase) if self._masked else data[at:stop]
        if self._opcode >= _CONTROL:
            self._payload += piece
        elif self._compressed:
            self._inflate(piece)
        else:
            self._keep(piece)

    def _inflate(self, piece: bytes) -> None:
        """A piece of a compressed message; its size is counted as it comes out."""
        inflater = self._inflater
        assert inflater is not None
        inflated = inflater.inflate(piece, self._max_size - self._size)
        self._count(len(inflated))
        if self._mode != _WHOLE:
            self._size = 0
        if inflated:
            self._keep(inflated)

    def _keep(self, piece: bytes) -> None:
        """Add to the message."""
        if self._mode == _NOT_AT_ALL:
            return
        text = self._checked(piece) if self._kind == TEXT else None
        if self._mode == _IN_FRAGMENTS:
            self._deliver_fragment(piece if text is None or not self._decode_text else text, False)
        elif self._gather is None and not self._only:
            self._only = piece
        else:
            self._gathered().add(piece, 0, len(piece), _NO_KEY, 0)

    def _gathered(self) -> "Gather":
        """Where the pieces of the message are joined."""
        gather = self._gather
        if gather is None:
            gather = self._gather = Gather()
            only = self._only
            self._only = b""
            gather.add(only, 0, len(only), _NO_KEY, 0)
        return gather

    def _whole_of_it(self) -> bytes:
        """The pieces, joined; and none are left."""
        gather = self._gather
        if gather is None:
            whole = self._only
            self._only = b""
            return whole
        self._gather = None
        return gather.take()

    def _checked(self, piece: bytes) -> str:
        """What is complete of a text with this piece; the rest of it stands in `_partial`."""
        whole = self._partial + piece
        try:
            text, used = utf_8_decode(whole, "strict", False)
            self._partial = whole[used:]
            if len(self._partial) == 2 and _SURROGATES <= self._partial < _BEHIND_THEM:
                self._partial.decode()
        except UnicodeDecodeError as error:
            raise _bad_text(error) from None
        return text

    def _ended(self) -> None:
        """The last frame of a message is complete, or a control frame."""
        if self._opcode >= _CONTROL:
            payload = self._payload
            self._payload = b""
            self._control_received(payload)
            return
        if self._compressed:
            self._inflate(TAIL)
            self._compressed = False
            if self._inflater is not None:
                self._inflater.end_message()
        kind = self._kind
        self._kind = 0
        mode = self._mode
        self._mode = _WHOLE
        if mode == _NOT_AT_ALL:
            self._partial = b""
            return
        if self._partial:
            raise WebSocketError(
                WSCloseCode.INVALID_TEXT,
                "a text message ends inside a character (RFC 6455 8.1)",
            )
        if mode == _IN_FRAGMENTS:
            self._deliver_fragment("" if kind == TEXT and self._decode_text else b"", True)
            return
        whole = self._whole_of_it()
        if self._listen is not None:
            # What came in pieces may be many times as much as what came.
            self.queued += len(whole)
            self._listen(memoryview(whole), _BINARY_TYPE if kind == BINARY else _TEXT_TYPE)
            return
        if kind == BINARY:
            message = _new(WSMessage, (_BINARY_TYPE, whole, None))
        elif self._decode_text:
            message = _new(WSMessage, (_TEXT_TYPE, whole.decode(), None))
        else:
            message = _new(WSMessageTextBytes, (_TEXT_TYPE, whole, None))
        self.queued += len(whole) + MESSAGE_COST
        self._deliver(message)

    def _control_received(self, payload: bytes) -> None:
        if self._opcode == CLOSE:
            # RFC 6455 5.5.1: nothing is read behind a close.
            self._high = -1
        self._control(self._opcode, payload)

    def _deliver_fragment(self, data: bytes | str, last: bool) -> None:
        self.queued += len(data) + MESSAGE_COST
        self._deliver(Fragment(WSMsgType.CONTINUATION, data, last))


def _broken(rule: str) -> WebSocketError:
    return WebSocketError(WSCloseCode.PROTOCOL_ERROR, rule)


def _bad_text(error: UnicodeDecodeError) -> WebSocketError:
    return WebSocketError(
        WSCloseCode.INVALID_TEXT,
        f"a text message is not UTF-8: {error.reason}, 0x{error.object[error.start]:02x} "
        "(RFC 6455 8.1)",
    )
