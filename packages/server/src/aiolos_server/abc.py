"""What a runner knows of an application, and a server of a route's match."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aiolos_protocol.message import RequestHead


class AbstractMatchInfo(ABC):
    """What answers one request."""

    handler: Callable[[Any], Awaitable[Any]]
    """What answers, as it was registered: a function, or a View's class."""

    expect_handler: Callable[[Any], Awaitable[Any]]
    """Called first where the request expects 100-continue; a response that it gives is the answer,
    None calls the handler."""

    apps: tuple[Any, ...]
    """The applications on the way to the route, outermost first."""

    route: Any

    http_exception: Exception | None
    """Why nobody answers, where nobody does."""

    shared: bool
    """True for one of AbstractApplication.matches."""

    @property
    def chain(self) -> Callable[[Any], Awaitable[Any]]:
        """Takes the request; middlewares included."""
        return self.handler

    @abstractmethod
    def own(self) -> Any:
        """A copy that is not shared."""


class AbstractView(ABC):
    """A handler as a class: made with the request, then awaited for the response."""

    def __init__(self, request: Any) -> None:
        self._request = request

    @property
    def request(self) -> Any:
        """The request."""
        return self._request

    @abstractmethod
    def __await__(self) -> Generator[Any, Any, Any]:
        """The response."""


class AbstractApplication(ABC):
    """An application as a runner drives it: freeze, startup, resolve..., shutdown, cleanup."""

    logger: logging.Logger

    matches: "Mapping[str, Mapping[str, Any]]" = MappingProxyType({})
    """By target and method what resolve() need not be asked for, once frozen; every request gets
    the same object, and Request.match_info a copy of it (AbstractMatchInfo.own)."""

    serving_options: "Mapping[str, Any]" = MappingProxyType({})
    """Options of its servers, as far as a runner is not told others."""

    handler_args: "Mapping[str, Any]" = MappingProxyType({})
    """Options that outrank a runner's own."""

    @property
    @abstractmethod
    def has_prepare_hooks(self) -> bool:
        """Whether anything is to run before a response's head is sent."""

    @abstractmethod
    def freeze(self) -> None:
        """No further changes; may be repeated."""

    @abstractmethod
    def resolve(self, head: RequestHead) -> Any:
        """Who answers: a MatchInfo, also for 404 and 405. Must not raise."""

    def listed(self) -> "Iterable[tuple[str, str, str]]":
        """The routes, for people: method, path and handler of each."""
        return ()

    @abstractmethod
    async def startup(self) -> None:
        """Before the first request."""

    @abstractmethod
    async def shutdown(self, services: Sequence[Any] = ()) -> None:
        """While connections are being closed; `services` are the sites that were stopped."""

    @abstractmethod
    async def cleanup(self) -> None:
        """After the last request, or behind a start-up that failed."""
