"""Application: routes, middlewares, signals, and what handlers share."""

import asyncio
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar, overload

from aiolos_protocol.message import RequestHead
from frozenlist import FrozenList

from . import options
from .abc import AbstractView
from .access_log import AbstractAccessLogger, AccessLogger
from .asgi.link import Message, Receive, Send
from .asgi.serving import AsgiServing
from .chain import Composer
from .contexts import Lifespan
from .keys import AppKey
from .lifecycle import Lifecycle
from .naming import listed
from .request import Request
from .response import StreamResponse
from .routing.definitions import AbstractRouteDef
from .routing.match import UrlMappingMatchInfo
from .routing.routes import AbstractRoute
from .routing.subapps import (
    Domain,
    MaskDomain,
    MatchedSubAppResource,
    PrefixedSubAppResource,
)
from .routing.table import UrlDispatcher, check_prefix
from .routing.verbs import VerbDecorators
from .runner import AppRunner
from .server import Server
from .signals import Signal
from .typedefs import AnyHandler, Middleware

_F = TypeVar("_F", bound=AnyHandler)
_T = TypeVar("_T")

app_logger = logging.getLogger("aiolos.web")


class Application(Lifecycle, VerbDecorators, MutableMapping[str | AppKey[Any], Any]):
    """A web application.

    A mapping for what handlers share: `app["db"] = pool` or, typed, `app[DB] = pool`. As
    decorators `@app.get("/")`, `@app.post("/")` and so on register with the router.

    `middlewares`: the first one is the outermost. `client_max_size` bounds bodies that a request
    joins, in bytes, and `client_max_fields` the fields of a form, 0 for no bound, None
    for that of Limits. `lifespan` takes the application and is an async generator
    function that yields once, or gives an async context manager: entered before on_startup, left
    after on_cleanup; a mapping that it yields is put into the application. `auto_compress` sends
    texts of 1 KiB or more in the coding that the client prefers. `client_max_cache_size`
    caps the connections that are kept idle, 0 or None for no cap: above it the one that has been
    idle the longest is closed. `handler_args` are further options of its runner, and outrank the
    runner's own. `debug` answers errors with a page for developers, which shows the traceback, the
    request (without credentials and the values of cookies) and all routes to everybody; and it logs
    which handler holds the loop for longer than the loop's `slow_callback_duration`, 0.1 s.
    `router` and `loop` are taken as aiohttp takes them.

    Once it is started, or is a sub-application, its routes cannot be changed: RuntimeError.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger = app_logger,
        router: UrlDispatcher | None = None,
        middlewares: Iterable[Middleware] = (),
        handler_args: Mapping[str, Any] | None = None,
        client_max_size: int = 1024**2,
        client_max_fields: int | None = None,
        lifespan: Lifespan["Application"] | None = None,
        auto_compress: bool = False,
        client_max_cache_size: int | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        debug: bool = False,
    ) -> None:
        options.size("client_max_size", client_max_size)
        options.amount("client_max_fields", client_max_fields)
        options.amount("client_max_cache_size", client_max_cache_size)
        Lifecycle.__init__(self, lifespan)
        self.logger = logger
        self.debug = debug
        self._router = UrlDispatcher() if router is None else router
        if not isinstance(middlewares, Iterable):
            raise TypeError(f"middlewares takes a list of functions, not {middlewares!r:.80}")
        self._middlewares: FrozenList[Middleware] = FrozenList(middlewares)
        self.serving_options = {
            "client_max_size": client_max_size or 0,
            "client_max_fields": client_max_fields,
            "auto_compress": auto_compress,
            "max_idle": client_max_cache_size,
            "debug": debug,
        }
        self.handler_args = dict(handler_args or {})
        self._asgi: AsgiServing | None = None
        self._state: dict[str | AppKey[Any], Any] = {}
        self._pre_frozen = False
        self._on_response_prepare: Signal[Request, StreamResponse] = Signal(
            self, "on_response_prepare"
        )
        self._on_request_start: Signal[Request] = Signal(self, "on_request_start")
        self._on_request_match: Signal[Request, UrlMappingMatchInfo] = Signal(
            self, "on_request_match"
        )
        self._on_exception: FrozenList[Callable[..., Any]] = FrozenList()
        # On the instance: a connection calls it for every request.
        self.resolve = self._router.find  # type: ignore[assignment, method-assign]

    @property
    def router(self) -> UrlDispatcher:
        """The router."""
        return self._router

    @property
    def middlewares(self) -> FrozenList[Middleware]:
        """The middlewares, outermost first."""
        return self._middlewares

    @property
    def on_response_prepare(self) -> Signal[Request, StreamResponse]:
        """Sent with (request, response) before a response's head."""
        return self._on_response_prepare

    @property
    def on_request_start(self) -> Signal[Request]:
        """Sent with the request, matched by a route or not, before the middlewares.

        What a receiver raises is the answer, as from a handler.
        """
        return self._on_request_start

    @property
    def on_request_match(self) -> Signal[Request, UrlMappingMatchInfo]:
        """Sent with (request, request.match_info) where a route matched, before middlewares."""
        return self._on_request_match

    @property
    def on_exception(self) -> FrozenList[Callable[..., Any]]:
        """Coroutine functions of (request) or (request, exc), for errors behind the middlewares.

        Called in order until one gives a response; None declines. That of a function of (request)
        counts only if its status is the HTTPException's, or is 500 or more for any other
        exception, which is logged as well. Redirections and successes never get here.
        """
        return self._on_exception

    @property
    def has_prepare_hooks(self) -> bool:
        """See AbstractApplication."""
        return bool(self._on_response_prepare) or any(
            each.has_prepare_hooks for each in self._subapps
        )

    @property
    def pre_frozen(self) -> bool:
        """True once its routes cannot be changed."""
        return self._pre_frozen

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop. RuntimeError where there is none."""
        return asyncio.get_running_loop()

    def resolve(self, head: RequestHead) -> UrlMappingMatchInfo:
        """See AbstractApplication."""
        return self._router.find(head)

    def listed(self) -> list[tuple[str, str, str]]:
        """See AbstractApplication."""
        return [
            (
                route.method,
                "" if route.resource is None else route.resource.canonical,
                str(getattr(route.handler, "__qualname__", route.handler)),
            )
            for route in self._router.routes()
        ]

    def runner(self, **options: Any) -> AppRunner:
        """An AppRunner of this application; see contracts.Servable."""
        return AppRunner(self, **options)

    def make_handler(
        self,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        access_log_class: type[AbstractAccessLogger] = AccessLogger,
        **options: Any,
    ) -> Server:
        """Freeze the application and make a protocol factory for it; runner() does more.

        Nobody starts and cleans up the application. `options` are runner()'s; needs a running
        loop, which `loop` cannot change.
        """
        self.freeze()
        return self.runner(access_log_class=access_log_class, **options).make_server()

    # Registering.

    def add_routes(
        self, routes: Iterable[AbstractRouteDef | type[AbstractView]]
    ) -> list[AbstractRoute]:
        """router.add_routes()."""
        return self._router.add_routes(routes)

    def route(self, method: str, path: str, **options: Any) -> Callable[[_F], _F]:
        """router.route()."""
        return self._router.route(method, path, **options)

    def add_subapp(self, prefix: str, subapp: "Application") -> PrefixedSubAppResource:
        """Let `subapp` answer every path below `prefix`, which it does not know of.

        It starts and ends with this application, at the place among the receivers that it has
        now, and cannot be changed from now on. ValueError for an empty prefix, RuntimeError where
        either application has been started, or `subapp` is a sub-application already or this one.
        """
        check_prefix(prefix)
        prefix = prefix.removesuffix("/")
        if not prefix:
            raise ValueError("a sub-application needs a prefix, such as /admin")
        self._check_joinable(subapp)
        resource = PrefixedSubAppResource(prefix, subapp)
        self._join(subapp, resource)
        return resource

    def add_domain(self, domain: str, subapp: "Application") -> MatchedSubAppResource:
        """Let `subapp` answer every request for a host, before all paths; see add_subapp().

        `domain` may have a port; an asterisk in it stands for any text. TypeError for what is no
        str, ValueError for what is no host name.
        """
        if not isinstance(domain, str):
            raise TypeError(f"a domain is a str, not {domain!r}")
        rule = MaskDomain(domain) if "*" in domain else Domain(domain)
        self._check_joinable(subapp)
        resource = MatchedSubAppResource(rule, subapp)
        self._join(subapp, resource)
        return resource

    def _check_joinable(self, subapp: Any) -> None:
        if not isinstance(subapp, Application):
            raise TypeError(f"a sub-application is an Application, not {subapp!r}")
        if self._pre_frozen:
            raise RuntimeError(
                "cannot add a sub-application: the application has been started, or is one itself"
            )
        if subapp is self:
            raise RuntimeError("an application cannot be a sub-application of itself")
        if subapp.pre_frozen:
            raise RuntimeError(
                "cannot add the sub-application: it has been started, or is one already"
            )

    def _join(self, subapp: "Application", resource: PrefixedSubAppResource) -> None:
        self._router.register_resource(resource)
        self.join(subapp)
        subapp.pre_freeze()

    # Freezing.

    def pre_freeze(self) -> None:
        """Take no more routes, middlewares and receivers; values may still be set."""
        if self._pre_frozen:
            return
        self._pre_frozen = True
        self._router.freeze()
        self.freeze_signals()
        for each in (
            self._middlewares,
            self._on_response_prepare,
            self._on_request_start,
            self._on_request_match,
            self._on_exception,
        ):
            each.freeze()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one scope as an ASGI 3 application; see aiolos_server.asgi."""
        if self._asgi is None:
            self._asgi = AsgiServing(
                self, self.logger, **{**self.serving_options, **self.handler_args}
            )
        await self._asgi(scope, receive, send)

    def freeze(self) -> None:
        """Take no further changes, and compose every handler with the middlewares.

        TypeError for a middleware that is none.
        """
        if not self._frozen:
            self.compose(None)

    def compose(self, outer: Composer | None) -> None:
        """freeze(), inside the layers of `outer`."""
        self.pre_freeze()
        self._frozen = True
        self.freeze_keyed()
        self._router.bind(Composer(self, outer))
        self.matches = self._router.matches

    # A mapping.

    @overload
    def __getitem__(self, key: AppKey[_T]) -> _T: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    def __getitem__(self, key: str | AppKey[Any]) -> Any:
        try:
            return self._state[key]
        except KeyError:
            raise KeyError(
                f"the application has no {key!r}, but {listed(self._state)}; what outer "
                "applications have, too, is in request.config_dict"
            ) from None

    def __contains__(self, key: object) -> bool:
        return key in self._state

    @overload
    def __setitem__(self, key: AppKey[_T], value: _T) -> None: ...
    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...
    def __setitem__(self, key: str | AppKey[Any], value: Any) -> None:
        self._check_open()
        self._state[key] = value

    def __delitem__(self, key: str | AppKey[Any]) -> None:
        self._check_open()
        del self._state[key]

    def get(  # type: ignore[override]  # Mapping.get(), too
        self, key: Any, default: Any = None, **options: Any
    ) -> Any:
        """The value of `key`. With a path instead, "/...": the decorator router.get()."""
        if isinstance(key, str) and key.startswith("/") and key not in self._state:
            return self._router.get(key, default, **options)
        return self._state.get(key, default)

    def _check_open(self) -> None:
        if self._frozen:
            warnings.warn(
                "changing a started application is deprecated: set its values before or in "
                "on_startup, or change an object that was set there",
                DeprecationWarning,
                stacklevel=3,
            )

    def __len__(self) -> int:
        return len(self._state)

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        return iter(self._state)

    def __bool__(self) -> bool:
        return True

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<Application 0x{id(self):x}>"
