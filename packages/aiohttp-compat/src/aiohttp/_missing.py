"""Modules of the original that are not here: who imports one is told what there is instead."""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

_PUBLIC: Final = {
    "_http_parser": "aiohttp.http_parser; the parser itself is aiolos_protocol.http1.parser",
    "_http_writer": "aiohttp.http_writer",
    "_cookie_helpers": "aiohttp.CookieJar; fields are parsed by aiolos_protocol.cookies",
    "_websocket": "aiohttp.http_websocket, or ClientWebSocketResponse and web.WebSocketResponse",
    "_websocket.reader": "aiohttp.http_websocket",
    "_websocket.writer": "aiohttp.http_websocket",
}


class Missing(MetaPathFinder):
    """Comes last: a module of this package that nobody has found is not there."""

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """ModuleNotFoundError, an ImportError, with the nearest public name."""
        package, _, name = fullname.partition(".")
        if package != "aiohttp" or not name:
            return None
        near = _PUBLIC.get(name, "what the package aiohttp itself has, see docs/compatibility.md")
        raise ModuleNotFoundError(
            f"the private module {fullname} of the original is not in aiolos-aiohttp; the nearest "
            f"public name is {near}",
            name=fullname,
        )


def tell() -> None:
    """Tell it from now on; once."""
    if not any(isinstance(each, Missing) for each in sys.meta_path):
        sys.meta_path.append(Missing())
