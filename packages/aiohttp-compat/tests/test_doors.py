"""The private doors of the original: each one is read, set, replaced or overridden with effect."""

import asyncio
import gc
import inspect
import re
import socket
import weakref
from types import SimpleNamespace
from typing import ClassVar
from unittest import mock

import aiohttp
import aiohttp.abc
import aiohttp.client
import aiohttp.connector
import aiohttp.log
import aiohttp.web_log
import aiohttp.web_runner
import aiolos
import pytest
from aiohttp import (
    client_proto,
    client_reqrep,
    helpers,
    http_parser,
    streams,
    web,
    web_app,
    web_urldispatcher,
)
from aiohttp.test_utils import RawTestServer, TestClient, TestServer, make_mocked_request
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

# Programs do it all the same.
DISCOURAGED = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


@pytest.fixture
async def server():
    app = web.Application()
    app.router.add_route("*", "/", hello)
    async with TestServer(app) as server:
        yield server


# ClientSession.


async def test_session_request_replaced_on_the_class_is_what_every_verb_calls(monkeypatch):
    async def fake(self, method, str_or_url, **options):
        return (method, str_or_url, options)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fake)
    async with aiohttp.ClientSession() as session:
        assert await session.get("http://x", params={"a": 1}) == (
            "GET",
            "http://x",
            {"allow_redirects": True, "params": {"a": 1}},
        )
        assert (await session.request("PUT", "http://x"))[0] == "PUT"
        assert (await session.post("http://x"))[0] == "POST"


async def test_session_request_is_patched_as_a_coroutine_function():
    with mock.patch("aiohttp.client.ClientSession._request") as fake:
        async with aiohttp.ClientSession() as session:
            await session.get("http://x")
    fake.assert_awaited_once_with("GET", "http://x", allow_redirects=True)


async def test_session_request_is_overridden_in_a_subclass(server):
    class Counting(aiohttp.ClientSession):
        asked = 0

        async def _request(self, *args, **options):
            self.asked += 1
            return await super()._request(*args, **options)

    async with Counting() as session, session.get(server.make_url("/")) as response:
        assert await response.text() == "hello"
        assert session.asked == 1


async def test_session_loop_and_connector(server):
    async with aiohttp.ClientSession() as session:
        assert session._loop is asyncio.get_running_loop()
        assert session._connector is session.connector
        assert isinstance(session._connector, aiohttp.TCPConnector)
        await session._connector.close()
        session._connector = aiohttp.TCPConnector()
        async with session.get(server.make_url("/")) as response:
            assert response.status == 200
        assert session.connector.open_connections == 1


async def test_a_session_whose_connector_is_taken_away_is_closed(server):
    async with aiohttp.TCPConnector() as connector:
        session = aiohttp.ClientSession(connector=connector)
        await (await session.get(server.make_url("/"))).read()
        session._connector = None
        assert session.closed
        with pytest.raises(RuntimeError, match="Session is closed"):
            await session.get(server.make_url("/"))
        session._connector = connector
        assert not session.closed
        await (await session.get(server.make_url("/"))).read()
        session._connector = None


async def test_session_trace_configs_are_heeded_when_they_are_added_later(server):
    seen = []

    async def ended(session, context, params):
        seen.append(params.response.status)

    async with aiohttp.ClientSession() as session:
        config = aiohttp.TraceConfig()
        config.on_request_end.append(ended)
        config.freeze()
        session._trace_configs.append(config)
        await (await session.get(server.make_url("/"))).read()
    assert seen == [200]


async def test_session_retry_connection_is_read_and_set():
    async with aiohttp.ClientSession() as session:
        assert session._retry_connection is True
        session._retry_connection = False
        assert session._sender._repeat is False


async def test_a_parameter_that_is_the_sentinel_was_not_given(server):
    async with aiohttp.ClientSession(timeout=helpers.sentinel) as session:
        assert session.timeout == aiohttp.ClientTimeout(total=300, sock_connect=30)
        async with session.get(server.make_url("/"), timeout=helpers.sentinel) as response:
            assert response.status == 200


async def test_a_number_is_a_timeout_in_total(server):
    async with aiohttp.ClientSession(timeout=7) as session:
        assert session.timeout.total == 7
        async with session.get(server.make_url("/"), timeout=0.5) as response:
            assert response.status == 200


async def test_request_context_manager_is_made_by_hand(server):
    async with aiohttp.ClientSession() as session:
        asked = session._request("GET", server.make_url("/"))
        async with aiohttp.client._RequestContextManager(asked) as response:
            assert await response.text() == "hello"


async def test_the_client_session_of_the_module_is_the_one_that_request_makes(monkeypatch, server):
    made = []

    class Own(aiohttp.ClientSession):
        def __init__(self, *args, **options):
            made.append(self)
            super().__init__(*args, **options)

    monkeypatch.setattr(aiohttp.client, "ClientSession", Own)
    async with aiohttp.client.request("GET", server.make_url("/")) as response:
        assert response.status == 200
    assert len(made) == 1


async def test_the_session_of_a_test_client_is_one_of_the_name_aiohttp(server):
    async with TestClient(server) as client:
        assert isinstance(client.session, aiohttp.ClientSession)
        assert isinstance(await client.get("/"), aiohttp.ClientResponse)


# CookieJar.


def test_cookie_jar_shows_its_cookies_as_the_original_does(tmp_path):
    jar = aiohttp.CookieJar()
    jar.update_cookies_from_headers(
        ["a=1; Path=/; Max-Age=60", "b=2; Domain=example.com; Path=/p"], URL("https://example.com/")
    )
    assert set(jar.cookies) == set(jar._cookies) == {("example.com", ""), ("example.com", "/p")}
    assert jar._cookies["example.com", ""]["a"].value == "1"
    assert jar.host_only_cookies == jar._host_only_cookies == {("example.com", "", "a")}
    assert set(jar._expirations) == {("example.com", "", "a")}
    with pytest.raises(TypeError):
        jar.cookies["x", ""] = None
    jar.save(tmp_path / "cookies")
    other = aiohttp.CookieJar()
    other.load(tmp_path / "cookies")
    assert set(other._cookies) == set(jar._cookies)
    assert other._expirations == jar._expirations


async def test_cookie_jar_loop():
    assert aiohttp.CookieJar()._loop is asyncio.get_running_loop()
    loop = mock.Mock()
    assert aiohttp.CookieJar(loop=loop)._loop is loop


def test_cookie_jar_private_functions():
    assert aiohttp.CookieJar._parse_date("Thu, 1 Jan 1970 00:00:10 GMT") == 10.0
    assert aiohttp.CookieJar._parse_date("soon") is None
    assert aiohttp.CookieJar._is_domain_match("test.com", "sub.test.com")
    assert not aiohttp.CookieJar._is_domain_match("sub.test.com", "test.com")


def test_cookie_jar_takes_a_str_as_a_url_and_warns():
    jar = aiohttp.CookieJar()
    jar.update_cookies({"a": "1"})
    with pytest.warns(DeprecationWarning, match=r"yarl\.URL"):
        assert jar.filter_cookies("http://example.com/")["a"].value == "1"


async def test_a_session_has_a_jar_of_the_name_aiohttp(server):
    async with aiohttp.ClientSession() as session:
        assert isinstance(session.cookie_jar, aiohttp.CookieJar)
    async with TestClient(server) as client:
        assert isinstance(client.session.cookie_jar, aiohttp.CookieJar)


# ClientResponse.


def by_hand(**options):
    given = {
        "writer": None,
        "continue100": None,
        "timer": helpers.TimerNoop(),
        "request_info": mock.Mock(headers={}),
        "traces": [],
        "loop": asyncio.get_running_loop(),
        "session": None,
        **options,
    }
    return aiohttp.ClientResponse("GET", URL("http://host/path"), **given)


async def test_response_by_hand_takes_the_constructor_of_3_14():
    response = by_hand(stream_writer=mock.Mock(output_size=0))
    assert (response.method, response.url) == ("GET", URL("http://host/path"))
    assert response.status is None
    await response.wait_for_close()


async def test_response_by_hand_among_mocks():
    session = mock.Mock(_resolve_charset=lambda response, body: "cp1252")
    response = by_hand(request_info=mock.Mock(), session=session)
    response._headers = {"Content-Type": "text/plain"}
    response._body = "\xe9".encode("cp1252")
    assert await response.text() == "\xe9"
    response._headers = {"Content-Type": "text/plain; charset=latin-1"}
    assert response.get_encoding() == "iso8859-1"
    with pytest.raises(TypeError, match="request_info"):
        aiohttp.ClientResponse("GET", URL("http://host/"), writer=None)


@pytest.mark.filterwarnings("error")
async def test_response_by_hand_without_a_body_is_collected_quietly():
    response = by_hand()
    assert not response.unread
    del response
    gc.collect()


async def test_response_by_hand_without_a_stream_writer_is_read():
    response = by_hand()
    response.status, response.reason = 201, "Made"
    response._headers = CIMultiDictProxy(
        CIMultiDict({"Content-Type": "application/json", "Content-Length": "7", "X": "y"})
    )
    response._raw_headers = ((b"X", b"y"),)
    reader = streams.StreamReader(
        client_proto.ResponseHandler(asyncio.get_running_loop()),
        2**16,
        loop=asyncio.get_running_loop(),
    )
    reader.feed_data(b'{"a":1}')
    reader.feed_eof()
    response.content = reader
    assert response.ok
    assert response.reason == "Made"
    assert response.headers["X"] == "y"
    assert response.raw_headers == ((b"X", b"y"),)
    assert response.content_length == 7
    assert response.content_type == "application/json"
    assert await response.json() == {"a": 1}
    async with response as entered:
        assert entered is response


async def test_response_body_that_is_set_is_what_read_gives(server):
    async with aiohttp.ClientSession() as session:
        response = await session.get(server.make_url("/"))
        response._body = b"another"
        assert await response.read() == b"another"
        assert await response.text() == "another"
        response.release()


async def test_response_headers_that_are_set_are_read(server):
    async with aiohttp.ClientSession() as session, session.get(server.make_url("/")) as response:
        response._headers = CIMultiDictProxy(CIMultiDict({"Content-Type": "text/x"}))
        response._raw_headers = ()
        assert response.headers == {"Content-Type": "text/x"}
        assert response.content_type == "text/x"
        assert response.raw_headers == ()


async def test_response_history_that_is_set_is_read():
    first, second = by_hand(), by_hand()
    second._history = (first,)
    assert second.history == (first,)


async def test_response_cache_is_where_headers_are_looked_up_first():
    response = by_hand()
    response._cache = {"headers": {"X": "cached"}}
    assert response.headers["X"] == "cached"


async def test_response_is_subclassed_for_answers_of_ones_own():
    class Replayed(client_reqrep.ClientResponse):
        def __init__(self, method, url):
            super().__init__(
                method,
                url,
                writer=None,
                continue100=None,
                timer=None,
                request_info=None,
                traces=None,
                loop=asyncio.get_running_loop(),
                session=None,
            )

        async def read(self):
            return b"replayed"

    response = Replayed("GET", URL("http://host"))
    response._headers = CIMultiDictProxy(CIMultiDict())
    assert await response.read() == b"replayed"


async def test_response_class_of_a_session_makes_its_responses(server):
    class Own(aiohttp.ClientResponse):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.mine = True

    async with (
        aiohttp.ClientSession(response_class=Own) as session,
        session.get(server.make_url("/")) as response,
    ):
        assert type(response) is Own
        assert response.mine


async def test_response_connection_has_a_transport_that_tells_its_peer():
    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await request.wait_for_disconnect()
        return response

    async with (
        RawTestServer(endless) as server,
        aiohttp.ClientSession() as session,
        session.get(server.make_url("/")) as response,
    ):
        peer = response.connection.transport.get_extra_info("peername")
        assert peer == ("127.0.0.1", server.port)
        connection = response.connection
        connection.close()
        assert connection.closed
        assert response.connection is None


@pytest.mark.parametrize("module", ["web_runner", "web", "test_utils"])
async def test_app_runner_is_replaced_where_the_original_looks_it_up(monkeypatch, module):
    made = []

    class Own(aiohttp.web_runner.AppRunner):
        def __init__(self, *args, **options):
            made.append(1)
            super().__init__(*args, **options)

    monkeypatch.setattr(f"aiohttp.{module}.AppRunner", Own)
    async with TestServer(web.Application()):
        assert made == [1]


async def test_client_session_is_replaced_in_test_utils(monkeypatch):
    class Own(aiohttp.ClientSession):
        pass

    monkeypatch.setattr("aiohttp.test_utils.ClientSession", Own)
    async with TestClient(TestServer(web.Application())) as client:
        assert isinstance(client.session, Own)


async def test_a_match_info_is_subclassed():
    class Match(aiohttp.abc.AbstractMatchInfo):
        handler = http_exception = None

        def __init__(self, handler):
            self.handler = handler
            self._apps = []

        async def expect_handler(self, request):
            return web.Response(status=417)

        def get_info(self):
            return {}

        @property
        def apps(self):
            return tuple(self._apps)

        def add_app(self, app):
            self._apps.insert(0, app)

        def freeze(self):
            self._apps = tuple(self._apps)

    class Own(web.AbstractResource):
        canonical = "/own"

        def __iter__(self):
            return iter(())

        def __len__(self):
            return 0

        def url_for(self, **parts):
            return URL("/own")

        def add_prefix(self, prefix):
            self.canonical = prefix + "/own"

        def get_info(self):
            return {}

        def raw_match(self, path):
            return path == "/own"

        async def resolve(self, request):
            return (Match(answer), set()) if request.path == self.canonical else (None, set())

    seen = []

    async def answer(request):
        seen.append((type(request.match_info), request.match_info.apps, request.app))
        return web.Response(text="own")

    @web.middleware
    async def mark(request, handler):
        response = await handler(request)
        response.headers["X-Mark"] = "yes"
        return response

    app, inner = web.Application(middlewares=[mark]), web.Application()
    app.router.register_resource(Own())
    inner.router.register_resource(Own())
    app.add_subapp("/in", inner)
    async with TestClient(TestServer(app)) as client:
        for path in ("/own", "/in/own"):
            async with client.get(path) as response:
                assert (response.status, response.headers["X-Mark"]) == (200, "yes")
        async with client.post("/own", data=b"x", expect100=True) as response:
            assert response.status == 417
        async with client.get("/own/more") as response:
            assert response.status == 404
    assert seen == [(Match, (app,), app), (Match, (app, inner), inner)]
    assert issubclass(web.UrlMappingMatchInfo, aiohttp.abc.AbstractMatchInfo)


async def test_the_defaults_of_a_session_are_set():
    async def tell(request):
        names = ("X-Own", "Authorization")
        return web.json_response([*map(request.headers.get, names), request.path], status=404)

    app = web.Application()
    app.router.add_get("/{path}", tell)
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        assert await (await session.get("a")).json() == [None, None, "/a"]
        session._default_headers = {"X-Own": "1"}
        assert await (await session.get("a")).json() == ["1", None, "/a"]
        session._default_auth = aiohttp.BasicAuth("a")
        assert await (await session.get("a")).json() == ["1", "Basic YTo=", "/a"]
        session._base_url = session._base_url.with_host("localhost")
        assert (await session.get("a")).url.host == "localhost"
        session._timeout = aiohttp.ClientTimeout(total=7)
        assert session.timeout.total == 7
        session._raise_for_status = True
        with pytest.raises(aiohttp.ClientResponseError):
            await session.get("a")


async def test_the_classes_of_a_session_are_chosen_when_it_is_made():
    class Own(aiohttp.ClientResponse):
        pass

    async with aiohttp.ClientSession(response_class=Own) as session:
        assert session._response_class is Own
        assert session._request_class is aiohttp.ClientRequest
        assert session._version == (1, 1)


async def test_what_a_session_was_made_with_is_set_later(server):
    class Own(aiohttp.ClientResponse):
        pass

    async def naming(request, handler):
        request.headers["X-Name"] = "middleware"
        return await handler(request)

    async with aiohttp.ClientSession() as session:
        session._response_class = Own
        session._version = aiohttp.HttpVersion10
        session._middlewares = [naming]
        session._json_serialize = lambda value: "written"
        session._auto_decompress = False
        session._read_bufsize = 1000
        assert session._version == (1, 0)
        assert session._json_serialize(1) == "written"
        assert (session._auto_decompress, session._read_bufsize) == (False, 1000)
        assert session._middlewares == (naming,)
        assert session._ws_response_class is aiohttp.ClientWebSocketResponse
        assert session._requote_redirect_url is True
        async with session.get(server.make_url("/")) as response:
            assert type(response) is Own
            assert response.request_info.headers["X-Name"] == "middleware"


async def test_url_and_headers_of_a_session_are_prepared_by_a_subclass():
    async def told(request):
        return web.Response(text=f"{request.path} {request.headers['X-A']}")

    app = web.Application()
    app.router.add_get("/{name}", told)

    class Own(aiohttp.ClientSession):
        def _build_url(self, str_or_url):
            return super()._build_url(str_or_url) / "built"

        def _prepare_headers(self, headers):
            fields = super()._prepare_headers(headers)
            fields["X-A"] += "!"
            return fields

    async with (
        TestServer(app) as server,
        Own(server.make_url("/"), headers={"X-A": "a"}) as session,
        session.get("") as response,
    ):
        assert await response.text() == "/built a!"


@pytest.mark.parametrize("way", ["overridden", "patched", "changed", "deleted"])
async def test_default_headers_of_requests_are_sent(monkeypatch, way):
    async def tell(request):
        names = ("Accept", "Accept-Encoding", "X-Own", "X-Skipped")
        return web.json_response([request.headers.get(each) for each in names])

    class Own(aiohttp.ClientRequest):
        DEFAULT_HEADERS: ClassVar = {"Accept": "own/type", "X-Own": "1", "X-Skipped": "1"}

    app = web.Application()
    app.router.add_get("/", tell)
    defaults = aiohttp.ClientRequest.DEFAULT_HEADERS
    coding = defaults["Accept-Encoding"]
    kind = Own if way == "overridden" else None
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(request_class=kind, skip_auto_headers=["X-Skipped"]) as session,
    ):

        async def ask(**options):
            async with session.get(server.make_url("/"), **options) as response:
                return await response.json()

        if way != "overridden":
            assert await ask() == ["*/*", coding, None, None]
        match way:
            case "patched":
                monkeypatch.setattr(aiohttp.ClientRequest, "DEFAULT_HEADERS", Own.DEFAULT_HEADERS)
            case "changed":
                monkeypatch.setitem(defaults, "Accept-Encoding", "br")
            case "deleted":
                monkeypatch.delitem(defaults, "Accept")
        sent = {"changed": ["*/*", "br", None, None], "deleted": [None, coding, None, None]}
        for _ in range(2):
            assert await ask() == sent.get(way, ["own/type", None, "1", None])
        given = await ask(headers={"Accept": "a/b", "X-Own": "2"})
        assert (given[0], given[2]) == ("a/b", "2")
        assert (await ask(skip_auto_headers=["Accept"]))[0] is None
        # What a caller gives counts, also where a session would send the same by itself.
        assert (await ask(headers={"accept": "*/*"}))[0] == "*/*"
        assert (await ask(headers=[("Accept-Encoding", coding)]))[1] == coding
        assert (await ask(skip_auto_headers=["x-own"]))[2] is None
        session._default_headers = {"Accept": "*/*"}
        assert (await ask())[0] == "*/*"
        session._default_headers = {}
        assert await ask() == sent.get(way, ["own/type", None, "1", None])
        monkeypatch.undo()
        if way != "overridden":
            assert await ask() == ["*/*", coding, None, None]


async def test_ws_connect_goes_through_its_private_name(monkeypatch):
    async def fake(self, url, **options):
        return url, options

    monkeypatch.setattr(aiohttp.ClientSession, "_ws_connect", fake)
    async with aiohttp.ClientSession() as session:
        assert await session.ws_connect("ws://x", compress=15) == ("ws://x", {"compress": 15})


async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str(request.headers.get("X-Own", "none"))
    async for message in socket:
        await socket.send_str(message.data)
    return socket


@pytest.mark.parametrize("name", ["request", "_request"])
@pytest.mark.parametrize("is_patched", [False, True])
async def test_a_handshake_goes_through_request(monkeypatch, name, is_patched):
    asked = []
    original = getattr(aiohttp.ClientSession, name)

    async def own(
        self,
        method,
        url,
        *,
        headers=None,
        params=None,
        read_until_eof=None,
        auth=None,
        proxy=None,
        proxy_auth=None,
        ssl=None,
        server_hostname=None,
        proxy_headers=None,
    ):
        asked.append((method, read_until_eof, ssl))
        # Of its own, as one for a token.
        await (await original(self, "GET", url.with_path("/plain"))).read()
        headers = {**headers, "X-Own": "mine"}
        return await original(self, method, url, headers=headers, read_until_eof=read_until_eof)

    kind = aiohttp.ClientSession
    if is_patched:
        monkeypatch.setattr(kind, name, own)
    else:
        kind = type("Own", (kind,), {name: own})
    app = web.Application()
    app.router.add_get("/", echo)
    app.router.add_get("/plain", hello)
    async with TestServer(app) as server, kind(raise_for_status=True) as session:
        for _ in range(2):
            async with session.ws_connect(server.make_url("/")) as socket:
                assert await socket.receive_str() == "mine"
                await socket.send_str("back")
                assert await socket.receive_str() == "back"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(server.make_url("/plain"))
        assert session._offers == {}
    assert asked == [("GET", False, True)] * 3


@pytest.mark.parametrize("is_patched", [False, True])
async def test_connector_connect_is_overridden(server, monkeypatch, is_patched):
    asked = []

    class Own(aiohttp.TCPConnector):
        async def connect(self, req, traces, timeout):
            asked.append((type(req), req.method, str(req.url), timeout.total))
            connection = await super().connect(req, traces, timeout)
            assert connection.transport.get_extra_info("peername")[1] == server.port
            return connection

    if is_patched:
        original = aiohttp.TCPConnector.connect

        async def connect(self, req, traces, timeout, *more):
            asked.append((type(req), req.method, str(req.url), timeout.total))
            return await original(self, req, traces, timeout, *more)

        monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
    connector = (aiohttp.TCPConnector if is_patched else Own)()
    timeout = aiohttp.ClientTimeout(total=7)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        for _ in range(2):
            async with session.get(server.make_url("/").with_query(a="1")) as response:
                assert await response.text() == "hello"
        assert connector.open_connections == 1
    url = str(server.make_url("/").with_query(a="1"))
    assert asked == [(aiohttp.ClientRequest, "GET", url, 7)] * 2


async def test_create_connection_is_told_the_request(server):
    seen = []

    class Own(aiohttp.TCPConnector):
        async def _create_connection(self, req, traces, timeout):
            seen.append((req.method, req.url.path_qs, req.headers["A"], req.host, req.proxy_auth))
            seen.append((req.session is session, req.loop, req.version, timeout))
            return await super()._create_connection(req, traces, timeout)

    timeout = aiohttp.ClientTimeout(total=7, sock_connect=3)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        await session._connector.close()
        session._connector = Own()
        await (await session.get(server.make_url("/?a=1"), headers={"A": "b"})).read()
    loop = asyncio.get_running_loop()
    assert seen == [
        ("GET", "/?a=1", "b", "127.0.0.1", None),
        (True, loop, (1, 1), timeout),
    ]


async def test_response_handler_carries_the_connections_of_a_connector(server):
    received = []

    class Handler(client_proto.ResponseHandler):
        def data_received(self, data):
            received.append(data)
            super().data_received(data)

    class Own(aiohttp.TCPConnector):
        def __init__(self, **options):
            super().__init__(**options)
            self._factory = lambda: Handler(loop=self._loop)

    async with aiohttp.ClientSession(connector=Own()) as session:
        assert isinstance(session._connector._factory(), Handler)
        for _ in range(2):
            async with session.get(server.make_url("/")) as response:
                assert await response.text() == "hello"
        assert session._connector.open_connections == 1
    assert b"".join(received).count(b"hello") == 2


async def test_response_handler_by_hand_reads_responses():
    handler = client_proto.ResponseHandler(asyncio.get_running_loop())
    handler.connection_made(mock.Mock())
    handler.data_received(b"HTTP/1.1 200 OK\r\nContent-")
    handler.set_response_params(read_until_eof=True)
    handler.data_received(b"Length: 2\r\n\r\nokHTTP/1.1 101 Switching Protocols\r\n")
    message, payload = await handler.read()
    assert (message.code, await payload.read()) == (200, b"ok")
    assert not handler.should_close
    handler.data_received(b"Connection: upgrade\r\nUpgrade: x\r\n\r\nbeyond")
    message, _ = await handler.read()
    assert (message.code, handler.upgraded, handler.should_close) == (101, True, False)
    other = mock.Mock()
    other.feed_data.return_value = (False, b"")
    handler.set_parser(other, mock.Mock())
    handler.data_received(b"more")
    assert other.feed_data.mock_calls == [mock.call(b"beyond"), mock.call(b"more")]
    handler.force_close()
    assert handler.should_close
    assert handler.closed is None
    handler.pause_writing()
    assert handler.writing_paused
    handler.resume_writing()
    assert not handler.writing_paused
    handler.connection_lost(None)
    with pytest.raises(aiohttp.ClientConnectionError):
        await handler.read()
    assert not handler.is_connected()


def test_signatures_are_those_of_the_original():
    def names(value):
        return [*inspect.signature(value).parameters]

    assert names(aiohttp.ClientRequest)[:4] == ["method", "url", "params", "headers"]
    assert "stream_writer" in names(aiohttp.ClientResponse)
    assert names(aiohttp.ClientSession._request)[:3] == ["self", "method", "str_or_url"]
    assert "allow_redirects" in names(aiohttp.ClientSession._request)
    assert names(aiohttp.request)[:5] == ["method", "url", "version", "connector", "loop"]
    assert "quote_cookie" in names(aiohttp.CookieJar)
    session = mock.create_autospec(aiohttp.ClientSession, instance=True)
    with pytest.raises(TypeError, match="heders"):
        session._request("GET", "http://x", heders={})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (aiohttp.ClientSession.__init__, aiolos.ClientSession.__init__),
        (aiohttp.TCPConnector.__init__, aiolos.TCPConnector.__init__),
        (web.Application.__init__, aiolos.web.Application.__init__),
        (web.AppRunner.__init__, aiolos.web.AppRunner.__init__),
        (web.run_app, aiolos.web.run_app),
    ],
)
def test_a_class_with_doors_has_the_signature_of_its_base(theirs, ours):
    assert inspect.signature(theirs) == inspect.signature(ours)


def test_a_misspelt_option_of_a_mocked_session_is_told():
    with pytest.raises(TypeError, match="timeuot"):
        mock.create_autospec(aiohttp.ClientSession)(timeuot=3)


@pytest.mark.parametrize("kind", [web.Response, web.StreamResponse])
@pytest.mark.parametrize("step", ["_start", "prepare"])
async def test_steps_of_a_response_are_patched(monkeypatch, kind, step):
    seen, original = [], getattr(kind, step)

    async def patched(self, request):
        seen.append(request.path)
        return await original(self, request)

    monkeypatch.setattr(kind, step, patched)
    app = web.Application()
    app.router.add_get("/", hello)
    async with TestClient(TestServer(app)) as client:
        assert await (await client.get("/")).text() == "hello"
    assert seen == ["/"]


# ClientRequest.


async def test_request_init_is_overridden_and_patched(server, monkeypatch):
    made = []
    init = aiohttp.ClientRequest.__init__

    def patched(self, *args, **options):
        init(self, *args, **options)
        made.append(self.url.path)

    monkeypatch.setattr(aiohttp.ClientRequest, "__init__", patched)
    async with aiohttp.ClientSession() as session, session.get(server.make_url("/")) as response:
        assert response.status == 200
    assert made[-1] == "/"


async def test_request_is_made_by_hand():
    request = aiohttp.ClientRequest(
        "get", URL("http://host:81/path"), params={"a": "b"}, headers={"X": "y"}
    )
    assert (request.method, str(request.url)) == ("GET", "http://host:81/path?a=b")
    assert request.headers["X"] == "y"
    assert (request.host, request.port, request.is_ssl()) == ("host", 81, False)
    assert request.connection_key.port == 81


async def test_request_by_hand_has_the_cookies_of_its_headers_as_well():
    request = aiohttp.ClientRequest(
        "GET", URL("http://host/"), headers={"Cookie": "a=b"}, cookies={"c": "d"}
    )
    assert request.headers["Cookie"] == "a=b; c=d"


@pytest.mark.parametrize("method", ["GE T", "", "GET\r\nX: y"])
async def test_request_by_hand_by_no_method(method):
    with pytest.raises(ValueError, match="is not a method"):
        aiohttp.ClientRequest(method, URL("http://host/"))


def test_an_application_without_middlewares():
    assert list(web.Application(middlewares=None).middlewares) == []


async def test_request_by_hand_has_what_it_was_given():
    request = aiohttp.ClientRequest(
        "post",
        URL("http://host/"),
        headers={"User-Agent": "own"},
        skip_auto_headers=["Accept"],
        cookies={"c": "d"},
        auth=aiohttp.BasicAuth("user", "secret"),
        data={"f": "1"},
        proxy=URL("http://proxy:1"),
        version=aiohttp.HttpVersion10,
        ssl=False,
    )
    assert await request.body.as_bytes() == b"f=1"
    assert dict(request.headers) == {
        "Host": "host",
        "User-Agent": "own",
        "Accept-Encoding": aiohttp.ClientRequest.DEFAULT_HEADERS["Accept-Encoding"],
        "Cookie": "c=d",
        "Authorization": "Basic dXNlcjpzZWNyZXQ=",
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": "3",
    }
    assert (request.proxy, request.version, request.ssl) == (URL("http://proxy:1"), (1, 0), False)
    request.update_host(URL("http://other/"))
    assert request.headers["Host"] == "other"
    with pytest.raises(TypeError, match="headrs"):
        aiohttp.ClientRequest("get", URL("http://host/"), headrs={})


async def test_request_by_hand_in_chunks():
    request = aiohttp.ClientRequest("put", URL("http://a@host/"), data=b"x", chunked=True)
    assert request.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in request.headers
    assert (str(request.url), request.headers["Authorization"]) == ("http://host/", "Basic YTo=")


async def test_request_class_is_called_as_the_original_calls_it(server):
    asked = []

    class Own(aiohttp.ClientRequest):
        def __init__(self, method, url, **kwargs):
            asked.append((method, url.path, kwargs["headers"].get("X-Given"), kwargs["data"]))
            kwargs["headers"] = {**kwargs["headers"], "X-Own": "yes"}
            kwargs["cookies"] = {"a": "1"}
            super().__init__("PUT", url.with_path("/echo"), **kwargs)

    async def echo(request):
        names = ("X-Own", "X-Given", "Cookie")
        return web.json_response(
            [request.method, *map(request.headers.get, names), await request.text()]
        )

    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    async with TestServer(app) as server, aiohttp.ClientSession(request_class=Own) as session:
        given = {"X-Given": "1"}
        async with session.post(server.make_url("/"), data=b"x", headers=given) as response:
            assert await response.json() == ["PUT", "yes", "1", "a=1", "x"]
        async with session.get(server.make_url("/")) as response:
            assert await response.json() == ["PUT", "yes", None, "a=1", ""]
    assert asked == [("POST", "/", "1", b"x"), ("GET", "/", None, None)]


async def test_request_init_is_patched_and_called_once_by_keyword(server, monkeypatch):
    made = []
    init = aiohttp.ClientRequest.__init__

    def patched(self, *args, **options):
        made.append((len(args), options["session"]))
        init(self, *args, **options)

    monkeypatch.setattr(aiohttp.ClientRequest, "__init__", patched)
    async with aiohttp.ClientSession() as session:
        await session.get(server.make_url("/"))
        assert made == [(2, session)]


async def test_request_steps_are_patched(server, monkeypatch):
    seen = []
    monkeypatch.setattr(
        aiohttp.ClientRequest, "update_headers", lambda self, headers: seen.append(dict(headers))
    )
    async with aiohttp.ClientSession() as session:
        await session.get(server.make_url("/"), headers={"A": "b"})
        monkeypatch.undo()
        await session.get(server.make_url("/"), headers={"A": "b"})
    assert [each["A"] for each in seen] == ["b"]


async def test_response_names_that_are_deprecated():
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def answer_first(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await request.read()
        return response

    async def body():
        yield b"one"
        begun.set()
        await go_on.wait()
        yield b"two"

    app = web.Application()
    app.router.add_post("/", answer_first)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        async with session.post(server.make_url("/"), data=body()) as response:
            await begun.wait()
            with pytest.warns(DeprecationWarning, match="upload_complete is deprecated"):
                uploaded = response.upload_complete
            assert not uploaded.done()
            go_on.set()
            await uploaded
            await response.read()
            with pytest.warns(DeprecationWarning, match="upload_complete is deprecated"):
                assert response.upload_complete is uploaded
            with pytest.warns(DeprecationWarning, match=r"response\.url"):
                assert response.url_obj == response.url
        async with session.post(server.make_url("/"), data=b"small") as response:
            with pytest.warns(DeprecationWarning, match="upload_complete is deprecated"):
                assert response.upload_complete.done()


async def test_the_transport_of_a_response_is_closed_by_hand():
    async def half(request):
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"half.")
        await asyncio.Event().wait()

    app = web.Application()
    app.router.add_get("/", half)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        async with session.get(server.make_url("/")) as response:
            protocol = response.connection.protocol
            assert protocol.is_connected()
            assert not protocol.transport.is_closing()
            protocol.transport.close()
            with pytest.raises(aiohttp.ClientPayloadError, match="closed on this side"):
                await response.read()
            assert protocol.transport.is_closing()
            assert response.connection is None


async def test_request_steps_of_a_subclass_are_called(server):
    class Own(aiohttp.ClientRequest):
        def update_headers(self, headers):
            super().update_headers(headers)
            self.headers["X-Own"] = "yes"

        def update_auto_headers(self, skip_auto_headers):
            super().update_auto_headers([*skip_auto_headers, "User-Agent"])
            self.headers.pop("User-Agent", None)

        def update_host(self, url):
            super().update_host(url.with_path("/echo"))

        def update_body_from_data(self, body, _stacklevel=3):
            super().update_body_from_data(body + b"!")

    async def echo(request):
        seen = {name: request.headers.get(name) for name in ("X-Own", "X-Given", "User-Agent")}
        return web.json_response(
            {**seen, "body": await request.text(), "accept": request.headers["Accept"]}
        )

    app = web.Application()
    app.router.add_post("/echo", echo)
    options = {"request_class": Own, "skip_auto_headers": ["Accept"]}
    async with TestServer(app) as server, aiohttp.ClientSession(**options) as session:
        given = {"X-Given": "1", "Accept": "a/b"}
        async with session.post(server.make_url("/"), data=b"body", headers=given) as response:
            assert await response.json() == {
                "X-Own": "yes",
                "X-Given": "1",
                "User-Agent": None,
                "body": "body!",
                "accept": "a/b",
            }


async def test_request_steps_one_by_one():
    request = aiohttp.ClientRequest("post", URL("http://host/"), loop=None)
    assert request.method in request.POST_METHODS <= request.ALL_METHODS
    assert (request.auth, request.response) == (None, None)
    request.update_version("1.0")
    assert request.version == (1, 0)
    with pytest.raises(ValueError, match="like '1.1'"):
        request.update_version("one")
    request.update_host(URL("https://other:444/path"))
    assert (request.host, request.port, request.is_ssl()) == ("other", 444, True)
    with pytest.raises(aiohttp.InvalidURL):
        request.update_host(URL("/path"))
    request.update_headers({"A": "1"})
    request.update_headers({"B": "2"})
    assert dict(request.headers) == {"B": "2"}
    request.update_auto_headers(["Accept"])
    assert set(request.headers) == {"B", "Accept-Encoding", "User-Agent"}
    assert "accept" in request.skip_auto_headers
    request.update_cookies({"a": "1"})
    request.update_cookies(None)
    assert request.cookies == (("a", "1"),)
    request.update_auth(aiohttp.BasicAuth("user", "secret"))
    assert request.headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
    request.update_content_encoding(None)
    request.update_transfer_encoding()
    request.update_expect_continue(True)
    assert request.headers["Expect"] == "100-continue"
    request.update_body_from_data({"a": "b"})
    assert await request.body.as_bytes() == b"a=b"
    assert request.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    request.body = b"bytes"
    assert await request.body.as_bytes() == b"bytes"
    request.update_proxy(URL("http://proxy:1"), aiohttp.BasicAuth("a"), {"C": "3"})
    assert request.proxy == URL("http://proxy:1")
    assert request.connection_key.proxy == request.proxy
    request.update_proxy(None, None, None)
    assert request.proxy is None
    request.terminate()
    await request.close()


async def test_every_step_of_a_request_is_called_where_it_is_overridden():
    called = []

    def noting(name):
        def step(self, *arguments):
            called.append((name, arguments))
            return getattr(aiohttp.ClientRequest, name)(self, *arguments)

        return step

    names = [
        "update_host",
        "update_cookies",
        "update_content_encoding",
        "update_auth",
        "update_proxy",
        "update_body_from_data",
        "update_transfer_encoding",
        "update_expect_continue",
    ]
    own = type("Own", (aiohttp.ClientRequest,), {name: noting(name) for name in names})

    async def handler(request):
        return web.json_response([await request.text(), dict(request.cookies)])

    async with (
        RawTestServer(handler) as server,
        aiohttp.ClientSession(request_class=own) as session,
        session.post(server.make_url("/"), data=b"body", cookies={"a": "1"}) as response,
    ):
        assert await response.json() == ["body", {"a": "1"}]
    assert [name for name, _ in called] == names
    given = dict(called)
    assert given["update_auth"] == (None, False)
    assert given["update_proxy"] == (None, None, {})
    assert given["update_expect_continue"] == (False,)
    assert given["update_cookies"] == ({},)


async def test_a_cookie_that_a_step_adds_is_sent_beside_the_others():
    class Own(aiohttp.ClientRequest):
        def update_cookies(self, cookies):
            super().update_cookies({**cookies, "own": "2"})

    async def handler(request):
        if request.path == "/to":
            raise web.HTTPFound("/")
        return web.json_response(request.headers["Cookie"])

    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        RawTestServer(handler) as server,
        aiohttp.ClientSession(request_class=Own, cookie_jar=jar, cookies={"jar": "3"}) as session,
    ):
        for path in ("/", "/to"):
            url = server.make_url(path)
            async with session.get(url, cookies={"a": "1"}) as response:
                sent = (await response.json()).split("; ")
                assert sorted(sent) == ["a=1", "jar=3", "own=2"]


async def test_request_is_ssl_of_a_subclass_decides():
    class Secret(aiohttp.ClientRequest):
        def is_ssl(self):
            return True

    async with (
        RawTestServer(hello) as server,
        aiohttp.ClientSession(request_class=Secret) as session,
    ):
        with pytest.raises(aiohttp.ClientConnectorSSLError):
            await session.get(server.make_url("/"))


@pytest.mark.parametrize("derived", [False, True])
async def test_request_is_ssl_is_replaced_on_the_class(server, monkeypatch, derived):
    class Own(aiohttp.ClientRequest):
        pass

    url = server.make_url("/").with_scheme("https")
    async with aiohttp.ClientSession(request_class=Own if derived else None) as session:
        with pytest.raises(aiohttp.ClientConnectorSSLError):
            await session.get(url)
        monkeypatch.setattr(aiohttp.ClientRequest, "is_ssl", lambda self: False)
        async with session.get(url) as response:
            assert response.status == 200
        monkeypatch.undo()
        with pytest.raises(aiohttp.ClientConnectorSSLError):
            await session.get(url)


# Connectors.


async def test_a_door_of_the_connector_is_told_the_times(server):
    told = []

    class Own(aiohttp.TCPConnector):
        async def _create_connection(self, req, traces, timeout):
            told.append((timeout.connect, timeout.sock_connect))
            return await super()._create_connection(req, traces, timeout)

    timeout = aiohttp.ClientTimeout(connect=60, sock_connect=30)
    async with aiohttp.ClientSession(connector=Own(), timeout=timeout) as session:
        await session.get(server.make_url("/"))
    assert told == [(60, 30)]


@pytest.mark.parametrize("door", ["_create_connection", "_wrap_create_connection"])
async def test_an_oserror_of_a_connector_is_a_client_error(monkeypatch, door):
    async def fail(self, *args, **kwargs):
        raise OSError(5, "broken")

    monkeypatch.setattr(aiohttp.TCPConnector, door, fail)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientOSError) as caught:
            await session.get("http://127.0.0.1:1/")
    assert caught.value.errno == 5


async def test_a_connection_by_hand():
    loop = asyncio.get_running_loop()
    connector, called = mock.Mock(), []
    protocol = client_proto.ResponseHandler(loop)
    protocol.connection_made(mock.Mock(spec=asyncio.Transport, is_closing=lambda: False))
    connection = aiohttp.connector.Connection(connector, "key", protocol, loop)
    assert connection
    assert (connection.loop, connection.protocol, connection.closed) == (loop, protocol, False)
    assert connection.transport is protocol.transport
    connection.add_callback(None)
    connection.add_callback(lambda: 1 / 0)
    connection.add_callback(lambda: called.append(1))
    connection.release()
    connection.release()
    assert (called, connection.closed, connection.transport) == ([1], True, None)
    connector._release.assert_called_once_with("key", protocol, should_close=False)


async def test_connector_close_is_overridden(server):
    closed = []

    class Own(aiohttp.TCPConnector):
        def _close(self, *, abort_ssl=False):
            closed.append(abort_ssl)
            return super()._close(abort_ssl=abort_ssl)

    async with aiohttp.ClientSession(connector=Own()) as session:
        await (await session.get(server.make_url("/"))).read()
    assert closed == [False]
    assert session.closed


async def test_cli_37_resolve_host_is_there_under_both_names():
    for package in (aiolos, aiohttp):
        async with package.TCPConnector() as connector:
            (found,) = await connector._resolve_host("127.0.0.1", 80)
            assert (found["host"], found["port"]) == ("127.0.0.1", 80)


async def test_resolve_host_is_patched_while_the_connector_lives(server):
    async def resolve(self, host, port, traces=None):
        assert host == "nowhere.example"
        assert traces == []
        return [
            {
                "hostname": host,
                "host": "127.0.0.1",
                "port": server.port,
                "family": 2,
                "proto": 0,
                "flags": 0,
            }
        ]

    async with aiohttp.ClientSession() as session:
        with mock.patch("aiohttp.connector.TCPConnector._resolve_host", resolve):
            async with session.get("http://nowhere.example/") as response:
                assert response.status == 200


async def test_resolve_host_is_overridden_and_tells_traces(server):
    told, asked = [], []

    class Own(aiohttp.TCPConnector):
        async def _resolve_host(self, host, port, traces=None):
            asked.extend(traces)
            return await super()._resolve_host(host, port, traces=traces)

    async def start(session, context, params):
        told.append(params.host)

    class Resolver(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            return await aiohttp.ThreadedResolver().resolve("127.0.0.1", port, family)

        async def close(self):
            pass

    config = aiohttp.TraceConfig()
    config.on_dns_resolvehost_start.append(start)
    connector = Own(resolver=Resolver())
    async with aiohttp.ClientSession(connector=connector, trace_configs=[config]) as session:
        async with session.get(f"http://nowhere.example:{server.port}/") as response:
            assert response.status == 200
    assert told == ["nowhere.example"]
    assert len(asked) == 1


@pytest.mark.parametrize("way", ["overridden", "patched"])
async def test_requests_of_a_test_client_go_through_its_request(server, monkeypatch, way):
    asked, original = [], TestClient._request

    async def own(self, method, path, **options):
        asked.append((method, path, sorted(options)))
        options["headers"] = {"X-Own": "1"}
        return await original(self, method, path, **options)

    kind = TestClient
    if way == "patched":
        monkeypatch.setattr(TestClient, "_request", own)
    else:
        kind = type("Own", (TestClient,), {"_request": own})
    async with kind(server) as client:
        async with client.get("/", params={"a": "b"}) as response:
            assert response.request_info.headers["X-Own"] == "1"
        response = await client.head("/")
        assert response.status == 200
        await client.request("PUT", "/")
    told = [("GET", "/", ["params"]), ("HEAD", "/", ["allow_redirects"]), ("PUT", "/", [])]
    assert asked == told


async def test_connector_tells_its_connections(server):
    async with aiohttp.ClientSession() as session:
        connector = session.connector
        async with session.get(server.make_url("/")) as response:
            await response.read()
        assert [(key.port, len(idle)) for key, idle in connector._conns.items()] == [
            (server.port, 1)
        ]
        assert not connector._acquired


async def test_trace_config_signals_by_their_private_names():
    config = aiohttp.TraceConfig()
    assert config._on_request_start is config.on_request_start
    assert mock.create_autospec(aiohttp.TraceConfig).on_request_start is not None


async def test_connector_family_is_read_and_set():
    asked = []

    class Resolver(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            asked.append(family)
            raise OSError(1, "nowhere")

        async def close(self):
            pass

    connector = aiohttp.TCPConnector(family=2, resolver=Resolver())
    assert connector._family == connector.family == 2
    connector._family = socket.AF_INET6
    assert connector._family is socket.AF_INET6
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorDNSError):
            await session.get("http://nowhere.example/")
    assert asked == [socket.AF_INET6]


@pytest.mark.parametrize("way", ["replaced", "patched"])
async def test_the_handler_of_connections_is_replaced_and_patched(server, monkeypatch, way):
    seen = []
    received = client_proto.ResponseHandler.data_received

    def own(self, data):
        seen.append(data[:12])
        received(self, data)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:

        async def ask():
            async with session.get(server.make_url("/")) as response:
                assert await response.read()

        await ask()
        assert not seen
        if way == "patched":
            monkeypatch.setattr(client_proto.ResponseHandler, "data_received", own)
        else:
            kind = type("Own", (client_proto.ResponseHandler,), {"data_received": own})
            monkeypatch.setattr(aiohttp.connector, "ResponseHandler", kind)
        await ask()
        assert seen[0] == b"HTTP/1.1 200"
        monkeypatch.undo()
        del seen[:]
        await ask()
        assert not seen


async def test_limits_of_a_connector_are_read_and_set(server):
    connector = aiohttp.TCPConnector(limit=7, limit_per_host=3)
    assert (connector._limit, connector._limit_per_host) == (7, 3)
    connector._limit, connector._limit_per_host = 1, 0
    assert (connector.limit, connector.limit_per_host) == (1, 0)
    timeout = aiohttp.ClientTimeout(connect=0.05)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        async with session.get(server.make_url("/").with_query(wait="yes")):
            connector._limit = 2
            async with session.get(server.make_url("/")) as response:
                assert response.status == 200


@pytest.mark.parametrize("base", [aiohttp.BaseConnector, aiohttp.TCPConnector])
async def test_create_connection_is_overridden(base, server):
    asked = []

    class Own(base):
        async def _create_connection(self, req, traces, timeout):
            asked.append((req.host, req.port, req.is_ssl(), req.url.scheme))
            if base is aiohttp.TCPConnector:
                return await super()._create_connection(req, traces, timeout)
            _, protocol = await self._loop.create_connection(self._factory, req.host, req.port)
            return protocol

    async with aiohttp.ClientSession(connector=Own()) as session:
        async with session.get(server.make_url("/")) as response:
            assert await response.text() == "hello"
    assert asked == [("127.0.0.1", server.port, False, "http")]


async def test_wrap_create_connection_is_overridden(server):
    asked = []

    class Own(aiohttp.TCPConnector):
        async def _wrap_create_connection(self, *args, addr_infos, req, timeout, **options):
            asked.append(addr_infos[0][4])
            return await super()._wrap_create_connection(
                *args, addr_infos=addr_infos, req=req, timeout=timeout, **options
            )

    async with aiohttp.ClientSession(connector=Own()) as session:
        async with session.get(server.make_url("/")) as response:
            assert await response.text() == "hello"
        async with session.get(server.make_url("/")) as response:
            assert await response.text() == "hello"
    assert asked == [("127.0.0.1", server.port)]


async def test_unix_connector_is_subclassed(tmp_path):
    class Own(aiohttp.UnixConnector):
        pass

    path = str(tmp_path / "s")
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.UnixSite(runner, path).start()
    async with aiohttp.ClientSession(connector=Own(path)) as session:
        assert isinstance(session.connector, aiohttp.BaseConnector)
        async with session.get("http://any/") as response:
            assert response.status == 404
    await runner.cleanup()


async def test_response_handler_is_subclassed():
    class Own(client_proto.ResponseHandler):
        pass

    protocol = Own(loop=asyncio.get_running_loop())
    assert not protocol.is_connected()
    reader = streams.StreamReader(protocol, 1, loop=asyncio.get_running_loop())
    reader.feed_data(b"abc")
    assert protocol._reading_paused
    assert await reader.read(3) == b"abc"
    assert not protocol._reading_paused


# Requests and responses of the server.


async def test_request_read_bytes_is_the_body(aiohttp_client):
    async def handler(request):
        assert request._read_bytes is None
        assert await request.read() == b"body"
        assert request._read_bytes == b"body"
        request._read_bytes = b"another"
        return web.Response(body=await request.read())

    app = web.Application()
    app.router.add_post("/", handler)
    client = await aiohttp_client(app)
    async with client.post("/", data=b"body") as response:
        assert await response.read() == b"another"


async def test_request_post_is_the_form(aiohttp_client):
    async def handler(request):
        assert request._post is None
        request._post = {"a": "set"}
        return web.Response(text=(await request.post())["a"])

    app = web.Application()
    app.router.add_post("/", handler)
    client = await aiohttp_client(app)
    async with client.post("/", data={"a": "b"}) as response:
        assert await response.text() == "set"


async def test_request_payload_writer_writes(aiohttp_client):
    async def handler(request):
        assert request._payload_writer is not None
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handler)
    client = await aiohttp_client(app)
    assert (await client.get("/")).status == 200


def test_mocked_request_takes_what_the_original_takes():
    writer, protocol = mock.Mock(), mock.Mock()
    protocol.transport.get_extra_info.return_value = ("10.0.0.1", 1)
    request = make_mocked_request(
        "GET", "/a?b=c", writer=writer, protocol=protocol, client_max_fields=1, loop=None
    )
    assert request._payload_writer is writer
    assert request.query["b"] == "c"
    assert request.match_info == {}


async def test_response_payload_writer_and_keep_alive(aiohttp_client):
    async def handler(request):
        response = web.StreamResponse()
        assert response._payload_writer is None
        assert await response.prepare(request) is not None
        await response._payload_writer.write(b"by the door")
        await response._payload_writer.write_eof()
        response._keep_alive = False
        return response

    app = web.Application()
    app.router.add_get("/", handler)
    client = await aiohttp_client(app)
    async with client.get("/") as response:
        assert await response.text() == "by the door"


async def test_response_start_is_overridden(aiohttp_client):
    class Own(web.Response):
        async def _start(self, request):
            self.headers["X-Started"] = request.path
            return await super()._start(request)

    async def handler(request):
        return Own(text="x")

    app = web.Application()
    app.router.add_get("/", handler)
    client = await aiohttp_client(app)
    async with client.get("/") as response:
        assert response.headers["X-Started"] == "/"


# Applications, routers, runners.


async def test_application_handle_is_patched(aiohttp_client, monkeypatch):
    seen = []
    handle = web.Application._handle

    async def patched(self, request):
        seen.append(request.path)
        return await handle(self, request)

    monkeypatch.setattr(web.Application, "_handle", patched)
    app = web.Application()
    app.router.add_get("/", hello)
    client = await aiohttp_client(app)
    assert await (await client.get("/")).text() == "hello"
    assert (await client.get("/absent")).status == 404
    assert seen == ["/", "/absent"]


@DISCOURAGED
async def test_application_handle_is_overridden(aiohttp_client):
    class Own(web.Application):
        async def _handle(self, request):
            response = await super()._handle(request)
            response.headers["X-App"] = request.match_info["name"]
            return response

    app = Own()
    app.router.add_get("/{name}", hello)
    client = await aiohttp_client(app)
    async with client.get("/you") as response:
        assert response.headers["X-App"] == "you"


async def test_router_resolve_is_patched(aiohttp_client, monkeypatch):
    seen = []
    resolve = web.UrlDispatcher.resolve

    async def patched(self, request):
        found = await resolve(self, request)
        seen.append(found.route.resource.canonical)
        return found

    monkeypatch.setattr(web.UrlDispatcher, "resolve", patched)
    app = web.Application()
    app.router.add_get("/{name}", hello)
    client = await aiohttp_client(app)
    assert (await client.get("/x")).status == 200
    assert seen == ["/{name}"]


async def test_router_is_subclassed(aiohttp_client):
    class Own(web.UrlDispatcher):
        async def resolve(self, request):
            return await super().resolve(request.clone(rel_url="/"))

    app = web.Application(router=Own())
    app.router.add_get("/", hello)
    client = await aiohttp_client(app)
    assert (await client.get("/anything")).status == 200


async def test_a_router_that_only_resolves(aiohttp_client):
    class Own(aiohttp.abc.AbstractRouter):
        async def resolve(self, request):
            if request.path == "/found":
                return web.UrlMappingMatchInfo({"who": "you"}, route)
            raise web.HTTPPreconditionFailed

    async def answer(request):
        return web.Response(text=request.match_info["who"])

    route = web.UrlDispatcher().add_get("/", answer)
    with pytest.warns(DeprecationWarning, match="override resolve"):
        app = web.Application(router=Own())
    client = await aiohttp_client(app)
    assert await (await client.get("/found")).text() == "you"
    assert (await client.get("/")).status == 412


@web.middleware
async def marks(request, handler):
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.add("X-Marked", request.app["name"])
        raise
    response.headers.add("X-Marked", request.app["name"])
    return response


def marking(name, **options):
    app = web.Application(middlewares=[marks], **options)
    app["name"] = name
    return app


async def told(request):
    return web.Response(
        text=" ".join(app["name"] for app in (request.app, *request.match_info.apps))
    )


@pytest.mark.parametrize("how", ["abstract", "subclass", "set", "patched"])
async def test_what_a_router_of_ones_own_finds_has_the_middlewares(aiohttp_client, how):
    other = web.UrlDispatcher()
    other.add_get("/other/{x}", told)
    kept = web.ResourceRoute("GET", told, web.PlainResource("/kept"))

    async def resolve(request):
        if request.path == "/hand":
            return web.UrlMappingMatchInfo({}, web.ResourceRoute("GET", told, kept.resource))
        if request.path == "/kept":
            return web.UrlMappingMatchInfo({}, kept)
        if request.path.startswith("/other"):
            return await other.resolve(request)
        return aiohttp.web_urldispatcher.MatchInfoError(web.HTTPNotFound())

    class Abstract(aiohttp.abc.AbstractRouter):
        async def resolve(self, request):
            return await resolve(request)

    class Subclass(web.UrlDispatcher):
        async def resolve(self, request):
            return await resolve(request)

    if how == "abstract":
        with pytest.warns(DeprecationWarning, match="override resolve"):
            app = marking("one", router=Abstract())
    else:
        app = marking("one", **({"router": Subclass()} if how == "subclass" else {}))
    if how == "set":
        app._router = Subclass()
    elif how == "patched":
        app.router.resolve = resolve

    async def prepared(request, response):
        response.headers["X-App"] = request.app["name"]

    app.on_response_prepare.append(prepared)
    client = await aiohttp_client(app)
    for path in ("/hand", "/kept", "/kept", "/other/1", "/nowhere"):
        async with client.get(path) as response:
            assert response.status == (404 if path == "/nowhere" else 200)
            assert response.headers.getall("X-Marked") == ["one"]
            assert response.headers["X-App"] == "one"
            if response.status == 200:
                assert await response.text() == "one one"


@pytest.mark.parametrize("adds", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
async def test_a_router_that_leaves_it_to_another_application(aiohttp_client, adds, frozen):
    inner = marking("inner")
    inner.router.add_get("/", told)
    if frozen:
        inner.freeze()

    class Leaves(web.UrlDispatcher):
        async def resolve(self, request):
            found = await inner.router.resolve(request)
            if adds and not frozen:
                found.add_app(inner)
            return found

    client = await aiohttp_client(marking("outer", router=Leaves()))
    async with client.get("/") as response:
        marked = response.headers.getall("X-Marked")
        text = await response.text()
    if adds or frozen:
        assert (marked, text) == (["inner", "outer"], "inner outer inner")
    else:
        assert (marked, text) == (["outer"], "outer outer")


class OwnResource(web.AbstractResource):
    """With no more than what is abstract in the original."""

    def __init__(self, prefix):
        super().__init__(name="own")
        self._prefix = prefix
        self._route = web.ResourceRoute("GET", self._answer, self)

    @property
    def canonical(self):
        return self._prefix

    def add_prefix(self, prefix):
        self._prefix = prefix + self._prefix

    def url_for(self, *, name):
        return URL(f"{self._prefix}/{name}")

    def get_info(self):
        return {"prefix": self._prefix}

    def raw_match(self, path):
        return False

    async def resolve(self, request):
        rest = request.rel_url.path.removeprefix(self._prefix)
        if not rest.startswith("/known"):
            return None, set()
        if request.method == "PUT":
            route = web.ResourceRoute("PUT", self._answer, self)
        elif request.method == "GET":
            route = self._route
        else:
            return None, {"GET", "PUT"}
        return web.UrlMappingMatchInfo({"rest": rest}, route), {"GET", "PUT"}

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([self._route])

    async def _answer(self, request):
        return web.Response(text=request.match_info["rest"] + request["seen"])


async def test_a_resource_is_subclassed(aiohttp_client):
    @web.middleware
    async def seen(request, handler):
        assert request.app is sub
        request["seen"] = "!"
        return await handler(request)

    sub = web.Application(middlewares=[seen])
    resource = OwnResource("/own")
    sub.router.register_resource(resource)
    app = web.Application()
    app.add_subapp("/sub", sub)
    assert isinstance(resource, web.AbstractResource)
    assert isinstance(app.router.add_get("/plain", hello).resource, web.AbstractResource)
    assert not isinstance(app, web.AbstractResource)
    assert not isinstance(app.router.add_resource("/other"), OwnResource)
    assert issubclass(web.PlainResource, web_urldispatcher.AbstractResource)
    assert str(sub.router["own"].url_for(name="x")) == "/sub/own/x"
    client = await aiohttp_client(app)
    for method, path, status, text in (
        ("GET", "/sub/own/known/x", 200, "/known/x!"),
        ("PUT", "/sub/own/known", 200, "/known!"),
        ("POST", "/sub/own/known", 405, None),
        ("GET", "/sub/own/x", 404, None),
        ("GET", "/sub/known", 404, None),
        ("GET", "/plain", 200, "hello"),
    ):
        response = await client.request(method, path)
        assert response.status == status, path
        if text is not None:
            assert await response.text() == text


def test_private_names_of_routing(tmp_path):
    router = web.UrlDispatcher()

    async def expected(request):
        pass

    route = router.add_get("/x/{name}", hello, expect_handler=expected)
    assert route._expect_handler is expected
    assert route.resource._match("/x/y%20z") == {"name": "y z"}
    assert route.resource._match("/y") is None
    assert router.add_get("/plain", hello).resource._match("/plain") == {}
    assert router.add_static("/files", tmp_path)._allowed_methods == {"GET", "HEAD"}


@DISCOURAGED
async def test_application_make_handler_is_overridden(aiohttp_client):
    made = []

    class Own(web.Application):
        def _make_handler(self, **options):
            made.append(sorted(options))
            return super()._make_handler(**options)

    app = Own()
    app.router.add_get("/", hello)
    client = await aiohttp_client(app)
    assert (await client.get("/")).status == 200
    assert len(made) == 1


async def test_test_servers_make_runner_is_overridden():
    class Own(TestServer):
        async def _make_runner(self, **options):
            self.made = True
            return await super()._make_runner(**options)

    async with Own(web.Application()) as server:
        assert server.made


async def test_the_app_runner_of_the_module_is_the_one_that_is_used(monkeypatch):
    made = []

    class Own(aiohttp.web_runner.AppRunner):
        def __init__(self, *args, **options):
            made.append(self)
            super().__init__(*args, **options)

    monkeypatch.setattr(aiohttp.web_runner, "AppRunner", Own)
    async with TestServer(web.Application()) as server:
        assert server.runner in made


@DISCOURAGED
def test_the_application_of_the_module_is_the_one_that_code_gets(monkeypatch):
    class Own(web_app.Application):
        pass

    monkeypatch.setattr(web, "Application", Own)
    assert isinstance(web.Application(), Own)


async def test_resources_are_subclassed(aiohttp_client):
    class Own(web.PlainResource):
        pass

    app = web.Application()
    resource = Own("/")
    app.router.register_resource(resource)
    resource.add_route("GET", hello)
    client = await aiohttp_client(app)
    assert (await client.get("/")).status == 200


async def test_access_logger_is_subclassed():
    lines = []

    class Own(aiohttp.abc.AbstractAccessLogger):
        def log(self, request, response, time):
            lines.append((request.path, response.status))

    async with TestServer(web.Application(), access_log_class=Own) as server:
        async with aiohttp.ClientSession() as session:
            await (await session.get(server.make_url("/no"))).read()
    assert lines == [("/no", 404)]


async def test_the_access_log_is_the_logger_of_that_name(caplog):
    caplog.set_level("INFO", "aiohttp.access")
    async with TestClient(web.Application()) as client:
        await (await client.get("/")).read()
    assert [each.name for each in caplog.records] == ["aiohttp.access"]


# Other things that are subclassed or taken.


async def test_cookie_jar_and_resolver_are_subclassed(server):
    class Jar(aiohttp.DummyCookieJar):
        pass

    class Resolver(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            return [
                {
                    "hostname": host,
                    "host": "127.0.0.1",
                    "port": server.port,
                    "family": 2,
                    "proto": 0,
                    "flags": 0,
                }
            ]

        async def close(self):
            pass

    connector = aiohttp.TCPConnector(resolver=Resolver())
    async with aiohttp.ClientSession(connector=connector, cookie_jar=Jar()) as session:
        async with session.get("http://name.example/") as response:
            assert response.status == 200


async def test_payload_value_is_read_and_payload_subclassed(server):
    class Own(aiohttp.Payload):
        async def write(self, writer):
            await writer.write(self._value)

        def decode(self, encoding="utf-8", errors="strict"):
            return self._value.decode(encoding)

    assert Own(b"x")._value == b"x"
    assert aiohttp.payload.BytesPayload(b"y")._value == b"y"
    async with aiohttp.ClientSession() as session:
        async with session.post(server.make_url("/"), data=Own(b"x")) as response:
            assert response.status == 200


def test_helpers():
    assert helpers.BasicAuth is aiohttp.BasicAuth
    assert helpers.parse_mimetype("text/html; charset=x").parameters["charset"] == "x"
    mime = helpers.parse_mimetype("Application/Geo+JSON")
    assert (mime.type, mime.subtype, mime.suffix) == ("application", "geo", "json")
    assert helpers.strip_auth_from_url(URL("http://a:b@c/"))[0] == URL("http://c/")
    assert helpers.guess_filename(SimpleNamespace(name="/a/b.txt")) == "b.txt"
    assert helpers.guess_filename(SimpleNamespace(name="<stdin>")) is None
    assert helpers.must_be_empty_body("HEAD", 200)
    assert helpers.is_ip_address("::1")
    assert not helpers.is_ip_address("host")


def test_reify_computes_once():
    class Lazy:
        def __init__(self):
            self._cache = {}

        @helpers.reify
        def value(self):
            return object()

    lazy = Lazy()
    assert lazy.value is lazy.value
    with pytest.raises(AttributeError, match="read-only"):
        lazy.value = 1


def test_words_of_websockets():
    from aiohttp import http, http_websocket

    assert http.WS_KEY == b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    assert http_websocket.WSMsgType is aiohttp.WSMsgType
    assert http.WS_CLOSED_MESSAGE.type is aiohttp.WSMsgType.CLOSED
    assert re.fullmatch("aiolos/.+", http.SERVER_SOFTWARE)


async def test_data_queue_and_the_empty_reader():
    queue = streams.DataQueue(asyncio.get_running_loop())
    queue.feed_data("a", 1)
    queue.feed_eof()
    assert await queue.read() == "a"
    with pytest.raises(streams.EofStream):
        await queue.read()
    assert isinstance(streams.EMPTY_PAYLOAD, streams.EmptyStreamReader)
    assert not isinstance(streams.StreamReader(), streams.EmptyStreamReader)
    assert await streams.EmptyStreamReader().read() == b""
    empty = streams.EmptyStreamReader()
    assert repr(empty) == "<EmptyStreamReader>"
    assert empty.feed_data(b"data") is False
    empty.set_exception(ValueError())
    assert (await empty.read(), empty.exception(), empty.total_bytes) == (b"", None, 0)


def test_zlib_backend_is_chosen():
    import zlib

    from aiohttp import compression_utils

    before = compression_utils.ZLibBackend._zlib_backend
    try:
        aiohttp.set_zlib_backend(zlib)
        assert compression_utils.ZLibBackend.name == "zlib"
    finally:
        aiohttp.set_zlib_backend(before)


def test_server_is_the_protocol_factory():
    from aiohttp import web_server

    assert web_server.Server is web.Server


async def test_request_client_max_size_is_set(aiohttp_client):
    async def handler(request):
        assert request._client_max_size == 4
        request._client_max_size = 8
        return web.Response(text=await request.text())

    app = web.Application(client_max_size=4)
    app.router.add_post("/", handler)
    client = await aiohttp_client(app)
    async with client.post("/", data=b"seven") as response:
        assert await response.text() == "seven"


async def test_expect_handler_writes_by_the_requests_writer(aiohttp_client):
    async def handler(request):
        return web.Response(text=await request.text())

    async def expect(request):
        assert request.writer.transport is request.transport
        if request.headers.get("X-Key") != "known":
            raise web.HTTPForbidden
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0

    app = web.Application()
    app.router.add_post("/", handler, expect_handler=expect)
    client = await aiohttp_client(app)
    async with client.post("/", data=b"x", expect100=True, headers={"X-Key": "known"}) as response:
        assert await response.text() == "x"
    async with client.post("/", data=b"x", expect100=True) as response:
        assert response.status == 403


async def test_access_log_records_have_attributes(aiohttp_server, caplog):
    caplog.set_level("INFO", logger="aiohttp.access")
    app = web.Application()
    app.router.add_get("/", hello)
    server = await aiohttp_server(app, access_log=aiohttp.log.access_logger)
    async with aiohttp.ClientSession() as session:
        async with session.get(server.make_url("/"), headers={"User-Agent": "me"}) as response:
            await response.read()
    (record,) = [each for each in caplog.records if each.name == "aiohttp.access"]
    assert (record.response_status, record.response_size) == (200, 5)
    assert record.remote_address == "127.0.0.1"
    assert record.first_request_line == "GET / HTTP/1.1"
    assert record.request_header == {"Referer": "-", "User-Agent": "me"}
    assert record.request_start_time in record.getMessage()


def test_access_log_formats_of_ones_own():
    logger = mock.Mock()
    log = aiohttp.web_log.AccessLogger(logger, "100%% %D %{X}i %{X}o %Tf")
    response = SimpleNamespace(headers={"X": "out"})
    log.log(SimpleNamespace(headers={"X": "in"}), response, 0.5)
    logger.info.assert_called_once_with(
        "100% 500000 in out 0.500000",
        extra={
            "request_time_micro": 500_000,
            "request_header": {"X": "in"},
            "response_header": {"X": "out"},
            "request_time_frac": "0.500000",
        },
    )


# Mocked requests.


async def test_a_mocked_writer_sees_what_a_stream_sends():
    request = make_mocked_request("GET", "/")
    response = web.StreamResponse(headers={"X": "y"})
    response.enable_compression(web.ContentCoding.gzip)
    writer = await response.prepare(request)
    assert writer is request.writer is response._payload_writer
    assert await response.prepare(request) is writer
    line, headers = writer.write_headers.await_args.args
    assert line == "HTTP/1.1 200 OK"
    assert headers["X"] == "y"
    assert headers["Transfer-Encoding"] == "chunked"
    assert "Date" in headers
    assert "Server" in headers
    writer.send_headers.assert_called_once_with()
    writer.enable_chunking.assert_called_once_with()
    writer.enable_compression.assert_called_once_with("gzip", None)
    await response.write(b"one")
    await response.write_eof(b"two")
    await response.write_eof()
    writer.write.assert_called_once_with(b"one")
    writer.write_eof.assert_awaited_once_with(b"two")
    assert request.exchange.complete


async def test_a_mocked_writer_sees_a_whole_response():
    writer = mock.Mock(write_headers=mock.AsyncMock(), write_eof=mock.AsyncMock())
    request = make_mocked_request("GET", "/", version=aiohttp.HttpVersion10, writer=writer)
    response = web.Response(text="hello", status=201)
    await response.prepare(request)
    assert response.headers["Content-Length"] == "5"
    assert writer.write_headers.await_args.args[0] == "HTTP/1.0 201 Created"
    writer.send_headers.assert_not_called()
    await response.write_eof()
    writer.write_eof.assert_awaited_once_with(b"hello")


async def test_a_mocked_writer_without_the_verbs_of_a_head():
    writer = mock.Mock(spec_set=["write", "write_eof"], write_eof=mock.AsyncMock())
    response = web.StreamResponse()
    await response.prepare(make_mocked_request("GET", "/", writer=writer))
    await response.write_eof(b"x")
    writer.write_eof.assert_awaited_once_with(b"x")


async def test_a_mocked_request_bounds_its_form():
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for most, fits in ((2, True), (1, False), (-1, True)):
        request = make_mocked_request("POST", "/", form, payload=b"a=1&b=2", client_max_fields=most)
        if fits:
            assert len(await request.post()) == 2
        else:
            with pytest.raises(web.HTTPRequestEntityTooLarge):
                await request.post()


async def test_response_task_and_output_length():
    response = web.Response(text="hello")
    assert response.task is None
    await response.prepare(make_mocked_request("GET", "/"))
    await response.write_eof()
    assert response.task is asyncio.current_task()
    with pytest.warns(DeprecationWarning, match="body_length"):
        assert response.output_length == 5


def test_the_command_line_is_a_function_as_well():
    with pytest.raises(SystemExit, match="names nothing to serve"):
        web.main(["nothing"])


@pytest.mark.parametrize("transport", ["tcp", "memory"])
async def test_a_test_client_speaks_http_2_when_it_is_told_to(transport):
    app = web.Application()
    app.router.add_get("/", hello)
    async with TestClient(app, transport=transport, http2="prior-knowledge") as client:
        async with client.get("/") as response:
            assert response.version == (2, 0)


class OwnRequest(web.Request):
    """What handlers are given."""


async def what_it_is(request):
    body = await request.text()
    return web.Response(text=f"{type(request).__name__} {request.path} {body}")


async def test_request_factory_makes_the_requests_of_a_server():
    def make(message, payload, protocol, writer, task):
        loop = asyncio.get_running_loop()
        return OwnRequest(message, payload, protocol, writer, task, loop, client_max_size=9)

    runner = web.ServerRunner(web.Server(what_it_is, request_factory=make))
    await runner.setup()
    assert isinstance(runner.server, web.Server)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{site.port}") as session:
            async with session.post("/way", data=b"body") as response:
                assert await response.text() == "OwnRequest /way body"
            async with session.post("/way", data=b"0123456789") as response:
                assert response.status == 413
    finally:
        await runner.cleanup()


@DISCOURAGED
async def test_application_make_request_is_overridden(aiohttp_client):
    class Own(web.Application):
        def _make_request(self, message, payload, protocol, writer, task):
            size = self._client_max_size
            loop = self._loop
            return OwnRequest(message, payload, protocol, writer, task, loop, client_max_size=size)

    seen = []

    @web.middleware
    async def looking(request, handler):
        seen.append((type(request), request.match_info["name"], request.app is app))
        return await handler(request)

    app = Own(middlewares=[looking])
    app.router.add_post("/{name}", what_it_is)
    client = await aiohttp_client(app)
    async with client.post("/you", data=b"body") as response:
        assert await response.text() == "OwnRequest /you body"
    assert seen == [(OwnRequest, "you", True)]


@DISCOURAGED
async def test_a_request_that_was_made_is_what_signals_and_the_access_log_are_given():
    class Own(web.Application):
        def _make_request(self, *parts):
            return OwnRequest(*parts, self._loop)

    seen = []

    async def look(request, response):
        seen.append((type(request), response.status, request.get("user")))

    class Logger(aiohttp.abc.AbstractAccessLogger):
        def log(self, request, response, time):
            seen.append((type(request), response.status, request.get("user")))

    async def handler(request):
        request["user"] = "me"
        if request.path == "/error":
            raise web.HTTPForbidden
        response = web.StreamResponse() if request.path == "/stream" else web.Response()
        if request.path == "/stream":
            await response.prepare(request)
        return response

    app = Own()
    app.router.add_get("/{name}", handler)
    app.on_response_prepare.append(look)
    runner = web.AppRunner(app, access_log_class=Logger)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
            for name, status in (("whole", 200), ("stream", 200), ("error", 403)):
                async with session.get(f"/{name}") as response:
                    assert response.status == status
                assert seen == [(OwnRequest, status, "me")] * 2
                seen.clear()
            async with session.get("/") as response:
                assert response.status == 404
            assert seen == [(OwnRequest, 404, None)] * 2
    finally:
        await runner.cleanup()


async def test_request_is_subclassed_and_made_by_hand():
    mocked = make_mocked_request("GET", "/way?a=1", headers={"A": "b"})
    message = mocked._message
    assert mocked.message is not None
    assert (message.method, message.path, message.headers["A"]) == ("GET", "/way?a=1", "b")
    loop = asyncio.get_running_loop()
    parts = mocked._payload, mocked._protocol, mocked._payload_writer, mocked.task, mocked._loop
    made = OwnRequest(message, *parts, state={"k": "v"}, host="h", scheme="https", remote="r")
    assert isinstance(made, web.BaseRequest)
    assert (made.path, made.query["a"], made["k"]) == ("/way", "1", "v")
    assert (str(made.url), made.remote) == ("https://h/way?a=1", "r")
    assert made.app is mocked.app
    # A message that tells of no request.
    protocol = SimpleNamespace(transport=None)
    other = http_parser.RawRequestMessage(
        "POST", "/x", aiohttp.HttpVersion11, CIMultiDictProxy(CIMultiDict(Host="h")), (),
        True, None, False, False, URL("/x"),
    )  # fmt: skip
    made = OwnRequest(other, mocked.content, protocol, None, None, loop, client_max_fields=3)
    assert (made.method, made.path, made.host, made.keep_alive) == ("POST", "/x", "h", False)
    assert made.content is mocked.content
    assert made.client_max_fields == 3


async def test_router_resolve_is_patched_while_the_server_runs(aiohttp_client, monkeypatch):
    app = web.Application()
    app.router.add_get("/", hello)
    client = await aiohttp_client(app)
    resolve = web.UrlDispatcher.resolve
    seen = []

    async def counting(self, request):
        seen.append(request.path)
        return await resolve(self, request)

    await (await client.get("/")).read()
    monkeypatch.setattr(web.UrlDispatcher, "resolve", counting)
    assert await (await client.get("/")).text() == "hello"
    monkeypatch.undo()
    assert await (await client.get("/")).text() == "hello"
    assert seen == ["/"]


async def test_a_router_of_ones_own_says_that_nobody_answers(aiohttp_client):
    class Closed(web.UrlDispatcher):
        async def resolve(self, request):
            return web_urldispatcher.MatchInfoError(web.HTTPGone(text="gone"))

    app = web.Application(router=Closed())
    client = await aiohttp_client(app)
    async with client.get("/") as response:
        assert (response.status, await response.text()) == (410, "gone")


async def test_who_finds_nobody_has_a_match_that_says_so(aiohttp_client):
    seen = []

    @web.middleware
    async def looking(request, handler):
        seen.append(isinstance(request.match_info, web_urldispatcher.MatchInfoError))
        return await handler(request)

    app = web.Application(middlewares=[looking])
    app.router.add_get("/", hello)
    client = await aiohttp_client(app)
    assert isinstance(app.router, web.UrlDispatcher)
    assert isinstance(aiolos.web.UrlDispatcher(), web.UrlDispatcher)
    for path in ("/", "/nothing"):
        await (await client.get(path)).read()
    assert seen == [False, True]


def test_the_hash_of_proxy_headers():
    key = client_reqrep.ConnectionKey("h", 80, False, True, None, None, ())
    assert key.proxy_headers_hash is None
    proxied = key._replace(proxy=URL("http://p"), proxy_headers=(("A", "b"),))
    assert proxied.proxy_headers_hash == hash((("A", "b"),))


async def test_client_response_start_is_overridden(server):
    started = []

    class Own(aiohttp.ClientResponse):
        async def start(self, connection):
            assert isinstance(connection, aiohttp.connector.Connection)
            await super().start(connection)
            started.append((self.status, self.headers["Content-Length"]))
            if len(started) > 1:
                raise ValueError("no more")
            return self

    async with aiohttp.ClientSession(response_class=Own) as session:
        async with session.get(server.make_url("/")) as response:
            assert await response.text() == "hello"
        with pytest.raises(ValueError, match="no more"):
            await session.get(server.make_url("/"))
        assert session.connector.open_connections <= 1
    assert started == [(200, "5")] * 2


async def test_client_response_start_is_patched(server, monkeypatch):
    started = []
    start = aiohttp.ClientResponse.start

    async def counting(self, connection):
        started.append(self.status)
        return await start(self, connection)

    monkeypatch.setattr(aiohttp.ClientResponse, "start", counting)
    async with aiohttp.ClientSession() as session, session.get(server.make_url("/")) as response:
        assert await response.text() == "hello"
    assert started == [200]


async def test_verbs_give_a_request_of_ones_own_what_the_originals_give():
    with mock.patch("aiohttp.ClientSession._request", new_callable=mock.AsyncMock) as asked:
        async with aiohttp.ClientSession() as session:
            await session.get("http://x/")
            await session.options("http://x/", allow_redirects=False)
            await session.head("http://x/")
            await session.post("http://x/", json={})
            await session.put("http://x/", data=b"a")
            await session.delete("http://x/")
    assert asked.mock_calls == [
        mock.call("GET", "http://x/", allow_redirects=True),
        mock.call("OPTIONS", "http://x/", allow_redirects=False),
        mock.call("HEAD", "http://x/", allow_redirects=False),
        mock.call("POST", "http://x/", data=None, json={}),
        mock.call("PUT", "http://x/", data=b"a"),
        mock.call("DELETE", "http://x/"),
    ]


def test_a_response_by_hand_names_what_is_missing():
    with pytest.raises(TypeError, match=r"__init__\(\) missing .* 'writer'"):
        aiohttp.ClientResponse("GET", URL("http://x/"))
    with pytest.raises(TypeError, match=r"__init__\(\) got an unexpected .* 'nonsense'"):
        aiohttp.ClientResponse("GET", URL("http://x/"), nonsense=1)


async def test_classes_of_requests_that_are_made_on_the_go_are_not_kept():
    def made():
        class Request(aiohttp.ClientRequest):
            pass

        loop = asyncio.get_running_loop()
        Request("GET", URL("http://x/"), loop=loop, session=mock.Mock())
        return weakref.ref(Request)

    first = made()
    for _ in range(200):
        made()
    gc.collect()
    assert first() is None


async def test_behind_101_the_connection_is_the_callers():
    """As aiodocker speaks with a process: by a parser of its own, over the bare transport."""

    async def daemon(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello")
        writer.write(await reader.read(100))
        await writer.drain()
        writer.close()

    class Parser:
        def __init__(self, queue):
            self.queue = queue

        def feed_data(self, data):
            self.queue.feed_data(data, len(data))
            return False, b""

        def feed_eof(self):
            self.queue.feed_eof()

    server = await asyncio.start_server(daemon, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    fields = {"Connection": "Upgrade", "Upgrade": "tcp"}
    async with server, aiohttp.ClientSession() as session:
        response = await session.post(url, headers=fields, read_until_eof=False)
        connection = response.connection
        assert (response.status, connection is response.connection) == (101, True)
        loop = asyncio.get_running_loop()
        queue = aiohttp.streams.FlowControlDataQueue(connection.protocol, 2**16, loop=loop)
        connection.protocol.set_parser(Parser(queue), queue)
        connection.transport.write(b" and more")
        assert await queue.read() + await queue.read() == b"hello and more"
        with pytest.raises(aiohttp.EofStream):
            await queue.read()
        response.close()


async def test_a_response_behind_101_that_is_closed_closes_the_connection():
    closed = asyncio.Event()

    async def daemon(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        await reader.read()
        writer.close()
        closed.set()

    server = await asyncio.start_server(daemon, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    fields = {"Connection": "Upgrade", "Upgrade": "tcp"}
    async with server, aiohttp.ClientSession() as session:
        response = await session.post(url, headers=fields, read_until_eof=False)
        assert await response.read() == b""
        transport = response.connection.transport
        response.close()
        assert (transport.is_closing(), response.connection) == (True, None)
        await asyncio.wait_for(closed.wait(), 5)

        response = await session.post(url, headers=fields, read_until_eof=False)
        response.close()
        assert response.connection is None


async def test_the_connection_of_a_websocket_is_its_own():
    async def handler(request):
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str((await socket.receive()).data)
        return socket

    app = aiohttp.web.Application()
    app.router.add_get("/", handler)
    async with aiohttp.test_utils.TestServer(app) as server, aiohttp.ClientSession() as session:
        async with session.ws_connect(server.make_url("/")) as socket:
            assert socket._response.connection is None
            await socket.send_str("a")
            assert (await socket.receive()).data == "a"


async def test_a_connection_is_not_used_again_where_its_protocol_is_told():
    go_on = asyncio.Event()

    async def slow(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"a")
        await go_on.wait()
        return response

    app = web.Application()
    app.router.add_get("/", slow)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        for is_told in (False, True):
            go_on.clear()
            async with session.get(server.make_url("/")) as response:
                protocol = response.connection.protocol
                assert not protocol.should_close
                await protocol._drain_helper()
                with pytest.raises(RuntimeError, match="101"):
                    protocol.set_parser(mock.Mock(), mock.Mock())
                if is_told:
                    protocol.force_close()
                    assert response.connection.protocol.should_close
                go_on.set()
                assert await response.read() == b"a"
            # The transport tells its end later.
            while is_told and session._connector.open_connections:
                await asyncio.sleep(0)
            assert session._connector.open_connections == (not is_told)


async def test_classes_of_requests_and_responses_may_go(server):
    known = []
    for _ in range(3):
        kind = type("Own", (aiohttp.ClientRequest,), {})
        other = type("Own", (aiohttp.ClientResponse,), {})
        async with aiohttp.ClientSession(request_class=kind, response_class=other) as session:
            async with session.get(server.make_url("/")) as response:
                await response.read()
        known += [weakref.ref(kind), weakref.ref(other)]
        del kind, other, session, response
    # What waits for the connector to close knows the task's context for a second.
    for timer in asyncio.get_running_loop()._scheduled:
        timer.cancel()
    asyncio.get_running_loop()._scheduled.clear()
    gc.collect()
    assert [each() for each in known] == [None] * 6
