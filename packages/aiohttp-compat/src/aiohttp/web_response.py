"""Responses."""

from typing import Final

from aiolos.web import (
    ContentCoding,
    Response,
    ResponseKey,
    StreamResponse,
    json_bytes_response,
    json_response,
)
from aiolos_server.core import REASONS
from multidict import CIMultiDict as CIMultiDict

REASON_PHRASES: Final = REASONS
CONTENT_CODINGS: Final = {coding.value: coding for coding in ContentCoding}

__all__ = [
    "ContentCoding",
    "Response",
    "ResponseKey",
    "StreamResponse",
    "json_bytes_response",
    "json_response",
]
