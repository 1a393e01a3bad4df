"""One exchange on a client's HTTP/2 connection: it is the stream's owner."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from multidict import CIMultiDict

from ..clock import NEVER
from ..errors import ConnectionLost, LocalProtocolError, Unanswered
from ..http2.errors import ErrorCode
from ..http2.stream import BODY, DONE, Stream
from ..limits import Limits
from ..message import RequestHead, ResponseHead
from ..upgrade import Handover
from .h2 import H2Link, H2Stream
from .h2_transport import H2StreamTransport


class H2ClientExchange(H2Stream):
    """See ClientExchange. `limits` bound its response's body."""

    __slots__ = ("_deadline", "answered", "head", "informed", "on_deadline", "received")

    def __init__(self, link: H2Link, head: RequestHead, limits: Limits) -> None:
        H2Stream.__init__(self, link, limits)
        self.head = head
        self.answered: asyncio.Future[ResponseHead] = link.loop.create_future()
        self.informed: Callable[[ResponseHead], object] | None = None
        self.on_deadline: Callable[[], object] | None = None
        self.received = 0
        self._deadline = NEVER

    @property
    def stream(self) -> Any:
        """The codec's stream; None once the exchange has ended."""
        return self._stream

    @property
    def deadline(self) -> float:
        """See ClientExchange."""
        return self._deadline

    @deadline.setter
    def deadline(self, when: float) -> None:
        self._deadline = when
        link = self._link
        link.deadline = min(link.deadline, when)

    def expired(self) -> None:
        """The deadline has passed."""
        if self._stream is None:
            # What another one did at its own deadline has ended this one.
            return
        self._deadline = NEVER
        if self.on_deadline is not None:
            self.on_deadline()
        else:
            self.fail(ConnectionLost("the exchange was aborted"))

    # From the link.

    def opened(self, stream: Stream) -> None:
        """The request's head is out."""
        self._stream = stream

    def expect_to_send(self, length: int) -> None:
        """A body follows, of `length` bytes, -1 unknown."""
        self._left = length

    def inform(self, head: ResponseHead) -> None:
        """A head of 1xx has come."""
        self.received += head.size
        if self.informed is not None:
            try:
                self.informed(head)
            except Exception as error:
                # Whoever asked gets his own error; the other exchanges go on.
                self.fail(error)

    def answer(self, head: ResponseHead) -> None:
        """The response's head has come."""
        self.received += head.size
        if self.head.method == "CONNECT" and head.status < 300:
            # RFC 9113 8.5: what comes is no body, and waits for take_over().
            self._paused = True
            self._source = self._stream
        elif self._stream.receiving == BODY:
            self._expect_body()
            self.body.most = self._limits.body_size
        if not self.answered.done():
            self.answered.set_result(head)
        self._check_over()

    def fed(self, data: bytes) -> None:
        """See H2Stream."""
        self.received += len(data)
        H2Stream.fed(self, data)

    def ended(self, trailers: "CIMultiDict[str] | None") -> None:
        """See H2Stream."""
        H2Stream.ended(self, trailers)
        self._check_over()

    def broken(self, error: Exception) -> None:
        """See H2Stream."""
        if self._link.transport is None and not self.answered.done():
            lost = Unanswered(
                "the server closed the connection without an answer", self._link.farewell
            )
            # What the transport says: `error` is of our making.
            lost.__cause__ = error.__cause__
            error = lost
        H2Stream.broken(self, error)
        if not self.answered.done():
            self.answered.set_exception(error)
            # A caller that was cancelled is not there to see it.
            self.answered.exception()
        self._finish()

    def _sent(self) -> None:
        self._check_over()

    def _check_over(self) -> None:
        stream = self._stream
        if stream is not None and stream.sending == DONE and stream.receiving == DONE:
            stream.owner = None
            self._finish()

    def _finish(self) -> None:
        self._stream = None
        # Whoever watches the time holds the exchange: both would wait for the garbage collector.
        self.on_deadline = None
        self._link.over(self)

    # See Exchange.

    def send_head(self, head: ResponseHead) -> None:
        """Not a client's verb."""
        raise LocalProtocolError("a client sends no response")

    def write(self, data: bytes) -> "Awaitable[None]":
        """See Exchange.write."""
        return self.write_body(data)

    def end(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """See Exchange.end."""
        self.end_body(trailers)

    def body_sent(self) -> bool:
        """See ClientExchange."""
        stream = self._stream
        return stream is None or stream.sending >= DONE

    def awaits_us(self) -> bool:
        """See ClientExchange."""
        return self._paused or not self.body_sent()

    def bypass(self, size: int) -> None:
        """See Exchange.bypass: frames cannot be bypassed."""
        return

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See ClientExchange."""
        return self._link.get_extra_info(name, default)

    def take_over(self) -> Handover:
        """See Exchange.take_over."""
        stream = self._check_stream()
        if self.head.method != "CONNECT" or not self.answered.done():
            raise LocalProtocolError("take_over() comes behind 2xx to CONNECT (RFC 9113 8.5)")
        transport = H2StreamTransport(self._link, stream)
        buffered = bytes(self._held)
        self._drop_held()
        return transport.hand_over(buffered, self._end is not None, self._taken_over)

    def _taken_over(self, exc: BaseException | None) -> None:
        self._finish()

    def fail(self, error: Exception) -> None:
        """See ClientExchange. Other exchanges go on."""
        stream = self._stream
        if stream is not None and self._lost is None:
            stream.owner = None
            self._link._conn.reset(stream, ErrorCode.CANCEL)
            self._link.cancelled()
            self.broken(error)
        elif self._held:
            # It has come whole, and will not be read whole.
            self._end = None
            self._discard_body(error)
            self._link._flush_soon()

    def abort(self) -> None:
        """See Exchange.abort. An answer of which little is left is not reset but read on: servers
        count resets, and what is on its way would come all the same."""
        stream = self._stream
        if stream is not None and self._lost is None and self._link.leaves(stream):
            stream.owner = None
            self.broken(ConnectionLost("the exchange was aborted"))
            return
        self.fail(ConnectionLost("the exchange was aborted"))
