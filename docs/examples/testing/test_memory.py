from aiolos.test_utils import TestClient
from shop import make_app


async def test_without_a_socket():
    async with TestClient(make_app(), transport="memory") as client:
        async with client.get("/items") as response:
            assert await response.json() == []
