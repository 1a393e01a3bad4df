"""aioresponses: answers without a server, by patching ClientSession._request."""

import re

import aiohttp
import pytest
from aiohttp import web
from aioresponses import CallbackResult, aioresponses


async def test_answers_are_made_up():
    with aioresponses() as mocked:
        mocked.get("http://api.example/users/1", payload={"name": "ann"}, headers={"X-Page": "1"})
        mocked.post(re.compile(r"http://api\.example/.*"), status=201, body="made", repeat=True)
        async with aiohttp.ClientSession("http://api.example", headers={"X-Key": "k"}) as session:
            async with session.get("/users/1") as response:
                assert isinstance(response, aiohttp.ClientResponse)
                assert await response.json() == {"name": "ann"}
                assert response.headers["X-Page"] == "1"
                assert str(response.request_info.real_url) == "http://api.example/users/1"
            for name in ("ann", "bob"):
                response = await session.post("/users", json={"name": name})
                assert (response.status, await response.text()) == (201, "made")
                assert (response.reason, response.ok) == ("Created", True)
        mocked.assert_any_call("http://api.example/users", method="POST", json={"name": "bob"})


async def test_cookies_redirects_errors_and_callbacks():
    def called(url, **options):
        return CallbackResult(status=418, body=str(options["json"]["n"]))

    with aioresponses() as mocked:
        mocked.get("http://a.example/", status=302, headers={"Location": "/there"})
        mocked.get("http://a.example/there", headers={"Set-Cookie": "k=v; Path=/"}, body=b"\x00ok")
        mocked.put("http://a.example/", callback=called)
        mocked.get("http://b.example/", exception=aiohttp.ServerDisconnectedError())
        mocked.get("http://c.example/", timeout=True)
        mocked.get("http://d.example/", status=404)
        async with aiohttp.ClientSession() as session:
            response = await session.get("http://a.example/")
            assert [each.status for each in response.history] == [302]
            assert str(response.url) == "http://a.example/there"
            assert response.cookies["k"].value == "v"
            assert await response.read() == b"\x00ok"
            response = await session.put("http://a.example/", json={"n": 5})
            assert (response.status, await response.text()) == (418, "5")
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await session.get("http://b.example/")
            with pytest.raises(TimeoutError):
                await session.get("http://c.example/")
            with pytest.raises(aiohttp.ClientResponseError, match="404"):
                await session.get("http://d.example/", raise_for_status=True)
            with pytest.raises(aiohttp.ClientConnectionError, match="Connection refused"):
                await session.get("http://unknown.example/")


async def test_a_stream_is_read_piece_by_piece():
    with aioresponses() as mocked:
        mocked.get("http://a.example/", body=b"one\ntwo\n")
        async with aiohttp.ClientSession() as session, session.get("http://a.example/") as response:
            assert [line async for line in response.content] == [b"one\n", b"two\n"]


async def test_what_passes_reaches_the_server(aiohttp_server):
    async def hello(request):
        return web.Response(text="real")

    app = web.Application()
    app.router.add_get("/", hello)
    server = await aiohttp_server(app)
    url = str(server.make_url("/"))
    with aioresponses(passthrough=[url]) as mocked:
        mocked.get("http://a.example/", body="made up")
        async with aiohttp.ClientSession() as session:
            assert await (await session.get(url)).text() == "real"
            assert await (await session.get("http://a.example/")).text() == "made up"
