"""An ASGI 3 application as one that a runner serves."""

import inspect
import logging
from collections.abc import Sequence
from typing import Any, Final

from aiolos_protocol.message import RequestHead

from ..abc import AbstractApplication
from ..request import Request
from ..routing.match import UrlMappingMatchInfo
from ..routing.resources import PlainResource
from ..routing.routes import ANY, ResourceRoute
from .http import HttpConversation
from .lifespan import Lifespan
from .scope import AsgiApplication, http_scope, websocket_scope
from .websocket import WebSocketConversation

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
                # The body was malformed: that the application gives up is not its fault.
                raise conversation.failed from None
            raise
        if not conversation.complete:
            raise conversation.failed or RuntimeError(
                "the ASGI application returned before its response was complete"
            )
        return None


async def _later(request: Request) -> None:
    """`100 Continue` is sent when the application asks for the body."""
