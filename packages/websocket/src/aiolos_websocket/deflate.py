"""permessage-deflate (RFC 7692): messages inflated as they come, and bounded."""

import zlib
from typing import Final

from aiolos_protocol.websocket import WebSocketError, WSCloseCode

# RFC 7692 7.2.2: what a sender removes from the end of each message.
TAIL: Final = b"\x00\x00\xff\xff"

# zlib has no raw window of 2^8 for deflating; inflating with a larger one than the peer's is fine.
MIN_WINDOW: Final = 9

# RFC 7692 7.2.3.5 lets a message contain final blocks; each costs a new decompressor.
_MAX_FINAL_BLOCKS: Final = 8


class Inflater:
    """Inflates what one peer sends.

    `window` is the peer's window as a power of two (9 to 15); with `takeover` the peer goes on
    using it from message to message, else it is released after each.
    """

    __slots__ = ("_final_blocks", "_takeover", "_window", "_zlib")

    def __init__(self, window: int, takeover: bool) -> None:
        self._window = window
        self._takeover = takeover
        self._zlib: "zlib._Decompress | None" = None
        self._final_blocks = 0

    def inflate(self, piece: bytes, room: int) -> bytes:
        """What a piece of a message expands to, but at most `room` + 1 bytes.

        One byte more than there is room for tells that it is too much. Raises WebSocketError for
        what is no deflate stream.
        """
        parts = []
        limit = room + 1
        while True:
            stream = self._zlib
            if stream is None:
                stream = self._zlib = zlib.decompressobj(-self._window)
            try:
                part = stream.decompress(piece, limit)
            except zlib.error as error:
                raise WebSocketError(
                    WSCloseCode.INVALID_TEXT, f"a compressed message cannot be inflated: {error}"
                ) from None
            parts.append(part)
            if not stream.eof or len(part) == limit:
                break
            limit -= len(part)
            self._zlib = None
            piece = stream.unused_data
            if not piece:
                break
            self._final_blocks += 1
            if self._final_blocks > _MAX_FINAL_BLOCKS:
                raise WebSocketError(
                    WSCloseCode.POLICY_VIOLATION,
                    f"a compressed message has more than {_MAX_FINAL_BLOCKS} final blocks",
                )
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end_message(self) -> None:
        """The message is complete."""
        self._final_blocks = 0
        if not self._takeover:
            self._zlib = None
