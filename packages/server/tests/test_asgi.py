"""The application as an ASGI callable, called in process (row ASG-06)."""

import asyncio
import inspect
import logging
import subprocess
import sys

import pytest
from aiolos_protocol.errors import ConnectionLost, LocalProtocolError, RemoteProtocolError
from aiolos_protocol.message import ResponseHead
from aiolos_server import web
from aiolos_server.asgi import serving
from aiolos_server.asgi.serving import handshake_of, head_of
from aiolos_server.asgi.socket import SocketLink
from multidict import CIMultiDict


async def echo(request):
    return web.json_response(
        {
            "method": request.method,
            "path": request.path_qs,
            "body": (await request.read()).decode(),
            "remote": request.remote,
            "secure": request.secure,
            "host": request.host,
            "version": list(request.version),
        }
    )


async def stream(request):
    response = web.StreamResponse(headers={"X-One": "1"})
    await response.prepare(request)
    for number in range(3):
        await response.write(b"%d" % number)
    await response.write_eof()
    return response


async def broken(request):
    raise ZeroDivisionError


def application():
    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/stream", stream)
    app.router.add_get("/broken", broken)
    return app


def scope_of(method, path, *headers, **more):
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"example.org"), *headers],
        "client": ["192.0.2.1", 4000],
        "server": ["127.0.0.1", 80],
        **more,
    }


async def call(app, scope, *received, receive=None):
    """What the application sends for `scope`, given the messages `received` and then silence."""
    sent = []
    coming = list(received)

    async def give():
        return coming.pop(0) if coming else await silence()

    async def send(message):
        sent.append(message)

    await app(scope, receive or give, send)
    return sent


async def silence():
    return await asyncio.get_running_loop().create_future()


async def until(condition):
    """Turns of the loop until `condition()` holds; a failure where it never does."""
    for _ in range(100):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


def body_of(sent):
    return b"".join(message.get("body", b"") for message in sent)


REQUEST = {"type": "http.request", "body": b"", "more_body": False}


def test_asg_06_it_is_told_from_a_factory():
    app = application()
    assert inspect.iscoroutinefunction(app.__call__)
    with pytest.raises(TypeError):
        app()


async def test_a_tunnel_is_refused_where_nobody_opens_one():
    app = web.Application()

    async def handler(request):
        return web.Response(text="a tunnel?")

    app.router.add_route("*", "/{tail:.*}", handler)
    sent = await call(app, scope_of("CONNECT", "/a"), REQUEST)
    assert sent[0]["status"] == 400


async def test_asg_06_a_get():
    sent = await call(application(), scope_of("GET", "/echo?a=b"), REQUEST)
    start = sent[0]
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    headers = dict(start["headers"])
    assert headers[b"content-type"] == b"application/json; charset=utf-8"
    assert headers[b"content-length"] == b"%d" % len(body_of(sent))
    assert not {b"connection", b"transfer-encoding"} & set(headers)
    assert sent[-1]["more_body"] is False
    assert b'"path": "/echo?a=b"' in body_of(sent)
    assert b'"remote": "192.0.2.1"' in body_of(sent)
    assert b'"host": "example.org"' in body_of(sent)


@pytest.mark.parametrize("field", [(b"content-length", b"6"), (b"transfer-encoding", b"chunked")])
async def test_a_body_in_pieces(field):
    pieces = [
        {"type": "http.request", "body": b"abc", "more_body": True},
        {"type": "http.request", "body": b"def", "more_body": False},
    ]
    sent = await call(application(), scope_of("POST", "/echo", field), *pieces)
    assert b'"body": "abcdef"' in body_of(sent)


def piece(data, *, more=False):
    return {"type": "http.request", "body": data, "more_body": more}


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_asg_06_a_body_of_which_no_field_tells(method):
    # In ASGI the messages say whether there is a body: who changes it may drop its length.
    sent = await call(
        application(), scope_of(method, "/echo"), piece(b"abc", more=True), piece(b"def")
    )
    assert b'"body": "abcdef"' in body_of(sent)


async def test_asg_06_no_body_where_neither_fields_nor_messages_tell_of_one():
    app = web.Application()

    async def exists(request):
        return web.Response(text=f"{request.body_exists} {request.can_read_body}")

    app.router.add_post("/", exists)
    assert body_of(await call(app, scope_of("POST", "/"), REQUEST)) == b"False False"
    assert body_of(await call(app, scope_of("POST", "/"), piece(b"a"))) == b"True True"


@pytest.mark.parametrize(
    ("length", "pieces"),
    [
        pytest.param(1, [b"x" * 65_536] * 40, id="longer"),
        pytest.param(6, [b"abc", b"defg"], id="longer by one"),
        pytest.param(6, [b"abc", b"de"], id="shorter by one"),
        pytest.param(6, [b""], id="missing"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_asg_06_a_body_that_is_not_as_long_as_its_length_says(length, pieces, streamed):
    # Behind a server that speaks HTTP this is a middleware that changed the body, not its length.
    told = []

    async def whole(request):
        try:
            if streamed:
                while await request.content.readany():
                    pass
            else:
                await request.read()
        except RemoteProtocolError as error:
            told.append(str(error.__cause__ or error))
            raise
        return web.Response(text="taken")

    app = web.Application()
    app.router.add_post("/", whole)
    messages = [piece(data, more=True) for data in pieces[:-1]] + [piece(pieces[-1])]
    scope = scope_of("POST", "/", (b"content-length", b"%d" % length))
    sent = await call(app, scope, *messages)
    assert sent[0]["status"] == 400
    assert len(told) == 1
    assert f"Content-Length says ({length})" in told[0]
    assert b"taken" not in body_of(sent)


@pytest.mark.parametrize(
    "lengths",
    [
        [b"zz"],
        [b""],
        [b"-1"],
        [b"+3"],
        [b"3.0"],
        [b"3, 3"],
        [b"3", b"3"],
        [b"9" * 5000],
        ["\u0663".encode()],
    ],
)
async def test_asg_06_a_length_that_is_none_is_refused(lengths, caplog):
    fields = [(b"content-length", length) for length in lengths]
    sent = await call(application(), scope_of("POST", "/echo", *fields), piece(b"abc"))
    assert sent[0]["status"] == 400
    assert body_of(sent) == b"400: Content-Length is not one valid number (RFC 9110 8.6)\n"
    assert sent[-1]["more_body"] is False
    assert "192.0.2.1" in caplog.text


async def test_asg_06_what_nobody_takes_of_a_longer_body_is_not_kept():
    readers = []
    enough = asyncio.Event()
    gave = []

    async def receive():
        gave.append(None)
        if len(gave) > 3:
            enough.set()
            return await asyncio.get_running_loop().create_future()
        return piece(b"x" * 100, more=True)

    async def idle(request):
        readers.append(request.content)
        await enough.wait()
        return web.Response()

    async def send(message):
        pass

    app = web.Application()
    app.router.add_post("/", idle)
    await app(scope_of("POST", "/", (b"content-length", b"1")), receive, send)
    assert readers[0].total_bytes <= 1


async def test_trailers_that_are_not_sent_are_not_announced():
    async def handler(request):
        response = web.StreamResponse()
        response.trailers["Checksum"] = "1"
        await response.prepare(request)
        await response.write(b"x")
        return response

    app = web.Application()
    app.router.add_get("/", handler)
    start, *_ = sent = await call(app, scope_of("GET", "/"), REQUEST)
    assert body_of(sent) == b"x"
    assert [name for name, _ in start["headers"] if name in (b"trailer", b"checksum")] == []


async def test_early_hints_are_not_sent():
    async def handler(request):
        response = web.Response(text="x")
        await response.early_hints(request, {"Link": "</a>"})
        return response

    app = web.Application()
    app.router.add_get("/", handler)
    start, *_ = await call(app, scope_of("GET", "/"), REQUEST)
    assert start["status"] == 200


WITHOUT_LIFESPAN = """
import asyncio
from aiolos_server import web
from aiolos_server.signals import Signals

app = web.Application()

async def told(app):
    await asyncio.sleep(0)
    print("cleaned up")

async def fails(app):
    raise ValueError("something")

app.on_cleanup.append(told)

async def receive():
    if coming:
        return coming.pop()
    await asyncio.sleep(3600)

coming = [{"type": "http.request"}]

async def send(message):
    pass

runner = asyncio.Runner()
head = {"type": "http", "method": "GET", "path": "/", "headers": []}
"""


@pytest.mark.parametrize(
    ("rest", "out", "err"),
    [
        pytest.param("", "cleaned up\n", "", id="at exit"),
        pytest.param("runner.close()", "", "", id="its loop is closed"),
        pytest.param(
            "app.signal(Signals.POST_CLEANUP).append(fails)",
            "cleaned up\n",
            "something",
            id="fails",
        ),
        pytest.param(
            "runner.run(app({'type': 'lifespan'}, ends, send))",
            "cleaned up\n",
            "",
            id="has ended before",
        ),
    ],
)
def test_asg_02_the_end_of_the_process_where_there_is_no_lifespan(rest, out, err):
    early = rest if "signal" in rest else ""
    program = [
        WITHOUT_LIFESPAN,
        "async def ends():",
        "    return {'type': 'lifespan.shutdown'}",
        early,
        "runner.run(app(head, receive, send))",
        rest if not early else "",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (0, out)
    assert err in done.stderr
    assert err or not done.stderr


async def test_a_stream():
    sent = await call(application(), scope_of("GET", "/stream"), REQUEST)
    assert [message.get("body") for message in sent[1:]] == [b"0", b"1", b"2", b""]
    assert (b"x-one", b"1") in sent[0]["headers"]
    assert b"content-length" not in dict(sent[0]["headers"])


async def test_an_answer_to_head_has_no_body():
    sent = await call(application(), scope_of("HEAD", "/stream"), REQUEST)
    assert body_of(sent) == b""
    assert sent[-1]["more_body"] is False


async def test_nobody_and_not_so_and_broken(caplog):
    app = application()
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("POST", "/stream", 405),
        ("GET", "/broken", 500),
    ):
        sent = await call(app, scope_of(method, path), REQUEST)
        assert sent[0]["status"] == status
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "1\r\nSet-Cookie: a=b"),
        ("X-A", "1\n"),
        ("X-A", "\0"),
        ("X A", "1"),
        ("X-A\r\n", "1"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_what_would_forge_a_field_is_a_500(name, value, streamed, caplog):
    async def forging(request):
        response = (web.StreamResponse if streamed else web.Response)(headers={name: value})
        if streamed:
            await response.prepare(request)
        return response

    app = web.Application()
    app.router.add_get("/", forging)
    sent = await call(app, scope_of("GET", "/"), REQUEST)
    assert sent[0]["status"] == 500
    assert not any(b"\r" in part or b"\n" in part for pair in sent[0]["headers"] for part in pair)
    assert not any(field in (b"x-a", b"set-cookie") for field, _ in sent[0]["headers"])
    assert "RFC 9110 5." in caplog.text


@pytest.mark.parametrize(
    ("root", "path", "raw", "target"),
    [
        ("", "/a/b", b"/a/b", "/a/b?q"),
        ("/a", "/a/b", b"/a/b", "/b?q"),
        ("/a", "/a/b", None, "/b?q"),
        ("/a/", "/a/b", b"/a/b", "/b?q"),
        ("/a", "/a", b"/a", "/?q"),
        ("/a", "/a/", b"/a/", "/?q"),
        ("/a", "/a/a/b", b"/a/a/b", "/a/b?q"),
        ("/a", "/ab", b"/ab", "/ab?q"),
        ("/a", "/b", b"/b", "/b?q"),
        ("/a b", "/a b/c d", b"/a%20b/c%20d", "/c%20d?q"),
        ("/a b", "/a b/c d", None, "/c%20d?q"),
        ("/\u00e9", "/\u00e9/b", b"/%C3%A9/b", "/b?q"),
        ("/\u00e9", "/\u00e9/b", b"/\xc3\xa9/b", "/b?q"),
        ("", "/\ufffd", b"/\xff", "/\udcff?q"),
        ("/app", "/app/h", b"/%61pp/h", "/h?q"),
        ("/app/v", "/app/v", b"/%61pp/%76", "/?q"),
        ("/app", "/apple/h", b"/%61pple/h", "/%61pple/h?q"),
        ("/app/v", "/app", b"/%61pp", "/%61pp?q"),
        (None, "/h", b"/h", "/h?q"),
    ],
)
@pytest.mark.parametrize("make", [head_of, handshake_of])
def test_the_target_is_below_the_root_path(root, path, raw, target, make):
    scope = {**scope_of("GET", "/?q"), "path": path, "raw_path": raw, "root_path": root}
    assert make(scope).target == target


async def test_bytes_that_are_no_text_are_a_path():
    async def tail(request):
        return web.Response(text=request.match_info["tail"].encode("utf-8", "replace").decode())

    app = web.Application()
    app.router.add_get("/echo/{tail}", tail)
    for raw, query in ((b"/echo/\xff", b""), (b"/echo/x", b"a=\xff")):
        scope = {**scope_of("GET", "/echo/x"), "raw_path": raw, "query_string": query}
        assert (await call(app, scope, REQUEST))[0]["status"] == 200


async def test_tls_is_the_scopes_scheme():
    sent = await call(application(), scope_of("GET", "/echo", scheme="https"), REQUEST)
    assert b'"secure": true' in body_of(sent)


async def test_http_2_is_told():
    sent = await call(application(), scope_of("GET", "/echo", http_version="2"), REQUEST)
    assert b'"version": [2, 0]' in body_of(sent)


async def test_a_client_that_goes_away_is_an_end():
    gone = []

    async def wait(request):
        await request.wait_for_disconnect()
        gone.append(True)
        return web.Response()

    app = web.Application()
    app.router.add_get("/", wait)
    await call(app, scope_of("GET", "/"), REQUEST, {"type": "http.disconnect"})
    for _ in range(5):
        await asyncio.sleep(0)
    assert gone == [True]


@pytest.mark.parametrize("kind", ["response", "stream", "events"])
async def test_a_client_that_went_away_before_the_head_is_no_error(kind, caplog):
    caplog.set_level(logging.INFO)
    ended = asyncio.Event()

    async def late(request):
        try:
            await request.wait_for_disconnect()
            if kind == "response":
                return web.Response()
            if kind == "events":
                async with web.EventStream(request) as events:
                    await events.send("nobody hears it")
                return events
            response = web.StreamResponse()
            await response.prepare(request)
            return response
        finally:
            ended.set()

    app = web.Application()
    app.router.add_get("/", late)
    sent = await call(app, scope_of("GET", "/"), REQUEST, {"type": "http.disconnect"})
    await ended.wait()
    await asyncio.sleep(0)
    assert sent == []
    assert not caplog.records


async def test_a_slow_server_slows_the_writer():
    gate = asyncio.Event()
    written = []

    async def give(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(20):
            await response.write(b"x" * 40_000)
            written.append(number)
        return response

    app = web.Application()
    app.router.add_get("/", give)
    sent = []
    coming = [REQUEST]

    async def receive():
        if coming:
            return coming.pop()
        return await asyncio.get_running_loop().create_future()

    async def send(message):
        if message["type"] == "http.response.body":
            await gate.wait()
        sent.append(message)

    running = asyncio.ensure_future(app(scope_of("GET", "/"), receive, send))
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(written) < 5
    gate.set()
    await running
    assert len(body_of(sent)) == 800_000


class TestAClientThatIsGone:
    """What becomes of the handler where the server does not say http.disconnect."""

    async def streaming(self, send):
        """The call, and what the handler has seen."""
        seen = []
        coming = [REQUEST]

        async def receive():
            return coming.pop() if coming else await silence()

        async def give(request):
            response = web.StreamResponse()
            await response.prepare(request)
            try:
                while True:
                    await response.write(b"x" * 40_000)
                    await asyncio.sleep(0)
            except BaseException as error:
                seen.append(type(error))
                raise

        app = web.Application()
        app.router.add_get("/", give)
        return asyncio.ensure_future(app(scope_of("GET", "/"), receive, send)), seen

    @pytest.mark.parametrize(
        ("error", "told"), [(ConnectionResetError, None), (OSError, None), (KeyError, KeyError)]
    )
    async def test_asg_06_send_raises(self, error, told, caplog):
        caplog.set_level(logging.INFO)
        sent = []

        async def send(message):
            sent.append(message)
            if len(sent) > 3:
                raise error("something")

        call, seen = await self.streaming(send)
        await asyncio.wait([call])
        # OSError is ASGI's word for a client that has gone, which is no error.
        assert told is type(call.exception()) if told else call.exception() is None
        await until(lambda: seen)
        assert issubclass(seen[0], ConnectionError)
        assert len(sent) == 4
        assert not caplog.records

    async def test_asg_06_receive_raises(self):
        async def receive():
            raise KeyError("something")

        seen = []

        async def take(request):
            try:
                await request.read()
            except ConnectionError as error:
                seen.append(type(error))
                raise

        app = web.Application()
        app.router.add_post("/", take)
        with pytest.raises(KeyError):
            await call(app, scope_of("POST", "/", (b"content-length", b"1")), receive=receive)
        await until(lambda: seen)

    async def test_asg_06_the_call_is_cancelled(self, caplog):
        caplog.set_level(logging.INFO)
        sent = []

        async def send(message):
            sent.append(message)

        call, seen = await self.streaming(send)
        await until(lambda: len(sent) > 3)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        await until(lambda: seen)
        assert seen == [asyncio.CancelledError]
        assert not caplog.records


@pytest.mark.parametrize("ends", [True, False])
async def test_asg_02_the_end_waits_for_handlers_that_still_run(ends, monkeypatch):
    if not ends:
        monkeypatch.setattr(serving, "LAST_WAIT", 0.01)
    notes = []
    told = asyncio.Event()

    async def wait(request):
        try:
            await told.wait()
        finally:
            await asyncio.sleep(0)
            notes.append("handler")

    async def shutdown(app):
        notes.append("shutdown")
        if ends:
            told.set()

    async def cleanup(app):
        notes.append("cleanup")

    app = web.Application()
    app.router.add_get("/", wait)
    app.on_shutdown.append(shutdown)
    app.on_cleanup.append(cleanup)
    # Its client goes away; as always the handler goes on.
    await call(app, scope_of("GET", "/"), REQUEST, {"type": "http.disconnect"})
    await call(app, {"type": "lifespan"}, {"type": "lifespan.shutdown"})
    assert notes == ["shutdown", "handler", "cleanup"]


class TestLifespan:
    async def test_asg_02_start_and_end(self):
        notes = []

        async def begun(app):
            notes.append("startup")

        async def ended(app):
            notes.append("cleanup")

        app = application()
        app.on_startup.append(begun)
        app.on_cleanup.append(ended)
        sent = await call(
            app, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
        )
        assert [message["type"] for message in sent] == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]
        assert notes == ["startup", "cleanup"]

    async def test_asg_05_without_one_the_first_request_starts_it_once(self):
        notes = []

        async def begun(app):
            await asyncio.sleep(0)
            notes.append("startup")

        app = application()
        app.on_startup.append(begun)
        await asyncio.gather(*(call(app, scope_of("GET", "/echo"), REQUEST) for _ in range(3)))
        assert notes == ["startup"]

    async def test_a_start_that_fails_says_so(self, caplog):
        async def begun(app):
            raise ZeroDivisionError("no database")

        app = application()
        app.on_startup.append(begun)
        with caplog.at_level(logging.ERROR):
            sent = await call(app, {"type": "lifespan"}, {"type": "lifespan.startup"})
        assert sent == [{"type": "lifespan.startup.failed", "message": "no database"}]

    async def test_another_scope_is_refused(self):
        with pytest.raises(ValueError, match="not 'mqtt'"):
            await call(application(), {"type": "mqtt"})


async def test_a_websocket_route_without_the_sibling_refuses(caplog):
    async def plain(request):
        return web.Response(text="no")

    app = web.Application()
    app.router.add_get("/", plain)
    scope = {**scope_of("GET", "/"), "type": "websocket", "subprotocols": []}
    sent = await call(app, scope, {"type": "websocket.connect"})
    assert sent == [{"type": "websocket.close", "code": 1000, "reason": ""}]
    scope["extensions"] = {"websocket.http.response": {}}
    sent = await call(app, scope, {"type": "websocket.connect"})
    assert sent[0]["type"] == "websocket.http.response.start"
    assert sent[0]["status"] == 200
    assert body_of(sent) == b"no"


class TestSocketHeads:
    """What a handshake is answered with, where its fields would forge others."""

    @pytest.mark.parametrize("status", [101, 403])
    @pytest.mark.parametrize("extensions", [{}, {"websocket.http.response": {}}])
    async def test_they_are_refused(self, status, extensions):
        scope = {**scope_of("GET", "/"), "type": "websocket", "extensions": extensions}
        link = SocketLink(scope, handshake_of(scope), None, 1)
        head = ResponseHead(status, "", headers=CIMultiDict({"X-A": "1\r\nX-B: 2"}))
        with pytest.raises(LocalProtocolError, match="X-A"):
            link.send_head(head)
        good = ResponseHead(status, "", headers=CIMultiDict({"X-A": "1"}))
        link.send_head(good)


class Engine(asyncio.Protocol):
    """Wants one message at a time."""

    def __init__(self):
        self.transport = None
        self.received = 0
        self.lost = []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += len(data)
        self.transport.pause_reading()

    def connection_lost(self, error):
        self.lost.append(error)


class Told:
    """The role of a link."""

    def __init__(self):
        self.losses = 0

    def lost(self, error):
        self.losses += 1


class TestASocketsFlow:
    """A WebSocket's messages are fetched only while the engine wants them."""

    def opened(self):
        scope = {**scope_of("GET", "/"), "type": "websocket"}
        told = Told()
        link = SocketLink(scope, handshake_of(scope), told, 1)
        engine = Engine()
        link.take_over().attach(engine)
        return link, engine, told

    async def test_asg_03_an_engine_that_has_no_room_makes_the_server_wait(self):
        link, engine, told = self.opened()
        given = 0

        async def receive():
            nonlocal given
            given += 1
            await asyncio.sleep(0)
            if given > 3:
                return {"type": "websocket.disconnect", "code": 1006}
            return {"type": "websocket.receive", "bytes": b"x" * 100}

        receiving = asyncio.ensure_future(link.receive(receive, None))
        for number in range(1, 4):
            for _ in range(20):
                await asyncio.sleep(0)
            assert (given, engine.received) == (number, number * 106)
            assert not engine.lost
            engine.transport.resume_reading()
        await receiving
        assert [type(error) for error in engine.lost] == [ConnectionLost]
        assert told.losses == 1

    async def test_asg_03_a_server_that_fails_to_send_has_lost_its_peer(self):
        link, engine, told = self.opened()

        async def send(message):
            raise OSError("gone")

        engine.transport.write(b"\x82\x01x")
        await link.pump(send)
        assert [type(error) for error in engine.lost] == [ConnectionLost]
        assert told.losses == 1


async def test_what_a_handler_does_behind_its_response_is_not_cancelled():
    gate = asyncio.Event()
    told = []

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write_eof(b"all")
        await gate.wait()
        told.append("done")
        return response

    app = web.Application(handler_args={"handler_cancellation": True})
    app.router.add_get("/", handler)
    sent = await call(app, scope_of("GET", "/"), REQUEST)
    assert body_of(sent) == b"all"
    gate.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert told == ["done"]
