"""The pytest plugin: fixtures, and a loop for async tests that no other plugin runs.

It is loaded in every run of whoever has the package installed. So it imports nothing but pytest
until a fixture is used, and it lets pytest-asyncio and anyio run what is theirs.
"""

from .fixtures import (
    aiolos_client,
    aiolos_client_cls,
    aiolos_raw_server,
    aiolos_server,
    aiolos_unused_port,
    client_class_fixture,
    client_fixture,
    fake_server,
    no_blocking,
    no_leaks,
    raw_server_fixture,
    server_fixture,
    unused_port_fixture,
    virtual_clock,
)
from .running import (
    pytest_fixture_setup,
    pytest_pyfunc_call,
    pytest_runtest_call,
    pytest_runtest_teardown,
)
from .stack import (
    _aiolos_anyio_stack,
    _aiolos_own_stack,
    _stack,
    pytest_configure,
)

# What pytest finds here, and the makers of fixtures for other names.
__all__ = [
    "_aiolos_anyio_stack",
    "_aiolos_own_stack",
    "_stack",
    "aiolos_client",
    "aiolos_client_cls",
    "aiolos_raw_server",
    "aiolos_server",
    "aiolos_unused_port",
    "client_class_fixture",
    "client_fixture",
    "fake_server",
    "no_blocking",
    "no_leaks",
    "pytest_configure",
    "pytest_fixture_setup",
    "pytest_pyfunc_call",
    "pytest_runtest_call",
    "pytest_runtest_teardown",
    "raw_server_fixture",
    "server_fixture",
    "unused_port_fixture",
    "virtual_clock",
]
