"""The router: resources in the order of their registration, and how a request finds its route."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, ValuesView
from typing import Any, TypeVar

from aiolos_protocol.message import RequestHead

from ..errors import HTTPException, HTTPMethodNotAllowed, HTTPNotFound
from ..typedefs import AnyHandler
from .definitions import AbstractRouteDef
from .match import PathTree, UrlMappingMatchInfo, decoded
from .resources import (
    ANY,
    AbstractResource,
    AbstractRoute,
    DynamicResource,
    ExpectHandler,
    PlainResource,
    Resource,
    SystemRoute,
)

_F = TypeVar("_F", bound=AnyHandler)


class UrlDispatcher(Mapping[str, AbstractResource]):
    """A router; as a mapping, its named resources."""

    def __init__(self) -> None:
        self._resources: list[Resource] = []
        self._named: dict[str, AbstractResource] = {}
        self._static: dict[str, Resource] = {}
        self._tree = PathTree()
        self._nowhere = SystemRoute()
        self._frozen = False
        self.matches: dict[str, dict[str, UrlMappingMatchInfo]] = {}

    # Finding.

    def resolve(self, head: RequestHead) -> UrlMappingMatchInfo:
        """Who answers `head`; where nobody does, 404 or 405 by way of the middlewares."""
        path = head.target
        method = head.method
        resource = self._static.get(path)
        if resource is None:
            if "?" in path:
                path = path.partition("?")[0]
            path = decoded(path)
            resource = self._static.get(path)
        allowed: set[str] | None = None
        if resource is not None:
            routes = resource.by_method
            route = routes.get(method) or routes.get(ANY)
            if route is not None:
                return UrlMappingMatchInfo(_NOTHING, route, route.chain)
            allowed = set(routes)
        for pattern, values in self._tree.find(path):
            routes = self._resources[pattern.order].by_method
            route = routes.get(method) or routes.get(ANY)
            if route is not None:
                return UrlMappingMatchInfo(values, route, route.chain)
            allowed = set(routes) if allowed is None else allowed | set(routes)
        error: HTTPException = (
            HTTPNotFound() if allowed is None else HTTPMethodNotAllowed(method, allowed)
        )
        return UrlMappingMatchInfo(_NOTHING, self._nowhere, self._nowhere.chain, error)

    # Registering.

    def add_resource(self, path: str, *, name: str | None = None) -> Resource:
        """A resource for `path`, which begins with "/"; the last one again for the same path."""
        self._check_open()
        if path and not path.startswith("/"):
            raise ValueError(f'a path begins with "/", not {path!r}')
        if self._resources:
            last = self._resources[-1]
            if last.name == name and last.raw_match(path):
                return last
        resource = self._made(path, name)
        self._keep_name(resource)
        self._resources.append(resource)
        return resource

    def _made(self, path: str, name: str | None) -> Resource:
        order = len(self._resources)
        if "{" in path or "}" in path:
            dynamic = DynamicResource(path, name=name)
            dynamic.order = order
            self._tree.add(*dynamic.segments(), dynamic)
            return dynamic
        plain = PlainResource(path, name=name)
        plain.order = order
        if plain.path in self._static:
            # The same path under another name: asked where the first one has no such method.
            self._tree.add(list(plain.path.split("/")), True, plain)
        else:
            self._static[plain.path] = plain
        return plain

    def _keep_name(self, resource: Resource) -> None:
        name = resource.name
        if name is None:
            return
        if name in self._named:
            raise ValueError(f"two resources are named {name!r}: {self._named[name]!r} is one")
        self._named[name] = resource

    def add_route(
        self,
        method: str,
        path: str,
        handler: AnyHandler,
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Answer `method` ("*" for any) on `path` with `handler`."""
        resource = self.add_resource(path, name=name)
        return resource.add_route(method, handler, expect_handler=expect_handler)

    def add_get(
        self,
        path: str,
        handler: AnyHandler,
        *,
        name: str | None = None,
        allow_head: bool = True,
        **options: Any,
    ) -> AbstractRoute:
        """add_route() for GET, and for HEAD unless `allow_head` is False."""
        resource = self.add_resource(path, name=name)
        if allow_head:
            resource.add_route("HEAD", handler, **options)
        return resource.add_route("GET", handler, **options)

    def add_head(self, path: str, handler: AnyHandler, **options: Any) -> AbstractRoute:
        """add_route() for HEAD."""
        return self.add_route("HEAD", path, handler, **options)

    def add_options(self, path: str, handler: AnyHandler, **options: Any) -> AbstractRoute:
        """add_route() for OPTIONS."""
        return self.add_route("OPTIONS", path, handler, **options)

    def add_post(self, path: str, handler: AnyHandler, **options: Any) -> AbstractRoute:
        """add_route() for POST."""
        return self.add_route("POST", path, handler, **options)

    def add_put(self, path: str, handler: AnyHandler, **options: Any) -> AbstractRoute:
        """add_route() for PUT."""
        return self.add_route("PUT", path, handler, **options)

    def add_patch(self, path: str, handler: AnyHandler, **options: Any) -> AbstractRoute:
        """add_route() for PATCH."""
        return self.add_route("PATCH", path, handler, **options)

    def add_delete(self, path: str, handler: AnyHandler, **options: Any) -> AbstractRoute:
        """add_route() for DELETE."""
        return self.add_route("DELETE", path, handler, **options)

    def add_view(self, path: str, handler: AnyHandler, **options: Any) -> AbstractRoute:
        """add_route() for every method."""
        return self.add_route(ANY, path, handler, **options)

    def add_routes(self, routes: Iterable[AbstractRouteDef]) -> list[AbstractRoute]:
        """Register definitions: web.get(...), a RouteTableDef."""
        registered: list[AbstractRoute] = []
        for route in routes:
            if not isinstance(route, AbstractRouteDef):
                raise TypeError(
                    "add_routes() takes web.get(...) and the like or a RouteTableDef, "
                    f"not {route!r}"
                )
            registered.extend(route.register(self))
        return registered

    # Decorators.

    def route(self, method: str, path: str, **options: Any) -> Callable[[_F], _F]:
        """Register the function below, and leave it as it is."""

        def register(handler: _F) -> _F:
            if method == "GET":
                self.add_get(path, handler, **options)
            else:
                self.add_route(method, path, handler, **options)
            return handler

        return register

    def get(self, path: str, default: Any = None, **options: Any) -> Any:
        """route() for GET and HEAD. With the name of a resource instead: Mapping.get()."""
        if not path.startswith("/") and not options:
            return self._named.get(path, default)
        return self.route("GET", path, **options)

    def head(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for HEAD."""
        return self.route("HEAD", path, **options)

    def options(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for OPTIONS."""
        return self.route("OPTIONS", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for POST."""
        return self.route("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for PUT."""
        return self.route("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for PATCH."""
        return self.route("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for DELETE."""
        return self.route("DELETE", path, **options)

    def view(self, path: str, **options: Any) -> Callable[[_F], _F]:
        """route() for every method."""
        return self.route(ANY, path, **options)

    # The whole.

    def resources(self) -> ValuesView[Resource]:
        """All resources, in the order of registration."""
        return dict(enumerate(self._resources)).values()

    def routes(self) -> list[AbstractRoute]:
        """All routes."""
        return [route for resource in self._resources for route in resource]

    def named_resources(self) -> Mapping[str, AbstractResource]:
        """The resources that have names."""
        return dict(self._named)

    def freeze(self) -> None:
        """Take nothing more; may be repeated."""
        self._frozen = True
        for resource in self._resources:
            resource.freeze()

    def bind(
        self,
        apps: tuple[Any, ...],
        wrap: Callable[[Callable[[Any], Awaitable[Any]]], Callable[[Any], Awaitable[Any]]],
    ) -> None:
        """Give every route its applications and middlewares; see AbstractRoute.bind."""
        self._nowhere.bind(apps, wrap)
        for route in self.routes():
            route.bind(apps, wrap)
        self.matches = {
            # "?" begins a query where a target is received.
            path: {
                method: UrlMappingMatchInfo(_NOTHING, route, route.chain, shared=True)
                for method, route in resource.by_method.items()
                if method != ANY
            }
            for path, resource in self._static.items()
            if "?" not in path
        }

    def _check_open(self) -> None:
        if self._frozen:
            raise RuntimeError("cannot change the router: the application has been started")

    def __getitem__(self, name: str) -> AbstractResource:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<UrlDispatcher with {len(self._resources)} resources>"


_NOTHING: dict[str, Any] = {}
