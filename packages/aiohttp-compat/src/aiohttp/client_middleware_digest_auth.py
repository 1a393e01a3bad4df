"""Digest authentication for the client."""

from aiolos import (
    DigestAuthMiddleware,
)

__all__ = [
    "DigestAuthMiddleware",
]
