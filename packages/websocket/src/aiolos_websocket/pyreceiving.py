"""The Python twin of `_receiving`: the connection's own coroutines."""

from collections.abc import AsyncIterator, Awaitable
from typing import cast

from aiolos_protocol.websocket import WSReceived

from .connection import Connection


def receive(connection: Connection, timeout: float | None) -> Awaitable[WSReceived]:
    """See `receiving`."""
    # No fragment: none was asked for.
    return cast(Awaitable[WSReceived], connection._next(timeout))


def iterate(connection: Connection) -> AsyncIterator[WSReceived]:
    """See `receiving`."""
    return cast(AsyncIterator[WSReceived], connection)
