"""The testing tools: `from aiolos.test_utils import TestClient`.

For a type checker a TestClient here gives this client's responses and WebSockets.
"""

from typing import TYPE_CHECKING

from aiolos_testing import (
    AioHTTPTestCase,
    AiolosTestCase,
    BaseTestServer,
    FakeServer,
    Player,
    RawTestServer,
    Recorder,
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

    TestClient = aiolos_testing.TestClient[ClientResponse, ClientWebSocketResponse]
else:
    from aiolos_testing import TestClient

__all__ = [
    "AioHTTPTestCase",
    "AiolosTestCase",
    "BaseTestServer",
    "FakeServer",
    "Player",
    "RawTestServer",
    "Recorder",
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
