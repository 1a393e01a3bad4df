"""How bytes come from transports: by way of one buffer for a whole loop, where the loop has none.

To a plain asyncio.Protocol stock asyncio gives what recv(262144) returned, and over TLS both loops
what read(262144) did: a block of 256 KiB for each read, which the C library maps, shrinks to the
few bytes that came, and unmaps. That costs three system calls and fresh pages, and up to three
times as much as all the rest of a small request (tools/bench/websocket_echo.py with `--loops
asyncio` shows it). From sockets uvloop reads into a buffer of its own.
"""

import asyncio
from typing import Any, Final
from weakref import WeakKeyDictionary

# As asyncio's own reads.
SIZE: Final = 262_144
# The transports that read so, and that ask for a buffer, fill it and tell of it in one step, so
# that nobody else's bytes can come between.
_STRAIGHT: Final = frozenset(
    {
        "asyncio.selector_events._SelectorSocketTransport",
        "asyncio.sslproto._SSLProtocolTransport",
        "uvloop.loop._SSLProtocolTransport",
    }
)
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio.BaseProtocol: `owner` was told before."""

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
    """Have `transport`, whose protocol is `owner`, read by way of the buffer of `loop`, where it
    is one that would take a large block for each read; any other is left as it is."""
    kind = type(transport)
    if f"{kind.__module__}.{kind.__qualname__}" in _STRAIGHT:
        buffer = _BUFFERS.get(loop)
        if buffer is None:
            buffer = _BUFFERS[loop] = memoryview(bytearray(SIZE))
        transport.set_protocol(Receiving(owner, buffer))
