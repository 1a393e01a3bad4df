"""Middlewares of the server."""

from aiolos.web import (
    middleware,
    normalize_path_middleware,
)

__all__ = [
    "middleware",
    "normalize_path_middleware",
]
