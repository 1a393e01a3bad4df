"""aiolos-testing: servers, clients and fixtures for tests of what is built on aiolos."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ._version import __version__

if TYPE_CHECKING:
    from .blocking import Blocked, BlockingCheck
    from .case import AioHTTPTestCase, AiolosTestCase, unittest_run_loop
    from .client import Pending, TestClient, start_test_client
    from .factories import ClientFactory, RawServerFactory, ServerFactory
    from .fake import FakeServer, UndeclaredRequest
    from .leaks import LeakCheck, Leaked
    from .loops import loop_context, setup_test_loop, teardown_test_loop
    from .mocked import make_mocked_coro, make_mocked_request
    from .ports import get_port_socket, get_unused_port_socket, unused_port
    from .recording import Player, Recorder, recorded
    from .server import BaseTestServer, RawTestServer, TestServer
    from .virtual_clock import VirtualClock

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
    "Pending",
    "Player",
    "RawServerFactory",
    "RawTestServer",
    "Recorder",
    "ServerFactory",
    "TestClient",
    "TestServer",
    "UndeclaredRequest",
    "VirtualClock",
    "__version__",
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

# Lazily: pytest loads the plugin, and with it this module, in every run of whoever has it
# installed, also where nobody uses it.
_MODULES: Final = {
    "blocking": ("BlockingCheck", "Blocked"),
    "case": ("AioHTTPTestCase", "AiolosTestCase", "unittest_run_loop"),
    "client": ("Pending", "TestClient", "start_test_client"),
    "factories": ("ClientFactory", "RawServerFactory", "ServerFactory"),
    "fake": ("FakeServer", "UndeclaredRequest"),
    "leaks": ("LeakCheck", "Leaked"),
    "loops": ("loop_context", "setup_test_loop", "teardown_test_loop"),
    "mocked": ("make_mocked_coro", "make_mocked_request"),
    "ports": ("get_port_socket", "get_unused_port_socket", "unused_port"),
    "virtual_clock": ("VirtualClock",),
    "recording": ("Player", "Recorder", "recorded"),
    "server": ("BaseTestServer", "RawTestServer", "TestServer"),
}
_ORIGINS: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _ORIGINS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
