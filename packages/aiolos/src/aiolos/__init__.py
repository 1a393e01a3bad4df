"""aiolos: asynchronous HTTP client and server for asyncio, with aiohttp's API.

The client's names stand here, the server's in `aiolos.web`, the testing tools in
`aiolos.test_utils`. Each is the very object of the part that makes it.
"""

from importlib import import_module

# First of all: it decides whether compiled modules or their sources are imported.
import aiolos_client
from aiolos_client import *  # noqa: F403  # all of its names, as its own __all__ lists them
from aiolos_protocol import siblings

from . import hdrs
from ._version import __version__

# By hand: a full install needs no scan of metadata, and frozen programs work.
siblings.provide("client", "aiolos_client.component")
siblings.provide("server", "aiolos_server.component")
siblings.provide("websocket", "aiolos_websocket.component")

__all__ = ["hdrs"]
__all__ += aiolos_client.__all__


def __getattr__(name: str) -> object:
    # Only where they are asked for: importing them needs Gunicorn.
    if name in ("GunicornUVLoopWebWorker", "GunicornWebWorker"):
        worker: object = getattr(import_module("aiolos.worker"), name)
        return worker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
