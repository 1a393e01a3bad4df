"""WebSockets of the client."""

from aiolos import (
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSCloseCode,
    WSMessage,
    WSMessageTypeError,
    WSMsgType,
)
from aiolos_client.timeouts import DEFAULT_WS_TIMEOUT as DEFAULT_WS_CLIENT_TIMEOUT  # noqa: F401

__all__ = [
    "ClientWSTimeout",
    "ClientWebSocketResponse",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTypeError",
    "WSMsgType",
]
