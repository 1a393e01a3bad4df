"""The access log."""

from aiolos.web import (
    AbstractAccessLogger,
    AccessLogger,
)

__all__ = [
    "AbstractAccessLogger",
    "AccessLogger",
]
