"""Flow control over one transport, both ways.

It does what aiolos_protocol.transport.TransportOwner does: a compiled class derives only from one
that is compiled with it, and that one is another distribution's.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from aiolos_protocol.transport import READY, Outcome, Pending, wait_for


class Flow:
    """Owns one transport from connection_made to connection_lost."""

    __slots__ = ("__weakref__", "_drained", "_read_paused", "_write_paused", "loop", "transport")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # Typed as what it is in use: each use follows a check of the phase.
        self.transport: Any = None
        self._write_paused = False
        self._read_paused = False
        self._drained: asyncio.Future[None] | None = None

    def _lost(self, message: str) -> ConnectionResetError:
        """What writing raises without a connection."""
        raise NotImplementedError

    def _disconnected(self, exc: BaseException | None) -> None:
        """The transport is gone: whoever waits to write is told."""
        self.transport = None
        drained = self._drained
        self._drained = None
        if drained is not None and not drained.done():
            error = self._lost("the connection was lost while data waited to be sent")
            error.__cause__ = exc
            drained.set_exception(error)
            # Nobody may be waiting any more; that is not worth a warning.
            drained.exception()

    def _room(self) -> None:
        """The send buffer is below its low-water mark."""
        self._write_paused = False
        drained = self._drained
        self._drained = None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def drain(self) -> "Awaitable[None]":
        """An awaitable that is done when the send buffer has room."""
        if self.transport is None:
            return Outcome(error=self._lost("the connection is closed"))
        if not self._write_paused:
            return READY
        if self._drained is None:
            self._drained = self.loop.create_future()
        return Pending(wait_for(self._drained))

    def pause_reading(self) -> None:
        """Stop receiving until resume_reading(); repeating it changes nothing."""
        if not self._read_paused and self.transport is not None:
            self._read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on receiving."""
        if self._read_paused and self.transport is not None:
            self._read_paused = False
            self.transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info(); `default` once the connection is gone."""
        return default if self.transport is None else self.transport.get_extra_info(name, default)
