"""How a connection leaves HTTP: Upgrade, CONNECT and RFC 8441 are one hand-over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Handover:
    """A transport that HTTP has let go, and all that its successor must know.

    `transport` is the socket's (HTTP/1.1), or one stream dressed as a transport (HTTP/2);
    `buffered` is what the peer sent behind its handshake; `writing_paused` because
    set_protocol() does not repeat pause_writing() to a successor; `reading_paused` because
    pipelining may have paused the reader; `on_lost` is called once, by the successor, when the
    transport is lost: the former owner keeps its books by it; `half_closed` because the end of
    what the peer sends is not told to a successor again.
    """

    transport: asyncio.Transport
    buffered: bytes
    writing_paused: bool
    reading_paused: bool
    on_lost: Callable[[BaseException | None], None]
    half_closed: bool = False

    def attach(self, successor: asyncio.Protocol) -> None:
        """Make `successor` the transport's protocol and bring it up to date.

        Calls `connection_made`, then `pause_writing` if writing is paused, resumes reading, then
        `data_received` with what was buffered, and last `eof_received` if no more will come.
        """
        self.transport.set_protocol(successor)
        successor.connection_made(self.transport)
        if self.writing_paused:
            successor.pause_writing()
        if self.reading_paused:
            self.transport.resume_reading()
        if self.buffered:
            successor.data_received(self.buffered)
        if self.half_closed and not successor.eof_received():
            # As transports do.
            self.transport.close()
