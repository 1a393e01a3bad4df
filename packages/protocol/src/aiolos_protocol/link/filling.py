"""A protocol that takes a link's place on the transport while a large body comes in."""

import asyncio
from typing import Protocol

from ..streams import StreamReader
from ._bodybuffer import BodyBuffer as BodyBuffer


class Filled(Protocol):
    """The link whose place was taken; it goes on being told all but the bytes."""

    def arrived(self, size: int) -> None:
        """`size` more bytes have been received."""

    def filled(self) -> None:
        """The body is whole."""

    def stop_filling(self) -> None:
        """Take the place back, with what has come so far."""

    def eof_received(self) -> bool: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def connection_lost(self, exc: BaseException | None) -> None: ...


class Filling(asyncio.BufferedProtocol):
    """Has the loop write into `buffer` itself, and counts for `body` what has arrived."""

    def __init__(self, link: Filled, buffer: BodyBuffer, body: StreamReader) -> None:
        self._link = link
        self._body = body
        self.buffer = buffer
        self.received = 0

    def get_buffer(self, sizehint: int) -> memoryview:
        """asyncio.BufferedProtocol."""
        return self.buffer.room()

    def buffer_updated(self, nbytes: int) -> None:
        """asyncio.BufferedProtocol."""
        self.received += nbytes
        self._link.arrived(nbytes)
        self._body.total_bytes += nbytes
        if self.buffer.add(nbytes):
            self._link.filled()

    def eof_received(self) -> bool:
        """asyncio.BufferedProtocol."""
        self._link.stop_filling()
        return self._link.eof_received()

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._link.pause_writing()

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._link.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        self._link.stop_filling()
        self._link.connection_lost(exc)
