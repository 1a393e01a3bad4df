"""The server's names, and `broadcast`: `from aiolos import web`."""

from importlib import import_module
from typing import TYPE_CHECKING

from aiolos_server import web
from aiolos_server.web import *  # noqa: F403  # all of its names, as its own __all__ lists them

if TYPE_CHECKING:
    from aiolos_websocket import broadcast

__all__ = ["broadcast"]
__all__ += web.__all__


def __getattr__(name: str) -> object:
    # Only where it is asked for: not every server needs WebSockets.
    if name != "broadcast":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = import_module("aiolos_websocket").broadcast
    return found


if __name__ == "__main__":
    from aiolos_server.cli import main

    main(prog="python -m aiolos.web")
