"""The server's names: `from aiohttp import web`."""

import logging
from collections.abc import Sequence
from typing import Any

from aiolos import web
from aiolos.web import *  # noqa: F403  # all of its names, as its own __all__ lists them
from aiolos_server.cli import main as serve_named
from aiolos_server.run import SHOWN

from ._private import like
from ._resources import AbstractResource as AbstractResource
from .log import access_logger
from .web_app import Application as Application
from .web_log import AccessLogger as AccessLogger
from .web_runner import AppRunner as AppRunner
from .web_server import Server as Server
from .web_urldispatcher import UrlDispatcher as UrlDispatcher

__all__ = web.__all__

SHOWN.add(access_logger.name)


@like(web.run_app)
def run_app(
    app: Any,
    *,
    access_log: logging.Logger | None = access_logger,
    access_log_class: type[web.AbstractAccessLogger] = AccessLogger,
    **options: Any,
) -> None:
    """See run_app() of aiolos; the access log is the logger aiohttp.access."""
    web.run_app(app, access_log=access_log, access_log_class=access_log_class, **options)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve what the command line names; see `python -m aiohttp.web --help`."""
    serve_named(argv, prog="python -m aiohttp.web")


if __name__ == "__main__":
    main()
