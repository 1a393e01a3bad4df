"""An application of one handler."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiolos_protocol.message import RequestHead

from .abc import AbstractApplication
from .routing.match import UrlMappingMatchInfo
from .routing.resources import PlainResource
from .routing.routes import ANY, ResourceRoute


class Bare(AbstractApplication):
    """One handler for every path and method: no router, no middlewares."""

    def __init__(self, handler: Callable[..., Awaitable[Any]]) -> None:
        self.logger = logging.getLogger("aiolos.web")
        self._route = ResourceRoute(ANY, handler, PlainResource("/"))
        self._route.apps = (self,)

    @property
    def has_prepare_hooks(self) -> bool:
        """See AbstractApplication."""
        return False

    def freeze(self) -> None:
        """See AbstractApplication."""

    def resolve(self, head: RequestHead) -> UrlMappingMatchInfo:
        """See AbstractApplication."""
        return UrlMappingMatchInfo({}, self._route)

    async def startup(self) -> None:
        """See AbstractApplication."""

    async def shutdown(self, services: Sequence[Any] = ()) -> None:
        """See AbstractApplication."""

    async def cleanup(self) -> None:
        """See AbstractApplication."""
