"""HTTP/1.1 over one transport, generic over the role: `h1_server` and `h1_client` add theirs.

Bytes go through the codec; what they mean goes to the role. Two automata (http1.state), one per
direction, say what is possible (`h1_sending` has that of what goes out); when both are DONE the
connection is recycled or closed.
"""

import asyncio
from typing import Any, Final

from ..clock import NEVER, Clock
from ..errors import ConnectionLost, LocalProtocolError, ProtocolError
from ..http1.framing import ChunkedDecoder, Decoder, LengthDecoder, UntilCloseDecoder
from ..http1.state import (
    BEGUN,
    BODY,
    CLOSE,
    CLOSED,
    DONE,
    END,
    HEAD,
    IDLE,
    RECYCLE,
    ROWS,
    SWITCH,
    SWITCHED,
    refused,
)
from ..limits import Limits
from ..message import Head
from ..receiving import share_buffer
from ..streams import EMPTY, StreamReader
from ..upgrade import Handover
from .closure import is_cut_off
from .h1_sending import H1Sending

try:
    from .filling import BodyBuffer, Filling
except ImportError:
    # Only compiled code can write into bytes: without it, bodies come in pieces.
    BodyBuffer = None  # type: ignore[assignment, misc]

# What is left of a body, from which on it is worth the switch to read straight into one buffer,
# and how much of it is allocated at once.
FILL: Final = 262_144
FIRST: Final = 1_048_576

# As a number: to look for a byte in bytes is ten times faster so.
_LF: Final = 0x0A


class H1Link(H1Sending):
    """One HTTP/1.1 connection. `deadline` is watched by the clock; see the subclasses."""

    __slots__ = (
        "_at",
        "_body",
        "_buffer",
        "_clock",
        "_decoder",
        "_exchange",
        "_filling",
        "_later",
        "_limits",
        "_receiving",
        "_stepping",
        "deadline",
        "keep_alive",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, limits: Limits) -> None:
        H1Sending.__init__(self, loop)
        self._clock = clock
        self._limits = limits
        # What has been received and not consumed: `_buffer` from `_at` on, then `_later`, which
        # is only there while `_buffer` is.
        self._buffer = b""
        self._at = 0
        self._later: Any = None
        # What the automata say is there is there: these are not checked for None at each use.
        self._body: Any = EMPTY
        self._decoder: Decoder = None  # type: ignore[assignment]
        self._exchange: Any = None
        self._filling: Any = None
        self._receiving = IDLE
        self._stepping = False
        self.deadline = NEVER
        self.keep_alive = True

    # What a role adds.

    def _head_received(self) -> bool:
        """Parse the head that begins at `_at`; False where no more can be done for now."""
        raise NotImplementedError

    def _is_lenient(self) -> bool:
        """Whether small faults of a body's framing are borne."""
        return False

    def _body_failed(self, error: ProtocolError) -> None:
        """The body's framing is broken; the reader has been told."""
        raise NotImplementedError

    def expired(self) -> None:
        """The deadline has passed."""
        raise NotImplementedError

    def _completed(self) -> None:
        """Both directions are DONE."""
        raise NotImplementedError

    def _gone(self, exc: BaseException | None) -> None:
        """The connection is gone; called once."""
        raise NotImplementedError

    # From the loop.

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        H1Sending.connection_made(self, transport)
        self._clock.watch(self)

    def eof_received(self) -> bool:
        """asyncio.Protocol; whether the transport stays open for what is still to be sent."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        if not self._buffer:
            self._buffer = data
        elif self._is_for_later(data):
            return
        if not self._stepping:
            self._receive()

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        self._clock.unwatch(self)
        if self._receiving == BODY:
            self._end_of_body(exc)
        self._receiving = ROWS[self._receiving][CLOSE]
        self._sending = ROWS[self._sending][CLOSE]
        self._forget()
        H1Sending.connection_lost(self, exc)
        self._gone(exc)

    # Receiving.

    def _receive(self) -> None:
        """Work through the buffer as far as the receiving automaton allows."""
        self._stepping = True
        try:
            burst = 16
            while self._buffer:
                if self._later is not None:
                    self._join()
                phase = self._receiving
                if phase <= BEGUN:
                    if not burst:
                        # A pipelined burst must not starve other connections.
                        self.loop.call_soon(self._resume)
                        break
                    burst -= 1
                    if not self._head_received():
                        break
                elif phase == BODY:
                    self._body_received()
                elif phase == CLOSED:
                    self._forget()
                else:
                    self._bound()
                    break
        finally:
            self._stepping = False

    def _resume(self) -> None:
        if self._buffer and not self._stepping:
            self._receive()

    def _is_for_later(self, data: bytes) -> bool:
        """Put `data` behind what waits; True where it cannot be looked at now.

        What waits is joined once, when its turn has come: many small segments cost no more than
        few large ones.
        """
        later: bytearray | None = self._later
        if later is None:
            later = self._later = bytearray()
        later += data
        phase = self._receiving
        if phase == BEGUN:
            # No further line: a head that dribbles in is not parsed anew for every byte.
            more = self._may_end(data) if self._is_lenient() else _LF in data
            return not more and self._waiting() < self._limits.head
        if phase in (DONE, SWITCHED) or (phase == IDLE and self._write_paused):
            self._bound()
            return True
        return False

    def _may_end(self, data: bytes) -> bool:
        """Whether a blank line, however ended, ends in `data`, which has been put into `_later`. A
        head that may be mended is not parsed before: folded lines may be as many as they like."""
        end = bytes(self._later[-len(data) - 2 :])
        if len(end) < len(data) + 2:
            end = self._buffer[-2:] + end
        return b"\n\n" in end or b"\n\r\n" in end

    def _waiting(self) -> int:
        """How many bytes have been received and not consumed."""
        size = len(self._buffer) - self._at
        return size if self._later is None else size + len(self._later)

    def _bound(self) -> None:
        """What waits behind the running exchange, or for a successor, is bounded."""
        if self._waiting() > self._limits.pipelined:
            self.pause_reading()

    def _join(self) -> None:
        self._buffer = self._buffer[self._at :] + self._later
        self._at = 0
        self._later = None

    def _consume(self, size: int) -> None:
        """`size` bytes from `_at` on are done with. Not while something waits in `_later`."""
        at = self._at + size
        if at < len(self._buffer):
            # An offset, not a shorter copy: many pipelined requests stay linear.
            self._at = at
        else:
            self._buffer = b""
            self._at = 0

    def _taken(self, size: int) -> bytes:
        """The next `size` bytes, which are there, and are consumed."""
        at = self._at
        # Compiled it is a pointer, which is sliced without objects for the ends.
        buffer = self._buffer
        data = buffer[at : at + size]
        self._consume(size)
        return data

    def _forget(self) -> None:
        self._buffer = b""
        self._at = 0
        self._later = None

    def _expect_body(self, head: Head, until_close: bool) -> None:
        """Choose the decoder for the body that `head` announces."""
        if head.chunked:
            self._decoder = ChunkedDecoder(self._limits, self._is_lenient())
        elif until_close:
            self._decoder = UntilCloseDecoder()
        else:
            self._decoder = LengthDecoder(head.length)
        self._body = StreamReader(self, self._limits.body_buffer // 2)
        self._body.line = self._limits.body_line
        if (
            head.length >= FILL
            and BodyBuffer is not None
            and self.get_extra_info("socket") is not None
        ):
            self._body.set_filler(self)
        self._received(HEAD)

    def _body_received(self) -> None:
        at = self._at
        decoder = self._decoder
        try:
            stop = decoder.feed(self._buffer, at, self._body)
        except ProtocolError as error:
            self._break_off(error)
            return
        self._consume(stop - at)
        if decoder.done:
            self._received(END)
            self._check_complete()

    # A large body, straight into the bytes that read() gives.

    def fill(self) -> None:
        """See streams.Filler."""
        decoder = self._decoder
        if self._receiving != BODY or self._buffer or not isinstance(decoder, LengthDecoder):
            return
        body: StreamReader = self._body
        # More than may be read at once is not made room for.
        if FILL <= decoder.left <= body.most:
            prefix = body.read_nowait()
            buffer = BodyBuffer(len(prefix) + decoder.left, prefix, FIRST)
            self._filling = Filling(self, buffer, body)
            self._set_protocol(self._filling)

    def arrived(self, size: int) -> None:
        """See Filled."""

    def filled(self) -> None:
        """See Filled."""
        self.stop_filling()
        self._body.feed_eof()
        self._received(END)
        self._check_complete()

    def stop_filling(self) -> None:
        """See streams.Filler and Filled."""
        filling = self._filling
        if filling is None:
            return
        self._filling = None
        if self.transport is not None and not self.transport.is_closing():
            self._set_protocol(self)
            share_buffer(self.loop, self.transport, self)
        decoder: Any = self._decoder
        decoder.skip(filling.received)
        self._body.put_back(filling.buffer.take())

    def _set_protocol(self, protocol: Any) -> None:
        """A loop may choose how it reads when it begins to: it is made to begin anew."""
        transport = self.transport
        transport.pause_reading()
        transport.set_protocol(protocol)
        if not self._read_paused:
            transport.resume_reading()

    def _break_off(self, error: ProtocolError) -> None:
        """The peer's body ends here, incomplete, for the reason `error`."""
        self.stop_filling()
        self._forget()
        self._received(CLOSE)
        self.keep_alive = False
        self._body.set_exception(error)
        self._body_failed(error)

    def _end_of_body(self, exc: BaseException | None) -> None:
        """The connection ended while a body was being received."""
        body: StreamReader = self._body
        error: ConnectionLost | None = None
        # RFC 9112 8: an end by error is no end, not even of a body that ends with the connection.
        if exc is None and self._is_cut_off():
            error = ConnectionLost(
                f"the TLS connection was cut off after {body.total_bytes} bytes of a body that "
                "ends with it, without close_notify (RFC 9112 9.8)"
            )
        elif exc is not None or not self._decoder.feed_eof(body):
            error = ConnectionLost(
                f"the connection was lost after {body.total_bytes} bytes of an incomplete body"
            )
        if error is not None:
            error.__cause__ = exc
            body.set_exception(error)

    def _is_cut_off(self) -> bool:
        """Whether the end of the connection is none of the body that ends with it."""
        ends_with_it = isinstance(self._decoder, UntilCloseDecoder) and not self._is_lenient()
        return ends_with_it and is_cut_off(self.transport)

    def _received(self, event: int) -> None:
        row = ROWS[self._receiving]
        phase = row[event]
        if phase < 0:
            raise refused(self._receiving, event, "receiving")
        self._receiving = phase

    # The end of an exchange.

    def _check_complete(self) -> None:
        if self._receiving == DONE and self._sending == DONE:
            self._completed()

    def _recycle(self) -> None:
        """Both directions, which are DONE, begin anew."""
        self._receiving = ROWS[self._receiving][RECYCLE]
        self._sending = ROWS[self._sending][RECYCLE]
        self._body = EMPTY
        self._exchange = None
        if self._read_paused:
            self.resume_reading()
        if self._buffer and not self._stepping:
            self.loop.call_soon(self._resume)

    # Leaving.

    def take_over(self) -> Handover:
        """See Exchange.take_over."""
        if self.transport is None:
            # Its loss has been told: a successor would wait for ever.
            raise ConnectionLost("the connection was lost before it could leave HTTP")
        if self._receiving != SWITCHED and self._sending != SWITCHED:
            raise LocalProtocolError(
                "take_over() comes behind a head that leaves HTTP: 101, or 2xx to CONNECT"
            )
        if self._receiving != SWITCHED:
            self._received(SWITCH)
        if self._sending != SWITCHED:
            self._sent(SWITCH)
        self._flush()
        self._clock.unwatch(self)
        self._exchange = None
        if self._later is not None:
            self._join()
        buffered = self._buffer[self._at :]
        self._forget()
        return Handover(
            self.transport, buffered, self._write_paused, self._read_paused, self.connection_lost
        )

    def close(self) -> None:
        """Close once everything written is sent; what is not complete is lost."""
        self.keep_alive = False
        self._flush()
        # asyncio's TLS transport is of no use any more once it is closed a second time.
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()

    def abort(self) -> None:
        """Close at once; unsent data is dropped."""
        if self.transport is not None:
            self.transport.abort()

    def is_idle(self) -> bool:
        """True between two exchanges."""
        return self._receiving == IDLE and self._sending == IDLE
