"""ASGI applications, ours among them, asked by our client through TestClient (TST-02)."""

from typing import Any

import aiolos
import pytest
from aiolos import web
from aiolos_testing import TestClient, TestServer
from aiolos_testing.asgi import AsgiServable


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Echoes, on a WebSocket as well."""
    if scope["type"] == "websocket":
        assert (await receive())["type"] == "websocket.connect"
        if scope["path"] == "/closed":
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
        while (message := await receive())["type"] == "websocket.receive":
            if message.get("text") == "end":
                await send({"type": "websocket.close", "code": 4001, "reason": "as asked"})
            elif "text" in message:
                await send({"type": "websocket.send", "text": message["text"] + "!"})
            else:
                await send({"type": "websocket.send", "bytes": message["bytes"] * 2})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 201, "headers": []})
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            await send({"type": "http.response.body", "body": message["body"], "more_body": more})
    else:
        raise NotImplementedError


@pytest.fixture(params=["tcp", "memory"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_tst_02_a_client_of_an_asgi_application(transport: str) -> None:
    async with TestClient(application, transport=transport) as client:
        assert client.app is application
        async with client.post("/", data=b"x" * 300_000) as response:
            assert response.status == 201
            assert await response.read() == b"x" * 300_000


async def test_the_client_fixture_takes_one(aiolos_client: Any) -> None:
    client = await aiolos_client(application, headers={"A": "b"})
    async with client.post("/", data=b"body") as response:
        assert await response.read() == b"body"


async def test_its_websockets(transport: str) -> None:
    async with TestClient(application, transport=transport) as client:
        async with client.ws_connect("/", protocols=("chat",)) as ws:
            assert ws.protocol == "chat"
            await ws.send_str("one")
            assert await ws.receive_str() == "one!"
            await ws.send_bytes(b"two")
            assert await ws.receive_bytes() == b"twotwo"
            await ws.send_str("end")
            message = await ws.receive()
            assert (message.data, message.extra) == (4001, "as asked")
        with pytest.raises(aiolos.WSServerHandshakeError) as refused:
            await client.ws_connect("/closed")
        assert refused.value.status == 403


async def test_our_own_application_over_asgi(transport: str) -> None:
    events: list[str] = []

    async def hello(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path, "host": request.host})

    async def start(app: web.Application) -> None:
        events.append("start")

    app = web.Application()
    app.router.add_get("/{name}", hello)
    app.on_startup.append(start)
    server = TestServer(AsgiServable(app), transport=transport)
    async with TestClient(server) as client, client.get("/grün") as response:
        assert (await response.json())["path"] == "/grün"
    assert events == ["start"]
