"""The protocol factory."""

from aiolos.web import (
    Server,
)

__all__ = [
    "Server",
]
