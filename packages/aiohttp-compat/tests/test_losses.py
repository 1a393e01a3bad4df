"""A handler whose peer is gone gets what the original raises there."""

import asyncio
import socket
import struct

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def seen_by(handler):
    """What `handler` returns once its peer has sent a request, got a head, and gone."""
    done = asyncio.get_running_loop().create_future()

    async def seeing(request):
        try:
            done.set_result(await handler(request))
        except BaseException as error:
            done.set_exception(error)
        return web.Response()

    app = web.Application()
    app.router.add_get("/", seeing)
    server = TestServer(app)
    await server.start_server(handler_cancellation=False)
    async with server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.write(GET)
        await reader.read(10)
        writer.transport.abort()
        async with asyncio.timeout(10):
            return await done


async def error_of(awaitable):
    with pytest.raises(aiohttp.ClientConnectionResetError) as caught:
        await awaitable
    error = caught.value
    assert isinstance(error, aiohttp.ClientError)
    assert isinstance(error, ConnectionResetError)
    return error


@pytest.mark.parametrize("coded", [False, True])
async def test_what_is_written_to_a_peer_that_is_gone(coded):
    async def handler(request):
        response = web.StreamResponse()
        if coded:
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        await response.write(b"x")
        await request.wait_for_disconnect()
        # Pieces that a coding cannot make small.
        piece = b"x" if not coded else bytes(range(256)) * 64

        async def stream():
            while True:
                await response.write(piece)

        if not coded:
            await error_of(response.write(b"x"))
            await error_of(response.write(bytearray(b"x")))
        await error_of(stream())
        await error_of(response.drain())
        return await error_of(response.write_eof())

    assert await seen_by(handler)


@pytest.mark.parametrize("kind", [bytes, bytearray])
async def test_who_waits_for_room_while_the_peer_goes(kind):
    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)

        async def stream():
            for _ in range(200):
                await response.write(kind(1_000_000))

        await error_of(stream())
        return True

    assert await seen_by(handler)


async def test_a_head_for_a_peer_that_is_gone():
    async def handler(request):
        first = web.StreamResponse()
        request.transport.abort()
        await request.wait_for_disconnect()
        return await error_of(first.prepare(request))

    assert await seen_by(handler)


async def test_events_for_a_peer_that_is_gone():
    async def handler(request):
        stream = web.EventStream()
        await stream.prepare(request)
        await stream.send("x")
        await request.wait_for_disconnect()
        return await error_of(stream.send("x"))

    assert await seen_by(handler)


async def test_messages_for_a_peer_that_is_gone():
    seen = asyncio.get_running_loop().create_future()

    async def handler(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for _ in ws:
            pass
        for awaitable in (ws.send_str("x"), ws.send_bytes(b"x"), ws.send_json(1), ws.ping()):
            await error_of(awaitable)
        seen.set_result(True)
        return ws

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        async with session.ws_connect(server.make_url("/")) as ws:
            await ws.send_str("x")
        async with asyncio.timeout(10):
            assert await seen
