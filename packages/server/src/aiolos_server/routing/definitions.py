"""Routes as values, to be registered later: web.get("/", handler), RouteTableDef."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, overload

from ..typedefs import AnyHandler
from .resources import ANY, AbstractRoute

_F = TypeVar("_F", bound=AnyHandler)


class Registering(Protocol):
    """The router, as a definition uses it."""

    def add_route(
        self, method: str, path: str, handler: AnyHandler, **options: Any
    ) -> AbstractRoute: ...
    def add_get(self, path: str, handler: AnyHandler, **options: Any) -> AbstractRoute: ...


class AbstractRouteDef(ABC):
    """Something that can register itself."""

    @abstractmethod
    def register(self, router: Any) -> list[AbstractRoute]:
        """Register with `router`; the routes made."""


@dataclass(frozen=True, repr=False)
class RouteDef(AbstractRouteDef):
    """A method, a path, a handler, and add_route()'s options."""

    method: str
    path: str
    handler: AnyHandler
    kwargs: dict[str, Any] = field(default_factory=dict)

    def register(self, router: Registering) -> list[AbstractRoute]:
        """See AbstractRouteDef."""
        if self.method == "GET":
            return [router.add_get(self.path, self.handler, **self.kwargs)]
        return [router.add_route(self.method, self.path, self.handler, **self.kwargs)]

    def __repr__(self) -> str:
        handler = getattr(self.handler, "__qualname__", self.handler)
        return f"<RouteDef {self.method} {self.path} -> {handler}>"


def route(method: str, path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for `method`."""
    return RouteDef(method, path, handler, kwargs)


def get(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for GET, and for HEAD unless `allow_head=False`."""
    return route("GET", path, handler, **kwargs)


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


def view(path: str, handler: AnyHandler, **kwargs: Any) -> RouteDef:
    """A route for every method."""
    return route(ANY, path, handler, **kwargs)


class RouteTableDef(Sequence[AbstractRouteDef]):
    """Definitions collected by decorators: `@routes.get("/")`."""

    def __init__(self) -> None:
        self._items: list[AbstractRouteDef] = []

    def route(self, method: str, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """Collect the function below, and leave it as it is."""

        def collect(handler: _F) -> _F:
            self._items.append(RouteDef(method, path, handler, kwargs))
            return handler

        return collect

    def get(self, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """route() for GET and HEAD."""
        return self.route("GET", path, **kwargs)

    def head(self, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """route() for HEAD."""
        return self.route("HEAD", path, **kwargs)

    def options(self, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """route() for OPTIONS."""
        return self.route("OPTIONS", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """route() for POST."""
        return self.route("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """route() for PUT."""
        return self.route("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """route() for PATCH."""
        return self.route("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """route() for DELETE."""
        return self.route("DELETE", path, **kwargs)

    def view(self, path: str, **kwargs: Any) -> Callable[[_F], _F]:
        """route() for every method."""
        return self.route(ANY, path, **kwargs)

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
        return f"<RouteTableDef with {len(self._items)} routes>"
