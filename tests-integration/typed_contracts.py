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
from aiolos_server import web

websocket: WebSocketComponent = aiolos_websocket.component
client: ClientComponent = aiolos_client.component
server: ServerComponent = aiolos_server.component


def applications_are_servable(app: web.Application) -> Servable:
    """To be served is to have `runner(**options)`."""
    return app


def what_they_make_is_a_runner(app: web.Application) -> Runner:
    """The contract of what `runner()` gives."""
    return app.runner()


def sessions_are_requesters(session: ClientSession) -> Requester:
    """What TestClient drives."""
    return session
