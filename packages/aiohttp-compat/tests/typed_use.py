"""What `nox -s types` checks of the name aiohttp: programs and libraries that are typed stay so.

Each `type: ignore` below is an error that the checker must find.
"""

from typing import assert_type

import aiohttp
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    FormData,
    MultipartWriter,
    Payload,
    StreamReader,
    TCPConnector,
    TraceConfig,
    WSMsgType,
    hdrs,
    web,
)
from aiohttp.abc import AbstractAccessLogger, AbstractResolver
from aiohttp.client_exceptions import ClientConnectorError
from aiohttp.helpers import BasicAuth
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler, StrOrURL
from aiohttp.web import Application, HTTPNotFound, Request, Response, StreamResponse
from aiohttp.web_exceptions import HTTPException
from aiohttp.web_request import BaseRequest

COUNT = web.AppKey("COUNT", int)

BASES: tuple[type, ...] = (
    AbstractAccessLogger,
    AbstractResolver,
    BaseRequest,
    ClientConnectorError,
    FormData,
    HTTPException,
    MultipartWriter,
    Payload,
    StreamReader,
    StreamResponse,
    TraceConfig,
)


@web.middleware
async def middleware(request: Request, handler: Handler) -> StreamResponse:
    """A middleware, as most are."""
    return await handler(request)


async def handler(request: web.Request) -> web.Response:
    """A handler, as most are."""
    assert_type(request.method, str)
    assert_type(await request.text(), str)
    if not request.headers.get(hdrs.ACCEPT):
        raise HTTPNotFound
    return web.json_response({"n": request.app[COUNT]})


def application() -> Application:
    """Routes and shared values."""
    app = web.Application(middlewares=[middleware])
    app[COUNT] = 1
    app.router.add_get("/", handler)
    app.add_routes([web.get("/a", handler)])
    Response(text=b"bytes")  # type: ignore[arg-type]
    return app


async def fetch(session: ClientSession, url: StrOrURL) -> str:
    """A request, as most are."""
    timeout: aiohttp.ClientTimeout = ClientTimeout(total=3)
    try:
        async with session.get(url, timeout=timeout, auth=BasicAuth("a", "b")) as response:
            kept: ClientResponse = response
            assert_type(kept.status, int)
            return await kept.text()
    except (ClientError, TimeoutError):
        return ""


async def talk(session: ClientSession) -> None:
    """A WebSocket."""
    async with session.ws_connect("http://example.org/") as socket:
        kept: ClientWebSocketResponse = socket
        await kept.send_str(b"hello")  # type: ignore[arg-type]
        async for message in kept:
            if message.type is WSMsgType.TEXT:
                assert_type(message.data, str)


async def test(app: web.Application) -> None:
    """A test, as most are."""
    async with (
        ClientSession(connector=TCPConnector(limit=5)),
        TestClient(TestServer(app)) as client,
    ):
        async with client.get("/") as response:
            assert_type(await response.text(), str)


def main() -> None:
    """A program."""
    web.run_app(application(), port=8080)
