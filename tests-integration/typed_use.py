"""What `nox -s types` checks: right calls have precise types, and wrong ones are caught.

Each `type: ignore` below is an error that the checker must find; where it finds none, the ignore
itself is the error (warn_unused_ignores).
"""

from typing import assert_type

import aiolos
from aiolos import web
from aiolos.test_utils import ClientFactory, TestClient, TestServer

COUNT = web.AppKey("COUNT", int)


async def handler(request: web.Request) -> web.Response:
    """A handler, as most are."""
    assert_type(request.method, str)
    assert_type(await request.read(), bytes)
    assert_type(await request.text(), str)
    assert_type(request.app, web.Application)
    assert_type(request.app[COUNT], int)
    return web.Response(text="yes", status=200)


def application() -> web.Application:
    """Routes and shared values."""
    app = web.Application()
    app[COUNT] = 1
    app[COUNT] = "one"  # type: ignore[misc]
    app.router.add_get("/", handler)
    app.add_routes([web.get("/a", handler), web.post("/b", handler)])
    web.Response(text=b"bytes")  # type: ignore[arg-type]
    web.Response(status="200")  # type: ignore[arg-type]
    return app


async def fetch(session: aiolos.ClientSession) -> str:
    """A request, as most are."""
    async with session.get("http://example.org/", params={"a": "b"}) as response:
        assert_type(response, aiolos.ClientResponse)
        assert_type(response.status, int)
        assert_type(await response.read(), bytes)
        return await response.text()


async def talk(session: aiolos.ClientSession) -> None:
    """A WebSocket."""
    async with session.ws_connect("http://example.org/") as socket:
        assert_type(socket, aiolos.ClientWebSocketResponse)
        await socket.send_str("hello")
        await socket.send_str(b"hello")  # type: ignore[arg-type]
        async for message in socket:
            if message.type is aiolos.WSMsgType.TEXT:
                assert_type(message.data, str)


async def test(app: web.Application) -> None:
    """A test, as most are."""
    async with TestClient(TestServer(app)) as client:
        async with client.get("/") as response:
            assert_type(response, aiolos.ClientResponse)
        assert_type(await client.post("/"), aiolos.ClientResponse)
        async with client.ws_connect("/") as socket:
            assert_type(socket, aiolos.ClientWebSocketResponse)
    TestClient("http://example.org/")  # type: ignore[arg-type]
    TestServer(test)  # type: ignore[arg-type]


async def test_by_fixture(aiolos_client: ClientFactory, app: web.Application) -> None:
    """A test by the fixture."""
    client = await aiolos_client(app)
    async with client.get("/") as response:
        assert_type(response, aiolos.ClientResponse)


LINES = web.AppKey("LINES", list[str])
VISITS = web.RequestKey("VISITS", int)
REMARK = web.ResponseKey("REMARK", str)


async def keyed(request: web.Request) -> web.Response:
    """What applications, requests and responses carry, under typed keys."""
    assert_type(request.config_dict[LINES], list[str])
    request[VISITS] = 1
    request[VISITS] = "one"  # type: ignore[misc]
    assert_type(request[VISITS], int)
    response = web.Response()
    response[REMARK] = "note"
    assert_type(response[REMARK], str)
    return response
