"""For tests only: transports in memory, a scripted peer, a clock that is wound by hand."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

from .clock import NEVER, Clock, Expiring


class MemoryTransport(asyncio.Transport):
    """A transport without a socket: what is written is kept in `sent`, or goes to a peer.

    Nothing happens by itself: `receive()` and `receive_eof()` play the peer, `pause()` and
    `resume()` the send buffer's marks. `connection_lost` comes at the loop's next turn, as from a
    real one; what is received while reading is paused comes once it is resumed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any = None, **extra: Any) -> None:
        super().__init__({"peername": ("127.0.0.1", 5000), "sockname": ("127.0.0.1", 80), **extra})
        self._loop = loop
        self._protocol = protocol
        self._closing = False
        self.sent = b""
        self.writes = 0
        self.reading = True
        self.eof_sent = False
        self.aborted = False
        self.unsent = 0
        self._waiting: list[bytes] = []
        self.high_water = 65_536
        self.peer: MemoryTransport | None = None

    # What the protocol calls.

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.eof_sent:
            raise RuntimeError("write() after write_eof()")
        if self._closing:
            return
        self.sent += data
        self.writes += 1
        if self.peer is not None:
            self._loop.call_soon(self.peer.receive, bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.eof_sent = True
        if self.peer is not None:
            self._loop.call_soon(self.peer.receive_eof)

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return self.reading and not self._closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        if self._waiting:
            self._loop.call_soon(self._receive_waiting)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high_water = 65_536 if high is None else high

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)
            if self.peer is not None:
                self._loop.call_soon(self.peer.receive_eof)

    def abort(self) -> None:
        self.aborted = True
        self._waiting.clear()
        self.close()

    # What the test calls.

    def receive(self, data: bytes) -> None:
        """The peer has sent `data`, which is not empty."""
        if not self.reading or self._waiting:
            self._waiting.append(data)
        elif not self._closing:
            self._protocol.data_received(data)

    def receive_eof(self) -> None:
        """The peer sends no more."""
        if not self.reading or self._waiting:
            self._waiting.append(b"")
        elif not self._closing and not self._protocol.eof_received():
            self.close()

    def _receive_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for number, data in enumerate(waiting):
            if not self.reading:
                self._waiting = waiting[number:] + self._waiting
                return
            if data:
                self.receive(data)
            else:
                self.receive_eof()

    def pause(self, unsent: int) -> None:
        """The send buffer, which holds `unsent` bytes, is above its mark."""
        self.unsent = unsent
        self._protocol.pause_writing()

    def resume(self) -> None:
        """The send buffer is empty again."""
        self.unsent = 0
        self._protocol.resume_writing()

    def lose(self, exc: BaseException | None = None) -> None:
        """The connection breaks, now."""
        if not self._closing:
            self._closing = True
            self._protocol.connection_lost(exc)

    def take(self) -> bytes:
        """What was sent since the last call."""
        sent, self.sent = self.sent, b""
        return sent


def connected(loop: asyncio.AbstractEventLoop, protocol: Any, **extra: Any) -> MemoryTransport:
    """A transport whose protocol is `protocol`, connection made."""
    transport = MemoryTransport(loop, protocol, **extra)
    protocol.connection_made(transport)
    return transport


def connect_pair(
    loop: asyncio.AbstractEventLoop, one: Any, other: Any
) -> tuple[MemoryTransport, MemoryTransport]:
    """Two protocols joined: what the one writes the other receives at the loop's next turn."""
    transports = MemoryTransport(loop, one), MemoryTransport(loop, other)
    transports[0].peer, transports[1].peer = transports[1], transports[0]
    one.connection_made(transports[0])
    other.connection_made(transports[1])
    return transports


class ManualClock(Clock):
    """A Clock that stands still until advance() is called; it never touches the loop's timers."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self._wall_now = wall
        self._watched: set[Expiring] = set()
        self._second = -1
        self._wall = lambda: self._wall_now
        self.now = 1000.0
        self.date = b""
        self.last_lines = b""
        self._renew_date()

    def watch(self, link: Expiring) -> None:
        self._watched.add(link)

    def unwatch(self, link: Expiring) -> None:
        self._watched.discard(link)

    @property
    def watched(self) -> int:
        """How many are watched."""
        return len(self._watched)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, then tell whose deadline has come."""
        self.now += seconds
        self._wall_now += seconds
        self._renew_date()
        for link in list(self._watched):
            if link.deadline <= self.now and link.deadline != NEVER:
                link.expired()


class ScriptedPeer:
    """A TCP server on 127.0.0.1 that plays a script: one coroutine function per connection.

    `async with ScriptedPeer(script) as peer:` gives `peer.port`; `script(reader, writer)` reads
    and writes bytes, the connection is closed when it returns. What scripts raise is raised when
    the block is left. `connections` counts them.
    """

    def __init__(self, script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> None:
        self._script = script
        self._errors: list[BaseException] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._errors and exc[0] is None:
            raise self._errors[0]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._script(reader, writer)
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            return
        except BaseException as error:
            self._errors.append(error)
        finally:
            writer.close()
