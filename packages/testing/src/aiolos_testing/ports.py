"""Free ports of the loopback interface, and sockets bound to them."""

import socket


def bound_socket(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A TCP socket bound to `host` and `port`, 0 for a free one; it does not listen yet.

    `host` is a name or an address of either family. Raises OSError where it cannot be bound.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        # A server that ended a moment ago leaves its port in TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock


def unused_port() -> int:
    """A port of 127.0.0.1 that nobody used a moment ago.

    Another process may take it first: bind to port 0, or hand over bound_socket(), where that
    matters.
    """
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
