"""The testing tools under aiohttp's names (rows TST-01 to TST-08)."""

import unittest

import aiohttp.test_utils
import pytest
from aiohttp import web
from aiohttp.test_utils import (
    AioHTTPTestCase,
    TestClient,
    TestServer,
    aiohttp_test_client,
    unittest_run_loop,
)

pytest_plugins = ["pytester"]


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


@pytest.fixture
def app():
    app = web.Application()
    app.router.add_get("/", hello)
    return app


async def text_of(client, url="/"):
    async with client.get(url) as response:
        assert response.status == 200
        return await response.text()


async def test_tst_01_a_client_of_a_server(app):
    async with TestClient(TestServer(app)) as client, client.get("/") as response:
        assert (response.status, await response.text()) == (200, "hello")


async def test_tst_02_a_client_of_the_application_itself(app):
    async def make():
        return app

    async def asgi(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})

    for served in (app, make(), asgi):
        async with aiohttp.test_utils.TestClient(served) as client:
            assert await text_of(client) == "hello"


class Case(AioHTTPTestCase):
    """Run by pytest as it stands here, and by unittest below."""

    async def get_application(self):
        app = web.Application()
        app.router.add_get("/", lambda request: hello(request))
        return app

    with pytest.warns(DeprecationWarning, match="unittest_run_loop"):

        @unittest_run_loop
        async def test_tst_03_of_the_older_form(self):
            async with self.client.get("/") as response:
                assert await response.text() == "hello"

    async def test_tst_03_of_the_newer_form(self):
        async with self.client.request("GET", "/") as response:
            assert response.status == 200


def test_tst_03_by_unittest():
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert result.testsRun == 2
    assert result.wasSuccessful(), result.errors + result.failures


async def test_tst_04_the_client_of_an_application(aiohttp_client, app):
    client = await aiohttp_client(app)
    assert isinstance(client, TestClient)
    assert await text_of(client) == "hello"


async def test_tst_05_a_server_and_a_raw_one(aiohttp_server, aiohttp_raw_server, app):
    server = await aiohttp_server(app)
    assert isinstance(server, TestServer)
    assert server.make_url("/").path == "/"
    raw = await aiohttp_raw_server(hello)
    async with TestClient(raw) as client:
        assert await text_of(client, "/anything") == "hello"


async def test_tst_06_leaving_the_block_closes(aiohttp_client, app):
    async with aiohttp_client(app) as client:
        assert await text_of(client) == "hello"
    with pytest.raises(RuntimeError):
        await client.get("/")


@pytest.fixture
async def user_endpoint(aiohttp_client):
    app = web.Application()

    @app.router.post("/users/{user_id:int}")
    async def handler(request, match_info):
        return web.json_response({"user": match_info["user_id"] + 1})

    async with aiohttp_client(app) as client:
        yield client


async def test_tst_07_the_fixture_of_an_endpoint(user_endpoint):
    async with user_endpoint.post("/users/41") as response:
        assert await response.json() == {"user": 42}


class TestShadowing:
    @pytest.fixture
    async def aiohttp_server(self, app):
        server = await aiohttp_test_client(app)
        yield server
        await server.close()

    async def test_tst_08_a_fixture_of_ones_own_named_as_ours(self, aiohttp_server):
        assert isinstance(aiohttp_server, TestClient)
        assert await text_of(aiohttp_server) == "hello"


def test_a_port_that_nobody_uses(aiohttp_unused_port):
    assert 0 < aiohttp_unused_port() < 65536


async def test_the_fixtures_have_types_to_name(aiohttp_client, aiohttp_server, aiohttp_raw_server):
    from aiohttp import pytest_plugin

    assert isinstance(aiohttp_client, pytest_plugin.AiohttpClient)
    assert isinstance(aiohttp_server, pytest_plugin.AiohttpServer)
    assert isinstance(aiohttp_raw_server, pytest_plugin.AiohttpRawServer)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = pytest_plugin.nothing


async def test_an_option_that_no_session_has_is_told_at_once(aiohttp_client, app):
    with pytest.raises(TypeError, match="param"):
        await aiohttp_client(app, param=1)


OPENED = """
import pytest
from aiohttp import web

opened = []

async def test_that_opens(aiohttp_client, aiohttp_server):
    opened.append(await aiohttp_client(web.Application()))
    opened.append(await aiohttp_server(web.Application()))
    async with aiohttp_client(web.Application()) as client:
        pass
    assert client.closed and client.server.closed
    assert not any(each.closed for each in opened)

def test_that_looks():
    client, server = opened
    assert client.closed and client.server.closed and server.closed
"""


def test_tst_06_what_is_not_left_by_a_block_is_closed_at_the_end(run):
    run(OPENED).assert_outcomes(passed=2)


LOOPS = """
import asyncio

kinds = []

async def test_async(aiohttp_unused_port):
    kinds.append(type(asyncio.get_running_loop()).__module__.partition(".")[0])

def test_plain(loop):
    kinds.append(type(loop).__module__.partition(".")[0])

def test_of_no_loop():
    print(kinds)
"""


@pytest.fixture
def run(pytester, monkeypatch):
    # Only what is named: whatever else is installed here stays out.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    ours = ("-p", "aiolos_testing.pytest_plugin", "-p", "aiohttp.pytest_plugin")
    # Its assertions cannot be rewritten: it has been imported by those who run this.
    quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning", "-q", "-s")

    def run(source, *options):
        pytester.makepyfile(test_inner=source)
        return pytester.runpytest_inprocess(*ours, *quiet, *options)

    return run


@pytest.mark.parametrize(
    ("option", "kinds"),
    [
        ("pyloop", "['asyncio', 'asyncio']"),
        ("uvloop", "['uvloop', 'uvloop']"),
        ("pyloop,uvloop", "['asyncio', 'uvloop', 'asyncio', 'uvloop']"),
        ("all", "['asyncio', 'uvloop', 'asyncio', 'uvloop']"),
        ("nothing?,pyloop", "['asyncio', 'asyncio']"),
    ],
)
def test_the_loops_that_are_asked_for(run, option, kinds):
    if "uvloop" in kinds:
        pytest.importorskip("uvloop")
    result = run(LOOPS, f"--aiohttp-loop={option}")
    result.assert_outcomes(passed=kinds.count(",") + 2)
    result.stdout.fnmatch_lines([f"*{kinds.replace('[', '[[]')}*"])


def test_a_loop_that_is_not_there(run):
    result = run(LOOPS, "--aiohttp-loop=fastloop")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*there is no loop 'fastloop' here, but pyloop*"])


@pytest.mark.parametrize(
    ("options", "told"), [((), False), (("--aiohttp-enable-loop-debug",), True)]
)
def test_the_debug_mode(run, options, told):
    result = run(
        f"""
        import asyncio, pytest

        @pytest.fixture
        async def of_a_fixture():
            return asyncio.get_running_loop().get_debug()

        async def test_it(of_a_fixture, loop_debug, fast):
            assert asyncio.get_running_loop().get_debug() == of_a_fixture == loop_debug == {told}
            assert not fast
        """,
        *options,
    )
    result.assert_outcomes(passed=1)


@pytest.mark.filterwarnings("default:use the fixture:DeprecationWarning")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("unused_port", "aiohttp_unused_port"),
        ("test_server", "aiohttp_server"),
        ("raw_test_server", "aiohttp_raw_server"),
        ("test_client", "aiohttp_client"),
    ],
)
def test_the_older_names_of_fixtures(run, old, new):
    result = run(f"async def test_it({old}, {new}):\n    assert type({old}) is type({new})\n")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines([f"*use the fixture {new} instead of {old}*"])
