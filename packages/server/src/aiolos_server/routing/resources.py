"""Resources: a path, or a pattern of paths, and its routes."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from aiolos_protocol.message import RequestHead
from yarl import URL

from ..parsed import method_of
from ..typedefs import AnyHandler
from .abc import AbstractResource, Found, Wrap
from .converters import CONVERTERS, Converter
from .finder import PatternRoutes
from .match import UrlMappingMatchInfo
from .pattern import PathPattern
from .routes import ANY, ExpectHandler, ResourceRoute
from .spelling import decoded, quoted_path


class Resource(AbstractResource):
    """A path with routes."""

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.by_method: dict[str, ResourceRoute] = {}

    @abstractmethod
    def match(self, path: str, segments: list[str]) -> Mapping[str, Any] | None:
        """The variables' values where `path`, decoded and also split, fits; else None."""

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Found:
        """See AbstractResource."""
        values = self.match(path, segments)
        if values is None:
            return None, ()
        routes = self.by_method
        route = routes.get(method_of(head)) or routes.get(ANY)
        if route is None:
            return None, routes
        return UrlMappingMatchInfo(values, route), ()

    def contests(self, path: str, segments: list[str]) -> bool:
        """See AbstractResource."""
        return self.match(path, segments) is not None

    def add_route(
        self,
        method: str,
        handler: AnyHandler,
        *,
        expect_handler: ExpectHandler | None = None,
    ) -> ResourceRoute:
        """Answer `method` ("*" for any) with `handler`. RuntimeError where it is answered."""
        route = ResourceRoute(method, handler, self, expect_handler=expect_handler)
        self.register_route(route)
        return route

    def register_route(self, route: ResourceRoute) -> None:
        """Add a route that has been made for this resource; RuntimeError as in add_route()."""
        for taken in (route.method, ANY):
            if taken in self.by_method:
                raise RuntimeError(
                    f"{self.canonical} has a route for {taken} already, so this one for "
                    f"{route.method} would never be reached: {self.by_method[taken]!r}"
                )
        if self._wrap is not None:
            route.bind(self._wrap)
        self.by_method[route.method] = route

    def add_get(
        self, handler: AnyHandler, *, allow_head: bool = True, **options: Any
    ) -> ResourceRoute:
        """add_route() for GET, and for HEAD unless `allow_head` is False."""
        if allow_head:
            self.add_route("HEAD", handler, **options)
        return self.add_route("GET", handler, **options)

    def add_head(self, handler: AnyHandler, **options: Any) -> ResourceRoute:
        """add_route() for HEAD."""
        return self.add_route("HEAD", handler, **options)

    def add_options(self, handler: AnyHandler, **options: Any) -> ResourceRoute:
        """add_route() for OPTIONS."""
        return self.add_route("OPTIONS", handler, **options)

    def add_post(self, handler: AnyHandler, **options: Any) -> ResourceRoute:
        """add_route() for POST."""
        return self.add_route("POST", handler, **options)

    def add_put(self, handler: AnyHandler, **options: Any) -> ResourceRoute:
        """add_route() for PUT."""
        return self.add_route("PUT", handler, **options)

    def add_patch(self, handler: AnyHandler, **options: Any) -> ResourceRoute:
        """add_route() for PATCH."""
        return self.add_route("PATCH", handler, **options)

    def add_delete(self, handler: AnyHandler, **options: Any) -> ResourceRoute:
        """add_route() for DELETE."""
        return self.add_route("DELETE", handler, **options)

    def add_view(self, handler: AnyHandler, **options: Any) -> ResourceRoute:
        """add_route() for every method."""
        return self.add_route(ANY, handler, **options)

    def bind(self, wrap: Wrap) -> None:
        """See AbstractRoute.bind()."""
        self._wrap = wrap
        for route in self:
            route.bind(wrap)

    @property
    def allowed_methods(self) -> set[str]:
        """The methods of its routes."""
        return set(self.by_method)

    def __len__(self) -> int:
        return len(self.by_method)

    def __iter__(self) -> Iterator[ResourceRoute]:
        return iter(self.by_method.values())

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        name = "" if self.name is None else f"{self.name!r} "
        return f"<{type(self).__name__} {name}{self.canonical}>"


class PlainResource(Resource):
    """A path without variables."""

    def __init__(self, path: str, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.path = decoded(path)
        """The path, decoded; an empty one becomes "/" when the application is frozen."""

    def freeze(self) -> None:
        """See AbstractResource."""
        super().freeze()
        # RFC 9110 4.2.3: a URL without a path asks for "/".
        self.path = self.path or "/"

    @property
    def canonical(self) -> str:
        """The path, as it stands in a URL."""
        return quoted_path(self.path)

    def raw_match(self, path: str) -> bool:
        """See AbstractResource."""
        return decoded(path) == self.path

    def ways(self) -> list[tuple[list[str], bool]]:
        """See AbstractResource."""
        return [(self.path.split("/"), True)]

    def match(self, path: str, segments: list[str]) -> Mapping[str, Any] | None:
        """See Resource."""
        return {} if path == self.path else None

    def add_prefix(self, prefix: str) -> None:
        """See AbstractResource."""
        self.path = decoded(prefix) + self.path

    def url_for(self) -> URL:
        """The URL."""
        return URL.build(path=self.canonical, encoded=True)

    def get_info(self) -> dict[str, Any]:
        """`path`."""
        return {"path": self.canonical}


class DynamicResource(Resource):
    """A path with variables: `{name}`, `{name:type}` or `{name:regular expression}`."""

    def __init__(
        self,
        path: str,
        *,
        name: str | None = None,
        converters: Mapping[str, Converter] = CONVERTERS,
    ) -> None:
        """`converters` by the words that stand for them. ValueError for a malformed path."""
        super().__init__(name=name)
        self._converters = converters
        self._take(PathPattern(path, converters))

    def _take(self, pattern: PathPattern) -> None:
        self._pattern = pattern
        # On the instance: it is called for every request.
        self.find = PatternRoutes(pattern, self.by_method).find  # type: ignore[method-assign]

    def match(self, path: str, segments: list[str]) -> Mapping[str, Any] | None:
        """See Resource."""
        return self._pattern.match(path, segments)

    @property
    def canonical(self) -> str:
        """The path with bare names for its variables."""
        return self._pattern.canonical

    def raw_match(self, path: str) -> bool:
        """See AbstractResource."""
        return path == self._pattern.path

    def ways(self) -> list[tuple[list[str], bool]]:
        """See AbstractResource."""
        return self._pattern.ways()

    def add_prefix(self, prefix: str) -> None:
        """See AbstractResource."""
        self._take(PathPattern(prefix + self._pattern.path, self._converters))

    def url_for(self, *args: Any, **parts: Any) -> URL:
        """The URL; a value for each variable is turned into text and escaped.

        KeyError where one is missing that has no default, ValueError for a value that the
        variable cannot have; what the path has no variable for is ignored.
        """
        if args:
            raise TypeError(f"{self.canonical} takes its parts by name: {self._pattern.names}")
        return URL.build(path=self._pattern.build(parts), encoded=True)

    def get_info(self) -> dict[str, Any]:
        """`formatter` and `pattern`, a compiled regular expression of decoded paths."""
        return {"formatter": self.canonical, "pattern": self._pattern.regex}
