"""One message to many WebSockets."""

from collections.abc import Callable, Iterable

from aiolos_protocol.websocket import ForwardingWebSocket, WebSocket

from .broadcasting import Broadcasting


def broadcast(
    sockets: Iterable[WebSocket], message: str | bytes | bytearray | memoryview
) -> list[WebSocket]:
    """Send `message` to all `sockets`, encoded once, without waiting for any of them.

    Returns those that it was not sent to: they are closed, or the peer does not read as fast as
    it is written to (its send buffer, or what waits for its turn, is above `writer_limit`). What
    to do with a slow peer, to close it or to let it miss some, is the caller's choice.

    Where `sockets` is a single one, one of them is none of ours, or not open yet, or `message` is
    of another type, TypeError is raised and nothing sent.
    """
    if isinstance(sockets, WebSocket):
        # A server's is a mapping, too, and there would be nothing in it.
        raise TypeError("broadcast() takes a list of WebSockets: write [socket]")
    senders = [(socket, _sender_of(socket)) for socket in sockets]
    shared = Broadcasting(message)
    return [socket for socket, send in senders if not send(shared)]


def _sender_of(socket: WebSocket) -> Callable[[Broadcasting], bool]:
    engine = socket.engine if isinstance(socket, ForwardingWebSocket) else socket
    # Not by the engine's class: whoever imports this need not import that.
    send: Callable[[Broadcasting], bool] | None = getattr(engine, "send_shared", None)
    if send is None:
        raise TypeError(f"broadcast() takes open WebSockets of aiolos, not {type(socket).__name__}")
    return send
