"""Long-running sessions: what a request leaves behind is counted, in objects."""

import asyncio
import gc
import tracemalloc
import weakref
from collections import Counter

import aiolos_client
import pytest
from aiolos_client import ClientSession, CookieJar, TCPConnector
from aiolos_protocol.testkit import MemoryTransport

OK = b"HTTP/1.1 200 OK\r\nSet-Cookie: n=%d; Path=/\r\nContent-Length: 2\r\n\r\nok"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
TO = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"
BAD = b"HTTP/1.1 nonsense\r\n\r\n"
ANSWERS = {b"to": TO, b"cut": CUT, b"bad": BAD, b"missing": MISSING}


class Server(MemoryTransport):
    """Answers at once, by the path that is asked."""

    def write(self, data):
        path = bytes(data).split(b" ")[1]
        kind = path.split(b"/")[1]
        answer = ANSWERS.get(kind) or OK % (len(path) % 7)
        self._loop.call_soon(self.receive, answer)


@pytest.fixture
async def session():
    async def connect(factory, host, port, ssl=None):
        link = factory()
        link.connection_made(Server(asyncio.get_running_loop(), link))
        return link

    connector = TCPConnector(limit=20)
    connector.connect_by = connect
    jar = CookieJar(unsafe=True)
    async with ClientSession("http://a.example", connector=connector, cookie_jar=jar) as session:
        yield session


async def plain(session, number):
    async with session.get("/") as response:
        await response.read()


async def of_all_kinds(session, number):
    """Each URL another one; every tenth goes wrong in some way."""
    kind = number % 10
    if kind == 0:
        async with session.get(f"/to/{number}") as response:
            assert len(response.history) == 1
    elif kind == 1:
        async with session.get(f"/cut/{number}"):
            pass
    elif kind == 2:
        with pytest.raises(aiolos_client.ClientResponseError):
            await session.get(f"/bad/{number}")
    elif kind == 3:
        with pytest.raises(aiolos_client.ClientResponseError):
            await session.get(f"/missing/{number}", raise_for_status=True)
    elif kind == 4:
        asked = asyncio.ensure_future(_awaited(session.get(f"/gone/{number}")))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    else:
        options = {"params": {"n": number}, "headers": {"X-N": str(number)}, "json": [number]}
        async with session.post(f"/{number}", **options) as response:
            assert await response.text() == "ok"


async def _awaited(context):
    return await context


def live():
    gc.collect()
    return Counter(type(each).__qualname__ for each in gc.get_objects())


async def ask(session, kind, count):
    """`count` requests, ten at a time."""

    async def some(first):
        for number in range(first, count, 10):
            await kind(session, number)

    await asyncio.gather(*(some(first) for first in range(10)))


@pytest.mark.parametrize(("kind", "count"), [(plain, 100_000), (of_all_kinds, 5_000)])
async def test_cli_34_requests_leave_nothing(session, kind, count):
    """As many objects are alive after `count` requests as after a few, but for some that the loop
    (timers that were cancelled), the test and caches of bounded size have: fewer than one for each
    request of one kind."""
    await ask(session, kind, 1_000)
    before = live()
    await ask(session, kind, count)
    more = live() - before
    assert {name: number for name, number in more.items() if number > 200} == {}
    assert session.connector.open_connections <= 20


async def test_cli_34_nothing_waits_for_the_collector(session):
    """An ordinary request ends without a cycle, so that memory is free at once."""
    await ask(session, plain, 100)
    gc.collect()
    gc.disable()
    try:
        await ask(session, plain, 100)
        assert gc.collect() < 20
    finally:
        gc.enable()


async def test_cli_34_the_heap_does_not_grow(session):
    await ask(session, plain, 500)
    tracemalloc.start()
    try:
        await ask(session, plain, 500)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        await ask(session, plain, 3_000)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A byte for each request would be 3,000.
    assert after - before < 3_000


async def test_cli_34_a_session_that_is_closed_goes_with_its_last_reference(talk):
    async with talk(MISSING) as (peer, _):
        session = aiolos_client.ClientSession()
        async with session.get(peer.url) as response:
            await response.read()
        await session.close()
        del response
        gone = weakref.ref(session)
        gc.disable()
        try:
            del session
            assert gone() is None
        finally:
            gc.enable()
