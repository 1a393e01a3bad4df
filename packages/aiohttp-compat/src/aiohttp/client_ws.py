"""WebSockets of the client."""

from aiolos import (
    ClientWebSocketResponse,
    ClientWSTimeout,
)

__all__ = [
    "ClientWSTimeout",
    "ClientWebSocketResponse",
]
