"""A WebSocket over HTTP/2 is to an application what it is over HTTP/1.1 (RFC 8441 5)."""

import pytest
from aiolos_protocol.message import HttpVersion20, RequestHead
from aiolos_server import web


async def here(request):
    return web.Response()


@pytest.mark.parametrize("path", ["/plain", "/of/{name}", "/any"])
def test_connect_with_a_protocol_is_routed_as_get(path):
    app = web.Application()
    app.router.add_get("/plain", here)
    app.router.add_get("/of/{name}", here)
    app.router.add_route("*", "/any", here)
    app.freeze()
    target = path.replace("{name}", "you")
    head = RequestHead("CONNECT", target, HttpVersion20, authority="a", protocol="websocket")
    assert app.router.find(head).http_exception is None


def test_connect_without_one_is_not():
    app = web.Application()
    app.router.add_get("/plain", here)
    app.freeze()
    head = RequestHead("CONNECT", "/plain", HttpVersion20, authority="a")
    assert app.router.find(head).http_exception.status == 405
