"""Options of sockets."""

import asyncio
import socket

__all__ = ["tcp_keepalive", "tcp_nodelay"]


def tcp_keepalive(transport: asyncio.Transport) -> None:
    """Let the kernel look after an idle connection."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def tcp_nodelay(transport: asyncio.Transport, value: bool) -> None:
    """Send small pieces at once, or not."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, value)
