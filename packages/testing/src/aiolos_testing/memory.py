"""Connections without sockets: two transports joined in memory, and what accepts them.

The protocols at both ends are the real ones. Bytes arrive at the loop's next turn, never in the
call that wrote them; a reader that pauses fills the buffer and pauses the writer, as a socket does.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, Final

HIGH_WATER: Final = 65_536
LOW_WATER: Final = 16_384
_ports = count(49_152)


class MemoryTransport(asyncio.Transport):
    """One end of a connection; see join()."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any, **extra: Any) -> None:
        super().__init__(extra)
        self._loop = loop
        self._protocol = protocol
        self._peer: MemoryTransport | None = None
        self._arriving: deque[bytes] = deque()
        self._size = 0
        self._eof_arrives = False
        self._delivering = False
        self._reading = True
        self._writer_paused = False
        self._high, self._low = HIGH_WATER, LOW_WATER
        self._eof_sent = False
        self._closing = False
        self._lost = False

    # What the protocol calls.

    def get_protocol(self) -> Any:
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._eof_sent:
            raise RuntimeError("Cannot call write() after write_eof()")
        peer = self._peer
        if peer is None:
            # What it sent before it went is still to be read.
            if not self._arriving and not self._eof_arrives:
                self._break(ConnectionResetError("the peer is gone"))
        elif data and not self._closing:
            peer._arrive(bytes(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._eof_sent:
            self._eof_sent = True
            if self._peer is not None:
                self._peer._end()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """The peer still gets what was written."""
        if not self._closing:
            self._closing = True
            if self._peer is not None:
                self._peer._end()
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """Go at once; the peer sees a reset where its bytes were not read, else an end."""
        if self._arriving:
            self.reset()
            return
        if self._peer is not None:
            self._peer._end()
        self._break(None)

    def reset(self) -> None:
        """Go at once; the peer sees a reset, and what was written and not read is lost."""
        if self._peer is not None:
            self._peer._break(ConnectionResetError("the connection was reset by the peer"))
        self._break(None)

    def is_reading(self) -> bool:
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        self._schedule()

    def get_write_buffer_size(self) -> int:
        return 0 if self._peer is None else self._peer._size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        self._high, self._low = high, high // 4 if low is None else low

    # What arrives from the peer.

    def _arrive(self, data: bytes) -> None:
        self._arriving.append(data)
        self._size += len(data)
        self._schedule()
        peer = self._peer
        if peer is not None and not peer._writer_paused and self._size > peer._high:
            peer._writer_paused = True
            peer._protocol.pause_writing()

    def _end(self) -> None:
        self._eof_arrives = True
        self._schedule()

    def _schedule(self) -> None:
        if not self._delivering and not self._lost:
            self._delivering = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._delivering = False
        if self._lost:
            return
        if self._arriving and self._reading:
            data = self._arriving.popleft()
            self._size -= len(data)
            if not self._closing:
                self._hand_over(data)
            self._refresh_writer()
            self._schedule()
        elif self._eof_arrives and not self._arriving and not self._closing:
            self._eof_arrives = False
            if not self._protocol.eof_received():
                self.close()

    def _hand_over(self, data: bytes) -> None:
        protocol = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            protocol.data_received(data)
            return
        view = memoryview(data)
        while view:
            buffer = memoryview(protocol.get_buffer(len(view)))
            size = min(len(buffer), len(view))
            buffer[:size] = view[:size]
            protocol.buffer_updated(size)
            view = view[size:]

    def _refresh_writer(self) -> None:
        peer = self._peer
        if peer is not None and peer._writer_paused and self._size <= peer._low:
            peer._writer_paused = False
            peer._protocol.resume_writing()

    # The end.

    def _break(self, exc: BaseException | None) -> None:
        """Nothing arrives any more; the protocol learns of it at the loop's next turn."""
        self._arriving.clear()
        self._size = 0
        self._eof_arrives = False
        self._closing = True
        self._loop.call_soon(self._lose, exc)

    def _lose(self, exc: BaseException | None) -> None:
        if self._lost:
            return
        self._lost = True
        peer, self._peer = self._peer, None
        if peer is not None:
            peer._peer = None
        self._protocol.connection_lost(exc)

    def __repr__(self) -> str:
        state = "lost" if self._lost else "closing" if self._closing else "open"
        return f"<MemoryTransport of {self._protocol!r} {state}>"


def join(loop: asyncio.AbstractEventLoop, one: Any, other: Any) -> None:
    """Connect two protocols; `other` is told first, as an accepting server is."""
    here, there = ("127.0.0.1", next(_ports)), ("127.0.0.1", 80)
    ends = (
        MemoryTransport(loop, one, peername=there, sockname=here),
        MemoryTransport(loop, other, peername=here, sockname=there),
    )
    ends[0]._peer, ends[1]._peer = ends[1], ends[0]
    other.connection_made(ends[1])
    one.connection_made(ends[0])


class MemoryListener:
    """Accepts connections in memory for `factory`; stands where an asyncio.Server does."""

    sockets: Final = ()

    def __init__(self, factory: Callable[[], Any]) -> None:
        self._factory = factory
        self._closed = False

    def connect(self, protocol: Any) -> None:
        """Connect `protocol`. ConnectionRefusedError after close(), or from the factory."""
        if self._closed:
            raise ConnectionRefusedError("the test server in memory is closed")
        join(asyncio.get_running_loop(), protocol, self._factory())

    def close(self) -> None:
        """Accept nothing more; connections go on."""
        self._closed = True
