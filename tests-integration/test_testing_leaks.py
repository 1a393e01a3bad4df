"""Sessions, responses and handlers that a test leaves behind."""

import gc
import time
from typing import Any

import aiolos
import pytest
import uvloop
from aiolos import web
from aiolos_server.component import from_handler
from aiolos_testing import Blocked, BlockingCheck, RawTestServer, TestClient, TestServer
from aiolos_testing.leaks import LeakCheck, Leaked


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello" * 100_000)


async def test_a_test_in_order_leaves_nothing(no_leaks: None, aiolos_raw_server: Any) -> None:
    server = await aiolos_raw_server(hello)
    async with aiolos.ClientSession() as session, session.get(server.make_url("/")) as response:
        assert response.status == 200


async def test_an_open_session_is_named() -> None:
    check = LeakCheck()
    session = aiolos.ClientSession()
    with pytest.raises(Leaked, match="<ClientSession .*> is open; use async with, or close it"):
        await check.check()
    await session.close()
    await check.check()


async def test_an_open_connector_of_ones_own_class_is_named() -> None:
    class Own(aiolos.TCPConnector):
        pass

    check = LeakCheck()
    connector = Own()
    with pytest.raises(Leaked, match="Own.* is open"):
        await check.check()
    await connector.close()
    await check.check()


async def test_an_open_response_is_named() -> None:
    async with TestClient(RawTestServer(hello)) as client:
        check = LeakCheck()
        response = await client.get("/")
        with pytest.raises(Leaked, match="<ClientResponse"):
            await check.check()
        await response.read()
    await check.check()


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"beginning")
    await request.wait_for_disconnect()
    return response


async def test_a_response_whose_session_was_closed_is_named() -> None:
    async with TestServer(from_handler(endless), transport="memory") as server:
        session = aiolos.ClientSession(server.make_url("/"))
        session.connector.connect_by = server.connect
        check = LeakCheck()
        forgotten = await session.get("/")
        seen = await session.get("/")
        async with session.get("/") as left:
            pass
        await session.close()
        with pytest.raises(aiolos.ClientPayloadError):
            async for _ in seen.content.iter_any():
                pass
        with pytest.raises(Leaked, match="<ClientResponse") as caught:
            await check.check()
        assert str(caught.value).count("ClientResponse") == 1
        assert left.closed
        forgotten.release()


async def test_such_a_response_is_told_where_it_is_collected() -> None:
    async with TestServer(from_handler(endless), transport="memory") as server:
        session = aiolos.ClientSession(server.make_url("/"))
        session.connector.connect_by = server.connect
        response = await session.get("/")
        await session.close()
        with pytest.warns(ResourceWarning, match="unreleased <ClientResponse"):
            del response
            gc.collect()


def test_an_open_transport_of_uvloop_is_named() -> None:
    async def main() -> None:
        async with TestClient(RawTestServer(hello)) as client:
            check = LeakCheck()
            response = await client.get("/")
            with pytest.raises(Leaked, match="a transport is open: <TCPTransport"):
                await check.check()
            await response.read()

    uvloop.run(main())


def block() -> None:
    time.sleep(0)


async def test_a_handler_that_blocks_is_found() -> None:
    async def handler(request: web.Request) -> web.Response:
        block()
        return web.Response()

    async def ask() -> None:
        async with TestClient(RawTestServer(handler, transport="memory")) as client:
            await client.get("/")

    wanted = r"time\.sleep\n  at .* in block: time\.sleep\(0\)\n  at .* in handler: block\(\)\n[^ ]"
    with pytest.raises(Blocked, match=wanted):
        with BlockingCheck():
            await ask()
