"""Who has a `_start` of his own has it called once for each response, whatever is sent."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient


class Started:
    async def _start(self, request):
        self.headers["X-Started"] = self.headers.get("X-Started", "") + "1"
        return await super()._start(request)


class Whole(Started, web.Response):
    pass


class File(Started, web.FileResponse):
    pass


class Stream(Started, web.StreamResponse):
    pass


class Socket(Started, web.WebSocketResponse):
    pass


class Refused(Started, web.HTTPForbidden):
    pass


class Prepared(web.StreamResponse):
    async def prepare(self, request):
        was_prepared = self.prepared
        writer = await super().prepare(request)
        if not was_prepared:
            await self.write(b"prepared ")
        return writer


class Both(Started, Prepared):
    pass


# Kept in memory from the second time on, as one that was changed just now is not.
FILE = Path(pytest.__file__)


@pytest.fixture
async def client():
    later = type("Later", (web.FileResponse,), {})

    async def start(self, request):
        self.headers["X-Started"] = "1"
        return await web.FileResponse._start(self, request)

    later._start = start

    async def streamed(request, kind):
        response = kind()
        await response.prepare(request)
        await response.write(b"streamed")
        return response

    async def handler(request):
        match request.match_info["kind"]:
            case "whole":
                return Whole(text="whole")
            case "file":
                return File(FILE)
            case "later":
                return later(FILE)
            case "plain":
                return web.FileResponse(FILE)
            case "stream":
                return await streamed(request, Stream)
            case "both":
                return await streamed(request, Both)
            case "refused":
                raise Refused(text="refused")
            case "socket":
                socket = Socket()
                await socket.prepare(request)
                await socket.send_str("hello")
                await socket.close()
                return socket

    app = web.Application()
    app.router.add_get("/{kind}", handler)
    async with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("whole", "whole"),
        ("file", FILE.read_text()),
        ("later", FILE.read_text()),
        ("stream", "streamed"),
        ("both", "prepared streamed"),
        ("refused", "refused"),
    ],
)
async def test_start_is_called_for_each_response(client, kind, text):
    for _ in range(3):
        async with client.get(f"/{kind}") as response:
            assert await response.text() == text
            assert response.headers["X-Started"] == "1"


@pytest.mark.parametrize("streams", [False, True])
async def test_the_head_is_seen_before_it_is_sent_and_behind(streams):
    seen = []

    async def look(request, response):
        seen.append((set(response.headers), response.keep_alive))

    async def handler(request):
        response = web.StreamResponse() if streams else web.Response(text="x")
        await response.prepare(request)
        seen.append((set(response.headers), response.keep_alive))
        return response

    app = web.Application()
    app.router.add_get("/", handler)
    app.on_response_prepare.append(look)
    async with TestClient(app) as client, client.get("/") as response:
        length = "Transfer-Encoding" if streams else "Content-Length"
        assert set(response.headers) == {"Content-Type", "Date", "Server", length}
        assert seen == [(set(response.headers), True)] * 2


@pytest.mark.parametrize("returned", [web.Response, lambda: None])
async def test_what_is_returned_behind_a_websocket_that_is_closed_is_not_looked_at(
    returned, caplog
):
    async def handler(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for _ in ws:
            pass
        return returned()

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestClient(app) as client, client.ws_connect("/") as ws:
        await ws.send_str("x")
        await ws.close()
        assert ws.close_code == 1000
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "WARNING")]


@pytest.mark.parametrize("kind", [web.Response, web.StreamResponse])
async def test_prepare_headers_finds_and_changes_what_is_sent(kind):
    class Own(kind):
        async def _prepare_headers(self):
            await super()._prepare_headers()
            length = self.headers.get("Content-Length", "none")
            self.headers["X-Seen"] = f"{length} {'Date' in self.headers}"
            self.headers["Server"] = "mine"

    async def handler(request):
        return Own()

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestClient(app) as client, client.get("/") as response:
        seen = "0 True" if kind is web.Response else "none True"
        assert (response.headers["X-Seen"], response.headers["Server"]) == (seen, "mine")


async def test_the_file_of_a_response_is_set(tmp_path):
    (tmp_path / "other").write_text("other")

    async def handler(request):
        response = web.FileResponse(FILE)
        assert response._path == FILE
        response._path = tmp_path / "other"
        assert response._path == tmp_path / "other"
        return response

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestClient(app) as client, client.get("/") as response:
        assert await response.text() == "other"


async def test_start_is_called_for_a_websocket(client):
    async with client.ws_connect("/socket") as socket:
        assert await socket.receive_str() == "hello"
        assert socket._response.headers["X-Started"] == "1"


@pytest.mark.parametrize("kind", [web.Response, web.StreamResponse, web.FileResponse])
@pytest.mark.parametrize("is_patched", [False, True])
async def test_headers_are_prepared_by_a_step_of_ones_own(monkeypatch, kind, is_patched):
    original = kind._prepare_headers

    async def own(self):
        await original(self)
        self._headers["X-Prepared"] = self.headers.get("X-Prepared", "") + "1"

    made = kind
    if is_patched:
        monkeypatch.setattr(kind, "_prepare_headers", own)
    else:
        made = type("Own", (kind,), {"_prepare_headers": own})

    async def handler(request):
        return made(FILE) if kind is web.FileResponse else made()

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestClient(app) as client:
        for _ in range(2):
            async with client.get("/") as response:
                assert response.headers["X-Prepared"] == "1"
                assert "Server" in response.headers
        monkeypatch.undo()
        if is_patched:
            async with client.get("/") as response:
                assert "X-Prepared" not in response.headers
    assert not web.Response()._special


@pytest.mark.parametrize("kind", [web.StreamResponse, web.FileResponse])
@pytest.mark.parametrize("step", ["_start", "prepare"])
async def test_steps_of_a_file_that_is_kept_are_patched(client, monkeypatch, kind, step):
    original = getattr(kind, step)
    seen = []

    async def patched(self, request):
        seen.append(type(self))
        return await original(self, request)

    async def ask():
        async with client.get("/plain") as response:
            assert await response.text() == FILE.read_text()

    for _ in range(2):
        await ask()
    monkeypatch.setattr(kind, step, patched)
    for _ in range(2):
        await ask()
    monkeypatch.undo()
    await ask()
    assert seen == [web.FileResponse] * 2
    assert vars(web.FileResponse)["is_at_hand"].__module__ == "aiolos_server.fileresponse"
    assert "is_at_hand" not in vars(web.StreamResponse)
