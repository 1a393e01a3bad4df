"""The import name aiohttp, served by aiolos.

Most names are the very objects of aiolos. Where the original has private doors that libraries and
their tests use, a thin subclass of the same name stands in (`client`, `client_reqrep`,
`connector`, `cookiejar`, `web_app`, `web_runner`): what is made by it is what aiolos makes, and the
door works.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from . import _alone

_alone.check()

# Not before the check, whose message is the clearer one. Each star is of a module that makes its
# names itself: checkers of types do not follow one through another.
import aiolos  # noqa: E402
import aiolos_client  # noqa: E402
from aiolos import ChainMapProxy, set_zlib_backend  # noqa: E402
from aiolos import multipart as _multipart  # noqa: E402
from aiolos import payload as _payload  # noqa: E402
from aiolos import streams as _streams  # noqa: E402
from aiolos.multipart import *  # noqa: E402, F403
from aiolos.payload import *  # noqa: E402, F403
from aiolos.streams import *  # noqa: E402, F403
from aiolos_aiohttp.standin import VERSION  # noqa: E402
from aiolos_client import *  # noqa: E402, F403
from aiolos_protocol import siblings  # noqa: E402

from . import _attrs, _missing, hdrs  # noqa: E402
from ._aliases import give_aliases  # noqa: E402
from .client import ClientSession, request  # noqa: E402
from .client_reqrep import (  # type: ignore[assignment]  # noqa: E402  # thin subclasses
    ClientRequest,
    ClientResponse,
)
from .connector import (  # noqa: E402
    BaseConnector,
    NamedPipeConnector,
    TCPConnector,
    UnixConnector,
)
from .cookiejar import CookieJar  # noqa: E402
from .payload_streamer import streamer  # noqa: E402
from .streams import FlowControlDataQueue  # noqa: E402

# Libraries go by it; behind the stars, which bring another.
__version__ = VERSION

__all__ = [
    "ChainMapProxy",
    "FlowControlDataQueue",
    "broadcast",
    "hdrs",
    "set_zlib_backend",
    "streamer",
]
__all__ += aiolos_client.__all__
__all__ += _multipart.__all__
__all__ += _payload.__all__
__all__ += _streams.__all__

if TYPE_CHECKING:
    from aiolos import broadcast

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
