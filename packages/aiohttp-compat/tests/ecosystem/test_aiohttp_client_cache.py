"""aiohttp-client-cache: a session that remembers answers, in memory and in a file."""

import pytest
from aiohttp import web
from aiohttp_client_cache import CacheBackend, CachedSession, SQLiteBackend

ASKED = web.AppKey("asked", list)


@pytest.fixture
async def server(aiohttp_server):
    async def answer(request):
        request.app[ASKED].append(request.path_qs)
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304)
        headers = {"ETag": '"v1"', "Set-Cookie": "seen=yes; Path=/"}
        return web.json_response({"asked": len(request.app[ASKED])}, headers=headers)

    async def away(request):
        request.app[ASKED].append(request.path_qs)
        raise web.HTTPFound("/answer?from=away")

    app = web.Application()
    app[ASKED] = []
    app.add_routes(
        [web.get("/answer", answer), web.post("/answer", answer), web.get("/away", away)]
    )
    return await aiohttp_server(app)


@pytest.fixture(params=["memory", "file"])
def cache(request, tmp_path):
    if request.param == "memory":
        return CacheBackend(expire_after=60)
    return SQLiteBackend(str(tmp_path / "cache.sqlite"), expire_after=60)


async def test_an_answer_is_given_again(server, cache):
    async with CachedSession(str(server.make_url("/")), cache=cache) as session:
        for from_cache in (False, True, True):
            async with session.get("/answer", params={"a": "1"}) as response:
                assert response.from_cache is from_cache
                assert await response.json() == {"asked": 1}
                assert response.headers["ETag"] == '"v1"'
                assert response.cookies["seen"].value == "yes"
                assert response.ok
                assert (response.method, response.reason) == ("GET", "OK")
        assert server.app[ASKED] == ["/answer?a=1"]
        await session.post("/answer")
        await session.post("/answer")
        assert len(server.app[ASKED]) == 3


async def test_a_redirect_is_remembered_too(server, cache):
    async with CachedSession(cache=cache) as session:
        for _ in range(2):
            async with session.get(server.make_url("/away")) as response:
                assert [each.status for each in response.history] == [302]
                assert str(response.url) == str(server.make_url("/answer?from=away"))
    assert server.app[ASKED] == ["/away", "/answer?from=away"]


async def test_a_kept_answer_is_asked_after(server, cache):
    async with CachedSession(cache=cache) as session:
        url = server.make_url("/answer")
        await session.get(url)
        async with session.get(url, refresh=True) as response:
            assert response.from_cache
            assert await response.json() == {"asked": 1}
        async with session.disabled():
            assert not (await session.get(url)).from_cache
    assert len(server.app[ASKED]) == 3


async def test_a_kept_body_is_a_stream(server, cache):
    async with CachedSession(cache=cache) as session:
        url = server.make_url("/answer")
        await session.get(url)
        async with session.get(url) as response:
            assert [chunk async for chunk in response.content.iter_chunked(7)] == [
                b'{"asked',
                b'": 1}',
            ]
