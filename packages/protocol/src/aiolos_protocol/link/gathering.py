"""What is written in one turn of the loop goes out as one."""

import asyncio
from typing import Final

from ..http1.serializer import CRLF, chunk_line
from ..transport import TransportOwner, write_pieces

# Pieces written in one loop turn are gathered up to it, and joined.
GATHER: Final = 65_536
# Pieces that are larger on average are not joined.
LARGE: Final = 8_192


class GatheringOwner(TransportOwner):
    """A TransportOwner that joins what is pushed, up to GATHER bytes, until the turn has ended."""

    __slots__ = ("_out", "_out_size")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        TransportOwner.__init__(self, loop)
        self._out: list[bytes] = []
        self._out_size = 0

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        self._out.clear()
        TransportOwner.connection_lost(self, exc)

    def _push(self, data: bytes) -> None:
        """Send `data` with whatever else is written in this turn of the loop."""
        out = self._out
        if not out:
            self.loop.call_soon(self._flush)
        out.append(data)
        self._out_size += len(data)
        if self._out_size >= GATHER:
            self._flush()

    def _push_chunk(self, data: bytes) -> None:
        """As _push(), for a chunk; its parts are not joined before all that is flushed is."""
        out = self._out
        size = len(data)
        if not out:
            self.loop.call_soon(self._flush)
        out.append(chunk_line(size))
        out.append(data)
        out.append(CRLF)
        self._out_size += size
        if self._out_size >= GATHER:
            self._flush()

    def flush(self) -> None:
        """Hand to the transport what is gathered."""
        self._flush()

    def _flush(self) -> None:
        out = self._out
        if not out:
            return
        transport = self.transport
        # One that closes takes nothing more, and asyncio's complains of each attempt.
        if transport is not None and not transport.is_closing():
            if len(out) == 1:
                transport.write(out[0])
            elif self._out_size >= LARGE * len(out):
                write_pieces(transport, out)
            else:
                transport.write(b"".join(out))
        self._out = []
        self._out_size = 0
