"""A part of a file straight from the kernel's cache to the socket."""

import asyncio
import errno
import os
from typing import IO, Final

from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.exchange import Bypass, Exchange

AVAILABLE: Final = hasattr(os, "sendfile")
# What is sent before other tasks get their turn.
_TURN: Final = 1_048_576


async def send_file(
    exchange: Exchange, file: IO[bytes], start: int, size: int, chunk_size: int
) -> None:
    """Send `size` bytes of `file` from `start` as part of a body whose head is out.

    By os.sendfile where the exchange has a socket of its own, else piece by piece. Raises
    ConnectionLost where the peer goes away, EOFError where the file has become too short.
    """
    bypass = exchange.bypass(size) if AVAILABLE else None
    if bypass is None:
        await _copy(exchange, file, start, size, chunk_size)
    else:
        await _send(exchange, bypass, file.fileno(), start, size)


async def _send(exchange: Exchange, bypass: Bypass, file: int, start: int, size: int) -> None:
    loop = asyncio.get_running_loop()
    transport = bypass.transport
    # What was written before must be out first: the buffer is emptied.
    transport.set_write_buffer_limits(high=0)
    try:
        while transport.get_write_buffer_size():
            await exchange.drain()
            await asyncio.sleep(0)
    finally:
        transport.set_write_buffer_limits()
    if transport.is_closing():
        raise ConnectionLost("the connection is closed")
    # A descriptor of our own: loops refuse to watch one that belongs to a transport.
    sock = os.dup(transport.get_extra_info("socket").fileno())
    try:
        stop = start + size
        while start < stop:
            size = min(stop - start, _TURN)
            try:
                sent = os.sendfile(sock, file, start, size)
            except BlockingIOError:
                await _writable(loop, sock, bypass)
                continue
            except OSError as error:
                if error.errno in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
                    raise ConnectionLost("the client went away during a file") from error
                raise
            if not sent:
                raise EOFError(f"the file ended {stop - start} bytes early, while it was sent")
            start += sent
            bypass.sent(sent)
            if sent < size:
                # The socket is full: to try again at once would be in vain.
                await _writable(loop, sock, bypass)
            elif start < stop:
                await asyncio.sleep(0)
    finally:
        os.close(sock)


async def _writable(loop: asyncio.AbstractEventLoop, sock: int, bypass: Bypass) -> None:
    loop.add_writer(sock, bypass.room)
    try:
        await bypass.full()
    finally:
        loop.remove_writer(sock)
        bypass.room()


async def _copy(
    exchange: Exchange, file: IO[bytes], start: int, size: int, chunk_size: int
) -> None:
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, file.seek, start)
    while size > 0:
        data = await loop.run_in_executor(None, file.read, min(size, chunk_size))
        if not data:
            raise EOFError(f"the file ended {size} bytes early, while it was sent")
        size -= len(data)
        await exchange.write(data)
