"""Frames past the transport: what the socket takes, what is left, and that nothing is overtaken."""

import asyncio
import contextlib
import os
import socket
import sys

import pytest
from aiolos_protocol.testkit import MemoryTransport
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import WSOptions
from aiolos_websocket import bypass as module
from aiolos_websocket import pybypass
from aiolos_websocket.engine import Engine
from aiolos_websocket.frames import BINARY, FIN, TEXT
from aiolos_websocket.handshake import Terms
from aiolos_websocket.mask import frame as framed
from aiolos_websocket.role import CLIENT, SERVER

TWINS = {module.send, pybypass.send}
KEY = b"\x12\x34\x56\x78"

compiled = pytest.mark.skipif(
    module.send is pybypass.send, reason="plain Python never goes past a transport"
)


@pytest.fixture(params=TWINS, ids=lambda twin: type(twin).__name__)
def send(request):
    return request.param


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def tcp():
    """As `pair`: one that takes a part of what it is given where it is nearly full."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def everything(sock):
    """What has come."""
    data = b""
    with contextlib.suppress(BlockingIOError):
        while piece := sock.recv(1 << 16):
            data += piece
    return data


@pytest.mark.parametrize("key", [b"", KEY])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 2034, 2035, 2044, 2045, 65_535, 65_536])
def test_what_is_sent_and_what_is_left_are_the_frame(send, pair, size, key):
    ours, theirs = pair
    payload = bytes(range(256)) * (size // 256 + 1)
    for given in (payload[:size], memoryview(payload)[:size], bytearray(payload[:size])):
        left = send(ours.fileno(), FIN | BINARY, given, key)
        assert everything(theirs) + left == framed(FIN | BINARY, payload[:size], key)


@compiled
def test_a_socket_with_room_takes_all(pair):
    ours, theirs = pair
    assert module.send(ours.fileno(), FIN | TEXT, b"a", b"") == b""
    assert everything(theirs) == b"\x81\x01a"


@pytest.mark.parametrize("size", [1000, 30_000])
def test_a_full_socket_leaves_the_rest(send, pair, size):
    ours, theirs = pair
    expected, left = b"", b""
    while not left:
        left = send(ours.fileno(), FIN | BINARY, b"x" * size, b"")
        expected += framed(FIN | BINARY, b"x" * size, b"")
    assert everything(theirs) + left == expected


def test_a_broken_socket_leaves_all(send, pair):
    ours, theirs = pair
    theirs.close()
    assert send(ours.fileno(), FIN | BINARY, b"ab", b"") == b"\x82\x02ab"
    assert send(-1, FIN | BINARY, b"ab", b"") == b"\x82\x02ab"


def test_a_key_has_four_bytes(send, pair):
    with pytest.raises(ValueError, match="four bytes"):
        send(pair[0].fileno(), FIN | BINARY, b"", b"abc")


def test_what_is_no_buffer(send, pair):
    with pytest.raises(TypeError):
        send(pair[0].fileno(), FIN | BINARY, "text", b"")


# On uvloop, where it is used.


on_uvloop = pytest.mark.skipif(
    sys.platform == "win32" or sys.implementation.name != "cpython", reason="there is no uvloop"
)


def run_on_uvloop(main):
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(asyncio.wait_for(main, 30))


async def connected(role, options, sock):
    """An engine over `sock`, its transport, and its listener's place."""
    loop = asyncio.get_running_loop()
    engine = Engine(loop, Terms(role, None, None), options)
    lost = loop.create_future()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=sock)
    engine.attach(Handover(transport, b"", False, False, lost.set_result))
    return engine, transport, lost


class Hears:
    """Calls `hear` with each message."""

    def __init__(self, hear):
        self.message_received = hear


async def received(sock, size):
    """So many bytes, from a peer's socket."""
    data = b""
    while len(data) < size:
        piece = await asyncio.get_running_loop().sock_recv(sock, 1 << 16)
        assert piece, f"it ended behind {len(data)} of {size} bytes"
        data += piece
    return data


async def test_stock_asyncio_is_left_alone(pair):
    engine, transport, lost = await connected(SERVER, WSOptions(), pair[0])
    assert module.descriptor_of(transport, engine) == -1
    transport.abort()
    await lost
    assert module.descriptor_of(MemoryTransport(asyncio.get_running_loop()), engine) == -1


@compiled
@on_uvloop
@pytest.mark.parametrize("kind", ["pair", "tcp"])
def test_transports_of_uvloop(kind, request):
    ours, _ = request.getfixturevalue(kind)

    async def main():
        engine, transport, lost = await connected(SERVER, WSOptions(), ours)
        descriptor = transport.get_extra_info("socket").fileno()
        assert module.descriptor_of(transport, engine) == descriptor >= 0
        # Whoever stands between might call at any time.
        assert module.descriptor_of(transport, asyncio.Protocol()) == -1
        transport.abort()
        await lost

    run_on_uvloop(main())


@on_uvloop
@pytest.mark.parametrize("role", [SERVER, CLIENT])
def test_nothing_is_overtaken(role, tcp, frame):
    ours, theirs = tcp
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    key = KEY if role is SERVER else None
    count = 60
    # Small, too large to be joined, small: past the transport, by it, and behind that.
    sizes = (10, 33_000, 500)
    expected = [bytes([at % 251]) * size for at in range(count) for size in sizes]
    most = 0

    async def main():
        nonlocal most
        loop = asyncio.get_running_loop()
        engine, transport, lost = await connected(role, WSOptions(max_msg_size=0), ours)
        heard = asyncio.Event()

        def hear(payload, kind):
            nonlocal most
            for size in sizes:
                engine.send_bytes(bytes(payload) * size)
            most = max(most, transport.get_write_buffer_size())
            heard.set()

        listening = asyncio.create_task(engine.listen(Hears(hear)))
        await asyncio.sleep(0)
        reading = None
        for at in range(count):
            heard.clear()
            # One frame at a time, as more would be answered together.
            await loop.sock_sendall(theirs, frame(BINARY, bytes([at % 251]), key=key))
            if at < 20:
                # At first nothing is read, and what was not sent waits.
                await asyncio.sleep(0.001)
                continue
            if reading is None:
                total = sum(
                    len(framed(FIN | BINARY, each, b"" if key else KEY)) for each in expected
                )
                reading = asyncio.create_task(received(theirs, total))
            await heard.wait()
        data = await reading
        engine.close(drain=False)
        transport.abort()
        await lost
        await listening
        return data

    data = run_on_uvloop(main())
    assert most > 30_000, "nothing had to wait"
    for each in expected:
        data, payload = cut(data, role is CLIENT)
        assert payload == each
    assert not data


def cut(data, masked):
    """The rest behind the first frame, and its payload."""
    size, at = data[1] & 127, 2
    if size == 126:
        size, at = int.from_bytes(data[2:4], "big"), 4
    assert bool(data[1] & 128) is masked
    if masked:
        key = data[at : at + 4] * (size // 4 + 1)
        at += 4
        word = int.from_bytes(data[at : at + size], "big") ^ int.from_bytes(key[:size], "big")
        return data[at + size :], word.to_bytes(size, "big")
    return data[at + size :], data[at : at + size]


@on_uvloop
def test_a_descriptor_that_means_another_socket_now(pair, frame):
    ours, theirs = pair

    async def main():
        loop = asyncio.get_running_loop()
        engine, transport, lost = await connected(SERVER, WSOptions(), ours)
        waits = asyncio.create_task(engine.receive())
        await loop.sock_sendall(theirs, frame(BINARY, b"a", key=KEY))
        await waits
        descriptor = transport.get_extra_info("socket").fileno()
        transport.abort()
        await lost
        while True:
            try:
                os.fstat(descriptor)
            except OSError:
                break
            await asyncio.sleep(0)
        other, peer = socket.socketpair()
        if other.fileno() != descriptor:
            os.dup2(other.fileno(), descriptor)
            other.close()
            other = socket.socket(fileno=descriptor)
        with other, peer:
            peer.setblocking(False)
            with pytest.raises(ConnectionResetError):
                await engine.send_bytes(b"secret")
            assert everything(peer) == b""

    run_on_uvloop(main())


@on_uvloop
def test_a_descriptor_means_the_same_until_the_turn_is_over(frame):
    async def main():
        loop = asyncio.get_running_loop()
        accepted, found = loop.create_future(), loop.create_future()

        class Accepts(asyncio.Protocol):
            def connection_made(self, transport):
                engine = Engine(loop, Terms(SERVER, None, None), WSOptions())
                engine.attach(Handover(transport, b"", False, False, lambda exc: None))
                accepted.set_result(engine)

        def hear(payload, kind):
            transport = engine.transport
            with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as ours:
                before = ours.getpeername()
            transport.abort()
            # What bypass relies on: a loop closes the socket in a turn of its own.
            with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as ours:
                found.set_result((before, ours.getpeername()))

        server = await loop.create_server(Accepts, "127.0.0.1", 0)
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, server.sockets[0].getsockname())
            engine = await accepted
            listening = asyncio.create_task(engine.listen(Hears(hear)))
            await asyncio.sleep(0)
            await loop.sock_sendall(client, frame(BINARY, b"a", key=KEY))
            assert await found == (client.getsockname(),) * 2
            await listening
        server.close()

    run_on_uvloop(main())


@on_uvloop
def test_the_peer_is_gone_as_it_is_answered(pair, frame):
    ours, theirs = pair

    async def main():
        engine, _, lost = await connected(SERVER, WSOptions(), ours)
        listening = asyncio.create_task(
            engine.listen(Hears(lambda data, _: engine.send_bytes(data)))
        )
        await asyncio.sleep(0)
        theirs.sendall(frame(BINARY, b"a" * 50, key=KEY))
        theirs.close()
        await lost
        await listening
        assert engine.close_code == 1006

    run_on_uvloop(main())
