"""Responses."""

from aiolos.web import (
    ContentCoding,
    Response,
    ResponseKey,
    StreamResponse,
    json_bytes_response,
    json_response,
)
from multidict import CIMultiDict as CIMultiDict

__all__ = [
    "ContentCoding",
    "Response",
    "ResponseKey",
    "StreamResponse",
    "json_bytes_response",
    "json_response",
]
