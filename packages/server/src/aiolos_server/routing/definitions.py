"""Routes as values, to be registered later: web.get("/", handler), RouteTableDef, views."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Final, Protocol, TypeVar, overload

from aiolos_protocol import methods

from ..abc import AbstractView
from ..typedefs import AnyHandler
from .routes import ANY, AbstractRoute
from .verbs import VerbDecorators

__all__ = [
    "AbstractRouteDef",
    "RouteDef",
    "RouteTableDef",
    "StaticDef",
    "delete",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "route",
    "static",
    "view",
]

_F = TypeVar("_F", bound=AnyHandler)
_View = TypeVar("_View", bound=type[AbstractView])

# Where web.view(path) keeps what it was told, on the class itself.
_RECORD: Final = "__aiolos_routes__"


class Registering(Protocol):
    """The router, as a definition uses it; it has a method add_get() and the like, too."""

    def add_route(
        self, method: str, path: str, handler: AnyHandler, **options: Any
    ) -> AbstractRoute: ...
    def add_static(self, prefix: str, path: str | PathLike[str], **options: Any) -> Any: ...


class AbstractRouteDef(ABC):
    """Something that can register itself."""

    __slots__ = ()

    @abstractmethod
    def register(self, router: Any) -> list[AbstractRoute]:
        """Register with `router`; the routes made."""


@dataclass(frozen=True, repr=False, slots=True)
class RouteDef(AbstractRouteDef):
    """A method, a path, a handler, and add_route()'s options."""

    method: str
    path: str
    handler: AnyHandler
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def register(self, router: Registering) -> list[AbstractRoute]:
        """See AbstractRouteDef."""
        if self.method in methods.ALL:
            # add_get() takes options of its own, and a user's router may override any of them.
            add = getattr(router, f"add_{self.method.lower()}", None)
            if add is not None:
                return [add(self.path, self.handler, **self.kwargs)]
        return [router.add_route(self.method, self.path, self.handler, **self.kwargs)]

    def __repr__(self) -> str:
        handler = getattr(self.handler, "__name__", self.handler)
        return f"<RouteDef {self.method} {self.path} -> {handler!r}{_shown(self.kwargs)}>"


@dataclass(frozen=True, repr=False, slots=True)
class StaticDef(AbstractRouteDef):
    """A prefix, a directory, and add_static()'s options."""

    prefix: str
    path: str | PathLike[str]
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def register(self, router: Registering) -> list[AbstractRoute]:
        """See AbstractRouteDef."""
        return list(router.add_static(self.prefix, self.path, **self.kwargs))

    def __repr__(self) -> str:
        return f"<StaticDef {self.prefix} -> {self.path}{_shown(self.kwargs)}>"


def route(method: str, path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for `method`."""
    return RouteDef(method, path, handler, kwargs)


def get(
    path: str,
    handler: AnyHandler,
    *,
    name: str | None = None,
    allow_head: bool = True,
    **kwargs: Any,
) -> RouteDef:
    """A route for GET, and for HEAD unless `allow_head` is False."""
    return route("GET", path, handler, name=name, allow_head=allow_head, **kwargs)


def head(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for HEAD."""
    return route("HEAD", path, handler, **kwargs)


def options(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for OPTIONS."""
    return route("OPTIONS", path, handler, **kwargs)


def post(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for POST."""
    return route("POST", path, handler, **kwargs)


def put(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for PUT."""
    return route("PUT", path, handler, **kwargs)


def patch(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for PATCH."""
    return route("PATCH", path, handler, **kwargs)


def delete(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for DELETE."""
    return route("DELETE", path, handler, **kwargs)


@overload
def view(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef: ...
@overload
def view(path: str, **kwargs: Any) -> Callable[[_View], _View]: ...
def view(path: str, handler: AnyHandler | None = None, **kwargs: Any) -> Any:
    """A route for every method.

    Without a handler a decorator of a View class: it leaves the class as it is, and
    `add_routes([TheView])` mounts it at `path`; several may stand above one class.
    """
    if handler is not None:
        return route(ANY, path, handler, **kwargs)

    def record(cls: Any) -> Any:
        if not (isinstance(cls, type) and issubclass(cls, AbstractView)):
            raise TypeError(f"@web.view({path!r}) decorates a subclass of web.View, not {cls!r}")
        # In the class's own namespace: its subclasses are not mounted with it.
        recorded = vars(cls).get(_RECORD, ())
        setattr(cls, _RECORD, (RouteDef(ANY, path, cls, kwargs), *recorded))
        return cls

    return record


def static(prefix: str, path: str | PathLike[str], **kwargs: Any) -> StaticDef:
    """The files of a directory; see UrlDispatcher.add_static()."""
    return StaticDef(prefix, path, kwargs)


def definitions_of(item: Any) -> Sequence[AbstractRouteDef]:
    """What `item`, one of those that add_routes() takes, defines. TypeError for anything else."""
    if isinstance(item, AbstractRouteDef):
        return (item,)
    if isinstance(item, type):
        recorded: tuple[AbstractRouteDef, ...] = vars(item).get(_RECORD, ())
        if recorded:
            return recorded
    raise TypeError(
        "add_routes() takes web.get(...) and the like, a RouteTableDef, or classes under "
        f"@web.view(path), not {item!r}"
    )


class RouteTableDef(Sequence[AbstractRouteDef], VerbDecorators):
    """Definitions collected by decorators: `@routes.get("/")`."""

    def __init__(self) -> None:
        self._items: list[AbstractRouteDef] = []

    def route(self, method: str, path: str, **options: Any) -> Callable[[_F], _F]:
        """Collect the function below, and leave it as it is."""

        def collect(handler: _F) -> _F:
            self._items.append(RouteDef(method, path, handler, options))
            return handler

        return collect

    def static(self, prefix: str, path: str | PathLike[str], **options: Any) -> None:
        """Collect the files of a directory."""
        self._items.append(StaticDef(prefix, path, options))

    @overload
    def __getitem__(self, index: int) -> AbstractRouteDef: ...
    @overload
    def __getitem__(self, index: slice) -> list[AbstractRouteDef]: ...
    def __getitem__(self, index: int | slice) -> AbstractRouteDef | list[AbstractRouteDef]:
        return self._items[index]

    def __iter__(self) -> Iterator[AbstractRouteDef]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __repr__(self) -> str:
        return f"<RouteTableDef count={len(self._items)}>"


def _shown(kwargs: Mapping[str, Any]) -> str:
    return "".join(f", {name}={value!r}" for name, value in sorted(kwargs.items()))
