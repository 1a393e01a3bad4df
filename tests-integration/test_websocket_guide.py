"""The examples of the guide of WebSockets do what the guide says."""

import importlib.util

import aiolos
import pytest
from aiolos import WSMsgType
from aiolos_testing import TestServer


@pytest.fixture
def guide(root):
    path = root / "docs" / "examples" / "websocket" / "rooms.py"
    spec = importlib.util.spec_from_file_location("rooms", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def url(guide):
    async with TestServer(guide.application()) as server:
        yield str(server.make_url("/"))


@pytest.fixture
async def session():
    async with aiolos.ClientSession() as session:
        yield session


async def test_serving_and_asking(guide, url, session, capsys):
    assert await guide.say(session, f"{url}echo", "hello") == "You said: hello"
    async with session.ws_connect(f"{url}echo") as socket:
        await socket.send_bytes(b"bytes")
        assert await socket.receive_bytes() == b"bytes"
        await socket.close(code=4000)
    assert capsys.readouterr().out.splitlines() == ["closed with 1000", "closed with 4000"]


async def test_rooms(guide, url, session):
    async with session.ws_connect(f"{url}talk") as ann, session.ws_connect(f"{url}talk") as bob:
        await ann.send_str("is anybody here?")
        assert await bob.receive_str() == await ann.receive_str() == "is anybody here?"
        await bob.send_str("x" * (16 * 1024 + 1))
        assert await bob.receive() == (WSMsgType.CLOSE, 1009, "the message is too large")


async def test_a_listener(guide, url, session):
    async with session.ws_connect(f"{url}fast") as socket:
        await socket.send_str("text")
        await socket.send_bytes(b"bytes")
        assert await socket.receive_str() == "text"
        assert await socket.receive_bytes() == b"bytes"


async def test_fragments(guide, url, session, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(5_000_000))
    assert await guide.upload(session, f"{url}store", path) == "5000000 bytes"


async def test_who_may_connect(guide, url, session):
    async with session.ws_connect(
        f"{url}private", origin="https://rooms.example", protocols=["rooms.v3", "rooms.v2"]
    ) as socket:
        assert await socket.receive_str() == "Hello in rooms.v2"
    async with session.get(f"{url}private") as response:
        assert response.status == 400
    with pytest.raises(aiolos.WSServerHandshakeError) as caught:
        await session.ws_connect(f"{url}private", origin="https://elsewhere.example")
    assert caught.value.status == 403


async def test_staying_connected(guide, url, session, monkeypatch):
    count = 0

    async def greet(request):
        nonlocal count
        count += 1
        socket = aiolos.web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(f"hello {count}")
        return socket

    app = aiolos.web.Application()
    app.router.add_get("/", greet)
    monkeypatch.setattr("random.uniform", lambda low, high: 0)
    async with TestServer(app) as server:
        heard = []
        async for text in guide.follow(session, str(server.make_url("/"))):
            heard.append(text)
            if len(heard) == 3:
                break
    assert heard == ["hello 1", "hello 2", "hello 3"]
