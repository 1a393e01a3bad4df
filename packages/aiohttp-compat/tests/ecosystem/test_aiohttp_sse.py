"""aiohttp-sse: events to a browser, pings between them, and the end from either side."""

import asyncio

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response


async def test_events_arrive_as_the_standard_spells_them(aiohttp_client):
    async def events(request):
        async with sse_response(request, headers={"X-Made-By": "events"}) as response:
            assert response.last_event_id == "7"
            await response.send("one\ntwo", id="8", event="news", retry=500)
            await response.send("three")
        return response

    app = web.Application()
    app.router.add_get("/", events)
    client = await aiohttp_client(app)
    async with client.get("/", headers={"Last-Event-Id": "7"}) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Made-By"] == "events"
        assert await response.text() == (
            "id: 8\r\nevent: news\r\ndata: one\r\ndata: two\r\nretry: 500\r\n\r\n"
            "data: three\r\n\r\n"
        )


async def test_a_browser_hears_pings_and_its_leaving_is_noticed(aiohttp_client):
    left = asyncio.Event()

    async def events(request):
        async with sse_response(request, ping_interval=0.02) as response:
            try:
                await response.wait()  # for the connection's end
            finally:  # by cancellation, or because a ping failed
                left.set()
        return response

    app = web.Application()
    app.router.add_get("/", events)
    client = await aiohttp_client(app)
    async with client.get("/") as response:
        assert await response.content.readuntil(b"\r\n\r\n") == b": ping\r\n\r\n"
        assert await response.content.readuntil(b"\r\n\r\n") == b": ping\r\n\r\n"
        response.close()
    await asyncio.wait_for(left.wait(), 10)


async def test_another_task_ends_a_stream(aiohttp_client):
    streams = set()

    class Counted(EventSourceResponse):
        async def send(self, data, **options):
            await super().send(f"[{data}]", **options)

    async def events(request):
        async with sse_response(request, response_cls=Counted) as response:
            streams.add(response)
            await response.send("hello")
            await response.wait()
        return response

    async def stop(request):
        for stream in streams:
            assert stream.is_connected()
            stream.stop_streaming()
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/", events), web.post("/stop", stop), web.post("/", events)])
    client = await aiohttp_client(app)
    async with client.get("/") as response:
        assert await response.content.readuntil(b"\r\n\r\n") == b"data: [hello]\r\n\r\n"
        assert (await client.post("/stop")).status == 200
        assert await response.read() == b""
    async with client.post("/") as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET")
