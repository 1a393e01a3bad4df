from collections.abc import AsyncIterator, Awaitable

from aiolos_protocol.websocket import WSReceived

from .connection import Connection

def receive(connection: Connection, timeout: float | None) -> Awaitable[WSReceived]: ...
def iterate(connection: Connection) -> AsyncIterator[WSReceived]: ...
