"""What somebody's own connect() and send() raise and wait for, as the original takes it."""

import asyncio
from unittest import mock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


@pytest.fixture
async def url():
    async def hello(request):
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_route("*", "/", hello)
    async with TestServer(app) as server:
        yield server.make_url("/")


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(111, "refused"), aiohttp.ClientOSError),
        (ConnectionResetError(), aiohttp.ClientOSError),
        (TimeoutError(), aiohttp.ConnectionTimeoutError),
        (aiohttp.ServerDisconnectedError(), aiohttp.ServerDisconnectedError),
        (ValueError(), ValueError),
    ],
)
async def test_what_a_connect_raises_that_stands_for_ours(url, error, raised):
    with mock.patch.object(aiohttp.TCPConnector, "connect", side_effect=error) as connect:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(raised) as caught:
                await session.get(url)
    assert type(caught.value) is raised
    if isinstance(error, OSError):
        assert caught.value is error or caught.value.__cause__ is error
    connect.assert_called_with(mock.ANY, traces=mock.ANY, timeout=mock.ANY)


class Failing(aiohttp.ClientRequest):
    """Fails at first, before or behind the original's send()."""

    error: BaseException
    calls = 0
    is_behind = False

    async def send(self, connection):
        kind = type(self)
        kind.calls += 1
        if kind.calls == 1:
            if self.is_behind:
                await super().send(connection)
            raise self.error
        return await super().send(connection)


@pytest.mark.parametrize(
    ("method", "error", "raised"),
    [
        ("GET", OSError(111, "refused"), aiohttp.ClientOSError),
        ("GET", TimeoutError(), TimeoutError),
        ("GET", aiohttp.ServerDisconnectedError(), None),
        ("GET", aiohttp.ClientOSError(), None),
        ("POST", aiohttp.ServerDisconnectedError(), aiohttp.ServerDisconnectedError),
        ("GET", aiohttp.ClientConnectionError(), aiohttp.ClientConnectionError),
    ],
)
async def test_what_a_send_raises_that_stands_for_ours(url, method, error, raised):
    kind = type("Own", (Failing,), {"error": error})
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(request_class=kind, connector=connector) as session:
        if raised is None:
            async with session.request(method, url) as response:
                assert await response.text() == "hello"
            assert kind.calls == 2
        else:
            with pytest.raises(raised) as caught:
                await session.request(method, url)
            assert type(caught.value) is raised
            assert kind.calls == 1
        # There is room.
        async with session.get(url) as response:
            assert response.status == 200


async def test_a_request_that_was_asked_is_not_sent_again(url):
    own = {"error": aiohttp.ServerDisconnectedError(), "is_behind": True}
    kind = type("Own", (Failing,), own)
    async with aiohttp.ClientSession(request_class=kind) as session:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.get(url)
    assert kind.calls == 1


async def test_the_total_time_bounds_a_send_and_a_start(url):
    forever = asyncio.Event()

    class Sending(aiohttp.ClientRequest):
        async def send(self, connection):
            await forever.wait()

    class Starting(aiohttp.ClientResponse):
        async def start(self, connection):
            await super().start(connection)
            await forever.wait()

    for options in ({"request_class": Sending}, {"response_class": Starting}):
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(connector=connector, **options) as session:
            with pytest.raises(TimeoutError, match="total=0.05"):
                await session.get(url, timeout=aiohttp.ClientTimeout(total=0.05))


@pytest.mark.parametrize("fails", [True, False])
async def test_a_connect_that_fails_behind_ours_leaves_its_place_to_others(url, fails):
    calls = []

    class Own(aiohttp.TCPConnector):
        async def connect(self, req, traces, timeout):
            connection = await super().connect(req, traces, timeout)
            calls.append(req)
            if len(calls) == 1:
                if fails:
                    raise aiohttp.ClientConnectionError("mine")
                await asyncio.Event().wait()
            return connection

    async with aiohttp.ClientSession(connector=Own(limit=1)) as session:
        with pytest.raises((aiohttp.ClientConnectionError, TimeoutError)) as caught:
            await session.get(url, timeout=aiohttp.ClientTimeout(total=None if fails else 0.05))
        # As long as its traceback is kept, so are the frames that have the connection.
        del caught
        async with asyncio.timeout(10), session.get(url) as response:
            assert await response.text() == "hello"


@pytest.mark.parametrize("named", [True, False])
async def test_doors_are_called_by_the_names_that_the_original_uses(url, named):
    async def keywords(self, req, *, traces, timeout):
        return await connect(self, req, traces, timeout)

    async def any_keywords(self, req, **options):
        assert sorted(options) == ["timeout", "traces"]
        return await connect(self, req, **options)

    async def resolve(self, host, port, **options):
        assert list(options) == ["traces"]
        return await found(self, host, port, **options)

    connect, found = aiohttp.TCPConnector.connect, aiohttp.TCPConnector._resolve_host
    with (
        mock.patch.object(aiohttp.TCPConnector, "connect", keywords if named else any_keywords),
        mock.patch.object(aiohttp.TCPConnector, "_resolve_host", resolve),
    ):
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.status == 200
