"""Responses."""

from aiolos.web import (
    ContentCoding,
    Response,
    ResponseKey,
    StreamResponse,
    json_bytes_response,
    json_response,
)

__all__ = [
    "ContentCoding",
    "Response",
    "ResponseKey",
    "StreamResponse",
    "json_bytes_response",
    "json_response",
]
