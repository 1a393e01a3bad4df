"""One connection of the server."""

from collections.abc import Awaitable, Callable

from aiolos.web import (
    BaseRequest,
    PayloadAccessError,
    RequestHandler,
    RequestPayloadError,
    StreamResponse,
)

from ._absent import absent

__all__ = [
    "PayloadAccessError",
    "RequestHandler",
    "RequestPayloadError",
]

_RequestHandler = Callable[[BaseRequest], Awaitable[StreamResponse]]

absent(__name__)
