"""ASGI applications as something to be served, asked over asyncio's streams."""

import asyncio
import logging
from typing import Any

import pytest
from aiolos_protocol.errors import MissingDistribution
from aiolos_testing import TestServer
from aiolos_testing.asgi import AsgiServable, is_asgi
from aiolos_testing.conformance import check_servable
from yarl import URL

OK = {"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"field")]}


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """An application without lifespan."""
    assert scope["type"] == "http"
    await send(OK)
    await send({"type": "http.response.body", "body": b"hello"})


class Noting:
    """An application that answers by `answer(receive, send)` and notes scopes and messages."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.scopes: list[Any] = []
        self.received: list[Any] = []
        self.lifespan: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(scope, receive, send)
            return
        self.scopes.append(scope)

        async def noted() -> Any:
            self.received.append(await receive())
            return self.received[-1]

        if self.answer is None:
            await hello(scope, noted, send)
        else:
            await self.answer(noted, send)

    async def live(self, scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["pool"] = "pool"
        for kind in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{kind}"
            self.lifespan.append(kind)
            await send({"type": f"lifespan.{kind}.complete"})


async def ask(server: TestServer, *lines: str, body: bytes = b"") -> bytes:
    """All that comes until the server closes."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    head = "\r\n".join([*lines, "Host: example.com", "Connection: close"])
    writer.write(head.encode() + b"\r\n\r\n" + body)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("app", [hello, Noting(), Noting().__call__])
def test_what_is_called_as_asgi_is(app: Any) -> None:
    assert is_asgi(app)


async def handler(request: Any) -> None:
    """No application."""


@pytest.mark.parametrize("app", [handler, lambda a, b, c: None, Noting, 3, print])
def test_anything_else_is_not(app: Any) -> None:
    assert not is_asgi(app)


async def test_it_is_servable() -> None:
    await check_servable(lambda: AsgiServable(hello))


async def test_a_request_and_its_scope() -> None:
    app = Noting()
    async with TestServer(app) as server:
        assert server.app is app
        answer = await ask(server, "GET /a%20b/%C3%BC?c=d%20e HTTP/1.1", "X-Mixed: Case")
    assert b"\r\nx-own: field\r\n" in answer
    assert b"\r\nContent-Length: 5\r\n" in answer
    assert answer.endswith(b"\r\n\r\nhello")
    (scope,) = app.scopes
    assert scope["http_version"] == "1.1"
    assert (scope["method"], scope["scheme"]) == ("GET", "http")
    assert (scope["path"], scope["raw_path"]) == ("/a b/ü", b"/a%20b/%C3%BC")
    assert scope["query_string"] == b"c=d%20e"
    assert (b"x-mixed", b"Case") in scope["headers"]
    assert scope["client"][0] == scope["server"][0] == "127.0.0.1"
    assert scope["state"] == {"pool": "pool"}
    assert app.lifespan == ["startup", "shutdown"]


async def test_a_body_comes_in_pieces_and_goes_in_pieces() -> None:
    async def echo(receive: Any, send: Any) -> None:
        await send({**OK, "headers": []})
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            await send({"type": "http.response.body", "body": message["body"], "more_body": more})

    async with TestServer(Noting(echo)) as server:
        size = 200_000
        answer = await ask(server, "POST / HTTP/1.1", f"Content-Length: {size}", body=b"x" * size)
    assert b"Transfer-Encoding: chunked" in answer
    assert answer.count(b"x") == size


async def test_a_length_of_ones_own_is_kept() -> None:
    async def announce(receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"10"), (b"transfer-encoding", b"chunked")]
        await send({**OK, "headers": headers})
        for _ in range(2):
            await send({"type": "http.response.body", "body": b"12345", "more_body": True})
        await send({"type": "http.response.body"})

    async with TestServer(Noting(announce)) as server:
        answer = await ask(server, "GET / HTTP/1.1")
    assert b"\r\nContent-Length: 10\r\n" in answer
    assert b"Transfer-Encoding" not in answer
    assert answer.endswith(b"\r\n\r\n1234512345")


async def test_expect_is_answered_when_the_body_is_wanted() -> None:
    async def echo(receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        await send(OK)
        await send({"type": "http.response.body", "body": body})

    async with TestServer(Noting(echo)) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.read()).endswith(b"body")
        writer.close()


async def test_behind_the_answer_there_is_a_disconnect() -> None:
    done = asyncio.Event()

    async def wait(receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b""
        await send(OK)
        await send({"type": "http.response.body"})
        assert (await receive())["type"] == "http.disconnect"
        done.set()

    async with TestServer(Noting(wait)) as server:
        await ask(server, "GET / HTTP/1.1")
        await done.wait()


async def test_a_client_that_leaves_is_a_disconnect() -> None:
    app: Noting
    done = asyncio.Event()

    async def wait(receive: Any, send: Any) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        await send(OK)
        done.set()

    app = Noting(wait)
    async with TestServer(app) as server:
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        while not app.received:
            await asyncio.sleep(0)
        writer.transport.abort()
        await done.wait()


async def test_a_client_that_sends_no_more_gets_its_answer() -> None:
    async def wait(receive: Any, send: Any) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        await send(OK)
        await send({"type": "http.response.body", "body": b"late"})

    app = Noting(wait)
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        writer.write_eof()
        assert (await reader.read()).endswith(b"late")
        writer.close()


async def test_a_body_that_is_malformed_is_a_disconnect() -> None:
    app: Noting

    async def read(receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    app = Noting(read)
    async with TestServer(app) as server:
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not app.scopes:
            await asyncio.sleep(0)
        writer.write(b"no size\r\n")
        while not app.received:
            await asyncio.sleep(0)
        writer.close()
    assert app.received == [{"type": "http.disconnect"}]


# What goes wrong in the application.


async def raises(receive: Any, send: Any) -> None:
    raise KeyError("as it should")


async def returns(receive: Any, send: Any) -> None:
    pass


async def confuses(receive: Any, send: Any) -> None:
    await send({"type": "http.response.body"})


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (raises, "KeyError: 'as it should'"),
        (returns, "returned without a response"),
        (confuses, "the message 'http.response.body' is not expected at this point"),
    ],
)
async def test_a_failing_application_is_answered_500(
    answer: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with TestServer(Noting(answer)) as server:
        assert (await ask(server, "GET / HTTP/1.1")).startswith(b"HTTP/1.1 500 ")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert text in caplog.text


async def test_a_response_that_breaks_off_breaks_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def half(receive: Any, send: Any) -> None:
        await send(OK)
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    async with TestServer(Noting(half)) as server:
        answer = await ask(server, "GET / HTTP/1.1")
        assert not answer.endswith(b"0\r\n\r\n")
    assert "returned before its response was complete" in caplog.text


async def test_a_lifespan_that_fails_fails_the_start() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(RuntimeError, match="did not start: no database"):
        await TestServer(broken).start_server()


async def test_a_lifespan_that_fails_at_the_end_is_told() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "not flushed"})

    server = TestServer(broken)
    await server.start_server()
    with pytest.raises(RuntimeError, match="did not end: not flushed"):
        await server.close()


async def test_closing_cancels_what_takes_too_long() -> None:
    ended = []

    async def hang(receive: Any, send: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("hang")

    app = Noting(hang)
    server = TestServer(app, shutdown_timeout=0.01)
    await server.start_server()
    _, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    while not app.scopes:
        await asyncio.sleep(0)
    await server.close()
    assert ended == ["hang"]
    assert app.lifespan == ["startup", "shutdown"]
    writer.close()


async def test_options_that_nobody_knows_are_refused() -> None:
    with pytest.raises(TypeError, match="nothing is known of keepalive_timeout"):
        await TestServer(hello).start_server(keepalive_timeout=3)


@pytest.mark.usefixtures("absent")
async def test_a_websocket_names_what_to_install(caplog: pytest.LogCaptureFixture) -> None:
    async with TestServer(hello) as server:
        answer = await ask(server, "GET / HTTP/1.1", "Upgrade: websocket")
        # Without Connection: upgrade it is no upgrade, but a request as any other.
        assert answer.startswith(b"HTTP/1.1 200 ")
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 500 ")
        writer.close()
    assert MissingDistribution.__name__ in caplog.text
    assert "an ASGI application with WebSockets needs the distribution" in caplog.text


async def test_it_is_served_in_memory() -> None:
    class End(asyncio.Protocol):
        data = b""

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.data += data

    app = Noting()
    async with TestServer(app, transport="memory") as server:
        url = server.make_url("/a")
        assert url == URL("http://127.0.0.1/a")
        end = await server.connect(End, "127.0.0.1", 80, ssl=None)
        end.transport.write(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        while not end.data.endswith(b"hello"):
            await asyncio.sleep(0)
        end.transport.close()
    assert app.scopes[0]["path"] == "/a"
