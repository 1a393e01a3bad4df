"""aiolos: asynchronous HTTP client and server for asyncio, with aiohttp's API.

The client's names stand here, the server's in `aiolos.web`, the testing tools in
`aiolos.test_utils`. Each is the very object of the part that makes it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

# First of all: it decides whether compiled modules or their sources are imported.
import aiolos_client
from aiolos_client import *  # noqa: F403  # all of its names, as its own __all__ lists them
from aiolos_protocol import siblings
from aiolos_protocol.compression.backends import set_zlib_backend
from aiolos_protocol.fields.etag import ETag
from aiolos_server.keys import ChainMapProxy

from . import hdrs, multipart, payload, streams
from ._version import __version__
from .multipart import *  # noqa: F403
from .payload import *  # noqa: F403
from .streams import *  # noqa: F403

if TYPE_CHECKING:
    from aiolos_websocket import broadcast

# By hand: a full install needs no scan of metadata, and frozen programs work.
siblings.provide("client", "aiolos_client.component")
siblings.provide("server", "aiolos_server.component")
siblings.provide("websocket", "aiolos_websocket.component")

__all__ = ["ChainMapProxy", "broadcast", "hdrs", "set_zlib_backend"]
__all__ += aiolos_client.__all__
__all__ += [
    name
    for module in (multipart, payload, streams)
    for name in module.__all__
    if name not in __all__
]

# Only where they are asked for: not every program needs WebSockets, and the workers need Gunicorn.
_LATER = {
    "GunicornUVLoopWebWorker": "aiolos.worker",
    "GunicornWebWorker": "aiolos.worker",
    "broadcast": "aiolos_websocket",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_LATER[name]), name)
    return found
