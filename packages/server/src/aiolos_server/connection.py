"""From exchange to handler to response: what the server does with one connection."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, Protocol

from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import ProtocolError
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import RequestHead

from . import failures, incidents
from .abc import AbstractApplication
from .announced import Stamp
from .core import ResponseCore
from .dispatch import Dispatcher
from .errors import HTTPException
from .idle import IdleConnections
from .owner import Owner
from .request import BaseRequest, Request
from .response import Response, StreamResponse
from .routing.match import expected


class Serving(Protocol):
    """The server, as a connection knows it."""

    app: AbstractApplication
    dispatcher: Dispatcher
    log_access: Callable[[BaseRequest, StreamResponse, float], None] | None
    logger: logging.Logger
    matches: "dict[str, Any]"
    has_prepare_hooks: bool
    handler_cancellation: bool
    client_max_size: int
    client_max_fields: int | None
    limits: Limits
    auto_compress: bool
    auto_decompress: bool
    debug: bool
    connections: "set[Connection]"
    max_connections: int | None
    background: "set[asyncio.Task[Any]]"
    clock: Clock
    server_header: str

    def admit(self, connection: "Connection") -> bool:
        """Know the connection; whether its requests are to be answered."""

    def forget(self, connection: "Connection") -> None:
        """The connection is gone."""


class Connection(Owner):
    """A server's role on one link (aiolos_protocol.exchange.ServerRole).

    Handlers run one at a time, in the order of their requests. When the peer goes away the
    handler goes on, unless the server was told `handler_cancellation`.
    """

    __slots__ = (
        "_at_end",
        "_auto_compress",
        "_begun",
        "_closing",
        "_dispatcher",
        "_ending",
        "_farewell",
        "_gone",
        "_half_closed",
        "_has_hooks",
        "_idle",
        "_is_simple",
        "_leaving",
        "_let_go",
        "_log_access",
        "_lost",
        "_matches",
        "_next",
        "_received",
        "_request",
        "_resolve",
        "_server",
        "_surplus",
        "_task",
        "client_max_size",
        "link",
        "requests",
    )

    def __init__(self, server: Serving, idle: IdleConnections | None = None) -> None:
        """`idle` is told when the link waits for its next request; None where the link tells."""
        self._server = server
        self._dispatcher = server.dispatcher
        self._matches = server.matches
        self._resolve = server.app.resolve
        self._log_access = server.log_access
        self._has_hooks = server.has_prepare_hooks
        self._auto_compress = server.auto_compress
        self._idle = idle
        self._is_simple = not (self._has_hooks or self._auto_compress)
        self.client_max_size = server.client_max_size
        self.link: Any = None
        self.requests = 0
        self._request: Any = None
        self._task: asyncio.Task[None] | None = None
        # What the running request wants to be told: that the server ends, that the peer is gone.
        self._farewell: Callable[[], None] | None = None
        self._leaving: Callable[[], None] | None = None
        # The response whose head the handler has sent itself, and the one being sent behind it.
        self._begun: Any = None
        self._ending: Any = None
        self._at_end: list[Callable[[], None]] | None = None
        self._gone: asyncio.Future[None] | None = None
        self._received = 0.0
        self._closing = False
        self._half_closed = False
        self._lost = False
        self._surplus = False
        # What has been received while the last request's handler goes on behind its response, and
        # how many handlers go on without their requests.
        self._next: Any = None
        self._let_go = 0

    # From the link.

    def connected(self, link: Any) -> None:
        """See ServerRole."""
        self.link = link
        self._surplus = not self._server.admit(self)

    def request_received(self, head: RequestHead) -> None:
        """See ServerRole."""
        if self._surplus and self._is_turned_away(head):
            return
        if self._request is not None:
            # The last one's response is out, but its handler goes on.
            self._next = head
            return
        self.requests += 1
        if self._log_access is not None:
            self._received = perf_counter()
        if self._idle is not None:
            self._idle.discard(self)
        found = None
        by_method = self._matches.get(head.target)
        if by_method is not None:
            found = by_method.get(head.method)
        if found is None:
            found = self._resolve(head)
        # Not Request(...): the call alone would cost as much as all of this.
        request: Any = Request.__new__(Request)
        request.head = head
        request._bearer = self
        request._body = request._content = None
        request._match_info = found
        self._request = request
        task = self._dispatcher.dispatch(self)
        if self._request is not None:
            self._task = task

    def _is_turned_away(self, head: RequestHead) -> bool:
        """Answer 503, unless the server has got room since this connection began."""
        server = self._server
        self._surplus = not server.admit(self)
        if self._surplus:
            self.exceeded("max_connections", server.max_connections or 0)
            whole: ResponseCore = incidents.turned_away()
            whole.send_whole(self.link, head, False)
            incidents.log_answer(server, BaseRequest(head, self), whole, 0.0)
        return self._surplus

    def request_refused(self, error: ProtocolError) -> tuple[int, bytes]:
        """See ServerRole."""
        incidents.log_refusal(self._server.logger, self.peer(), error)
        status, text = error.status_hint, incidents.refusal(error)
        if self._log_access is not None:
            head = self.link.refused_head()
            if head is not None:
                response = incidents.refused(status, text, keep_alive=False)
                response._sent_size = len(text)
                incidents.log_answer(self._server, BaseRequest(head, self), response, 0.0)
        return status, text.encode()

    def half_closed(self) -> None:
        """See ServerRole."""
        self._half_closed = True
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
        if self._leaving is not None:
            self._leaving()
        if self._task is None or not self._server.handler_cancellation:
            return
        if self._begun is None or not self._begun.is_over:
            self._task.cancel()

    def lost(self, exc: BaseException | None) -> None:
        """See ServerRole."""
        self._lost = True
        if self._idle is not None:
            self._idle.discard(self)
        self.half_closed()
        if self._request is None:
            self._server.forget(self)

    # The handler (owner.Owner).

    def started(self) -> "Awaitable[Any]":
        """See Owner: the handler's coroutine."""
        request: Any = self._request
        if request.head.expect:
            return expected(request)
        return request._match_info.chain(request)  # type: ignore[no-any-return]

    def finished(self, result: Any, error: "BaseException | None") -> "Awaitable[Any] | None":
        """See Owner: a whole response is sent at once, any other by a coroutine."""
        if self._let_go and self._was_let_go(error):
            return None
        response = self._ending
        if response is not None:
            if isinstance(error, Exception) and not response.prepared:
                self._send_whole(self._failed(error))
                return None
            self._end(response, error)
            if error is None and response.keep_alive is False and self.link.idle_time() >= 0:
                # force_close() came behind the head.
                self.link.close()
            return None
        if type(result) is Response and self._begun is None and self._is_simple:
            whole: ResponseCore = result
            if whole._exchange is None and not (whole._ended or whole._special):
                self._send_whole(whole)
                return None
        response = self._response_of(result, error)
        if response is None:
            self._end(None, error)
            return None
        if self._auto_compress and not response.prepared:
            response.auto_compress(self._request)
        if response.prepared:
            if response is not self._begun:
                response = self._failed(incidents.reused(self._request))
        elif not (self._has_hooks or response._special) and response.is_at_hand(self._request):
            self._send_whole(response)
            return None
        self._ending = response
        return response._send(self._request)  # type: ignore[no-any-return]

    def watching(self) -> "Callable[[float], None]":
        """See Owner: a line that says which handler it is."""
        return incidents.watching(self._server.logger, self._request)

    def _response_of(self, result: Any, error: "BaseException | None") -> Any:
        """The response to send for what the handler did; None where there can be none."""
        begun = self._begun
        if begun is not None and begun.prepared and result is not begun:
            if error is None and begun.is_over:
                # The peer has all of it.
                return begun
            # Part of a response is out; the peer must see that the rest is missing.
            if error is None:
                incidents.log_other(self._server.logger, self.peer(), self._request, begun, result)
            return None
        if error is None:
            if isinstance(result, StreamResponse):
                return result
            error = incidents.no_response(self._request, result)
        if isinstance(error, HTTPException):
            request: Any = self._request
            if self._server.debug and error is request.match_info.http_exception:
                return failures.page(self._server, request, error, error.status, error.headers)
            return error
        return self._failed(error) if isinstance(error, Exception) else None

    def _send_whole(self, response: Any) -> None:
        whole: ResponseCore = response if isinstance(response, ResponseCore) else response.plain()
        if not self._lost:
            if whole._cookies:
                response.add_cookies()
            head = self._request.head
            try:
                whole.send_whole(self.link, head, not self._closing)
            except Exception as exc:
                # A header that may not go on the wire: nothing of the response is out.
                whole = self._failed(exc).plain()
                whole.send_whole(self.link, head, not self._closing)
        self._end(whole, None)

    def _end(self, response: Any, error: "BaseException | None") -> None:
        """The request has been answered, or never will be (`response` None)."""
        request = self._request
        begun = self._begun
        self._request = self._task = self._begun = self._ending = None
        self._farewell = self._leaving = None
        if self._at_end is not None:
            at_end, self._at_end = self._at_end, None
            for callback in at_end:
                callback()
        link = self.link
        if self._next is not None:
            # Not here: a Task is being stepped.
            link.loop.call_soon(self._resume)
        if self._lost:
            self._server.forget(self)
        if response is None or error is not None:
            if isinstance(error, asyncio.CancelledError):
                task = asyncio.current_task(self.link.loop)
                incidents.log_cancelled(self._server.logger, self.peer(), request, error, task)
            elif isinstance(error, Exception) and not isinstance(error, ConnectionError):
                incidents.log_cut_short(self._server.logger, self.peer(), request, error, begun)
            if begun is None or not (error is None or isinstance(error, Exception)):
                link.abort()
            elif not begun._break_off():
                # The peer gets what was written: a connection that ends without a byte of an
                # answer looks as if it had never asked, and many ask again (RFC 9110 9.2.2).
                link.flush()
                # Not in this turn, in which some loops' transports hand nothing to the kernel yet.
                link.loop.call_soon(link.abort)
            return
        if self._idle is not None and not self._lost and link.idle_time() >= 0:
            self._idle.add(self)
        if self._log_access is not None:
            incidents.log_answer(self._server, request, response, perf_counter() - self._received)

    def _resume(self) -> None:
        head, self._next = self._next, None
        if not self._lost:
            self.request_received(head)

    def _was_let_go(self, error: "BaseException | None") -> bool:
        """Whether what has ended is a handler whose request has ended before."""
        task = asyncio.current_task(self.link.loop)
        if task not in self._server.background:
            return False
        self._server.background.discard(task)
        self._let_go -= 1
        if isinstance(error, Exception):
            self._server.logger.error(
                "Error in a handler behind its response to %s", self.peer(), exc_info=error
            )
        return True

    def _failed(self, error: Exception) -> Response:
        return failures.answer(self._server, self._request, error, self.peer(), is_lost=self._lost)

    # For the request.

    async def preparing(self, request: Any, response: StreamResponse) -> None:
        """Run the application's on_response_prepare."""
        response.stamp = self.stamp
        if self._has_hooks:
            await response.announce(request)
            for app in request.match_info.apps:
                await app.on_response_prepare.send(request, response)
            response.heed()
        if self._auto_compress:
            response.auto_compress(request)
        if self._closing:
            response.force_close()
        self._begun = response

    def stand_in(self, old: BaseRequest, new: BaseRequest) -> None:
        """Where `old` is the current request, `new` is from now on: made of the same head."""
        if self._request is old:
            self._request = new

    def let_go(self, response: StreamResponse, task: "asyncio.Task[Any]") -> None:
        """End the current request before its handler, which runs in `task`, has ended.

        `response` is complete, or is a Response that is sent now, by one write.
        """
        self._server.background.add(task)
        self._let_go += 1
        if response.prepared:
            self._end(response, None)
        else:
            self._send_whole(response)

    @property
    def limits(self) -> Limits:
        """The bounds in force."""
        return self._server.limits

    @property
    def stamp(self) -> Stamp:
        """What the link adds to heads; nothing where another server does that."""
        if self.link.transport is None:
            return "", b""
        return self._server.server_header, self._server.clock.date

    @property
    def client_max_fields(self) -> int | None:
        """The bound on the fields of a form; 0 for none, None for that of `limits`."""
        return self._server.client_max_fields

    @property
    def auto_decompress(self) -> bool:
        """Whether the content codings of bodies are undone."""
        return self._server.auto_decompress

    @property
    def response_begun(self) -> bool:
        """Whether the current request's response has a head out."""
        return self._begun is not None and self._begun.prepared

    def exceeded(self, limit: str, value: float) -> None:
        """Log that the current request is refused for a limit of the server's."""
        incidents.log_limit(self._server.logger, self.peer(), limit, value)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call `callback()` when the current request has ended."""
        if self._at_end is None:
            self._at_end = []
        self._at_end.append(callback)

    def on_farewell(self, farewell: Callable[[], None] | None) -> None:
        """Call `farewell()` at shutdown while the current request lasts; now where it has begun."""
        self._farewell = farewell
        if self._closing and farewell is not None:
            farewell()

    def on_disconnect(self, callback: Callable[[], None] | None) -> None:
        """Call `callback()` when the peer goes away while the current request lasts."""
        self._leaving = callback
        if self._lost and callback is not None:
            callback()

    async def disconnected(self) -> None:
        """Wait until the peer is gone, or at least sends no more."""
        if self._lost:
            return
        if self._gone is None:
            self._gone = self.link.loop.create_future()
        await asyncio.shield(self._gone)

    def peer(self) -> str:
        """The peer's address for messages."""
        peername = self.link.get_extra_info("peername") if self.link else None
        return f"{peername[0]}:{peername[1]}" if isinstance(peername, tuple) else "a local peer"

    # As aiohttp's RequestHandler, by way of request.protocol.

    @property
    def transport(self) -> Any:
        """The connection's transport; None once the peer is gone, or sends no more."""
        return None if self._half_closed else self.link.transport

    @property
    def peername(self) -> Any:
        """The peer's address, as the socket gives it; None where there is none."""
        return self.link.get_extra_info("peername")

    @property
    def ssl_context(self) -> Any:
        """The TLS context; None for plain connections."""
        return self.link.get_extra_info("sslcontext")

    def force_close(self) -> None:
        """Drop the connection now; the handler goes on without a peer."""
        self.link.abort()

    # At shutdown.

    @property
    def busy(self) -> bool:
        """Whether a request is being handled."""
        return self._request is not None

    @property
    def arriving(self) -> bool:
        """Whether no request is handled, but a part of one is here."""
        return self._request is None and self.link.is_arriving()

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
        elif self.arriving:
            self._server.logger.info(
                "%s had sent no whole request when the server ended", self.peer()
            )
        self.link.abort()

    def name_stubborn(self) -> None:
        """Log whose handler goes on although it was cancelled."""
        if self._request is not None:
            incidents.log_stubborn(self._server.logger, self._request)
