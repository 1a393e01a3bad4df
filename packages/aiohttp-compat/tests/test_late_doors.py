"""Doors that are opened while servers and sessions are at work, and closed; see test_doors.py."""

import abc
import asyncio
import gc
import weakref
from unittest import mock

import aiohttp
import pytest
from aiohttp import web
from aiohttp._senders import Telling
from aiohttp.test_utils import RawTestServer, TestClient, TestServer
from aiolos_client.sender import Sender


class Own(web.Response):
    """A response of somebody's own."""


class Late(web.StreamResponse):
    """A response that gets a step of its own later."""


async def hello(request):
    return web.Response(text="hello")


async def own(request):
    return Own(text="own")


async def stream(request):
    response = Late()
    await response.prepare(request)
    await response.write(b"stream")
    return response


async def endless(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    await request.wait_for_disconnect()
    return response


async def refuse(request):
    raise web.HTTPForbidden(text="refused")


async def echo(request):
    return web.Response(text=f"{request.headers.get('X', '')} {await request.text()}")


async def greet(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str(request.headers.get("X", ""))
    await socket.close()
    return socket


@pytest.fixture
def app():
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/named/{name}", hello)
    app.router.add_get("/own", own)
    app.router.add_get("/stream", stream)
    app.router.add_get("/refused", refuse)
    app.router.add_get("/endless", endless)
    app.router.add_post("/echo", echo)
    app.router.add_get("/ws", greet)
    return app


@pytest.fixture
async def server(app):
    async with TestServer(app) as server:
        yield server


async def read(session, url):
    async with session.get(url) as response:
        return await response.text()


def is_plain(session):
    """Whether nothing stands between a session and what sends its requests."""
    return type(session._sender) is Sender and session._handler is None


# Responses of a server.


PATHS = {"/": "hello", "/own": "own", "/stream": "stream", "/refused": "refused", "/absent": None}


@pytest.mark.parametrize("kind", [web.Response, web.StreamResponse])
@pytest.mark.parametrize("step", ["_start", "prepare", "write_eof"])
async def test_steps_of_a_response_are_patched_while_a_server_runs(
    aiohttp_client, app, monkeypatch, kind, step
):
    client = await aiohttp_client(app)
    seen, original = [], getattr(kind, step)

    async def patched(self, *given):
        seen.append(type(self).__name__)
        return await original(self, *given)

    async def ask():
        del seen[:]
        for path, text in PATHS.items():
            async with client.get(path) as response:
                got = await response.text()
                assert text is None or got == text

    await ask()
    assert not seen
    monkeypatch.setattr(kind, step, patched)
    await ask()
    expected = ["Response", "Own", "Late", "HTTPForbidden", "HTTPNotFound"]
    if kind is web.Response:
        expected.remove("Late")
    elif step == "write_eof":
        # An exception is no stream.
        expected = ["Response", "Own", "Late"]
    # A stream is prepared by the handler, and by the server.
    assert list(dict.fromkeys(seen)) == expected
    assert client.session.connector.open_connections == 1
    monkeypatch.undo()
    await ask()
    assert not seen
    assert not web.Response()._special
    assert not web.HTTPForbidden()._special


@pytest.mark.parametrize("step", ["_start", "prepare", "write_eof"])
async def test_steps_of_a_low_level_server_are_patched_while_it_runs(monkeypatch, step):
    seen = []
    original = getattr(web.Response, step)

    async def patched(self, *given):
        seen.append(self.status)
        return await original(self, *given)

    async with TestClient(RawTestServer(hello)) as client:
        assert await read(client, "/") == "hello"
        with mock.patch.object(web.Response, step, patched):
            assert await read(client, "/") == "hello"
        assert await read(client, "/") == "hello"
    assert seen == [200]


async def test_a_step_is_patched_by_the_handler_that_it_is_for(aiohttp_client, monkeypatch):
    async def start(self, request):
        self.headers["X"] = "started"
        return await original(self, request)

    async def handler(request):
        monkeypatch.setattr(web.StreamResponse, "_start", start)
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handler)
    client = await aiohttp_client(app)
    original = web.StreamResponse._start
    async with client.get("/") as response:
        assert response.headers["X"] == "started"


@pytest.mark.parametrize("kind", [Own, Late, web.HTTPForbidden])
async def test_a_class_of_responses_gets_a_step_of_its_own(aiohttp_client, app, monkeypatch, kind):
    client = await aiohttp_client(app)
    seen, start = [], kind._start

    async def counting(self, request):
        seen.append(type(self))
        return await start(self, request)

    monkeypatch.setattr(kind, "_start", counting)
    for path in PATHS:
        await read(client, path)
    assert seen == [kind]
    monkeypatch.undo()
    for path in PATHS:
        await read(client, path)
    assert seen == [kind]
    assert not {"_start", "prepare"} & vars(kind).keys()


async def test_steps_of_an_exception_stay_those_that_it_was_given(monkeypatch):
    async def one(self, request):
        """Of the exception."""

    async def other(self, request):
        """Of responses."""

    monkeypatch.setattr(web.HTTPException, "prepare", one)
    monkeypatch.setattr(web.StreamResponse, "prepare", other)
    assert web.HTTPForbidden.prepare is one
    monkeypatch.undo()
    assert "prepare" not in vars(web.HTTPException)


def test_a_response_is_abstract_beside():
    class Abstract(web.Response, abc.ABC):
        @abc.abstractmethod
        def name(self): ...

    with pytest.raises(TypeError, match="abstract"):
        Abstract()


# Applications.


@pytest.mark.parametrize("on_class", [True, False])
@pytest.mark.parametrize("path", ["/", "/named/x"])
async def test_application_handle_is_patched_while_it_is_served(
    aiohttp_client, app, monkeypatch, on_class, path
):
    client = await aiohttp_client(app)
    handle, seen = web.Application._handle, []

    async def counting(self, request):
        seen.append(request.path)
        return await handle(self, request)

    assert await read(client, path) == "hello"
    matches, resolve = dict(app.matches), app.resolve
    if on_class:
        monkeypatch.setattr(web.Application, "_handle", counting)
    else:
        monkeypatch.setattr(app, "_handle", counting.__get__(app))
    assert await read(client, path) == "hello"
    assert client.session.connector.open_connections == 1
    monkeypatch.undo()
    assert await read(client, path) == "hello"
    assert seen == [path]
    assert app.matches == matches
    assert app.resolve == resolve
    # As it is.
    app._handle = app._handle
    assert app.resolve == resolve
    del app._handle


async def test_application_make_request_is_patched_while_it_is_served(
    aiohttp_client, app, monkeypatch
):
    client = await aiohttp_client(app)
    make, made = web.Application._make_request, []

    def counting(self, *given):
        made.append(make(self, *given))
        return made[-1]

    assert await read(client, "/") == "hello"
    monkeypatch.setattr(web.Application, "_make_request", counting)
    assert await read(client, "/named/x") == "hello"
    assert made[0].match_info["name"] == "x"


async def test_resolve_is_patched_while_a_connection_with_variables_is_open(
    aiohttp_client, app, monkeypatch
):
    client = await aiohttp_client(app)
    assert await read(client, "/named/x") == "hello"
    resolve, seen = web.UrlDispatcher.resolve, []

    async def counting(self, request):
        seen.append(request.path)
        return await resolve(self, request)

    with mock.patch.object(web.UrlDispatcher, "resolve", counting):
        assert await read(client, "/named/y") == "hello"
    assert await read(client, "/named/z") == "hello"
    assert seen == ["/named/y"]


# Connectors.


async def test_a_session_without_doors_sends_as_one_of_aiolos_does(server):
    for kind in (aiohttp.TCPConnector, type("Mine", (aiohttp.TCPConnector,), {})):
        async with aiohttp.ClientSession(connector=kind()) as session:
            assert is_plain(session)
            assert await read(session, server.make_url("/")) == "hello"


@pytest.mark.parametrize("on_class", [True, False])
@pytest.mark.parametrize("by", ["monkeypatch", "mock"])
async def test_connect_is_patched_behind_requests(server, monkeypatch, on_class, by):
    asked = []
    connect = aiohttp.TCPConnector.connect

    async def counting(self, req, traces, timeout):
        asked.append((req.method, req.url.path, timeout.total))
        return await connect(self, req, traces, timeout)

    url = server.make_url("/")
    timeout = aiohttp.ClientTimeout(total=7)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        connector = session.connector
        assert await read(session, url) == "hello"
        target = aiohttp.TCPConnector if on_class else connector
        new = counting if on_class else counting.__get__(connector)
        if by == "mock":
            patch = mock.patch.object(target, "connect", new)
            patch.start()
            undo = patch.stop
        else:
            monkeypatch.setattr(target, "connect", new)
            undo = monkeypatch.undo
        assert await read(session, url) == "hello"
        assert await read(session, url) == "hello"
        undo()
        assert is_plain(session)
        assert await read(session, url) == "hello"
        assert connector.open_connections == 1
    assert asked == [("GET", "/", 7)] * 2


@pytest.mark.parametrize("door", ["_create_connection", "_wrap_create_connection"])
async def test_what_opens_connections_is_patched_behind_requests(server, monkeypatch, door):
    asked = []
    original = getattr(aiohttp.TCPConnector, door)

    async def counting(self, *given, **options):
        asked.append((options.get("req") or given[0]).url.path)
        return await original(self, *given, **options)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        assert await read(session, server.make_url("/own")) == "own"
        monkeypatch.setattr(aiohttp.TCPConnector, door, counting)
        assert await read(session, server.make_url("/")) == "hello"
        monkeypatch.undo()
        assert await read(session, server.make_url("/own")) == "own"
        assert is_plain(session)
    assert asked == ["/"]


@pytest.mark.parametrize("end", ["release", "close"])
async def test_connect_that_refuses_a_connection_gives_it_back(server, end):
    class Refusing(aiohttp.TCPConnector):
        async def connect(self, req, traces, timeout):
            connection = await super().connect(req, traces, timeout)
            assert isinstance(connection, aiohttp.connector.Connection)
            assert connection.protocol.transport is connection.transport
            getattr(connection, end)()
            assert connection.closed == (end == "close")
            raise aiohttp.ClientConnectionError("refused")

    async with aiohttp.ClientSession(connector=Refusing(limit=1)) as session:
        for _ in range(3):
            with pytest.raises(aiohttp.ClientConnectionError, match="refused"):
                await session.get(server.make_url("/"))
        await asyncio.sleep(0)
        assert not session.connector._acquired
        assert session.connector.open_connections == (end == "release")


async def test_a_middleware_finds_the_cookies_behind_a_door(monkeypatch):
    seen = []

    async def cookies(request):
        return web.Response(text=str(dict(request.cookies)))

    async def noting(request, handler):
        seen.append(request.headers["Cookie"])
        request.update_cookies({"b": "2"})
        return await handler(request)

    connect = aiohttp.TCPConnector.connect

    async def same(self, *given, **named):
        return await connect(self, *given, **named)

    app = web.Application()
    app.router.add_get("/", cookies)
    async with TestClient(app, cookies={"a": "1"}, middlewares=[noting]) as client:
        for _ in range(2):
            assert await read(client, "/") == "{'a': '1', 'b': '2'}"
            monkeypatch.setattr(aiohttp.TCPConnector, "connect", same)
    assert seen == ["a=1"] * 2


def test_what_stands_before_a_sender_has_its_ways():
    at_hand = {"at_hand", "ask", "accept", "use"}
    ways = {name for name in vars(Sender) if not name.startswith("_")}
    assert ways - at_hand <= vars(Telling).keys()


async def test_a_session_that_is_closed_has_no_doors(monkeypatch):
    session = aiohttp.ClientSession()
    await session.close()
    monkeypatch.setattr(aiohttp.TCPConnector, "connect", hello)
    assert session.closed


async def test_a_session_may_compare_as_a_value(server, monkeypatch):
    class Value(aiohttp.ClientSession):
        def __eq__(self, other):
            return True

    async def connect(self, *given, **named):
        raise aiohttp.ClientConnectionError("patched")

    async with Value() as one, Value() as other:
        monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
        for session in (one, other):
            with pytest.raises(aiohttp.ClientConnectionError, match="patched"):
                await session.get(server.make_url("/"))


async def test_an_upload_is_known_although_a_door_is_opened(server, monkeypatch):
    going = asyncio.Event()

    async def body():
        yield b"a"
        going.set()
        await asyncio.Event().wait()

    session = aiohttp.ClientSession()
    asking = asyncio.ensure_future(session.post(server.make_url("/echo"), data=body()))
    await going.wait()
    monkeypatch.setattr(aiohttp.TCPConnector, "connect", hello)
    monkeypatch.undo()
    await session.close()
    with pytest.raises(aiohttp.ClientError):
        await asking


def test_a_connector_is_abstract_beside():
    class Abstract(aiohttp.TCPConnector, abc.ABC):
        @abc.abstractmethod
        def name(self): ...

    with pytest.raises(TypeError, match="abstract"):
        Abstract()


@pytest.mark.parametrize(
    ("kind", "name"), [(aiohttp.TCPConnector, "_release"), (aiohttp.ClientRequest, "write_bytes")]
)
def test_what_is_patched_in_vain_is_told(kind, name):
    other = type("Other", (kind,), {})
    with pytest.warns(RuntimeWarning, match=rf"does not call {name}\(\)") as told:
        setattr(other, name, None)
    assert told[0].filename == __file__
    delattr(other, name)


# Requests and responses of a session.


async def test_client_response_start_is_patched_behind_requests(server, monkeypatch):
    started = []
    start = aiohttp.ClientResponse.start

    async def counting(self, connection):
        started.append(self.status)
        return await start(self, connection)

    async with aiohttp.ClientSession() as session:
        assert await read(session, server.make_url("/")) == "hello"
        monkeypatch.setattr(aiohttp.ClientResponse, "start", counting)
        assert await read(session, server.make_url("/")) == "hello"
        monkeypatch.undo()
        assert await read(session, server.make_url("/")) == "hello"
        assert is_plain(session)
    assert started == [200]


@pytest.mark.parametrize("is_patched", [True, False])
async def test_request_send_is_called_with_a_connection(server, monkeypatch, is_patched):
    seen = []
    send = aiohttp.ClientRequest.send

    async def marking(self, conn):
        assert isinstance(conn, aiohttp.connector.Connection)
        assert not conn.closed
        seen.append(conn.transport.get_extra_info("peername")[1])
        self.headers["X"] = f"x{len(seen)}"
        return await send(self, conn)

    kind = type("Sending", (aiohttp.ClientRequest,), {} if is_patched else {"send": marking})
    async with aiohttp.ClientSession(request_class=kind) as session:
        if is_patched:
            async with session.post(server.make_url("/echo"), data="body") as response:
                assert await response.text() == " body"
            monkeypatch.setattr(aiohttp.ClientRequest, "send", marking)
        for count in (1, 2):
            async with session.post(server.make_url("/echo"), data="body") as response:
                assert await response.text() == f"x{count} body"
        assert session.connector.open_connections == 1
        assert not session.connector._acquired
        if is_patched:
            monkeypatch.undo()
            assert is_plain(session)
    assert seen == [server.port] * 2


async def test_request_send_answers_by_itself(server):
    class Answering(aiohttp.ClientRequest):
        async def send(self, conn):
            answer = mock.create_autospec(aiohttp.ClientResponse, instance=True)
            answer.status = 299
            return answer

    async with aiohttp.ClientSession(request_class=Answering) as session:
        response = await session.get(server.make_url("/"))
        assert response.status == 299
        response.start.assert_awaited_once()
        assert session.connector.open_connections == 1
        assert not session.connector._acquired


async def test_request_send_that_fails_gives_its_connection_back(server):
    class Failing(aiohttp.ClientRequest):
        async def send(self, conn):
            raise ValueError("no")

    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector, request_class=Failing) as session:
        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                await session.get(server.make_url("/"))
            assert not connector._acquired


async def test_request_send_that_fails_behind_its_response_closes_it(server):
    class Failing(aiohttp.ClientRequest):
        async def send(self, conn):
            response = await super().send(conn)
            assert not conn.closed
            raise ValueError(response.status)

    async with aiohttp.ClientSession(request_class=Failing) as session:
        with pytest.raises(ValueError, match="200"):
            await session.get(server.make_url("/endless"))
        # The loop tells of the end of a connection in its next turns.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not session.connector._acquired


async def test_request_send_is_called_twice(server):
    class Twice(aiohttp.ClientRequest):
        async def send(self, conn):
            first = await super().send(conn)
            assert await first.text() == "hello"
            return await super().send(conn)

    async with aiohttp.ClientSession(request_class=Twice) as session:
        assert await read(session, server.make_url("/")) == "hello"
        assert session.connector.open_connections == 1


async def test_request_send_over_a_connection_that_ends_before(server):
    class Slow(aiohttp.ClientRequest):
        async def send(self, conn):
            conn.close()
            while not conn.closed:
                await asyncio.sleep(0)
            assert conn.transport is None
            return await super().send(conn)

    async with aiohttp.ClientSession(request_class=Slow) as session:
        assert await read(session, server.make_url("/")) == "hello"
        assert await read(session, server.make_url("/")) == "hello"


async def test_request_send_over_a_connection_that_is_given_back(server):
    class Giving(aiohttp.ClientRequest):
        async def send(self, conn):
            conn.release()
            return await super().send(conn)

    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector, request_class=Giving) as session:
        assert await read(session, server.make_url("/")) == "hello"
        assert connector.open_connections == 1


async def test_request_send_by_hand_tells_what_it_takes(server):
    request = aiohttp.ClientRequest("GET", server.make_url("/"))
    with pytest.raises(TypeError, match="its session gives it"):
        await request.send(mock.Mock())


async def test_request_send_and_a_connect_of_ones_own(server):
    seen = []

    class Connector(aiohttp.TCPConnector):
        async def connect(self, req, traces, timeout):
            seen.append("connect")
            return await super().connect(req, traces, timeout)

    class Request(aiohttp.ClientRequest):
        async def send(self, conn):
            seen.append("send")
            return await super().send(conn)

    async with aiohttp.ClientSession(connector=Connector(), request_class=Request) as session:
        for _ in range(2):
            assert await read(session, server.make_url("/")) == "hello"
        assert session.connector.open_connections == 1
    assert seen == ["connect", "send"] * 2


async def test_request_send_of_a_websocket(server):
    class Marking(aiohttp.ClientRequest):
        async def send(self, conn):
            self.headers["X"] = "marked"
            return await super().send(conn)

    async with (
        aiohttp.ClientSession(request_class=Marking) as session,
        session.ws_connect(server.make_url("/ws")) as socket,
    ):
        assert await socket.receive_str() == "marked"
        assert session.connector.open_connections == 1


async def test_request_send_over_http_2(app, monkeypatch):
    seen = []
    send = aiohttp.ClientRequest.send

    async def counting(self, conn):
        seen.append(conn.protocol.transport.get_extra_info("peername") is not None)
        return await send(self, conn)

    async with TestClient(app, http2="prior-knowledge") as client:
        assert await read(client, "/") == "hello"
        monkeypatch.setattr(aiohttp.ClientRequest, "send", counting)
        async with client.get("/") as response:
            assert response.version == (2, 0)
        async with client.ws_connect("/ws", headers={"X": "y"}) as socket:
            assert await socket.receive_str() == "y"
        assert client.session.connector.open_connections == 1
    assert seen == [True, True]


async def test_request_send_is_traced_as_any_other(server):
    told = []
    config = aiohttp.TraceConfig()
    for name in ("connection_create_end", "connection_reuseconn", "request_headers_sent"):

        async def tell(session, context, params, name=name):
            told.append(name)

        getattr(config, f"on_{name}").append(tell)

    class Same(aiohttp.ClientRequest):
        async def send(self, conn):
            return await super().send(conn)

    async with aiohttp.ClientSession(request_class=Same, trace_configs=[config]) as session:
        for _ in range(2):
            assert await read(session, server.make_url("/")) == "hello"
    sent = "request_headers_sent"
    assert told == ["connection_create_end", sent, "connection_reuseconn", sent]


async def test_the_request_class_of_a_session_is_set_behind_requests(server):
    class Marking(aiohttp.ClientRequest):
        def update_headers(self, headers):
            super().update_headers(headers)
            self.headers["X"] = "marked"

    async with aiohttp.ClientSession(base_url=server.make_url("/"), headers={"A": "b"}) as session:
        headers = session.headers
        async with session.post("echo") as response:
            assert await response.text() == " "
        session._request_class = Marking
        assert session.headers is headers
        async with session.post("echo") as response:
            assert await response.text() == "marked "
            assert response.request_info.headers["A"] == "b"
        session._request_class = aiohttp.ClientRequest
        async with session.post("echo") as response:
            assert await response.text() == " "
        assert is_plain(session)
    session._request_class = Marking
    assert session._request_class is Marking


async def test_the_jar_of_a_session_is_set_behind_requests():
    async def cookies(request):
        response = web.Response(text=str(dict(request.cookies)))
        response.set_cookie("set", "1")
        return response

    app = web.Application()
    app.router.add_get("/", cookies)
    async with TestClient(app) as client:
        session, jar = client.session, aiohttp.CookieJar(unsafe=True)
        assert await read(client, "/") == "{}"
        assert await read(client, "/") == "{'set': '1'}"
        session._cookie_jar = jar
        assert session.cookie_jar is jar
        assert await read(client, "/") == "{}"
        assert await read(client, "/") == "{'set': '1'}"
        assert len(jar) == 1


# What is told goes when nobody else holds it.


async def test_what_heeds_patches_may_go():
    app = web.Application()
    app.router.add_get("/", hello)
    kinds = [
        type("Mine", (base,), {})
        for base in (aiohttp.TCPConnector, aiohttp.ClientRequest, web.Response, web.HTTPForbidden)
    ]
    client = TestClient(app)
    await client.start_server()
    session = aiohttp.ClientSession(connector=kinds[0](), request_class=kinds[1])
    assert await read(session, client.make_url("/")) == "hello"
    for kind, name in zip(kinds, ("connect", "send", "_start", "_start"), strict=True):
        before = getattr(kind, name)
        setattr(kind, name, hello)
        delattr(kind, name)
        assert getattr(kind, name) is before
    await session.close()
    await client.close()
    known = [weakref.ref(each) for each in (app, session, *kinds)]
    del session, client, kind, kinds, before, app
    gc.collect()
    assert [each() for each in known] == [None] * 6


async def test_a_running_application_takes_another_router(aiohttp_client):
    @web.middleware
    async def guard(request, handler):
        response = await handler(request)
        response.headers["Guarded"] = str(request.app is app)
        return response

    app = web.Application(middlewares=[guard])
    app.router.add_get("/early", hello)
    client = await aiohttp_client(app)
    assert (await client.get("/early")).status == 200
    other = web.UrlDispatcher()
    other.add_get("/late", hello)
    app._router = other
    response = await client.get("/late")
    assert (response.status, response.headers["Guarded"]) == (200, "True")
    assert (await client.get("/early")).status == 404
