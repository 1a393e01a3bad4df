"""How a request finds its route.

What is asked for every request stands here, compiled where there is a compiler; what registers
routes, and may take its time, in `table` and `resources`.
"""

from typing import Any

from ..errors import HTTPMethodNotAllowed, HTTPNotFound
from ..parsed import method_of
from .match import MatchInfoError, UrlMappingMatchInfo
from .pattern import PathPattern
from .routes import ANY, SystemRoute, refuse
from .spelling import decoded
from .tree import PathTree


class PatternRoutes:
    """A path with variables and its routes by method: AbstractResource.find() for them."""

    __slots__ = ("_by_method", "_pattern")

    def __init__(self, pattern: PathPattern, by_method: "dict[str, Any]") -> None:
        """`by_method` may be added to later."""
        self._pattern = pattern
        self._by_method = by_method

    def find(self, head: Any, path: str, segments: "list[str]") -> "tuple[Any, Any]":
        """See AbstractResource."""
        values = self._pattern.match(path, segments)
        if values is None:
            return None, ()
        routes = self._by_method
        route = routes.get(method_of(head)) or routes.get(ANY)
        if route is None:
            return None, routes
        return UrlMappingMatchInfo(values, route), ()


class Finder:
    """What a router knows, in the form in which it is asked.

    `hosts` are asked first, in their order; `plain` has the resources of paths without variables,
    decoded, and `tree` all others; `apps` and `refusal` are those of the routes for 404 and 405.
    """

    __slots__ = ("apps", "hosts", "plain", "refusal", "tree")

    def __init__(self) -> None:
        self.hosts: list[Any] = []
        self.plain: dict[str, Any] = {}
        self.tree = PathTree()
        self.apps: tuple[Any, ...] = ()
        self.refusal: Any = refuse

    def clear(self) -> None:
        """Know no resources."""
        self.hosts = []
        self.plain = {}
        self.tree = PathTree()

    def find(self, head: Any) -> UrlMappingMatchInfo:
        """Who answers `head`; where nobody does, 404 or 405 by way of the middlewares."""
        for host in self.hosts:
            if host.fits(head):
                return host.found(head)  # type: ignore[no-any-return]
        path = head.target
        if "?" in path:
            path = path.partition("?")[0]
        if "%" in path:
            path = decoded(path)
        plain = self.plain.get(path)
        method = method_of(head)
        allowed: set[str] | None = None
        if plain is not None:
            routes = plain.by_method
            route = routes.get(method) or routes.get(ANY)
            if route is not None:
                return UrlMappingMatchInfo(None, route)
            allowed = set(routes)
        segments = path.split("/")
        length = len(segments)
        try:
            while length > 0:
                resources, length = self.tree.candidates(segments, length)
                for resource in resources:
                    found, methods = resource.find(head, path, segments)
                    if found is not None:
                        return found  # type: ignore[no-any-return]
                    if methods:
                        allowed = set(methods) if allowed is None else allowed.union(methods)
                length -= 1
        except Exception as error:
            # A converter's or a resource's of the user's own: answered as a handler's would be.
            return self._refused(error)
        return self._refused(HTTPMethodNotAllowed(method, allowed) if allowed else HTTPNotFound())

    def _refused(self, error: Exception) -> UrlMappingMatchInfo:
        return MatchInfoError(None, SystemRoute(error, self.apps, self.refusal))
