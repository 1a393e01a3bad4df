"""One message to many WebSockets."""

from collections.abc import Iterable

from aiolos_protocol.websocket import ForwardingWebSocket, WebSocket

from .broadcasting import Broadcasting
from .engine import Engine


def broadcast(
    sockets: Iterable[WebSocket], message: str | bytes | bytearray | memoryview
) -> list[WebSocket]:
    """Send `message` to all `sockets`, encoded once, without waiting for any of them.

    Returns those that it was not sent to: they are closed, or the peer does not read as fast as
    it is written to (its send buffer, or what waits for its turn, is above `writer_limit`). What
    to do with a slow peer, to close it or to let it miss some, is the caller's choice.

    Where one of `sockets` is none of ours, or not open yet, TypeError is raised and nothing sent.
    """
    engines = [(socket, _engine_of(socket)) for socket in sockets]
    shared = Broadcasting(message)
    return [socket for socket, engine in engines if not engine.send_shared(shared)]


def _engine_of(socket: WebSocket) -> Engine:
    engine = socket.engine if isinstance(socket, ForwardingWebSocket) else socket
    if not isinstance(engine, Engine):
        raise TypeError(f"broadcast() takes open WebSockets of aiolos, not {type(socket).__name__}")
    return engine
