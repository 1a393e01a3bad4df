"""Multipart bodies (RFC 2046 5.1, RFC 7578), read and written as streams."""

from .boundary import MalformedMultipart
from .disposition import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    parse_content_disposition,
)
from .parser import Mark, MultipartParser
from .part import BodyPartReader
from .reader import MultipartReader, MultipartResponseWrapper
from .writer import BodyPartReaderPayload, MultipartWriter

__all__ = [
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BodyPartReader",
    "BodyPartReaderPayload",
    "MalformedMultipart",
    "Mark",
    "MultipartParser",
    "MultipartReader",
    "MultipartResponseWrapper",
    "MultipartWriter",
    "content_disposition_filename",
    "parse_content_disposition",
]
