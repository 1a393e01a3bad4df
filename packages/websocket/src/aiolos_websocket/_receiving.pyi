from collections.abc import AsyncIterator, Awaitable

from aiolos_protocol.websocket import WSReceived

from .receiver import Receiver

def receive(receiver: Receiver, timeout: float | None) -> Awaitable[WSReceived]: ...
def iterate(receiver: Receiver) -> AsyncIterator[WSReceived]: ...
