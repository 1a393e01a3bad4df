"""Routes: a method and its handler."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

from aiolos_protocol.errors import ProtocolError
from aiolos_protocol.grammar import TOKEN
from aiolos_protocol.message import HttpVersion11, ResponseHead
from yarl import URL

from ..errors import HTTPException, HTTPExpectationFailed
from ..request import Request
from ..typedefs import AnyHandler
from .abc import AbstractResource, Chain, Wrap
from .handlers import awaitable_handler

ANY: Final = "*"

# RFC 9110 9.1:  method = token

ExpectHandler = Callable[[Request], Awaitable[Any]]


async def default_expect_handler(request: Request) -> None:
    """Send `100 Continue` (RFC 9110 10.1.1)."""
    if request.version >= HttpVersion11:
        try:
            request.exchange.send_head(ResponseHead(100))
        except ProtocolError as error:
            raise HTTPExpectationFailed(text=f"417: {error.message}") from error


class AbstractRoute(ABC):
    """A method (or ANY) and its handler.

    `apps` and `chain`, the handler inside its middlewares, are bound when the application is
    frozen.
    """

    apps: tuple[Any, ...] = ()

    def __init__(
        self,
        method: str,
        handler: AnyHandler,
        *,
        expect_handler: ExpectHandler | None = None,
        resource: AbstractResource | None = None,
    ) -> None:
        if expect_handler is not None and not inspect.iscoroutinefunction(expect_handler):
            raise TypeError(f"expect_handler must be a coroutine function, not {expect_handler!r}")
        self._method = _checked_method(method)
        self._handler = handler
        self._call = awaitable_handler(handler)
        self.expect_handler: ExpectHandler = expect_handler or default_expect_handler
        self._resource = resource
        self.chain: Chain = self._call

    @property
    def method(self) -> str:
        """The method; "*" for any."""
        return self._method

    @property
    def handler(self) -> AnyHandler:
        """What was registered."""
        return self._handler

    @property
    def resource(self) -> AbstractResource | None:
        """The resource that it belongs to, if any."""
        return self._resource

    @property
    @abstractmethod
    def name(self) -> str | None:
        """The resource's name."""

    @abstractmethod
    def get_info(self) -> dict[str, Any]:
        """What describes the path."""

    @abstractmethod
    def url_for(self, *args: Any, **parts: Any) -> URL:
        """The resource's URL."""

    async def handle_expect_header(self, request: Request) -> Any:
        """Answer `Expect: 100-continue`."""
        return await self.expect_handler(request)

    def bind(self, wrap: Wrap) -> None:
        """Put the middlewares of the applications that lead here around the handler."""
        self.apps = wrap.apps
        self.chain = wrap(self._call)

    def __repr__(self) -> str:
        handler = getattr(self._handler, "__qualname__", self._handler)
        return f"<{type(self).__name__} [{self._method}] {self._resource!r} -> {handler}>"


class ResourceRoute(AbstractRoute):
    """A route of a resource."""

    _resource: AbstractResource

    def __init__(
        self,
        method: str,
        handler: AnyHandler,
        resource: AbstractResource,
        *,
        expect_handler: ExpectHandler | None = None,
    ) -> None:
        super().__init__(method, handler, expect_handler=expect_handler, resource=resource)

    @property
    def name(self) -> str | None:
        """The resource's name."""
        return self._resource.name

    def get_info(self) -> dict[str, Any]:
        """See AbstractResource.get_info()."""
        return self._resource.get_info()

    def url_for(self, *args: Any, **parts: Any) -> URL:
        """The resource's URL."""
        return self._resource.url_for(*args, **parts)


async def _without_continue(request: Request) -> None:
    """RFC 9110 10.1.1: a final status may take the place of 100, and spares the body."""


class SystemRoute(AbstractRoute):
    """What answers where no route matches: it raises `http_exception`."""

    def __init__(
        self, http_exception: Exception, apps: tuple[Any, ...] = (), chain: Chain | None = None
    ) -> None:
        """`chain` is refuse() inside the middlewares of `apps`."""
        self.http_exception = http_exception
        self.expect_handler = _without_continue
        self._method = ANY
        self._handler = self._call = refuse
        self._resource = None
        self.apps = apps
        self.chain = chain or refuse

    @property
    def handler(self) -> AnyHandler:
        """A coroutine function that raises the exception, whatever it is called with."""
        return self._refuse

    async def _refuse(self, request: Any) -> NoReturn:
        raise self.http_exception

    @property
    def name(self) -> str | None:
        """None."""
        return None

    @property
    def status(self) -> int:
        """404 or 405; 500 where finding a route has failed."""
        error = self.http_exception
        return error.status if isinstance(error, HTTPException) else 500

    @property
    def reason(self) -> str:
        """Its phrase."""
        error = self.http_exception
        return error.reason if isinstance(error, HTTPException) else "Internal Server Error"

    def get_info(self) -> dict[str, Any]:
        """The exception."""
        return {"http_exception": self.http_exception}

    def url_for(self, *args: Any, **parts: Any) -> NoReturn:
        """RuntimeError: it has no path."""
        raise RuntimeError("where no route matched there is no URL to build")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status}: {self.reason}>"


async def refuse(request: Request) -> NoReturn:
    """The handler where no route matches."""
    raise request.match_info.http_exception


def _checked_method(method: str) -> str:
    if TOKEN.fullmatch(method) is None:
        raise ValueError(f"{method!r} is not a method (RFC 9110 9.1)")
    return method.upper()
