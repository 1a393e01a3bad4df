"""A transport that stands between another one and its protocol, and suffers faults."""

import asyncio
import socket
import struct
from collections.abc import Iterable
from typing import Any, Final

from ..memory import MemoryTransport
from .plan import Fault

# SO_LINGER of no time: closing sends a reset.
NO_LINGER: Final = struct.pack("ii", 1, 0)


class FaultyTransport(asyncio.Transport):
    """Stands between a transport and its protocol, being either to the other."""

    def __init__(self, inner: Any, fault: Fault) -> None:
        super().__init__()
        self._inner = inner
        self._fault = fault.begin()
        self._outer: Any = None
        self._closing = False
        self.loop = asyncio.get_running_loop()

    # What the fault does (Line).

    def send(self, data: bytes) -> None:
        if self._outer is not None and not self._outer.is_closing():
            self._outer.write(data)

    def end(self) -> None:
        # Once: asyncio's TLS transport is of no use any more when it is closed again.
        if self._outer is not None and not self._outer.is_closing():
            self._outer.close()

    def reset(self) -> None:
        outer = self._outer
        if isinstance(outer, MemoryTransport):
            outer.reset()
        elif outer is not None:
            sock = outer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            outer.abort()

    # From the transport.

    def connection_made(self, transport: Any) -> None:
        self._outer = transport
        self._inner.connection_made(self)
        self._fault.opened(self)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> Any:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._closing = True
        self._outer = None
        self._inner.connection_lost(exc)

    # From the protocol.

    def get_protocol(self) -> Any:
        return self._inner

    def set_protocol(self, protocol: Any) -> None:
        self._inner = protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if self._outer is None else self._outer.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._fault.write(self, bytes(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        # A half-closed connection would end the fault's say in it.
        return False

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._fault.close(self)

    def abort(self) -> None:
        self._closing = True
        if self._outer is not None:
            self._outer.abort()

    def is_closing(self) -> bool:
        return self._closing or self._outer is None or self._outer.is_closing()

    def is_reading(self) -> bool:
        return self._outer is not None and self._outer.is_reading()

    def pause_reading(self) -> None:
        if self._outer is not None:
            self._outer.pause_reading()

    def resume_reading(self) -> None:
        if self._outer is not None:
            self._outer.resume_reading()

    def suffer(self, fault: Fault) -> None:
        """Suffer `fault` from now on."""
        self._fault = fault.begin()
        self._fault.opened(self)

    def let_go(self) -> None:
        """Suffer no more; what was to be closed is closed now."""
        self._fault = Fault()
        if self._closing:
            self.end()

    def get_write_buffer_size(self) -> int:
        return 0 if self._outer is None else self._outer.get_write_buffer_size()

    def get_write_buffer_limits(self) -> Any:
        return self._outer.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._outer.set_write_buffer_limits(high, low)
