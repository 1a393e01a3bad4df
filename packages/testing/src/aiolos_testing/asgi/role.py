"""A server's end of one connection that calls an ASGI application for every request."""

import asyncio
import logging
from typing import Any

from aiolos_protocol.errors import ProtocolError, UpgradeRefused
from aiolos_protocol.message import RequestHead
from multidict import CIMultiDict

from .http import HttpConversation
from .scope import Application, scope_of
from .websocket import WebSocketConversation

logger = logging.getLogger("aiolos_testing.asgi")


class AsgiRole:
    """aiolos_protocol.exchange.ServerRole; keeps the runner's books, `tasks` and `links`."""

    def __init__(
        self, app: Application, state: dict[str, Any], tasks: set[Any], links: set[Any]
    ) -> None:
        self._app = app
        self._state = state
        self._tasks = tasks
        self._links = links
        self._link: Any = None
        self._task: asyncio.Task[None] | None = None
        self._conversation: HttpConversation | WebSocketConversation | None = None

    def connected(self, link: Any) -> None:
        """See ServerRole."""
        self._link = link
        self._links.add(link)

    def request_received(self, head: RequestHead) -> None:
        """See ServerRole."""
        self._task = self._link.loop.create_task(self._serve(head))
        self._tasks.add(self._task)
        self._task.add_done_callback(self._tasks.discard)

    def request_refused(self, error: ProtocolError) -> tuple[int, bytes]:
        """See ServerRole."""
        return error.status_hint, str(error).encode()

    def half_closed(self) -> None:
        """See ServerRole."""
        if self._conversation is not None:
            self._conversation.silent()

    @property
    def busy(self) -> bool:
        """See ServerRole."""
        return self._task is not None and not self._task.done()

    def lost(self, exc: BaseException | None) -> None:
        """See ServerRole. The application hears of it by http.disconnect."""
        self._links.discard(self._link)
        if self._conversation is not None:
            self._conversation.lost()

    async def _serve(self, head: RequestHead) -> None:
        link = self._link
        asks_for_socket = head.upgrade == "websocket" or head.protocol == "websocket"
        kind = "websocket" if asks_for_socket else "http"
        try:
            conversation = (WebSocketConversation if asks_for_socket else HttpConversation)(
                head, link
            )
            self._conversation = conversation
            scope = scope_of(head, link, kind, self._state)
            await self._app(scope, conversation.receive, conversation.send)
            if isinstance(conversation, WebSocketConversation):
                await conversation.end()
            if not conversation.begun:
                raise RuntimeError("the ASGI application returned without a response")
            if not conversation.complete and kind == "http":
                raise RuntimeError("the ASGI application returned before its response was complete")
        except ConnectionError:
            link.abort()
        except asyncio.CancelledError:
            link.abort()
            raise
        except UpgradeRefused as refusal:
            fields = CIMultiDict(refusal.headers)
            link.answer(head, refusal.status, "", "", fields, str(refusal).encode(), True)
        except Exception:
            # A server logs what an application raises, and goes on.
            logger.exception("Error in the ASGI application at %s %s", head.method, head.target)
            if self._conversation is None or not self._conversation.begun:
                text = b"Internal Server Error"
                link.answer(head, 500, "Internal Server Error", "text/plain", None, text, False)
            else:
                link.abort()
