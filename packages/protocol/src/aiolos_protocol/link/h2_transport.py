"""One HTTP/2 stream dressed as a transport: what a tunnel or a WebSocket runs on (RFC 8441 5).

END_STREAM stands for the end of a TCP direction, RST_STREAM for a reset connection.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from ..errors import ConnectionLost
from ..http2.errors import ErrorCode
from ..http2.stream import BODY, DONE, Stream
from ..upgrade import Handover

_HIGH_WATER: Final = 65_536
# How long a peer may take to end its direction after ours, in seconds.
_LINGER: Final = 2.0


class H2StreamTransport(asyncio.Transport):
    """A transport whose connection is one stream of `link`. It is the stream's owner.

    Nothing is delivered before `resume_reading()`, which Handover.attach() calls.
    """

    def __init__(self, link: Any, stream: Stream) -> None:
        super().__init__()
        self._link = link
        self._stream = stream
        self._protocol: Any = None
        self._closing = False
        self._lost = False
        self._reading = False
        self._write_paused = False
        self._high = _HIGH_WATER
        # What has come while nobody read, and whether the end came behind it: neither is overtaken
        # by what comes later, also when somebody reads again and has not got it yet.
        self._waiting = bytearray()
        self._ended = False
        # How the connection was lost, until that is told: behind what has come before it.
        self._loss: Exception | None = None
        stream.owner = self
        link._tunnels.add(self)

    def hand_over(
        self, buffered: bytes, ended: bool, on_lost: Callable[[BaseException | None], None]
    ) -> Handover:
        """The hand-over of this transport; `ended` where the peer has sent END_STREAM already."""
        self._ended = ended
        self._write_paused = self._link._write_paused
        return Handover(self, buffered, self._write_paused, True, on_lost)

    # From the link, as a stream's owner.

    def fed(self, data: bytes) -> None:
        """The peer has sent `data`."""
        if self._closing:
            self._link._conn.consumed(self._stream, len(data))
        elif self._reading and not self._waiting:
            self._link._conn.consumed(self._stream, len(data))
            self._protocol.data_received(data)
        else:
            self._waiting += data

    def ended(self, trailers: object) -> None:
        """The peer sends no more. Trailers have no meaning in a tunnel."""
        self._ended = True
        if self._reading and not self._waiting:
            self._deliver_end()

    def broken(self, error: Exception) -> None:
        """The stream was reset, or the connection is gone. What has come whole before is read
        still; whoever writes and does not read learns of it at once, as over TCP."""
        loss = error if isinstance(error, OSError) else _as_loss(error)
        waits = self._waiting or self._ended
        if waits and not (self._closing or self._write_paused):
            self._loss = loss
            self._link._tunnels.discard(self)
        else:
            self._end(loss)

    def emptied(self) -> None:
        """What was written is on its way."""
        if self._stream.sending == DONE:
            self._sent()
        elif self._write_paused and not self._link._write_paused and not self._stream.queued:
            self._write_paused = False
            if not self._lost:
                self._protocol.resume_writing()

    def link_paused(self) -> None:
        """The connection's own buffer is full."""
        self._pause()

    def _pause(self) -> None:
        if not self._write_paused and not self._closing:
            self._write_paused = True
            if self._protocol is not None:
                self._protocol.pause_writing()

    # Reading.

    def pause_reading(self) -> None:
        """asyncio.ReadTransport."""
        self._reading = False

    def resume_reading(self) -> None:
        """asyncio.ReadTransport."""
        if not self._reading and not self._closing:
            self._reading = True
            if self._waiting or self._ended or self._loss is not None:
                self._link.loop.call_soon(self._deliver)

    def is_reading(self) -> bool:
        """asyncio.ReadTransport."""
        return self._reading and not self._closing

    def _deliver(self) -> None:
        if self._reading and not self._closing and self._waiting:
            data = bytes(self._waiting)
            self._drop_waiting()
            self._protocol.data_received(data)
        if self._ended and self._reading:
            self._deliver_end()
        if self._loss is not None and self._reading:
            self._end(self._loss)
        self._link._flush_soon()

    def _deliver_end(self) -> None:
        self._ended = False
        if not self._closing and not self._protocol.eof_received():
            self.close()

    # Writing.

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        """asyncio.WriteTransport."""
        if self._closing:
            return
        if self._loss is not None:
            if not self._reading:
                self._end(self._loss)
            return
        stream = self._stream
        if stream.ending or stream.sending != BODY:
            raise RuntimeError("write() after write_eof()")
        self._link._conn.send_data(stream, bytes(data), False)
        self._link._flush_soon()
        if stream.queued > self._high:
            self._pause()

    def writelines(self, list_of_data: "Iterable[bytes | bytearray | memoryview[Any]]") -> None:
        """asyncio.WriteTransport."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """asyncio.WriteTransport."""
        return True

    def write_eof(self) -> None:
        """asyncio.WriteTransport."""
        stream = self._stream
        if self._closing or self._loss is not None:
            return
        if not stream.ending and stream.sending == BODY:
            self._link._conn.send_data(stream, b"", True)
            self._link._flush_soon()

    def get_write_buffer_size(self) -> int:
        """asyncio.WriteTransport."""
        return self._stream.queued

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """asyncio.WriteTransport."""
        return 0, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """asyncio.WriteTransport; writing is resumed when nothing is left, whatever `low` says."""
        self._high = _HIGH_WATER if high is None else high

    # Ends.

    def is_closing(self) -> bool:
        """asyncio.BaseTransport."""
        return self._closing

    def close(self) -> None:
        """asyncio.BaseTransport: what was written is sent, then END_STREAM."""
        if self._closing:
            return
        if self._loss is not None:
            self._end(None)
            return
        self.write_eof()
        self._closing = True
        self._drop_waiting()
        if self._stream.sending == DONE:
            self._sent()

    def abort(self) -> None:
        """asyncio.BaseTransport: the peer sees a reset (RFC 8441 5)."""
        if self._lost:
            return
        if self._loss is not None:
            self._end(None)
            return
        self._closing = True
        self._drop_waiting()
        self._stream.owner = None
        self._link._conn.reset(self._stream, ErrorCode.CANCEL)
        self._link._flush_soon()
        self._lose(None)

    def _sent(self) -> None:
        """END_STREAM is out: the connection is lost if it was to be closed."""
        if self._closing and not self._lost:
            if self._stream.receiving == BODY:
                # What the peer still sends is thrown away. A reset at once could make it throw
                # away what we have sent.
                self._link.loop.call_later(_LINGER, self._cut)
            self._lose(None)

    def _cut(self) -> None:
        stream = self._stream
        if stream.receiving == BODY:
            self._link._conn.reset(stream, ErrorCode.CANCEL)
            self._link._flush_soon()

    def _drop_waiting(self) -> None:
        size = len(self._waiting)
        self._waiting = bytearray()
        if size:
            self._link._conn.consumed(self._stream, size)

    def _end(self, error: Exception | None) -> None:
        """There is no connection any more, with which nothing can be done but to say so."""
        self._closing = True
        self._drop_waiting()
        self._link._flush_soon()
        self._lose(error)

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._link._tunnels.discard(self)
            if self._protocol is not None:
                self._link.loop.call_soon(self._protocol.connection_lost, error)

    # The rest of a transport.

    def set_protocol(self, protocol: Any) -> None:
        """asyncio.BaseTransport."""
        self._protocol = protocol

    def get_protocol(self) -> Any:
        """asyncio.BaseTransport."""
        return self._protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """asyncio.BaseTransport: what the connection knows."""
        return self._link.get_extra_info(name, default)


def _as_loss(error: Exception) -> ConnectionLost:
    loss = ConnectionLost(str(error))
    loss.__cause__ = error
    return loss
