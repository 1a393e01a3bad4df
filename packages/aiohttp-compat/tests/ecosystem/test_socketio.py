"""python-socketio and python-engineio: events both ways, by polling, by WebSocket, and upgraded."""

import asyncio

import engineio
import pytest
import socketio
from aiohttp import web

# A client that polls is told the end only when its last question runs out.
BRISK = {"ping_interval": 0.5, "ping_timeout": 0.5}
TRANSPORTS = [["polling"], ["websocket"], ["polling", "websocket"]]


@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
async def test_engineio_sends_messages_both_ways(aiohttp_server, transports):
    service = engineio.AsyncServer(async_mode="aiohttp", **BRISK)
    left = asyncio.Event()

    @service.on("message")
    async def on_message(sid, data):
        await service.send(sid, data[::-1])

    @service.on("disconnect")
    def on_disconnect(sid, reason):
        left.set()

    app = web.Application()
    service.attach(app)
    server = await aiohttp_server(app)
    client = engineio.AsyncClient()
    answers = asyncio.Queue()
    client.on("message", answers.put)
    await client.connect(str(server.make_url("/")), transports=transports)
    assert client.transport() == transports[-1]
    # The last one is long, but in one piece: a poll's body is read once, whatever has come of it.
    for message, answer in (
        ("hello", "olleh"),
        (b"\x01\x02", b"\x02\x01"),
        ("x" * 50000, "x" * 50000),
    ):
        await client.send(message)
        assert await asyncio.wait_for(answers.get(), 10) == answer
    await client.disconnect()
    await asyncio.wait_for(left.wait(), 10)
    await service.shutdown()


@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
async def test_socketio_calls_emits_and_rooms(aiohttp_server, transports):
    service = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*", **BRISK)

    @service.event
    async def connect(sid, environ, auth):
        if auth != {"token": "right"}:
            raise socketio.exceptions.ConnectionRefusedError("wrong token")
        assert isinstance(environ["aiohttp.request"], web.Request)
        await service.enter_room(sid, "all")

    @service.event
    async def add(sid, data):
        await service.emit("added", {"sum": sum(data)}, room="all")
        return "thanks"

    app = web.Application()
    service.attach(app)
    server = await aiohttp_server(app)
    url = str(server.make_url("/"))
    async with socketio.AsyncSimpleClient() as one, socketio.AsyncSimpleClient() as two:
        for client in (one, two):
            await client.connect(url, auth={"token": "right"}, transports=transports)
        assert await one.call("add", [1, 2, 3], timeout=10) == "thanks"
        for client in (one, two):
            assert await client.receive(timeout=10) == ["added", {"sum": 6}]
    async with socketio.AsyncSimpleClient() as stranger:
        with pytest.raises(socketio.exceptions.ConnectionError):
            await stranger.connect(url, auth={}, transports=transports)
    await service.shutdown()
