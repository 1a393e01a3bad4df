"""aiohttp-asgi: an ASGI application answers below a path, beside routes of aiohttp."""

import pytest
from aiohttp import WSMsgType, web
from aiohttp_asgi import ASGIResource


async def echo(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": message["text"].upper()})
        await receive()
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    fields = dict(scope["headers"])
    await send(
        {
            "type": "http.response.start",
            "status": 201,
            "headers": [(b"x-path", scope["path"].encode()), (b"x-a", fields[b"x-a"])],
        }
    )
    await send({"type": "http.response.body", "body": scope["method"].encode() + b" " + body})


async def hello(request):
    return web.Response(text="hello")


@pytest.fixture
async def client(aiohttp_client):
    app = web.Application()
    app.router.add_get("/hello", hello)
    resource = ASGIResource(echo, root_path="/asgi")
    app.router.register_resource(resource)
    resource.lifespan_mount(app)
    return await aiohttp_client(app)


async def test_a_request_with_a_body(client):
    async with client.post("/asgi/a?b=c", data=b"body", headers={"X-A": "b"}) as response:
        assert response.status == 201
        assert response.headers["X-Path"] == "/asgi/a"
        assert response.headers["X-A"] == "b"
        assert await response.text() == "POST body"


async def test_routes_beside_it(client):
    async with client.get("/hello") as response:
        assert await response.text() == "hello"
    async with client.get("/nothing") as response:
        assert response.status == 404


async def test_a_websocket(client):
    async with client.ws_connect("/asgi/socket") as socket:
        await socket.send_str("hello")
        message = await socket.receive()
        assert (message.type, message.data) == (WSMsgType.TEXT, "HELLO")
