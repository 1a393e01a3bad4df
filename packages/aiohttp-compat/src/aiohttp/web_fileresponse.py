"""Files as responses."""

from aiolos.web import (
    FileResponse,
)

__all__ = [
    "FileResponse",
]
