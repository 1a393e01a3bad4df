"""The words of WebSockets; their frames, read and written by hand."""

import asyncio
import random as randomness
from typing import Any

from aiolos.http import (
    WS_CLOSED_MESSAGE,
    WS_CLOSING_MESSAGE,
    WS_KEY,
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
)
from aiolos_protocol.errors import UpgradeRefused
from aiolos_websocket import extensions
from aiolos_websocket.deflate import Deflater, Inflater
from aiolos_websocket.frames import CLOSE, FIN, MASK, RSV1, pack_close, unpack_close
from aiolos_websocket.mask import frame
from aiolos_websocket.reader import Reader

from .client_exceptions import ClientConnectionResetError
from .streams import FlowControlDataQueue

__all__ = [
    "WS_CLOSED_MESSAGE",
    "WS_CLOSING_MESSAGE",
    "WS_KEY",
    "WSCloseCode",
    "WSMessage",
    "WSMessageDecodeText",
    "WSMessageNoDecodeText",
    "WSMessageTextBytes",
    "WSMsgType",
    "WebSocketError",
    "WebSocketReader",
    "WebSocketWriter",
    "ws_ext_gen",
    "ws_ext_parse",
]

# What a reader gives, with and without decoded text.
WSMessageDecodeText = WSMessage
WSMessageNoDecodeText = WSMessage | WSMessageTextBytes

# Below that zlib has no window (RFC 7692 7.1.2 allows 8).
_SMALLEST = 9


class WSHandshakeError(Exception):
    """The other end's extensions cannot be used."""


class WebSocketDataQueue(FlowControlDataQueue[WSMessage | WSMessageTextBytes]):
    """Messages as they come."""


class WebSocketReader:
    """Reads the frames of either end into `queue`, which has feed_data(), feed_eof() and
    set_exception(); messages of more than `max_msg_size` bytes (0: no bound) are an error."""

    def __init__(
        self, queue: Any, max_msg_size: int, compress: bool = True, decode_text: bool = True
    ) -> None:
        self.queue = queue
        self._options = max_msg_size, Inflater(extensions.LARGEST, True) if compress else None
        self._decode_text = decode_text
        self._reader: Reader | None = None
        self._begun = b""
        self._failed = False

    def feed_data(self, data: bytes | bytearray | memoryview) -> tuple[bool, bytes]:
        """Read `data`. `(True, data)` once something was wrong, else `(False, b"")`."""
        data = self._begun + bytes(data)
        if self._failed:
            return True, data
        if self._reader is None:
            if len(data) < 2:
                self._begun = data
                return False, b""
            self._begun = b""
            # Who masks is a client.
            masked = bool(data[1] & MASK)
            self._reader = Reader(
                masked, self._deliver, self._control, *self._options, self._decode_text
            )
        try:
            # Every message is wanted whole, and the queue has a bound of its own.
            self._reader.ask()
            held = self._reader.feed(data)
            while held:
                self._reader.queued = 0
                self._reader.ask()
                held = self._reader.go_on()
            self._reader.queued = 0
        except WebSocketError as error:
            self._failed = True
            self.queue.set_exception(error)
            return True, b""
        return False, b""

    def feed_eof(self) -> None:
        """No more will come."""
        self.queue.feed_eof()

    def _deliver(self, message: Any) -> None:
        self.queue.feed_data(message, len(message.data))

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self.queue.feed_data(WSMessage(WSMsgType.CLOSE, *unpack_close(payload)), len(payload))
        else:
            self.queue.feed_data(WSMessage(WSMsgType(opcode), payload, ""), len(payload))


class WebSocketWriter:
    """Writes frames to `transport`, masked for a client (`use_mask`); behind more than `limit`
    bytes it waits until `protocol` has room. `compress` is the window of permessage-deflate, 0 for
    none; with `notakeover` each message begins with an empty one."""

    def __init__(
        self,
        protocol: Any,
        transport: asyncio.Transport,
        *,
        use_mask: bool = False,
        limit: int = 65_536,
        random: randomness.Random | None = None,
        compress: int = 0,
        notakeover: bool = False,
    ) -> None:
        self.protocol = protocol
        self.transport = transport
        self.use_mask = use_mask
        self.compress = compress
        self.notakeover = notakeover
        self._limit = limit
        self._random = random or randomness.SystemRandom()
        self._deflater = Deflater(compress, not notakeover) if compress else None
        self._closing = False
        self._unsent = 0

    async def send_frame(self, message: bytes, opcode: int, compress: int | None = None) -> None:
        """Send a whole message, or a control frame; `compress` is its own window.

        Raises ClientConnectionResetError behind a close.
        """
        if (self._closing and opcode != CLOSE) or self.transport.is_closing():
            raise ClientConnectionResetError("the WebSocket is closed: nothing can be sent")
        first = FIN | opcode
        deflated = None
        if opcode < CLOSE:
            if compress:
                deflated = Deflater(compress, False).deflate(message)
                if self._deflater is not None:
                    self._deflater.release()
            elif self._deflater is not None:
                deflated = self._deflater.deflate(message)
        if deflated is not None:
            message, first = deflated, first | RSV1
        key = self._random.randbytes(4) if self.use_mask else b""
        data = frame(first, message, key)
        self.transport.write(data)
        self._unsent += len(data)
        if self._unsent > self._limit:
            self._unsent = 0
            await self.protocol._drain_helper()

    async def close(self, code: int = 1000, message: bytes | str = b"") -> None:
        """Send a close; nothing may follow."""
        try:
            await self.send_frame(pack_close(code, message), CLOSE)
        finally:
            self._closing = True


def ws_ext_parse(extstr: str | None, isserver: bool = False) -> tuple[int, bool]:
    """The window of this end, 0 for no compression, and whether it must begin each message with an
    empty one, from the other end's Sec-WebSocket-Extensions.

    Raises WSHandshakeError for an answer that is none; an offer that is none counts as no offer.
    """
    try:
        found = extensions.parse([extstr or ""])
        if isserver:
            chosen = extensions.answer(found, extensions.LARGEST)
            if chosen is None or chosen[0].server_window < _SMALLEST:
                return 0, False
            return chosen[0].server_window, not chosen[0].server_takeover
        agreed = extensions.confirm(found, extensions.LARGEST)
    except UpgradeRefused as error:
        if isserver:
            return 0, False
        raise WSHandshakeError(error.message) from None
    if agreed is None or agreed.client_window < _SMALLEST:
        return 0, False
    return agreed.client_window, not agreed.client_takeover


def ws_ext_gen(compress: int = 15, isserver: bool = False, server_notakeover: bool = False) -> str:
    """A Sec-WebSocket-Extensions field for a window of `compress` (9 to 15)."""
    if not _SMALLEST <= compress <= extensions.LARGEST:
        raise ValueError(f"compress is a window of {_SMALLEST} to 15, not {compress!r}")
    parts = [extensions.NAME]
    if not isserver:
        parts.append("client_max_window_bits")
    if compress < extensions.LARGEST:
        parts.append(f"server_max_window_bits={compress}")
    if server_notakeover:
        parts.append("server_no_context_takeover")
    return "; ".join(parts)
