"""Files as responses, and the media types that their names stand for."""

from copy import deepcopy
from functools import lru_cache
from mimetypes import MimeTypes
from types import MappingProxyType
from typing import Any, Final

from aiolos.web import (
    FileResponse,
)
from aiolos_protocol.fields.content_type import OCTET_STREAM, media_types

from ._absent import absent

__all__ = [
    "FileResponse",
]

FALLBACK_CONTENT_TYPE: Final = OCTET_STREAM
ADDITIONAL_CONTENT_TYPES: Final = MappingProxyType(
    {
        "application/gzip": ".gz",
        "application/x-brotli": ".br",
        "application/x-bzip2": ".bz2",
        "application/x-compress": ".Z",
        "application/x-xz": ".xz",
    }
)


class _ContentTypes(MimeTypes):
    """The types that files are sent with; what add_type() adds counts from then on."""

    def __init__(self) -> None:
        # Its own would read the files of the system.
        known = media_types()
        self.encodings_map = {}
        self.suffix_map = dict(known.suffix_map)
        self.types_map = deepcopy(known.types_map)
        self.types_map_inv = deepcopy(known.types_map_inv)
        for kind, ending in ADDITIONAL_CONTENT_TYPES.items():
            # It is looked up by small letters.
            self.add_type(kind, ending.lower())

    def add_type(self, type: str, ext: str, strict: bool = True) -> None:
        """See mimetypes.MimeTypes."""
        super().add_type(type, ext, strict)
        _guess.cache_clear()


@lru_cache(1024)
def _guess(name: str) -> str:
    return CONTENT_TYPES.guess_type(name)[0] or FALLBACK_CONTENT_TYPE


CONTENT_TYPES: Final = _ContentTypes()
_file: Any = FileResponse
_file._guess = staticmethod(_guess)

absent(__name__)
