"""Sending a frame past the transport, straight to its socket.

uvloop's transports make an object of each write and have libuv call them back when it is done. For
a small message that is a third of what it costs to answer (tools/bench/websocket_echo.py), though
in the end it is a write(2), made at once where nothing waits before it. So we do that ourselves.
What the socket does not take, be it full or broken, goes to the transport as ever: flow control
and errors remain its matter.

A descriptor is a number, which may come to mean another socket. While the transport calls
data_received() it is its own, so only then is it used; and only while nothing waits in the
transport, as that would be overtaken.

`descriptor_of(transport, owner)` is the descriptor of one of uvloop's, over TCP or a Unix socket,
that calls `owner` and nobody between; else -1.

`send(descriptor, first, payload, key)` sends a frame as mask.frame() makes it, and returns what is
left for the transport: nothing, the rest, or all of it. It never waits.

`_bypass` and `pybypass` are twins; in plain Python there is no faster way than the transport's.
"""

try:
    from ._bypass import descriptor_of, send
except ImportError:
    from .pybypass import descriptor_of, send

__all__ = ["descriptor_of", "send"]
