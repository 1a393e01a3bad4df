"""AbstractResource as the original has it: `resolve(request)` says who answers."""

from abc import ABCMeta, abstractmethod
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import aiolos.abc
import aiolos.web
from aiolos_protocol.message import RequestHead
from aiolos_server.errors import HTTPNotFound
from aiolos_server.request import Request
from aiolos_server.routing.match import MatchInfoError, UrlMappingMatchInfo
from aiolos_server.routing.routes import SystemRoute
from aiolos_server.unconnected import Unconnected

__all__ = ["AbstractMatchInfo", "AbstractResource"]


class AbstractMatchInfo(aiolos.abc.AbstractMatchInfo):
    """What answers one request, of one's own; those of aiolos count as one."""

    # One is made for each request.
    shared = False
    route: Any = None
    _wrap: Any = None
    _current_app: Any = None

    @property
    @abstractmethod
    def handler(self) -> Callable[[Request], Awaitable[Any]]:  # type: ignore[override]  # read alone
        """What answers."""

    @property
    @abstractmethod
    def expect_handler(self) -> Callable[[Request], Awaitable[Any]]:  # type: ignore[override]
        """Answers `Expect: 100-continue`."""

    @property
    @abstractmethod
    def http_exception(self) -> Any:  # type: ignore[override]
        """Why nobody answers, where nobody does."""

    @abstractmethod
    def get_info(self) -> dict[str, Any]:
        """What it says of itself."""

    @property
    @abstractmethod
    def apps(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The applications on the way to it, outermost first."""

    @abstractmethod
    def add_app(self, app: Any) -> None:
        """Another application further out."""

    @abstractmethod
    def freeze(self) -> None:
        """There are no more applications."""

    def own(self) -> Any:
        """See AbstractMatchInfo of aiolos."""
        return self

    @property
    def current_app(self) -> Any:
        """The application whose route it is; in an outer one's middlewares, that one."""
        return self.apps[-1] if self._current_app is None else self._current_app

    @current_app.setter
    def current_app(self, app: Any) -> None:
        self._current_app = app

    def begin(self, apps: tuple[Any, ...], wrap: Any) -> None:
        """Answer in the middlewares of `apps`, which `wrap` puts around a handler."""
        for app in reversed(apps):
            self.add_app(app)
        self.freeze()
        self._wrap = wrap

    @property
    def chain(self) -> Callable[[Any], Awaitable[Any]]:
        """The handler in its middlewares."""
        handler, wrap = self.handler, self._wrap
        return handler if wrap is None else wrap(handler)


AbstractMatchInfo.register(UrlMappingMatchInfo)


class _Resources(ABCMeta):
    """Every resource of aiolos counts as one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls.__mro__[1] is aiolos.web.AbstractResource:
            return aiolos.web.AbstractResource in subclass.__mro__
        return super().__subclasscheck__(subclass)


class AbstractResource(aiolos.web.AbstractResource, metaclass=_Resources):
    """A resource of one's own, asked for the paths below its `canonical` path, as far as that has
    no variables.

    `resolve(request)` must not wait for anything. The request has no body yet, and no connection.
    """

    _wrap: Any = None

    @abstractmethod
    async def resolve(self, request: Request) -> tuple[Any, Any]:
        """A match and all methods; or None, and the methods that there are instead."""

    def ways(self) -> list[tuple[list[str], bool]]:
        """See AbstractResource of aiolos."""
        path = self.canonical
        if "{" in path:
            path = path.partition("{")[0].rpartition("/")[0]
        return [(path.rstrip("/").split("/"), False)]

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Any:
        """See AbstractResource of aiolos."""
        nobody = MatchInfoError(None, SystemRoute(HTTPNotFound()))
        waiting = self.resolve(Request(head, Unconnected(head, b"", 0, None), nobody))
        found: tuple[Any, Collection[str]]
        try:
            waiting.send(None)
        except StopIteration as stop:
            found = stop.value
        else:
            waiting.close()
            raise RuntimeError(f"{type(self).__name__}.resolve() waits: the router cannot")
        match_info, _ = found
        if AbstractMatchInfo in type(match_info).__mro__:
            match_info.begin(() if self._wrap is None else self._wrap.apps, self._wrap)
            return found
        if match_info is not None and self._wrap is not None and not match_info.route.apps:
            # A route that was made for this request.
            match_info.route.bind(self._wrap)
            match_info.chain = match_info.route.chain
        return found

    def bind(self, wrap: Any) -> None:
        """See AbstractResource of aiolos."""
        self._wrap = wrap
        for route in self:
            route.bind(wrap)
