"""Sending whole messages: straight to the transport, or by the outbox in their turn."""

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any, Final

from aiolos_protocol.clock import Clock
from aiolos_protocol.transport import Outcome, Pending, wait_for, write_pieces
from aiolos_protocol.websocket import WSOptions

from .bypass import send
from .deflate import MIN_WINDOW, Deflater, check_window
from .flow import Flow
from .frames import BINARY, FIN, TEXT
from .handshake import Terms
from .outbox import Outbox
from .phase import ANSWERING, OPEN
from .windows import windows_of

# Above it a header and its payload are not joined: copying costs more than it saves.
_LARGE: Final = 32_768

# What goes out together at most, and what is small enough to be joined.
_TOGETHER: Final = 65_536


class Sender(Flow):
    """Sends as long as the phase allows it."""

    __slots__ = (
        "_behind",
        "_clock",
        "_corked",
        "_corked_size",
        "_options",
        "_outbox",
        "_phase",
        "_role",
        "_socket",
        "_straight",
        "_writer",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, terms: Terms, options: WSOptions, clock: Clock
    ) -> None:
        Flow.__init__(self, loop)
        self._clock = clock
        self._options = options
        self._role = role = terms.role
        self._writer = role.writer
        self._phase = OPEN
        # Frames that go out together: the loops make a system call of each write.
        self._corked: list[bytes] | None = None
        self._corked_size = 0
        # Of `bypass`: the socket's descriptor, and the same while it is used; -1 for none.
        self._socket = -1
        self._straight = -1
        # The transport may still have some of what it was given.
        self._behind = True
        # Without it messages go straight to the transport.
        self._outbox: Outbox | None = None
        if terms.compression is not None:
            window = role.own_window(terms.compression)
            if window.bits >= MIN_WINDOW:
                self._outbox = self._new_outbox(Deflater(window.bits, window.takeover))

    def send_str(self, data: str, compress: "int | None" = None) -> "Awaitable[None]":
        if not isinstance(data, str):
            raise TypeError(f"send_str() takes a str, not {type(data).__name__}")
        return self._send(TEXT, data.encode(), compress)

    def send_bytes(
        self, data: "bytes | bytearray | memoryview", compress: "int | None" = None
    ) -> "Awaitable[None]":
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"send_bytes() takes bytes, not {type(data).__name__}")
        return self._send(BINARY, data, compress)

    def _send_message(
        self, opcode: int, message: "bytes | bytearray | memoryview", compress: "int | None"
    ) -> "Awaitable[None]":
        if isinstance(message, memoryview) and not message.c_contiguous:
            message = bytes(message)
        return self._send(opcode, message, compress)

    def _send(
        self, opcode: int, message: "bytes | bytearray | memoryview", compress: "int | None"
    ) -> "Awaitable[None]":
        if self._phase > ANSWERING:
            return Outcome(error=self._closed_error())
        if compress:
            check_window(compress)
        if isinstance(message, memoryview) and not message.c_contiguous:
            message = bytes(message)
        if self._outbox is not None:
            written = self._outbox.send(opcode, bytes(message), compress)
            if written is not None:
                self._sending_waits(written)
                return Pending(self._once_written(written))
        elif len(message) >= _LARGE and not self._writer.masks and _stays_as_it_is(message):
            self._flush()
            header = self._writer.header(opcode, memoryview(message).nbytes)
            self._use_transport()
            write_pieces(self.transport, (header, message))
        elif self._corked is not None:
            self._put(self._writer.frame(opcode, message))
        elif self._straight >= 0:
            left = send(self._straight, opcode | FIN, message, self._writer.key())
            if left:
                self._give(left)
        else:
            # As _give(), whose call is worth sparing here.
            self._behind = True
            self.transport.write(self._writer.frame(opcode, message))
        return self.drain() if self._write_paused else self._ready()

    def _sending_waits(self, written: "asyncio.Future[None]") -> None:
        """What was sent is not written yet; `written` is done then."""

    def _once_written(self, written: "asyncio.Future[None]") -> "Generator[Any, None, None]":
        yield from wait_for(written)
        yield from self.drain().__await__()

    def _closed_error(self) -> ConnectionResetError:
        return self._lost("the WebSocket is closed: nothing is sent any more")

    def _new_outbox(self, deflater: Deflater | None) -> Outbox:
        windows = windows_of(self.loop)
        return Outbox(
            self.loop, self._clock, self._put, self._writer, self._options.lost, deflater, windows
        )

    def _lost(self, message: str) -> ConnectionResetError:
        return self._options.lost(message)

    def _begin_straight(self) -> None:
        """The transport calls: its socket may be used until _end_straight(), if nothing waits."""
        if self._behind:
            self._behind = self.transport.get_write_buffer_size() > 0
        if not self._behind:
            self._straight = self._socket

    def _end_straight(self) -> None:
        self._straight = -1

    def _use_transport(self) -> None:
        """What it is given now must not be overtaken."""
        self._behind = True
        self._straight = -1

    def _give(self, data: bytes) -> None:
        self._use_transport()
        self.transport.write(data)

    def _put(self, data: bytes) -> None:
        if self._corked is not None:
            self._corked.append(data)
            self._corked_size += len(data)
            if self._corked_size > _TOGETHER:
                self._flush()
        elif self.transport is not None:
            self._give(data)

    def _cork(self) -> None:
        """Let what is put from now on go out together, at _uncork()."""
        self._corked = []

    def _uncork(self) -> None:
        self._flush()
        self._corked = None

    def _flush(self) -> None:
        corked = self._corked
        if corked:
            self._corked = []
            self._corked_size = 0
            if self.transport is not None:
                self._give(b"".join(corked))

    def _write(self, opcode: int, payload: "bytes | bytearray | memoryview") -> None:
        self._put(self._writer.frame(opcode, payload))


def _stays_as_it_is(message: "bytes | bytearray | memoryview") -> bool:
    """Whether the transport may keep it: nobody can change it."""
    owner = message.obj if isinstance(message, memoryview) else message
    return isinstance(owner, bytes)
