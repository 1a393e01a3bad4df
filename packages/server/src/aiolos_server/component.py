"""What aiolos-server offers its siblings: aiolos_protocol.contracts.ServerComponent."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.message import RequestHead
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


class _Unconnected:
    """Bearer, link and exchange of a request that no connection carries."""

    transport = None
    client_max_size = 0
    limits = DEFAULT_LIMITS
    auto_decompress = True
    response_begun = False

    def __init__(self, head: RequestHead, payload: bytes) -> None:
        self.head = head
        self.body = StreamReader()
        self.body.feed_data(payload)
        self.body.feed_eof()

    @property
    def link(self) -> Any:
        return self

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def exchange(self, head: RequestHead) -> Any:
        return self

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    async def preparing(self, request: Any, response: StreamResponse) -> None:
        pass

    def on_farewell(self, farewell: Callable[[], None] | None) -> None:
        pass

    async def disconnected(self) -> None:
        pass

    def on_end(self, callback: Callable[[], None]) -> None:
        pass

    def exceeded(self, limit: str, value: int) -> None:
        pass


def request(
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    match_info: Mapping[str, str] | None = None,
    app: Any = None,
    payload: bytes = b"",
) -> Request:
    """See ServerComponent."""
    fields = CIMultiDict(headers or {})
    head = RequestHead(
        method, path, headers=fields, length=len(payload), authority=fields.get("Host")
    )
    route = ResourceRoute(ANY, _never, PlainResource("/"))
    route.apps = (app,)
    found = UrlMappingMatchInfo(match_info or {}, route)
    return Request(head, _Unconnected(head, payload), found)


async def _never(request: Request) -> StreamResponse:
    raise RuntimeError("a mocked request has no handler")
