"""WebSockets of the server."""

from aiolos.web import (
    WebSocketReady,
    WebSocketResponse,
    WSMsgType,
)

__all__ = [
    "WSMsgType",
    "WebSocketReady",
    "WebSocketResponse",
]
