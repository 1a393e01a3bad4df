"""The import name aiohttp, served by aiolos.

Most names are the very objects of aiolos. Where the original has private doors that libraries and
their tests use, a thin subclass of the same name stands in (`client`, `client_reqrep`,
`connector`, `cookiejar`, `web_app`, `web_runner`): what is made by it is what aiolos makes, and the
door works.
"""

from importlib import import_module

from . import _alone

_alone.check()

import aiolos  # noqa: E402  # not before the check, whose message is the clearer one
from aiolos import *  # noqa: E402, F403  # all of its names, as its own __all__ lists them
from aiolos_aiohttp.standin import VERSION as __version__  # noqa: E402, N811  # libraries go by it
from aiolos_protocol import siblings  # noqa: E402

from . import _attrs, _missing, hdrs  # type: ignore[no-redef]  # noqa: E402
from ._aliases import give_aliases  # noqa: E402
from .client import ClientSession, request  # noqa: E402
from .client_reqrep import ClientRequest, ClientResponse  # noqa: E402
from .connector import (  # noqa: E402
    BaseConnector,
    NamedPipeConnector,
    TCPConnector,
    UnixConnector,
)
from .cookiejar import CookieJar  # noqa: E402
from .payload_streamer import streamer  # noqa: E402
from .streams import FlowControlDataQueue  # noqa: E402

__all__ = [*aiolos.__all__, "FlowControlDataQueue", "streamer"]

give_aliases()
_missing.tell()
_attrs.tell(
    aiolos.ClientTimeout,
    aiolos.ClientWSTimeout,
    aiolos.ETag,
    *(getattr(aiolos, name) for name in aiolos.__all__ if name.endswith("Params")),
)
# The clients and servers of test_utils are made by the classes here.
siblings.provide("client", "aiohttp._component")
siblings.provide("server", "aiohttp._component")


def __getattr__(name: str) -> object:
    # Modules are there without an import of their own, as those of the original are.
    if not name.startswith("_"):
        try:
            return import_module(f"aiohttp.{name}")
        except ModuleNotFoundError:
            pass
    try:
        return aiolos.__getattr__(name)
    except AttributeError:
        # Of the module that the program has named.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name) from None
