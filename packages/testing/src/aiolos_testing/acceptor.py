"""Accepts connections one by one, so that each may get its own fault, or TLS or none."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from ssl import SSLContext
from typing import Any, Final

from .faults.interposed import NO_LINGER
from .faults.octets import Refuse, TLSFailure
from .faults.supply import Supply

# The first byte of a TLS record that holds a handshake (RFC 8446 5.1).
_HANDSHAKE: Final = b"\x16"
# Behind an accept that failed, in seconds.
_PAUSE: Final = 0.1


class Acceptor:
    """Serves `factory` on a bound socket; stands where an asyncio.Server does.

    With `tls`, TLS is spoken to everybody; or, where it is a function that gives the context, to
    whom begins with it, so that nobody else needs one. `loop` is the running one by default.
    """

    def __init__(
        self,
        sock: socket.socket,
        factory: Callable[[], Any],
        supply: Supply,
        *,
        tls: SSLContext | Callable[[], SSLContext] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._sock = sock
        self._factory = factory
        self._supply = supply
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        sock.setblocking(False)
        sock.listen(128)
        self._start(self._accept())

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The socket; none after close()."""
        return () if self._sock.fileno() < 0 else (self._sock,)

    def close(self) -> None:
        """Accept nothing more; connections go on."""
        for task in self._tasks:
            task.cancel()
        self._sock.close()

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        while True:
            try:
                connection, _ = await self._loop.sock_accept(self._sock)
            except OSError as error:
                # As asyncio's own servers do: without descriptors for a moment, others come later.
                context = {"message": "a test server could not accept", "exception": error}
                self._loop.call_exception_handler(context)
                await asyncio.sleep(_PAUSE)
            else:
                self._start(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        fault = self._supply.next()
        if isinstance(fault, Refuse):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            connection.close()
            return
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tls = self._tls
            if callable(tls):
                begins_with = await self._first_byte(connection)
                tls = tls() if begins_with == _HANDSHAKE else None
            factory = self._supply.wrap(self._factory, fault)
            if tls is not None and isinstance(fault, TLSFailure):
                factory, tls = _Alert, None
            await self._loop.connect_accepted_socket(factory, connection, ssl=tls)
        except OSError:
            # A handshake that failed is the client's to report.
            connection.close()
        except BaseException:
            connection.close()
            raise

    async def _first_byte(self, connection: socket.socket) -> bytes:
        readable = self._loop.create_future()
        self._loop.add_reader(connection, readable.set_result, None)
        try:
            await readable
        finally:
            self._loop.remove_reader(connection)
        return connection.recv(1, socket.MSG_PEEK)


class _Alert(asyncio.Protocol):
    """Answers whatever comes with a fatal TLS alert."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(TLSFailure.ALERT)
        self._transport.close()
