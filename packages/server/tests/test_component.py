"""What the server offers its siblings."""

from typing import Any

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
