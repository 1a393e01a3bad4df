"""Middlewares of the server."""

from aiolos.web import (
    middleware,
    normalize_path_middleware,
)

from ._absent import absent

__all__ = [
    "middleware",
    "normalize_path_middleware",
]

absent(__name__)
