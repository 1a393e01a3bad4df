"""The router: resources in the order of their registration, and how a request finds its route."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from keyword import iskeyword
from os import PathLike
from types import MappingProxyType
from typing import Any, Final, TypeVar, overload

from aiolos_protocol.message import RequestHead

from ..abc import AbstractView
from ..naming import listed
from ..request import Request
from ..typedefs import AnyHandler
from .abc import AbstractResource, Wrap
from .converters import CONVERTERS, Converter
from .definitions import AbstractRouteDef, definitions_of
from .finder import Finder
from .match import UrlMappingMatchInfo
from .resources import DynamicResource, PlainResource, Resource
from .routes import ANY, AbstractRoute, ExpectHandler, refuse
from .static import StaticResource
from .subapps import MatchedSubAppResource, PrefixedSubAppResource
from .verbs import VerbDecorators

_F = TypeVar("_F", bound=AnyHandler)
_T = TypeVar("_T")
# What lies between the parts of a resource's name.
_PARTS: Final = re.compile("[.:-]")


class UrlDispatcher(VerbDecorators, Mapping[str, AbstractResource]):
    """A router; as a mapping, its named resources.

    A request goes to the resource with the longest literal prefix, among equals to the one
    registered first; where that one lacks the method, to the next. What hosts answer (see
    Application.add_domain) comes before all else.
    """

    def __init__(self) -> None:
        self._resources: list[AbstractResource] = []
        self._named: dict[str, AbstractResource] = {}
        self._converters = dict(CONVERTERS)
        self._finder = Finder()
        self._frozen = False
        self._wrap: Wrap | None = None
        self.matches: dict[str, dict[str, UrlMappingMatchInfo]] = {}
        """See AbstractApplication.matches; empty until bind()."""

    # Finding.

    @property
    def find(self) -> Callable[[RequestHead], UrlMappingMatchInfo]:
        """A function: who answers a head; where nobody does, 404 or 405 by way of middlewares."""
        return self._finder.find

    async def resolve(self, request: Request) -> UrlMappingMatchInfo:
        """As find(), for a request; it never suspends."""
        return self.find(request.head)

    # Registering.

    def register_resource(self, resource: AbstractResource) -> None:
        """Add a resource. ValueError where its name is taken, or is none."""
        self._check_open()
        name = resource.name
        if name is not None:
            for part in _PARTS.split(name):
                if not part.isidentifier() or iskeyword(part):
                    raise ValueError(
                        f"Incorrect route name {name!r}: its parts, between dots, colons and "
                        "hyphens, are identifiers and no keywords"
                    )
            if name in self._named:
                raise ValueError(
                    f"Duplicate {name!r}, already handled by {self._named[name]!r}; each resource "
                    "has a name of its own"
                )
            self._named[name] = resource
        if self._wrap is not None:
            self._bind_late(resource, self._wrap)
        resource.order = len(self._resources)
        self._resources.append(resource)
        self._index(resource)

    def _bind_late(self, resource: AbstractResource, wrap: Wrap) -> None:
        """Give what somebody adds to a running application its middlewares, too: freeze() was kept
        from being called."""
        resource.bind(wrap)
        for by_method in self.matches.values():
            # It may come before a sub-application; this router's own matches stay as they are.
            if any(match.route.apps != wrap.apps for match in by_method.values()):
                by_method.clear()

    def _index_all(self) -> None:
        """Index again, since paths have changed."""
        self._finder.clear()
        for resource in self._resources:
            self._index(resource)

    def _index(self, resource: AbstractResource) -> None:
        if isinstance(resource, MatchedSubAppResource):
            self._finder.hosts.append(resource)
        elif isinstance(resource, PlainResource) and not self._contested(resource.path):
            self._finder.plain[resource.path] = resource
        else:
            for segments, whole in resource.ways():
                self._finder.tree.add(segments, whole, resource)

    def _contested(self, path: str) -> bool:
        """Whether something registered before is asked first for this path without variables."""
        if path in self._finder.plain or "?" in path:
            # A question mark in a path, escaped there, is none that begins a query.
            return True
        segments = path.split("/")
        prefix = path.removesuffix("/")
        return any(each.contests(path, segments) for each in self._finder.tree.at(prefix, segments))

    def add_prefix(self, prefix: str) -> None:
        """Put `prefix`, a path without variables, in front of all resources."""
        for resource in self._resources:
            resource.add_prefix(prefix)
        self._index_all()

    def add_converter(self, word: str, converter: Converter) -> None:
        """Let `{name:word}` stand for variables that `converter` converts.

        For resources added later. ValueError where there is a converter of that word already.
        """
        self._check_open()
        if not word.isidentifier():
            raise ValueError(f"a converter's word is an identifier, not {word!r}")
        if word in self._converters:
            raise ValueError(f"there is a converter for {word!r} already")
        self._converters[word] = converter

    def add_resource(self, path: str, *, name: str | None = None) -> Resource:
        """A resource for `path`, which begins with "/"; the last one again for the same path.

        ValueError for a malformed path, or where the name is taken.
        """
        self._check_open()
        if path and not path.startswith("/"):
            raise ValueError(f'a path begins with "/", not {path!r}')
        if self._resources:
            last = self._resources[-1]
            if isinstance(last, Resource) and last.name == name and last.raw_match(path):
                return last
        resource: Resource
        if "{" in path or "}" in path:
            resource = DynamicResource(path, name=name, converters=self._converters)
        else:
            resource = PlainResource(path, name=name)
        self.register_resource(resource)
        return resource

    def add_route(
        self,
        method: str,
        path: str,
        handler: AnyHandler | type[AbstractView],
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
    ) -> AbstractRoute:
        """Answer `method` ("*" for any) on `path` with `handler`.

        `handler` takes the request, or also its match_info; `expect_handler(request)` answers
        `Expect: 100-continue`. TypeError for what is no handler.
        """
        resource = self.add_resource(path, name=name)
        return resource.add_route(method, handler, expect_handler=expect_handler)

    def add_static(
        self,
        prefix: str,
        path: str | PathLike[str],
        *,
        name: str | None = None,
        expect_handler: ExpectHandler | None = None,
        chunk_size: int = 256 * 1024,
        show_index: bool = False,
        follow_symlinks: bool = False,
        append_version: bool = False,
        max_age: int | None = None,
        immutable: bool = False,
    ) -> StaticResource:
        """Serve the files of the directory `path` below `prefix`; see StaticResource."""
        check_prefix(prefix)
        resource = StaticResource(
            prefix.removesuffix("/"),
            path,
            name=name,
            expect_handler=expect_handler,
            chunk_size=chunk_size,
            show_index=show_index,
            follow_symlinks=follow_symlinks,
            append_version=append_version,
            max_age=max_age,
            immutable=immutable,
        )
        self.register_resource(resource)
        return resource

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
        return resource.add_get(handler, allow_head=allow_head, **options)

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

    def add_view(
        self, path: str, handler: AnyHandler | type[AbstractView], **options: Any
    ) -> AbstractRoute:
        """add_route() for every method."""
        return self.add_route(ANY, path, handler, **options)

    def add_routes(
        self, routes: Iterable[AbstractRouteDef | type[AbstractView]]
    ) -> list[AbstractRoute]:
        """Register definitions: web.get(...), a RouteTableDef, classes under @web.view(path)."""
        return [
            route
            for item in routes
            for definition in definitions_of(item)
            for route in definition.register(self)
        ]

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

    @overload  # type: ignore[override]  # a decorator and Mapping.get(), for which there is []
    def get(self, path: str, **options: Any) -> Callable[[_F], _F]: ...
    @overload
    def get(self, path: str, default: _T, /) -> AbstractResource | _T: ...
    def get(self, path: str, default: Any = None, **options: Any) -> Any:
        """route() for GET and HEAD. With the name of a resource instead: Mapping.get()."""
        if path.startswith("/") and path not in self._named:
            return self.route("GET", path, **options)
        return self._named.get(path, default)

    # The whole.

    @property
    def frozen(self) -> bool:
        """Whether it takes no more resources."""
        return self._frozen

    @property
    def converters(self) -> Mapping[str, Converter]:
        """The converters of typed variables, by word."""
        return MappingProxyType(self._converters)

    def resources(self) -> Sequence[AbstractResource]:
        """All resources, in the order of registration."""
        return tuple(self._resources)

    def routes(self) -> Sequence[AbstractRoute]:
        """All routes, those of sub-applications included."""
        return tuple(route for resource in self._resources for route in resource)

    def named_resources(self) -> Mapping[str, AbstractResource]:
        """The resources that have names."""
        return MappingProxyType(self._named)

    def freeze(self) -> None:
        """Take nothing more; may be repeated."""
        self._frozen = True
        for resource in self._resources:
            resource.freeze()
        self._index_all()

    def bind(self, wrap: Wrap) -> None:
        """Give every route its applications and middlewares; see AbstractRoute.bind()."""
        self._wrap = wrap
        self._finder.apps = wrap.apps
        self._finder.refusal = wrap(refuse)
        for resource in self._resources:
            resource.bind(wrap)
        if self._finder.hosts:
            # A target alone does not tell.
            return
        self.matches = {
            path: {
                method: UrlMappingMatchInfo(None, route, shared=True)
                for method, route in resource.by_method.items()
                if method != ANY
            }
            for path, resource in self._finder.plain.items()
            # As targets these say something else: the path is known decoded here.
            if "?" not in path and "%" not in path
        }
        for resource in self._resources:
            if isinstance(resource, PrefixedSubAppResource):
                self._match_beforehand(resource)

    def _match_beforehand(self, subapp: PrefixedSubAppResource) -> None:
        """Know the matches of a sub-application, too, as far as nothing here comes before them."""
        for path, by_method in subapp.matches.items():
            for method, match in by_method.items():
                if self.find(RequestHead(method, path)).route is match.route:
                    self.matches.setdefault(path, {})[method] = match

    def _check_open(self) -> None:
        if self._frozen:
            raise RuntimeError(
                "cannot change the router: its application has been started, or has become a "
                "sub-application"
            )

    def __getitem__(self, name: str) -> AbstractResource:
        try:
            return self._named[name]
        except KeyError:
            raise KeyError(f"no resource is named {name!r}, but {listed(self._named)}") from None

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


def check_prefix(prefix: str) -> None:
    """ValueError unless `prefix` begins with a slash and has no variables, TypeError for no str."""
    if not isinstance(prefix, str):
        raise TypeError(f"a prefix is a str, not {prefix!r}")
    if not prefix.startswith("/"):
        raise ValueError(f'a prefix begins with "/", not {prefix!r}')
    if "{" in prefix or "}" in prefix:
        raise ValueError(f"a prefix has no variables: {prefix!r}")
