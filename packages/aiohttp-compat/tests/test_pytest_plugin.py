"""The fixtures under aiohttp's names (rows TST-04 to TST-08)."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, aiohttp_test_client


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


@pytest.fixture
def app():
    app = web.Application()
    app.router.add_get("/", hello)
    return app


async def text_of(client, url="/"):
    async with client.get(url) as response:
        assert response.status == 200
        return await response.text()


async def test_tst_04_the_client_of_an_application(aiohttp_client, app):
    client = await aiohttp_client(app)
    assert isinstance(client, TestClient)
    assert await text_of(client) == "hello"


async def test_tst_05_a_server_and_a_raw_one(aiohttp_server, aiohttp_raw_server, app):
    server = await aiohttp_server(app)
    assert isinstance(server, TestServer)
    assert server.make_url("/").path == "/"
    raw = await aiohttp_raw_server(hello)
    async with TestClient(raw) as client:
        assert await text_of(client, "/anything") == "hello"


async def test_tst_06_leaving_the_block_closes(aiohttp_client, app):
    async with aiohttp_client(app) as client:
        assert await text_of(client) == "hello"
    with pytest.raises(RuntimeError):
        await client.get("/")


@pytest.fixture
async def user_endpoint(aiohttp_client):
    app = web.Application()

    @app.router.post("/users/{user_id:int}")
    async def handler(request, match_info):
        return web.json_response({"user": match_info["user_id"] + 1})

    async with aiohttp_client(app) as client:
        yield client


async def test_tst_07_the_fixture_of_an_endpoint(user_endpoint):
    async with user_endpoint.post("/users/41") as response:
        assert await response.json() == {"user": 42}


@pytest.fixture
async def aiohttp_server_of_ones_own(app):
    server = await aiohttp_test_client(app)
    yield server
    await server.close()


async def test_tst_08_a_fixture_of_ones_own(aiohttp_server_of_ones_own):
    assert await text_of(aiohttp_server_of_ones_own) == "hello"


def test_a_port_that_nobody_uses(aiohttp_unused_port):
    assert 0 < aiohttp_unused_port() < 65536


async def test_the_fixtures_have_types_to_name(aiohttp_client, aiohttp_server, aiohttp_raw_server):
    from aiohttp import pytest_plugin

    assert isinstance(aiohttp_client, pytest_plugin.AiohttpClient)
    assert isinstance(aiohttp_server, pytest_plugin.AiohttpServer)
    assert isinstance(aiohttp_raw_server, pytest_plugin.AiohttpRawServer)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = pytest_plugin.nothing
