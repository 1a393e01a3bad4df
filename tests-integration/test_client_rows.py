"""Rows of the client that need a server of ours beside it."""

import inspect
import io
import logging

import aiolos
import aiolos.connector
from aiolos import web
from aiolos_testing import FakeServer, TestClient, TestServer
from yarl import URL

SESSION = web.AppKey("session", aiolos.ClientSession)


def upstream() -> web.Application:
    async def items(request: web.Request) -> web.Response:
        return web.json_response({"method": request.method, "body": await request.text()})

    app = web.Application()
    app.router.add_route("*", "/items", items)
    return app


async def test_cli_01_verbs_and_json() -> None:
    async with TestServer(upstream()) as server, aiolos.ClientSession() as session:
        url = server.make_url("/items")
        async with session.get(url) as response:
            assert await response.json() == {"method": "GET", "body": ""}
        async with session.post(url, json={"a": 1}) as response:
            assert await response.json() == {"method": "POST", "body": '{"a": 1}'}
        async with session.put(url, data="text") as response:
            assert await response.json() == {"method": "PUT", "body": "text"}
        async with session.delete(url) as response:
            assert await response.json() == {"method": "DELETE", "body": ""}


async def test_cli_35_one_session_for_all_handlers() -> None:
    async with FakeServer() as fake:
        url = "https://api.example.com/items"
        fake.get(url).answer(json={"items": []})
        made = []

        async def start(app: web.Application) -> None:
            app[SESSION] = aiolos.ClientSession()
            app[SESSION].connector.connect_by = fake.connect
            made.append(app[SESSION])

        async def stop(app: web.Application) -> None:
            await app[SESSION].close()

        async def relay(request: web.Request) -> web.Response:
            async with request.app[SESSION].get(url) as response:
                return web.Response(body=await response.read(), content_type=response.content_type)

        async def stream(request: web.Request) -> web.StreamResponse:
            async with request.app[SESSION].get(url) as response:
                answer = web.StreamResponse()
                await answer.prepare(request)
                async for piece in response.content.iter_any():
                    await answer.write(piece)
                return answer

        app = web.Application()
        app.on_startup.append(start)
        app.on_cleanup.append(stop)
        app.add_routes([web.get("/relay", relay), web.get("/stream", stream)])
        async with TestClient(app, transport="memory") as client:
            for _ in range(3):
                async with client.get("/relay") as response:
                    assert await response.json() == {"items": []}
            async with client.get("/stream") as response:
                assert await response.json(content_type=None) == {"items": []}
            (session,) = made
            assert session.connector.open_connections == 1
        assert session.closed


async def test_cli_35_a_handler_that_returns_the_answer_itself(caplog, fake_server) -> None:  # type: ignore[no-untyped-def]
    url = "https://api.example.com/items"
    fake_server.get(url).answer(json=[])
    async with fake_server.session() as session:

        async def relay(request: web.Request) -> web.Response:
            async with session.get(url) as response:
                await response.read()
                return response  # type: ignore[return-value]

        app = web.Application()
        app.router.add_get("/", relay)
        async with TestClient(app, transport="memory") as client:
            with caplog.at_level(logging.ERROR):
                async with client.get("/") as response:
                    assert response.status == 500
    assert f"<ClientResponse({url}) [200 OK]>" in caplog.text


async def test_cli_37_resolve_host_under_its_old_path() -> None:
    method = aiolos.connector.TCPConnector._resolve_host
    assert inspect.iscoroutinefunction(method)
    async with aiolos.connector.TCPConnector() as connector:
        found = await connector._resolve_host("localhost", 80)
    assert {each["port"] for each in found} == {80}


async def test_cli_40_a_form_is_read_back() -> None:
    async def form(request: web.Request) -> web.Response:
        fields = await request.post()
        file = fields["file"]
        assert isinstance(file, web.FileField)
        return web.json_response([fields["name"], file.filename, file.file.read().decode()])

    async def parts(request: web.Request) -> web.Response:
        found = []
        async for part in await request.multipart():
            assert isinstance(part, aiolos.BodyPartReader)
            found.append([part.headers["Content-Type"], await part.text()])
        return web.json_response(found)

    app = web.Application()
    app.add_routes([web.post("/form", form), web.post("/parts", parts)])
    data = aiolos.FormData()
    data.add_field("name", "Ünal")
    data.add_field("file", io.BytesIO(b"content"), filename="a b.txt")
    async with TestServer(app) as server, aiolos.ClientSession(server.make_url("/")) as session:
        async with session.post("/form", data=data) as response:
            assert await response.json() == ["Ünal", "a b.txt", "content"]
        with aiolos.MultipartWriter("mixed") as writer:
            writer.append("text")
            writer.append_json({"a": 1})
        async with session.post(URL("/parts"), data=writer) as response:
            assert await response.json() == [
                ["text/plain; charset=utf-8", "text"],
                ["application/json", '{"a": 1}'],
            ]
