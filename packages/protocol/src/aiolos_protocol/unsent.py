"""How much of what was written a peer has not taken yet."""

import struct
import sys
from typing import Any, Final

_INT: Final = struct.Struct("i")

if sys.platform == "win32":

    def _held(sock: Any) -> int:
        # This kernel cannot be asked: what it holds counts as taken.
        return 0

else:
    from fcntl import ioctl
    from termios import TIOCOUTQ

    def _held(sock: Any) -> int:
        try:
            (held,) = _INT.unpack(ioctl(sock.fileno(), TIOCOUTQ, bytes(_INT.size)))
        except OSError:
            return 0
        return int(held)


def unsent(transport: Any) -> int:
    """Bytes that wait in `transport`, and in the kernel for the peer to acknowledge them.

    The kernel may hold megabytes, and takes more only when a third of them is gone: by the
    transport alone a slow peer would seem to take nothing for minutes.
    """
    size: int = transport.get_write_buffer_size()
    sock = transport.get_extra_info("socket")
    return size if sock is None else size + _held(sock)
