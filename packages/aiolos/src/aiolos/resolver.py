"""Names to addresses."""

from aiolos_client.resolver import (
    AsyncResolver,
    DefaultResolver,
    ThreadedResolver,
)

__all__ = [
    "AsyncResolver",
    "DefaultResolver",
    "ThreadedResolver",
]
