"""What a peer has not taken: in the transport, and in the kernel."""

import asyncio
import socket

from aiolos_protocol.testkit import MemoryTransport
from aiolos_protocol.unsent import unsent


async def test_what_the_kernel_holds_counts_until_the_peer_takes_it():
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    assert unsent(transport) == 0
    transport.write(b"x" * 1000)
    assert transport.get_write_buffer_size() == 0
    held = unsent(transport)
    assert held >= 1000
    theirs.recv(1000)
    assert unsent(transport) == 0
    transport.write(b"x" * 10_000_000)
    assert unsent(transport) > transport.get_write_buffer_size() > 0
    theirs.close()
    transport.abort()


async def test_without_a_socket_the_transport_alone_is_asked():
    transport = MemoryTransport(asyncio.get_running_loop())
    transport.unsent = 7
    assert unsent(transport) == 7
