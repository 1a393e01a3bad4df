"""The server's end of an HTTP/1.1 connection."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from multidict import CIMultiDict

from ..clock import NEVER, Clock
from ..errors import (
    ConnectionLost,
    LocalProtocolError,
    ProtocolError,
    UnexpectedTLS,
)
from ..exchange import ServerRole
from ..http1.legible import legible
from ..http1.parser import parse_request
from ..http1.reasons import reason_of
from ..http1.serializer import (
    CONTINUE,
    may_have_body,
    response_head,
    response_prefix,
    whole_head,
)
from ..http1.state import (
    BEGIN,
    BEGUN,
    BODY,
    CLOSE,
    CLOSED,
    COMPLETE,
    DONE,
    HEAD,
    IDLE,
    ROWS,
    SWITCH,
    refused,
)
from ..limits import Limits
from ..message import HttpVersion11, RequestHead, ResponseHead
from ..streams import whole_reader
from ..transport import write_pieces
from ..upgrade import Handover
from .answers import (
    check_end,
    check_informational,
    fields_of_answer,
    fields_of_head,
    no_longer_read,
    opens_tunnel,
    take_connection,
    tells_length,
)
from .discard import Discard
from .h1_exchange import H1Exchange
from .h1_pace import H1PacedLink
from .h1_sending import JOIN, Framing

# How long a refused peer may go on sending before the connection is cut, in seconds.
LINGER: Final = 2.0

# The first byte of a TLS record that holds a handshake (RFC 8446 5.1).
TLS_HANDSHAKE: Final = 0x16

# What no HTTP/1.1 parser takes, and every HTTP/2 client sends first (RFC 9113 3.4).
PREFACE: Final = b"PRI * HTTP/2.0\r\n"


class H1ServerLink(H1PacedLink):
    """Receives requests, one at a time; the next is not even parsed before this one's answer.

    `server` is the text of the Server field; where that, or a response's own, is empty, none is
    sent, and so is no Date where a response's own is. The times are H1PacedLink's. `http2` is given
    the hand-over where the peer speaks HTTP/2 from the start, by ALPN or by its preface (RFC 9113
    3.2, 3.3); None refuses that.
    """

    __slots__ = ("_half_closed", "_http2", "_role", "_server")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        role: ServerRole,
        server: str,
        head_timeout: float = 30.0,
        keepalive_timeout: float = 75.0,
        body_timeout: float = 30.0,
        http2: "Callable[[Handover], None] | None" = None,
    ) -> None:
        H1PacedLink.__init__(
            self, loop, clock, limits, head_timeout, keepalive_timeout, body_timeout
        )
        self._http2 = http2
        self._role: ServerRole = role
        self._server = server
        self._half_closed = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        H1PacedLink.connection_made(self, transport)
        self._role.connected(self)
        if self._http2 is not None:
            tls = transport.get_extra_info("ssl_object")
            if tls is not None and tls.selected_alpn_protocol() == "h2":
                self._leave_for_http2()

    def eof_received(self) -> bool:
        """asyncio.Protocol. A peer that only half-closes still gets the answers it waits for."""
        self._half_closed = True
        if not self._buffer:
            self.keep_alive = False
        waiting = self._is_running()
        if waiting:
            self._role.half_closed()
        if self._receiving != IDLE or not self._buffer:
            self._nothing_follows()
        # TLS cannot be half-closed: there the transport closes whatever is returned.
        waiting = waiting or bool(self._buffer)
        return waiting and self.get_extra_info("ssl_object") is None

    # Receiving.

    def _leave_for_http2(self) -> None:
        successor = self._http2
        self._http2 = None
        if successor is not None:
            self._received(SWITCH)
            self._sent(SWITCH)
            successor(self.take_over())

    def _resume(self) -> None:
        H1PacedLink._resume(self)
        if self._half_closed and (self._receiving != IDLE or not self._buffer):
            self._nothing_follows()

    def _head_received(self) -> bool:
        if self._write_paused and self._receiving == IDLE:
            # Answers that the peer asks for and does not take would pile up in our memory.
            self._bound()
            return False
        data = self._buffer
        at = self._at
        try:
            head = parse_request(data, at, self._limits)
        except ProtocolError as error:
            if self._http2 is not None and data.startswith(PREFACE):
                self._leave_for_http2()
            else:
                self._refuse(UnexpectedTLS() if data[at] == TLS_HANDSHAKE else error)
            return False
        if head is None:
            if self._receiving == IDLE:
                self._received(BEGIN)
                self.deadline = self._clock.now + self._head_timeout
            return False
        # Only a connection's first bytes may speak another version.
        self._http2 = None
        self._consume(head.size)
        self.deadline = NEVER
        # Who waits for no further request says so, or the peer sends it into what is closed.
        self.keep_alive = head.keep_alive and self._keepalive_timeout > 0.0
        if 0 < head.length <= len(self._buffer) - self._at:
            # The body has come with its head: nothing is to be waited for, or to be counted.
            self._receiving = ROWS[self._receiving][COMPLETE]
            self._body = whole_reader(self._taken(head.length), self._limits.body_line)
        elif head.length > 0 or head.chunked:
            self._awaits_continue = head.expect
            self._expect_body(head, False)
            if self._buffer:
                # Before the role: a handler whose body is here already need not suspend.
                self._body_received()
                if self._receiving == CLOSED:
                    # No handler knows of the request yet.
                    self._head = head
                    self._refuse(self._body.exception())
                    return False
            if self._receiving == BODY:
                self._await_body()
        else:
            self._receiving = ROWS[self._receiving][COMPLETE]
        if self._half_closed and not self._buffer:
            self.keep_alive = False
        self._head = head
        self._role.request_received(head)
        return True

    def _nothing_follows(self) -> None:
        """All that a half-closed peer has sent is worked through as far as can be."""
        if self._receiving == BODY:
            self._end_of_body(None)
            self._received(CLOSE)
        elif self._receiving <= BEGUN:
            self.close()

    def _body_failed(self, error: ProtocolError) -> None:
        if self._sending == DONE:
            self._linger()

    def _refuse(self, error: ProtocolError) -> None:
        """Answer what is no request, then let the peer read it: see RFC 9112 9.6."""
        status, body = self._role.request_refused(error)
        self._head = None
        self._forget()
        self._receiving = CLOSED
        self._sent(COMPLETE)
        self.keep_alive = False
        transport = self.transport
        if transport is None:
            return
        prefix = response_prefix(
            status, reason_of(status), "text/plain; charset=utf-8", self._server, False
        )
        transport.write(b"%b%d\r\n%b\r\n%b" % (prefix, len(body), self._clock.date, body))
        self._sent(CLOSE)
        self._linger()

    def refused_head(self) -> RequestHead | None:
        """See ServerLink."""
        if self.transport is None or self.transport.is_closing():
            return None
        head: RequestHead | None = self._head
        if head is not None:
            return head
        data = self._buffer[self._at :]
        return legible(data if self._later is None else data + self._later)

    def _cut_off(self, error: ProtocolError) -> None:
        self.abort()
        # Whoever does not read cannot be answered; but the role keeps the log.
        self._role.request_refused(error)

    def _linger(self) -> None:
        """Closing at once would reset the connection and could destroy the answer in flight."""
        self._head = None
        transport = self.transport
        if transport is None:
            return
        self._flush()
        if transport.can_write_eof() and not self._half_closed:
            try:
                transport.write_eof()
            except OSError:
                # The peer has broken the connection while we did not read.
                self.abort()
                return
            wait = self._body_timeout if self._write_paused else LINGER
            self.deadline = self._clock.now + wait
            self.resume_reading()
        else:
            self.close()

    # Sending.

    def exchange(self, head: RequestHead) -> "H1ServerExchange":
        """See ServerLink.exchange."""
        self._check(head)
        exchange: H1ServerExchange | None = self._exchange
        if exchange is None:
            exchange = self._exchange = H1ServerExchange(self, head, self._body)
        return exchange

    def _check(self, head: RequestHead) -> None:
        if head is not self._head:
            if self.transport is None:
                raise ConnectionLost("the connection is closed")
            raise LocalProtocolError(f"the exchange of {head!r} has ended")

    def answer(
        self,
        head: RequestHead,
        status: int,
        reason: str,
        content_type: str,
        headers: "CIMultiDict[str] | None",
        body: bytes,
        keep_alive: bool,
    ) -> None:
        """See ServerLink.answer."""
        if head is not self._head:
            self._check(head)
        if status < 200 or head.method == "CONNECT":
            check_end(head, status)
        if not keep_alive or (self._awaits_continue and self._is_ambiguous()):
            self.keep_alive = False
        size = len(body)
        # See may_have_body().
        bodiless = head.method == "HEAD" or status == 204 or status == 304
        if headers is None and head.version is HttpVersion11 and not bodiless:
            start = whole_head(
                status,
                reason,
                content_type,
                self._server,
                self.keep_alive,
                size,
                self._clock.last_lines,
            )
        else:
            start = self._composed(head, status, reason, content_type, headers, size)
        sending = ROWS[self._sending][COMPLETE]
        if sending < 0:
            self._sent(COMPLETE)
        self._sending = sending
        if bodiless:
            self.transport.write(start)
        elif size < JOIN:
            self.transport.write(start + body)
        else:
            write_pieces(self.transport, [start, body])
        if self._receiving == DONE:
            self._completed()
        else:
            self._discard_body()

    def _composed(
        self,
        head: RequestHead,
        status: int,
        reason: str,
        content_type: str,
        headers: "CIMultiDict[str] | None",
        length: int,
    ) -> bytes:
        fields = fields_of_answer(head, status, content_type, headers)
        framing = ""
        # RFC 9110 8.6: without a body to it nobody knows what GET would get.
        known = length > 0 or head.method != "HEAD"
        if known and may_have_body(status) and "Content-Length" not in fields:
            framing = f"Content-Length: {length}\r\n"
        return self._head_bytes(head, status, reason, fields, framing)

    def _head_bytes(
        self,
        head: RequestHead,
        status: int,
        reason: str,
        fields: "CIMultiDict[str]",
        framing: str,
    ) -> bytes:
        """The head with the fields that are the connection's own; `fields` is changed."""
        if "Transfer-Encoding" in fields:
            raise LocalProtocolError(
                "Transfer-Encoding is the connection's own; leave it out (RFC 9112 6.1)"
            )
        if status != 101:
            connection = take_connection(fields)
            if "close" in connection:
                self.keep_alive = False
            if "upgrade" in connection and "Upgrade" in fields:
                # RFC 9110 7.8: an offer, which no intermediary may pass on.
                framing += "Connection: Upgrade\r\n"
            if not self.keep_alive:
                framing += "Connection: close\r\n"
            elif head.version is not HttpVersion11:
                framing += "Connection: keep-alive\r\n"
        if "Server" not in fields:
            if self._server:
                fields["Server"] = self._server
        elif not fields["Server"]:
            del fields["Server"]
        date = self._clock.date
        if "Date" in fields:
            date = b""
            if not fields["Date"]:
                del fields["Date"]
        return response_head(status, reason, fields, framing, date)

    def _send_head(self, response: ResponseHead) -> None:
        head: RequestHead = self._head
        status = response.status
        if 100 <= status < 200 and status != 101:
            self._inform(response)
            return
        length = response.length
        fields = fields_of_head(response)
        leaves = status == 101 or opens_tunnel(head, status)
        if leaves:
            self._check_leaving(status)
        framing = Framing.NONE
        lines = ""
        # RFC 9110 9.3.6: no framing in a 2xx to CONNECT, for no body follows.
        if may_have_body(status) and not leaves:
            if length >= 0:
                framing = Framing.LENGTH
                if tells_length(head, response):
                    lines = f"Content-Length: {length}\r\n"
            elif head.version is HttpVersion11:
                framing = Framing.CHUNKED
                lines = "Transfer-Encoding: chunked\r\n"
            else:
                framing = Framing.UNTIL_CLOSE
                self.keep_alive = False
            if head.method == "HEAD":
                framing = Framing.NONE
        if not response.keep_alive or self._is_ambiguous():
            self.keep_alive = False
        data = self._head_bytes(head, status, response.reason, fields, lines)
        if leaves:
            self._sent(SWITCH)
            self._push(data)
            self._flush()
            return
        self._sent(HEAD)
        self._start_body(int(framing), length)
        self._push(data)

    def _inform(self, response: ResponseHead) -> None:
        """Send a 1xx head (RFC 9110 15.2) where the peer can understand it and still needs it."""
        status = response.status
        if self._sending != IDLE:
            raise refused(self._sending, HEAD, "sending")
        if self._head.version is not HttpVersion11 or (status == 100 and self._receiving != BODY):
            return
        check_informational(response)
        fields = response.fields
        data = CONTINUE
        if status != 100 or fields:
            data = response_head(status, response.reason, fields, "", b"")
        self._push(data)
        self._flush()
        if status == 100:
            self._awaits_continue = False
            self._await_body()

    def _check_leaving(self, status: int) -> None:
        """Raise unless the peer has asked to leave HTTP, has said all that it has to say, and is
        there still."""
        if self.transport is None:
            raise ConnectionLost("the connection was lost before it could leave HTTP")
        head = self._head
        if status == 101 and head.upgrade is None:
            raise LocalProtocolError(
                "101 answers a request of HTTP/1.1 with Upgrade only (RFC 9110 7.8, 15.2.2)"
            )
        if self._receiving != DONE:
            raise LocalProtocolError(
                f"{status} cannot be sent before the request's body is here (RFC 9110 7.8)"
            )

    def take_over(self) -> Handover:
        """See Exchange.take_over."""
        handover = H1PacedLink.take_over(self)
        return replace(handover, half_closed=True) if self._half_closed else handover

    def _is_ambiguous(self) -> bool:
        """Behind an unanswered Expect nobody knows whether a body or a request comes next."""
        return self._awaits_continue and self._receiving == BODY and self._body.total_bytes == 0

    # Ends.

    def _check_complete(self) -> None:
        if self._sending == DONE:
            if self._receiving == DONE:
                self._completed()
            else:
                self._discard_body()

    def _discard_body(self) -> None:
        """The answer is out while the request's body is not all here: take a little more."""
        self.stop_filling()
        body = self._body
        if isinstance(body, Discard):
            return
        if self._receiving == BODY:
            body.set_exception(no_longer_read())
        if self._receiving != BODY or not self.keep_alive:
            self._received(CLOSE)
            self._linger()
            return
        self._body = Discard(self._limits)
        self.deadline = self._clock.now + self._head_timeout
        self.resume_reading()

    def _completed(self) -> None:
        self._head = None
        if self.keep_alive and self.transport is not None:
            if not self._write_paused:
                self._await_next()
            self._recycle()
        elif self._buffer:
            self._receiving = CLOSED
            self._linger()
        else:
            self.close()

    def _gone(self, exc: BaseException | None) -> None:
        role = self._role
        # Each has known the other: together they would be left to the garbage collector.
        self._role = _NOBODY
        role.lost(exc)


class _Nobody:
    """A ServerRole, of a link whose own has been told that the connection is gone."""

    __slots__ = ()

    busy = False

    def connected(self, link: Any) -> None:
        """See ServerRole; as the others."""

    def request_received(self, head: RequestHead) -> None:
        """Not answered."""

    def request_refused(self, error: ProtocolError) -> tuple[int, bytes]:
        """Not logged, either."""
        return 400, b""

    def half_closed(self) -> None:
        """It is closed."""

    def lost(self, exc: BaseException | None) -> None:
        """So it is."""


_NOBODY: Final = _Nobody()


class H1ServerExchange(H1Exchange):
    """See Exchange."""

    __slots__ = ()

    def send_head(self, head: ResponseHead) -> None:
        """See Exchange.send_head."""
        link: Any = self._current()
        link._send_head(head)
