"""Digest authentication for the client."""

from aiolos import (
    DigestAuthMiddleware,
)

from ._absent import absent

__all__ = [
    "DigestAuthMiddleware",
]

absent(__name__)
