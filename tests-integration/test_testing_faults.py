"""Faults between our client and our server, over sockets and in memory."""

import asyncio
from typing import Any

import aiolos
import pytest
from aiolos import web
from aiolos_testing import RawTestServer, TestClient
from aiolos_testing.faults import (
    BadChunk,
    ByteByByte,
    CutAfter,
    Delay,
    Refuse,
    ResetAfter,
    StallAfter,
    TLSFailure,
    WrongLength,
    inject,
)


@pytest.fixture(params=["tcp", "memory"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


async def whole(request: web.Request) -> web.Response:
    return web.Response(text="0123456789")


async def chunked(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"0123456789")
    await response.write_eof()
    return response


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@pytest.mark.parametrize("fault", [BadChunk(), CutAfter(200), ResetAfter(200)])
async def test_a_broken_body_is_a_payload_error(transport: str, fault: Any) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10):
            await response.write(b"x" * 100)
        return response

    server = RawTestServer(handler, transport=transport, faults=[fault])
    async with TestClient(server) as client:
        with pytest.raises(aiolos.ClientError):
            async with client.get("/") as response:
                await response.read()
        async with client.get("/") as response:
            assert len(await response.read()) == 1000


async def test_a_length_too_great_is_noticed(transport: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="0123456789", headers={"Connection": "close"})

    server = RawTestServer(handler, transport=transport, faults=[WrongLength(5)])
    async with TestClient(server) as client:
        with pytest.raises(aiolos.ClientPayloadError, match="incomplete"):
            async with client.get("/") as response:
                await response.read()


async def test_no_answer_at_all_is_a_disconnect(transport: str) -> None:
    server = RawTestServer(whole, transport=transport, faults=[CutAfter(0), ResetAfter(5)])
    async with TestClient(server) as client:
        for _ in range(2):
            with pytest.raises(aiolos.ClientConnectionError):
                await client.get("/")
        async with client.get("/") as response:
            assert response.status == 200


async def test_a_refused_connection_names_the_server() -> None:
    async with TestClient(RawTestServer(whole), faults=[Refuse()]) as client:
        with pytest.raises(aiolos.ClientConnectorError, match="refused by a fault of the test"):
            await client.get("/")
        async with client.get("/") as response:
            assert response.status == 200


async def test_a_handshake_that_fails_is_a_tls_error() -> None:
    async with aiolos.ClientSession() as session:
        inject(session.connector, [TLSFailure()])
        with pytest.raises(aiolos.ClientConnectorSSLError):
            await session.get("https://127.0.0.1:1/")


async def test_both_ends_take_bytes_one_by_one(transport: str) -> None:
    server = RawTestServer(echo, transport=transport, faults=[ByteByByte()])
    async with TestClient(server, faults=[ByteByByte()]) as client:
        async with client.post("/", data=b"0123456789") as response:
            assert await response.read() == b"0123456789"


async def test_a_slow_answer_comes(transport: str) -> None:
    server = RawTestServer(chunked, transport=transport, faults=[Delay(0.02)])
    async with TestClient(server) as client, client.get("/") as response:
        assert await response.read() == b"0123456789"


async def test_a_stalled_answer_times_out(transport: str) -> None:
    server = RawTestServer(whole, transport=transport, faults=[StallAfter(60)])
    timeout = aiolos.ClientTimeout(total=0.1)
    async with TestClient(server, timeout=timeout) as client:
        with pytest.raises(TimeoutError):
            async with client.get("/") as response:
                await response.read()


async def test_a_server_survives_half_a_request(transport: str) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        try:
            await request.read()
        except BaseException as error:
            seen.append(type(error).__name__)
            raise
        return web.Response()

    server = RawTestServer(handler, transport=transport)
    async with TestClient(server, faults=[CutAfter(200)]) as client:
        with pytest.raises(aiolos.ClientError):
            await client.post("/", data=b"x" * 1000)
        async with client.post("/", data=b"x" * 1000) as response:
            assert response.status == 200
        async with asyncio.timeout(5):
            while not seen:
                await asyncio.sleep(0)


async def test_a_server_cut_at_its_first_bytes_of_http2_closes_at_once() -> None:
    server = RawTestServer(whole, faults=[CutAfter(10)])
    async with asyncio.timeout(20):
        async with TestClient(server, http2="prior-knowledge") as client:
            with pytest.raises(aiolos.ClientError):
                await asyncio.create_task(client.get("/"))
