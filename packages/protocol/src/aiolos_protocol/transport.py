"""The base of whatever sits on a transport: flow control both ways, draining, extra info.

Not a subclass of asyncio.Protocol: compiled classes cannot be, and the loops only ask for the
methods.
"""

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any, Final

from .errors import ConnectionLost


class _Ready:
    """An awaitable that is done; awaiting costs nothing, dropping it warns nobody."""

    __slots__ = ()

    def __await__(self) -> "Generator[Any, None, None]":
        return
        yield


READY: Final[Awaitable[None]] = _Ready()


class TransportOwner:
    """Owns one transport from connection_made to connection_lost."""

    __slots__ = ("__weakref__", "_drained", "_read_paused", "_write_paused", "loop", "transport")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # Typed as what they are in use: each use follows a check of the automaton.
        self.transport: Any = None
        self._write_paused = False
        self._read_paused = False
        self._drained: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        self.transport = transport

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol; whoever drains gets ConnectionLost."""
        self.transport = None
        drained = self._drained
        self._drained = None
        if drained is not None and not drained.done():
            error = ConnectionLost("the connection was lost while data waited to be sent")
            error.__cause__ = exc
            drained.set_exception(error)
            # Nobody may be waiting any more; that is not worth a warning.
            drained.exception()

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol: the send buffer is above its high-water mark."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol: the send buffer is below its low-water mark."""
        self._write_paused = False
        drained = self._drained
        self._drained = None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def drain(self) -> "Awaitable[None]":
        """An awaitable that is done when the send buffer has room; never a coroutine.

        Awaiting raises ConnectionLost when the connection goes away instead.
        """
        if self.transport is None:
            return _failed(self.loop, ConnectionLost("the connection is closed"))
        if not self._write_paused:
            return READY
        if self._drained is None:
            self._drained = self.loop.create_future()
        # Shared by several writers: the cancelling of one must not reach the others.
        return asyncio.shield(self._drained)

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
        if self.transport is None:
            return default
        return self.transport.get_extra_info(name, default)


def _failed(loop: asyncio.AbstractEventLoop, error: Exception) -> "asyncio.Future[None]":
    future: asyncio.Future[None] = loop.create_future()
    future.set_exception(error)
    # An un-awaited write on a dead connection must not warn "exception was never retrieved".
    future.exception()
    return future
