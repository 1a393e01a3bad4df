"""pytest-aiohttp: its fixtures, which every other file here uses too."""

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient, TestServer


async def hello(request):
    return web.Response(text=f"hello {request.path}")


@pytest.fixture
def app():
    app = web.Application()
    app.router.add_get("/{tail:.*}", hello)
    return app


async def test_the_fixtures_are_the_librarys(aiohttp_client, aiohttp_server):
    for factory in (aiohttp_client, aiohttp_server):
        assert factory.__module__ == "pytest_aiohttp.plugin"


async def test_a_client_of_an_application(aiohttp_client, app):
    client = await aiohttp_client(app)
    assert isinstance(client, TestClient)
    assert await (await client.get("/a")).text() == "hello /a"


async def test_a_server(aiohttp_server, aiohttp_client, app):
    server = await aiohttp_server(app, port=None)
    assert isinstance(server, TestServer)
    client = await aiohttp_client(server)
    assert await (await client.get("/b")).text() == "hello /b"


async def test_a_raw_server(aiohttp_raw_server, aiohttp_client):
    server = await aiohttp_raw_server(hello)
    assert isinstance(server, RawTestServer)
    client = await aiohttp_client(server)
    assert await (await client.get("/c")).text() == "hello /c"


class TestOwnClient:
    @pytest.fixture
    def aiohttp_client_cls(self):
        class Client(TestClient):
            async def text(self, path):
                async with self.get(path) as response:
                    return await response.text()

        return Client

    async def test_a_client_class_of_ones_own(self, aiohttp_client, app):
        client = await aiohttp_client(app)
        assert await client.text("/d") == "hello /d"
