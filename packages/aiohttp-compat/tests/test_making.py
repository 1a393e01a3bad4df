"""A session's responses are made as the original calls the class that is somebody's own; those that
are made by hand have the body that they are given."""

import asyncio
import gc
from http.cookies import SimpleCookie
from unittest import mock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import TimerNoop
from aiohttp.streams import EmptyStreamReader, StreamReader
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


async def hello(request):
    return web.Response(text="hello", headers={"X-Path": request.path_qs})


async def elsewhere(request):
    raise web.HTTPFound("/hello")


@pytest.fixture
async def url():
    app = web.Application()
    app.router.add_get("/hello", hello)
    app.router.add_post("/hello", hello)
    app.router.add_get("/elsewhere", elsewhere)
    async with TestServer(app) as server:
        yield server.make_url("/hello")


class Spelt(aiohttp.ClientResponse):
    def __init__(
        self,
        method,
        url,
        *,
        writer,
        continue100,
        timer,
        request_info,
        traces,
        loop,
        session,
        stream_writer,
    ):
        super().__init__(
            method,
            url,
            writer=writer,
            continue100=continue100,
            timer=timer,
            request_info=request_info,
            traces=traces,
            loop=loop,
            session=session,
            stream_writer=stream_writer,
        )
        self.told = (method, url, request_info, loop, session)


class Short(aiohttp.ClientResponse):
    def __init__(self, method, url, **kwargs):
        super().__init__(method, url, **kwargs)
        self.told = (method, url, kwargs["request_info"], kwargs["loop"], kwargs["session"])


@pytest.mark.parametrize("kind", [Spelt, Short])
async def test_its_constructor_is_that_of_3_14(kind, url):
    async with aiohttp.ClientSession(response_class=kind) as session:
        for asked in (url.with_query(a="1"), url.with_path("/elsewhere")):
            async with session.get(asked) as response:
                method, told_url, info, loop, told_session = response.told
                assert (method, told_url) == ("GET", response.url)
                assert (loop, told_session) == (asyncio.get_running_loop(), session)
                assert (info.method, info.url) == ("GET", response.url)
                assert "User-Agent" in info.headers
                assert type(response) is kind
                assert await response.text() == "hello"
                assert response.headers["X-Path"] == response.url.path_qs
                assert (response.status, response.reason) == (200, "OK")
        (first,) = response.history
        assert first.told[1] == url.with_path("/elsewhere")


async def test_the_task_that_sends_the_body_is_told(url):
    told = []

    class Own(aiohttp.ClientResponse):
        def __init__(self, method, url, *, writer, **kwargs):
            told.append((method, writer))
            super().__init__(method, url, writer=writer, **kwargs)

    async def body():
        yield b"abc"

    async with aiohttp.ClientSession(response_class=Own) as session:
        async with session.post(url, data=body()) as response:
            assert await response.text() == "hello"
    ((method, writer),) = told
    assert method == "POST"
    await writer


async def test_a_patch_counts_for_a_session_that_runs(url, monkeypatch):
    init = aiohttp.ClientResponse.__init__
    told = []

    def counting(self, method, url, **kwargs):
        told.append((method, url, sorted(kwargs)))
        init(self, method, url, **kwargs)

    async with aiohttp.ClientSession() as session:
        await (await session.get(url)).read()
        with monkeypatch.context() as patch:
            patch.setattr(aiohttp.ClientResponse, "__init__", counting)
            assert await (await session.get(url)).text() == "hello"
        await (await session.get(url)).read()
    assert [each[:2] for each in told] == [("GET", url)]
    assert {"writer", "continue100", "timer", "request_info", "session"} < set(told[0][2])


async def test_what_it_hands_on_counts(url):
    class Own(aiohttp.ClientResponse):
        def __init__(self, method, url, *, request_info, **kwargs):
            info = request_info._replace(headers=CIMultiDictProxy(CIMultiDict(Own="1")))
            super().__init__("OWN", URL("http://own/"), request_info=info, **kwargs)

    async with aiohttp.ClientSession(response_class=Own) as session:
        async with session.get(url) as response:
            assert (response.method, response.url) == ("OWN", URL("http://own/"))
            assert response.request_info.headers == {"Own": "1"}
            assert await response.text() == "hello"


async def test_one_that_raises_leaves_nothing_behind(url, recwarn):
    class Own(aiohttp.ClientResponse):
        def __init__(self, *args, **kwargs):
            raise ValueError("no response of mine")

    async with aiohttp.ClientSession(response_class=Own) as session:
        with pytest.raises(ValueError, match="no response of mine"):
            await session.get(url)
        gc.collect()
    assert [str(each.message) for each in recwarn] == []


async def test_one_that_does_not_ask_its_base_has_a_response_all_the_same(url):
    class Own(aiohttp.ClientResponse):
        def __init__(self, method, url, **kwargs):
            self.mine = True

    async with aiohttp.ClientSession(response_class=Own) as session:
        async with session.get(url) as response:
            assert response.mine
            assert await response.text() == "hello"


# By hand.


def by_hand(content, kind=aiohttp.ClientResponse):
    response = kind(
        "GET",
        URL("http://host/"),
        writer=None,
        continue100=None,
        timer=TimerNoop(),
        request_info=mock.Mock(),
        traces=[],
        loop=mock.Mock(),
        session=mock.Mock(),
        stream_writer=mock.Mock(),
    )
    response.status = 200
    response._headers = CIMultiDictProxy(CIMultiDict({"Content-Type": "application/json"}))
    response.content = content
    return response


class Replayed(EmptyStreamReader):
    def __init__(self, body):
        super().__init__()
        self.body = body

    async def read(self, n=-1):
        return self.body


class Plain:
    def __init__(self, body):
        self.body = body

    async def read(self, n=-1):
        return self.body


def mocked(body):
    return mock.Mock(read=mock.AsyncMock(return_value=body))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("make", [Replayed, Plain, mocked])
async def test_a_body_of_ones_own_is_read_by_its_own_read(make):
    async with by_hand(make(b'{"a":1}')) as response:
        assert await response.read() == b'{"a":1}'
        assert await response.read() == b'{"a":1}'
    assert await by_hand(make(b'{"a":1}')).json() == {"a": 1}
    response = by_hand(make(b'{"a":1}'))
    assert await response.text() == '{"a":1}'
    assert response.closed
    response.release()
    del response
    gc.collect()


async def test_an_error_of_its_read_is_raised():
    response = by_hand(mock.Mock(read=mock.AsyncMock(side_effect=ValueError("no body"))))
    connection = response._connection = mock.Mock()
    with pytest.raises(ValueError, match="no body"):
        await response.read()
    connection.close.assert_called_once_with()
    assert response._connection is None
    assert response._closed


@pytest.mark.parametrize("verb", ["release", "close"])
async def test_a_connection_of_ones_own_is_ended(verb):
    response = by_hand(Plain(b""))
    connection = response._connection = mock.Mock()
    assert response.connection is connection
    getattr(response, verb)()
    assert [each[0] for each in connection.method_calls] == [verb]
    assert response.connection is None


async def test_it_is_started_by_what_a_handler_has_read():
    handler = ResponseHandler(asyncio.get_running_loop())
    handler.set_response_params()
    handler.data_received(
        b"HTTP/1.1 103 Early Hints\r\n\r\n"
        b"HTTP/1.1 201 Made\r\nContent-Length: 3\r\nSet-Cookie: a=b\r\nSet-Cookie: =\r\n\r\nab"
    )
    connection = mock.Mock(protocol=handler)
    response = by_hand(None)
    assert await response.start(connection) is response
    assert (response.status, response.reason, response.version) == (201, "Made", (1, 1))
    assert response.headers["Content-Length"] == "3"
    assert response._raw_cookie_headers == ("a=b", "=")
    assert response.cookies["a"].value == "b"
    assert response.connection is connection
    assert not response.closed
    connection.release.assert_not_called()
    handler.data_received(b"c")
    assert await response.read() == b"abc"
    connection.release.assert_called_once_with()
    assert response.closed
    assert response.connection is None


async def test_its_cookies_are_those_of_its_fields():
    response = by_hand(Plain(b""))
    assert response.cookies == {}
    response._raw_cookie_headers = ("a=b; path=/",)
    response._cookies = SimpleCookie("x=y")
    assert response.cookies["x"].value == "y"
    del response._cookies
    assert response.cookies["a"].value == "b"
    response.cookies = SimpleCookie("c=d")
    assert response._raw_cookie_headers == ("c=d",)


async def test_an_empty_body_and_one_that_is_fed_are_read_as_ever():
    assert await by_hand(EmptyStreamReader()).read() == b""
    stream = StreamReader()
    stream.feed_data(b"fed")
    stream.feed_eof()
    assert await by_hand(stream).read() == b"fed"


async def test_a_charset_that_is_none_is_asked_of_the_session():
    response = by_hand(Plain("é".encode("cp1252")))
    response._headers = {"Content-Type": "text/plain; charset=none-such"}
    response._session._resolve_charset = lambda response, body: "cp1252"
    assert await response.text() == "é"


async def test_a_body_that_replaces_a_sessions_own(url):
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            response = await session.get(url)
            response.content = Plain(b"replaced")
            assert await response.text() == "replaced"
            response.release()
            assert response.closed
        assert await (await session.get(url)).text() == "hello"


async def test_a_constructor_of_four_parameters_is_ones_own():
    class Own(aiohttp.ClientResponse):
        def __init__(self, method, url, body, status):
            self.told = (method, url, body, status)

    assert Own("GET", URL("http://host/"), b"body", 200).told[2:] == (b"body", 200)


def handled():
    """A handler by hand, its transport, and a response that waits for what it reads."""
    handler = ResponseHandler(asyncio.get_running_loop())
    handler.connection_made(mock.Mock())
    handler.set_response_params()
    connection = mock.Mock(protocol=handler)
    response = by_hand(None)
    return handler, connection, response


async def test_what_is_no_response_fails_the_start_and_nothing_else():
    handler, connection, response = handled()
    starting = asyncio.ensure_future(response.start(connection))
    await asyncio.sleep(0)
    handler.data_received(b"HTXP/1.1 2x0 OK\r\n\r\n")
    with pytest.raises(aiohttp.ClientResponseError) as caught:
        await starting
    assert caught.value.status == 400
    assert handler.should_close
    handler.transport.close.assert_called_once_with()
    handler.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(aiohttp.ClientResponseError):
        await response.start(connection)


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (None, aiohttp.ServerDisconnectedError),
        (ConnectionResetError(104, "reset"), aiohttp.ClientOSError),
        (ValueError("of a protocol"), ValueError),
    ],
)
async def test_a_connection_that_is_lost_before_the_head_fails_the_start(exc, kind):
    handler, connection, response = handled()
    handler.connection_lost(exc)
    with pytest.raises(kind):
        await response.start(connection)
    assert handler.should_close


CODED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\nno gzip, that"
# Its framing is in order: what follows on its connection is safe.
WHOLE = CODED % 13


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n"),
        (CODED % 20, None),
        (WHOLE, b""),
    ],
)
async def test_a_body_that_breaks_off_is_a_payload_error_and_closes_the_connection(head, rest):
    handler, connection, response = handled()
    handler.data_received(head)
    await response.start(connection)
    if rest is None:
        handler.connection_lost(None)
    else:
        handler.data_received(rest)
    with pytest.raises(aiohttp.ClientPayloadError):
        await response.read()
    ended = "release" if head is WHOLE else "close"
    assert [each[0] for each in connection.mock_calls] == [ended]
    assert response.closed


async def test_behind_101_the_connection_is_the_callers():
    handler, connection, response = handled()
    handler.data_received(b"HTTP/1.1 101 Sw\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nrest")
    await response.start(connection)
    assert response.connection is connection
    assert not response.closed
    assert connection.mock_calls == []
    response.release()
    assert connection.mock_calls == [mock.call.release()]
    assert response.connection is None
