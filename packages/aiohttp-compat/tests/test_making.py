"""A session's responses are made as the original calls the class that is somebody's own."""

import asyncio
import gc

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


async def hello(request):
    return web.Response(text="hello", headers={"X-Path": request.path_qs})


async def elsewhere(request):
    raise web.HTTPFound("/hello")


@pytest.fixture
async def url():
    app = web.Application()
    app.router.add_get("/hello", hello)
    app.router.add_post("/hello", hello)
    app.router.add_get("/elsewhere", elsewhere)
    async with TestServer(app) as server:
        yield server.make_url("/hello")


class Spelt(aiohttp.ClientResponse):
    def __init__(
        self,
        method,
        url,
        *,
        writer,
        continue100,
        timer,
        request_info,
        traces,
        loop,
        session,
        stream_writer,
    ):
        super().__init__(
            method,
            url,
            writer=writer,
            continue100=continue100,
            timer=timer,
            request_info=request_info,
            traces=traces,
            loop=loop,
            session=session,
            stream_writer=stream_writer,
        )
        self.told = (method, url, request_info, loop, session)


class Short(aiohttp.ClientResponse):
    def __init__(self, method, url, **kwargs):
        super().__init__(method, url, **kwargs)
        self.told = (method, url, kwargs["request_info"], kwargs["loop"], kwargs["session"])


@pytest.mark.parametrize("kind", [Spelt, Short])
async def test_its_constructor_is_that_of_3_14(kind, url):
    async with aiohttp.ClientSession(response_class=kind) as session:
        for asked in (url.with_query(a="1"), url.with_path("/elsewhere")):
            async with session.get(asked) as response:
                method, told_url, info, loop, told_session = response.told
                assert (method, told_url) == ("GET", response.url)
                assert (loop, told_session) == (asyncio.get_running_loop(), session)
                assert (info.method, info.url) == ("GET", response.url)
                assert "User-Agent" in info.headers
                assert type(response) is kind
                assert await response.text() == "hello"
                assert response.headers["X-Path"] == response.url.path_qs
                assert (response.status, response.reason) == (200, "OK")
        (first,) = response.history
        assert first.told[1] == url.with_path("/elsewhere")


async def test_the_task_that_sends_the_body_is_told(url):
    told = []

    class Own(aiohttp.ClientResponse):
        def __init__(self, method, url, *, writer, **kwargs):
            told.append((method, writer))
            super().__init__(method, url, writer=writer, **kwargs)

    async def body():
        yield b"abc"

    async with aiohttp.ClientSession(response_class=Own) as session:
        async with session.post(url, data=body()) as response:
            assert await response.text() == "hello"
    ((method, writer),) = told
    assert method == "POST"
    await writer


async def test_a_patch_counts_for_a_session_that_runs(url, monkeypatch):
    init = aiohttp.ClientResponse.__init__
    told = []

    def counting(self, method, url, **kwargs):
        told.append((method, url, sorted(kwargs)))
        init(self, method, url, **kwargs)

    async with aiohttp.ClientSession() as session:
        await (await session.get(url)).read()
        with monkeypatch.context() as patch:
            patch.setattr(aiohttp.ClientResponse, "__init__", counting)
            assert await (await session.get(url)).text() == "hello"
        await (await session.get(url)).read()
    assert [each[:2] for each in told] == [("GET", url)]
    assert {"writer", "continue100", "timer", "request_info", "session"} < set(told[0][2])


async def test_what_it_hands_on_counts(url):
    class Own(aiohttp.ClientResponse):
        def __init__(self, method, url, *, request_info, **kwargs):
            info = request_info._replace(headers=CIMultiDictProxy(CIMultiDict(Own="1")))
            super().__init__("OWN", URL("http://own/"), request_info=info, **kwargs)

    async with aiohttp.ClientSession(response_class=Own) as session:
        async with session.get(url) as response:
            assert (response.method, response.url) == ("OWN", URL("http://own/"))
            assert response.request_info.headers == {"Own": "1"}
            assert await response.text() == "hello"


async def test_one_that_raises_leaves_nothing_behind(url, recwarn):
    class Own(aiohttp.ClientResponse):
        def __init__(self, *args, **kwargs):
            raise ValueError("no response of mine")

    async with aiohttp.ClientSession(response_class=Own) as session:
        with pytest.raises(ValueError, match="no response of mine"):
            await session.get(url)
        gc.collect()
    assert [str(each.message) for each in recwarn] == []


async def test_one_that_does_not_ask_its_base_has_a_response_all_the_same(url):
    class Own(aiohttp.ClientResponse):
        def __init__(self, method, url, **kwargs):
            self.mine = True

    async with aiohttp.ClientSession(response_class=Own) as session:
        async with session.get(url) as response:
            assert response.mine
            assert await response.text() == "hello"
