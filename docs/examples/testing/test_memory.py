import aiolos
from aiolos.test_utils import TestClient, TestServer
from shop import make_app


async def test_without_a_socket():
    async with TestClient(make_app(), transport="memory") as client:
        async with client.get("/items") as response:
            assert await response.json() == []


async def test_by_a_session_of_ones_own():
    async with (
        TestServer(make_app(), transport="memory") as server,
        aiolos.ClientSession() as session,
    ):
        session.connector.connect_by = server.connect
        async with session.get(server.make_url("/items")) as response:
            assert response.status == 200
