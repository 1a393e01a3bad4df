"""Where what is open at a test's end is closed: in the loop of the test, whoever runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final

import pytest

from .owner import STACK, Owner, owner_of, pytest_asyncio, runner_of, setting

if TYPE_CHECKING:
    import asyncio

ASYNCIO_STACK: Final = "_aiolos_asyncio_stack_"


class Stack(AsyncExitStack):
    """What a test has opened, and the loop in which it is closed; `check_at_last` comes then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop = loop
        self.check_at_last: Callable[[], Awaitable[None]] | None = None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        handled = await super().__aexit__(kind, exc, traceback)
        if self.check_at_last is not None:
            await self.check_at_last()
        return bool(handled)


@pytest.fixture(name=STACK)
def _stack(request: pytest.FixtureRequest) -> Stack:
    owner = owner_of(request.node)
    if owner is Owner.OTHER:
        pytest.fail("the aiolos fixtures need asyncio; this test runs elsewhere", pytrace=False)
    if owner is Owner.ASYNCIO:
        name = _asyncio_stack(request)
    elif owner is Owner.ANYIO:
        name = "_aiolos_anyio_stack"
    else:
        name = "_aiolos_own_stack"
    stack = request.getfixturevalue(name)
    if not isinstance(stack, Stack):
        pytest.fail(
            "in a loop of a wider scope the aiolos fixtures need pytest-asyncio 1.1 or later: "
            "run pip install -U pytest-asyncio",
            pytrace=False,
        )
    return stack


@pytest.fixture
def _aiolos_own_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    runner = runner_of(request.node)
    stack = Stack(runner.get_loop())
    yield stack
    # A test of run_app() and the like may have closed it.
    if not stack.loop.is_closed():
        runner.run(stack.aclose())


@pytest.fixture
async def _aiolos_anyio_stack(anyio_backend_name: str) -> AsyncIterator[Stack]:
    if anyio_backend_name != "asyncio":
        pytest.fail(
            f"aiolos runs on asyncio, not on {anyio_backend_name}: define a fixture "
            "anyio_backend that returns 'asyncio'",
            pytrace=False,
        )
    async with _running_stack() as stack:
        yield stack


def _running_stack() -> Stack:
    import asyncio

    return Stack(asyncio.get_running_loop())


def _asyncio_stack(request: pytest.FixtureRequest) -> str:
    """The name of a stack that lives in the very loop in which pytest-asyncio runs the test."""
    config = request.config
    mark = request.node.get_closest_marker("asyncio")
    if mark is None:
        scope = setting(config, "asyncio_default_fixture_loop_scope")
    else:
        scope = mark.kwargs.get("loop_scope") or mark.kwargs.get("scope")
        scope = scope or setting(config, "asyncio_default_test_loop_scope")
    if scope in (None, "fixture-scope"):
        scope = "function"
    name = f"{ASYNCIO_STACK}{scope}"
    if not config.pluginmanager.hasplugin(name):
        # Only now: whoever does not use these fixtures pays nothing for them.
        _register_asyncio_stack(config, scope, name)
    return name


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before 1.1 pytest-asyncio takes only fixtures that are there when it collects."""
    if hasattr(pytest_asyncio(config), "_preprocess_async_fixtures"):
        _register_asyncio_stack(config, "function", f"{ASYNCIO_STACK}function")


def _register_asyncio_stack(config: pytest.Config, scope: str, name: str) -> None:
    holder = ModuleType(name)
    holder.stack = _asyncio_fixture(config, scope, name)  # type: ignore[attr-defined]
    config.pluginmanager.register(holder, name)


def _asyncio_fixture(config: pytest.Config, loop_scope: str, name: str) -> Any:
    # A function of its own for each scope: pytest-asyncio writes the scope on it.
    async def stack() -> AsyncIterator[Stack]:
        async with _running_stack() as stack:
            yield stack

    return pytest_asyncio(config).fixture(stack, loop_scope=loop_scope, name=name)
