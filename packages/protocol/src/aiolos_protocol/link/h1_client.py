"""The client's end of an HTTP/1.1 connection."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from multidict import CIMultiDict

from ..clock import NEVER, Clock
from ..errors import (
    ConnectionLost,
    LimitExceeded,
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    Unanswered,
)
from ..exchange import ClientRole
from ..http1.foreign import foreign
from ..http1.parser import parse_response
from ..http1.serializer import may_have_body, request_head, version_allows_chunks
from ..http1.state import (
    BEGIN,
    BODY,
    CLOSE,
    CLOSED,
    COMPLETE,
    DONE,
    HEAD,
    IDLE,
    SWITCH,
)
from ..limits import Limits
from ..message import HttpVersion11, RequestHead, ResponseHead
from ..streams import EMPTY, StreamReader, whole_reader
from ..transport import write_pieces
from .h1 import H1Link
from .h1_exchange import H1Exchange
from .h1_sending import JOIN, Framing
from .readiness import news_of

# RFC 9110 8.6: methods whose definition gives a body no meaning send no Content-Length: 0.
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE", "CONNECT"})


class H1ClientLink(H1Link):
    """Sends one request at a time and receives its response.

    `deadline` is the user's to set (the whole exchange, or reading); `on_deadline` is called
    when it has passed. `received` counts bytes. Bytes that come while nothing was asked end the
    connection: they answer nobody (a pooled connection must not serve them to the next request).
    """

    __slots__ = (
        "_answered",
        "_informational",
        "_lenient",
        "_line",
        "_low",
        "_most",
        "_news",
        "_role",
        "on_deadline",
        "received",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        role: ClientRole,
        lenient: bool = False,
    ) -> None:
        """`lenient` bears what careless servers send, as http1.parser.parse_response does, and the
        end of TLS without its alert as the end of a body (RFC 9112 9.8)."""
        H1Link.__init__(self, loop, clock, limits)
        self._role = role
        self._lenient = lenient
        self._take_bounds()
        self._informational = 0
        self._answered: asyncio.Future[ResponseHead] | None = None
        self._news: Callable[[], object] | None = None
        self.received = 0
        self.on_deadline: Callable[[], object] | None = None

    def is_reusable(self) -> bool:
        """True when the next request may be sent on this connection now."""
        return (
            self._receiving == IDLE
            and self._sending == IDLE
            and self.keep_alive
            and self.transport is not None
            and not self.transport.is_closing()
        )

    def is_quiet(self) -> bool:
        """See ClientLink."""
        if not self.is_reusable():
            return False
        news = self._news
        if news is None:
            news = self._news = news_of(self.get_extra_info("socket"))
        return not news()

    def expired(self) -> None:
        """The deadline has passed."""
        self.deadline = NEVER
        callback = self.on_deadline
        if callback is not None:
            callback()
        else:
            self.abort()

    def limit(self, limits: Limits) -> None:
        """The bounds that hold for the next responses."""
        if limits is not self._limits:
            self._limits = limits
            self._take_bounds()

    def _take_bounds(self) -> None:
        """What every response's reader is given is kept at hand."""
        self._low = self._limits.body_buffer // 2
        self._line = self._limits.body_line
        self._most = self._limits.body_size

    # Sending.

    def ask(self, head: RequestHead, body: bytes = b"") -> "H1ClientExchange":
        """Send a complete request in one write; the exchange awaits its response.

        Raises LocalProtocolError before anything is sent, ConnectionLost on a closed link.
        """
        length = len(body)
        data = head.wire
        if length or data is None:
            lines = ""
            if length or head.method not in _BODILESS:
                lines = f"Content-Length: {length}\r\n"
            data = self._head_bytes(head, lines)
        self._sent(COMPLETE)
        exchange = self._begin(head)
        if not length:
            self.transport.write(data)
        elif length < JOIN:
            self.transport.write(data + body)
        else:
            write_pieces(self.transport, (data, body))
        return exchange

    def ask_streaming(self, head: RequestHead) -> "H1ClientExchange":
        """Send a head whose body follows by write() and end(); chunked where `head.length` < 0."""
        if head.length >= 0:
            framing, lines = Framing.LENGTH, f"Content-Length: {head.length}\r\n"
        elif not version_allows_chunks(head.version):
            raise LocalProtocolError(
                "a body of unknown length needs HTTP/1.1 (RFC 9112 6.1): give its length, or bytes"
            )
        else:
            framing, lines = Framing.CHUNKED, "Transfer-Encoding: chunked\r\n"
        data = self._head_bytes(head, lines)
        self._sent(HEAD)
        self._start_body(int(framing), head.length)
        exchange = self._begin(head)
        self._push(data)
        return exchange

    def _head_bytes(self, head: RequestHead, lines: str) -> bytes:
        """`head` as it goes out; of a frozen one it is kept where it has no lines of framing."""
        fields: CIMultiDict[str] = head.fields
        if "Content-Length" in fields or "Transfer-Encoding" in fields:
            raise LocalProtocolError(
                "Content-Length and Transfer-Encoding are the connection's own; leave them out"
            )
        if "Host" not in fields:
            raise LocalProtocolError("a request needs Host (RFC 9112 3.2)")
        connection = fields.get("Connection")
        if connection is None:
            if not head.keep_alive:
                lines += "Connection: close\r\n"
            elif head.version is not HttpVersion11:
                lines += "Connection: keep-alive\r\n"
        elif "close" in connection.lower():
            head.keep_alive = False
        data = request_head(head.method, head.target, fields, lines, head.version)
        if head.frozen and not lines:
            head.wire = data
        return data

    def _begin(self, head: RequestHead) -> "H1ClientExchange":
        self._informational = 0
        self.received = 0
        if not head.keep_alive:
            self.keep_alive = False
        self._answered = self.loop.create_future()
        exchange = H1ClientExchange.__new__(H1ClientExchange)
        exchange._begin(self, head, self._answered)
        self._exchange = exchange
        return exchange

    # Receiving.

    def arrived(self, size: int) -> None:
        """See Filled."""
        self.received += size

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        self.received += len(data)
        H1Link.data_received(self, data)

    def _head_received(self) -> bool:
        if self._exchange is None or self._answered is None:
            self.fail(RemoteProtocolError("the server sent bytes that answer no request"))
            return False
        try:
            head = parse_response(self._buffer, self._at, self._limits, self._lenient)
            if head is None:
                if self._receiving == IDLE:
                    self._received(BEGIN)
                return False
            self._consume(head.size)
            if head.status < 200:
                return self._informed(head)
        except ProtocolError as error:
            told = foreign(self._buffer, self._at)
            self.fail(error if told is None else RemoteProtocolError(told))
            return False
        self._final(head)
        return True

    def _is_lenient(self) -> bool:
        return self._lenient

    def _informed(self, head: ResponseHead) -> bool:
        """A 1xx head: the last word only where it switches protocols (RFC 9110 15.2)."""
        if head.status == 101:
            if "Upgrade" not in self._exchange.head.fields:
                raise RemoteProtocolError("101 to a request without Upgrade (RFC 9110 15.2.2)")
            if head.version < HttpVersion11:
                raise RemoteProtocolError("101 in HTTP/1.0, which has no Upgrade (RFC 9110 15.2)")
            if head.upgrade is None:
                raise RemoteProtocolError("101 without Upgrade (RFC 9110 15.2.2)")
            self._received(SWITCH)
            self._deliver(head)
            return False
        self._informational += 1
        if self._informational > self._limits.informational:
            raise LimitExceeded("informational", self._limits.informational)
        informed = self._exchange.informed
        if informed is not None:
            try:
                informed(head)
            except Exception as error:
                # Whoever asked gets his own error; the server has nothing to do with it.
                self.fail(error)
                return False
        return True

    def _final(self, head: ResponseHead) -> None:
        exchange = self._exchange
        asked: RequestHead = exchange.head
        method = asked.method
        self.keep_alive = self.keep_alive and head.keep_alive
        if method == "CONNECT" and head.status < 300:
            # RFC 9110 9.3.6: a tunnel begins behind the head whatever its fields say.
            self._received(SWITCH)
            self._deliver(head)
            return
        if method == "HEAD" or not may_have_body(head.status) or head.length == 0:
            self._received(COMPLETE)
        elif 0 < head.length <= len(self._buffer) - self._at:
            # The body has come with its head: nothing is to be waited for, or to be counted.
            self._received(COMPLETE)
            exchange.body = whole_reader(
                self._taken(head.length), self._line, self._low, self._most
            )
        else:
            until_close = head.length < 0 and not head.chunked
            if until_close:
                self.keep_alive = False
            self._expect_body(head, until_close)
            exchange.body = self._body
            self._body.most = self._most
            if self._buffer:
                # Before the caller is woken: a short body is then read without suspending.
                self._body_received()
        self._deliver(head)
        if self._receiving == DONE:
            self._check_complete()

    def _deliver(self, head: ResponseHead) -> None:
        answered = self._answered
        self._answered = None
        if answered is not None:
            # Not asked before: one is done only where it was cancelled and nobody is awake yet.
            try:  # noqa: SIM105 - suppress() costs more than all of this
                answered.set_result(head)
            except asyncio.InvalidStateError:
                pass

    def _check_complete(self) -> None:
        # Not before the head is delivered: recycling forgets the exchange.
        if self._receiving == DONE and self._sending == DONE and self._answered is None:
            self._completed()

    def _body_failed(self, error: ProtocolError) -> None:
        self.abort()

    def fail(self, error: Exception) -> None:
        """The connection is of no further use; whoever waits, for head or body, gets `error`."""
        answered = self._answered
        self._answered = None
        self._forget()
        if self._receiving == BODY:
            self.stop_filling()
            self._body.set_exception(error)
        self._receiving = CLOSED
        if answered is not None and not answered.done():
            answered.set_exception(error)
        self.abort()

    def abort(self) -> None:
        """See ClientLink. Whoever reads the body is told so: its end would be taken for the body's
        where that ends with the connection."""
        body: StreamReader = self._body
        # Who is called at the end of a body may close at once: then there is nothing to be told.
        if self._receiving == BODY and self.transport is not None and not body.ended:
            self.stop_filling()
            told = f"the connection was closed on this side after {body.total_bytes} bytes"
            body.set_exception(ConnectionLost(told))
            self._received(CLOSE)
        H1Link.abort(self)

    def eof_received(self) -> bool:
        """asyncio.Protocol. The end of the connection may be the end of the body."""
        self.keep_alive = False
        if self._receiving == BODY:
            self._end_of_body(None)
            self._received(CLOSE)
        return False

    # Ends.

    def _completed(self) -> None:
        self.deadline = NEVER
        self.on_deadline = None
        if self._buffer:
            self.fail(RemoteProtocolError("the server sent bytes behind its response"))
        elif self.keep_alive and self.transport is not None:
            self._recycle()
            self._role.recycled(self)
        else:
            self.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        answered = self._answered
        self._answered = None
        if answered is not None and not answered.done():
            error: ConnectionLost
            if self._receiving == IDLE and not self._informational:
                error = Unanswered("the server closed the connection without an answer")
            else:
                error = ConnectionLost(
                    "the server closed the connection before the end of its response's head"
                )
            error.__cause__ = exc
            answered.set_exception(error)
        H1Link.connection_lost(self, exc)

    def _gone(self, exc: BaseException | None) -> None:
        self._role.lost(self, exc)


class H1ClientExchange(H1Exchange):
    """See ClientExchange; its deadline is the link's as long as it lasts."""

    __slots__ = ("answered", "informed")

    answered: "asyncio.Future[ResponseHead]"
    informed: "Callable[[ResponseHead], object] | None"

    def _begin(
        self, link: H1ClientLink, head: RequestHead, answered: "asyncio.Future[ResponseHead]"
    ) -> None:
        """`head` is out. Not __init__(), which compiled code would call as Python does."""
        self._link = link
        self.head = head
        self.body = EMPTY
        self.answered = answered
        self.informed = None

    def _running_link(self) -> "H1ClientLink | None":
        """The link, as long as it serves this exchange."""
        link: Any = self._link
        return link if link._exchange is self else None

    @property
    def deadline(self) -> float:
        """See ClientExchange."""
        link = self._running_link()
        return NEVER if link is None else link.deadline

    @deadline.setter
    def deadline(self, when: float) -> None:
        link = self._running_link()
        if link is not None:
            link.deadline = when

    @property
    def on_deadline(self) -> "Callable[[], object] | None":
        """See ClientExchange."""
        link = self._running_link()
        return None if link is None else link.on_deadline

    @on_deadline.setter
    def on_deadline(self, callback: "Callable[[], object] | None") -> None:
        link = self._running_link()
        if link is not None:
            link.on_deadline = callback

    @property
    def received(self) -> int:
        """See ClientExchange."""
        link: Any = self._link
        received: int = link.received
        return received

    def fail(self, error: Exception) -> None:
        """See ClientExchange."""
        if self._link._exchange is self:
            self._link.fail(error)

    def body_sent(self) -> bool:
        """See ClientExchange."""
        return self._link._exchange is not self or self._link._sending >= DONE

    def awaits_us(self) -> bool:
        """See ClientExchange."""
        if not self.body_sent():
            return True
        transport = self._link.transport
        if transport is None:
            return False
        # A body of bytes is written at once, and out when the transport has none of it left.
        return not transport.is_reading() or transport.get_write_buffer_size() > 0
