"""How bytes come from the sockets of stock asyncio: by way of one buffer for a whole loop.

To a plain asyncio.Protocol they come as recv(262144) returned them: in a block of 256 KiB for each
read, which the C library maps, shrinks to the few bytes that came, and unmaps, unless a program has
by chance freed a block as large before. That costs three system calls and fresh pages, and up to
three times as much as all the rest of a small request (tools/bench/websocket_echo.py with `--loops
asyncio` shows it). uvloop has a buffer of its own; TLS frees large blocks for each connection, and
loses by this more than it gains.
"""

import asyncio
from typing import Any, Final
from weakref import WeakKeyDictionary

# As asyncio's own reads.
SIZE: Final = 262_144
# It asks for a buffer, fills it and tells of it in one step: nobody else's bytes come between.
_SOCKET: Final = ("asyncio.selector_events", "_SelectorSocketTransport")
# Not one for each thread: a loop may run in another thread later.
_BUFFERS: "Final[WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview]]" = WeakKeyDictionary()


class SharedBuffer:
    """What the loop calls for each read; `owner` gets a copy of what came."""

    __slots__ = ("_buffer", "_owner")

    def __init__(self, owner: Any, buffer: memoryview) -> None:
        self._owner = owner
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:
        """asyncio.BufferedProtocol."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """asyncio.BufferedProtocol."""
        self._owner.data_received(self._buffer[:nbytes].tobytes())

    def eof_received(self) -> bool:
        """asyncio.BufferedProtocol."""
        return self._owner.eof_received()  # type: ignore[no-any-return]

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._owner.pause_writing()

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._owner.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        self._owner.connection_lost(exc)


class Receiving(SharedBuffer, asyncio.BufferedProtocol):
    """A SharedBuffer that the loops know for what it is."""

    __slots__ = ()


def share_buffer(loop: asyncio.AbstractEventLoop, transport: Any, owner: Any) -> None:
    """Have `transport` read by way of the buffer of `loop`, where it is a socket's of stock
    asyncio. Any other is left as it is, and one whose protocol is not `owner`: somebody's own
    hands on to it what he has seen."""
    kind = type(transport)
    if (kind.__module__, kind.__name__) == _SOCKET and transport.get_protocol() is owner:
        buffer = _BUFFERS.get(loop)
        if buffer is None:
            buffer = _BUFFERS[loop] = memoryview(bytearray(SIZE))
        transport.set_protocol(Receiving(owner, buffer))
