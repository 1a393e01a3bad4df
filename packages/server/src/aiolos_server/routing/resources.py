"""Resources (a path) and their routes (a method and its handler)."""

import inspect
import re
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from aiolos_protocol import methods
from aiolos_protocol.errors import ProtocolError
from aiolos_protocol.message import HttpVersion11, ResponseHead
from yarl import URL

from ..errors import HTTPExpectationFailed, HTTPMethodNotAllowed
from ..request import BaseRequest, Request
from ..response import StreamResponse
from ..typedefs import AnyHandler
from .match import decoded, quoted, quoted_path, value_of

ANY: Final = "*"
_METHOD: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PART: Final = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_NAME: Final = re.compile(r"\{(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)(?::(?P<regex>.+))?\}", re.DOTALL)
_SEGMENT: Final = r"[^{}/]+"

ExpectHandler = Callable[[Request], Awaitable[Any]]


async def default_expect_handler(request: Request) -> None:
    """Send `100 Continue` (RFC 9110 10.1.1)."""
    if request.version >= HttpVersion11:
        try:
            request.exchange.send_head(ResponseHead(100))
        except ProtocolError as error:
            raise HTTPExpectationFailed(text=f"417: {error.message}") from error


class View:
    """A handler as a class: subclass it and write `async def get(self)`, `post` and so on.

    Other methods are answered 405 with the ones that there are.
    """

    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def request(self) -> Request:
        """The request."""
        return self._request

    def __await__(self) -> Iterator[Any]:
        return self._answer().__await__()

    async def _answer(self) -> StreamResponse:
        request = self._request
        method = request.method
        handler = getattr(self, method.lower(), None) if method in methods.ALL else None
        if handler is None:
            allowed = {each for each in methods.ALL if hasattr(self, each.lower())}
            raise HTTPMethodNotAllowed(method, allowed)
        response: StreamResponse = await handler()
        return response


class AbstractRoute:
    """A method (or ANY) and its handler. `apps` is bound when the application is frozen."""

    apps: tuple[Any, ...] = ()

    def __init__(
        self,
        method: str,
        handler: AnyHandler,
        *,
        expect_handler: ExpectHandler | None = None,
        resource: "AbstractResource | None" = None,
    ) -> None:
        if expect_handler is not None and not inspect.iscoroutinefunction(expect_handler):
            raise TypeError(f"expect_handler must be a coroutine function, not {expect_handler!r}")
        self._method = _checked_method(method)
        self._handler = handler
        self._call = awaitable_handler(handler)
        self.expect_handler: ExpectHandler = expect_handler or default_expect_handler
        self._resource = resource
        self.chain: Callable[[Any], Awaitable[Any]] = self._call

    @property
    def method(self) -> str:
        """The method; "*" for any."""
        return self._method

    @property
    def handler(self) -> AnyHandler:
        """What was registered."""
        return self._handler

    @property
    def resource(self) -> "AbstractResource | None":
        """The resource that it belongs to, if any."""
        return self._resource

    @property
    @abstractmethod
    def name(self) -> str | None:
        """The resource's name."""

    def bind(
        self,
        apps: tuple[Any, ...],
        wrap: Callable[[Callable[[Any], Awaitable[Any]]], Callable[[Any], Awaitable[Any]]],
    ) -> None:
        """The applications that lead here, and what puts their middlewares around a handler."""
        self.apps = apps
        self.chain = wrap(self._call)

    def __repr__(self) -> str:
        handler = getattr(self._handler, "__qualname__", self._handler)
        return f"<{type(self).__name__} [{self._method}] {self._resource!r} -> {handler}>"


class ResourceRoute(AbstractRoute):
    """A route of a resource."""

    _resource: "Resource"

    @property
    def name(self) -> str | None:
        """The resource's name."""
        return self._resource.name

    def url_for(self, **parts: Any) -> URL:
        """The resource's URL."""
        return self._resource.url_for(**parts)


class SystemRoute(AbstractRoute):
    """What answers where no route matches: it raises the match's own exception."""

    def __init__(self) -> None:
        super().__init__(ANY, _refuse)

    @property
    def name(self) -> str | None:
        """None."""
        return None


async def _refuse(request: Request) -> StreamResponse:
    raise request.match_info.http_exception


class AbstractResource:
    """A path, with an optional name by which its URL is built."""

    order: int = 0

    def __init__(self, *, name: str | None = None) -> None:
        self._name = name

    @property
    def name(self) -> str | None:
        """The name."""
        return self._name

    @property
    @abstractmethod
    def canonical(self) -> str:
        """The path as it was written."""

    @abstractmethod
    def url_for(self, **parts: Any) -> URL:
        """The URL, path variables filled in."""

    @abstractmethod
    def raw_match(self, path: str) -> bool:
        """Whether `path` is the path that it was made from."""


class Resource(AbstractResource):
    """A path with routes."""

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.by_method: dict[str, ResourceRoute] = {}
        self._frozen = False

    def add_route(
        self,
        method: str,
        handler: AnyHandler,
        *,
        expect_handler: ExpectHandler | None = None,
    ) -> ResourceRoute:
        """Answer `method` ("*" for any) with `handler`. RuntimeError where it is answered."""
        if self._frozen:
            raise RuntimeError("cannot add a route: the application has been started")
        route = ResourceRoute(method, handler, expect_handler=expect_handler, resource=self)
        for taken in (route.method, ANY):
            if taken in self.by_method:
                raise RuntimeError(
                    f"{self.canonical} has a route for {taken} already: {self.by_method[taken]!r}"
                )
        self.by_method[route.method] = route
        return route

    def freeze(self) -> None:
        """Take no further routes."""
        self._frozen = True

    @property
    def allowed_methods(self) -> set[str]:
        """The methods of its routes."""
        return set(self.by_method)

    def __len__(self) -> int:
        return len(self.by_method)

    def __iter__(self) -> Iterator[ResourceRoute]:
        return iter(self.by_method.values())


class PlainResource(Resource):
    """A path without variables."""

    def __init__(self, path: str, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.path = decoded(path)

    @property
    def canonical(self) -> str:
        """The path."""
        return self.path

    def raw_match(self, path: str) -> bool:
        """See AbstractResource."""
        return decoded(path) == self.path

    def match(self, path: str) -> dict[str, Any] | None:
        """See match.Pattern."""
        return {} if path == self.path else None

    def url_for(self, **parts: Any) -> URL:
        """The URL; it takes no parts."""
        if parts:
            raise TypeError(f"{self.path} has no variables: {', '.join(parts)}")
        return URL.build(path=quoted_path(self.path), encoded=True)

    def __repr__(self) -> str:
        return f"<PlainResource {self.name or ''} {self.path}>"


class DynamicResource(Resource):
    """A path with variables, `{name}` or `{name:regular expression}`."""

    def __init__(self, path: str, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self._path = path
        self._texts: list[str] = []
        self._names: list[str] = []
        regex = []
        position = 0
        for part in _PART.finditer(path):
            regex.append(self._literal(path[position : part.start()]))
            regex.append(self._variable(part[0]))
            position = part.end()
        regex.append(self._literal(path[position:]))
        try:
            self._regex = re.compile("".join(regex))
        except re.error as error:
            raise ValueError(f"bad regular expression in the path {path!r}: {error}") from error

    def _literal(self, text: str) -> str:
        if "{" in text or "}" in text:
            raise ValueError(f"unbalanced braces in the path {self._path!r}")
        text = decoded(text)
        self._texts.append(text)
        return re.escape(text)

    def _variable(self, part: str) -> str:
        match = _NAME.fullmatch(part)
        if match is None:
            raise ValueError(
                f"{part} in the path {self._path!r} is not {{name}} or {{name:regular expression}}"
            )
        name = match["name"]
        if name in self._names:
            raise ValueError(f"the path {self._path!r} has two variables named {name}")
        self._names.append(name)
        return f"(?P<{name}>{match['regex'] or _SEGMENT})"

    @property
    def canonical(self) -> str:
        """The path with bare names for its variables."""
        texts = iter(self._texts)
        return next(texts) + "".join(
            f"{{{name}}}{text}" for name, text in zip(self._names, texts, strict=True)
        )

    def raw_match(self, path: str) -> bool:
        """See AbstractResource."""
        return path == self._path

    def segments(self) -> tuple[list[str | None], bool]:
        """The leading segments that are a literal or one plain variable; whether they are all."""
        segments: list[str | None] = []
        # A regular expression may hold a slash: it is replaced before the path is split.
        outline = _PART.sub(lambda part: "{}" if ":" not in part[0] else "{:}", self._path)
        for segment in outline.split("/"):
            if segment == "{}":
                segments.append(None)
            elif "{" in segment:
                return segments, False
            else:
                segments.append(decoded(segment))
        return segments, True

    def match(self, path: str) -> dict[str, Any] | None:
        """See match.Pattern."""
        match = self._regex.fullmatch(path)
        if match is None:
            return None
        return {name: value_of(value) for name, value in match.groupdict().items()}

    def url_for(self, **parts: Any) -> URL:
        """The URL; each variable needs a value, which is turned into text and escaped."""
        if set(parts) != set(self._names):
            raise KeyError(
                f"{self.canonical} takes {', '.join(self._names)}; given: {', '.join(parts)}"
            )
        texts = iter(self._texts)
        path = quoted_path(next(texts)) + "".join(
            quoted(str(parts[name])) + quoted_path(text)
            for name, text in zip(self._names, texts, strict=True)
        )
        return URL.build(path=path, encoded=True)

    def __repr__(self) -> str:
        return f"<DynamicResource {self.name or ''} {self.canonical}>"


def awaitable_handler(handler: AnyHandler) -> Callable[[Any], Awaitable[Any]]:
    """`handler` as a coroutine function of the request alone; decided once, from its signature.

    Takes coroutine functions and plain ones, View classes, and functions of two required
    positional parameters, whose second is `request.match_info`. TypeError for anything else.
    """
    if not callable(handler):
        raise TypeError(f"a handler is a function or a View, not {handler!r}")
    if isinstance(handler, type):
        return _view(handler)
    call = handler
    if _takes_two(handler):

        def call(request: Any) -> Any:
            return handler(request, request.match_info)

    elif inspect.iscoroutinefunction(handler):
        return handler

    async def answer(request: Any) -> Any:
        response = call(request)
        if inspect.isawaitable(response):
            response = await response
        return response

    return answer


def _view(handler: type) -> Callable[[Any], Awaitable[Any]]:
    if not hasattr(handler, "__await__"):
        raise TypeError(f"a class as a handler must be a web.View, not {handler!r}")

    async def answer(request: BaseRequest) -> Any:
        return await handler(request)

    return answer


def _takes_two(handler: AnyHandler) -> bool:
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return False
    required = [
        each
        for each in parameters
        if each.default is each.empty
        and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    return len(required) == 2


def _checked_method(method: str) -> str:
    if _METHOD.fullmatch(method) is None:
        raise ValueError(f"{method!r} is not a method")
    return method.upper()
