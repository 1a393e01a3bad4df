"""What a router finds, by the methods that the original's has in public."""

from unittest import mock

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, make_mocked_request
from aiohttp.web_urldispatcher import UrlMappingMatchInfo


async def hello(request):
    return web.Response(text=f"{request.match_info.get('x')} {request.app['name']}")


def application(name="one"):
    app = web.Application()
    app["name"] = name
    app.router.add_get("/{x}", hello)
    app.router.add_get("/", hello)
    return app


@pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
@pytest.mark.parametrize("is_frozen", [False, True])
@pytest.mark.parametrize("path", ["/1", "/"])
async def test_a_match_that_resolve_gives_takes_its_application(path, is_frozen):
    app = application()
    if is_frozen:
        app.freeze()
    request = make_mocked_request("GET", path, app=app)
    for _ in range(2):
        match_info = await app.router.resolve(request)
        match_info.add_app(app)
        assert match_info.apps == (app,)
        assert match_info.current_app is app
        match_info.freeze()
        with pytest.raises(RuntimeError):
            match_info.add_app(web.Application())
        request._match_info = match_info
        assert request.app is app
        assert (await match_info.handler(request)).text.endswith(" one")


def test_a_match_of_a_mocked_route():
    match_info = UrlMappingMatchInfo({"a": "b"}, mock.Mock())
    app = web.Application()
    match_info.add_app(app)
    assert match_info.apps == (app,)
    assert match_info.current_app is app


@pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
async def test_a_resource_of_ones_own_that_asks_another_router():
    other = application("other")

    class Dispatcher(web.UrlDispatcher):
        async def resolve(self, request):
            match_info = await other.router.resolve(request)
            match_info.add_app(other)
            return match_info

    app = web.Application()
    app._router = Dispatcher()
    async with TestClient(app) as client:
        for _ in range(2):
            assert await (await client.get("/5")).text() == "5 other"


async def test_a_handler_adds_none():
    async def handler(request):
        request.match_info.add_app(request.app)

    app = web.Application()
    app.router.add_get("/{x}", handler)
    app.router.add_get("/", handler)
    async with TestClient(app) as client:
        for path in ("/", "/1"):
            assert (await client.get(path)).status == 500
