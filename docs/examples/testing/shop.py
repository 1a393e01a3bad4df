"""A shop: the application that the guide tests."""

import asyncio

from aiolos import web

ITEMS = web.AppKey("ITEMS", list)


async def list_items(request: web.Request) -> web.Response:
    return web.json_response(request.app[ITEMS])


async def add_item(request: web.Request) -> web.Response:
    item = await request.json()
    request.app[ITEMS].append(item)
    return web.json_response(item, status=201)


async def report(request: web.Request) -> web.Response:
    await asyncio.sleep(120)
    return web.Response(text="a report that takes two minutes")


async def haggle(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(f"{message.data}? Too little!")
    return ws


def make_app() -> web.Application:
    app = web.Application()
    app[ITEMS] = []
    app.router.add_get("/items", list_items)
    app.router.add_post("/items", add_item)
    app.router.add_get("/report", report)
    app.router.add_get("/haggle", haggle)
    return app
