"""Modules of the original that are not here: who imports one is told what there is instead."""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

# The private modules of the original, whole; what is below one of them is told by it.
_PUBLIC: Final = {
    "_http_parser": "aiohttp.http_parser; the parser itself is aiolos_protocol.http1.parser",
    "_http_writer": "aiohttp.http_writer",
    "_cookie_helpers": "aiohttp.CookieJar; fields are parsed by aiolos_protocol.cookies",
    "_websocket": "aiohttp.http_websocket, or ClientWebSocketResponse and web.WebSocketResponse",
}


class PrivateModule(ModuleNotFoundError):
    """A private module of the original; the text holds the nearest public name.

    `name` is None: `from aiohttp import _http_parser` passes over an error that bears the name of
    the module, and would say that the name cannot be imported, and no more.
    """


class Missing(MetaPathFinder):
    """Comes last: a private module of the original that nobody has found is not there."""

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """PrivateModule for those of the original; None for a module that neither of us has."""
        package, _, name = fullname.partition(".")
        if package != "aiohttp" or name not in _PUBLIC:
            return None
        raise PrivateModule(
            f"the private module {fullname} of the original is not in aiolos-aiohttp; the nearest "
            f"public name is {_PUBLIC[name]}"
        )


def tell() -> None:
    """Tell it from now on; once."""
    if not any(isinstance(each, Missing) for each in sys.meta_path):
        sys.meta_path.append(Missing())
