"""vcrpy: traffic is recorded into a cassette, and played without the server."""

import aiohttp
import pytest
import vcr
from aiohttp import web
from vcr.errors import CannotOverwriteExistingCassetteException


@pytest.fixture
async def server(aiohttp_server):
    async def echo(request):
        seen = await request.text()
        response = web.json_response({"seen": seen, "cookie": request.cookies.get("k")})
        response.set_cookie("k", "v")
        return response

    async def away(request):
        raise web.HTTPFound("/echo")

    async def broken(request):
        raise web.HTTPBadGateway(text="broken")

    app = web.Application()
    app.add_routes(
        [web.route("*", "/echo", echo), web.get("/away", away), web.get("/broken", broken)]
    )
    return await aiohttp_server(app)


async def talk(base):
    """A conversation; what was heard in it."""
    heard = []
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.post(base / "echo", data=b"hello", params={"a": "1"}) as response:
            assert isinstance(response, aiohttp.ClientResponse)
            heard.append((response.status, response.reason, await response.json()))
        async with session.get(base / "away", auth=aiohttp.BasicAuth("ann", "secret")) as response:
            heard.append(([each.status for each in response.history], await response.text()))
            heard.append((str(response.url), response.content_type, response.charset))
        async with session.get(base / "echo") as response:
            heard.append([line async for line in response.content])
        with pytest.raises(aiohttp.ClientResponseError, match="502"):
            await session.get(base / "broken", raise_for_status=True)
        heard.append(sorted(cookie.key for cookie in session.cookie_jar))
    return heard


async def test_what_was_recorded_is_played(server, tmp_path):
    base = server.make_url("/")
    cassette = str(tmp_path / "talk.yaml")
    with vcr.use_cassette(cassette) as recorded:
        live = await talk(base)
        assert (recorded.play_count, len(recorded)) == (0, 5)
    await server.close()
    with vcr.use_cassette(cassette, record_mode="none", allow_playback_repeats=True) as played:
        assert await talk(base) == live
        assert played.play_count == 5
    assert live[0][2] == {"seen": "hello", "cookie": None}


async def test_what_was_not_recorded_is_refused(server, tmp_path):
    cassette = str(tmp_path / "empty.yaml")
    with vcr.use_cassette(cassette, record_mode="none"):
        async with aiohttp.ClientSession() as session:
            with pytest.raises(CannotOverwriteExistingCassetteException):
                await session.get(server.make_url("/echo"))
    async with aiohttp.ClientSession() as session:
        assert (await session.get(server.make_url("/echo"))).status == 200


async def test_a_response_that_streams_and_a_file_that_is_sent(server, tmp_path):
    cassette = str(tmp_path / "file.yaml")
    (tmp_path / "file.txt").write_text("in a file")
    url = server.make_url("/echo")
    for _ in range(2):
        with vcr.use_cassette(cassette, match_on=["method", "uri"]):
            async with aiohttp.ClientSession() as session:
                with (tmp_path / "file.txt").open("rb") as file:
                    async with session.post(url, data={"file": file}) as response:
                        body = b"".join([each async for each in response.content.iter_chunked(8)])
                assert b"in a file" in body
