"""The vocabulary of WebSockets that client, server and engine share; no codec (RFC 6455)."""

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Literal, NamedTuple

from .errors import LocalProtocolError


class WSMsgType(IntEnum):
    """Opcodes (RFC 6455 5.2), and what an iteration may meet besides them (0x100 and up)."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA

    CLOSING = 0x100
    CLOSED = 0x101
    ERROR = 0x102

    text = TEXT
    binary = BINARY
    ping = PING
    pong = PONG
    close = CLOSE
    closing = CLOSING
    closed = CLOSED
    error = ERROR


class WSCloseCode(IntEnum):
    """Close codes (RFC 6455 7.4.1 and IANA's registry)."""

    OK = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    ABNORMAL_CLOSURE = 1006
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


class WebSocketError(Exception):
    """The peer broke the WebSocket protocol; `code` is the close code that tells it so."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[1])


class WSMessageText(NamedTuple):
    """A text message; `size` is its length in bytes on the wire, uncompressed."""

    data: str
    size: int = 0
    extra: str | None = None
    type: Literal[WSMsgType.TEXT] = WSMsgType.TEXT

    def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """The message parsed as JSON; raises what `loads` raises."""
        return loads(self.data)


class WSMessageBinary(NamedTuple):
    """A binary message."""

    data: bytes
    size: int = 0
    extra: str | None = None
    type: Literal[WSMsgType.BINARY] = WSMsgType.BINARY

    def json(self, *, loads: Callable[[bytes], Any] = json.loads) -> Any:
        """The message parsed as JSON; raises what `loads` raises."""
        return loads(self.data)


class WSMessagePing(NamedTuple):
    """A ping (seen only with autoping=False)."""

    data: bytes
    size: int = 0
    extra: str | None = None
    type: Literal[WSMsgType.PING] = WSMsgType.PING


class WSMessagePong(NamedTuple):
    """A pong (seen only with autoping=False)."""

    data: bytes
    size: int = 0
    extra: str | None = None
    type: Literal[WSMsgType.PONG] = WSMsgType.PONG


class WSMessageClose(NamedTuple):
    """The peer's close: `data` is its code, `extra` its reason."""

    data: int
    size: int = 0
    extra: str | None = ""
    type: Literal[WSMsgType.CLOSE] = WSMsgType.CLOSE


class WSMessageClosing(NamedTuple):
    """This end is closing."""

    data: None = None
    size: int = 0
    extra: str | None = None
    type: Literal[WSMsgType.CLOSING] = WSMsgType.CLOSING


class WSMessageClosed(NamedTuple):
    """The WebSocket is closed; nothing more comes."""

    data: None = None
    size: int = 0
    extra: str | None = None
    type: Literal[WSMsgType.CLOSED] = WSMsgType.CLOSED


class WSMessageError(NamedTuple):
    """Reading failed; `data` is the exception."""

    data: BaseException
    size: int = 0
    extra: str | None = None
    type: Literal[WSMsgType.ERROR] = WSMsgType.ERROR


WSMessage = (
    WSMessageText
    | WSMessageBinary
    | WSMessagePing
    | WSMessagePong
    | WSMessageClose
    | WSMessageClosing
    | WSMessageClosed
    | WSMessageError
)

CLOSING_MESSAGE: Final = WSMessageClosing()
CLOSED_MESSAGE: Final = WSMessageClosed()
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})


@dataclass(frozen=True, slots=True)
class WSOptions:
    """What a handshake negotiates and an engine obeys; times are seconds, sizes bytes.

    `compress` is the window of permessage-deflate as a power of two (9-15), 0 for none;
    `max_msg_size` 0 means no bound; `origins` lists the origins a server takes, None takes all;
    `headers` go with the client's handshake.
    """

    protocols: tuple[str, ...] = ()
    origin: str | None = None
    origins: tuple[str, ...] | None = None
    headers: Mapping[str, str] | None = None
    compress: int = 0
    heartbeat: float | None = None
    receive_timeout: float | None = None
    close_timeout: float = 10.0
    autoclose: bool = True
    autoping: bool = True
    max_msg_size: int = 4 * 1024 * 1024
    writer_limit: int = 64 * 1024
    decode_text: bool = True


class WebSocket(ABC):
    """A few primitives, and what follows from them (as collections.abc does)."""

    __slots__ = ()

    @property
    @abstractmethod
    def closed(self) -> bool:
        """True once this end has sent its close, or the connection is gone."""

    @property
    @abstractmethod
    def close_code(self) -> int | None:
        """The peer's close code; 1006 where it vanished without; None while open."""

    @property
    @abstractmethod
    def protocol(self) -> str | None:
        """The sub-protocol agreed upon, if any."""

    @abstractmethod
    def exception(self) -> BaseException | None:
        """What ended the reading abnormally, if anything."""

    @abstractmethod
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info()."""

    @abstractmethod
    def receive(self, timeout: float | None = None) -> Awaitable[WSMessage]:
        """The next message; CLOSED for ever after the end.

        Raises RuntimeError when another task is receiving, TimeoutError after `timeout` seconds.
        """

    @abstractmethod
    def send_frame(
        self, message: bytes, opcode: WSMsgType, compress: int | None = None
    ) -> Awaitable[None]:
        """Send `message` whole as one frame of `opcode`.

        The bytes are handed over in the order of the calls; awaiting waits only until the send
        buffer is below its high-water mark. Raises ConnectionResetError when closed.
        """

    @abstractmethod
    def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"") -> Awaitable[bool]:
        """Send a close (once), wait for the peer's, end the connection. False when closed before.

        Raises LocalProtocolError for a code or a message that a close frame cannot carry.
        """

    def ping(self, message: str | bytes = b"") -> Awaitable[None]:
        """Send a ping of at most 125 bytes."""
        return self.send_frame(_control(message), WSMsgType.PING)

    def pong(self, message: str | bytes = b"") -> Awaitable[None]:
        """Send an unasked pong of at most 125 bytes."""
        return self.send_frame(_control(message), WSMsgType.PONG)

    def send_str(self, data: str, compress: int | None = None) -> Awaitable[None]:
        """Send a text message. TypeError for anything but str."""
        if not isinstance(data, str):
            raise TypeError(f"send_str() takes a str, not {type(data).__name__}")
        return self.send_frame(data.encode(), WSMsgType.TEXT, compress)

    def send_bytes(
        self, data: bytes | bytearray | memoryview, compress: int | None = None
    ) -> Awaitable[None]:
        """Send a binary message. TypeError for anything that is not bytes-like."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"send_bytes() takes bytes, not {type(data).__name__}")
        return self.send_frame(bytes(data), WSMsgType.BINARY, compress)

    def send_json(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], str] = json.dumps
    ) -> Awaitable[None]:
        """Send `data` as a JSON text message."""
        return self.send_str(dumps(data), compress)

    async def receive_str(self, *, timeout: float | None = None) -> str:
        """The next message, which must be text: TypeError otherwise."""
        message = await self.receive(timeout)
        if message.type is not WSMsgType.TEXT:
            raise TypeError(f"expected a text message, received {message.type.name}")
        return message.data

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:
        """The next message, which must be binary: TypeError otherwise."""
        message = await self.receive(timeout)
        if message.type is not WSMsgType.BINARY:
            raise TypeError(f"expected a binary message, received {message.type.name}")
        return message.data

    async def receive_json(
        self, *, loads: Callable[[str], Any] = json.loads, timeout: float | None = None
    ) -> Any:
        """The next message, which must be text, parsed as JSON."""
        return loads(await self.receive_str(timeout=timeout))

    def __aiter__(self) -> "WebSocket":
        return self

    async def __anext__(self) -> WSMessage:
        message = await self.receive()
        if message.type in _ENDS:
            raise StopAsyncIteration
        return message


class ForwardingWebSocket(WebSocket):
    """A WebSocket whose primitives are an engine's; the base of both façades.

    `_engine` is None until the handshake is done; using it before is a RuntimeError.
    """

    # No slots and no __init__: façades mix this in beside a base that has its own.
    _engine: WebSocket | None = None

    def _opened(self) -> WebSocket:
        engine = self._engine
        if engine is None:
            raise RuntimeError("the WebSocket is not open yet: call and await prepare() first")
        return engine

    @property
    def closed(self) -> bool:
        return self._engine is not None and self._engine.closed

    @property
    def close_code(self) -> int | None:
        return None if self._engine is None else self._engine.close_code

    @property
    def protocol(self) -> str | None:
        return None if self._engine is None else self._engine.protocol

    def exception(self) -> BaseException | None:
        return None if self._engine is None else self._engine.exception()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._opened().get_extra_info(name, default)

    def receive(self, timeout: float | None = None) -> Awaitable[WSMessage]:
        return self._opened().receive(timeout)

    def send_frame(
        self, message: bytes, opcode: WSMsgType, compress: int | None = None
    ) -> Awaitable[None]:
        return self._opened().send_frame(message, opcode, compress)

    def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"") -> Awaitable[bool]:
        return self._opened().close(code=code, message=message)


def _control(message: str | bytes) -> bytes:
    payload = message.encode() if isinstance(message, str) else bytes(message)
    if len(payload) > 125:
        raise LocalProtocolError(
            f"a control frame carries at most 125 bytes, not {len(payload)} (RFC 6455 5.5)"
        )
    return payload
