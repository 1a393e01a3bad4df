"""aiolos-protocol: the wire protocol, and what client and server share."""

from ._sources import prefer_sources
from ._version import __version__

prefer_sources()

__all__ = ["__version__"]
