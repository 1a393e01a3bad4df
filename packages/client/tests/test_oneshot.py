"""A single request."""

import aiolos_client
import pytest
from aiolos_client import TCPConnector


async def test_one_request(peer):
    async with peer() as server:
        async with aiolos_client.request("PUT", server.url, data=b"x") as response:
            assert await response.text() == "ok"
    assert b"\r\nConnection: close\r\n" in server.requests[0]


async def test_a_connector_of_ones_own_stays_open(peer):
    async with peer() as server, TCPConnector() as connector:
        for _ in range(2):
            async with aiolos_client.request("GET", server.url, connector=connector) as response:
                await response.read()
        assert not connector.closed
        assert server.connections == 1


async def test_what_fails_leaves_nothing_open(recwarn):
    with pytest.raises(aiolos_client.InvalidURL):
        async with aiolos_client.request("GET", "/relative"):
            pass
