"""The examples of the guide of WebSockets: rooms in which people talk; the tests run every one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiolos
from aiolos import WSMsgType, web


# [serving]
async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(f"You said: {message.data}")
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        elif message.type is WSMsgType.ERROR:
            print("ended by", socket.exception())
    print("closed with", socket.close_code)
    return socket


# [asking]
async def say(session: aiolos.ClientSession, url: str, text: str) -> str:
    async with session.ws_connect(url, heartbeat=20) as socket:
        await socket.send_str(text)
        return await socket.receive_str(timeout=5)


# [rooms]
ROOM = web.AppKey("room", set[web.WebSocketResponse])


async def talk(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(heartbeat=20, max_msg_size=16 * 1024)
    await socket.prepare(request)
    room = request.app[ROOM]
    room.add(socket)
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                for slow in web.broadcast(room, message.data):
                    await slow.close(code=aiolos.WSCloseCode.TRY_AGAIN_LATER, drain=False)
    finally:
        room.discard(socket)
    return socket


# [listening]
class Echo:
    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket

    def message_received(self, payload: memoryview, kind: WSMsgType) -> None:
        self.socket.send_frame(payload, kind)


async def fast_echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.listen(Echo(socket))
    return socket


# [fragments]
async def store(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    size = 0
    async for piece in socket.receive_fragments():
        size += len(piece)
    await socket.send_str(f"{size} bytes")
    return socket


async def upload(session: aiolos.ClientSession, url: str, path: Path) -> str:
    async with session.ws_connect(url) as socket:
        await socket.send_fragments(pieces(path))
        return await socket.receive_str()


async def pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, 65_536):
            yield piece


# [guarded]
async def private(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=["rooms.v2"], origins=["https://rooms.example"])
    await socket.prepare(request)
    await socket.send_str(f"Hello in {socket.ws_protocol}")
    await socket.close()
    return socket


# [following]
async def follow(session: aiolos.ClientSession, url: str) -> AsyncIterator[str]:
    async for socket in session.ws_reconnecting(url, delay=0.5, max_delay=60, heartbeat=20):
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                yield message.data


# [application]
def application() -> web.Application:
    app = web.Application()
    app[ROOM] = set()
    app.router.add_get("/echo", echo)
    app.router.add_get("/talk", talk)
    app.router.add_get("/fast", fast_echo)
    app.router.add_get("/store", store)
    app.router.add_get("/private", private)
    return app
