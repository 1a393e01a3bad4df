"""aiohttp-retry: a request that is repeated until it succeeds."""

import pytest
from aiohttp import ServerDisconnectedError, web
from aiohttp_retry import ExponentialRetry, JitterRetry, RetryClient

ASKED = web.AppKey("asked", list)


@pytest.fixture
async def server(aiohttp_server):
    asked = []

    async def flaky(request):
        asked.append(await request.text())
        if len(asked) < 3:
            raise web.HTTPServiceUnavailable
        return web.Response(text=f"at last {asked[-1]}")

    async def rude(request):
        asked.append("rude")
        request.transport.close()
        return web.Response()

    app = web.Application()
    app[ASKED] = asked
    app.router.add_route("*", "/flaky", flaky)
    app.router.add_get("/rude", rude)
    return await aiohttp_server(app)


async def test_a_failure_is_tried_again(server):
    options = ExponentialRetry(attempts=5, start_timeout=0.001)
    async with RetryClient(retry_options=options) as client:
        async with client.put(server.make_url("/flaky"), data="x") as response:
            assert (response.status, await response.text()) == (200, "at last x")
    assert server.app[ASKED] == ["x"] * 3


async def test_an_answer_is_looked_at(server):
    async def good(response):
        return "at last" in await response.text()

    options = JitterRetry(
        attempts=5,
        start_timeout=0.001,
        retry_all_server_errors=False,
        evaluate_response_callback=good,
    )
    async with RetryClient(raise_for_status=False, retry_options=options) as client:
        response = await client.get(server.make_url("/flaky"))
        assert await response.text() == "at last "


async def test_a_server_that_hangs_up_is_asked_as_often_as_allowed(server):
    options = ExponentialRetry(
        attempts=3, start_timeout=0.001, exceptions={ServerDisconnectedError}
    )
    async with RetryClient(retry_options=options) as client:
        with pytest.raises(ServerDisconnectedError):
            await client.get(server.make_url("/rude"))
    assert server.app[ASKED].count("rude") >= 3
