"""WebSockets of the server."""

from aiolos import WSMessageTypeError
from aiolos.http import WS_CLOSED_MESSAGE, WS_CLOSING_MESSAGE, WSCloseCode, WSMessage
from aiolos.web import (
    WebSocketReady,
    WebSocketResponse,
    WSMsgType,
)

__all__ = [
    "WS_CLOSED_MESSAGE",
    "WS_CLOSING_MESSAGE",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTypeError",
    "WSMsgType",
    "WebSocketReady",
    "WebSocketResponse",
]
