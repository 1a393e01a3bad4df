"""Our client, asked to ask the whole world, asks a FakeServer."""

import asyncio
import ssl

import aiolos
import pytest
from aiolos_protocol.websocket import WebSocket
from aiolos_testing.fake import FakeServer
from aiolos_testing.faults import CutAfter, StallAfter, TLSFailure


async def test_every_host_is_the_fake_server(fake_server: FakeServer) -> None:
    fake_server.get("https://api.example.com/items?page=2").answer(json=[1, 2])
    fake_server.post("http://other.example.com/items", json={"a": 1}).answer(201)
    session = fake_server.session(headers={"Authorization": "token"})
    async with session.get("https://api.example.com/items", params={"page": "2"}) as response:
        assert await response.json() == [1, 2]
    async with session.post("http://other.example.com/items", json={"a": 1}) as response:
        assert response.status == 201
    assert [asked.headers["Authorization"] for asked in fake_server.asked] == ["token"] * 2
    fake_server.check_all_asked()


async def test_connections_are_pooled_as_ever(fake_server: FakeServer) -> None:
    fake_server.get("/").answer(text="again")
    session = fake_server.session()
    for _ in range(3):
        async with session.get("https://api.example.com/") as response:
            assert await response.text() == "again"
    assert len(fake_server.asked) == 3
    assert session.connector.open_connections == 1


async def test_a_session_of_the_codes_own_is_led_here(fake_server: FakeServer) -> None:
    fake_server.get("https://api.example.com/").answer(text="here")
    async with aiolos.ClientSession() as session:
        session.connector.connect_by = fake_server.connect
        async with session.get("https://api.example.com/") as response:
            assert await response.text() == "here"


async def test_faults_of_the_upstream() -> None:
    async with FakeServer(faults=[CutAfter(0), TLSFailure(), None]) as fake:
        fake.get("/").answer(text="whole").answer(data=b"x" * 1000, fault=StallAfter(500))
        session = fake.session(timeout=aiolos.ClientTimeout(total=0.5))
        with pytest.raises(aiolos.ClientConnectionError):
            await session.get("http://api.example.com/")
        with pytest.raises(aiolos.ClientConnectorSSLError):
            await session.get("https://api.example.com/")
        async with session.get("https://api.example.com/") as response:
            assert await response.text() == "whole"
        with pytest.raises(TimeoutError):
            async with session.get("https://api.example.com/") as response:
                await response.read()


async def test_a_websocket_of_the_upstream(fake_server: FakeServer) -> None:
    done = asyncio.Event()

    async def talk(websocket: WebSocket) -> None:
        async for message in websocket:
            await websocket.send_str(f"{message.data}!")
        done.set()

    declared = fake_server.websocket("wss://api.example.com/socket", talk)
    async with fake_server.session().ws_connect("wss://api.example.com/socket") as websocket:
        await websocket.send_str("one")
        assert await websocket.receive_str() == "one!"
    await done.wait()
    assert len(declared.asked) == 1


async def test_in_memory_there_is_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket", None)
    async with FakeServer(transport="memory") as fake:
        fake.get("http://api.example.com/").answer(text="in memory")
        async with fake.session().get("http://api.example.com/") as response:
            assert await response.text() == "in memory"


async def test_what_is_undeclared_is_501_for_the_client(fake_server: FakeServer) -> None:
    async with fake_server.session().get("http://a/") as response:
        assert response.status == 501
        assert "nothing is declared" in await response.text()
    with pytest.raises(AssertionError, match="GET http://a/ was asked"):
        fake_server.check()


async def test_by_its_resolver_a_connector_of_the_codes_own_comes_here(
    fake_server: FakeServer,
) -> None:
    fake_server.get("http://api.example.com/").answer(302, headers={"Location": "https://other/"})
    fake_server.get("https://other/").answer(text="there")
    context = ssl.create_default_context()
    fake_server.trust(context)
    connector = aiolos.TCPConnector(resolver=fake_server.resolver, ssl=context)
    async with aiolos.ClientSession(connector=connector) as session:
        async with session.get("http://api.example.com/") as response:
            assert await response.text() == "there"
            assert [str(each.url) for each in response.history] == ["http://api.example.com/"]


async def test_cookies_and_redirects_are_real(fake_server: FakeServer) -> None:
    fake_server.get("https://shop.example.com/").answer(
        303, headers={"Location": "/home", "Set-Cookie": "session=1; Secure; Path=/"}
    )
    home = fake_server.get("https://shop.example.com/home").answer(text="home")
    async with fake_server.session().get("https://shop.example.com/") as response:
        assert await response.text() == "home"
    assert home.asked[0].headers["Cookie"] == "session=1"


async def test_a_websocket_over_the_http2_that_is_there(fake_server: FakeServer) -> None:
    async def talk(websocket: WebSocket) -> None:
        await websocket.send_str(f"{websocket.protocol}: {await websocket.receive_str()}")

    fake_server.get("https://api.example.com/").answer(text="hello")
    fake_server.websocket("wss://api.example.com/ws", talk, protocols=("chat",))
    session = fake_server.session()
    async with session.get("https://api.example.com/") as response:
        assert response.version == (2, 0)
    async with session.ws_connect("wss://api.example.com/ws", protocols=("chat",)) as socket:
        await socket.send_str("one")
        assert await socket.receive_str() == "chat: one"
    with pytest.raises(aiolos.WSServerHandshakeError):
        await session.ws_connect("wss://api.example.com/other")
    with pytest.raises(AssertionError, match="GET https://api.example.com/other was asked"):
        fake_server.check()
    assert session.connector.open_connections == 1
