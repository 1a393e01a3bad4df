"""Our client against our server: on both loops, with and without sockets, by both versions."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextvars import ContextVar
from typing import Any

import aiolos
import pytest
import uvloop
from aiolos import web
from aiolos.test_utils import TestClient, TestServer

Run = Callable[[Coroutine[Any, Any, Any]], Any]


WAY: ContextVar[str] = ContextVar("WAY")


@pytest.fixture(params=["asyncio", "uvloop", "memory", "http2", "http2-memory"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on a loop of its own; "memory" without sockets between the two ends."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        WAY.set(request.param)
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(asyncio.wait_for(main, 60))

    return run


def serving(app: web.Application, **options: Any) -> TestClient:
    """A client of `app`, which is served on a free port or in memory."""
    way = WAY.get()
    server = TestServer(
        app,
        transport="memory" if way.endswith("memory") else "tcp",
        access_log=None,
        shutdown_timeout=5,
        handler_cancellation=False,
    )
    return TestClient(server, http2="prior-knowledge" if way.startswith("http2") else False)


def app_of(**handlers: Any) -> web.Application:
    """`name=handler` answers every method on /name."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_route("*", f"/{name}", handler)
    return app


async def echo(request: web.Request) -> web.Response:
    """The body, and what was said of it."""
    return web.Response(
        body=await request.read(), headers={"X-Was": request.headers.get("Content-Type", "")}
    )


def test_what_is_posted_arrives(run):
    async def main():
        async with serving(app_of(echo=echo)) as session:
            async with session.post("/echo", data=b"\x00\xff" * 1000) as response:
                assert await response.read() == b"\x00\xff" * 1000
                assert response.headers["X-Was"] == "application/octet-stream"
            async with session.post("/echo", json={"a": [1, "ü"]}) as response:
                assert await response.json(content_type=None) == {"a": [1, "ü"]}
                assert response.headers["X-Was"] == "application/json"
            async with session.post("/echo", data={"a": "1 2", "b": "ü&="}) as response:
                assert await response.text() == "a=1+2&b=%C3%BC%26%3D"
            async with session.put("/echo", data="text") as response:
                assert await response.text() == "text"
            async with session.get("/echo", params={"q": "a b"}) as response:
                assert response.url.query_string == "q=a b"
                assert await response.read() == b""

    run(main())


def test_large_bodies_pass_in_both_directions(run):
    size, piece = 10_000_000, bytes(range(250)) * 100

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(size // len(piece)):
            yield piece

    async def take(request: web.Request) -> web.Response:
        digest = hashlib.sha256()
        async for part in request.content.iter_any():
            digest.update(part)
        return web.Response(text=digest.hexdigest())

    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for part in pieces():
            await response.write(part)
        await response.write_eof()
        return response

    async def main():
        wanted = hashlib.sha256(piece * (size // len(piece))).hexdigest()
        async with serving(app_of(take=take, give=give)) as session:
            async with session.post("/take", data=pieces()) as response:
                assert await response.text() == wanted
            async with session.post("/take", data=piece * (size // len(piece))) as response:
                assert await response.text() == wanted
            async with session.get("/give") as response:
                if response.version == aiolos.HttpVersion11:
                    assert response.headers["Transfer-Encoding"] == "chunked"
                assert hashlib.sha256(await response.read()).hexdigest() == wanted

    run(main())


def test_a_hundred_requests_use_one_connection(run):
    seen = set()

    async def note(request: web.Request) -> web.Response:
        seen.add(request.get_extra_info("peername"))
        return web.Response(text="noted")

    async def main():
        async with serving(app_of(note=note)) as session:
            for _ in range(100):
                async with session.get("/note") as response:
                    assert await response.text() == "noted"

    run(main())
    assert len(seen) == 1


def test_many_at_once_are_each_answered_by_their_own(run):
    async def late(request: web.Request) -> web.Response:
        for _ in range(int(request.query["turns"])):
            await asyncio.sleep(0)
        return web.Response(text=request.query["turns"])

    async def one(session: TestClient, number: int) -> None:
        async with session.get("/late", params={"turns": str(number % 7)}) as response:
            assert await response.text() == str(number % 7)

    async def main():
        async with serving(app_of(late=late)) as session:
            await asyncio.gather(*(one(session, number) for number in range(300)))

    run(main())


def test_nobody_and_not_so(run):
    async def main():
        app = web.Application()
        app.router.add_get("/here", echo)
        async with serving(app) as session:
            async with session.get("/nowhere") as response:
                assert response.status == 404
            async with session.post("/here", data=b"x") as response:
                assert response.status == 405
                assert response.headers["Allow"] == "GET,HEAD"
            async with session.head("/here") as response:
                assert response.status == 200
                assert await response.read() == b""

    run(main())


def test_a_handler_that_raises_is_a_500_and_a_line_in_the_log(run, caplog):
    async def broken(request: web.Request) -> web.Response:
        raise ZeroDivisionError("secret")

    async def main():
        async with serving(app_of(broken=broken, echo=echo)) as session:
            async with session.get("/broken") as response:
                assert response.status == 500
                assert "secret" not in await response.text()
            async with session.get("/echo") as response:
                assert response.status == 200

    with caplog.at_level(logging.ERROR):
        run(main())
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]


def test_a_response_that_breaks_off_is_said_to(run):
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b"x" * 10)
        await asyncio.sleep(0)
        request.transport.abort()
        return response

    async def main():
        async with serving(app_of(cut=cut)) as session:
            with pytest.raises(aiolos.ClientError) as caught:
                async with session.get("/cut") as response:
                    await response.read()
            assert "cut" in str(caught.value) or "127.0.0.1" in str(caught.value)

    run(main())


async def parrot(request: web.Request) -> web.WebSocketResponse:
    """Sends back every message as its own kind."""
    socket = web.WebSocketResponse(protocols=("parrot",), max_msg_size=2**22)
    await socket.prepare(request)
    async for message in socket:
        if message.type is web.WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is web.WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


def test_websocket_messages_come_back(run):
    async def main():
        async with (
            serving(app_of(parrot=parrot)) as session,
            session.ws_connect("/parrot", protocols=("x", "parrot")) as socket,
        ):
            assert socket.protocol == "parrot"
            for text in ("", "hello", "κόσμε", "x" * 200, "y" * 100_000):
                await socket.send_str(text)
                assert await socket.receive_str() == text
            for data in (b"", b"\x00" * 126, bytes(range(256)) * 4000):
                await socket.send_bytes(data)
                assert await socket.receive_bytes() == data
            await socket.send_json({"a": 1})
            assert await socket.receive_json() == {"a": 1}
            await socket.close(code=4001, message=b"enough")
            assert socket.closed
            assert socket.close_code == 4001

    run(main())


def test_websocket_messages_keep_their_order_when_nobody_waits(run):
    async def main():
        async with (
            serving(app_of(parrot=parrot)) as session,
            session.ws_connect("/parrot") as socket,
        ):
            for number in range(500):
                socket.send_str(str(number))
            heard = [await socket.receive_str() for _ in range(500)]
            assert heard == [str(number) for number in range(500)]

    run(main())


def test_what_is_no_websocket_is_refused_with_its_status(run):
    async def main():
        async with serving(app_of(echo=echo)) as session:
            with pytest.raises(aiolos.WSServerHandshakeError) as caught:
                await session.ws_connect("/echo")
            # By HTTP/2 it is not asked for the page, but for a tunnel (RFC 8441).
            assert caught.value.status == (400 if WAY.get().startswith("http2") else 200)

    run(main())


def test_shutdown_lets_the_running_request_finish(run):
    async def main():
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow(request: web.Request) -> web.Response:
            begun.set()
            await go_on.wait()
            return web.Response(text="finished")

        async with serving(app_of(slow=slow)) as client:
            url = client.make_url("/slow")
            asked = asyncio.ensure_future(client.get("/slow"))
            await begun.wait()
            ending = asyncio.ensure_future(client.server.close())
            await asyncio.sleep(0)
            assert not ending.done()
            go_on.set()
            async with await asked as response:
                assert await response.text() == "finished"
                if response.version == aiolos.HttpVersion11:
                    assert response.headers["Connection"] == "close"
            await ending
            with pytest.raises(aiolos.ClientConnectorError):
                await client.session.get(url)

    run(main())


def test_refused_and_unknown_hosts_are_told_by_name(run):
    async def main():
        async with aiolos.ClientSession() as session:
            with pytest.raises(aiolos.ClientConnectorError, match=r"127\.0\.0\.1:1\b"):
                await session.get("http://127.0.0.1:1/")
            with pytest.raises(aiolos.InvalidURL):
                await session.get("/relative")
            with pytest.raises(aiolos.NonHttpUrlClientError, match="ftp"):
                await session.get("ftp://127.0.0.1/")

    run(main())
