"""What may be replaced by a class of one's own."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import Any

from aiolos_client.abc import (
    AbstractCookieJar,
    AbstractResolver,
    ResolveResult,
)
from aiolos_server.abc import (
    AbstractMatchInfo,
    AbstractView,
)
from aiolos_server.access_log import (
    AbstractAccessLogger,
)
from aiolos_server.routing.table import UrlDispatcher


class AbstractRouter(ABC):
    """What finds out who answers a request; UrlDispatcher is one."""

    @abstractmethod
    async def resolve(self, request: Any) -> AbstractMatchInfo:
        """Who answers, also for 404 and 405."""


AbstractRouter.register(UrlDispatcher)


class AbstractStreamWriter(ABC):
    """Where a Payload writes itself to."""

    @abstractmethod
    def write(self, chunk: bytes | bytearray | memoryview) -> Awaitable[Any]:
        """Take a piece of the body; awaiting waits for room."""

    @abstractmethod
    async def write_eof(self, chunk: bytes = b"") -> None:
        """Take the last piece."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait for room."""


__all__ = [
    "AbstractAccessLogger",
    "AbstractCookieJar",
    "AbstractMatchInfo",
    "AbstractResolver",
    "AbstractRouter",
    "AbstractStreamWriter",
    "AbstractView",
    "ResolveResult",
]
