"""An ASGI 3 application as one that a runner serves."""

import inspect
import logging
from collections.abc import Sequence
from typing import Any, Final

from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.message import RequestHead

from ..abc import AbstractApplication
from ..request import Request
from ..response import Response
from ..routing.match import UrlMappingMatchInfo
from ..routing.resources import PlainResource
from ..routing.routes import ANY, ResourceRoute
from .http import HttpConversation
from .lifespan import Lifespan
from .scope import AsgiApplication, http_scope, websocket_scope
from .websocket import WebSocketConversation

# For the access log, in nginx's words. Nobody reads it but a client that has closed only its half.
_CLIENT_GONE: Final = 499

_logger: Final = logging.getLogger("aiolos.web")


def is_asgi(found: Any) -> bool:
    """Whether `found` is called as ASGI 3 has it: `await found(scope, receive, send)`.

    What can be called with fewer arguments as well is rather a function that makes one.
    """
    if not callable(found) or isinstance(found, (type, AbstractApplication)):
        return False
    try:
        signature = inspect.signature(found)
        signature.bind(None, None, None)
    except (TypeError, ValueError):
        return False
    for count in range(2):
        try:
            signature.bind(*[None] * count)
        except TypeError:
            continue
        return False
    return True


class HostedApplication(AbstractApplication):
    """Serves `app`, an ASGI 3 application: http, websocket and lifespan.

    The extensions http.response.pathsend and websocket.http.response are there. WebSockets need
    the distribution aiolos-websocket.
    """

    def __init__(self, app: AsgiApplication) -> None:
        self.logger = _logger
        self._app = app
        self._lifespan = Lifespan(app)
        route = ResourceRoute(ANY, self._answer, PlainResource("/"), expect_handler=_later)
        route.apps = (self,)
        self._match = UrlMappingMatchInfo(None, route, shared=True)

    @property
    def has_prepare_hooks(self) -> bool:
        """See AbstractApplication."""
        return False

    def freeze(self) -> None:
        """See AbstractApplication."""

    def resolve(self, head: RequestHead) -> UrlMappingMatchInfo:
        """See AbstractApplication."""
        return self._match

    async def startup(self) -> None:
        """See AbstractApplication; RuntimeError where the application says that it has failed."""
        await self._lifespan.startup()

    async def shutdown(self, services: Sequence[Any] = ()) -> None:
        """See AbstractApplication."""

    async def cleanup(self) -> None:
        """See AbstractApplication."""
        await self._lifespan.shutdown()

    async def _answer(self, request: Request) -> Any:
        head = request.head
        if head.upgrade == "websocket" or head.protocol == "websocket":
            socket = WebSocketConversation(request)
            scope = websocket_scope(request, self._lifespan.state)
            await self._app(scope, socket.receive, socket.send)
            return socket.response
        conversation = HttpConversation(request)
        scope = http_scope(request, self._lifespan.state)
        try:
            await self._app(scope, conversation.receive, conversation.send)
        except Exception:
            if conversation.failed is not None and not conversation.complete:
                # The body was malformed, or broke off: it is not the application's fault.
                raise conversation.failed from None
            raise
        if conversation.complete:
            return None
        if conversation.failed is not None:
            raise conversation.failed
        if not conversation.abandoned:
            raise RuntimeError("the ASGI application returned before its response was complete")
        # ASGI's HTTP spec: it may simply return, once it is told that nobody is there any more.
        if conversation.has_begun:
            raise ConnectionLost("the client went away before its response was complete")
        return Response(status=_CLIENT_GONE, reason="Client Closed Request")


async def _later(request: Request) -> None:
    """`100 Continue` is sent when the application asks for the body."""
