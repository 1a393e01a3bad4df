"""Each sibling keeps its contract, by the suites that its implementers are given."""

import ssl

import aiolos_client.component
import aiolos_server.component
import aiolos_websocket.component
import trustme
from aiolos import web
from aiolos_testing.conformance import (
    check_requester,
    check_servable,
    check_websocket_component,
)


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


async def test_an_application_is_servable() -> None:
    def make() -> web.Application:
        app = web.Application()
        app.router.add_get("/hello", hello)
        return app

    await check_servable(make, path="/hello", tls=contexts())


async def test_a_handler_made_servable_is_servable() -> None:
    await check_servable(lambda: aiolos_server.component.from_handler(hello))


async def test_a_session_is_a_requester() -> None:
    await check_requester(aiolos_client.component.loopback_session)


async def test_the_websocket_component_keeps_its_contract() -> None:
    await check_websocket_component(aiolos_websocket.component)
