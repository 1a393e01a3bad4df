"""What `nox -s types` checks: each sibling's module has the shape that its contract demands."""

import aiolos_client.component
import aiolos_server.component
import aiolos_websocket.component
from aiolos_client import ClientSession
from aiolos_protocol.contracts import (
    ClientComponent,
    Requester,
    Runner,
    Servable,
    ServerComponent,
    WebSocketComponent,
)
from aiolos_protocol.exchange import Exchange, ServerLink
from aiolos_server import web
from aiolos_server.asgi.link import AsgiLink

websocket: WebSocketComponent = aiolos_websocket.component
client: ClientComponent = aiolos_client.component
server: ServerComponent = aiolos_server.component


def applications_are_servable(app: web.Application) -> Servable:
    """To be served is to have `runner(**options)`."""
    return app


def links_over_asgi_are_links(link: AsgiLink) -> tuple[ServerLink, Exchange]:
    """What a connection drives, and what a response is sent by."""
    return link, link


def what_they_make_is_a_runner(app: web.Application) -> Runner:
    """The contract of what `runner()` gives."""
    return app.runner()


def sessions_are_requesters(session: ClientSession) -> Requester:
    """What TestClient drives."""
    return session
