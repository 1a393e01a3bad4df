"""aiolos-server: an asynchronous HTTP server; `from aiolos_server import web`."""

# First of all: it decides whether compiled modules or their sources are imported.
import aiolos_protocol

from ._version import __version__

__all__ = ["__version__"]

del aiolos_protocol
