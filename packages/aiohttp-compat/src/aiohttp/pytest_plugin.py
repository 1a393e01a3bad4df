"""The fixtures of aiolos-testing under the names that aiohttp gives them."""

from aiolos_testing.pytest_plugin import (
    client_class_fixture,
    client_fixture,
    raw_server_fixture,
    server_fixture,
    unused_port_fixture,
)

aiohttp_client = client_fixture("aiohttp_client", class_fixture="aiohttp_client_cls")
aiohttp_client_cls = client_class_fixture("aiohttp_client_cls")
aiohttp_server = server_fixture("aiohttp_server")
aiohttp_raw_server = raw_server_fixture("aiohttp_raw_server")
aiohttp_unused_port = unused_port_fixture("aiohttp_unused_port")
