"""Recorded traffic between our client and our server, WebSockets included."""

import json
from pathlib import Path
from typing import Any

import aiolos
import pytest
from aiolos import WSMsgType, web
from aiolos_testing import FakeServer, Player, Recorder, TestServer, UndeclaredRequest


async def chat(request: web.Request) -> web.WebSocketResponse:
    """Greets, echoes, and leaves when it is told to."""
    socket = web.WebSocketResponse(protocols=("chat",))
    await socket.prepare(request)
    await socket.send_json({"hello": "you", "token": "s3cret"})
    async for message in socket:
        if message.data == "leave":
            await socket.close(code=4001, message=b"as asked")
        elif message.type is WSMsgType.TEXT:
            # JSON comes back as it is.
            end = "" if message.data.startswith("{") else "!"
            await socket.send_str(message.data + end)
        else:
            await socket.send_bytes(message.data * 2)
    return socket


async def closed(request: web.Request) -> web.Response:
    raise web.HTTPForbidden(text="not for you")


@pytest.fixture
async def server() -> Any:
    app = web.Application()
    app.router.add_get("/chat", chat)
    app.router.add_get("/closed", closed)
    async with TestServer(app) as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.json"


def written(path: Path) -> tuple[str, dict[str, Any]]:
    """The file, and the one exchange in it."""
    text = path.read_text(encoding="utf-8")
    (entry,) = json.loads(text)["exchanges"]
    return text, entry


async def talk(fake: FakeServer, url: Any, secret: str = "s3cret") -> list[Any]:
    """What a client hears that says a bit of everything."""
    heard: list[Any] = []
    async with fake.session().ws_connect(url, protocols=("other", "chat")) as socket:
        heard.append(socket.protocol)
        heard.append((await socket.receive_json())["hello"])
        await socket.send_str("one")
        await socket.send_json({"password": secret, "text": "ü"})
        heard += [await socket.receive_str(), (await socket.receive_json())["text"]]
        await socket.send_bytes(b"\x00\xff")
        heard.append(await socket.receive_bytes())
        await socket.send_str("leave")
        message = await socket.receive()
        heard += [message.type, message.data, message.extra]
    return heard


async def test_a_websocket_is_recorded_and_played(server: TestServer, path: Path) -> None:
    url = server.make_url("/chat")
    async with Recorder(path) as recorder:
        first = await talk(recorder, url)
    wanted = ["chat", "you", "one!", "ü", b"\x00\xff\x00\xff"]
    assert first == [*wanted, WSMsgType.CLOSE, 4001, "as asked"]
    text, entry = written(path)
    assert "s3cret" not in text
    assert entry["response"]["status"] == 101
    assert entry["messages"][0] == {
        "from": "server",
        "json": {"hello": "you", "token": "(hidden)"},
    }
    assert {"from": "client", "text": "one"} in entry["messages"]
    assert {"from": "server", "base64": "AP8A/w=="} in entry["messages"]
    assert {"from": "server", "close": 4001, "reason": "as asked"} in entry["messages"]
    async with Player(path) as player:
        for _ in range(2):
            assert await talk(player, url, "another") == first


async def test_a_client_that_closes(server: TestServer, path: Path) -> None:
    url = server.make_url("/chat")

    async def once(fake: FakeServer) -> None:
        async with fake.session().ws_connect(url) as socket:
            assert (await socket.receive_json())["hello"] == "you"
            await socket.close(code=4002, message=b"bye")
            assert socket.close_code == 4002

    async with Recorder(path) as recorder:
        await once(recorder)
    _, entry = written(path)
    assert entry["messages"][1] == {"from": "client", "close": 4002, "reason": "bye"}
    async with Player(path) as player:
        await once(player)


async def test_a_client_that_says_something_else_fails(server: TestServer, path: Path) -> None:
    url = server.make_url("/chat")
    async with Recorder(path) as recorder:
        await talk(recorder, url)
    wanted = (
        rf"message 2 of entry 1 of {path} \(GET {url}\): {{'text': 'one'}} recorded, "
        r"{'text': 'two'} sent"
    )
    async with Player(path) as player, player.session().ws_connect(url) as socket:
        await socket.receive()
        await socket.send_str("two")
        message = await socket.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)
        with pytest.raises(UndeclaredRequest, match=wanted):
            player.check()


async def test_a_websocket_that_is_refused(server: TestServer, path: Path) -> None:
    url = server.make_url("/closed")
    async with Recorder(path) as recorder:
        with pytest.raises(aiolos.WSServerHandshakeError, match="403"):
            await recorder.session().ws_connect(url)
    _, entry = written(path)
    assert entry["response"]["text"] == "not for you"
    async with Player(path) as player:
        with pytest.raises(aiolos.WSServerHandshakeError, match="403"):
            await player.session().ws_connect(url)


async def test_a_websocket_that_is_broken_off(path: Path) -> None:
    async def break_off(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("hello")
        await socket.receive()
        request.transport.abort()
        return socket

    app = web.Application()
    app.router.add_get("/", break_off)

    async def once(fake: FakeServer) -> None:
        async with fake.session().ws_connect(url) as socket:
            assert await socket.receive_str() == "hello"
            await socket.send_str("go on")
            assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)

    async with TestServer(app) as server:
        url = server.make_url("/")
        async with Recorder(path) as recorder:
            await once(recorder)
    async with Player(path) as player:
        await once(player)
