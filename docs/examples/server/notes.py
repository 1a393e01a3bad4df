"""Notes, kept in memory: what the guide of the server shows, in one application."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from aiolos import web
from aiolos.web import AppKey

NOTES = AppKey("notes", dict[int, str])
ADDED = AppKey("added", asyncio.Condition)


# [requests]
async def add(request: web.Request) -> web.Response:
    form = await request.post()
    text = form.get("text")
    if not isinstance(text, str) or not text:
        raise web.HTTPBadRequest(text="the form needs a text\n")
    notes = request.app[NOTES]
    number = len(notes) + 1
    notes[number] = text
    async with request.app[ADDED]:
        request.app[ADDED].notify_all()
    location = request.app.router["note"].url_for(number=number)
    raise web.HTTPSeeOther(location)


async def show(request: web.Request) -> web.Response:
    number = request.match_info["number"]
    try:
        text = request.app[NOTES][number]
    except KeyError:
        raise web.HTTPNotFound(text=f"there is no note {number}\n") from None
    return web.json_response({"number": number, "text": text})


# [streaming]
async def export(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/csv; charset=utf-8"})
    response.enable_compression()
    await response.prepare(request)
    for number, text in request.app[NOTES].items():
        await response.write(f'{number},"{text}"\r\n'.encode())
    return response


async def measure(request: web.Request) -> web.Response:
    size = 0
    async for chunk in request.content.iter_chunked(65536):
        size += len(chunk)
    return web.Response(text=f"{size} bytes\n")


# [events]
async def news(request: web.Request) -> web.StreamResponse:
    notes, added = request.app[NOTES], request.app[ADDED]
    async with web.EventStream(request, retry=3000) as events:
        seen = int(events.last_event_id or 0)
        while True:
            async with added:
                while len(notes) == seen:
                    await added.wait()
            for number in range(seen + 1, len(notes) + 1):
                await events.send(notes[number], event="note", id=str(number))
            seen = len(notes)
    return events


# [around]
@web.middleware
async def named(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    response = await handler(request)
    response.headers["X-Served-By"] = "notes"
    return response


async def memory(app: web.Application) -> AsyncIterator[None]:
    app[NOTES] = {}
    app[ADDED] = asyncio.Condition()
    yield
    app[NOTES].clear()


# [application]
def make_app() -> web.Application:
    app = web.Application(middlewares=[named], client_max_size=1024 * 1024)
    app.on_exception.append(web.problem_details)
    app.cleanup_ctx.append(memory)
    app.router.add_post("/notes", add)
    app.router.add_get("/notes/{number:int}", show, name="note")
    app.router.add_get("/notes.csv", export)
    app.router.add_put("/measure", measure)
    app.router.add_get("/news", news)
    app.router.add_static("/source", Path(__file__).parent, show_index=True)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
