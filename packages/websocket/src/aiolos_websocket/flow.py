"""Flow control over one transport, both ways.

It does what aiolos_protocol.transport.TransportOwner does: a compiled class derives only from one
that is compiled with it, and that one is another distribution's.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from aiolos_protocol.transport import READY, Outcome, Room, turn


class Flow:
    """Owns one transport from connection_made to connection_lost."""

    __slots__ = ("__weakref__", "_readied", "_room", "_write_paused", "loop", "transport")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # Typed as what it is in use: each use follows a check of the phase.
        self.transport: Any = None
        self._write_paused = False
        # How often writing had to wait for nothing; see _ready().
        self._readied = 0
        # There while somebody waits for it.
        self._room: Room | None = None

    def _lost(self, message: str) -> ConnectionResetError:
        """What writing raises without a connection."""
        raise NotImplementedError

    def _disconnected(self, exc: BaseException | None) -> None:
        """The transport is gone: whoever waits to write is told."""
        self.transport = None
        room, self._room = self._room, None
        if room is not None:
            room.lost(self._lost("the connection was lost while data waited to be sent"), exc)

    def _has_room(self) -> None:
        """The send buffer is below its low-water mark."""
        self._write_paused = False
        room, self._room = self._room, None
        if room is not None:
            room.made()

    def drain(self) -> "Awaitable[None]":
        """An awaitable that is done when the send buffer has room."""
        if self.transport is None:
            return Outcome(error=self._lost("the connection is closed"))
        if not self._write_paused:
            return self._ready()
        if self._room is None:
            self._room = Room(self.loop)
        return self._room.wait()

    def _ready(self) -> "Awaitable[None]":
        """There is room. As TransportOwner does, it asks now and then whether the transport is
        closing: connection_lost() may be due, and comes when the loop goes on."""
        self._readied += 1
        if self._readied & 15 or self.transport is None or not self.transport.is_closing():
            return READY
        return turn()

    def _stop_reading(self) -> None:
        """Receive nothing until _go_on_reading(); transports take either at any time."""
        if self.transport is not None:
            self.transport.pause_reading()

    def _go_on_reading(self) -> None:
        if self.transport is not None:
            self.transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info(); `default` once the connection is gone."""
        return default if self.transport is None else self.transport.get_extra_info(name, default)
