"""Large bodies of known length, received straight into what read() gives, or in pieces.

Where nothing is compiled they come in pieces: the results are the same.
"""

import asyncio
import contextlib
import hashlib
import ssl

import pytest
import trustme
from aiolos_protocol.errors import ConnectionLost, RemoteProtocolError
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link import h1
from aiolos_protocol.link.h1_client import H1ClientLink
from aiolos_protocol.link.h1_server import H1ServerLink
from aiolos_protocol.message import RequestHead
from aiolos_protocol.testkit import ManualClock
from multidict import CIMultiDict

SIZE = 3_000_000
BODY = hashlib.sha256(b"wire").digest() * (SIZE // 32)
SIZE = len(BODY)
HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % SIZE
GET = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

BodyBuffer = h1.BodyBuffer
compiled = pytest.mark.skipif(BodyBuffer is None, reason="nothing is compiled: there is no buffer")


def write(buffer, data):
    """Put `data` into the buffer as a loop does; what did not fit."""
    with buffer.room() as room:
        size = min(len(room), len(data))
        room[:size] = data[:size]
    return buffer.add(size), data[size:]


@compiled
@pytest.mark.parametrize("first", [1, 3, 100])
def test_the_buffer_grows_as_it_fills(first):
    data = bytes(range(100))
    buffer = BodyBuffer(100, data[:10], first)
    assert buffer.filled == 10
    rest, rooms, whole = data[10:], [], False
    while rest:
        with buffer.room() as room:
            rooms.append(len(room))
        whole, rest = write(buffer, rest)
    assert whole
    assert buffer.filled == 100
    assert buffer.take() == data
    assert rooms[0] == min(first, 90)
    assert all(0 < room <= max(100, first) for room in rooms)
    assert len(rooms) < 10


@compiled
def test_the_buffer_gives_what_is_there():
    buffer = BodyBuffer(1000, b"", 50)
    assert write(buffer, b"abc") == (False, b"")
    taken = buffer.take()
    assert taken == b"abc"
    assert hash(taken) == hash(b"abc")
    for method in (buffer.room, buffer.take, lambda: buffer.add(0)):
        with pytest.raises(ValueError, match="taken"):
            method()


@compiled
def test_nobody_writes_behind_the_room():
    buffer = BodyBuffer(10, b"", 5)
    for size in (6, -1):
        with pytest.raises(ValueError, match="room"):
            buffer.add(size)


class Role:
    """A server's role that hands out requests; answers are the tests' own."""

    def __init__(self):
        self.link = None
        self.requests = asyncio.Queue()
        self.losses = []

    def connected(self, link):
        self.link = link

    def request_received(self, head):
        self.requests.put_nowait(head)

    def request_refused(self, error):
        return error.status_hint, b""

    def half_closed(self):
        pass

    def lost(self, exc):
        self.losses.append(exc)

    async def body(self):
        self.head = await self.requests.get()
        return self.link.exchange(self.head).body

    def answer(self, body=b"ok"):
        self.link.answer(self.head, 200, "OK", "", None, body, True)

    def is_filling(self):
        return type(self.link.transport.get_protocol()).__name__ == "Filling"


@pytest.fixture(scope="module")
def contexts():
    """TLS contexts of a server and of a client that trusts it."""
    authority = trustme.CA()
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return serving, trusting


@pytest.fixture(params=["asyncio", "uvloop", "asyncio, TLS", "uvloop, TLS"])
def run(request, contexts):
    """Runs main(role, reader, writer, clock) on a loop of its own, joined by a socket."""
    name, _, tls = request.param.partition(", ")
    module = asyncio if name == "asyncio" else request.getfixturevalue("uvloop")
    factory = module.new_event_loop
    serving, trusting = contexts if tls else (None, None)

    def run(main, **options):
        async def joined():
            loop = asyncio.get_running_loop()
            role, clock = Role(), ManualClock()
            server = await loop.create_server(
                lambda: H1ServerLink(loop, clock, DEFAULT_LIMITS, role, "s", **options),
                "127.0.0.1",
                0,
                ssl=serving,
            )
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=trusting, server_hostname="localhost" if tls else None
            )
            try:
                await main(role, reader, writer, clock)
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
                server.close()
                if role.link is not None and role.link.transport is not None:
                    role.link.abort()
                await asyncio.sleep(0)

        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.wait_for(joined(), 30))

    return run


async def begun(role, writer, data):
    """Send the head and `data`; the reading of the whole body, which waits for the rest."""
    writer.write(HEAD + data)
    body = await role.body()
    reading = asyncio.ensure_future(body.read())
    while body.total_bytes < len(data):
        await asyncio.sleep(0.001)
    assert role.is_filling() is (BodyBuffer is not None)
    return body, reading


def test_a_large_body_and_the_next_request(run):
    async def main(role, reader, writer, clock):
        for _ in range(2):
            body, reading = await begun(role, writer, BODY[:500_000])
            # Whatever follows the body comes with it.
            writer.write(BODY[500_000:] + GET)
            data = await reading
            assert type(data) is bytes
            assert data == BODY
            assert body.at_eof()
            assert body.total_bytes == SIZE
            assert not role.is_filling()
            role.answer()
            await role.body()
            assert role.head.target == "/next"
            role.answer(b"next")
            assert (await reader.readuntil(b"next")).count(b"HTTP/1.1 200") == 2

    run(main)


def test_a_body_that_is_read_in_pieces_first(run):
    async def main(role, reader, writer, clock):
        writer.write(HEAD + BODY)
        body = await role.body()
        start = await body.readexactly(1000)
        assert start + await body.read() == BODY
        role.answer()
        assert await reader.readuntil(b"ok")

    run(main)


def test_a_reader_that_gives_up_and_another_that_goes_on(run):
    """What had come is there, and back-pressure as well."""

    async def main(role, reader, writer, clock):
        body, reading = await begun(role, writer, BODY[:700_000])
        reading.cancel()
        await asyncio.wait([reading])
        assert not role.is_filling()
        writer.write(BODY[700_000:])
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert body.total_bytes < SIZE
        assert await body.read(5) == BODY[:5]
        assert await body.read() == BODY[5:]
        role.answer()
        assert await reader.readuntil(b"ok")

    run(main)


@pytest.mark.parametrize("how", ["close", "half-close", "abort"])
def test_a_peer_that_goes_away(run, how):
    async def main(role, reader, writer, clock):
        body, reading = await begun(role, writer, BODY[:700_000])
        if how == "close":
            writer.close()
        elif how == "half-close" and writer.can_write_eof():
            writer.write_eof()
        else:
            writer.transport.abort()
        with pytest.raises(ConnectionLost, match="after 700000 bytes"):
            await reading
        if how != "abort":
            assert await body.readany() == BODY[:700_000]

    run(main)


def test_a_peer_that_is_too_slow(run):
    async def main(role, reader, writer, clock):
        _, reading = await begun(role, writer, BODY[:700_000])
        for _ in range(2):
            clock.advance(10)
        with pytest.raises(RemoteProtocolError) as caught:
            await reading
        assert caught.value.status_hint == 408
        assert not role.is_filling()
        writer.write(BODY[700_000:])
        role.answer()
        assert await reader.readuntil(b"ok")

    run(main, body_timeout=10.0)


def test_an_answer_while_the_body_is_being_received(run):
    async def main(role, reader, writer, clock):
        _, reading = await begun(role, writer, BODY[:700_000])
        role.answer(b"enough")
        assert not role.is_filling()
        with pytest.raises(Exception, match="thrown away"):
            await reading
        assert await reader.readuntil(b"enough")

    run(main)


def test_a_large_answer_to_a_client(run):
    class Idle:
        def recycled(self, link):
            pass

        def lost(self, link, exc):
            pass

    async def main(role, reader, writer, clock):
        loop = asyncio.get_running_loop()
        port = writer.get_extra_info("peername")[1]
        trusting = writer.get_extra_info("sslcontext")
        _, link = await loop.create_connection(
            lambda: H1ClientLink(loop, ManualClock(), DEFAULT_LIMITS, Idle()),
            "127.0.0.1",
            port,
            ssl=trusting,
            server_hostname="localhost" if trusting else None,
        )
        for _ in range(2):
            exchange = link.ask(RequestHead("GET", "/", headers=CIMultiDict(Host="a")))
            await role.body()
            role.answer(BODY)
            await exchange.answered
            assert await exchange.body.read() == BODY
            assert link.is_reusable()
            # Who looks whether the server still sends must see these bytes, too.
            assert link.received > SIZE
        exchange = link.ask(RequestHead("GET", "/", headers=CIMultiDict(Host="a")))
        await role.body()
        role.answer(BODY * 4)
        await exchange.answered
        reading = asyncio.ensure_future(exchange.body.read())
        await asyncio.sleep(0)
        link.fail(TimeoutError("late"))
        with pytest.raises(TimeoutError):
            await reading

    run(main)
