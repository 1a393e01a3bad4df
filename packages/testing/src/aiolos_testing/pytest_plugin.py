"""The pytest plugin: fixtures, and a loop for async tests that no other plugin runs.

It is loaded in every run of whoever has the package installed. So it imports nothing but pytest
until a fixture is used, and it lets pytest-asyncio and anyio run what is theirs.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from enum import Enum
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    import asyncio

    from .client import TestClient
    from .factories import ClientFactory, RawServerFactory, ServerFactory
    from .fake import FakeServer
    from .virtual_clock import VirtualClock

_RUNNER: Final = pytest.StashKey["asyncio.Runner"]()
_CHECKS: Final = pytest.StashKey[list[Callable[[], None]]]()
_STACK: Final = "_aiolos_stack"
_ASYNCIO_STACK: Final = "_aiolos_asyncio_stack_"


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


class Owner(Enum):
    """Whose loop a test runs in."""

    ASYNCIO = "pytest-asyncio"
    ANYIO = "anyio"
    OTHER = "another plugin"
    NOBODY = "nobody: ours"


def owner_of(item: Any) -> Owner:
    """Who runs the test `item`, by the marks and settings that the plugins document."""
    config = item.config
    if _pytest_asyncio(config) is not None and (
        item.get_closest_marker("asyncio") is not None
        or "auto" in (config.getoption("asyncio_mode", None), _setting(config, "asyncio_mode"))
    ):
        return Owner.ASYNCIO
    if "anyio_backend" in item.fixturenames:
        return Owner.ANYIO
    if any(item.get_closest_marker(name) is not None for name in ("trio", "twisted", "curio")):
        return Owner.OTHER
    return Owner.NOBODY


def _pytest_asyncio(config: pytest.Config) -> Any:
    """The plugin of that name where it takes part: announced, or named by -p; else None."""
    manager = config.pluginmanager
    return manager.get_plugin("asyncio") or manager.get_plugin("pytest_asyncio.plugin")


def _is_ours(item: Any) -> bool:
    """Whether an async test or fixture, unclaimed so far, is to be run here.

    Where pytest-asyncio is installed its users decide by marks; but a test that uses our fixtures
    works without one.
    """
    if owner_of(item) is not Owner.NOBODY:
        return False
    return _STACK in item.fixturenames or _pytest_asyncio(item.config) is None


def _runner_of(item: pytest.Item) -> asyncio.Runner:
    """The loop of a test that is nobody else's; closed behind its last fixture."""
    import asyncio

    runner = item.stash.get(_RUNNER, None)
    if runner is None:
        runner = item.stash[_RUNNER] = asyncio.Runner()
    return runner


# Async tests and fixtures that nobody else runs.


# Innermost: what another plugin takes is no coroutine function any more when it comes here.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Run the async fixtures of our tests in the loop of the test."""
    function = fixturedef.func
    is_generator = inspect.isasyncgenfunction(function)
    if not is_generator and not inspect.iscoroutinefunction(function):
        return (yield)
    if fixturedef.scope != "function":
        if _pytest_asyncio(request.config) is None:
            _refuse(fixturedef)
        return (yield)
    if not _is_ours(request.node):
        return (yield)
    run = _runner_of(request.node).run
    bound = _bound(function, request.instance)
    replaced: Any = fixturedef
    replaced.func = _generator(bound, run) if is_generator else _coroutine(bound, run)
    try:
        return (yield)
    finally:
        replaced.func = function


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine function; those of other plugins have been called before, or are marked."""
    if not _is_ours(pyfuncitem):
        return None
    function = pyfuncitem.obj
    property_test = getattr(function, "hypothesis", None)
    if property_test is not None:
        # Hypothesis itself is no coroutine function, and calls the inner one again and again.
        inner = getattr(property_test.inner_test, "aiolos_original", property_test.inner_test)
        if inspect.iscoroutinefunction(inner):
            property_test.inner_test = _coroutine(inner, _runner_of(pyfuncitem).run)
        return None
    if not inspect.iscoroutinefunction(function):
        return None
    arguments = {
        name: pyfuncitem.funcargs[name]
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty and name in pyfuncitem.funcargs
    }
    _runner_of(pyfuncitem).run(function(**arguments))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Behind a test that passed, ask what its fixtures noticed: then it is the test that fails."""
    result = yield
    for check in item.stash.get(_CHECKS, ()):
        check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Close the loop behind the last fixture."""
    try:
        return (yield)
    finally:
        runner = item.stash.get(_RUNNER, None)
        if runner is not None:
            del item.stash[_RUNNER]
            runner.close()


def _refuse(fixturedef: pytest.FixtureDef[Any]) -> None:
    """A wider scope outlives the loop of a test."""
    pytest.fail(
        f"the async fixture {fixturedef.argname!r} has the scope {fixturedef.scope!r}; without "
        "pytest-asyncio or anyio only those of scope 'function' are run: give it that scope, or "
        "install pytest-asyncio",
        pytrace=False,
    )


def _bound(function: Any, instance: Any) -> Any:
    """A fixture that is a method, bound to the instance of the test, as pytest does itself."""
    if inspect.ismethod(function) and type(function.__self__) is type(instance):
        return function.__func__.__get__(instance)
    return function


def _coroutine(function: Callable[..., Any], run: Callable[[Any], Any]) -> Callable[..., Any]:
    def synchronous(*arguments: Any, **options: Any) -> Any:
        return run(function(*arguments, **options))

    synchronous.aiolos_original = function  # type: ignore[attr-defined]
    return synchronous


def _generator(function: Callable[..., Any], run: Callable[[Any], Any]) -> Callable[..., Any]:
    def synchronous(*arguments: Any, **options: Any) -> Iterator[Any]:
        generator = function(*arguments, **options)
        yield run(_next_of(generator))
        try:
            run(_next_of(generator))
        except StopAsyncIteration:
            return
        pytest.fail(f"the async fixture {function.__name__!r} yields more than once")

    return synchronous


async def _next_of(generator: Any) -> Any:
    return await anext(generator)


# Where what is still open at a test's end is closed: in the loop of the test, whoever runs it.


@pytest.fixture(name=_STACK)
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
    runner = _runner_of(request.node)
    stack = Stack(runner.get_loop())
    yield stack
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
        scope = _setting(config, "asyncio_default_fixture_loop_scope")
    else:
        scope = mark.kwargs.get("loop_scope") or mark.kwargs.get("scope")
        scope = scope or _setting(config, "asyncio_default_test_loop_scope")
    if scope in (None, "fixture-scope"):
        scope = "function"
    name = f"{_ASYNCIO_STACK}{scope}"
    if not config.pluginmanager.hasplugin(name):
        # Only now: whoever does not use these fixtures pays nothing for them.
        _register_asyncio_stack(config, scope, name)
    return name


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before 1.1 pytest-asyncio takes only fixtures that are there when it collects."""
    if hasattr(_pytest_asyncio(config), "_preprocess_async_fixtures"):
        _register_asyncio_stack(config, "function", f"{_ASYNCIO_STACK}function")


def _register_asyncio_stack(config: pytest.Config, scope: str, name: str) -> None:
    holder = ModuleType(name)
    holder.stack = _asyncio_fixture(config, scope, name)  # type: ignore[attr-defined]
    config.pluginmanager.register(holder, name)


def _setting(config: pytest.Config, name: str) -> Any:
    """A setting of another plugin; None also where that one is too old to know it."""
    try:
        return config.getini(name)
    except ValueError:
        return None


def _asyncio_fixture(config: pytest.Config, loop_scope: str, name: str) -> Any:
    # A function of its own for each scope: pytest-asyncio writes the scope on it.
    async def stack() -> AsyncIterator[Stack]:
        async with _running_stack() as stack:
            yield stack

    return _pytest_asyncio(config).fixture(stack, loop_scope=loop_scope, name=name)


# The fixtures, each of a function that can make them under another name.


def client_class_fixture(name: str) -> Any:
    """A fixture that gives the class which client_fixture() makes; override it to change that."""

    @pytest.fixture(name=name)
    def client_class() -> type[TestClient[Any, Any]]:
        """The class whose clients are made; override it to have another one."""
        from .client import TestClient

        return TestClient

    return client_class


def client_fixture(name: str, *, class_fixture: str) -> Any:
    """A fixture `name`: a ClientFactory for the class that the fixture `class_fixture` gives."""

    @pytest.fixture(name=name)
    def clients(_aiolos_stack: Stack, request: pytest.FixtureRequest) -> ClientFactory:
        """Makes clients: `client = await this(app)`, or with `async with`."""
        from .factories import ClientFactory

        return ClientFactory(_aiolos_stack, request.getfixturevalue(class_fixture))

    return clients


def server_fixture(name: str) -> Any:
    """A fixture `name`: a ServerFactory."""

    @pytest.fixture(name=name)
    def servers(_aiolos_stack: Stack) -> ServerFactory:
        """Makes servers: `server = await this(app)`, or with `async with`."""
        from .factories import ServerFactory

        return ServerFactory(_aiolos_stack)

    return servers


def raw_server_fixture(name: str) -> Any:
    """A fixture `name`: a RawServerFactory."""

    @pytest.fixture(name=name)
    def raw_servers(_aiolos_stack: Stack) -> RawServerFactory:
        """Makes servers of a bare handler: `server = await this(handler)`."""
        from .factories import RawServerFactory

        return RawServerFactory(_aiolos_stack)

    return raw_servers


def unused_port_fixture(name: str) -> Any:
    """A fixture `name`: the function unused_port()."""

    @pytest.fixture(name=name)
    def ports() -> Callable[[], int]:
        """A function that gives a port of 127.0.0.1 which nobody uses."""
        from .ports import unused_port

        return unused_port

    return ports


aiolos_client = client_fixture("aiolos_client", class_fixture="aiolos_client_cls")
aiolos_client_cls = client_class_fixture("aiolos_client_cls")
aiolos_server = server_fixture("aiolos_server")
aiolos_raw_server = raw_server_fixture("aiolos_raw_server")
aiolos_unused_port = unused_port_fixture("aiolos_unused_port")


@pytest.fixture
def fake_server(_aiolos_stack: Stack, request: pytest.FixtureRequest) -> FakeServer:
    """A running FakeServer; the test fails where it is asked for what was not declared."""
    from .fake import FakeServer

    fake = FakeServer()
    fake.start(_aiolos_stack.loop)
    _aiolos_stack.callback(fake.check)
    _aiolos_stack.push_async_callback(fake.close)
    request.node.stash.setdefault(_CHECKS, []).append(fake.check)
    return fake


@pytest.fixture
def virtual_clock(_aiolos_stack: Stack) -> VirtualClock:
    """A VirtualClock of the test's loop, until all that the test opened is closed."""
    from .virtual_clock import VirtualClock

    return _aiolos_stack.enter_context(VirtualClock(_aiolos_stack.loop))


@pytest.fixture
def no_leaks(_aiolos_stack: Stack) -> Iterator[None]:
    """Fail the test where it leaves a task, a socket, a session, a response or a file behind.

    List it before fixtures of your own, or by usefixtures: what they close is closed before.
    """
    from .leaks import LeakCheck

    _aiolos_stack.check_at_last = LeakCheck(_aiolos_stack.loop).check
    with warnings.catch_warnings():
        # What the collector finds is told by a warning, in a finalizer.
        warnings.simplefilter("error", ResourceWarning)
        warnings.simplefilter("error", pytest.PytestUnraisableExceptionWarning)
        yield


@pytest.fixture
def no_blocking(_aiolos_stack: Stack) -> None:
    """Raise BlockingError where something blocks the loop; needs blockbuster."""
    from .leaks import no_blocking

    _aiolos_stack.enter_context(no_blocking())
