"""Other people's ASGI frameworks on our server: Starlette, FastAPI, Django."""

import asyncio
import contextlib
import subprocess
import sys
import textwrap

import aiolos
import pytest
from aiolos import web
from aiolos_testing import TestClient, TestServer
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect


class Hosted:
    """An ASGI application on our server: by itself a TestServer would call it without one."""

    def __init__(self, app):
        self.app = app

    def runner(self, **options):
        return web.AppRunner(self.app, **options)


def hosted(app, transport="tcp", **options):
    """A client of our server with `app`."""
    return TestClient(TestServer(Hosted(app), transport=transport), **options)


@pytest.fixture(params=["tcp", "memory"])
def transport(request):
    return request.param


async def text(response):
    async with response as answer:
        return answer.status, await answer.text()


def starlette(told, **options):
    """An application with a bit of everything; `told` hears what happens beside the answers."""

    async def upload(request):
        return JSONResponse({"size": len(await request.body()), "state": request.state.word})

    async def stream(request):
        async def numbers():
            for number in range(100):
                yield f"{number}\n"
                await asyncio.sleep(0)

        return StreamingResponse(numbers())

    async def file(request):
        return FileResponse(__file__)

    async def background(request):
        async def later():
            await asyncio.sleep(0)
            told.append("background")

        return PlainTextResponse("first", background=BackgroundTask(later))

    async def broken(request):
        raise LookupError

    async def echo(socket):
        await socket.accept(subprotocol="parrot", headers=[(b"x-parrot", b"grey")])
        try:
            while True:
                message = await socket.receive_text()
                await socket.send_text(message)
                await socket.send_bytes(message.encode())
        except WebSocketDisconnect as error:
            told.append(f"closed {error.code}")

    @contextlib.asynccontextmanager
    async def lifespan(app):
        told.append("startup")
        yield {"word": "hello"}
        told.append("shutdown")

    class Through(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            response = await call_next(request)
            response.headers["x-through"] = "yes"
            return response

    routes = [
        Route("/upload", upload, methods=["POST"]),
        Route("/stream", stream),
        Route("/file", file),
        Route("/background", background),
        Route("/broken", broken),
        WebSocketRoute("/echo", echo),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Through)], lifespan=lifespan)


async def test_starlette(root, transport):
    told = []
    async with hosted(starlette(told), transport) as session:
        for size in (0, 10, 3_000_000):
            answer = await text(session.post("/upload", data=b"x" * size))
            assert answer == (200, f'{{"size":{size},"state":"hello"}}')
        assert await text(session.get("/stream")) == (200, "".join(f"{n}\n" for n in range(100)))
        async with session.get("/file") as answer:
            assert answer.headers["x-through"] == "yes"
            assert await answer.text() == (root / "tests-integration/test_hosting.py").read_text()
        assert await text(session.get("/background")) == (200, "first")
        assert await text(session.get("/nowhere")) == (404, "Not Found")
        assert (await text(session.get("/broken")))[0] == 500
        assert await text(session.head("/stream")) == (200, "")
    assert told == ["startup", "background", "shutdown"]


async def test_websockets_of_starlette(transport):
    told = []
    async with (
        hosted(starlette(told), transport) as session,
        session.ws_connect("/echo", protocols=("parrot",)) as socket,
    ):
        assert socket.protocol == "parrot"
        for message in ("hello", "κόσμε", "x" * 70_000):
            await socket.send_str(message)
            assert await socket.receive_str() == message
            assert await socket.receive_bytes() == message.encode()
        await socket.close(code=4001)
    assert told == ["startup", "closed 4001", "shutdown"]


async def test_websockets_of_starlette_at_the_servers_end(transport, virtual_clock):
    told = []
    async with (
        hosted(starlette(told), transport) as client,
        client.ws_connect("/echo") as socket,
    ):
        await client.server.close()
        message = await socket.receive()
        assert (message.type, message.data) == (aiolos.WSMsgType.CLOSE, 1001)
    assert told == ["startup", "closed 1001", "shutdown"]


async def test_fastapi():
    import fastapi
    import pydantic

    class Item(pydantic.BaseModel):
        name: str
        price: float

    app = fastapi.FastAPI()

    @app.post("/items/{number}")
    async def make(number: int, item: Item, wanted: bool = False):
        return {"number": number, "wanted": wanted, **item.model_dump()}

    @app.get("/plain")
    def plain():
        return "from a thread"

    async with hosted(app) as session:
        item = {"name": "a", "price": 1.5}
        async with session.post("/items/3?wanted=1", json=item) as answer:
            assert await answer.json() == {"number": 3, "wanted": True, **item}
        assert (await text(session.post("/items/x", json=item)))[0] == 422
        assert await text(session.get("/plain")) == (200, '"from a thread"')
        assert (await text(session.get("/openapi.json")))[0] == 200


DJANGO = """
    import asyncio
    import django
    from django.conf import settings
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x",
                       MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
    django.setup()
    from django.core.asgi import get_asgi_application
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import path
    import aiolos
    from aiolos import web

    async def hello(request, name):
        return HttpResponse(f"hello {name} {request.GET['q']} {len(request.body)}")

    def stream(request):
        async def pieces():
            for number in range(3):
                yield str(number)
        return StreamingHttpResponse(pieces())

    urlpatterns = [path("hello/<name>", hello), path("stream", stream)]

    async def main():
        runner = web.AppRunner(get_asgi_application())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with aiolos.ClientSession(site.name) as session:
            for target in ("/hello/you?q=1", "/stream", "/nowhere"):
                async with session.get(target) as answer:
                    print(answer.status, (await answer.text()).strip()[:20].split("<")[0])
            async with session.post("/hello/me?q=2", data=b"x" * 5_000) as answer:
                print(answer.status, await answer.text())
        await runner.cleanup()

    asyncio.run(main())
"""


@pytest.mark.slow
def test_django(tmp_path):
    # A process of its own: Django has one set of settings.
    (tmp_path / "prog.py").write_text(textwrap.dedent(DJANGO))
    result = subprocess.run(
        [sys.executable, "prog.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    lines = result.stdout.split("\n")
    assert lines[0] == "200 hello you 1 0", result.stderr
    assert lines[1] == "200 012"
    assert lines[2].startswith("404")
    assert lines[3] == "200 hello me 2 5000"


async def test_starlette_over_http2(transport):
    async with hosted(starlette([]), transport, http2="prior-knowledge") as session:
        async with session.post("/upload", data=b"x" * 200_000) as answer:
            assert answer.version == (2, 0)
            assert (await answer.json())["size"] == 200_000
        assert (await text(session.get("/background")))[1] == "first"
        assert (await text(session.get("/stream")))[1].endswith("99\n")
