"""Modules of the original that are not here: who imports one is told what there is instead."""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final, NoReturn

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


class Missing(MetaPathFinder, Loader):
    """Comes last: a private module of the original that nobody has found is not there."""

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """One of what is not loaded, for those of the original, which asking for breaks nothing;
        None for a module that neither of us has."""
        package, _, name = fullname.partition(".")
        is_known = package == "aiohttp" and name in _PUBLIC
        return ModuleSpec(fullname, self) if is_known else None

    def create_module(self, spec: ModuleSpec) -> NoReturn:
        """PrivateModule."""
        raise PrivateModule(
            f"the private module {spec.name} of the original is not in aiolos-aiohttp; the "
            f"nearest public name is {_PUBLIC[spec.name.partition('.')[2]]}"
        )

    def exec_module(self, module: ModuleType) -> None:
        """Not reached: see create_module."""


def tell() -> None:
    """Tell it from now on; once."""
    if not any(isinstance(each, Missing) for each in sys.meta_path):
        sys.meta_path.append(Missing())
