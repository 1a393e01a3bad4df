"""The fixtures of aiolos-testing under the names that aiohttp gives them."""

import asyncio
import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from aiolos_testing.pytest_plugin import (
    client_class_fixture,
    client_fixture,
    raw_server_fixture,
    server_fixture,
    unused_port_fixture,
)
from aiolos_testing.pytest_plugin.owner import RUNNER, STACK, is_ours

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

aiohttp_client = client_fixture("aiohttp_client", class_fixture="aiohttp_client_cls")
aiohttp_client_cls = client_class_fixture("aiohttp_client_cls")
aiohttp_server = server_fixture("aiohttp_server")
aiohttp_raw_server = raw_server_fixture("aiohttp_raw_server")
aiohttp_unused_port = unused_port_fixture("aiohttp_unused_port")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the original; they are for the tests that no other plugin runs."""
    group = parser.getgroup("aiohttp", "the loop of async tests")
    group.addoption(
        "--aiohttp-loop",
        default="pyloop",
        help="the loops to run each test in, with commas: pyloop, uvloop, or all that are there",
    )
    group.addoption(
        "--aiohttp-enable-loop-debug",
        action="store_true",
        default=False,
        help="run them in asyncio's debug mode",
    )
    group.addoption(
        "--aiohttp-fast",
        action="store_true",
        default=False,
        help="taken for old command lines; nothing here is slow",
    )


def _loop_factories(chosen: str) -> dict[str, LoopFactory]:
    """The loops that --aiohttp-loop names, by their names; "uvloop?" is one that may be missing."""
    there: dict[str, LoopFactory] = {"pyloop": asyncio.new_event_loop}
    names = [name.strip() for name in chosen.split(",")]
    if names != ["pyloop"]:
        try:
            import uvloop
        except ImportError:
            pass
        else:
            there["uvloop"] = uvloop.new_event_loop
    if names == ["all"]:
        return there
    missing = [name for name in names if name not in there and not name.endswith("?")]
    if missing:
        raise pytest.UsageError(
            f"--aiohttp-loop={chosen}: there is no loop {missing[0]!r} here, but {', '.join(there)}"
        )
    wanted = [name.rstrip("?") for name in names]
    return {name: there[name] for name in wanted if name in there}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of ours once in each loop that was asked for."""
    chosen = metafunc.config.getoption("--aiohttp-loop")
    asked = "loop_factory" in metafunc.fixturenames
    if not asked:
        is_async = inspect.iscoroutinefunction(metafunc.function)
        if chosen == "pyloop" or not (is_async or STACK in metafunc.fixturenames):
            return
        if not is_ours(metafunc.definition):
            return
        metafunc.fixturenames.append("loop_factory")
    factories = _loop_factories(chosen)
    metafunc.parametrize("loop_factory", factories.values(), ids=factories)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Make the loop that was asked for, before a fixture makes the usual one."""
    call: Any = getattr(item, "callspec", None)
    factory = call.params.get("loop_factory") if call is not None else None
    debug = item.config.getoption("--aiohttp-enable-loop-debug")
    if (factory is not None or debug) and is_ours(item):
        item.stash[RUNNER] = asyncio.Runner(debug=debug or None, loop_factory=factory)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine function in the loop of a fixture `loop` that a test suite has of its own."""
    own = pyfuncitem.funcargs.get("loop")
    function = pyfuncitem.obj
    if not isinstance(own, asyncio.AbstractEventLoop) or not is_ours(pyfuncitem):
        return None
    stack = pyfuncitem.funcargs.get(STACK)
    if own is getattr(stack, "loop", None) or not inspect.iscoroutinefunction(function):
        return None
    names = inspect.signature(function).parameters
    given = {name: value for name, value in pyfuncitem.funcargs.items() if name in names}
    own.run_until_complete(function(**given))
    return True


@pytest.fixture
def loop(_aiolos_stack: Any) -> Iterator[asyncio.AbstractEventLoop]:
    """The loop in which the test runs; a test that is no coroutine function runs it itself."""
    test_loop: asyncio.AbstractEventLoop = _aiolos_stack.loop
    if not test_loop.is_running():
        asyncio.set_event_loop(test_loop)
    yield test_loop
    if not test_loop.is_running():
        asyncio.set_event_loop(None)


@pytest.fixture
def loop_debug(request: pytest.FixtureRequest) -> bool:
    """Whether --aiohttp-enable-loop-debug was given."""
    return bool(request.config.getoption("--aiohttp-enable-loop-debug"))


@pytest.fixture
def fast(request: pytest.FixtureRequest) -> bool:
    """Whether --aiohttp-fast was given."""
    return bool(request.config.getoption("--aiohttp-fast"))


@pytest.fixture
def proactor_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of the kind that Windows has for pipes and subprocesses."""
    from aiolos_testing import loop_context

    kinds: Any = asyncio
    with loop_context(kinds.ProactorEventLoop) as loop:
        yield loop


# What they were called before aiohttp 3.


@pytest.fixture
def unused_port(aiohttp_unused_port: Any) -> Any:
    """The fixture aiohttp_unused_port."""
    return _older("unused_port", "aiohttp_unused_port", aiohttp_unused_port)


@pytest.fixture
def test_server(aiohttp_server: Any) -> Any:
    """The fixture aiohttp_server."""
    return _older("test_server", "aiohttp_server", aiohttp_server)


@pytest.fixture
def raw_test_server(aiohttp_raw_server: Any) -> Any:
    """The fixture aiohttp_raw_server."""
    return _older("raw_test_server", "aiohttp_raw_server", aiohttp_raw_server)


@pytest.fixture
def test_client(aiohttp_client: Any) -> Any:
    """The fixture aiohttp_client."""
    return _older("test_client", "aiohttp_client", aiohttp_client)


def _older(old: str, new: str, made: Any) -> Any:
    warnings.warn(f"use the fixture {new} instead of {old}", DeprecationWarning, stacklevel=2)
    return made


# What annotations name; lazily, since pytest loads this module in every run.
_TYPES: Final = {
    "AiohttpClient": "ClientFactory",
    "AiohttpRawServer": "RawServerFactory",
    "AiohttpServer": "ServerFactory",
}


def __getattr__(name: str) -> Any:
    if name not in _TYPES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from aiolos import test_utils

    return getattr(test_utils, _TYPES[name])
