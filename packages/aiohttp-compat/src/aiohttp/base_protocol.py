"""A protocol that can be told to wait; connections of ours are protocols of their own."""

import asyncio
from typing import Any, cast

__all__ = ["BaseProtocol"]


class BaseProtocol(asyncio.Protocol):
    """What a StreamReader pauses and resumes, and what keeps a transport."""

    def __init__(self, loop: asyncio.AbstractEventLoop, parser: Any = None) -> None:
        self._loop = loop
        self._reading_paused = False
        self._writable = asyncio.Event()
        self._writable.set()
        self.transport: asyncio.Transport | None = None

    @property
    def connected(self) -> bool:
        """Whether there is an open transport."""
        return self.transport is not None and not self.transport.is_closing()

    @property
    def writing_paused(self) -> bool:
        """Whether the transport has said that it is full."""
        return not self._writable.is_set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio.BaseProtocol."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        self.transport = None
        self._writable.set()

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._writable.set()

    async def _drain_helper(self) -> None:
        """Wait until writing is not paused."""
        await self._writable.wait()

    def pause_reading(self) -> None:
        """What a StreamReader asks for when it is full."""
        self._reading_paused = True
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """What a StreamReader asks for when it has room again."""
        self._reading_paused = False
        if self.transport is not None:
            self.transport.resume_reading()
