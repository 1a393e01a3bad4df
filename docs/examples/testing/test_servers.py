import aiolos
import pytest
from aiolos import web
from aiolos.test_utils import TestClient
from shop import make_app


async def test_a_session_of_ones_own(aiolos_server):
    server = await aiolos_server(make_app())
    async with aiolos.ClientSession() as session:
        async with session.get(server.make_url("/items")) as response:
            assert response.status == 200


async def test_a_handler_without_an_application(aiolos_raw_server, aiolos_unused_port):
    async def greet(request):
        return web.Response(text=f"hello at {request.path}")

    server = await aiolos_raw_server(greet, port=aiolos_unused_port())
    async with aiolos.request("GET", server.make_url("/any/where")) as response:
        assert await response.text() == "hello at /any/where"


async def test_by_http2(aiolos_client):
    client = await aiolos_client(make_app(), http2="prior-knowledge")
    async with client.get("/items") as response:
        assert response.version == (2, 0)


class Shopper(TestClient):
    async def names(self):
        async with self.get("/items") as response:
            return [item["name"] for item in await response.json()]


class TestShopper:
    @pytest.fixture
    def aiolos_client_cls(self):
        return Shopper

    async def test_a_class_of_ones_own(self, aiolos_client):
        shopper = await aiolos_client(make_app())
        assert await shopper.names() == []
