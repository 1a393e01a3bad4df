"""The server's names: `from aiolos import web`."""

from aiolos_server import web
from aiolos_server.web import *  # noqa: F403  # all of its names, as its own __all__ lists them

__all__ = web.__all__

if __name__ == "__main__":
    from aiolos_server.cli import main

    main(prog="python -m aiolos.web")
