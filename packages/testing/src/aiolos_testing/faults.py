"""What can go wrong on a connection, for tests that want it to.

A fault says what happens to the bytes that one end sends. A list of faults is spent one by one:
the n-th connection gets the n-th, None is a healthy one, and so are all behind the list's end.
`itertools.repeat(Delay(1))` lets none escape.
"""

import asyncio
import re
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ssl import SSLContext, SSLError
from typing import Any, Final, Protocol
from weakref import WeakSet

from aiolos_protocol.contracts import Connect

from .memory import MemoryTransport

# SO_LINGER of no time: closing sends a reset.
NO_LINGER: Final = struct.pack("ii", 1, 0)


class Line(Protocol):
    """A connection as a fault sees it: what it may do instead of sending what was written."""

    loop: asyncio.AbstractEventLoop

    def send(self, data: bytes) -> None: ...
    def end(self) -> None:
        """Close in order, behind what was sent."""

    def reset(self) -> None:
        """Break it: the peer sees ECONNRESET."""


class Fault:
    """The base: everything passes. A subclass overrides what it spoils.

    The object is a plan; `begin()` gives one that is spent on a single connection.
    """

    def begin(self) -> "Fault":
        """The fault for one connection; itself where it keeps no state."""
        return self

    def opened(self, line: Line) -> None:
        """The connection is there."""

    def write(self, line: Line, data: bytes) -> None:
        """This end sends `data`."""
        line.send(data)

    def close(self, line: Line) -> None:
        """This end closes."""
        line.end()


@dataclass
class Delay(Fault):
    """Everything is sent `seconds` later, in order."""

    seconds: float

    def write(self, line: Line, data: bytes) -> None:
        line.loop.call_later(self.seconds, line.send, data)

    def close(self, line: Line) -> None:
        line.loop.call_later(self.seconds, line.end)


class ByteByByte(Fault):
    """Every byte is sent by itself, one in each turn of the loop."""

    def begin(self) -> Fault:
        return _Dribbling()


class _Dribbling(Fault):
    def __init__(self) -> None:
        self._left = bytearray()
        self._closes = False

    def write(self, line: Line, data: bytes) -> None:
        if not self._left:
            line.loop.call_soon(self._next, line)
        self._left += data

    def close(self, line: Line) -> None:
        self._closes = True
        if not self._left:
            line.end()

    def _next(self, line: Line) -> None:
        line.send(bytes(self._left[:1]))
        del self._left[:1]
        if self._left:
            line.loop.call_soon(self._next, line)
        elif self._closes:
            line.end()


@dataclass
class _After(Fault):
    """Something happens once `size` bytes are sent; what is behind them is dropped."""

    size: int = 0

    def begin(self) -> Fault:
        return type(self)(self.size)

    def opened(self, line: Line) -> None:
        if self.size == 0:
            self._happen(line)

    def write(self, line: Line, data: bytes) -> None:
        if self.size > 0:
            passing, self.size = data[: self.size], self.size - len(data)
            line.send(passing)
            if self.size <= 0:
                self._happen(line)

    def close(self, line: Line) -> None:
        line.end()

    def _happen(self, line: Line) -> None:
        raise NotImplementedError


class CutAfter(_After):
    """The connection is closed in order behind `size` bytes."""

    def _happen(self, line: Line) -> None:
        line.end()


class ResetAfter(_After):
    """The connection is reset behind `size` bytes; 0: before any."""

    def _happen(self, line: Line) -> None:
        line.reset()


class StallAfter(_After):
    """Nothing comes behind `size` bytes, and the connection stays open."""

    def _happen(self, line: Line) -> None:
        pass

    def close(self, line: Line) -> None:
        # Whoever stalls does not hang up either; the peer has to.
        pass


class Refuse(ResetAfter):
    """The connection is refused, or reset at once where it was accepted by the system."""


class TLSFailure(Fault):
    """The TLS handshake fails: the server answers it with a fatal alert."""

    # RFC 8446 6: a record of an alert, fatal, handshake_failure.
    ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x28"


class _Rewriting(Fault):
    """Holds back what was written until `_rewritten()` could change it."""

    def __init__(self) -> None:
        self._held = b""
        self._done = False

    def begin(self) -> Fault:
        return type(self)()

    def write(self, line: Line, data: bytes) -> None:
        if self._done:
            line.send(data)
            return
        self._held += data
        changed = self._rewritten(self._held)
        if changed is not None:
            self._done = True
            line.send(changed)

    def close(self, line: Line) -> None:
        if self._held and not self._done:
            line.send(self._held)
        line.end()

    def _rewritten(self, data: bytes) -> bytes | None:
        raise NotImplementedError


class BadChunk(_Rewriting):
    """The first chunk of the first chunked body has a size that is no number."""

    def _rewritten(self, data: bytes) -> bytes | None:
        found = re.search(rb"(?is)transfer-encoding: chunked.*?\r\n\r\n([0-9a-f]+)", data)
        return found and data[: found.start(1)] + b"oops" + data[found.end(1) :]


class WrongLength(_Rewriting):
    """The first Content-Length is off `by` so many bytes."""

    def __init__(self, by: int = 1) -> None:
        super().__init__()
        self.by = by

    def begin(self) -> Fault:
        return WrongLength(self.by)

    def _rewritten(self, data: bytes) -> bytes | None:
        found = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)\r\n", data)
        if found is None:
            return None
        length = max(0, int(found[1]) + self.by)
        return b"%b%d%b" % (data[: found.start(1)], length, data[found.end(1) :])


Faults = Iterable[Fault | None]


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


class Supply:
    """Spends `faults` on connections, one by one."""

    def __init__(self, faults: Faults) -> None:
        if isinstance(faults, (Fault, str)) or not isinstance(faults, Iterable):
            raise TypeError(f"faults takes a list, like [CutAfter(10), None], not {faults!r}")
        if isinstance(faults, (list, tuple)):
            # Here rather than in a connection, where nobody would see it.
            for fault in faults:
                _check(fault)
        self._faults: Iterator[Fault | None] = iter(faults)
        self._faulty: WeakSet[FaultyTransport] = WeakSet()

    def next(self) -> Fault | None:
        """The fault of the next connection."""
        fault = next(self._faults, None)
        _check(fault)
        return fault

    def wrap(self, factory: Callable[[], Any], fault: Fault | None) -> Callable[[], Any]:
        """A protocol factory like `factory`, whose connection suffers `fault`."""
        if fault is None:
            return factory

        def faulty() -> FaultyTransport:
            transport = FaultyTransport(factory(), fault)
            self._faulty.add(transport)
            return transport

        return faulty

    def over(self, factory: Callable[[], Any]) -> Callable[[], Any]:
        """A protocol factory like `factory`, each of whose connections suffers the next fault."""
        return lambda: self.wrap(factory, self.next())()

    def let_go(self) -> None:
        """Heal what is open: what was to be closed is closed now."""
        for transport in list(self._faulty):
            transport.let_go()


def _check(fault: object) -> None:
    if fault is not None and not isinstance(fault, Fault):
        raise TypeError(f"a fault is an object like CutAfter(10), or None, not {fault!r}")


class FaultyConnect:
    """contracts.Connect over `connect`, or over sockets: what the client sends suffers faults."""

    def __init__(self, faults: Faults, connect: Connect | None = None) -> None:
        self._supply = Supply(faults)
        self._connect = connect or connect_by_socket

    async def __call__(
        self, factory: Callable[[], Any], host: str, port: int, *, ssl: SSLContext | None
    ) -> Any:
        """See the contract."""
        fault = self._supply.next()
        if isinstance(fault, Refuse):
            raise ConnectionRefusedError(f"refused by a fault of the test: {host}:{port}")
        if isinstance(fault, TLSFailure) and ssl is not None:
            raise SSLError(f"handshake failed by a fault of the test: {host}:{port}")
        made = self._supply.wrap(factory, fault)
        protocol = await self._connect(made, host, port, ssl=ssl)
        return protocol if fault is None else protocol.get_protocol()


async def connect_by_socket(
    factory: Callable[[], Any], host: str, port: int, *, ssl: SSLContext | None
) -> Any:
    """contracts.Connect by loop.create_connection()."""
    loop = asyncio.get_running_loop()
    name = host if ssl is not None else None
    _, protocol = await loop.create_connection(factory, host, port, ssl=ssl, server_hostname=name)
    return protocol


def inject(connector: Any, faults: Faults) -> None:
    """Let the next connections of an aiolos connector suffer `faults`."""
    connector.connect_by = FaultyConnect(faults, connector.connect_by)
