"""The server's end of an HTTP/2 connection: every stream looks like a link with one request.

A stream that has been answered is used again for a later one, together with its role: so a role
sees one request after the other, as on an HTTP/1.1 connection, only that several are at work.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from multidict import CIMultiDict

from ..clock import Clock
from ..errors import ConnectionLost, LocalProtocolError, ProtocolError, TooSlow
from ..exchange import ServerRole
from ..http1.serializer import may_have_body
from ..http2 import blocks
from ..http2.connection import FOREVER
from ..http2.errors import ErrorCode
from ..http2.server import ServerConnection
from ..http2.stream import BODY, DONE, Stream
from ..limits import Limits
from ..message import HttpVersion20, RequestHead, ResponseHead
from ..streams import EMPTY
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
from .h2 import H2Link, H2Stream
from .h2_exchange import H2ServerExchange
from .h2_pace import FAREWELL, H2PacedLink, IdleLinks
from .h2_transport import H2StreamTransport


class H2ServerLink(H2PacedLink):
    """Receives requests. `new_role()` makes the role of one stream after the other.

    `server` is the text of the Server field; where that, or a response's own, is empty, none is
    sent, and so is no Date where a response's own is. The times, and `idle`, are H2PacedLink's.
    """

    __slots__ = ("_free", "_new_role", "_reset", "_server")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        new_role: Callable[[], ServerRole],
        server: str,
        head_timeout: float = 30.0,
        keepalive_timeout: float = 75.0,
        body_timeout: float = 30.0,
        idle: IdleLinks | None = None,
    ) -> None:
        H2PacedLink.__init__(
            self, loop, clock, limits, head_timeout, keepalive_timeout, body_timeout, idle
        )
        self._conn = ServerConnection(self, limits)
        self._new_role = new_role
        self._server = server
        # The streams that wait for a request, and those that the peer has reset while their
        # handlers were at work.
        self._free: list[H2ServerStream] = []
        self._reset: list[H2ServerStream] = []

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol. One stream is there from the start: its role is the connection."""
        H2PacedLink.connection_made(self, transport)
        self._free.append(self._new_stream())

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        if self._reset:
            self._forget_reset()
        H2Link.data_received(self, data)

    def _new_stream(self) -> "H2ServerStream":
        stream = H2ServerStream(self, self._new_role())
        stream.role.connected(stream)
        return stream

    def _idle_stream(self) -> "H2ServerStream":
        """One that waits for a request. A handler may go on behind its response, and should hold
        up nobody; but a peer cannot have more of them than streams."""
        free = self._free
        for at in range(len(free) - 1, -1, -1):
            if not free[at].role.busy:
                return free.pop(at)
        return free.pop() if len(free) >= self._limits.streams else self._new_stream()

    # The codec's calls.

    def head_received(self, stream: Stream, head: RequestHead) -> None:
        """See Sink."""
        self._begin_work()
        owner = self._idle_stream()
        owner.requested(stream, head)

    def head_refused(self, stream: Stream, error: ProtocolError) -> None:
        """See Sink."""
        self._begin_work()
        owner = self._idle_stream()
        owner.refused(stream, error)

    def _broken(self, error: ProtocolError) -> None:
        # There is nothing to answer; but a role keeps the log, and all of them may be at work.
        if not self._free:
            self._free.append(self._new_stream())
        self._free[-1].role.request_refused(error)

    # Ends.

    def over(self, stream: "H2ServerStream", again: bool) -> None:
        """A stream has ended; `again` where it may be used for another request."""
        self._end_work(self._conn.accepts != FOREVER)
        if not again:
            self._reset.append(stream)
        elif self.transport is not None:
            self._free.append(stream)

    def _forget_reset(self) -> None:
        """A stream that was reset keeps its place until its handler has ended: a peer that opens
        and resets streams cannot have more handlers at work than streams (RFC 9113 10.5)."""
        still = []
        for stream in self._reset:
            if stream.role.busy:
                still.append(stream)
            else:
                stream.forget()
        self._reset = still

    def shut_down(self) -> None:
        """Take no new requests, and close when those at work have been answered."""
        self._conn.shut_down()
        if not self._working:
            self._idle_until = self.deadline = self._clock.now + FAREWELL
        self._flush_soon()

    def _rest(self) -> None:
        if not self._working and self._conn.is_refusing() and self.transport is not None:
            self.close()

    def _gone(self, exc: BaseException | None) -> None:
        if self._idle is not None:
            self._idle.discard(self)
        self._reset.clear()
        free, self._free = self._free, []
        for stream in free:
            stream.transport = None
            stream.role.lost(exc)

    def _part_with_spares(self) -> None:
        while len(self._free) > 1:
            stream = self._free.pop()
            stream.transport = None
            stream.role.lost(None)


class H2ServerStream(H2Stream):
    """See ServerLink. Between two requests it waits for the next one."""

    __slots__ = ("_awaits_continue", "_exchange", "_head", "_is_last", "loop", "role", "transport")

    def __init__(self, link: H2ServerLink, role: Any) -> None:
        H2Stream.__init__(self, link, link._limits)
        self.role = role
        self.loop = link.loop
        self.transport: Any = link.transport
        self._head: Any = None
        self._exchange: Any = None
        self._awaits_continue = False
        # Whether no request is taken behind this one (`Connection: close` in HTTP/1.1).
        self._is_last = False

    # From the link.

    def requested(self, stream: Stream, head: RequestHead) -> None:
        """A request begins."""
        self._begin(stream, head)
        if stream.receiving == BODY:
            self._awaits_continue = head.expect
            self._expect_body()
        self.role.request_received(head)

    def refused(self, stream: Stream, error: ProtocolError) -> None:
        """A request that cannot be worked on is answered by the role's words."""
        head = RequestHead("GET", "*")
        self._begin(stream, head)
        status, body = self.role.request_refused(error)
        self.answer(head, status, "", "text/plain; charset=utf-8", None, body, True)

    def _begin(self, stream: Stream, head: RequestHead) -> None:
        stream.owner = self
        self._stream = stream
        self._head = head
        self._left = -1
        self._bodiless = False
        self._is_last = False
        self._end = None
        self._discards = False
        self._paused = False
        self.body = EMPTY

    def late(self, seconds: float) -> None:
        """The body does not come at its pace."""
        if not self._awaits_continue and not self._paused:
            self._discard_body(TooSlow.body(self._limits.body_rate, seconds))

    def broken(self, error: Exception) -> None:
        """See H2Stream."""
        H2Stream.broken(self, error)
        self._part(error)

    def _part(self, exc: BaseException | None) -> None:
        """The stream is gone; the handler may still be at work."""
        self._head = self._exchange = None
        self.transport = None
        self._link.over(self, False)
        self.role.lost(exc)

    def forget(self) -> None:
        """The handler of a stream that is gone has ended."""
        stream = self._stream
        if stream is not None:
            self._stream = None
            self._link._conn.release(stream)

    # As a link.

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See ServerLink."""
        return self._link.get_extra_info(name, default)

    def flush(self) -> None:
        """See ServerLink."""
        self._link._flush()

    def refused_head(self) -> RequestHead | None:
        """See ServerLink. Nothing is kept of a head that is none."""
        return None if self._head is None else RequestHead("UNKNOWN", "/", HttpVersion20)

    def is_arriving(self) -> bool:
        """See ServerLink. A head comes in a piece; its frames are the connection's."""
        return False

    def idle_time(self) -> float:
        """See ServerLink. It is the connection's."""
        idle: float = self._link.idle_time()
        return idle

    def close(self) -> None:
        """End the connection in order: other streams are answered first."""
        self._link.shut_down()

    def abort(self) -> None:
        """End what is at work here, other streams go on; where nothing is, the connection."""
        stream = self._stream
        if self._lost is not None:
            self.forget()
        elif stream is None:
            self._link.abort()
        else:
            stream.owner = None
            self._link._conn.reset(stream, ErrorCode.INTERNAL_ERROR)
            self._link._flush_soon()
            self.broken(ConnectionLost("the exchange was aborted"))

    def exchange(self, head: RequestHead) -> "H2ServerExchange":
        """See ServerLink.exchange."""
        self._check(head)
        exchange: H2ServerExchange | None = self._exchange
        if exchange is None:
            exchange = self._exchange = H2ServerExchange(self, head, self.body)
        return exchange

    def _check(self, head: RequestHead) -> None:
        if head is not self._head:
            if self._lost is not None:
                raise ConnectionLost(str(self._lost)) from self._lost
            raise LocalProtocolError(f"the exchange of {head!r} has ended")

    # Sending.

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
        check_end(head, status)
        link: H2ServerLink = self._link
        conn = link._conn
        may = may_have_body(status)
        block = self._answer_block(head, status, content_type, headers, len(body), may)
        whole = not body or not may or head.method == "HEAD"
        conn.send_head(self._stream, block, whole)
        if not whole:
            conn.send_data(self._stream, body, True)
        self._leave(keep_alive)

    def _answer_block(
        self,
        head: RequestHead,
        status: int,
        content_type: str,
        headers: "CIMultiDict[str] | None",
        size: int,
        may: bool,
    ) -> bytes:
        link = self._link
        # RFC 9110 8.6: without a body to it nobody knows what GET would get.
        may = may and (size > 0 or head.method != "HEAD")
        if headers is None:
            block = blocks.response_prefix(status, content_type, link._server)
            if may:
                block += blocks.length(size)
            return block + blocks.date(link._clock.date)
        fields = fields_of_answer(head, status, content_type, headers)
        if may and "Content-Length" not in fields:
            return self._block(status, fields) + blocks.length(size)
        return self._block(status, fields)

    def _block(self, status: int, fields: "CIMultiDict[str]") -> bytes:
        """A head with the fields that are the connection's own; `fields` is changed."""
        link: H2ServerLink = self._link
        if "close" in take_connection(fields):
            self._is_last = True
        return blocks.response(status, fields, link._server, link._clock.date)

    def send_head(self, response: ResponseHead) -> None:
        """See Exchange.send_head."""
        stream = self._check_stream()
        status = response.status
        head: RequestHead = self._head
        link = self._link
        if 100 <= status < 200 and status != 101:
            self._inform(response)
            return
        leaves = opens_tunnel(head, status)
        may = may_have_body(status) and not leaves
        block = self._block(status, fields_of_head(response))
        self._left = -1
        if may and response.length >= 0:
            if tells_length(head, response):
                block += blocks.length(response.length)
            self._left = response.length
        self._bodiless = not leaves and (not may or head.method == "HEAD")
        link._conn.send_head(stream, block, False)
        if not response.keep_alive:
            self._is_last = True
        link._flush_soon()

    def _inform(self, response: ResponseHead) -> None:
        """Send a 1xx head where the peer still needs it (RFC 9110 15.2)."""
        if response.status == 100:
            if not self.is_receiving():
                return
            self._awaits_continue = False
        check_informational(response)
        block = blocks.status(response.status) + blocks.fields(response.fields)
        self._link._conn.send_informational(self._stream, block)
        self._link._flush_soon()

    def _leave(self, keep_alive: bool) -> None:
        """The response is complete, though it may be in the queue: no verb has effect any more."""
        self._head = self._exchange = None
        link = self._link
        if not keep_alive:
            self._is_last = True
        if self._stream.sending == DONE:
            self._sent()
        link._flush_soon()

    def _sent(self) -> None:
        stream = self._stream
        link: H2ServerLink = self._link
        conn = link._conn
        self._head = self._exchange = None
        if not self.body.ended:
            self._discard_body(no_longer_read())
        if stream.receiving == BODY:
            # RFC 9113 8.1: the client need not send what is left.
            conn.reset(stream, ErrorCode.NO_ERROR)
        stream.owner = None
        self._stream = None
        self.body = EMPTY
        conn.release(stream)
        if self._is_last:
            # Behind the answer: some clients take nothing more once they have read GOAWAY.
            conn.refuse_more()
        link.over(self, True)

    # Leaving.

    def take_over(self) -> Handover:
        """See Exchange.take_over."""
        stream = self._check_stream()
        if self._head is None or self._head.method != "CONNECT" or stream.sending != BODY:
            raise LocalProtocolError("take_over() comes behind 2xx to CONNECT (RFC 9113 8.5)")
        transport = H2StreamTransport(self._link, stream)
        self._head = self._exchange = None
        buffered, ended = self._take_body()
        return transport.hand_over(buffered, ended, self._taken_over)

    def _taken_over(self, exc: BaseException | None) -> None:
        """The successor is done with the stream."""
        self._lost = exc if isinstance(exc, Exception) else ConnectionLost("the tunnel has ended")
        self._part(exc)
