"""Multipart bodies (RFC 2046 5.1, RFC 7578), read and written as streams."""

from .boundary import MalformedMultipart
from .writer import MultipartWriter

__all__ = ["MalformedMultipart", "MultipartWriter"]
