"""aiojobs: background jobs of an application, and handlers that a hang-up does not cut."""

import asyncio

from aiohttp import web
from aiojobs.aiohttp import atomic, get_scheduler, setup, shield, spawn


async def test_a_job_outlives_its_request_and_not_the_application(aiohttp_client):
    done, cancelled = [], []

    async def job(name):
        try:
            await asyncio.sleep(0 if name == "short" else 3600)
            done.append(name)
        except asyncio.CancelledError:
            cancelled.append(name)
            raise

    async def start(request):
        await spawn(request, job(request.match_info["name"]))
        return web.json_response({"active": get_scheduler(request).active_count})

    app = web.Application()
    setup(app, wait_timeout=0.01)
    app.router.add_post("/{name}", start)
    client = await aiohttp_client(app)
    assert await (await client.post("/long")).json() == {"active": 1}
    await client.post("/short")
    while not done:
        await asyncio.sleep(0)
    await client.close()
    assert (done, cancelled) == (["short"], ["long"])


async def test_an_atomic_handler_is_finished_though_the_caller_has_left(aiohttp_client):
    entered, go_on, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @atomic
    async def handler(request):
        entered.set()
        await go_on.wait()
        finished.set()
        return web.Response()

    class View(web.View):
        @atomic
        async def get(self):
            await shield(self.request, asyncio.sleep(0))
            return web.Response(text=self.request.path)

    app = web.Application()
    setup(app)
    app.router.add_get("/", handler)
    app.router.add_view("/view", View)
    client = await aiohttp_client(app)
    call = asyncio.create_task(client.get("/"))
    await entered.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert await (await client.get("/view")).text() == "/view"
    go_on.set()
    await asyncio.wait_for(finished.wait(), 10)
