"""Time-outs of client, server and WebSockets, without waiting for them."""

import asyncio
from typing import Any

import aiolos
import pytest
from aiolos import web
from aiolos_testing import RawTestServer, TestClient, VirtualClock
from aiolos_testing.fake import FakeServer
from aiolos_testing.faults import Delay, StallAfter


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


@pytest.fixture(params=["tcp", "memory"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_a_clients_total_timeout(virtual_clock: VirtualClock, transport: str) -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(1000)
        raise AssertionError

    async with TestClient(RawTestServer(slow, transport=transport)) as client:
        with pytest.raises(TimeoutError):
            await client.get("/", timeout=aiolos.ClientTimeout(total=300))
        assert virtual_clock.elapsed == pytest.approx(300, abs=1)


async def test_a_server_closes_an_idle_connection(
    virtual_clock: VirtualClock, transport: str
) -> None:
    server = RawTestServer(hello, transport=transport, keepalive_timeout=75)
    connector = aiolos.TCPConnector(keepalive_timeout=10_000)
    async with TestClient(server, connector=connector) as client:
        async with client.get("/") as response:
            await response.read()
        assert connector.open_connections == 1
        await virtual_clock.advance(74)
        assert connector.open_connections == 1
        await virtual_clock.advance(2)
        assert connector.open_connections == 0


async def test_a_client_closes_an_idle_connection(
    virtual_clock: VirtualClock, transport: str
) -> None:
    connector = aiolos.TCPConnector(keepalive_timeout=15)
    server = RawTestServer(hello, transport=transport)
    async with TestClient(server, connector=connector) as client:
        async with client.get("/") as response:
            await response.read()
        await virtual_clock.advance(14)
        assert connector.open_connections == 1
        await virtual_clock.advance(2)
        assert connector.open_connections == 0


async def test_an_hour_of_an_upstream_that_answers_late(virtual_clock: VirtualClock) -> None:
    async with FakeServer(transport="memory", faults=[Delay(3600)]) as fake:
        fake.get("http://a/").answer(text="late")
        session = fake.session(timeout=aiolos.ClientTimeout(total=4000))
        async with session.get("http://a/") as response:
            assert await response.text() == "late"
        assert virtual_clock.elapsed == pytest.approx(3600, abs=1)


async def test_a_heartbeat_that_nobody_answers(virtual_clock: VirtualClock) -> None:
    async def silent(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        await asyncio.sleep(10_000)
        return ws

    server = RawTestServer(silent, transport="memory", faults=[StallAfter(200)])
    async with TestClient(server) as client:
        ws = await client.ws_connect("/", heartbeat=30)
        message = await ws.receive()
        assert message.type is aiolos.WSMsgType.ERROR
        assert isinstance(ws.exception(), aiolos.ServerTimeoutError)
        # A ping after 30 s of silence, and half as long for its answer.
        assert 45 <= virtual_clock.elapsed < 46
