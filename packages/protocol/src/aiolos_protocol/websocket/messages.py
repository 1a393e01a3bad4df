"""What WebSockets carry: types of messages, close codes, and their errors (RFC 6455)."""

import json
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, cast


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
