"""What the client offers its siblings."""

import asyncio
import socket

import aiolos_client
import pytest
from aiolos_client import component
from aiolos_protocol.contracts import ClientComponent

OK = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"


def test_the_component_satisfies_its_contract():
    found: ClientComponent = component
    assert found.loopback_session


async def test_a_session_for_tests_keeps_cookies_of_addresses(peer):
    async with peer(OK, OK) as scripted, component.loopback_session() as session:
        for _ in range(2):
            async with session.get(scripted.url):
                pass
        assert b"Cookie" not in scripted.requests[0]
        assert b"\r\nCookie: a=b\r\n" in scripted.requests[1]


async def test_a_jar_of_ones_own_is_taken(peer):
    jar = aiolos_client.DummyCookieJar()
    async with peer(OK, OK) as scripted, component.loopback_session(cookie_jar=jar) as session:
        for _ in range(2):
            async with session.get(scripted.url):
                pass
        assert b"Cookie" not in scripted.requests[1]


async def test_connections_are_opened_by_whom_it_is_told(peer):
    asked = []

    async with peer(OK) as scripted:
        port = int(scripted.url.rstrip("/").rpartition(":")[2])

        async def connect(factory, host, port_, *, ssl):
            asked.append((host, port_, ssl))
            loop = asyncio.get_running_loop()
            _, protocol = await loop.create_connection(factory, "127.0.0.1", port)
            return protocol

        async with component.loopback_session(connect=connect) as session:
            async with session.get("http://api.example.com/") as response:
                assert response.status == 200
    assert asked == [("api.example.com", 80, None)]


async def test_a_refusal_of_theirs_is_a_connector_error():
    async def connect(factory, host, port, *, ssl):
        raise ConnectionRefusedError("nobody there")

    async with component.loopback_session(connect=connect) as session:
        with pytest.raises(aiolos_client.ClientConnectorError, match="nobody there"):
            await session.get("http://api.example.com/")


async def test_a_resolver_is_one_by_its_shape(peer):
    class Resolver:
        async def resolve(self, host, port=0, family=socket.AF_INET):
            return [
                {
                    "hostname": host,
                    "host": "127.0.0.1",
                    "port": port,
                    "family": socket.AF_INET,
                    "proto": 0,
                    "flags": socket.AI_NUMERICHOST,
                }
            ]

        async def close(self):
            pass

    async with peer(OK) as scripted:
        port = scripted.url.rstrip("/").rpartition(":")[2]
        connector = aiolos_client.TCPConnector(resolver=Resolver())
        async with aiolos_client.ClientSession(connector=connector) as session:
            async with session.get(f"http://api.example.com:{port}/") as response:
                assert response.status == 200
    with pytest.raises(TypeError, match="resolver takes an AbstractResolver, or what has"):
        aiolos_client.TCPConnector(resolver=object())
