"""The vocabulary of WebSockets that client, server and engine share; no codec (RFC 6455)."""

from .forwarding import ForwardingWebSocket
from .interface import WebSocket, WSListener, hearing
from .messages import (
    CLOSED_MESSAGE,
    CLOSING_MESSAGE,
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageBinary,
    WSMessageClose,
    WSMessageClosed,
    WSMessageClosing,
    WSMessageError,
    WSMessagePing,
    WSMessagePong,
    WSMessageText,
    WSMessageTextBytes,
    WSMessageTypeError,
    WSMsgType,
    WSReceived,
)
from .options import WSOptions, window_of
from .outgoing import (
    FragmentKind,
    WSFragment,
    checked_fragment,
    control_payload,
    each_fragment,
)

__all__ = [
    "CLOSED_MESSAGE",
    "CLOSING_MESSAGE",
    "ForwardingWebSocket",
    "FragmentKind",
    "WSCloseCode",
    "WSFragment",
    "WSListener",
    "WSMessage",
    "WSMessageBinary",
    "WSMessageClose",
    "WSMessageClosed",
    "WSMessageClosing",
    "WSMessageError",
    "WSMessagePing",
    "WSMessagePong",
    "WSMessageText",
    "WSMessageTextBytes",
    "WSMessageTypeError",
    "WSMsgType",
    "WSOptions",
    "WSReceived",
    "WebSocket",
    "WebSocketError",
    "checked_fragment",
    "control_payload",
    "each_fragment",
    "hearing",
    "window_of",
]
