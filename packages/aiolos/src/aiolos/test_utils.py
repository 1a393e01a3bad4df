"""The testing tools: `from aiolos.test_utils import TestClient`.

For a type checker a TestClient here gives this client's responses and WebSockets, and so do those
that the fixture `aiolos_client`, a ClientFactory, makes.
"""

from typing import TYPE_CHECKING

from aiolos_testing import (
    AioHTTPTestCase,
    AiolosTestCase,
    BaseTestServer,
    Blocked,
    BlockingCheck,
    FakeServer,
    LeakCheck,
    Leaked,
    Player,
    RawServerFactory,
    RawTestServer,
    Recorder,
    ServerFactory,
    TestServer,
    UndeclaredRequest,
    VirtualClock,
    get_port_socket,
    get_unused_port_socket,
    loop_context,
    make_mocked_coro,
    make_mocked_request,
    recorded,
    setup_test_loop,
    start_test_client,
    teardown_test_loop,
    unittest_run_loop,
    unused_port,
)

if TYPE_CHECKING:
    import aiolos_testing
    from aiolos_client import ClientResponse, ClientWebSocketResponse

    ClientFactory = aiolos_testing.ClientFactory[ClientResponse, ClientWebSocketResponse]
    TestClient = aiolos_testing.TestClient[ClientResponse, ClientWebSocketResponse]
else:
    from aiolos_testing import ClientFactory, TestClient

__all__ = [
    "AioHTTPTestCase",
    "AiolosTestCase",
    "BaseTestServer",
    "Blocked",
    "BlockingCheck",
    "ClientFactory",
    "FakeServer",
    "LeakCheck",
    "Leaked",
    "Player",
    "RawServerFactory",
    "RawTestServer",
    "Recorder",
    "ServerFactory",
    "TestClient",
    "TestServer",
    "UndeclaredRequest",
    "VirtualClock",
    "get_port_socket",
    "get_unused_port_socket",
    "loop_context",
    "make_mocked_coro",
    "make_mocked_request",
    "recorded",
    "setup_test_loop",
    "start_test_client",
    "teardown_test_loop",
    "unittest_run_loop",
    "unused_port",
]
