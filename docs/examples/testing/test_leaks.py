import pytest
from shop import make_app

pytestmark = pytest.mark.usefixtures("no_leaks", "no_blocking")


async def test_nothing_is_left_behind(aiolos_client):
    client = await aiolos_client(make_app(), transport="memory")
    async with client.get("/items") as response:
        assert await response.json() == []
