"""Versions, reason phrases, the words of WebSockets, and what reads and writes by hand."""

from aiolos import http
from aiolos.http import *  # noqa: F403  # all of its names, as its own __all__ lists them

from . import http_parser
from .http_parser import *  # noqa: F403
from .http_websocket import (
    WebSocketReader,
    WebSocketWriter,
    WSMessageDecodeText,
    WSMessageNoDecodeText,
    ws_ext_gen,
    ws_ext_parse,
)
from .http_writer import StreamWriter

__all__ = [
    *http.__all__,
    *http_parser.__all__,
    "StreamWriter",
    "WSMessageDecodeText",
    "WSMessageNoDecodeText",
    "WebSocketReader",
    "WebSocketWriter",
    "ws_ext_gen",
    "ws_ext_parse",
]
