"""Application, with the private doors of the original."""

import asyncio
import logging
import warnings
from typing import Any, Final
from weakref import WeakSet

import aiolos.web
from aiolos.web import CleanupError, Request, Response, Server, StreamResponse
from aiolos_protocol.message import RequestHead
from aiolos_server.response import BaseResponse

from . import web_runner
from ._absent import absent
from ._aliases import give_aliases
from ._private import deprecated, differs, is_changed, like, remember, replaced
from ._requests import made_again
from .log import server_logger, web_logger
from .web_urldispatcher import ROUTED, UrlDispatcher

__all__ = ["Application", "CleanupError"]


class Application(aiolos.web.Application):
    """An application.

    Where `_handle`, `_make_request`, or the router's `resolve`, is overridden or replaced before
    the application is frozen, every request goes through it; where none is, none pays for it.
    """

    @like(aiolos.web.Application.__init__)
    def __init__(
        self, *, logger: logging.Logger = web_logger, router: Any = None, **options: Any
    ) -> None:
        for name in ("loop", "debug"):
            if options.get(name) not in (None, ...):
                deprecated(f"{name} argument is deprecated")
        if router is not None and not isinstance(router, UrlDispatcher):
            warnings.warn(
                f"a router is a UrlDispatcher, not {type(router).__name__}: register resources, or "
                "override resolve() in a subclass",
                DeprecationWarning,
                stacklevel=2,
            )
            router = _Resolving(router)
        self._servers: WeakSet[Server] = WeakSet()
        if router is None:
            router = UrlDispatcher()
        super().__init__(logger=logger, router=router, **options)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Between lies the metaclass.
        words = f"Inheritance class {cls.__name__} from web.Application is discouraged"
        deprecated(words, above=2)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop; deprecated."""
        deprecated("loop property is deprecated: call asyncio.get_running_loop()")
        return super().loop

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return super().loop

    @property
    def _client_max_size(self) -> int:
        size: int = self.serving_options["client_max_size"]
        return size

    def runner(self, **options: Any) -> Any:
        """An AppRunner, by the class that one of `aiohttp.web_runner`, `aiohttp.web` and
        `aiohttp.test_utils` has now, if not its own."""
        return replaced("AppRunner", _RUNNER, *_RUNNERS)(self, **options)

    def make_handler(self, **options: Any) -> Server:
        """See Application of aiolos; deprecated."""
        deprecated("Application.make_handler(...) is deprecated, use AppRunner API instead")
        self.freeze()
        return self._make_handler(**options)

    def _make_handler(
        self, *, loop: asyncio.AbstractEventLoop | None = None, **options: Any
    ) -> Server:
        # Not the application's own logger: this is what libraries and settings know the errors by.
        options.setdefault("logger", server_logger)
        server = aiolos.web.AppRunner(self, **options).make_server()
        if any(differs(kind, kind, name) for kind in _RESPONSES for name in _STEPS):
            # Each response goes through its steps then, and none is sent by one write.
            server.has_prepare_hooks = True
        self._servers.add(server)
        return server

    def _make_request(
        self,
        message: Any,
        payload: Any,
        protocol: Any,
        writer: Any,
        task: Any,
        _cls: Any = Request,
    ) -> Any:
        return _cls(message, payload, protocol, writer, task, self._loop)

    async def _handle(self, request: Request) -> StreamResponse:
        match_info = await self._router.resolve(request)
        request._match_info = match_info
        response: StreamResponse = await match_info.chain(request)
        return response

    def compose(self, outer: Any) -> None:
        """See Application of aiolos."""
        super().compose(outer)
        if outer is not None:
            return
        ROUTED.add(self)
        if is_changed(self, Application, "_handle", "_make_request") or is_changed(
            self._router, UrlDispatcher, "resolve"
        ):
            self.resolve_later()

    def resolve_later(self) -> None:
        """Ask the router's resolve() for each request; those of connections that are open by now
        where the route has no variables."""
        self.matches = {}
        self.resolve = self._resolve_later  # type: ignore[method-assign]
        for server in self._servers:
            for path, found in server.matches.items():
                server.matches[path] = {name: self._later(each) for name, each in found.items()}

    def _resolve_later(self, head: RequestHead) -> Any:
        """Who answers: `_handle`, which resolves once more."""
        return self._later(self._router.find(head))

    def _later(self, match_info: Any) -> Any:
        match_info = match_info.own()
        match_info.chain = self._handle_here
        return match_info

    async def _handle_here(self, request: Any) -> Any:
        if is_changed(self, Application, "_make_request"):
            request = made_again(request, self._make_request)
        return await self._handle(request)


class _Resolving(UrlDispatcher):
    """Stands for a router that has resolve(), and no more."""

    def __init__(self, router: Any) -> None:
        super().__init__()
        self._resolver = router

    async def resolve(self, request: Request) -> Any:
        """What that router finds."""
        return await self._resolver.resolve(request)


_RUNNER: Final = web_runner.AppRunner
# Where the original looks it up: run_app() in web, a TestServer in test_utils.
_RUNNERS: Final = ("aiohttp.web_runner", "aiohttp.web", "aiohttp.test_utils")

# What a patch may replace: it counts where it is there before the server is made.
_RESPONSES: Final = (BaseResponse, StreamResponse, Response)
_STEPS: Final = ("_start", "prepare")

give_aliases()
remember(Application, "_handle", "_make_request")
for _kind in _RESPONSES:
    remember(_kind, *_STEPS)
remember(UrlDispatcher, "resolve")

absent(__name__)
