"""The fixtures of aiolos-testing under the names that aiohttp gives them."""

from typing import TYPE_CHECKING, Any, Final

from aiolos_testing.pytest_plugin import (
    client_class_fixture,
    client_fixture,
    raw_server_fixture,
    server_fixture,
    unused_port_fixture,
)

if TYPE_CHECKING:
    pass

aiohttp_client = client_fixture("aiohttp_client", class_fixture="aiohttp_client_cls")
aiohttp_client_cls = client_class_fixture("aiohttp_client_cls")
aiohttp_server = server_fixture("aiohttp_server")
aiohttp_raw_server = raw_server_fixture("aiohttp_raw_server")
aiohttp_unused_port = unused_port_fixture("aiohttp_unused_port")

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
