"""HTTP/2 over one transport, generic over the role: `h2_server` and `h2_client` add theirs.

The link is the sink of its codec. What concerns one stream goes to the stream's owner: an
`H2Stream`, which is what an exchange is here, or a stream dressed as a transport (`h2_transport`).
What is to be sent is gathered and leaves in one write for each segment received, and for each turn
of the loop.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from multidict import CIMultiDict

from ..clock import NEVER, Clock
from ..errors import ConnectionLost, LocalProtocolError, ProtocolError, Unprocessed
from ..http2 import blocks
from ..http2.errors import ErrorCode, StreamReset
from ..http2.stream import BODY, DONE, Stream
from ..limits import Limits
from ..message import ResponseHead
from ..streams import EMPTY, StreamReader
from ..transport import Outcome, Pending, TransportOwner, wait_for

# What a stream may have queued before whoever writes must wait.
HIGH_WATER: Final = 65_536


class H2Link(TransportOwner):
    """One HTTP/2 connection. `deadline` is watched by the clock; see the subclasses. `farewell` is
    why it ends, by the peer's own words if it had some; "" where nothing is known."""

    __slots__ = (
        "_clock",
        "_conn",
        "_due",
        "_limits",
        "_stepping",
        "_tunnels",
        "deadline",
        "farewell",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, limits: Limits) -> None:
        TransportOwner.__init__(self, loop)
        self._clock = clock
        self._limits = limits
        # The codec, which the role makes.
        self._conn: Any = None
        self._stepping = False
        # Whether a flush is due at the loop's next turn.
        self._due = False
        # Streams dressed as transports: they are told when the connection's buffer is full.
        self._tunnels: set[Any] = set()
        self.farewell = ""
        self.deadline = NEVER

    # What a role adds.

    def _broken(self, error: ProtocolError) -> None:
        """The peer has broken a rule of the connection's; it is being closed."""

    def _rest(self) -> None:
        """All that could be sent has been: the connection may be closed if nothing is left."""

    def _gone(self, exc: BaseException | None) -> None:
        """The connection is gone; called once."""
        raise NotImplementedError

    def expired(self) -> None:
        """The deadline has passed."""
        raise NotImplementedError

    # From the loop.

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        TransportOwner.connection_made(self, transport)
        self._clock.watch(self)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        self._stepping = True
        try:
            more = self._conn.receive(data, self._clock.now)
        except ProtocolError as error:
            self._fail(error)
            return
        finally:
            self._stepping = False
        self._flush()
        if more:
            # A burst of requests must not starve other connections.
            self.pause_reading()
            self.loop.call_soon(self._resume)
        elif self._write_paused and self._conn.unsent() > HIGH_WATER:
            # A peer that asks and does not read the answers: see resume_writing().
            self.pause_reading()
        elif self._read_paused:
            self.resume_reading()

    def _resume(self) -> None:
        if self.transport is not None:
            self.data_received(b"")

    def eof_received(self) -> bool:
        """asyncio.Protocol. A peer that sends no more cannot open windows either: it is gone."""
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        self._clock.unwatch(self)
        TransportOwner.connection_lost(self, exc)
        self._tunnels.clear()
        error = self._loss(exc)
        for stream in list(self._conn.streams.values()):
            owner, stream.owner = stream.owner, None
            if owner is not None:
                owner.broken(error)
        # Handlers may be at work for long yet, and what is tied in a circle is freed late: a peer
        # that asks for much and hangs up must leave nothing behind.
        self._conn.lose()
        self._gone(exc)

    def _loss(self, exc: BaseException | None) -> ConnectionLost:
        """What the connection's end is to whoever waits for something."""
        error = ConnectionLost(self.farewell or "the connection was lost")
        error.__cause__ = exc
        return error

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        TransportOwner.pause_writing(self)
        for tunnel in self._tunnels:
            tunnel.link_paused()

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        TransportOwner.resume_writing(self)
        self._flush()
        if not self._write_paused:
            if self._read_paused:
                self.loop.call_soon(self._resume)
            for tunnel in list(self._tunnels):
                tunnel.emptied()

    # Sending.

    def _flush(self) -> None:
        """Write all that may be sent now, as long as the transport takes it."""
        self._due = False
        if self.transport is not None:
            self._write()
            self._rest()

    def _write(self) -> None:
        transport = self.transport
        conn = self._conn
        while not self._write_paused:
            data = conn.data_to_send()
            if not data:
                break
            transport.write(data)

    def _flush_soon(self) -> None:
        """Write with whatever else is to be sent in this turn of the loop."""
        if not self._due and not self._stepping:
            self._due = True
            self.loop.call_soon(self._flush)

    # The codec's calls (http2.sink.Sink).

    def head_refused(self, stream: Stream, error: ProtocolError) -> None:
        """See Sink."""

    def informed(self, stream: Stream, head: ResponseHead) -> None:
        """See Sink."""

    def body_received(self, stream: Stream, data: bytes) -> None:
        """See Sink."""
        owner = stream.owner
        if owner is None:
            self._conn.consumed(stream, len(data))
        else:
            owner.fed(data)

    def ended(self, stream: Stream, trailers: "CIMultiDict[str] | None") -> None:
        """See Sink."""
        owner = stream.owner
        if owner is not None:
            owner.ended(trailers)

    def reset(self, stream: Stream, error: ProtocolError) -> None:
        """See Sink."""
        owner, stream.owner = stream.owner, None
        if owner is not None:
            owner.broken(as_loss(error) if isinstance(error, StreamReset) else error)

    def emptied(self, stream: Stream) -> None:
        """See Sink."""
        owner = stream.owner
        if owner is not None:
            owner.emptied()

    def settled(self) -> None:
        """See Sink."""

    def going_away(self, last: int, code: int, debug: bytes) -> None:
        """See Sink."""

    def ponged(self, payload: bytes) -> None:
        """See Sink."""

    # Leaving.

    def _fail(self, error: ProtocolError) -> None:
        """Tell the peer why, and end the connection."""
        self._broken(error)
        transport = self.transport
        if transport is not None:
            transport.write(self._conn.data_to_send())
            transport.close()

    def close(self) -> None:
        """Close once what has been written is sent; what is not complete is lost."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            self._write()
            self._conn.fail(ErrorCode.NO_ERROR)
            transport.write(self._conn.data_to_send())
            transport.close()

    def abort(self) -> None:
        """Close at once; unsent data is dropped."""
        if self.transport is not None:
            self.transport.abort()


def as_loss(error: StreamReset) -> ConnectionLost:
    """What the peer's reset is to whoever does not know of streams."""
    refused = error.code == ErrorCode.REFUSED_STREAM
    loss = (Unprocessed if refused else ConnectionLost)(error.message)
    loss.__cause__ = error
    return loss


class H2Stream:
    """One stream as an exchange uses it: the body that comes, and the message that goes.

    It is the flow of its `body`: what nobody reads yet keeps its room in the windows.
    """

    __slots__ = (
        "_bodiless",
        "_discards",
        "_drained",
        "_end",
        "_held",
        "_left",
        "_limits",
        "_link",
        "_lost",
        "_paused",
        "_source",
        "_stream",
        "body",
    )

    def __init__(self, link: H2Link, limits: Limits) -> None:
        self._limits = limits
        # The role's own link, whose verbs the role's streams use.
        self._link: Any = link
        self._stream: Any = None
        self._drained: asyncio.Future[None] | None = None
        # Why nothing can be sent any more.
        self._lost: Exception | None = None
        # What Content-Length leaves to be sent, -1 without one; and that none of it is sent.
        self._left = -1
        self._bodiless = False
        # What has come while the body was full, as bytes, however small the pieces were, and the
        # trailers if the end came behind it; it takes room in the windows of `_source`.
        self._paused = False
        self._held = bytearray()
        self._end: CIMultiDict[str] | None = None
        self._source: Any = None
        self._discards = False
        self.body: Any = EMPTY

    # What a role adds.

    def _sent(self) -> None:
        """The message that goes is complete, and out of the queue."""
        raise NotImplementedError

    # From the link.

    def _expect_body(self) -> None:
        self.body = StreamReader(self, self._limits.body_buffer // 2)
        self.body.line = self._limits.body_line
        self._source = self._stream

    def fed(self, data: bytes) -> None:
        """Some of the body has come."""
        if self._paused:
            self._held += data
            return
        if not self._discards:
            self.body.feed_data(data)
        self._link._conn.consumed(self._source, len(data))

    def ended(self, trailers: "CIMultiDict[str] | None") -> None:
        """The body is complete."""
        self._end = CIMultiDict() if trailers is None else trailers
        if not self._paused:
            self._feed_held()

    def _feed_held(self) -> None:
        """Give the body as much of what is held as it takes, and the end behind all."""
        body = self.body
        held = self._held
        size = self._limits.body_buffer
        while held and not self._paused:
            data = bytes(held[:size])
            del held[:size]
            self._link._conn.consumed(self._source, len(data))
            if not self._discards:
                body.feed_data(data)
        end = self._end
        if end is not None and not held:
            self._end = None
            if not self._discards:
                if end:
                    body.feed_trailers(end)
                body.feed_eof()

    def _drop_held(self) -> None:
        """What is held will not be read."""
        size = len(self._held)
        if size:
            self._held.clear()
            self._link._conn.consumed(self._source, size)

    def _discard_body(self, error: Exception) -> None:
        """Whoever reads the body gets `error`; what still comes of it is thrown away."""
        self._discards = True
        self._drop_held()
        if not self.body.ended:
            self.body.set_exception(error)

    def broken(self, error: Exception) -> None:
        """The stream has ended early, or the connection has."""
        self._lost = error
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_exception(ConnectionLost(str(error)))
            # Nobody may be waiting any more; that is not worth a warning.
            drained.exception()
        # A body that has come whole is not spoilt by what happens to the stream then.
        if self._end is None:
            self._discard_body(error)

    def emptied(self) -> None:
        """All that was queued is on its way."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)
        if self._stream.sending == DONE:
            self._sent()

    def _take_body(self) -> tuple[bytes, bool]:
        """What has come and was not read, and whether the end came behind it: for a successor."""
        body, self.body = self.body, EMPTY
        ended = body.ended or self._end is not None
        data = body.read_nowait() + bytes(self._held)
        self._end = None
        self._drop_held()
        return data, ended

    # From the body (streams.Flow).

    def pause_reading(self) -> None:
        """Let the peer send no more than its window."""
        self._paused = True

    def resume_reading(self) -> None:
        """Let it go on."""
        self._paused = False
        if self._held or self._end is not None:
            self._feed_held()
            self._link._flush_soon()

    # Sending.

    def _check_stream(self) -> Any:
        if self._lost is not None:
            raise ConnectionLost(str(self._lost)) from self._lost
        stream = self._stream
        if stream is None:
            raise LocalProtocolError("the exchange has ended")
        return stream

    def write_body(self, data: bytes) -> "Awaitable[None]":
        """See Exchange.write."""
        stream = self._check_stream()
        if type(data) is not bytes:
            # A view of a buffer that the caller may change before the bytes are out.
            data = bytes(data)
        size = len(data)
        if self._left >= 0:
            if size > self._left:
                raise LocalProtocolError(
                    f"{size} bytes written where {self._left} are left of Content-Length"
                )
            self._left -= size
        link = self._link
        link._conn.send_data(stream, b"" if self._bodiless else data, False)
        link._flush_soon()
        return self.drain()

    def end_body(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """See Exchange.end."""
        stream = self._check_stream()
        if self._left > 0 and not self._bodiless:
            raise LocalProtocolError(f"the body ends {self._left} bytes before Content-Length")
        link = self._link
        if trailers and not self._bodiless:
            link._conn.send_trailers(stream, blocks.trailers(trailers))
        else:
            link._conn.send_data(stream, b"", True)
        link._flush_soon()
        if stream.sending == DONE:
            self._sent()

    def drain(self) -> "Awaitable[None]":
        """See Exchange.drain."""
        if self._lost is not None:
            return Outcome(error=ConnectionLost(str(self._lost)))
        stream = self._stream
        link = self._link
        if stream is None or stream.queued <= HIGH_WATER:
            room: Awaitable[None] = link.drain() if link._write_paused else link._ready()
            return room
        if self._drained is None:
            self._drained = link.loop.create_future()
        return Pending(wait_for(self._drained))

    def is_receiving(self) -> bool:
        """Whether more of the peer's message may come."""
        stream = self._stream
        return stream is not None and stream.receiving == BODY
