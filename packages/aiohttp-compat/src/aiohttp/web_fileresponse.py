"""Files as responses."""

from aiolos.web import (
    FileResponse,
)

from ._absent import absent

__all__ = [
    "FileResponse",
]

absent(__name__)
