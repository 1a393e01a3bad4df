"""The plugin, in a pytest that runs inside: alone, with pytest-asyncio, with anyio's plugin."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from aiolos_protocol import siblings

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]

PLUGIN = "aiolos_testing.pytest_plugin"
ASYNCIO = ("-p", "asyncio")
ANYIO = ("-p", "anyio")

SETTINGS = """
[pytest]
filterwarnings = error
markers =
    asyncio: as pytest-asyncio's
    anyio: as anyio's
asyncio_default_fixture_loop_scope = function
"""

CLIENT = """
from aiolos_protocol import siblings

class Response:
    def release(self):
        events.append("released")

class Pending:
    def __await__(self):
        return Response()
        yield
    async def __aenter__(self):
        return Response()
    async def __aexit__(self, *exc):
        events.append("left")

class Session:
    def request(self, method, url, **options):
        return Pending()
    async def close(self):
        events.append(asyncio.get_running_loop() is loops.get("test"))

class Component:
    @staticmethod
    def loopback_session(**options):
        return Session()

siblings.provide("client", Component)
events = []
loops = {}
"""

HEAD = """
import asyncio
import pytest
from tiny import Tiny
"""


@pytest.fixture
def run(pytester: pytest.Pytester, tiny_source: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """run(source, *plugins): the result of a pytest of its own, in this process."""
    # Only what is named: whatever else is installed here stays out.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    # What a test there provides is gone with it.
    monkeypatch.setattr(siblings, "_bound", {})

    def run(source: str, *options: str, settings: str = "") -> pytest.RunResult:
        if not any("asyncio" in option for option in options):
            settings = SETTINGS.partition("asyncio_default")[0] + settings
        else:
            settings = SETTINGS + settings
        pytester.makefile(".ini", pytest=settings)
        pytester.makepyfile(tiny=tiny_source, test_it=HEAD + source)
        # Its assertions cannot be rewritten: it has been imported by those who run this.
        quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        return pytester.runpytest_inprocess("-p", PLUGIN, *quiet, *options)

    return run


SERVER = """
async def test_server(aiolos_server):
    app = Tiny()
    server = await aiolos_server(app)
    assert server.make_url("/").port == server.port
    async with aiolos_server(Tiny()) as other:
        assert other.port != server.port
        url = other.make_url("/")
    assert other.closed
    assert not server.closed
    kept.append((app, server))

kept = []

def test_it_is_closed():
    ((app, server),) = kept
    assert server.closed
    assert app.events == ["setup", "cleanup"]
"""

FIXTURES = (
    CLIENT
    + """
@FIXTURE
async def client(aiolos_client):
    client = await aiolos_client(Tiny())
    yield client
    await client.get("/")
    events.append("fixture")

@FIXTURE
async def number():
    await asyncio.sleep(0)
    return 3

@pytest.mark.parametrize("letter", ["a"])
async def test_client(client, letter, number, default=1):
    loops["test"] = asyncio.get_running_loop()
    assert (letter, number) == ("a", 3)
    async with client.get("/"):
        pass
    await client.get("/")

def test_all_was_closed_in_the_loop_of_the_test():
    assert events == ["left", "fixture", "released", "released", True]

class TestMethods:
    @FIXTURE
    async def numbers(self):
        self.seen = [1]
        yield self.seen
        assert self.seen == [1, 2]

    async def test_fixture_and_test_share_the_instance(self, numbers, aiolos_server):
        assert self.seen is numbers
        self.seen.append(2)
"""
)


both_sources = pytest.mark.parametrize(
    "source",
    [SERVER, FIXTURES.replace("FIXTURE", "pytest.fixture")],
    ids=["server", "fixtures"],
)


@both_sources
def test_tst_04_async_tests_and_fixtures_work_alone(run: Run, source: str) -> None:
    run(source).assert_outcomes(passed=source.count("def test_"))


@both_sources
def test_they_work_with_pytest_asyncio_in_auto_mode(run: Run, source: str) -> None:
    result = run(source, *ASYNCIO, settings="asyncio_mode = auto\n")
    result.assert_outcomes(passed=source.count("def test_"))


@pytest.mark.parametrize(
    "source",
    [
        SERVER.replace("async def test", "@pytest.mark.asyncio\nasync def test"),
        "import pytest_asyncio\n"
        + FIXTURES.replace("FIXTURE", "pytest_asyncio.fixture").replace(
            "async def test", "@pytest.mark.asyncio\n    async def test"
        ),
    ],
    ids=["server", "fixtures"],
)
def test_they_work_with_pytest_asyncio_in_strict_mode(run: Run, source: str) -> None:
    source = source.replace(
        "@pytest.mark.asyncio\n    async def test_cl", "@pytest.mark.asyncio\nasync def test_cl"
    )
    run(source, *ASYNCIO).assert_outcomes(passed=source.count("def test_"))


@both_sources
def test_unmarked_tests_that_use_our_fixtures_work_in_strict_mode(run: Run, source: str) -> None:
    run(source, *ASYNCIO).assert_outcomes(passed=source.count("def test_"))


def test_pytest_asyncio_named_by_its_module_is_found(run: Run) -> None:
    source = FIXTURES.replace("FIXTURE", "pytest.fixture")
    options = ("-p", "pytest_asyncio.plugin", "--asyncio-mode=auto")
    run(source, *options).assert_outcomes(passed=source.count("def test_"))


@pytest.mark.parametrize("scope", ["module", "session"])
def test_a_loop_of_wider_scope_is_the_one_that_closes(run: Run, scope: str) -> None:
    source = (
        "import pytest_asyncio\n"
        + CLIENT
        + """
@pytest.mark.asyncio(loop_scope="SCOPE")
async def test_client(aiolos_client):
    loops["test"] = asyncio.get_running_loop()
    await (await aiolos_client(Tiny())).get("/")

def test_it_was_closed():
    assert events == ["released", True]
"""
    ).replace("SCOPE", scope)
    run(source, *ASYNCIO).assert_outcomes(passed=2)


@both_sources
def test_they_work_with_anyio(run: Run, source: str) -> None:
    source = source.replace("    async def test", "    @pytest.mark.anyio\n    async def test")
    source = source.replace("\nasync def test", "\n@pytest.mark.anyio\nasync def test")
    source += """
@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
    run(source, *ANYIO).assert_outcomes(passed=source.count("def test_"))


def test_anyio_on_another_backend_is_told_so(run: Run) -> None:
    source = """
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.fixture
def anyio_backend_name():
    return "trio"

@pytest.mark.anyio
def test_it(aiolos_server, anyio_backend):
    pass
"""
    result = run(source, *ANYIO)
    result.stdout.fnmatch_lines(["*aiolos runs on asyncio, not on trio: define a fixture*"])
    result.assert_outcomes(errors=1)


def test_what_pytest_asyncio_does_not_claim_stays_as_it_was(run: Run) -> None:
    result = run("async def test_it():\n    pass\n", *ASYNCIO)
    result.stdout.fnmatch_lines(["*async def functions are not natively supported*"])
    result.assert_outcomes(failed=1)


def test_what_another_plugin_marks_is_left_to_it(run: Run) -> None:
    source = """
@pytest.mark.trio
async def test_it():
    pass

@pytest.mark.trio
def test_other(aiolos_server):
    pass
"""
    result = run(source, settings="    trio: as pytest-trio's\n")
    result.stdout.fnmatch_lines(["*the aiolos fixtures need asyncio*"])
    result.assert_outcomes(failed=1, errors=1)


def test_property_tests_run_in_the_loop(run: Run) -> None:
    source = """
from hypothesis import given, settings, strategies as st

@pytest.fixture
async def number():
    return 3

@pytest.mark.parametrize("letter", ["a", "b"])
@given(value=st.integers(0, 9))
@settings(max_examples=5, database=None)
async def test_it(value, letter, number):
    await asyncio.sleep(0)
    assert 0 <= value <= 9 and letter in "ab" and number == 3
"""
    run(source, "-W", "ignore::hypothesis.errors.HypothesisWarning").assert_outcomes(passed=2)


def test_a_failing_test_still_closes_all(run: Run) -> None:
    source = """
apps = []

async def test_it(aiolos_server):
    apps.append(Tiny())
    await aiolos_server(apps[0])
    raise KeyError("as it should")

async def test_it_leaves_nothing(aiolos_server):
    assert apps[0].events == ["setup", "cleanup"]
"""
    result = run(source)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*KeyError: 'as it should'*"])


def test_an_async_fixture_of_wider_scope_is_refused_with_advice(run: Run) -> None:
    source = """
@pytest.fixture(scope="module")
async def wide():
    yield 1

async def test_it(wide):
    pass
"""
    result = run(source)
    result.stdout.fnmatch_lines(["*async fixture 'wide' has the scope 'module'; without *"])
    result.assert_outcomes(errors=1)


def test_an_async_fixture_yields_once(run: Run) -> None:
    source = """
@pytest.fixture
async def twice():
    yield 1
    yield 2

async def test_it(twice):
    pass
"""
    result = run(source)
    result.stdout.fnmatch_lines(["*the async fixture 'twice' yields more than once*"])


def test_the_client_class_can_be_overridden(run: Run) -> None:
    source = (
        CLIENT
        + """
from aiolos_testing import TestClient

class Mine(TestClient):
    pass

@pytest.fixture
def aiolos_client_cls():
    return Mine

async def test_it(aiolos_client):
    assert type(await aiolos_client(Tiny())) is Mine
"""
    )
    run(source).assert_outcomes(passed=1)


def test_makers_of_applications(run: Run) -> None:
    source = (
        CLIENT
        + """
async def coroutine(name, *, other):
    return made(name, other=other)

def made(name, *, other):
    app = Tiny()
    app.name = name + other
    return app

def with_loop(loop, name, *, other):
    assert loop is asyncio.get_running_loop()
    return made(name, other=other)

@pytest.mark.parametrize("maker", [coroutine, made, with_loop])
async def test_it(aiolos_client, maker):
    client = await aiolos_client(maker, "a", other="b")
    assert client.app.name == "ab"

async def test_arguments_are_for_makers(aiolos_client):
    with pytest.raises(TypeError, match="only for a function that makes the application"):
        aiolos_client(Tiny(), "a")

async def test_server_options(aiolos_client):
    client = await aiolos_client(Tiny(), server_kwargs={"host": "localhost"})
    assert client.host == "localhost"
"""
    )
    run(source).assert_outcomes(passed=5)


def test_other_names_are_one_line_each(run: Run) -> None:
    source = (
        CLIENT
        + """
from aiolos_testing import pytest_plugin

aiohttp_client = pytest_plugin.client_fixture("aiohttp_client", class_fixture="aiohttp_client_cls")
aiohttp_client_cls = pytest_plugin.client_class_fixture("aiohttp_client_cls")
aiohttp_server = pytest_plugin.server_fixture("aiohttp_server")
aiohttp_raw_server = pytest_plugin.raw_server_fixture("aiohttp_raw_server")
aiohttp_unused_port = pytest_plugin.unused_port_fixture("aiohttp_unused_port")

async def test_it(aiohttp_client, aiohttp_server, aiohttp_raw_server, aiohttp_unused_port):
    server = await aiohttp_server(Tiny(), port=aiohttp_unused_port())
    client = await aiohttp_client(server)
    assert client.server is server
"""
    )
    run(source).assert_outcomes(passed=1)


def test_raw_server_and_port(run: Run) -> None:
    source = """
from aiolos_protocol import siblings

class Component:
    @staticmethod
    def from_handler(handler):
        return Tiny()

siblings.provide("server", Component)

async def handler(request):
    pass

async def test_it(aiolos_raw_server, aiolos_unused_port):
    port = aiolos_unused_port()
    server = await aiolos_raw_server(handler, port=port)
    assert server.port == port
    async with aiolos_raw_server(handler) as other:
        assert other.started
"""
    run(source).assert_outcomes(passed=1)


FAKE = """
async def ask(fake):
    url = fake.url("/a")
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET /a HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
    answer = await reader.read()
    writer.close()
    return answer

async def test_declared(fake_server):
    fake_server.get("/a").answer(text="fake")
    assert (await ask(fake_server)).endswith(b"fake")

async def test_undeclared(fake_server):
    await ask(fake_server)

async def test_failing_otherwise(fake_server):
    await ask(fake_server)
    raise KeyError

@pytest.fixture
async def late(fake_server):
    yield
    await ask(fake_server)

async def test_undeclared_at_the_end(late):
    pass
"""


@pytest.mark.parametrize(
    "options", [(), (*ASYNCIO, "--asyncio-mode=auto")], ids=["alone", "asyncio"]
)
def test_a_fake_server_fails_the_test_that_asks_for_what_is_not_declared(
    run: Run, options: tuple[str, ...]
) -> None:
    result = run(FAKE, *options)
    result.assert_outcomes(passed=2, failed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_undeclared_at_the_end*",
            "*_ test_undeclared _*",
            "*UndeclaredRequest: GET http://a/a was asked*",
            "*_ test_failing_otherwise _*",
            "E * KeyError",
            "E * GET http://a/a was asked and nothing is declared*",
        ]
    )


@pytest.mark.parametrize(
    "options", [(), (*ASYNCIO, "--asyncio-mode=auto")], ids=["alone", "asyncio"]
)
def test_a_virtual_clock(run: Run, options: tuple[str, ...]) -> None:
    source = """
async def test_it(virtual_clock, aiolos_server):
    await aiolos_server(Tiny())
    async with asyncio.timeout(7200):
        await asyncio.sleep(3600)
    assert virtual_clock.elapsed == pytest.approx(3600)
"""
    run(source, *options).assert_outcomes(passed=1)


def test_whoever_does_not_use_it_does_not_pay_for_it() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import aiolos_testing.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    ours = {name for name in loaded if name.startswith("aiolos")}
    plugin = {name for name in ours if name.startswith("aiolos_testing.pytest_plugin")}
    assert ours - plugin == {"aiolos_testing", "aiolos_testing._version"}
    assert not {"asyncio", "multidict", "yarl", "ssl", "socket"} & set(loaded)


def test_names_are_there_when_asked_for() -> None:
    import aiolos_testing

    assert dir(aiolos_testing) == sorted(aiolos_testing.__all__)
    for name in aiolos_testing.__all__:
        assert getattr(aiolos_testing, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = aiolos_testing.nothing
