"""What the server offers its siblings."""

import asyncio
from typing import Any

import pytest
from aiolos_protocol.contracts import Servable, ServerComponent
from aiolos_server import component, web


def test_the_component_satisfies_its_contract() -> None:
    found: ServerComponent = component
    assert found.from_handler
    assert found.request


async def test_from_handler_answers_every_request(serve: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {request.path}")

    servable = component.from_handler(handler)
    assert isinstance(servable, Servable)
    peer = serve(app=servable)
    for method in ("GET", "DELETE", "BREW"):
        answer = await peer.ask(f"{method} /any/where HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert answer.body == f"{method} /any/where".encode()


def test_an_application_is_servable() -> None:
    assert isinstance(web.Application(), Servable)


def mocked(path: str = "/", headers: Any = None, **options: Any) -> web.Request:
    return component.request("GET", path, headers, **options)


async def test_a_request_without_a_connection_sends_the_applications_signals() -> None:
    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Signed"] = request.path
        del response.headers["Server"]

    app = web.Application()
    app.on_response_prepare.append(sign)
    app.freeze()
    request = mocked("/a", app=app)
    response = web.Response(text="x")
    await response.prepare(request)
    (head,) = request.exchange.heads
    assert head.headers["X-Signed"] == "/a"
    assert not head.headers["Server"]


def test_a_request_without_a_connection_by_the_absolute_form() -> None:
    request = mocked("https://example.com/path?a=1")
    assert (request.host, request.scheme) == ("example.com", "http")
    assert str(request.rel_url) == "/path?a=1"
    assert str(request.url) == "http://example.com/path?a=1"
    assert request.clone(host="b").url.host == "b"


def test_the_length_that_a_head_announces() -> None:
    assert mocked(headers={"Content-Length": "12"}).content_length == 12
    assert mocked(payload=b"abc").content_length == 3


@pytest.mark.parametrize(
    ("sockname", "url"),
    [(("127.0.0.1", 80), "http://127.0.0.1/"), (("::1", 80, 0, 0), "http://[::1]/")],
)
def test_without_a_host_the_address_is_it(sockname: Any, url: str) -> None:
    transport = asyncio.Transport({"sockname": sockname})
    assert str(mocked(transport=transport).url) == url


def test_its_repr_is_ascii() -> None:
    assert repr(mocked("/\u00e9")) == "<Request GET /\\xe9 >"


def test_cookies_are_parsed_once() -> None:
    request = mocked(headers={"Cookie": "a=b"})
    assert request.cookies is request.cookies


async def test_a_response_to_http_1_0_is_the_last_one() -> None:
    for keep_alive in (True, False):
        response = web.Response()
        await response.prepare(mocked(keep_alive=keep_alive))
        assert response.keep_alive is keep_alive
