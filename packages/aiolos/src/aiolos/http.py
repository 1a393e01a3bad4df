"""Versions, reason phrases, and the words of WebSockets."""

from http import HTTPStatus
from typing import Final

from aiolos_protocol.message import HttpVersion, HttpVersion10, HttpVersion11
from aiolos_protocol.websocket import CLOSED_MESSAGE as WS_CLOSED_MESSAGE
from aiolos_protocol.websocket import CLOSING_MESSAGE as WS_CLOSING_MESSAGE
from aiolos_protocol.websocket import (
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageTextBytes,
    WSMsgType,
)
from aiolos_server.server import SERVER_SOFTWARE

from .http_exceptions import HttpProcessingError

RESPONSES: Final = {status.value: (status.phrase, status.description) for status in HTTPStatus}
# What a handshake's answer is made of (RFC 6455 1.3).
WS_KEY: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

__all__ = [
    "RESPONSES",
    "SERVER_SOFTWARE",
    "WS_CLOSED_MESSAGE",
    "WS_CLOSING_MESSAGE",
    "WS_KEY",
    "HttpProcessingError",
    "HttpVersion",
    "HttpVersion10",
    "HttpVersion11",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTextBytes",
    "WSMsgType",
    "WebSocketError",
]
