"""What aiolos-server offers its siblings: aiolos_protocol.contracts.ServerComponent."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiolos_protocol.message import HttpVersion, HttpVersion11, RequestHead
from aiolos_protocol.streams import StreamReader
from multidict import CIMultiDict

from .abc import AbstractApplication
from .app import app_logger
from .request import Request
from .response import StreamResponse
from .routing.match import UrlMappingMatchInfo
from .routing.resources import PlainResource
from .routing.routes import ANY, ResourceRoute
from .runner import AppRunner
from .unconnected import Unconnected


class _Bare(AbstractApplication):
    """One handler for every path and method: no router, no middlewares."""

    def __init__(self, handler: Callable[..., Awaitable[Any]]) -> None:
        self.logger: logging.Logger = app_logger
        self._route = ResourceRoute(ANY, handler, PlainResource("/"))
        self._route.apps = (self,)

    @property
    def has_prepare_hooks(self) -> bool:
        return False

    def freeze(self) -> None:
        pass

    def resolve(self, head: RequestHead) -> UrlMappingMatchInfo:
        return UrlMappingMatchInfo({}, self._route)

    async def startup(self) -> None:
        pass

    async def shutdown(self, services: Sequence[Any] = ()) -> None:
        pass

    async def cleanup(self) -> None:
        pass

    def runner(self, **options: Any) -> AppRunner:
        return AppRunner(self, **options)


def from_handler(handler: Callable[..., Awaitable[Any]]) -> _Bare:
    """See ServerComponent."""
    return _Bare(handler)


def request(
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    match_info: Mapping[str, str] | None = None,
    app: Any = None,
    payload: bytes | StreamReader = b"",
    version: HttpVersion = HttpVersion11,
    keep_alive: bool = True,
    client_max_size: int = 1024**2,
    transport: asyncio.Transport | None = None,
) -> Request:
    """See ServerComponent."""
    fields = CIMultiDict(headers or {})
    head = RequestHead(
        method,
        path,
        version,
        headers=fields,
        length=-1 if isinstance(payload, StreamReader) else len(payload),
        chunked=isinstance(payload, StreamReader),
        keep_alive=keep_alive,
        authority=fields.get("Host"),
    )
    route = ResourceRoute(ANY, _never, PlainResource("/"))
    route.apps = (app,)
    bearer = Unconnected(head, payload, client_max_size, transport)
    return Request(head, bearer, UrlMappingMatchInfo(match_info or {}, route))


async def _never(request: Request) -> StreamResponse:
    raise RuntimeError("a mocked request has no handler")
