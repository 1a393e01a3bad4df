"""Bytes from the sockets of stock asyncio come by way of one buffer for each loop."""

import asyncio
import contextlib
import random
import ssl
import tracemalloc

import pytest
import trustme
from aiolos_protocol.receiving import SIZE, Receiving
from aiolos_protocol.testkit import MemoryTransport
from aiolos_protocol.transport import TransportOwner


class Owner(TransportOwner):
    """Keeps what it is told."""

    def __init__(self, loop, wanted, made):
        super().__init__(loop)
        self.made = made
        self.data = bytearray()
        self.wanted = wanted
        self.told = []
        self.whole = loop.create_future()
        self.lost = loop.create_future()

    def connection_made(self, transport):
        super().connection_made(transport)
        self.made.set_result(self)

    def data_received(self, data):
        assert type(data) is bytes
        self.data += data
        if len(self.data) >= self.wanted and not self.whole.done():
            self.whole.set_result(None)

    def eof_received(self):
        self.told.append("eof")
        return False

    def pause_writing(self):
        self.told.append("pause")
        super().pause_writing()

    def resume_writing(self):
        self.told.append("resume")
        super().resume_writing()

    def connection_lost(self, exc):
        super().connection_lost(exc)
        self.lost.set_result(exc)


@pytest.fixture(params=["tcp", "tls"])
def contexts(request):
    """TLS contexts of a server and of a client that trusts it, or None twice."""
    if request.param == "tcp":
        return None, None
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine on one loop or the other."""
    module = asyncio if request.param == "asyncio" else request.getfixturevalue("uvloop")
    return module.run


@contextlib.asynccontextmanager
async def connected(contexts, wanted=0):
    """An Owner on a server's connection, and a client's streams."""
    loop = asyncio.get_running_loop()
    made = loop.create_future()
    server = await loop.create_server(
        lambda: Owner(loop, wanted, made), "127.0.0.1", 0, ssl=contexts[0]
    )
    port = server.sockets[0].getsockname()[1]
    name = "localhost" if contexts[1] else None
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=contexts[1], server_hostname=name
    )
    owner = await made
    try:
        yield owner, reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        await owner.lost
        server.close()
        await server.wait_closed()


def test_what_comes_is_copied_for_the_owner(run, contexts):
    async def main():
        async with connected(contexts, wanted=3) as (owner, reader, writer):
            writer.write(b"abc")
            await owner.whole
            assert owner.data == b"abc"
            owner.transport.write(b"answer")
            assert await reader.readexactly(6) == b"answer"
        assert owner.told == ["eof"]

    run(main())


def test_a_small_read_takes_no_large_block(run):
    async def main():
        async with connected((None, None), wanted=1) as (owner, _, writer):
            tracemalloc.start()
            try:
                before = tracemalloc.get_traced_memory()[0]
                writer.write(b"x")
                await owner.whole
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert peak - before < SIZE // 4

    run(main())


def test_connections_that_share_it_get_their_own_bytes(run, contexts):
    async def main():
        chance = random.Random(7)
        texts = [chance.randbytes(600_000) for _ in range(3)]
        async with contextlib.AsyncExitStack() as stack:
            ends = [
                await stack.enter_async_context(connected(contexts, wanted=len(text)))
                for text in texts
            ]
            for start in range(0, 600_000, 50_000):
                for text, (_, _, writer) in zip(texts, ends, strict=True):
                    writer.write(text[start : start + 50_000])
                await asyncio.sleep(0)
            for text, (owner, _, _) in zip(texts, ends, strict=True):
                await owner.whole
                assert owner.data == text

    run(main())


def test_flow_control_reaches_the_owner(run):
    async def main():
        async with connected((None, None)) as (owner, reader, _):
            owner.transport.write(b"x" * 20_000_000)
            assert owner.told == ["pause"]
            draining = asyncio.ensure_future(owner.drain())
            assert len(await reader.readexactly(20_000_000)) == 20_000_000
            await draining
            assert owner.told == ["pause", "resume"]

    run(main())


async def test_other_transports_keep_their_protocol():
    loop = asyncio.get_running_loop()
    owner = Owner(loop, 0, loop.create_future())
    transport = MemoryTransport(loop)
    transport.set_protocol(owner)
    owner.connection_made(transport)
    assert transport.get_protocol() is owner


async def test_who_stands_before_the_owner_keeps_his_place():
    """As a handler of aiohttp's that is to see what its connection receives."""

    class Before(asyncio.Protocol):
        def connection_made(self, transport):
            owner.connection_made(transport)

        def connection_lost(self, exc):
            owner.connection_lost(exc)

    loop = asyncio.get_running_loop()
    owner = Owner(loop, 0, loop.create_future())
    before = Before()
    server = await loop.create_server(lambda: before, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    await owner.made
    assert owner.transport.get_protocol() is before
    writer.close()
    await owner.lost
    server.close()


async def protocol_of(contexts=(None, None)):
    """The protocol that the loop's transport has, and its Owner."""
    async with connected(contexts) as (owner, _, _):
        return owner.transport.get_protocol(), owner


def test_every_loop_has_a_buffer_of_its_own():
    (first, _), (second, _) = asyncio.run(protocol_of()), asyncio.run(protocol_of())
    assert isinstance(first, Receiving)
    assert first.get_buffer(-1).obj is not second.get_buffer(-1).obj
    assert len(first.get_buffer(-1)) == len(second.get_buffer(-1)) == SIZE


def test_all_else_reads_as_it_does(uvloop):
    protocol, owner = uvloop.run(protocol_of())
    assert protocol is owner
