"""Middlewares of the client."""

from aiolos import (
    ClientHandlerType,
    ClientMiddlewareType,
    build_client_middlewares,
)

__all__ = [
    "ClientHandlerType",
    "ClientMiddlewareType",
    "build_client_middlewares",
]
