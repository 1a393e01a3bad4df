"""Which library compresses."""

from aiolos import set_zlib_backend
from aiolos_protocol.compression.backends import zlib_backend

__all__ = ["ZLibBackend", "set_zlib_backend"]


class _Backend:
    """The library in use; `_zlib_backend` is what set_zlib_backend() takes back."""

    @property
    def _zlib_backend(self) -> object:
        return zlib_backend()

    @property
    def name(self) -> str:
        """The name of its module."""
        name: str = zlib_backend().__name__
        return name

    def __getattr__(self, name: str) -> object:
        return getattr(zlib_backend(), name)


ZLibBackend = _Backend()
ZLibBackendProtocol = object
