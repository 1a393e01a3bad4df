"""From exchange to handler to response: what the server does with one connection."""

import asyncio
import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol

from aiolos_protocol.errors import (
    LimitExceeded,
    LocalProtocolError,
    ProtocolError,
    UnexpectedTLS,
)
from aiolos_protocol.message import RequestHead

from .abc import AbstractApplication
from .dispatch import Dispatcher
from .errors import HTTPException, HTTPInternalServerError
from .request import Request
from .response import REASONS, Response, StreamResponse


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
        "_begun",
        "_closing",
        "_dispatcher",
        "_farewell",
        "_gone",
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
        self._begun: StreamResponse | None = None
        self._gone: asyncio.Future[None] | None = None
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
        self._log_refusal(error)
        return error.status_hint, _refusal(error).encode()

    def half_closed(self) -> None:
        """See ServerRole."""
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
        if self._task is not None and self._server.handler_cancellation:
            self._task.cancel()

    def lost(self, exc: BaseException | None) -> None:
        """See ServerRole."""
        self.half_closed()
        if self._request is None:
            self._server.forget(self)

    # The handler.

    async def _serve(self, request: Request) -> StreamResponse:
        """The response of the handler, sent already unless it can be sent whole."""
        response: StreamResponse
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
            if response is not self._begun:
                self._check_unsent(match_info, response)
        except Exception as exc:
            if self._begun is not None and self._begun.prepared:
                # Part of a response is out; the peer must see that the rest is missing.
                raise
            response = exc if isinstance(exc, HTTPException) else self._failed(request, exc)
        if (
            self._server.has_prepare_hooks
            or response.prepared
            or not isinstance(response, Response)
        ):
            await response._send(request)
        return response

    def _check_unsent(self, match_info: Any, response: StreamResponse) -> None:
        """`response`, which this request has not prepared, must be as good as new."""
        if response.prepared:
            raise RuntimeError(
                f"{_name(match_info)} returned a response that has been sent before; a response "
                "answers one request: make a new one for each"
            )
        if self._begun is not None and self._begun.prepared:
            raise RuntimeError(
                f"{_name(match_info)} prepared {self._begun!r} and then returned {response!r}; "
                "return the one that was prepared"
            )

    def finished(self, result: Any, error: BaseException | None) -> None:
        """The handler's end (dispatch.Owner)."""
        self._task = None
        request, self._request = self._request, None
        self._farewell = None
        self._begun = None
        link = self.link
        if link.transport is None:
            self._server.forget(self)
        if error is not None or request is None:
            self._broken(request, error)
            return
        if not result.prepared:
            if link.transport is None:
                return
            try:
                result._send_whole(link, request.head, not self._closing)
            except Exception as exc:
                # A header that may not go on the wire: nothing of the response is out.
                result = self._failed(request, exc)
                result._send_whole(link, request.head, False)
        elif not result.keep_alive:
            link.close()
        if self._log_access is not None:
            try:
                self._log_access(request, result, perf_counter() - self._started)
            except Exception:
                # The response is out; an access logger of the user's own must not end the rest.
                self._server.logger.exception("Error in the access logger")

    def _failed(self, request: Request, exc: Exception) -> Response:
        """The answer to what a handler raised; what is not the peer's fault is logged."""
        if exc is request.malformed:
            return _answer(400, "400: the body is not what it should be\n", keep_alive=True)
        if isinstance(exc, ProtocolError) and not isinstance(exc, LocalProtocolError):
            self._log_refusal(exc)
            return _answer(exc.status_hint, _refusal(exc), keep_alive=False)
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
            self._server.logger.error(
                "Error handling request %r from %s; its response is cut short",
                request,
                self.peer(),
                exc_info=error,
            )
        self.link.abort()

    def _log_refusal(self, error: ProtocolError) -> None:
        """Malformed requests are everyday noise; what the operator can mend is a warning."""
        logger = self._server.logger
        if isinstance(error, UnexpectedTLS):
            logger.warning(
                "%s spoke TLS to a port that serves plain HTTP; use http:// there, or give "
                "ssl_context to serve https",
                self.peer(),
            )
        elif isinstance(error, LimitExceeded):
            logger.warning("refused a request from %s: %s", self.peer(), error)
        else:
            logger.debug("refused a request from %s: %s", self.peer(), error)

    # For the request.

    async def preparing(self, request: Any, response: StreamResponse) -> None:
        """Run the application's on_response_prepare."""
        if self._server.has_prepare_hooks:
            await request.match_info.apps[-1].on_response_prepare.send(request, response)
        if self._closing:
            response.force_close()
        self._begun = response

    def on_farewell(self, farewell: Callable[[], None] | None) -> None:
        """Call `farewell()` at shutdown while the current request lasts."""
        self._farewell = farewell

    async def disconnected(self) -> None:
        """Wait until the peer is gone, or at least sends no more."""
        if self.link.transport is None:
            return
        if self._gone is None:
            self._gone = self.link.loop.create_future()
        await asyncio.shield(self._gone)

    def peer(self) -> str:
        """The peer's address for messages."""
        peername = self.link.get_extra_info("peername") if self.link else None
        return f"{peername[0]}:{peername[1]}" if isinstance(peername, tuple) else "a local peer"

    # At shutdown.

    @property
    def busy(self) -> bool:
        """Whether a request is being handled."""
        return self._request is not None

    def go_away(self) -> None:
        """The next answer is the last one; whoever asked for it is told."""
        self._closing = True
        if self._farewell is not None:
            self._farewell()

    def close_idle(self, seconds: float) -> None:
        """Close now if nothing has been asked for so long."""
        if self._request is None and self.link.idle_time() >= seconds:
            self.link.close()

    def cut(self) -> None:
        """End at once: cancel the handler, drop the connection."""
        if self._task is not None:
            self._task.cancel()
        self.link.abort()


_SORRY = "500 Internal Server Error\n\nServer got itself in trouble\n"


def _refusal(error: ProtocolError) -> str:
    """What the peer is told: the rule that it broke, but no bound of ours."""
    status = error.status_hint
    if isinstance(error, LimitExceeded):
        return f"{status}: {REASONS.get(status, 'Bad Request')}\n"
    return f"{status}: {error.message}\n"


def _answer(status: int, text: str, keep_alive: bool) -> Response:
    response = Response(text=text, status=status)
    if not keep_alive:
        response.force_close()
    return response


def _name(match_info: Any) -> str:
    handler = getattr(match_info.route, "handler", match_info.handler)
    return f"the handler {getattr(handler, '__qualname__', handler)!s}"
