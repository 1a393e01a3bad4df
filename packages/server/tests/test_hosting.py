"""Any ASGI 3 application, served by this server."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiolos_protocol.errors import MissingDistribution
from aiolos_server import web
from aiolos_server.hosting import HostedApplication, is_asgi

Serve = Callable[..., Any]

GET = b"GET /a%20b/c?x=1&y=%20 HTTP/1.1\r\nHost: example.org\r\nX-One: 1\r\nX-One: \xe4\r\n\r\n"


@pytest.fixture
def hosted(serve: Serve) -> Any:
    """hosted(app): a peer of the server that hosts it."""
    return lambda app, **options: serve(app=HostedApplication(app), **options)


async def respond(send: Any, body: bytes = b"", status: int = 200, *headers: Any) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def body_of(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        body += message["body"]
        if not message["more_body"]:
            return body


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, await body_of(receive), 200, (b"content-type", b"text/x"))


# What is told from what.


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """An application."""


class Instance:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """An application."""


class Plain:
    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """An application without `async`."""


async def factory() -> None:
    """No application."""


def many(*arguments: Any) -> None:
    """Rather a function that makes one."""


@pytest.mark.parametrize(
    ("found", "is_one"),
    [
        (plain, True),
        (Instance(), True),
        (Plain(), True),
        (functools.partial(many, 1), False),
        (functools.partial(plain), True),
        (Instance, False),
        (factory, False),
        (many, False),
        (web.Application(), False),
        (5, False),
        (print, False),
    ],
)
def test_is_asgi(found: Any, is_one: bool) -> None:
    assert is_asgi(found) is is_one


# Requests.


async def test_the_scope(hosted: Any) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await respond(send)

    await hosted(app).ask(GET)
    (scope,) = seen
    assert scope.pop("asgi") == {"version": "3.0", "spec_version": "2.5"}
    assert scope == {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/a b/c",
        "raw_path": b"/a%20b/c",
        "query_string": b"x=1&y=%20",
        "root_path": "",
        "headers": [(b"host", b"example.org"), (b"x-one", b"1"), (b"x-one", b"\xe4")],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 80),
        "state": {},
        "extensions": {"http.response.pathsend": {}},
    }


@pytest.mark.parametrize("target", ["http://example.org/a?b", "/a?b"])
async def test_an_absolute_target(hosted: Any, target: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, scope["raw_path"] + scope["query_string"])

    request = f"GET {target} HTTP/1.1\r\nHost: example.org\r\n\r\n".encode()
    assert (await hosted(app).ask(request)).body == b"/ab"


async def test_a_whole_response_is_one_write(hosted: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        more = ((b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"content-length", b"5"))
        await respond(send, b"hello", 201, *more, (b"transfer-encoding", b"chunked"))

    peer = hosted(app)
    data = await peer.send(GET)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 201 Created"
    assert body == b"hello"
    assert [line for line in lines if b"ookie" in line] == [b"set-cookie: a=1", b"set-cookie: b=2"]
    assert sum(line.lower().startswith(b"content-length") for line in lines) == 1
    assert b"ransfer-" not in head
    # Nothing is added that says what the body is.
    assert b"ontent-" + b"Type" not in head
    assert not peer.closed


async def test_no_more_than_one_line_may_be_injected(
    hosted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"", 200, (b"x", b"a\r\nEvil: 1"))

    answer = await hosted(app).ask(GET)
    assert answer.status == 500
    assert "evil" not in answer.headers


async def test_a_stream(hosted: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        for piece in (b"a", b"", b"b"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    answer = await hosted(app).ask(GET)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.body == b"ab"


async def test_head_has_the_length_that_the_application_gives(hosted: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"", 200, (b"content-length", b"77"))

    answer = await hosted(app).ask(GET.replace(b"GET", b"HEAD", 1))
    assert (answer.headers["content-length"], answer.body) == ("77", b"")


@pytest.mark.parametrize("pieces", [(b"hello",), (b"he", b"llo")])
async def test_a_body(hosted: Any, pieces: tuple[bytes, ...]) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    answer = await hosted(echo).ask(head, *pieces)
    assert answer.body == b"hello"
    assert answer.headers["content-type"] == "text/x"


async def test_a_coded_body_is_left_as_it_is(hosted: Any) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n"
    assert (await hosted(echo).ask(head, b"abc")).body == b"abc"


async def test_continue_is_sent_when_the_body_is_asked_for(hosted: Any) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    peer = hosted(echo)
    assert await peer.send(head) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert (await peer.ask(b"hi")).body == b"hi"

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, status=403)

    assert (await hosted(refuse).ask(head)).status == 403


async def test_a_malformed_body_is_the_peers_fault(
    hosted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise LookupError

    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await hosted(app).ask(head, b"no size\r\n")
    assert answer.status == 400
    assert "LookupError" not in caplog.text


async def test_a_client_that_goes_away_is_told(hosted: Any, settle: Any) -> None:
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await body_of(receive)
        told.append(await receive())
        try:
            await respond(send, b"x")
            await send({"type": "http.response.body", "body": b"late"})
        except Exception as error:
            told.append(type(error))

    peer = hosted(app)
    await peer.send(GET)
    assert told == []
    peer.transport.lose()
    await settle()
    assert told[0] == {"type": "http.disconnect"}
    assert not peer.server.connections


async def test_a_stream_to_a_client_that_is_gone_raises_os_error(hosted: Any, settle: Any) -> None:
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(0)
        except OSError as error:
            told.append(error)
            raise

    peer = hosted(app)
    await peer.send(GET)
    peer.transport.lose()
    await settle()
    assert len(told) == 1


POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"


async def to_the_end(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def stream_to_the_end(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    with contextlib.suppress(OSError):
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0)


async def begin_and_wait(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"x", "more_body": True})
    await to_the_end(scope, receive, send)


@pytest.mark.parametrize("app", [to_the_end, stream_to_the_end, begin_and_wait])
@pytest.mark.parametrize(
    "request_", [GET, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"]
)
async def test_who_returns_once_the_client_is_gone_does_as_asgi_wants(
    hosted: Any, settle: Any, caplog: pytest.LogCaptureFixture, app: Any, request_: bytes
) -> None:
    caplog.set_level(logging.INFO)
    peer = hosted(app)
    await peer.send(request_)
    peer.transport.lose()
    await settle()
    assert not peer.server.connections
    assert not caplog.records


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (GET, b"HTTP/1.1 499 Client Closed Request\r\n"),
        (POST, b"HTTP/1.1 400 Bad Request\r\n"),
    ],
)
async def test_who_has_closed_its_half_is_told_that_it_is_not_answered(
    hosted: Any, caplog: pytest.LogCaptureFixture, request_: bytes, told: bytes
) -> None:
    caplog.set_level(logging.INFO)
    peer = hosted(to_the_end)
    await peer.send(request_)
    peer.transport.receive_eof()
    assert (await peer.send(b"")).startswith(told)
    assert not caplog.records


@pytest.mark.parametrize("status", [200, 299, 420, 499, 520, 599])
async def test_any_final_status(hosted: Any, status: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"x", status)

    assert (await hosted(app).ask(GET)).status == status


async def test_what_goes_on_behind_a_response_holds_up_nobody(hosted: Any, settle: Any) -> None:
    gate = asyncio.Event()
    done: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.current_task()
        await asyncio.sleep(0)
        await respond(send, scope["path"].encode())
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False} or True
        await gate.wait()
        assert asyncio.current_task() is task, "scopes of cancellation are bound to it"
        done.append(scope["path"])

    peer = hosted(app)
    for path in (b"/1", b"/2"):
        answer = await peer.ask(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.body == path
    assert len(peer.server.background) == 2
    ending = asyncio.ensure_future(peer.server.shutdown(None))
    await settle()
    assert not ending.done(), "the end of the server waits for them"
    gate.set()
    await ending
    assert done == ["/1", "/2"]
    assert not peer.server.background


async def test_an_application_may_answer_in_a_task_of_its_own(hosted: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.create_task(respond(send, b"fine"))
        await asyncio.sleep(0)

    peer = hosted(app)
    for _ in range(2):
        assert (await peer.ask(GET)).body == b"fine"
    await asyncio.sleep(0)
    assert not peer.server.background


async def test_what_fails_behind_a_response_is_logged(
    hosted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"fine")
        raise LookupError("behind")

    peer = hosted(app)
    for _ in range(2):
        assert (await peer.ask(GET)).body == b"fine"
    assert "LookupError: behind" in caplog.text
    assert "behind its response" in caplog.text


async def test_what_goes_on_for_ever_is_cancelled(hosted: Any) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    peer = hosted(app)
    await peer.ask(GET)
    await peer.server.shutdown(0)
    assert seen == ["cancelled"]


@pytest.mark.parametrize("begun", [False, True])
async def test_an_application_that_fails(
    hosted: Any, caplog: pytest.LogCaptureFixture, begun: bool
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise LookupError("secret")

    peer = hosted(app)
    data = await peer.send(GET)
    assert b"secret" not in data
    assert "LookupError: secret" in caplog.text
    assert data.startswith(b"HTTP/1.1 500") is not begun
    assert peer.transport.aborted is begun


@pytest.mark.parametrize("begun", [False, True])
async def test_an_application_that_forgets_to_answer(
    hosted: Any, caplog: pytest.LogCaptureFixture, begun: bool
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200})

    assert (await hosted(app).ask(GET)).status == 500
    assert "returned before its response was complete" in caplog.text


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.response.body"}],
        [{"type": "http.response.start", "status": 200}] * 2,
        [{"type": "websocket.accept"}],
    ],
)
async def test_messages_that_are_out_of_place(
    hosted: Any, caplog: pytest.LogCaptureFixture, messages: list[Any]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    assert (await hosted(app).ask(GET)).status == 500
    assert "not expected here" in caplog.text


@pytest.mark.parametrize("status", [99, 101, 600, "200"])
async def test_what_is_no_final_status(
    hosted: Any, caplog: pytest.LogCaptureFixture, status: Any
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"", status)

    assert (await hosted(app).ask(GET)).status == 500
    assert "see RFC 9110 15" in caplog.text or "a status is an int" in caplog.text


@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_a_file_by_its_path(
    hosted: Any, running: Any, talk: Any, answers: Any, size: int, tmp_path: Path
) -> None:
    file = tmp_path / "f.txt"
    file.write_bytes(b"x" * size)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("no lifespan")
        length = (b"content-length", str(size).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.pathsend", "path": str(file)})

    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    request = GET.replace(b"X-One: 1", b"Range: bytes=0-1\r\nConnection: close")
    (answer,) = answers(await talk(site.port, request))
    await runner.cleanup()
    assert (answer.status, answer.body) == (200, b"x" * size)
    # All that it says is the application's.
    assert set(answer.headers) == {"content-length", "connection", "date", "server"}


async def test_the_access_log(hosted: Any) -> None:
    seen: list[Any] = []

    def log(request: Any, response: Any, seconds: float) -> None:
        seen.append((request.path, response.status, response.body_length))

    await hosted(echo, log_access=log).ask(
        b"POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", b"hi"
    )
    assert seen == [("/e", 200, 2)]


async def test_a_websocket_needs_its_distribution(
    hosted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from aiolos_protocol import siblings

    try:
        siblings.websocket("a test")
    except MissingDistribution:
        pass
    else:
        pytest.skip("aiolos-websocket is here")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept"})

    answer = await hosted(app).ask(HANDSHAKE)
    assert answer.status == 500
    assert "pip install aiolos-websocket" in caplog.text


HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: a, b\r\n\r\n"
)


async def test_a_websocket_that_is_refused(hosted: Any) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.close", "code": 1000})

    assert (await hosted(app).ask(HANDSHAKE)).status == 403
    (scope,) = seen
    assert (scope["type"], scope["scheme"]) == ("websocket", "ws")
    assert scope["subprotocols"] == ["a", "b"]
    assert "method" not in scope


async def test_a_websocket_that_is_refused_by_a_response(hosted: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert "websocket.http.response" in scope["extensions"]
        headers = [(b"content-type", b"text/plain"), (b"x-why", b"you")]
        kind = "websocket.http.response"
        await send({"type": f"{kind}.start", "status": 401, "headers": headers})
        await send({"type": f"{kind}.body", "body": b"go ", "more_body": True})
        await send({"type": f"{kind}.body", "body": b"away"})

    answer = await hosted(app).ask(HANDSHAKE)
    assert (answer.status, answer.headers["x-why"], answer.body) == (401, "you", b"go away")


# The lifespan.


async def run(app: Any) -> None:
    runner = web.AppRunner(app)
    await runner.setup()
    await runner.cleanup()


async def test_the_lifespan() -> None:
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        for _ in range(2):
            message = await receive()
            told.append(message["type"])
            await send({"type": f"{message['type']}.complete"})

    await run(app)
    assert told == ["lifespan.startup", "lifespan.shutdown"]


async def test_its_state_is_each_requests(running: Any, talk: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["state"]["count"] += 1
            await respond(send, b"%d" % scope["state"]["count"])
            return
        scope["state"]["count"] = 1
        while True:
            await send({"type": f"{(await receive())['type']}.complete"})

    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    for _ in range(2):
        request = GET.replace(b"X-One: 1", b"Connection: close")
        assert (await talk(site.port, request)).endswith(b"\r\n\r\n2")
    await runner.cleanup()


@pytest.mark.parametrize("when", ["startup", "shutdown"])
async def test_a_lifespan_that_fails(when: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while True:
            kind = (await receive())["type"]
            failed = kind == f"lifespan.{when}"
            await send({"type": f"{kind}.{'failed' if failed else 'complete'}", "message": "no db"})

    with pytest.raises(RuntimeError, match=f"{when}.failed: no db"):
        await run(app)


async def test_an_application_without_one() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"

    await run(app)


async def test_an_application_that_leaves_its_lifespan() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})

    await run(app)


def test_logging_needs_no_setting() -> None:
    assert HostedApplication(plain).logger is logging.getLogger("aiolos.web")


async def test_an_application_says_itself_what_its_bodies_are(hosted: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    answer = await hosted(app).ask(GET)
    assert (answer.body, answer.headers.get("content-type")) == (b"ab", None)
