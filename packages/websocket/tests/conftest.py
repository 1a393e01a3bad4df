"""Frames made by hand, and engines on transports in memory."""

import asyncio
import struct

import pytest
from aiolos_protocol.testkit import ManualClock, MemoryTransport, connect_pair
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import WSOptions
from aiolos_websocket.engine import Engine
from aiolos_websocket.handshake import Terms
from aiolos_websocket.role import CLIENT, SERVER

KEY = b"\x12\x34\x56\x78"


def xor(data, key):
    """Masking as RFC 6455 5.3 words it."""
    return bytes(byte ^ key[at % 4] for at, byte in enumerate(data))


def make_frame(opcode, payload=b"", *, fin=True, rsv=0, key=None):
    """A frame, by other means than the writer's."""
    size = len(payload)
    mask_bit = 0 if key is None else 0x80
    first = (0x80 if fin else 0) | rsv | opcode
    if size < 126:
        header = struct.pack("!BB", first, mask_bit | size)
    elif size < 65536:
        header = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        header = struct.pack("!BBQ", first, mask_bit | 127, size)
    return header + payload if key is None else header + key + xor(payload, key)


class End:
    """One engine on a transport in memory, and what a test wants to know of it."""

    def __init__(self, role, options, terms, buffered=b"", writing_paused=False):
        loop = asyncio.get_running_loop()
        self.clock = ManualClock()
        self.lost = []
        self.engine = Engine(loop, terms or Terms(role, None, None), options, self.clock)
        self.transport = MemoryTransport(loop)
        self.key = KEY if role is SERVER else None
        handover = Handover(
            self.transport, buffered, writing_paused, not self.transport.reading, self.lost.append
        )
        self.engine.attach(handover)

    def receive(self, *args, **kwargs):
        """The peer sends a frame."""
        self.transport.receive(make_frame(*args, key=self.key, **kwargs))

    def sent(self):
        """What this end has sent since, frames unmasked: (first byte, payload) each."""
        data, found = self.transport.take(), []
        while data:
            first, second, at = data[0], data[1], 2
            size = second & 0x7F
            if size == 126:
                size, at = int.from_bytes(data[2:4], "big"), 4
            elif size == 127:
                size, at = int.from_bytes(data[2:10], "big"), 10
            assert bool(second & 0x80) is (self.key is None), (
                "masking is the client's, and its only"
            )
            payload = data[at : at + size]
            if second & 0x80:
                payload = xor(data[at + 4 : at + 4 + size], data[at : at + 4])
                at += 4
            found.append((first, payload))
            data = data[at + size :]
        return found


@pytest.fixture(scope="session")
def frame():
    """Makes frames by hand."""
    return make_frame


@pytest.fixture(params=[SERVER, CLIENT], ids=lambda role: role.name)
def role(request):
    """Either role: the engine is one."""
    return request.param


@pytest.fixture
def end(role):
    """Makes an End of the role; options as WSOptions takes them."""

    def make(terms=None, buffered=b"", writing_paused=False, **options):
        return End(role, WSOptions(**options), terms, buffered, writing_paused)

    return make


@pytest.fixture
def pair():
    """Makes a server's and a client's engine, joined."""

    def make(compression=None, server=None, client=None):
        loop = asyncio.get_running_loop()
        clock = ManualClock()
        engines = (
            Engine(loop, Terms(SERVER, None, compression), server or WSOptions(), clock),
            Engine(loop, Terms(CLIENT, None, compression), client or WSOptions(), clock),
        )
        connect_pair(loop, *engines)
        return engines

    return make
