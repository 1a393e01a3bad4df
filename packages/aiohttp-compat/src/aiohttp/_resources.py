"""Resources and rules as the original has them: `resolve(request)` says who answers, and
`match(request)` whether a sub-application does; both may wait for something."""

from abc import ABCMeta, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final

import aiolos.abc
import aiolos.web
from aiolos_protocol.message import RequestHead
from aiolos_server.errors import HTTPNotFound
from aiolos_server.parsed import method_of
from aiolos_server.request import Request
from aiolos_server.routing import subapps
from aiolos_server.routing.match import UrlMappingMatchInfo
from aiolos_server.routing.resources import Resource
from aiolos_server.routing.routes import ANY, SystemRoute
from aiolos_server.routing.spelling import decoded

__all__ = [
    "AbstractMatchInfo",
    "AbstractResource",
    "AbstractRuleMatching",
    "MatchedSubAppResource",
]


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


class Pending(UrlMappingMatchInfo):
    """Who answers says a resource, or a rule, of somebody's own, which may wait for something: it
    is asked where the handler is called."""

    def __init__(self, asked: Any) -> None:
        route = SystemRoute(HTTPNotFound(), asked.apps)
        route.expect_handler = self._expect
        super().__init__(None, route)
        self._asked = asked
        self._found: Any = None
        self.chain = self._answer

    def own(self) -> "Pending":
        """See UrlMappingMatchInfo."""
        return self

    async def _expect(self, request: Any) -> Any:
        """What stands before the handler where the client waits for permission to send its body."""
        return await (await self._settled(request)).expect_handler(request)

    async def _answer(self, request: Any) -> Any:
        return await (await self._settled(request)).chain(request)

    async def _settled(self, request: Any) -> Any:
        if self._found is None:
            self._found = await self.settle(request, self._asked.apps[0].router.find)
            request._match_info = self._found
        return self._found

    async def settle(self, request: Any, find: Callable[[RequestHead], Any]) -> Any:
        """Who answers; `find` looks through the routes again behind each that says that it does
        not."""
        known: dict[Any, Any] = {}
        found: Any = self
        while isinstance(found, Pending):
            answered = await found._asked.ask(request, known)
            if answered is not None:
                return answered
            token = _KNOWN.set(known)
            try:
                found = find(request.head)
            finally:
                _KNOWN.reset(token)
        return found


# What those have said that were asked for the request that is looked up.
_KNOWN: Final[ContextVar[Mapping[Any, Any]]] = ContextVar("_KNOWN", default=MappingProxyType({}))


def _way_of(resource: Any) -> tuple[list[str], bool]:
    """Where the router's tree has what is asked: all below the part without variables."""
    path: str = resource.canonical
    if "{" in path:
        path = path.partition("{")[0].rpartition("/")[0]
    return path.rstrip("/").split("/"), False


def _found(asked: Any) -> Any:
    """What is found of `asked`: it is to be asked, or what it has said."""
    known = _KNOWN.get()
    return (None, known[asked]) if asked in known else (Pending(asked), ())


def _answered(asked: Any, wrap: Any, match_info: Any, methods: Any, known: dict[Any, Any]) -> Any:
    """What a resolve() has given, in the middlewares of `wrap`; None, and `known` says which
    methods `asked` has instead."""
    if match_info is None:
        known[asked] = methods or ()
    elif AbstractMatchInfo in type(match_info).__mro__:
        match_info.begin(asked.apps, wrap)
    elif wrap is not None and not match_info.route.apps:
        # A route that was made for this request.
        match_info.route.bind(wrap)
        match_info.chain = match_info.route.chain
    return match_info


class AbstractResource(aiolos.web.AbstractResource, metaclass=_Resources):
    """A resource of one's own, asked for the paths below its `canonical` path, as far as that has
    no variables; see resolve()."""

    _wrap: Any = None

    @abstractmethod
    async def resolve(self, request: Request) -> tuple[Any, Any]:
        """A match and all methods; or None, and the methods that there are instead."""

    @property
    def apps(self) -> tuple[Any, ...]:
        """The applications on the way to it, outermost first; none before they are frozen."""
        return () if self._wrap is None else self._wrap.apps

    def ways(self) -> list[tuple[list[str], bool]]:
        """See AbstractResource of aiolos."""
        return [_way_of(self)]

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Any:
        """See AbstractResource of aiolos."""
        return _found(self)

    async def ask(self, request: Request, known: dict[Any, Any]) -> Any:
        """Who answers, by resolve(); None, and `known` says which methods there are instead."""
        match_info, methods = await self.resolve(request)
        return _answered(self, self._wrap, match_info, methods, known)

    def bind(self, wrap: Any) -> None:
        """See AbstractResource of aiolos."""
        self._wrap = wrap
        for route in self:
            route.bind(wrap)


class Overridden:
    """Stands in the router's tree for a resource whose resolve() or _match() is somebody's
    own."""

    def __init__(self, resource: Any, router: Any) -> None:
        self._resource = resource
        self._router = router
        self.order = resource.order

    @property
    def apps(self) -> tuple[Any, ...]:
        """As of an AbstractResource."""
        wrap = self._router._wrap
        return () if wrap is None else wrap.apps

    def way(self) -> tuple[list[str], bool]:
        """Where the tree has it."""
        return _way_of(self._resource)

    def contests(self, path: str, segments: list[str]) -> bool:
        """It says so only when it is asked."""
        return True

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Any:
        """As of an AbstractResource."""
        return _found(self)

    async def ask(self, request: Request, known: dict[Any, Any]) -> Any:
        """As of an AbstractResource."""
        match_info, methods = await self._resource.resolve(request)
        if isinstance(match_info, Pending):
            # A sub-application's: what is asked there is looked up there again.
            match_info = await match_info.settle(request, self._resource._app.router.find)
        return _answered(self, self._router._wrap, match_info, methods, known)


def match_of(resource: Any, path: str) -> Any:
    """The `_match()` of resources of aiolos: the variables of `path`, or None."""
    path = decoded(path)
    pattern = resource.get_info().get("pattern")
    if pattern is not None and pattern.fullmatch(path) is None:
        return None
    return resource.match(path, path.split("/"))


async def resolve_by_match(self: Any, request: Request) -> Any:
    """The `resolve()` of resources of aiolos: by their _match() where it is somebody's own."""
    if not _has_own(self, "_match", match_of):
        return await aiolos.web.AbstractResource.resolve(self, request)
    values = self._match(request.rel_url.path_safe)
    if values is None:
        return None, set()
    routes = self.by_method
    route = routes.get(method_of(request.head)) or routes.get(ANY)
    return None if route is None else UrlMappingMatchInfo(dict(values), route), set(routes)


def is_overridden(resource: Any) -> bool:
    """Whether a resource of aiolos has a resolve() or _match() of somebody's own."""
    if AbstractResource in type(resource).__mro__:
        return False
    if not isinstance(resource, Resource):
        return _has_own(resource, "resolve", aiolos.web.AbstractResource.resolve)
    return _has_own(resource, "resolve", resolve_by_match) or _has_own(resource, "_match", match_of)


def _has_own(resource: Any, name: str, ours: Any) -> bool:
    return getattr(getattr(resource, name), "__func__", None) is not ours


class _Rules(ABCMeta):
    """Every rule of aiolos counts as one, and so does every resource by a rule."""

    def __instancecheck__(cls, instance: object) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        base = cls.__mro__[1]
        return (type(base) is not _Rules and base in subclass.__mro__) or super().__subclasscheck__(
            subclass
        )


class AbstractRuleMatching(subapps.AbstractRuleMatching, metaclass=_Rules):
    """Which requests are an application's, by a match() of one's own; a MatchedSubAppResource asks
    it."""

    @abstractmethod
    async def match(self, request: Request) -> bool:
        """Whether `request` is one."""

    def fits(self, head: RequestHead) -> bool:
        """See AbstractRuleMatching of aiolos: it may be."""
        return True


async def match_by_head(rule: Any, request: Request) -> bool:
    """What the rules of aiolos have as match()."""
    fits: bool = rule.fits(request.head)
    return fits


class MatchedSubAppResource(subapps.MatchedSubAppResource, metaclass=_Rules):
    """All requests that a rule matches, which an application of their own answers."""

    @property
    def apps(self) -> tuple[Any, ...]:
        """The applications outside of its own, outermost first."""
        return self._outer

    _outer: tuple[Any, ...] = ()

    def bind(self, wrap: Any) -> None:
        """See AbstractResource of aiolos."""
        self._outer = wrap.apps
        super().bind(wrap)

    def fits(self, head: RequestHead) -> bool:
        """See MatchedSubAppResource of aiolos."""
        if self._has_own_match():
            return bool(_KNOWN.get().get(self, True))
        return super().fits(head)

    def found(self, head: RequestHead) -> Any:
        """See MatchedSubAppResource of aiolos."""
        if self._has_own_match() and self not in _KNOWN.get():
            return Pending(self)
        return super().found(head)

    def _has_own_match(self) -> bool:
        return getattr(type(self._rule), "match", match_by_head) is not match_by_head

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Any:
        """See AbstractResource of aiolos."""
        return (self.found(head), ()) if self.fits(head) else (None, ())

    async def ask(self, request: Request, known: dict[Any, Any]) -> None:
        """Have `known` say whether the rule matches."""
        rule: Any = self._rule
        known[self] = await rule.match(request)
