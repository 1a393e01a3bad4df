"""Bytes of a body that are written past a link, to its transport's socket."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol


class Bypassed(Protocol):
    """The link, as its bypass knows it."""

    transport: asyncio.Transport

    def drain(self) -> Awaitable[None]: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def written_beside(self, size: int) -> None: ...


class SocketBypass:
    """See exchange.Bypass: a full socket is to the link what a full send buffer is."""

    __slots__ = ("_is_full", "_link", "transport")

    def __init__(self, link: Bypassed) -> None:
        self._link = link
        self._is_full = False
        self.transport = link.transport

    def sent(self, size: int) -> None:
        """See Bypass."""
        self._link.written_beside(size)

    def full(self) -> "Awaitable[None]":
        """See Bypass."""
        self._is_full = True
        self._link.pause_writing()
        return self._link.drain()

    def room(self) -> None:
        """See Bypass."""
        if self._is_full:
            self._is_full = False
            self._link.resume_writing()
