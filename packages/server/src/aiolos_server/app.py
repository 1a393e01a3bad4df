"""Application: routes, middlewares, signals, and what handlers share."""

import logging
import warnings
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any, TypeVar, overload

from aiolos_protocol.message import RequestHead
from aiosignal import Signal
from frozenlist import FrozenList

from .abc import AbstractApplication
from .keys import AppKey
from .middlewares import check_middleware, wrapped
from .request import Request
from .response import StreamResponse
from .routing.definitions import AbstractRouteDef
from .routing.match import UrlMappingMatchInfo
from .routing.resources import AbstractRoute
from .routing.table import UrlDispatcher
from .runner import AppRunner
from .typedefs import Middleware

_T = TypeVar("_T")
_AppSignal = Signal["Application"]

app_logger = logging.getLogger("aiolos.web")


class Application(MutableMapping[str | AppKey[Any], Any], AbstractApplication):
    """A web application.

    A mapping for what handlers share: `app["db"] = pool` or, typed, `app[DB] = pool`.
    `middlewares`: the first one is the outermost. `client_max_size` bounds bodies that a request
    joins, in bytes, 0 for no bound. Once started its routes cannot be changed: RuntimeError.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger = app_logger,
        middlewares: Sequence[Middleware] = (),
        client_max_size: int = 1024**2,
    ) -> None:
        self.logger = logger
        self._router = UrlDispatcher()
        self._middlewares: FrozenList[Middleware] = FrozenList(middlewares)
        self._client_max_size = client_max_size
        self._state: dict[str | AppKey[Any], Any] = {}
        self._frozen = False
        self._on_response_prepare: Signal[Request, StreamResponse] = Signal(self)
        self._on_startup: _AppSignal = Signal(self)
        self._on_shutdown: _AppSignal = Signal(self)
        self._on_cleanup: _AppSignal = Signal(self)
        # On the instance: a connection calls it for every request.
        self.resolve: Callable[[RequestHead], UrlMappingMatchInfo] = self._router.resolve  # type: ignore[method-assign]

    @property
    def router(self) -> UrlDispatcher:
        """The router."""
        return self._router

    @property
    def middlewares(self) -> FrozenList[Middleware]:
        """The middlewares, outermost first."""
        return self._middlewares

    @property
    def on_response_prepare(self) -> "Signal[Request, StreamResponse]":
        """Sent with (request, response) before a response's head."""
        return self._on_response_prepare

    @property
    def on_startup(self) -> _AppSignal:
        """Sent with the application before the first request."""
        return self._on_startup

    @property
    def on_shutdown(self) -> _AppSignal:
        """Sent with the application when serving ends, before connections are closed."""
        return self._on_shutdown

    @property
    def on_cleanup(self) -> _AppSignal:
        """Sent with the application after the last request."""
        return self._on_cleanup

    @property
    def frozen(self) -> bool:
        """True once it has been started."""
        return self._frozen

    @property
    def has_prepare_hooks(self) -> bool:
        """See AbstractApplication."""
        return bool(self._on_response_prepare)

    def resolve(self, head: RequestHead) -> UrlMappingMatchInfo:
        """See AbstractApplication."""
        return self._router.resolve(head)

    def add_routes(self, routes: Iterable[AbstractRouteDef]) -> list[AbstractRoute]:
        """router.add_routes()."""
        return self._router.add_routes(routes)

    def runner(self, **options: Any) -> AppRunner:
        """An AppRunner of this application; see contracts.Servable."""
        options.setdefault("client_max_size", self._client_max_size)
        return AppRunner(self, **options)

    def freeze(self) -> None:
        """Take no further changes, and compose every handler with the middlewares."""
        if self._frozen:
            return
        for each in self._middlewares:
            check_middleware(each)
        self._frozen = True
        self._middlewares.freeze()
        self._router.freeze()
        self._router.bind((self,), self._wrapped)
        self.matches = self._router.matches
        for signal in (
            self._on_response_prepare,
            self._on_startup,
            self._on_shutdown,
            self._on_cleanup,
        ):
            signal.freeze()

    def _wrapped(self, handler: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        return wrapped(handler, self._middlewares)

    async def startup(self) -> None:
        """See AbstractApplication."""
        self._on_startup.freeze()
        await self._on_startup.send(self)

    async def shutdown(self) -> None:
        """See AbstractApplication."""
        await self._on_shutdown.send(self)

    async def cleanup(self) -> None:
        """See AbstractApplication."""
        # Behind a start-up that failed, what on_cleanup wants to end was never begun.
        if self._on_cleanup.frozen:
            await self._on_cleanup.send(self)

    # A mapping.

    @overload
    def __getitem__(self, key: AppKey[_T]) -> _T: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    def __getitem__(self, key: str | AppKey[Any]) -> Any:
        return self._state[key]

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
