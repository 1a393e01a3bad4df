"""The vocabulary of WebSockets that client, server and engine share; no codec (RFC 6455)."""

import json
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
)
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, Protocol, cast

from .errors import ConnectionLost, LocalProtocolError
from .grammar import TOKEN


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
    """The peer broke the WebSocket protocol, or a limit.

    `code` is the close code that tells it so, `reason` what the close says beside it: the message,
    unless that is only for our side.
    """

    def __init__(self, code: int, message: str, reason: str | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.reason = message if reason is None else reason

    def __str__(self) -> str:
        return str(self.args[1])


class WSMessageTypeError(TypeError):
    """A message of one kind was asked for, and one of another kind was received."""


if TYPE_CHECKING:
    # Every type checker knows this module; programs need not have it.
    from typing_extensions import TypeVar

    _Kind = TypeVar("_Kind", bound=WSMsgType, default=WSMsgType)
    _Data = TypeVar("_Data", default=Any)
else:
    from typing import TypeVar

    _Kind = TypeVar("_Kind")
    _Data = TypeVar("_Data")


class WSMessage(NamedTuple, Generic[_Kind, _Data]):
    """A message, or an event that stands among messages.

    | `type`          | `data`                          | `extra`    |
    |-----------------|---------------------------------|------------|
    | TEXT            | str (bytes: decode_text=False)  | None       |
    | BINARY          | bytes                           | None       |
    | PING, PONG      | bytes (only autoping=False)     | None       |
    | CLOSE           | the peer's code, 0 for none     | its reason |
    | CLOSING, CLOSED | None                            | None       |
    | ERROR           | the exception that ended it     | None       |
    """

    type: _Kind
    data: _Data
    extra: str | None

    def json(self, *, loads: Callable[[Any], Any] = json.loads) -> Any:
        """The data parsed as JSON; raises what `loads` raises."""
        return loads(self.data)


class WSMessageTextBytes(WSMessage[Literal[WSMsgType.TEXT], bytes]):
    """A text message that was not decoded: `data` is its UTF-8, which has been checked."""

    __slots__ = ()


WSMessageText = WSMessage[Literal[WSMsgType.TEXT], str]
WSMessageBinary = WSMessage[Literal[WSMsgType.BINARY], bytes]
WSMessagePing = WSMessage[Literal[WSMsgType.PING], bytes]
WSMessagePong = WSMessage[Literal[WSMsgType.PONG], bytes]
WSMessageClose = WSMessage[Literal[WSMsgType.CLOSE], int]
WSMessageClosing = WSMessage[Literal[WSMsgType.CLOSING], None]
WSMessageClosed = WSMessage[Literal[WSMsgType.CLOSED], None]
WSMessageError = WSMessage[Literal[WSMsgType.ERROR], BaseException]

# What receive() gives: a check of `type` tells a type checker what `data` is.
WSReceived = (
    WSMessageText
    | WSMessageBinary
    | WSMessagePing
    | WSMessagePong
    | WSMessageClose
    | WSMessageClosing
    | WSMessageClosed
    | WSMessageError
)

CLOSING_MESSAGE: Final = cast(WSMessageClosing, WSMessage(WSMsgType.CLOSING, None, None))
CLOSED_MESSAGE: Final = cast(WSMessageClosed, WSMessage(WSMsgType.CLOSED, None, None))
_BYTES: Final = frozenset({WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})


WSFragment = str | bytes | bytearray | memoryview


class WSListener(Protocol):
    """What WebSocket.listen() calls, straight from the reading of the socket."""

    def message_received(self, payload: memoryview, kind: WSMsgType) -> None:
        """A whole message: TEXT, whose UTF-8 has been checked, or BINARY.

        With autoping=False it may be a PING or a PONG, too; answering is the listener's then.
        It must not block. The view may be kept. What it raises closes the WebSocket with 1011,
        and is raised by listen().
        """


@dataclass(frozen=True, slots=True)
class WSOptions:
    """What a handshake negotiates and an engine obeys; times are seconds, sizes bytes.

    `compress` is the window of permessage-deflate as a power of two (9-15), 0 for none; with
    `takeover` False neither end keeps its window between messages. `close_timeout` bounds the
    closing handshake, None for not at all; `max_msg_size` 0 means no bound. `origins` lists the
    origins a server takes, None takes all; `headers` go with the client's handshake. `lost` is
    what sending raises once the WebSocket is closed.
    """

    protocols: tuple[str, ...] = ()
    origin: str | None = None
    origins: tuple[str, ...] | None = None
    headers: Mapping[str, str] | None = None
    compress: int = 0
    takeover: bool = True
    heartbeat: float | None = None
    receive_timeout: float | None = None
    close_timeout: float | None = 10.0
    autoclose: bool = True
    autoping: bool = True
    max_msg_size: int = 4 * 1024 * 1024
    writer_limit: int = 64 * 1024
    decode_text: bool = True
    lost: type[ConnectionResetError] = ConnectionLost

    def __post_init__(self) -> None:
        """Raises TypeError or ValueError for what an option cannot be."""
        for name in (
            "heartbeat",
            "receive_timeout",
            "close_timeout",
            "max_msg_size",
            "writer_limit",
        ):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, (int, float)):
                raise TypeError(f"{name} is a number, not {value!r}")
            if not value >= 0:
                raise ValueError(f"{name} is not negative, as {value!r} is")
        if len(set(self.protocols)) < len(self.protocols):
            raise ValueError(f"a sub-protocol stands twice in {self.protocols!r} (RFC 6455 4.1)")
        for protocol in self.protocols:
            if not TOKEN.fullmatch(protocol):
                raise ValueError(f"the sub-protocol {protocol!r} is no token (RFC 6455 4.1)")


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

    @property
    def compress(self) -> int:
        """The window that messages are deflated with (9 to 15), 0 where they are not."""
        return 0

    @abstractmethod
    def exception(self) -> BaseException | None:
        """What ended the reading abnormally, if anything."""

    @abstractmethod
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info()."""

    @abstractmethod
    def receive(self, timeout: float | None = None) -> Awaitable[WSReceived]:
        """The next message; CLOSED after the end.

        Raises RuntimeError when another task is receiving, and for who asks again and again after
        the end (it would be for ever); TimeoutError after `timeout` seconds.
        """

    @abstractmethod
    def send_frame(
        self,
        message: bytes | bytearray | memoryview,
        opcode: WSMsgType,
        compress: int | None = None,
    ) -> Awaitable[None]:
        """Send `message` whole as one frame of `opcode`.

        The bytes are handed over in the order of the calls; awaiting waits only until the send
        buffer is below its high-water mark. Raises ConnectionResetError when closed.
        """

    @abstractmethod
    def close(
        self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True
    ) -> Awaitable[bool]:
        """Send a close (once), wait for the peer's, end the connection. False when closed before.

        With `drain` False it does not wait. Raises LocalProtocolError for a code or a message that
        a close frame cannot carry.
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

    def send_json_bytes(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], bytes]
    ) -> Awaitable[None]:
        """Send `data` as JSON in a binary message; `dumps` gives bytes (orjson.dumps does)."""
        return self.send_bytes(dumps(data), compress)

    async def send_fragments(
        self,
        fragments: "Iterable[WSFragment] | AsyncIterable[WSFragment]",
        compress: int | None = None,
    ) -> None:
        """Send one message in pieces, all str (text) or all bytes-like (binary), as they come.

        Other messages wait for its end; pings, pongs and a close do not. Raises what the iterator
        raises, and then closes the WebSocket with 1011: a message cannot be taken back.
        """
        if isinstance(fragments, AsyncIterable):
            pieces = [piece async for piece in fragments]
        else:
            pieces = list(fragments)
        if pieces and isinstance(pieces[0], str):
            await self.send_str("".join(piece for piece in pieces if isinstance(piece, str)))
        else:
            await self.send_bytes(
                b"".join(piece for piece in pieces if not isinstance(piece, str)), compress
            )

    async def receive_str(self, *, timeout: float | None = None) -> str:
        """The next message, which must be text: WSMessageTypeError otherwise."""
        message = await self.receive(timeout)
        if message.type is not WSMsgType.TEXT:
            raise WSMessageTypeError(f"expected a text message, received {message.type.name}")
        return message.data

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:
        """The next message, which must be binary: WSMessageTypeError otherwise."""
        message = await self.receive(timeout)
        if message.type is not WSMsgType.BINARY:
            raise WSMessageTypeError(f"expected a binary message, received {message.type.name}")
        return message.data

    async def receive_json(
        self, *, loads: Callable[[str], Any] = json.loads, timeout: float | None = None
    ) -> Any:
        """The next message, which must be text, parsed as JSON."""
        return loads(await self.receive_str(timeout=timeout))

    def receive_fragments(self) -> "AsyncIterator[str | bytes]":
        """Iterate over the next message while it arrives, in pieces of str (text) or bytes.

        The message is not bounded by max_msg_size, which bounds the single piece. Empty, where no
        message but the end comes. A receive() in the middle gives up the rest of the message.
        receive_timeout bounds the wait for each piece: TimeoutError.
        """
        return _single(self)

    async def listen(self, listener: WSListener) -> None:
        """Give every message to `listener` until the WebSocket is closed; see close_code then.

        Nothing else may receive meanwhile; once it is cancelled, somebody may. Raises what
        `listener` raises, and what exception() tells.
        """
        async for message in self:
            if message.type is WSMsgType.TEXT:
                listener.message_received(memoryview(message.data.encode()), WSMsgType.TEXT)
            elif message.type in _BYTES:
                data: Any = message.data
                listener.message_received(memoryview(data), message.type)
            elif message.type is WSMsgType.ERROR:
                raise message.data

    def __aiter__(self) -> "AsyncIterator[WSReceived]":
        return self

    async def __anext__(self) -> WSReceived:
        message = await self.receive()
        if message.type in _ENDS:
            raise StopAsyncIteration
        return message


_SHORT_CUTS: Final = ("receive", "send_bytes", "send_frame", "send_str")


class ForwardingWebSocket(WebSocket):
    """A WebSocket whose primitives are an engine's; the base of both façades.

    Using it before `_open()` is a RuntimeError.
    """

    # No slots and no __init__: façades mix this in beside a base that has its own.
    _engine: WebSocket | None = None

    @property
    def engine(self) -> WebSocket | None:
        """What it forwards to, None before the handshake; for what the façade does not offer."""
        return self._engine

    def _open(self, engine: WebSocket) -> None:
        """The handshake is done."""
        self._engine = engine
        for name in _SHORT_CUTS:
            # Unless a subclass has its own, the engine's verb is the object's verb.
            if getattr(type(self), name) is getattr(ForwardingWebSocket, name):
                self.__dict__[name] = getattr(engine, name)

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

    @property
    def compress(self) -> int:
        return 0 if self._engine is None else self._engine.compress

    def exception(self) -> BaseException | None:
        return None if self._engine is None else self._engine.exception()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if self._engine is None else self._engine.get_extra_info(name, default)

    def receive(self, timeout: float | None = None) -> Awaitable[WSReceived]:
        return self._opened().receive(timeout)

    def send_frame(
        self,
        message: bytes | bytearray | memoryview,
        opcode: WSMsgType,
        compress: int | None = None,
    ) -> Awaitable[None]:
        return self._opened().send_frame(message, opcode, compress)

    def close(
        self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True
    ) -> Awaitable[bool]:
        return self._opened().close(code=code, message=message, drain=drain)

    # What follows from those, where the engine has a shorter way.

    def send_str(self, data: str, compress: int | None = None) -> Awaitable[None]:
        return self._opened().send_str(data, compress)

    def send_bytes(
        self, data: bytes | bytearray | memoryview, compress: int | None = None
    ) -> Awaitable[None]:
        return self._opened().send_bytes(data, compress)

    def send_fragments(
        self,
        fragments: "Iterable[WSFragment] | AsyncIterable[WSFragment]",
        compress: int | None = None,
    ) -> "Coroutine[Any, Any, None]":
        return self._opened().send_fragments(fragments, compress)

    def receive_fragments(self) -> "AsyncIterator[str | bytes]":
        return self._opened().receive_fragments()

    def listen(self, listener: WSListener) -> "Coroutine[Any, Any, None]":
        return self._opened().listen(listener)

    def __aiter__(self) -> "AsyncIterator[WSReceived]":
        own = type(self)
        if (
            own.receive is ForwardingWebSocket.receive
            and own.__anext__ is ForwardingWebSocket.__anext__
        ):
            # Nobody has overridden anything: the loop talks to the engine itself.
            return self._opened().__aiter__()
        return self


async def _single(socket: WebSocket) -> "AsyncIterator[str | bytes]":
    message = await socket.receive()
    if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
        yield message.data


def _control(message: str | bytes) -> bytes:
    if not isinstance(message, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"pings and pongs carry str or bytes, not {type(message).__name__}")
    payload = message.encode() if isinstance(message, str) else bytes(message)
    if len(payload) > 125:
        raise LocalProtocolError(
            f"a control frame carries at most 125 bytes, not {len(payload)} (RFC 6455 5.5)"
        )
    return payload
