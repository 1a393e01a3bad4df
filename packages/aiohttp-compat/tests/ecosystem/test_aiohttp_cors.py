"""aiohttp-cors: browsers of other origins are let in by resource and route."""

import aiohttp_cors
import pytest
from aiohttp import web

ORIGIN = "http://page.example"


async def thing(request):
    return web.json_response({"method": request.method}, headers={"X-Made-By": "thing"})


class View(web.View, aiohttp_cors.CorsViewMixin):
    async def get(self):
        return await thing(self.request)


@pytest.fixture
async def client(aiohttp_client):
    app = web.Application()
    options = aiohttp_cors.ResourceOptions(
        allow_credentials=True, expose_headers=["X-Made-By"], allow_headers=["X-Token"], max_age=600
    )
    cors = aiohttp_cors.setup(app, defaults={ORIGIN: options})
    resource = cors.add(app.router.add_resource("/things/{name}"))
    cors.add(resource.add_route("GET", thing))
    cors.add(resource.add_route("PUT", thing))
    cors.add(app.router.add_view("/view", View))
    app.router.add_get("/closed", thing)
    return await aiohttp_client(app)


@pytest.mark.parametrize("path", ["/things/1", "/view"])
async def test_a_page_of_another_origin_may_read(client, path):
    async with client.get(path, headers={"Origin": ORIGIN}) as response:
        assert await response.json() == {"method": "GET"}
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert response.headers["Access-Control-Expose-Headers"] == "X-Made-By"


async def test_a_page_may_read_all_that_is_sent(aiohttp_client):
    app = web.Application()
    options = aiohttp_cors.ResourceOptions(expose_headers="*")
    cors = aiohttp_cors.setup(app, defaults={ORIGIN: options})
    cors.add(app.router.add_get("/thing", thing))
    client = await aiohttp_client(app)
    async with client.get("/thing", headers={"Origin": ORIGIN}) as response:
        exposed = response.headers["Access-Control-Expose-Headers"].split(",")
        assert {"Content-Length", "Date", "Server"} <= set(exposed)


async def test_a_stranger_gets_no_permission(client):
    for path, origin in (("/things/1", "http://other.example"), ("/closed", ORIGIN)):
        async with client.get(path, headers={"Origin": origin}) as response:
            assert response.status == 200
            assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_preflight_is_answered(client):
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "X-Token",
    }
    async with client.options("/things/1", headers=headers) as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Methods"] == "PUT"
        assert response.headers["Access-Control-Allow-Headers"] == "X-TOKEN"
        assert response.headers["Access-Control-Max-Age"] == "600"
    headers["Access-Control-Request-Method"] = "DELETE"
    async with client.options("/things/1", headers=headers) as response:
        assert response.status == 403
