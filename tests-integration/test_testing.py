"""The testing package with client and server: rows TST-01 to TST-08 of the features list."""

import asyncio
import contextlib
import ssl
import unittest
from collections.abc import AsyncIterator
from typing import Any

import aiolos
import aiolos.test_utils
import pytest
from aiolos import web
from aiolos_protocol.clock import Clock
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h2_client import H2ClientLink
from aiolos_protocol.message import RequestHead
from aiolos_protocol.streams import StreamReader
from aiolos_server.component import from_handler
from aiolos_testing import (
    AiolosTestCase,
    RawTestServer,
    TestClient,
    TestServer,
    make_mocked_coro,
    make_mocked_request,
    unittest_run_loop,
)
from multidict import CIMultiDict

pytest_plugins = ["pytester"]


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=f"hello {request.path}")


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/test", hello)
    return app


async def test_tst_01_a_client_of_a_server() -> None:
    async with TestClient(TestServer(application())) as client:
        async with client.get("/test") as response:
            assert response.status == 200
            assert await response.text() == "hello /test"
        response = await client.get("/")
        assert await response.text() == "hello /"
        async with client.head("/test") as response:
            assert (response.status, await response.read()) == (200, b"")


@pytest.mark.parametrize("is_coroutine", [False, True])
async def test_tst_02_a_client_of_an_application(is_coroutine: bool) -> None:
    async def make() -> web.Application:
        return application()

    async with TestClient(make() if is_coroutine else application()) as client:
        assert isinstance(client.app, web.Application)
        async with client.get("/") as response:
            assert await response.text() == "hello /"


class TestTst03(AiolosTestCase):
    """The unittest form, here run by pytest, below by unittest."""

    async def get_application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", lambda request: hello(request))
        return app

    @unittest_run_loop
    async def test_decorated(self) -> None:
        async with self.client.get("/") as response:
            assert await response.text() == "hello /"

    async def test_plain(self) -> None:
        async with self.client.request("GET", "/") as response:
            assert response.status == 200


def test_tst_03_under_unittest() -> None:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(TestTst03).run(result)
    assert result.testsRun == 2
    assert result.wasSuccessful(), result.errors + result.failures


async def test_tst_04_the_client_fixture(aiolos_client: Any) -> None:
    client = await aiolos_client(application())
    async with client.get("/") as response:
        assert await response.text() == "hello /"


async def test_tst_05_the_server_fixtures(aiolos_server: Any, aiolos_raw_server: Any) -> None:
    server = await aiolos_server(application())
    raw = await aiolos_raw_server(hello)
    async with aiolos.ClientSession() as session:
        for url in (server.make_url("/"), raw.make_url("/any/where")):
            async with session.get(url) as response:
                assert await response.text() == f"hello {url.path}"


@pytest.fixture
async def client(aiolos_client: Any) -> AsyncIterator[TestClient[Any, Any]]:
    async with aiolos_client(application()) as client:
        yield client
    assert client.closed
    assert client.server.closed


async def test_tst_06_what_the_fixture_returns_is_a_context_manager(client: Any) -> None:
    async with client.get("/") as response:
        assert await response.text() == "hello /"


@pytest.fixture
async def user_endpoint(aiolos_client: Any) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()

    @app.router.post("/users/{user_id:int}")
    async def endpoint(request: web.Request, match_info: Any) -> web.Response:
        return web.json_response({"id": match_info["user_id"]})

    async with aiolos_client(app) as client:
        yield client


async def test_tst_07_a_whole_endpoint_as_a_fixture(user_endpoint: Any) -> None:
    async with user_endpoint.post("/users/7") as response:
        assert await response.json() == {"id": 7}


@pytest.fixture
async def aiolos_server_of_mine(aiolos_client: Any) -> AsyncIterator[Any]:
    server = await aiolos_client(application())
    yield server
    await server.close()


async def test_tst_08_a_fixture_of_the_users_own_closes_first(aiolos_server_of_mine: Any) -> None:
    async with aiolos_server_of_mine.get("/") as response:
        assert response.status == 200


async def test_a_websocket_by_the_test_client() -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(f"{message.data}!")
        return ws

    async with TestClient(RawTestServer(echo)) as client:
        async with client.ws_connect("/") as ws:
            await ws.send_str("one")
            assert await ws.receive_str() == "one!"
        ws = await client.ws_connect("/")
        await ws.send_str("two")
        assert await ws.receive_str() == "two!"
    assert ws.closed


async def test_what_was_awaited_and_not_read_leaves_no_warning() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 1000)
                await asyncio.sleep(0)
        return response

    async with TestClient(RawTestServer(endless)) as client:
        response = await client.get("/")
        assert response.status == 200


async def test_closing_does_not_wait_for_a_handler_that_hangs() -> None:
    ended = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    started = asyncio.get_running_loop().time()
    async with TestClient(RawTestServer(hang)) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.get("/")
    assert ended.is_set()
    assert asyncio.get_running_loop().time() - started < 5


async def test_a_mocked_request_reaches_a_handler() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response([request.match_info["name"], await request.text()])

    request = make_mocked_request(
        "POST", "/greet/me?x=1", {"A": "b"}, match_info={"name": "me"}, payload=b"text"
    )
    assert isinstance(request, web.Request)
    assert (request.headers["A"], request.query["x"]) == ("b", "1")
    response = await handler(request)
    assert response.text == '["me", "text"]'


async def test_a_mocked_request_keeps_what_is_sent() -> None:
    request = make_mocked_request("GET", "/", {"Host": "example.com"}, closing=True)
    assert not request.keep_alive
    assert (request.remote, str(request.url)) == ("127.0.0.1", "http://example.com/")
    assert not request.response_begun
    response = web.StreamResponse(status=201, headers={"X-Own": "field"})
    await response.prepare(request)
    await response.write(b"one")
    await response.write(b"two")
    await response.write_eof()
    (head,) = request.exchange.heads
    assert (head.status, head.headers["X-Own"]) == (201, "field")
    assert request.exchange.written == b"onetwo"
    assert request.exchange.complete
    assert request.response_begun


async def test_a_mocked_request_by_https_and_by_a_transport_of_ones_own() -> None:
    context = ssl.create_default_context()
    secure = make_mocked_request("GET", "/", sslcontext=context)
    assert secure.scheme == "https"
    transport = asyncio.Transport({"peername": ("10.0.0.1", 5)})
    assert make_mocked_request("GET", "/", transport=transport).remote == "10.0.0.1"


async def test_the_body_of_a_mocked_request_may_stream_and_is_bounded() -> None:
    stream = StreamReader()
    request = make_mocked_request("POST", "/", payload=stream)
    stream.feed_data(b"one")
    assert await request.content.readany() == b"one"
    stream.feed_eof()
    assert await request.content.read() == b""
    small = make_mocked_request("POST", "/", payload=b"x" * 11, client_max_size=10)
    with pytest.raises(web.HTTPRequestEntityTooLarge):
        await small.read()


async def test_a_mocked_request_opens_no_websocket() -> None:
    async with aiolos.test_utils.FakeServer(transport="memory") as fake:
        fake.get("/")
        with pytest.raises(aiolos.WSServerHandshakeError):
            await fake.session().ws_connect("http://a/")
        (asked,) = fake.asked
    request = make_mocked_request("GET", "/", asked.headers)
    with pytest.raises(RuntimeError, match="test WebSockets by a TestClient"):
        await web.WebSocketResponse().prepare(request)


async def test_a_mocked_coroutine_is_a_handler() -> None:
    handler = make_mocked_coro(web.Response(text="mocked"))
    async with TestClient(RawTestServer(handler)) as client, client.get("/") as response:
        assert await response.text() == "mocked"
    handler.assert_awaited_once()


async def test_in_memory_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for piece in request.content.iter_any():
            await response.write(piece)
        return response

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 20_000

    monkeypatch.setattr("socket.socket", None)
    async with TestClient(RawTestServer(echo, transport="memory")) as client:
        async with client.post("/", data=b"small") as response:
            assert await response.read() == b"small"
        async with client.post("/", data=pieces()) as response:
            assert len(await response.read()) == 2_000_000
        response = await client.post("/", data=pieces())
        assert response.status == 200


async def test_http2_runs_in_memory() -> None:
    class Owner:
        def recycled(self, link: Any) -> None:
            pass

        def lost(self, link: Any, exc: BaseException | None) -> None:
            pass

    async def version(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.version[0]} {request.path}")

    loop = asyncio.get_running_loop()
    async with aiolos.test_utils.TestServer(from_handler(version), transport="memory") as server:
        link = await server.connect(
            lambda: H2ClientLink(loop, Clock(loop), DEFAULT_LIMITS, Owner()),
            server.host,
            server.port or 0,
            ssl=None,
        )
        exchanges = [
            link.ask(RequestHead("GET", f"/{number}", headers=CIMultiDict(Host="a")))
            for number in range(3)
        ]
        for number, exchange in enumerate(exchanges):
            answer = await exchange.answered
            assert answer.status == 200
            assert await exchange.body.read() == f"2 /{number}".encode()
        link.close()


async def test_websockets_run_in_memory() -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(f"{message.data}!")
        return ws

    app = web.Application()
    app.router.add_get("/", echo)
    async with TestClient(app, transport="memory") as client:
        async with client.ws_connect("/") as ws:
            await ws.send_str("one")
            assert await ws.receive_str() == "one!"
        assert ws.close_code == 1000


async def test_what_is_not_there_in_memory_is_refused_as_a_socket_would() -> None:
    async with TestClient(RawTestServer(hello, transport="memory")) as client:
        with pytest.raises(aiolos.ClientConnectorError, match="only the test server"):
            await client.session.get("http://example.com/")
        with pytest.raises(aiolos.ClientConnectorError, match="no TLS in memory"):
            await client.session.get("https://127.0.0.1:80/")


# Bad use.


@pytest.mark.parametrize(
    ("served", "told"),
    [
        (hello, "not <function hello.*; call it first if it .*; RawTestServer takes a handler"),
        (web.Application, "not <class .*Application.*; call the class first"),
        (None, "not None; has 'return app' been forgotten"),
    ],
)
def test_what_is_no_application_is_told_what_to_write(served: Any, told: str) -> None:
    for maker in (TestClient, TestServer):
        with pytest.raises(TypeError, match=told):
            maker(served)


async def test_a_handler_is_no_maker_of_an_application(aiolos_client: Any) -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'request'; a handler is for"):
        await aiolos_client(hello)


async def test_an_await_that_was_forgotten() -> None:
    async with TestClient(application(), transport="memory") as client:
        pending = client.get("/")
        with pytest.raises(AttributeError, match="no 'status' before the answer: write 'await'"):
            _ = pending.status  # type: ignore[attr-defined]
        pending.close()  # type: ignore[attr-defined]
