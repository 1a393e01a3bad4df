"""What aiolos-server offers its siblings: aiolos_protocol.contracts.ServerComponent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiolos_protocol.message import HttpVersion, HttpVersion11, RequestHead
from aiolos_protocol.streams import StreamReader
from multidict import CIMultiDict
from yarl import URL

from .bare import Bare
from .request import Request
from .response import StreamResponse
from .routing.match import UrlMappingMatchInfo
from .routing.resources import PlainResource
from .routing.routes import ANY, ResourceRoute
from .runner import AppRunner
from .unconnected import Unconnected


class _Servable(Bare):
    """To be served: see contracts.Servable."""

    def runner(self, **options: Any) -> AppRunner:
        return AppRunner(self, **options)


def from_handler(handler: Callable[..., Awaitable[Any]]) -> _Servable:
    """See ServerComponent."""
    return _Servable(handler)


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
    authority = fields.get("Host")
    if "://" in path:
        # As a link does it (RFC 9112 3.2.2).
        url = URL(path, encoded=True)
        authority, path = url.raw_authority, url.raw_path_qs
    length = len(payload) if isinstance(payload, (bytes, bytearray)) else -1
    announced = fields.get("Content-Length", "")
    if not length and announced.isdecimal():
        length = int(announced)
    head = RequestHead(
        method,
        path,
        version,
        headers=fields,
        length=length,
        chunked=length < 0,
        keep_alive=keep_alive,
        authority=authority,
    )
    route = ResourceRoute(ANY, _never, PlainResource("/"))
    route.apps = (app,)
    bearer = Unconnected(head, payload, client_max_size, transport)
    return Request(head, bearer, UrlMappingMatchInfo(match_info or {}, route))


async def _never(request: Request) -> StreamResponse:
    raise RuntimeError("a mocked request has no handler")
