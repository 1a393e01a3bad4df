"""From exchange to handler to response: what the server does with one connection."""

import asyncio
import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol

from aiolos_protocol.errors import LocalProtocolError, ProtocolError
from aiolos_protocol.message import RequestHead

from .abc import AbstractApplication
from .dispatch import Dispatcher
from .errors import HTTPException, HTTPInternalServerError
from .request import Request
from .response import Response, StreamResponse


class Serving(Protocol):
    """The server, as a connection knows it."""

    app: AbstractApplication
    dispatcher: Dispatcher
    log_access: Callable[[Request, StreamResponse, float], None] | None
    logger: logging.Logger
    has_prepare_hooks: bool
    handler_cancellation: bool
    client_max_size: int
    connections: "set[Connection]"

    def forget(self, connection: "Connection") -> None:
        """The connection is gone."""


class Connection:
    """A server's role on one link (aiolos_protocol.exchange.ServerRole).

    Handlers run one at a time, in the order of their requests. When the peer goes away the
    handler goes on, unless the server was told `handler_cancellation`.
    """

    __slots__ = (
        "_closing",
        "_dispatcher",
        "_farewell",
        "_log_access",
        "_request",
        "_resolve",
        "_server",
        "_started",
        "_task",
        "client_max_size",
        "link",
    )

    def __init__(self, server: Serving) -> None:
        self._server = server
        self._dispatcher = server.dispatcher
        self._resolve = server.app.resolve
        self._log_access = server.log_access
        self.client_max_size: int = server.client_max_size
        self.link: Any = None
        self._request: Request | None = None
        self._task: asyncio.Task[None] | None = None
        self._farewell: Callable[[], None] | None = None
        self._started = 0.0
        self._closing = False

    # From the link.

    def connected(self, link: Any) -> None:
        """See ServerRole."""
        self.link = link
        self._server.connections.add(self)

    def request_received(self, head: RequestHead) -> None:
        """See ServerRole."""
        if self._log_access is not None:
            self._started = perf_counter()
        request = self._request = Request(head, self, self._resolve(head))
        self._task = self._dispatcher.dispatch(self._serve(request), self)

    def request_refused(self, error: ProtocolError) -> tuple[int, bytes]:
        """See ServerRole."""
        self._server.logger.debug("refused a request from %s: %s", self.peer(), error)
        status = error.status_hint
        return status, f"{status}: {error.message}\n".encode()

    def lost(self, exc: BaseException | None) -> None:
        """See ServerRole."""
        self._server.forget(self)
        if self._task is not None and self._server.handler_cancellation:
            self._task.cancel()

    # The handler.

    async def _serve(self, request: Request) -> StreamResponse:
        """The response of the handler, sent already unless it can be sent whole."""
        try:
            match_info = request.match_info
            if request.head.expect:
                await match_info.expect_handler(request)
            response = await match_info.handler(request)
            if not isinstance(response, StreamResponse):
                raise TypeError(
                    f"{_name(match_info)} must return a web.Response or another StreamResponse, "
                    f"not {response!r:.200}"
                )
        except HTTPException as exc:
            response = exc
        except ProtocolError as exc:
            if isinstance(exc, LocalProtocolError):
                response = self._failed(request, exc)
            else:
                response = _plain(exc.status_hint, exc.message)
        except Exception as exc:
            response = self._failed(request, exc)
        if (
            self._server.has_prepare_hooks
            or not isinstance(response, Response)
            or (response.prepared)
        ):
            await response._send(request)
        return response

    def finished(self, result: Any, error: BaseException | None) -> None:
        """The handler's end (dispatch.Owner)."""
        self._task = None
        request, self._request = self._request, None
        self._farewell = None
        if error is not None or request is None:
            self._broken(request, error)
            return
        link = self.link
        if not result.prepared:
            if link.transport is None:
                return
            try:
                result._send_whole(link, request.head, not self._closing)
            except ProtocolError as exc:
                result = self._failed(request, exc)
                result._send_whole(link, request.head, False)
        elif not result.keep_alive:
            link.close()
        if self._log_access is not None:
            self._log_access(request, result, perf_counter() - self._started)

    def _failed(self, request: Request, exc: Exception) -> Response:
        """Log what a handler raised; the answer to give, which says nothing of it."""
        if self.link.transport is None and isinstance(exc, ConnectionError):
            self._server.logger.debug("%s went away during %r", self.peer(), request)
        else:
            self._server.logger.error(
                "Error handling request %s %s from %s",
                request.method,
                request.path_qs,
                self.peer(),
                exc_info=exc,
            )
        return HTTPInternalServerError(text=_SORRY)

    def _broken(self, request: Request | None, error: BaseException | None) -> None:
        """The exchange cannot be completed."""
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self._server.logger.error("Error sending the response to %r", request, exc_info=error)
        self.link.abort()

    # For the request.

    async def preparing(self, request: Any, response: StreamResponse) -> None:
        """Run the application's on_response_prepare."""
        if self._server.has_prepare_hooks:
            await request.match_info.apps[-1].on_response_prepare.send(request, response)
        if self._closing:
            response.force_close()

    def on_farewell(self, farewell: Callable[[], None] | None) -> None:
        """Call `farewell()` at shutdown while the current request lasts."""
        self._farewell = farewell

    def peer(self) -> str:
        """The peer's address for messages."""
        peername = self.link.get_extra_info("peername") if self.link else None
        return f"{peername[0]}:{peername[1]}" if isinstance(peername, tuple) else "a local peer"

    # At shutdown.

    def go_away(self) -> None:
        """Take no further request; close now if there is none."""
        self._closing = True
        if self._farewell is not None:
            self._farewell()
        elif self._request is None:
            self.link.close()

    def cut(self) -> None:
        """End at once: cancel the handler, drop the connection."""
        if self._task is not None:
            self._task.cancel()
        self.link.abort()


_SORRY = "500 Internal Server Error\n\nServer got itself in trouble\n"


def _plain(status: int, message: str) -> Response:
    response = Response(text=f"{status}: {message}\n", status=status)
    response.force_close()
    return response


def _name(match_info: Any) -> str:
    handler = getattr(match_info.route, "handler", match_info.handler)
    return f"the handler {getattr(handler, '__qualname__', handler)!s}"
