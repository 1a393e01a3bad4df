"""The Python twin of `_receiving`: the receiver's own coroutines."""

from collections.abc import AsyncIterator, Awaitable
from typing import cast

from aiolos_protocol.websocket import WSReceived

from .receiver import Receiver


def receive(receiver: Receiver, timeout: float | None) -> Awaitable[WSReceived]:
    """See `receiving`."""
    # No fragment: none was asked for.
    return cast(Awaitable[WSReceived], receiver._next(timeout))


def iterate(receiver: Receiver) -> AsyncIterator[WSReceived]:
    """See `receiving`."""
    return cast(AsyncIterator[WSReceived], receiver)
