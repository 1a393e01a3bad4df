"""Forms to send."""

from aiolos_protocol.forms import (
    FormData,
)

__all__ = [
    "FormData",
]
