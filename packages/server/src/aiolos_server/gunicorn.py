"""Workers for Gunicorn: `gunicorn module:app -k aiolos_server.gunicorn.GunicornWebWorker`.

What Gunicorn serves is an application, a coroutine function that makes one, or an AppRunner.
"""

import asyncio
import contextlib
import inspect
import logging
import os
import re
import signal
import ssl
import sys
from typing import TYPE_CHECKING, Any, Final

from .abc import AbstractApplication
from .access_log import AbstractAccessLogger, AccessLogger
from .hosting import is_asgi
from .naming import named
from .request import BaseRequest
from .response import StreamResponse
from .runner import AppRunner, BaseRunner
from .sites import SockSite

if TYPE_CHECKING:
    _Worker = Any
else:
    try:
        from gunicorn.workers.base import Worker as _Worker
    except ImportError as error:
        raise ImportError(
            "Gunicorn's workers need the distribution 'gunicorn', which is not installed; "
            "run: pip install gunicorn",
            name="gunicorn",
        ) from error

# Gunicorn's own format, which is what a worker is given where nobody has chosen one.
_DEFAULT_FORMAT: Final = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
_GUNICORN_ATOM: Final = re.compile(r"%\([^)]+\)s")
# How often the arbiter hears from the worker, in seconds.
_HEARTBEAT: Final = 1.0
# The part of Gunicorn's graceful time-out that requests have; the rest is for on_cleanup.
_GRACE: Final = 0.95
# gunicorn.arbiter.Arbiter.WORKER_BOOT_ERROR
_BOOT_ERROR: Final = 3


class GunicornWebWorker(_Worker):  # type: ignore[misc]  # Gunicorn has no types
    """A worker on asyncio's own loop."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.exit_code = 0
        self._stopping: asyncio.Event | None = None
        self._served = 0

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """A new loop."""
        return asyncio.new_event_loop()

    def run(self) -> None:
        """Serve until told to stop; ends the process (gunicorn.workers.base.Worker)."""
        with asyncio.Runner(loop_factory=self.make_loop) as runner:
            try:
                runner.run(self._run())
            except Exception:
                self.log.exception("Exception in gunicorn worker")
                # What failed before it served would fail again: that ends the arbiter, too.
                self.exit_code = 1 if self._stopping is not None else _BOOT_ERROR
        sys.exit(self.exit_code)

    async def _run(self) -> None:
        runner = await self._make_runner()
        await runner.setup()
        self._stopping = asyncio.Event()
        self._handle_signals()
        try:
            context = self._ssl_context() if self.cfg.is_ssl else None
            for sock in self.sockets:
                await SockSite(runner, sock.sock, ssl_context=context).start()
            await self._wait()
        finally:
            await runner.cleanup()

    async def _wait(self) -> None:
        """Until a signal, the arbiter's end, or max_requests."""
        assert self._stopping is not None
        while self.alive and not self._stopping.is_set():
            self.notify()
            if os.getppid() != self.ppid:
                self.log.info("Parent changed, shutting down: %s", self)
                return
            if self.max_requests and self._served >= self.max_requests:
                self.log.info("Max requests, shutting down: %s", self)
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _HEARTBEAT)

    async def _make_runner(self) -> BaseRunner:
        served = self.wsgi
        if inspect.iscoroutinefunction(served) and not is_asgi(served) and _takes_nothing(served):
            served = await served()
        if isinstance(served, AppRunner):
            return served
        if not isinstance(served, AbstractApplication) and not is_asgi(served):
            given = named(served) if callable(served) else f"{served!r:.80}"
            if inspect.isfunction(served) and _takes_nothing(served):
                given += f"; if it makes one, write module:{served.__name__}()"
            raise RuntimeError(
                "gunicorn serves a web.Application, an ASGI callable, a coroutine function of no "
                f"argument that makes one, or a web.AppRunner; it was given {given}"
            )
        return AppRunner(
            served,
            shutdown_timeout=self.cfg.graceful_timeout * _GRACE,
            keepalive_timeout=self.cfg.keepalive,
            **self._access_options(),
        )

    def _access_options(self) -> dict[str, Any]:
        """How lines are written, and requests counted where that has a bound."""
        log_format = access_format(self.cfg.access_log_format)
        logger = self.log.access_log if self.cfg.accesslog else None
        if not self.max_requests:
            return {"access_log": logger, "access_log_format": log_format}
        worker = self

        class Counter(AbstractAccessLogger):
            def __init__(self, logger: logging.Logger, log_format: str) -> None:
                super().__init__(logger, log_format)
                self._lines = AccessLogger(logger, log_format) if worker.cfg.accesslog else None

            def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
                worker._served += 1
                if self._lines is not None and self._lines.enabled:
                    self._lines.log(request, response, time)

        return {
            "access_log": self.log.access_log,
            "access_log_class": Counter,
            "access_log_format": log_format,
        }

    # Signals: the arbiter's, as in Gunicorn's own workers.

    def init_signals(self) -> None:
        """Before there is a loop: what the arbiter's process had does not concern us."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, self.handle_exit)
        signal.signal(signal.SIGINT, self.handle_quit)
        signal.signal(signal.SIGQUIT, self.handle_quit)
        signal.signal(signal.SIGABRT, self.handle_abort)
        signal.siginterrupt(signal.SIGTERM, False)
        signal.siginterrupt(signal.SIGUSR1, False)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        loop.add_signal_handler(signal.SIGINT, self._stop)
        loop.add_signal_handler(signal.SIGQUIT, self._stop)
        loop.add_signal_handler(signal.SIGUSR1, self.log.reopen_files)
        loop.add_signal_handler(signal.SIGWINCH, lambda: None)

    def _stop(self) -> None:
        self.alive = False
        if self._stopping is not None:
            self._stopping.set()
            with contextlib.suppress(Exception):
                self.cfg.worker_int(self)

    def _ssl_context(self) -> ssl.SSLContext:
        """The TLS context that Gunicorn's settings describe."""

        def default() -> ssl.SSLContext:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.cfg.ca_certs)
            context.load_cert_chain(self.cfg.certfile, self.cfg.keyfile)
            context.verify_mode = self.cfg.cert_reqs
            if self.cfg.ciphers:
                context.set_ciphers(self.cfg.ciphers)
            return context

        context: ssl.SSLContext = self.cfg.ssl_context(self.cfg, default)
        return context


class GunicornUVLoopWebWorker(GunicornWebWorker):
    """A worker on uvloop, which must be installed."""

    def make_loop(self) -> asyncio.AbstractEventLoop:
        """A new loop of uvloop."""
        try:
            import uvloop
        except ImportError as error:
            raise ImportError(
                "GunicornUVLoopWebWorker needs the distribution 'uvloop', which is not installed; "
                "run: pip install uvloop",
                name="uvloop",
            ) from error
        return uvloop.new_event_loop()


def _takes_nothing(function: Any) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return False
    return True


def access_format(log_format: str) -> str:
    """`--access-logformat` as our atoms; ours where Gunicorn's own default was left.

    Raises ValueError for another format of Gunicorn's atoms.
    """
    if log_format == _DEFAULT_FORMAT:
        return AccessLogger.LOG_FORMAT
    if _GUNICORN_ATOM.search(log_format):
        raise ValueError(
            f"--access-logformat {log_format!r} is of Gunicorn's own atoms, like %(h)s; these "
            f"workers write it of others, like {AccessLogger.LOG_FORMAT!r}"
        )
    return log_format
