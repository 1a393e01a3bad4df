"""Application, with the private doors of the original."""

import asyncio
import logging
import warnings
from typing import Any, Final
from weakref import WeakSet

import aiolos.web
from aiolos.web import CleanupError, Request, Server, StreamResponse
from aiolos_protocol.message import RequestHead
from aiolos_server.chain import Composer

from . import web_runner
from ._absent import absent
from ._aliases import give_aliases
from ._private import deprecated, is_changed, like, remember, replaced
from ._requests import made_again
from ._resources import AbstractMatchInfo
from .log import server_logger, web_logger
from .web_urldispatcher import ROUTED, WAYS, Routed, UrlDispatcher

__all__ = ["Application", "CleanupError"]


class Application(aiolos.web.Application, metaclass=Routed):
    """An application.

    While `_handle`, `_make_request`, or the router's `resolve`, is overridden or replaced, every
    request goes through it; where none is, none pays for it.
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
        # Of matches that a router of somebody's own gives; made with the first one.
        self._layers: Composer | None = None
        if router is None:
            router = UrlDispatcher()
        if options.get("middlewares", ()) is None:
            options["middlewares"] = ()
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
        if isinstance(match_info, AbstractMatchInfo):
            self._enclose(match_info)
        request._match_info = match_info
        response: StreamResponse = await match_info.chain(request)
        return response

    def _enclose(self, match_info: Any) -> None:
        """Put the middlewares of all applications on the way, ours among them, around what a router
        of somebody's own has found."""
        if self in match_info.apps:
            match_info.freeze()
            return
        if self._layers is None:
            self._layers = Composer(self)
        if AbstractMatchInfo in type(match_info).__mro__:
            match_info.begin((self,), self._layers)
            return
        added, layers = match_info.added or (), self._layers
        match_info.added = (self, *added)
        for app in (*added, *match_info.route.apps):
            layers = Composer(app, layers)
        match_info.chain = layers(match_info.route._call)

    def compose(self, outer: Any) -> None:
        """See Application of aiolos."""
        super().compose(outer)
        if outer is not None:
            return
        ROUTED.add(self)
        self.open_ways()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if self not in ROUTED:
            return
        if name == "_router":
            # Another one while the application runs: its routes are given their middlewares.
            self.compose(None)
        elif name in WAYS:
            self.open_ways()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in WAYS and self in ROUTED:
            self.open_ways()

    def open_ways(self) -> None:
        """Ask the router's resolve() for each request from now on, where it or what else a request
        goes through is somebody's own; else as aiolos does."""
        is_later = is_changed(self, Application, "_handle", "_make_request") or is_changed(
            self._router, UrlDispatcher, "resolve"
        )
        own: Any = vars(self)
        own.pop("resolve", None)
        self.matches = self._router.matches
        if is_later:
            self.matches = {}
            own["resolve"] = self._resolve_later
        for server in self._servers:
            # Connections that are open have the very mapping, and the method.
            server.matches.clear()
            server.matches.update(self.matches)
            for connection in server.connections:
                connection._resolve = self.resolve

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

give_aliases()
remember(Application, "_handle", "_make_request")
remember(UrlDispatcher, "resolve")

absent(__name__)
