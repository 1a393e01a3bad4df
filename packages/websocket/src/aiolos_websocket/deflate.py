"""permessage-deflate (RFC 7692): messages deflated, and inflated as they come, within bounds."""

import zlib
from typing import Final

from aiolos_protocol.websocket import WebSocketError, WSCloseCode

# RFC 7692 7.2.2: what a sender removes from the end of each message.
TAIL: Final = b"\x00\x00\xff\xff"

_EMPTY: Final = b"\x00"

# zlib deflates with no smaller window; inflating with a larger one than the peer's does no harm.
MIN_WINDOW: Final = 9
MAX_WINDOW: Final = 15

# zlib's own default would be 6, for a few per cent less to send and two or three times the work.
_LEVEL: Final = zlib.Z_BEST_SPEED

# Without a window from earlier messages, less than this hardly ever becomes smaller.
_WORTHWHILE: Final = 64

# What zlib keeps besides window and tables.
_STATE: Final = 6_000

# RFC 7692 7.2.3.4 lets a message contain final blocks; each costs a new decompressor.
_MAX_FINAL_BLOCKS: Final = 8


def check_window(compress: int | None) -> None:
    """Whether a single message may have this window: None as agreed upon, 0 for none.

    TypeError or ValueError for any other than 9 to 15.
    """
    if compress is not None and not isinstance(compress, int):
        raise TypeError(f"compress is None or an int, not {compress!r}")
    if compress and not MIN_WINDOW <= compress <= MAX_WINDOW:
        raise ValueError(
            f"compress is None, 0, or a window of {MIN_WINDOW} to {MAX_WINDOW}, not {compress!r}"
        )


class Deflater:
    """Deflates what this end sends, a message or a fragment at a time.

    `window` is the largest window allowed, as a power of two (9 to 15); with `takeover` it is kept
    from message to message.
    """

    __slots__ = ("_takeover", "_window", "_zlib", "used")

    def __init__(self, window: int, takeover: bool) -> None:
        self._window = window
        self._takeover = takeover
        self._zlib: "zlib._Compress | None" = None
        # For whoever releases idle windows.
        self.used = False

    @property
    def window(self) -> int:
        """The largest window allowed."""
        return self._window

    @property
    def footprint(self) -> int:
        """How many bytes a window that is held takes, about (zconf.h tells how much it is)."""
        return (1 << self._window + 2) + (1 << _memory_level(self._window) + 9) + _STATE

    @property
    def holds_window(self) -> bool:
        """Whether there is memory to release."""
        return self._zlib is not None

    def deflate(self, message: bytes) -> bytes | None:
        """A whole message, deflated; None where it is better sent as it is."""
        if self._takeover:
            return self.fragment(message, True)
        return deflated(message, self._window)

    def deflate_apart(self, message: bytes, window: int) -> bytes | None:
        """A whole message, deflated without a look at earlier ones, with at most `window`."""
        self.release()
        return deflated(message, min(window, self._window))

    def fragment(self, piece: bytes, fin: bool) -> bytes:
        """A piece of a message, deflated; `fin` for its last."""
        stream = self._zlib
        if stream is None:
            stream = self._zlib = _compressor(self._window)
        data = stream.compress(piece) + stream.flush(zlib.Z_SYNC_FLUSH)
        if not fin:
            return data
        if not self._takeover:
            self._zlib = None
        # RFC 7692 7.2.3.6: of an empty message something must remain, too.
        return data[: -len(TAIL)] or _EMPTY

    def release(self) -> None:
        """Give the memory of the window back; the next message begins with an empty one.

        Allowed at any time between messages: what a compressor does not know, it does not refer
        to. The memory is 8 KiB (window 9) to 256 KiB (window 15).
        """
        self._zlib = None
        self.used = False


def deflated(message: bytes, window: int) -> bytes | None:
    """A message deflated by itself; None where that is not worthwhile.

    The peer's window takes it in as any other, so a Deflater with takeover must be released
    behind it: distances no longer mean what it thinks.
    """
    size = len(message)
    if size < _WORTHWHILE:
        return None
    # A window wider than the message gains nothing, and making one costs up to 60 us.
    stream = _compressor(min(window, max(MIN_WINDOW, size.bit_length())))
    data = stream.compress(message) + stream.flush(zlib.Z_SYNC_FLUSH)
    return data[: -len(TAIL)] if len(data) - len(TAIL) < size else None


def _compressor(window: int) -> "zlib._Compress":
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -window, _memory_level(window))


def _memory_level(window: int) -> int:
    # 8 beside window 15 is zlib's own proportion.
    return window - 7


class Inflater:
    """Inflates what one peer sends.

    `window` is the peer's window as a power of two (8 to 15); with `takeover` the peer goes on
    using it from message to message, else it is released after each.

    A final block ends zlib's stream, and its window with it, but not the peer's (RFC 7692
    7.2.3.4). So what was inflated is kept beside zlib's window, as much as that holds: during the
    first message, and on from there if that has a final block. Who ends messages by such blocks
    does so from the beginning; for a peer that begins later, what came before its first one is
    gone, and a message that refers to it is refused.
    """

    __slots__ = ("_final_blocks", "_history", "_takeover", "_window", "_zlib", "left")

    def __init__(self, window: int, takeover: bool) -> None:
        self._window = max(window, MIN_WINDOW)
        self._takeover = takeover
        self._zlib: "zlib._Decompress | None" = None
        # Of the message at hand.
        self._final_blocks = 0
        # None where nothing is kept.
        self._history: bytearray | None = bytearray()
        # How many bytes of the last piece there was no room for.
        self.left = 0

    def inflate(self, piece: bytes, room: int) -> bytes:
        """What a piece of a message expands to, but at most `room` + 1 bytes.

        One byte more than there is room for tells that it is too much; `left` is then how much of
        the piece, its end, is to be given again. Raises WebSocketError for what is no deflate
        stream.
        """
        parts = []
        limit = room + 1
        while True:
            stream = self._zlib
            if stream is None or stream.eof:
                stream = self._zlib = self._stream()
            try:
                part = stream.decompress(piece, limit)
            except zlib.error as error:
                raise WebSocketError(
                    WSCloseCode.INVALID_TEXT, f"a compressed message cannot be inflated: {error}"
                ) from None
            parts.append(part)
            if stream.eof and self._history is None:
                self._history = bytearray()
            if self._history is not None:
                self._remember(part)
            if not stream.eof or len(part) == limit:
                break
            limit -= len(part)
            self._zlib = None
            self._count_final_block()
            piece = stream.unused_data
            if not piece:
                break
        self.left = len(stream.unused_data if stream.eof else stream.unconsumed_tail)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end_message(self) -> int:
        """The message is complete; how many final blocks it had."""
        if not self._takeover:
            self._zlib = None
            self._history = bytearray()
        elif not self._final_blocks:
            self._history = None
        final_blocks, self._final_blocks = self._final_blocks, 0
        return final_blocks

    def _stream(self) -> "zlib._Decompress":
        if self._history:
            return zlib.decompressobj(-self._window, zdict=bytes(self._history))
        return zlib.decompressobj(-self._window)

    def _remember(self, part: bytes) -> None:
        history = self._history
        assert history is not None
        history += part[-(1 << self._window) :]
        del history[: -(1 << self._window)]

    def _count_final_block(self) -> None:
        self._final_blocks += 1
        if self._final_blocks > _MAX_FINAL_BLOCKS:
            raise WebSocketError(
                WSCloseCode.POLICY_VIOLATION,
                f"a compressed message has more than {_MAX_FINAL_BLOCKS} final blocks",
            )
