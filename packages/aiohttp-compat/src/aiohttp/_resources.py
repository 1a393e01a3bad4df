"""AbstractResource as the original has it: `resolve(request)` says who answers."""

from abc import ABCMeta, abstractmethod
from collections.abc import Collection
from typing import Any

import aiolos.web
from aiolos_protocol.message import RequestHead
from aiolos_server.errors import HTTPNotFound
from aiolos_server.request import Request
from aiolos_server.routing.match import MatchInfoError
from aiolos_server.routing.routes import SystemRoute
from aiolos_server.unconnected import Unconnected

__all__ = ["AbstractResource"]


class _Resources(ABCMeta):
    """Every resource of aiolos counts as one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls.__mro__[1] is aiolos.web.AbstractResource:
            return aiolos.web.AbstractResource in subclass.__mro__
        return super().__subclasscheck__(subclass)


class AbstractResource(aiolos.web.AbstractResource, metaclass=_Resources):
    """A resource of one's own, asked for the paths below its `canonical` path, as far as that has
    no variables.

    `resolve(request)` must not wait for anything. The request has no body yet, and no connection.
    """

    _wrap: Any = None

    @abstractmethod
    async def resolve(self, request: Request) -> tuple[Any, Any]:
        """A match and all methods; or None, and the methods that there are instead."""

    def ways(self) -> list[tuple[list[str], bool]]:
        """See AbstractResource of aiolos."""
        path = self.canonical
        if "{" in path:
            path = path.partition("{")[0].rpartition("/")[0]
        return [(path.rstrip("/").split("/"), False)]

    def find(self, head: RequestHead, path: str, segments: list[str]) -> Any:
        """See AbstractResource of aiolos."""
        nobody = MatchInfoError(None, SystemRoute(HTTPNotFound()))
        waiting = self.resolve(Request(head, Unconnected(head, b"", 0, None), nobody))
        found: tuple[Any, Collection[str]]
        try:
            waiting.send(None)
        except StopIteration as stop:
            found = stop.value
        else:
            waiting.close()
            raise RuntimeError(f"{type(self).__name__}.resolve() waits: the router cannot")
        match_info, _ = found
        if match_info is not None and self._wrap is not None and not match_info.route.apps:
            # A route that was made for this request.
            match_info.route.bind(self._wrap)
            match_info.chain = match_info.route.chain
        return found

    def bind(self, wrap: Any) -> None:
        """See AbstractResource of aiolos."""
        self._wrap = wrap
        for route in self:
            route.bind(wrap)
