"""A server as a process: signals, the start-up screen, errors in one line."""

import asyncio
import builtins
import contextlib
import inspect
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from errno import EADDRNOTAVAIL
from functools import partial
from ssl import SSLContext
from typing import Any, Final, Literal

from .abc import AbstractApplication
from .access_log import AbstractAccessLogger, AccessLogger
from .app import Application
from .hosting import is_asgi
from .hosting.scope import AsgiApplication
from .options import check_names, names_of, no_application
from .runner import (
    RUNNER_OPTIONS,
    STOP_SIGNALS,
    AppRunner,
    BaseRunner,
    BaseSite,
    GracefulExit,
    access_logger,
)
from .sites import Site, SockSite, TCPSite, UnixSite

# The names of the access loggers that run_app() may set up.
SHOWN = {access_logger.name}
# How long tasks that were cancelled may take to end when the process ends, in seconds.
LAST: Final = 2.0

# As asyncio's own Runner says it.
_FAILED: Final = "unhandled exception during asyncio.run() shutdown"

logger = logging.getLogger("aiolos.server")

HostSequence = Iterable[str]
Served = AbstractApplication | AsgiApplication


def run_app(
    app: Served | Awaitable[Served],
    *,
    host: str | HostSequence | None = None,
    port: int | None = None,
    path: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    sock: socket.socket | Iterable[socket.socket] | None = None,
    shutdown_timeout: float = 60.0,
    keepalive_timeout: float = 75.0,
    ssl_context: SSLContext | None = None,
    print: Callable[..., None] | Literal[False] | None = builtins.print,
    backlog: int = 128,
    access_log_class: type[AbstractAccessLogger] = AccessLogger,
    access_log_format: str = AccessLogger.LOG_FORMAT,
    access_log: logging.Logger | None = access_logger,
    handle_signals: bool = True,
    reuse_address: bool | None = None,
    reuse_port: bool | None = None,
    handler_cancellation: bool = False,
    loop: asyncio.AbstractEventLoop | None = None,
    **options: Any,
) -> None:
    """Serve `app` (or what awaiting it gives) until SIGINT or SIGTERM; then end it in order.

    It is an Application, or any ASGI 3 application.

    Listens at `host` and `port` (default: all interfaces, 8080, with TLS 8443), at the UNIX
    sockets `path` and on the bound sockets `sock`; several of each may be given. `print` None or
    False is silent. Times are seconds. `options` are Server's. GracefulExit or KeyboardInterrupt,
    raised anywhere in the loop, is as good as a signal. Raises OSError where an address cannot be
    had, TypeError or ValueError where it is none, and whatever the application's start-up raises.
    """
    _check_call(app)
    runner_options: dict[str, Any] = {
        **options,
        "shutdown_timeout": shutdown_timeout,
        "keepalive_timeout": keepalive_timeout,
        "access_log": access_log,
        "access_log_class": access_log_class,
        "access_log_format": access_log_format,
        "handler_cancellation": handler_cancellation,
    }

    sites = partial(
        made_sites,
        host=host,
        port=port,
        path=path,
        sock=sock,
        reuse={"reuse_address": reuse_address, "reuse_port": reuse_port},
        ssl_context=ssl_context,
        backlog=backlog,
    )
    say = _saying(print)
    main = _serve(app, sites, runner_options, say, handle_signals)
    factory = None if loop is None else (lambda: loop)
    runner = asyncio.Runner(loop_factory=factory)
    try:
        try:
            runner.run(main)
        except (GracefulExit, KeyboardInterrupt):
            _finish(runner.get_loop(), main)
    finally:
        _close(runner)


def made_sites(
    runner: BaseRunner,
    *,
    host: Any,
    port: int | None,
    path: Any,
    sock: Any,
    reuse: Mapping[str, Any],
    **where: Any,
) -> list[Site]:
    """The sites that run_app()'s parameters of these names stand for, not started; `reuse` is for
    TCP alone, `where` for all."""
    made: list[Site] = []
    if host is not None:
        made += [TCPSite(runner, each, port, **where, **reuse) for each in _several(host)]
    elif port is not None or (path is None and sock is None):
        made.append(TCPSite(runner, None, port, **where, **reuse))
    made += [UnixSite(runner, each, **where) for each in _several(path)]
    made += [SockSite(runner, each, **where) for each in _several(sock)]
    return made


def _check_call(app: Any) -> None:
    """Raise for the mistakes that would end in somebody else's words."""
    if not (
        isinstance(app, AbstractApplication)
        or is_asgi(app)
        or inspect.isawaitable(app)
        or hasattr(app, "runner")
    ) or isinstance(app, type):
        raise no_application("run_app()", app)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    if inspect.iscoroutine(app):
        app.close()
    raise RuntimeError(
        "run_app() runs a loop of its own; where one is running already, serve by "
        "web.AppRunner(app), its setup(), and web.TCPSite(runner, host, port).start()"
    )


def _finish(loop: asyncio.AbstractEventLoop, main: Any) -> None:
    """End the task of `main` in order: a GracefulExit has gone past it."""
    told = loop.get_exception_handler() or type(loop).default_exception_handler

    def tell(loop: Any, context: dict[str, Any]) -> None:
        # The task that raised it has nobody to retrieve it.
        if not isinstance(context.get("exception"), GracefulExit):
            told(loop, context)

    loop.set_exception_handler(tell)
    for task in asyncio.all_tasks(loop):
        if task.get_coro() is main:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt, GracefulExit):
                loop.run_until_complete(task)


def _close(runner: asyncio.Runner) -> None:
    """As Runner.close(), which would wait for ever for a task that ignores its cancellation."""
    loop = runner.get_loop()
    stubborn = loop.run_until_complete(_end_tasks())
    if not stubborn:
        runner.close()
        return
    for task in stubborn:
        logger.error("%r goes on although it was cancelled; it is left behind", task)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _end_tasks() -> "set[asyncio.Task[Any]]":
    """Cancel whatever still runs; what has not ended LAST seconds later."""
    tasks = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if not tasks:
        return set()
    done, pending = await asyncio.wait(tasks, timeout=LAST)
    for task in done:
        if not task.cancelled() and task.exception() is not None:
            context = {"message": _FAILED, "exception": task.exception(), "task": task}
            asyncio.get_running_loop().call_exception_handler(context)
    return pending


async def _serve(
    app: Served | Awaitable[Served],
    sites: Callable[[AppRunner], list[Site]],
    options: dict[str, Any],
    say: Callable[[str], None],
    handle_signals: bool,
) -> None:
    _show_access_log(options["access_log"])
    ending = _Ending(say)
    with ending if handle_signals else contextlib.nullcontext():
        application = await app if inspect.isawaitable(app) else app
        make_runner = None if is_asgi(application) else getattr(application, "runner", None)
        if make_runner is None or getattr(type(application), "runner", None) is Application.runner:
            check_names("run_app()", options, names_of(run_app) | RUNNER_OPTIONS)
        runner = make_runner(**options) if make_runner else AppRunner(application, **options)
        await runner.setup()
        try:
            await _listen(sites, runner)
            # As programs look for them, that of a UNIX socket with its colon.
            addresses = ", ".join(site.name for site in runner.sites)
            say(f"aiolos serves {addresses} (Ctrl-C to stop)")
            await ending.wait(runner)
        finally:
            await runner.cleanup()


async def _listen(sites: Callable[[AppRunner], list[Site]], runner: AppRunner) -> None:
    """Start all sites; CannotListen where an address is taken, TypeError or ValueError where it is
    none."""
    for site in sites(runner):
        try:
            await site.start()
        except OSError as error:
            raise _cannot_listen(site, error) from None


class CannotListen(OSError):
    """An address cannot be had: `strerror` is the whole line that says which, and why."""


def _cannot_listen(site: BaseSite, error: OSError) -> CannotListen:
    number, reason = error.errno, error.strerror or str(error)
    if number is None and "could not bind on any address" in str(error):
        # asyncio since 3.13 passes over addresses that are not this machine's, without their errno.
        number = EADDRNOTAVAIL
    if number and number > 0:
        reason = os.strerror(number)
    # The name of a UNIX socket ends in a colon, in aiohttp's words; a sentence goes on.
    return CannotListen(number, f"cannot listen at {site.name.removesuffix(':')}: {reason}")


class _Ending(contextlib.AbstractContextManager[None]):
    """What SIGINT and SIGTERM do inside the block.

    The first one ends the start-up, or the wait(), after which requests are finished; the second
    one cuts what is waited for; from the third one on they do what they usually do.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        self._stopping = asyncio.Event()
        self._runner: AppRunner | None = None
        self._signals = 0

    def __enter__(self) -> None:
        for number in STOP_SIGNALS:
            # Windows' loops have none: there KeyboardInterrupt ends the run.
            with contextlib.suppress(NotImplementedError):
                self._loop.add_signal_handler(number, self._signalled)

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> bool:
        self._let_go()
        # The start-up was ended by a signal, in order.
        return kind is asyncio.CancelledError and self._signals > 0

    async def wait(self, runner: AppRunner) -> None:
        """Until the first signal; then say what `runner` waits for."""
        self._runner = runner
        await self._stopping.wait()
        server = runner.server
        if server is None:
            return
        arriving = server.arriving
        requests = server.running + arriving
        part = f", {arriving} of them still arriving" if arriving else ""
        if requests:
            self._say(
                f"stopping; waiting up to {runner.shutdown_timeout:g} s for {requests} "
                f"request{'s'[: requests != 1]}{part} (Ctrl-C again to cut)"
            )

    def _signalled(self) -> None:
        self._signals += 1
        if self._signals > 1:
            self._let_go()
            if self._runner is not None:
                self._runner.cut()
        elif self._runner is not None:
            self._stopping.set()
        elif self._main is not None:
            self._main.cancel()

    def _let_go(self) -> None:
        for number in STOP_SIGNALS:
            with contextlib.suppress(NotImplementedError):
                self._loop.remove_signal_handler(number)


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, (str, bytes, os.PathLike)) or not isinstance(value, Iterable):
        return [value]
    return list(value)


def _show_access_log(access_log: logging.Logger | None) -> None:
    """Where nobody has set up logging, and the loop is in debug mode, lines go to stderr; a logger
    of the user's own is left as it is."""
    if not access_log or not asyncio.get_running_loop().get_debug():
        return
    if access_log.name in SHOWN:
        if access_log.level == logging.NOTSET:
            access_log.setLevel(logging.DEBUG)
        if not access_log.hasHandlers():
            access_log.addHandler(logging.StreamHandler())


def _saying(show: Callable[..., None] | Literal[False] | None) -> Callable[[str], None]:
    """What says one line; only the built-in print() is known to take `flush`."""
    if not show:
        return _silent
    return partial(show, flush=True) if show is builtins.print else show


def _silent(text: str) -> None:
    pass
