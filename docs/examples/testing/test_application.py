import pytest
from shop import make_app


async def test_an_item_is_added(aiolos_client):
    client = await aiolos_client(make_app())
    async with client.post("/items", json={"name": "tea"}) as response:
        assert response.status == 201
    async with client.get("/items") as response:
        assert await response.json() == [{"name": "tea"}]


@pytest.fixture
async def shop(aiolos_client):
    async with aiolos_client(make_app()) as client:
        yield client


async def test_haggling(shop):
    async with shop.ws_connect("/haggle") as ws:
        await ws.send_str("five")
        assert await ws.receive_str() == "five? Too little!"
