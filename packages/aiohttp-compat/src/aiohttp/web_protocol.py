"""One connection of the server."""

from aiolos.web import (
    PayloadAccessError,
    RequestHandler,
    RequestPayloadError,
)

__all__ = [
    "PayloadAccessError",
    "RequestHandler",
    "RequestPayloadError",
]
