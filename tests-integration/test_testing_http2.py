"""The testing tools over HTTP/2: the same application and client, with and without sockets."""

import asyncio

import pytest
from aiolos import web
from aiolos.test_utils import TestClient
from aiolos_testing import FakeServer
from aiolos_testing.faults import GoAway, RefusedStream


async def version(request):
    return web.Response(text="HTTP/{}.{}".format(*request.version))


async def echo(request):
    response = web.StreamResponse()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    return response


async def socket(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"{request.version.major}: {message.data}")
    return socket


def application():
    app = web.Application()
    app.router.add_get("/", version)
    app.router.add_post("/echo", echo)
    app.router.add_get("/socket", socket)
    return app


@pytest.fixture(params=["memory", "tcp"])
async def client(request):
    async with TestClient(
        application(), transport=request.param, http2="prior-knowledge"
    ) as client:
        yield client


async def test_requests_share_a_connection(client):
    async def get():
        async with client.get("/") as response:
            return response.version, await response.text()

    answers = await asyncio.gather(*(get() for _ in range(20)))
    assert answers == [((2, 0), "HTTP/2.0")] * 20
    assert client.session.connector.open_connections == 1


async def test_bodies_in_both_directions(client):
    body = bytes(range(256)) * 2000
    async with client.post("/echo", data=body) as response:
        assert await response.read() == body


async def test_websockets(client):
    for _ in range(2):
        async with client.ws_connect("/socket") as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "2: hello"
    assert client.session.connector.open_connections == 1


@pytest.mark.parametrize("fault", [GoAway(), RefusedStream()])
async def test_what_a_fault_refuses_is_asked_again(fault):
    async with TestClient(
        application(),
        transport="memory",
        http2="prior-knowledge",
        server_options={"faults": [fault]},
    ) as client:
        async with client.post("/echo", data=b"hello") as response:
            assert await response.text() == "hello"


async def test_a_fake_server_over_tls():
    async with FakeServer() as fake:
        fake.get("https://api.example.com/users").answer(json=[1, 2])
        async with fake.session() as session, session.get("https://api.example.com/users") as got:
            assert got.version == (2, 0)
            assert await got.json() == [1, 2]
