"""The server's names: `from aiohttp import web`."""

import logging
from typing import Any

from aiolos import web
from aiolos.web import *  # noqa: F403  # all of its names, as its own __all__ lists them

from .log import access_logger
from .web_app import Application as Application
from .web_runner import AppRunner as AppRunner

__all__ = web.__all__


def run_app(app: Any, *, access_log: logging.Logger | None = access_logger, **options: Any) -> None:
    """See run_app() of aiolos; the access log is the logger aiohttp.access."""
    web.run_app(app, access_log=access_log, **options)


if __name__ == "__main__":
    from aiolos_server.cli import main

    main(prog="python -m aiohttp.web")
