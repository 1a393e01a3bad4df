"""Serves an ASGI 3 application to tests, over the protocol package alone."""

from .application import AsgiServable, is_asgi

__all__ = ["AsgiServable", "is_asgi"]
