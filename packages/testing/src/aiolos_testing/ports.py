"""Free ports of the loopback interface, and sockets bound to them."""

import socket
from socket import AddressFamily


def get_port_socket(host: str, port: int, family: AddressFamily) -> socket.socket:
    """A TCP socket bound to `host` and `port`, 0 for a free one; it does not listen yet.

    Raises OSError where it cannot be bound.
    """
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A server that ended a moment ago leaves its port in TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def get_unused_port_socket(
    host: str, family: AddressFamily = AddressFamily.AF_INET
) -> socket.socket:
    """get_port_socket() of a free port."""
    return get_port_socket(host, 0, family)


def unused_port() -> int:
    """A port of 127.0.0.1 that nobody used a moment ago.

    Another process may take it first: hand over get_unused_port_socket() where that matters.
    """
    with get_unused_port_socket("127.0.0.1") as sock:
        port: int = sock.getsockname()[1]
    return port
