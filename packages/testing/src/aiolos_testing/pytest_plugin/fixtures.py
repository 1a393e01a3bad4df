"""The fixtures; those of aiohttp's tools can be made under another name, too."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from .running import CHECKS
from .stack import Stack

if TYPE_CHECKING:
    from ..blocking import BlockingCheck
    from ..client import TestClient
    from ..factories import ClientFactory, RawServerFactory, ServerFactory
    from ..fake import FakeServer
    from ..virtual_clock import VirtualClock


def client_class_fixture(name: str) -> Any:
    """A fixture that gives the class which client_fixture() makes; override it to change that."""

    @pytest.fixture(name=name)
    def client_class() -> type[TestClient[Any, Any]]:
        """The class whose clients are made; override it to have another one."""
        from ..client import TestClient

        return TestClient

    return client_class


def client_fixture(name: str, *, class_fixture: str) -> Any:
    """A fixture `name`: a ClientFactory for the class that the fixture `class_fixture` gives."""

    @pytest.fixture(name=name)
    def clients(_aiolos_stack: Stack, request: pytest.FixtureRequest) -> ClientFactory[Any, Any]:
        """Makes clients: `client = await this(app)`, or with `async with`."""
        from ..factories import ClientFactory

        return ClientFactory(_aiolos_stack, request.getfixturevalue(class_fixture))

    return clients


def server_fixture(name: str) -> Any:
    """A fixture `name`: a ServerFactory."""

    @pytest.fixture(name=name)
    def servers(_aiolos_stack: Stack) -> ServerFactory:
        """Makes servers: `server = await this(app)`, or with `async with`."""
        from ..factories import ServerFactory

        return ServerFactory(_aiolos_stack)

    return servers


def raw_server_fixture(name: str) -> Any:
    """A fixture `name`: a RawServerFactory."""

    @pytest.fixture(name=name)
    def raw_servers(_aiolos_stack: Stack) -> RawServerFactory:
        """Makes servers of a bare handler: `server = await this(handler)`."""
        from ..factories import RawServerFactory

        return RawServerFactory(_aiolos_stack)

    return raw_servers


def unused_port_fixture(name: str) -> Any:
    """A fixture `name`: the function unused_port()."""

    @pytest.fixture(name=name)
    def ports() -> Callable[[], int]:
        """A function that gives a port of 127.0.0.1 which nobody uses."""
        from ..ports import unused_port

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
    from ..fake import FakeServer

    fake = FakeServer()
    fake.start(_aiolos_stack.loop)
    _aiolos_stack.callback(fake.check)
    _aiolos_stack.push_async_callback(fake.close)
    request.node.stash.setdefault(CHECKS, []).append(fake.check)
    return fake


@pytest.fixture
def virtual_clock(_aiolos_stack: Stack) -> VirtualClock:
    """A VirtualClock of the test's loop, until all that the test opened is closed."""
    from ..virtual_clock import VirtualClock

    return _aiolos_stack.enter_context(VirtualClock(_aiolos_stack.loop))


@pytest.fixture
def no_leaks(_aiolos_stack: Stack) -> Iterator[None]:
    """Fail the test where it leaves a task, a socket, a session, a response or a file behind.

    List it before fixtures of your own, or by usefixtures: what they close is closed before.
    """
    from ..leaks import LeakCheck

    leaks = LeakCheck(_aiolos_stack.loop)

    async def check() -> None:
        try:
            await leaks.check()
        finally:
            leaks.close()

    _aiolos_stack.check_at_last = check
    with warnings.catch_warnings():
        # What the collector finds is told by a warning, in a finalizer.
        warnings.simplefilter("error", ResourceWarning)
        warnings.simplefilter("error", pytest.PytestUnraisableExceptionWarning)
        yield


@pytest.fixture
def no_blocking(_aiolos_stack: Stack, request: pytest.FixtureRequest) -> BlockingCheck:
    """Fail the test in which something blocks the loop, wherever; needs blockbuster."""
    from ..blocking import BlockingCheck

    blocking = _aiolos_stack.enter_context(BlockingCheck())
    request.node.stash.setdefault(CHECKS, []).append(blocking.check)
    return blocking
