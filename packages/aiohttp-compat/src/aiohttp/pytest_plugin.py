"""The fixtures of aiolos-testing under the names that aiohttp gives them."""

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any, Final

import pytest
from aiolos_testing.pytest_plugin import (
    client_class_fixture,
    client_fixture,
    raw_server_fixture,
    server_fixture,
    unused_port_fixture,
)
from aiolos_testing.pytest_plugin.owner import STACK, is_ours

aiohttp_client = client_fixture("aiohttp_client", class_fixture="aiohttp_client_cls")
aiohttp_client_cls = client_class_fixture("aiohttp_client_cls")
aiohttp_server = server_fixture("aiohttp_server")
aiohttp_raw_server = raw_server_fixture("aiohttp_raw_server")
aiohttp_unused_port = unused_port_fixture("aiohttp_unused_port")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the original: taken, so that command lines go on as they are. The loop is
    the one that asyncio makes, and its debug mode that of PYTHONASYNCIODEBUG."""
    group = parser.getgroup("aiohttp", "taken for aiohttp's sake, without effect")
    for name in ("--aiohttp-fast", "--aiohttp-enable-loop-debug"):
        group.addoption(name, action="store_true", default=False)
    group.addoption("--aiohttp-loop", default="pyloop")


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
