"""Private doors that libraries of the ecosystem were found to go through."""

import asyncio
import importlib
import warnings

import aiohttp
import pytest
from aiohttp import (
    client,
    client_reqrep,
    helpers,
    http_exceptions,
    http_parser,
    web,
    web_protocol,
)
from aiohttp.client_proto import ResponseHandler
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict


@pytest.fixture
async def server():
    async def echo(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers))

    app = web.Application()
    app.router.add_get("/", echo)
    async with TestServer(app) as server:
        yield server


async def test_session_prepare_headers_adds_what_is_given_to_the_defaults():
    async with aiohttp.ClientSession(headers={"A": "1", "B": "2"}) as session:
        assert session._prepare_headers(None) == CIMultiDict({"A": "1", "B": "2"})
        several = session._prepare_headers([("b", "3"), ("b", "4")])
        assert several.getall("B") == ["3", "4"]
        assert several["A"] == "1"


async def test_timeout_of_a_request_may_be_seconds(server):
    async with aiohttp.ClientSession() as session:
        assert (await session.get(server.make_url("/"), timeout=60.0)).status == 200
        with pytest.raises(TypeError, match="ClientTimeout"):
            await session.get(server.make_url("/"), timeout="60")


async def test_connector_conns_are_the_idle_ones(server):
    async with aiohttp.ClientSession() as session:
        connector = session.connector
        assert connector._conns == {}
        await (await session.get(server.make_url("/"))).read()
        ((key, idle),) = connector._conns.items()
        assert (key.host, key.port) == ("127.0.0.1", server.port)
        ((handler, since),) = idle
        assert handler.transport.get_extra_info("peername") == ("127.0.0.1", server.port)
        assert since <= asyncio.get_running_loop().time()


async def test_connector_connect_is_replaced_on_the_instance(server):
    opened = []

    async def connect(*args, **kwargs):
        connection = await type(connector).connect(connector, *args, **kwargs)
        connection.transport.set_write_buffer_limits(16 * 1024)
        assert connection.protocol.transport is connection.transport
        opened.append(connection)
        return connection

    connector = aiohttp.TCPConnector()
    connector.connect = connect
    async with aiohttp.ClientSession(connector=connector) as session:
        assert (await session.get(server.make_url("/"))).status == 200
    assert len(opened) == 1


class Holding(ResponseHandler):
    """As aiohttp-socks' own: it keeps the writer, which closes the transport when it is freed."""

    def __init__(self, loop, writer):
        super().__init__(loop)
        self._writer = writer


async def test_wrap_create_connection_gives_a_response_handler_of_its_own(server):
    class Connector(aiohttp.TCPConnector):
        opened = 0

        async def _wrap_create_connection(self, *args, addr_infos, req, timeout, **kwargs):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            type(self).opened += 1
            handler = Holding(self._loop, writer)
            writer.transport.set_protocol(handler)
            handler.connection_made(writer.transport)
            return writer.transport, handler

    async with aiohttp.ClientSession(connector=Connector()) as session:
        for _ in range(2):
            async with session.get("http://127.0.0.1:1/") as response:
                assert (await response.json())["Host"] == "127.0.0.1:1"
    assert Connector.opened == 1


async def test_response_released_tells_whether_somebody_has_released_it(server):
    async with aiohttp.ClientSession() as session:
        async with session.get(server.make_url("/")) as response:
            assert not response._released
        assert response._released


async def test_cookies_of_a_response_by_hand_are_empty_at_first():
    response = aiohttp.ClientResponse(
        "GET",
        server_url := aiohttp.client.URL("http://x/"),
        writer=None,
        continue100=None,
        timer=helpers.TimerNoop(),
        request_info=aiohttp.RequestInfo(server_url, "GET", CIMultiDict(), server_url),
        traces=[],
        loop=asyncio.get_running_loop(),
        session=None,
    )
    assert not response.cookies
    response.cookies.load("k=v")
    assert response.cookies["k"].value == "v"


def test_content_disposition_is_made_by_hand():
    made = client_reqrep.ContentDisposition("attachment", {"filename": "a"}, "a.txt")
    assert (made.type, made.filename) == ("attachment", "a.txt")
    assert isinstance(made.parameters, client_reqrep.MappingProxyType)
    assert client_reqrep.ContentDisposition("inline", {}, None).filename is None


def test_headers_mixin_reads_the_fields_of_its_subclass():
    class Kept(helpers.HeadersMixin):
        def __init__(self, **fields):
            self._headers = CIMultiDict(fields)

    kept = Kept(**{"Content-Type": "text/html; charset=latin-1", "Content-Length": "5"})
    assert (kept.content_type, kept.charset, kept.content_length) == ("text/html", "latin-1", 5)
    bare = Kept()
    assert (bare.content_type, bare.charset, bare.content_length) == (
        "application/octet-stream",
        None,
        None,
    )


async def test_response_req_is_what_it_was_prepared_with(aiohttp_client):
    seen = []

    class Stream(web.StreamResponse):
        async def prepare(self, request):
            seen.append(self._req)
            return await super().prepare(request)

    async def handler(request: web.Request) -> web.StreamResponse:
        response = Stream()
        await response.prepare(request)
        seen.append(response._req is request)
        seen.append(request.protocol.transport is request.transport is not None)
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_get("/", handler)
    client = await aiohttp_client(app)
    assert (await client.get("/")).status == 200
    assert seen[:3] == [None, True, True]


def test_fields_without_a_start_line_are_parsed():
    parser = http_parser.HeadersParser()
    lines = [b"HOST: 239.255.255.250:1900", b"EXT:", b"usn:  uuid:1 ", b"", b"behind"]
    headers, raw = parser.parse_headers(lines)
    assert headers == CIMultiDict({"Host": "239.255.255.250:1900", "EXT": "", "usn": "uuid:1"})
    assert raw == (
        (b"HOST", b"239.255.255.250:1900"),
        (b"EXT", b""),
        (b"usn", b"uuid:1"),
    )
    assert parser.parse_headers([]) == (CIMultiDict(), ())
    assert http_parser.HeadersParser(max_field_size=6).parse_headers([b"a: bcd"])
    for bad in ([b"no colon"], [b"a : b"], [b"a: b\rc"]):
        with pytest.raises(http_exceptions.BadHttpMessage):
            parser.parse_headers(bad)
    with pytest.raises(http_exceptions.BadHttpMessage, match="field"):
        http_parser.HeadersParser(max_field_size=5).parse_headers([b"a: bcd"])
    with pytest.raises(http_exceptions.BadHttpMessage, match="fields"):
        http_parser.HeadersParser(max_headers=1).parse_headers([b"a: 1", b"b: 2"])


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("abc", "StreamResponse"),
        ("client", "_RequestOptions"),
        ("resolver", "ResolveResult"),
        ("web_response", "CIMultiDict"),
    ],
)
def test_a_name_that_libraries_import_from_another_module(module, name):
    assert getattr(importlib.import_module(f"aiohttp.{module}"), name).__name__


def test_the_default_timeout_can_be_taken_apart():
    assert (client.DEFAULT_TIMEOUT.total, client.DEFAULT_TIMEOUT.sock_connect) == (300, 30)


async def test_websocket_conn_holds_no_queue(aiohttp_client):
    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", echo)
    client = await aiohttp_client(app)
    async with client.ws_connect("/") as socket:
        assert socket._conn is None
        await socket.send_str("hello")
        assert await socket.receive_str() == "hello"


def test_the_type_of_a_low_level_handler_can_be_named():
    assert web_protocol._RequestHandler.__args__[0] is web.BaseRequest


async def test_session_request_that_is_dropped_warns_as_a_coroutine():
    async with aiohttp.ClientSession() as session:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            session.get("http://127.0.0.1:1/")
    assert [each.category for each in told] == [RuntimeWarning]


async def test_newrelic_puts_its_wrapper_over_the_handler_of_a_route(monkeypatch):
    init = web.ResourceRoute.__init__

    def wrapping(self, *args, **options):
        init(self, *args, **options)
        handler = self._handler

        async def wrapper(request):
            response = await handler(request)
            response.headers["X-Wrapped"] = request.match_info.handler.__name__
            return response

        self._handler = wrapper
        assert self.handler is self._handler is wrapper

    monkeypatch.setattr(web.ResourceRoute, "__init__", wrapping)

    async def hello(request):
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/{name}", hello)
    async with TestClient(app) as client:
        for path in ("/", "/x"):
            async with client.get(path) as response:
                assert await response.text() == "hello"
                assert response.headers["X-Wrapped"] == "wrapper"


async def test_ddtrace_puts_a_proxy_before_the_connector():
    asked = []

    class Proxy:
        def __init__(self, wrapped):
            self.__wrapped__ = wrapped

        def __getattr__(self, name):
            return getattr(self.__wrapped__, name)

        async def connect(self, req, *args, **options):
            asked.append((type(req), str(req.url.path)))
            return await self.__wrapped__.connect(req, *args, **options)

    async def hello(request):
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/{name}", hello)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        session._connector = Proxy(session._connector)
        for name in "abc":
            async with session.get(server.make_url(f"/{name}")) as response:
                assert await response.text() == "hello"
    assert asked == [(aiohttp.ClientRequest, f"/{name}") for name in "abc"]
