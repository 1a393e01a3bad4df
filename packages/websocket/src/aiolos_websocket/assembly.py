"""Putting messages together: pieces of frames in, whole messages or fragments out."""

from codecs import utf_8_decode
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from aiolos_protocol.websocket import (
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
    WSReceived,
)

from .deflate import TAIL, Inflater
from .frames import BINARY, TEXT
from .mask import Gather, mask
from .tuples import made

# What a message that waits is counted for beyond its bytes: the objects that hold it.
MESSAGE_COST: Final = 128
_COST: Final = MESSAGE_COST

# What a final block counts for: the time of so many bytes.
_BLOCK_COST: Final = 1024

# The incremental decoder waits for a third byte behind these two, though none can follow.
_SURROGATES: Final = b"\xed\xa0"
_BEHIND_THEM: Final = b"\xee"

# The bound itself is nothing to tell a stranger.
_TOO_LARGE: Final = "the message is too large"
_NO_KEY: Final = b""
_ENDLESS: Final = 1 << 62
_TEXT_TYPE: Final = WSMsgType.TEXT
_BINARY_TYPE: Final = WSMsgType.BINARY

# How the message at hand is delivered. Whole while nobody has asked for it; but if it turns out not
# to fit then, the reader waits: who asks may ask for fragments, which need not fit.
_UNASKED: Final = 0
_WHOLE: Final = 1
_IN_FRAGMENTS: Final = 2
_NOT_AT_ALL: Final = 3
# As the last, and the next message in fragments.
_NEXT_IN_FRAGMENTS: Final = 4


class Fragment(NamedTuple):
    """A piece of a message as it came; `data` is text or bytes. The last one may be empty. `kind`
    is the message's, TEXT or BINARY."""

    type: Literal[WSMsgType.CONTINUATION]
    data: str | bytes
    last: bool
    kind: int


Listen = Callable[[memoryview, WSMsgType], object]


class Assembler:
    """Makes messages of what a reader finds in frames; see Reader for its parameters."""

    __slots__ = (
        "_compressed",
        "_decode_text",
        "_deliver",
        "_gather",
        "_inflater",
        "_kind",
        "_listen",
        "_max_size",
        "_mode",
        "_only",
        "_partial",
        "_size",
        "queued",
    )

    def __init__(
        self,
        deliver: "Callable[[WSReceived | Fragment], object]",
        max_size: int,
        inflater: "Inflater | None",
        decode_text: bool,
    ) -> None:
        self._deliver = deliver
        self._max_size = min(max_size or _ENDLESS, _ENDLESS)
        self._inflater = inflater
        self._decode_text = decode_text
        self._listen: Listen | None = None
        self._mode = _UNASKED
        self.queued = 0
        # The message: TEXT or BINARY, 0 between messages.
        self._kind = 0
        self._compressed = False
        self._size = 0
        # Its pieces: the only one so far, or where they are joined.
        self._only = b""
        self._gather: Gather | None = None
        # A character of UTF-8 that is not complete yet.
        self._partial = b""

    def listen(self, listen: "Listen") -> None:
        """From now on give messages to `listen(payload, kind)`.

        The payload of text is its UTF-8, checked. What is counted as queued is only what came in
        pieces or compressed: so feed() returns before it takes long.
        """
        self._listen = listen
        self._decode_text = False

    def deliver(self, decode_text: bool) -> None:
        """Nobody listens any more: deliver messages as at first."""
        self._listen = None
        self._decode_text = decode_text

    def stream(self) -> None:
        """Deliver the message at hand, or the next one, in fragments as they come; the next one
        where the rest of the one at hand is to be dropped.

        A message that comes in one piece is delivered whole all the same. `max_size` then bounds
        what a piece is inflated to, not the message.
        """
        if self._mode == _NOT_AT_ALL:
            self._mode = _NEXT_IN_FRAGMENTS
            return
        self._mode = _IN_FRAGMENTS
        self._size = 0
        begun = self._whole_of_it()
        if begun and self._kind == TEXT and self._decode_text:
            self._deliver_fragment(begun[: len(begun) - len(self._partial)].decode(), False, TEXT)
        elif begun:
            self._deliver_fragment(begun, False, self._kind)

    def unstream(self, fragments: "list[Fragment]") -> None:
        """Deliver the message whole after all: nobody has seen `fragments`, which were all that was
        delivered of it. Raises what too_big() makes, where it is."""
        if self._mode == _NEXT_IN_FRAGMENTS:
            self._mode = _NOT_AT_ALL
        elif self._mode == _IN_FRAGMENTS:
            self._mode = _UNASKED
            begun = _octets(fragments)
            if self._decode_text:
                begun += self._partial
            announced = 0 if self._compressed else self._announced()
            # Compared before it is added: a sum could be more than a C integer can hold.
            if announced > self._max_size - len(begun):
                raise self.too_big()
            self._only = begun
            self._size = len(begun) + announced

    def _announced(self) -> int:
        """How much of the message is still to come in the frame at hand."""
        raise NotImplementedError

    def ask(self) -> None:
        """Somebody waits for the message at hand, or the next one: whole, but for stream()."""
        if self._mode == _UNASKED:
            self._mode = _WHOLE

    def skip(self) -> None:
        """Drop the rest of the message at hand, which is delivered in fragments."""
        self._mode = _NOT_AT_ALL

    def begun(self) -> bool:
        """Whether a message or frame is at hand that has not come whole, and is not dropped."""
        return self._mode < _NOT_AT_ALL and (self._kind != 0 or self._in_frame())

    def _in_frame(self) -> bool:
        """Whether a frame is at hand that has not come whole."""
        raise NotImplementedError

    def _may_wait(self) -> bool:
        """Whether a message that does not fit is left until somebody asks for it."""
        return self._mode == _UNASKED and self._listen is None

    def _begin(self, kind: int, compressed: bool) -> None:
        """The first frame of a message that is not all there, or not plain."""
        self._kind = kind
        self._compressed = compressed
        self._size = 0

    def _expect(self, size: int) -> bool:
        """A frame of the message has `size` bytes; False where that is too much, and may wait."""
        if self._compressed or self._mode > _WHOLE:
            return True
        # Compared before it is added: a sum could be more than a C integer can hold.
        if size > self._max_size - self._size:
            if self._may_wait():
                return False
            raise self.too_big()
        self._size += size
        return True

    def too_big(self) -> WebSocketError:
        """What a message of more than `max_size` ends the WebSocket with."""
        return WebSocketError(
            WSCloseCode.MESSAGE_TOO_BIG,
            f"a message of more than max_msg_size={self._max_size} bytes; "
            "raise it with max_msg_size=...",
            reason=_TOO_LARGE,
        )

    def _message(self, kind: int, payload: bytes) -> None:
        """A message that came in one frame."""
        self._kind = 0
        self._mode = _UNASKED
        if kind == BINARY:
            if self._listen is not None:
                self._listen(memoryview(payload), _BINARY_TYPE)
                return
            message = made(WSMessage, (_BINARY_TYPE, payload, None))
        else:
            try:
                text = payload.decode()
            except UnicodeDecodeError as error:
                raise _bad_text(error) from None
            if self._listen is not None:
                self._listen(memoryview(payload), _TEXT_TYPE)
                return
            if self._decode_text:
                message = made(WSMessage, (_TEXT_TYPE, text, None))
            else:
                message = made(WSMessageTextBytes, (_TEXT_TYPE, payload, None))
        self.queued += len(payload) + _COST
        self._deliver(message)

    def _piece(self, data: bytes, at: int, stop: int, key: bytes, phase: int, left: int) -> int:
        """A piece of a frame of the message, of which `left` bytes are to come, these included.

        It is masked where there is a `key`, from its byte `phase` on. How many of its bytes, the
        last ones, are to be kept until somebody asks for the message; -1 where there is room.
        """
        if self._kind == BINARY and self._mode <= _WHOLE and not self._compressed:
            # Straight to its place.
            gather = self._gathered()
            gather.expect(left)
            gather.add(data, at, stop, key, phase)
            return -1
        piece = mask(data, at, stop, key, phase) if key else data[at:stop]
        if self._compressed:
            return self._inflate(piece)
        self._keep(piece)
        return -1

    def _inflate(self, piece: bytes) -> int:
        """A piece of a compressed message, whose size is counted as it comes out; as _piece()."""
        inflater = self._inflater
        assert inflater is not None
        room = self._max_size - self._size
        if room < 0:
            raise self.too_big()
        inflated = inflater.inflate(piece, room)
        kept = -1
        if len(inflated) > room:
            if not self._may_wait():
                raise self.too_big()
            kept = inflater.left
        self._size += len(inflated)
        if self._mode > _WHOLE:
            self._size = 0
        if inflated:
            self._keep(inflated)
        return kept

    def _is_too_big(self) -> bool:
        """Whether more of the message is here than fits; it waits until somebody asks for it."""
        return self._size > self._max_size

    def _keep(self, piece: bytes) -> None:
        """Add to the message."""
        text = self._checked(piece) if self._kind == TEXT else None
        if self._mode >= _NOT_AT_ALL:
            return
        if self._mode == _IN_FRAGMENTS:
            data = piece if text is None or not self._decode_text else text
            self._deliver_fragment(data, False, self._kind)
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

    def _message_ended(self) -> None:
        """The last frame of the message is complete."""
        if self._compressed:
            self._inflate(TAIL)
            self._compressed = False
            if self._inflater is not None:
                # It has taken time, whatever comes of it.
                self.queued += _COST + _BLOCK_COST * self._inflater.end_message()
        kind = self._kind
        self._kind = 0
        mode = self._mode
        self._mode = _IN_FRAGMENTS if mode == _NEXT_IN_FRAGMENTS else _UNASKED
        if self._partial:
            raise WebSocketError(
                WSCloseCode.INVALID_TEXT,
                "a text message ends inside a character (RFC 6455 8.1)",
            )
        if mode >= _NOT_AT_ALL:
            return
        if mode == _IN_FRAGMENTS:
            self._deliver_fragment("" if kind == TEXT and self._decode_text else b"", True, kind)
            return
        whole = self._whole_of_it()
        if self._listen is not None:
            # What came in pieces may be many times as much as what came.
            self.queued += len(whole)
            self._listen(memoryview(whole), _BINARY_TYPE if kind == BINARY else _TEXT_TYPE)
            return
        if kind == BINARY:
            message = made(WSMessage, (_BINARY_TYPE, whole, None))
        elif self._decode_text:
            message = made(WSMessage, (_TEXT_TYPE, whole.decode(), None))
        else:
            message = made(WSMessageTextBytes, (_TEXT_TYPE, whole, None))
        self.queued += len(whole) + _COST
        self._deliver(message)

    def _deliver_fragment(self, data: bytes | str, last: bool, kind: int) -> None:
        self.queued += len(data) + _COST
        self._deliver(Fragment(WSMsgType.CONTINUATION, data, last, kind))


def joined(fragments: list[Fragment]) -> WSReceived:
    """The message whose fragments these are."""
    octets = _octets(fragments)
    message: Any
    if fragments[0].kind == BINARY:
        message = WSMessage(_BINARY_TYPE, octets, None)
    elif isinstance(fragments[0].data, str):
        message = WSMessage(_TEXT_TYPE, octets.decode(), None)
    else:
        message = WSMessageTextBytes(_TEXT_TYPE, octets, None)
    return message  # type: ignore[no-any-return]


def _octets(fragments: list[Fragment]) -> bytes:
    return b"".join(
        [each.data.encode() if isinstance(each.data, str) else each.data for each in fragments]
    )


def _bad_text(error: UnicodeDecodeError) -> WebSocketError:
    return WebSocketError(
        WSCloseCode.INVALID_TEXT,
        f"a text message is not UTF-8: {error.reason}, 0x{error.object[error.start]:02x} "
        "(RFC 6455 8.1)",
    )
