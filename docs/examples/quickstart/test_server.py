from server import make_app


async def test_hello(aiolos_client):
    client = await aiolos_client(make_app())
    async with client.get("/tester") as response:
        assert response.status == 200
        assert await response.text() == "Hello, tester!"
