"""aiolos-websocket: WebSockets (RFC 6455, RFC 7692), one engine for client and server."""

# First of all: it decides whether compiled modules or their sources are imported.
import aiolos_protocol

from ._version import __version__
from .broadcast import broadcast

__all__ = ["__version__", "broadcast"]

del aiolos_protocol
