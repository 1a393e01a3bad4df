"""What a runner knows of an application, and a server of a route's match."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from aiolos_protocol.message import RequestHead


class AbstractMatchInfo(ABC):
    """What answers one request."""

    handler: Callable[[Any], Awaitable[Any]]
    """Takes the request; middlewares included."""

    expect_handler: Callable[[Any], Awaitable[Any]]
    """Called first where the request expects 100-continue."""

    apps: tuple[Any, ...]
    """The applications on the way to the route, outermost first."""

    route: Any


class AbstractApplication(ABC):
    """An application as a runner drives it: freeze, startup, resolve..., shutdown, cleanup."""

    logger: logging.Logger

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

    @abstractmethod
    async def startup(self) -> None:
        """Before the first request."""

    @abstractmethod
    async def shutdown(self) -> None:
        """While connections are being closed."""

    @abstractmethod
    async def cleanup(self) -> None:
        """After the last request."""
