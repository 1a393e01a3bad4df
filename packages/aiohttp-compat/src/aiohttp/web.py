"""The server's names: `from aiohttp import web`."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from inspect import isawaitable
from ssl import SSLContext
from typing import Any

from aiolos_server import web
from aiolos_server.cli import main as serve_named
from aiolos_server.run import SHOWN, made_sites
from aiolos_server.web import *  # noqa: F403  # all of its names, as its own __all__ lists them

from . import _attrs
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
_attrs.tell(web.FileField, web.RouteDef, web.StaticDef)


@like(web.run_app)  # type: ignore[no-redef]
def run_app(
    app: Any,
    *,
    access_log: logging.Logger | None = access_logger,
    access_log_class: type[web.AbstractAccessLogger] = AccessLogger,
    **options: Any,
) -> None:
    """See run_app() of aiolos; the access log is the logger aiohttp.access."""
    web.run_app(app, access_log=access_log, access_log_class=access_log_class, **options)


async def _run_app(
    app: Any,
    *,
    host: Any = None,
    port: int | None = None,
    path: Any = None,
    sock: Any = None,
    ssl_context: SSLContext | None = None,
    print: Callable[..., object] | None = print,
    backlog: int = 128,
    reuse_address: bool | None = None,
    reuse_port: bool | None = None,
    **options: Any,
) -> None:
    """Serve `app` in the running loop until it is cancelled: run_app() beside other tasks."""
    options.setdefault("access_log", access_logger)
    application = await app if isawaitable(app) else app
    runner = AppRunner(application, **options)
    await runner.setup()
    sites = made_sites(
        runner,
        host=host,
        port=port,
        path=path,
        sock=sock,
        reuse={"reuse_address": reuse_address, "reuse_port": reuse_port},
        ssl_context=ssl_context,
        backlog=backlog,
    )
    try:
        for site in sites:
            await site.start()
        if print:
            names = sorted(site.name for site in runner.sites)
            print(f"======== Running on {', '.join(names)} ========\n(Press CTRL+C to quit)")
        await asyncio.get_running_loop().create_future()
    finally:
        await runner.cleanup()


def _cancel_tasks(
    to_cancel: Iterable["asyncio.Task[Any]"], loop: asyncio.AbstractEventLoop
) -> None:
    """Cancel them and run `loop` until they are done; their errors go to its exception handler."""
    tasks = list(to_cancel)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            told = {"message": "a task failed while the loop was shut down"}
            loop.call_exception_handler({**told, "exception": error, "task": task})


def main(argv: Sequence[str] | None = None) -> None:
    """Serve what the command line names; see `python -m aiohttp.web --help`."""
    serve_named(argv, prog="python -m aiohttp.web")


if __name__ == "__main__":
    main()
