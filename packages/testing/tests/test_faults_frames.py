"""Faults of HTTP/2, between the protocol package's own links in memory."""

import asyncio
from typing import Any

import pytest
from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import ConnectionLost, Unprocessed
from aiolos_protocol.http2.errors import ErrorCode
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h2_client import H2ClientLink
from aiolos_protocol.link.h2_server import H2ServerLink
from aiolos_protocol.message import RequestHead
from aiolos_testing.faults import ByteByByte, Fault, GoAway, RefusedStream, ResetStream
from aiolos_testing.faults.interposed import FaultyTransport
from aiolos_testing.memory import join
from multidict import CIMultiDict


class Role:
    """The server's: answers `method target`."""

    busy = False

    def connected(self, link: Any) -> None:
        self.link = link

    def request_received(self, head: RequestHead) -> None:
        text = f"{head.method} {head.target}".encode()
        self.link.answer(head, 200, "", "text/plain", None, text, True)

    def lost(self, exc: BaseException | None) -> None:
        pass


class Owner:
    """The client's."""

    def __init__(self) -> None:
        self.losses: list[Any] = []

    def recycled(self, link: Any) -> None:
        pass

    def lost(self, link: Any, exc: BaseException | None) -> None:
        self.losses.append(exc)


class Connection:
    """A client's link, joined with a server's that suffers `fault`."""

    def __init__(self, fault: Fault) -> None:
        loop = asyncio.get_running_loop()
        clock = Clock(loop)
        self.owner = Owner()
        self.link = H2ClientLink(loop, clock, DEFAULT_LIMITS, self.owner)
        server = H2ServerLink(loop, clock, DEFAULT_LIMITS, Role, "tiny")
        join(loop, self.link, FaultyTransport(server, fault))

    async def ask(self, target: str) -> bytes:
        head = RequestHead("GET", target, headers=CIMultiDict(Host="a"))
        exchange = self.link.ask(head)
        async with asyncio.timeout(10):
            answer = await exchange.answered
            assert answer.status == 200
            return bytes(await exchange.body.read())

    async def close(self) -> None:
        self.link.close()
        for _ in range(10):
            await asyncio.sleep(0)


async def test_frames_pass_a_fault_of_bytes() -> None:
    connection = Connection(ByteByByte())
    assert await connection.ask("/a") == b"GET /a"
    await connection.close()


async def test_a_refused_stream_may_be_asked_again() -> None:
    connection = Connection(RefusedStream(2))
    for _ in range(2):
        with pytest.raises(Unprocessed, match="REFUSED_STREAM"):
            await connection.ask("/a")
    assert await connection.ask("/b") == b"GET /b"
    assert await connection.ask("/c") == b"GET /c"
    await connection.close()


async def test_a_stream_is_reset_and_the_others_go_on() -> None:
    connection = Connection(ResetStream(ErrorCode.ENHANCE_YOUR_CALM))
    with pytest.raises(ConnectionLost, match="ENHANCE_YOUR_CALM"):
        await connection.ask("/a")
    results = await asyncio.gather(connection.ask("/b"), connection.ask("/c"))
    assert results == [b"GET /b", b"GET /c"]
    await connection.close()


@pytest.mark.parametrize("taken", [0, 2])
async def test_a_server_goes_away(taken: int) -> None:
    connection = Connection(GoAway(taken))
    for number in range(taken):
        assert await connection.ask(f"/{number}") == f"GET /{number}".encode()
    with pytest.raises(Unprocessed):
        await connection.ask("/late")
    assert not connection.link.is_reusable()
    await connection.close()


async def test_a_fault_is_spent_on_one_connection() -> None:
    fault = RefusedStream()
    for _ in range(2):
        connection = Connection(fault)
        with pytest.raises(Unprocessed):
            await connection.ask("/a")
        assert await connection.ask("/b") == b"GET /b"
        await connection.close()


@pytest.mark.parametrize(
    "make", [lambda: GoAway("a"), lambda: GoAway(-1), lambda: RefusedStream(1.5)]
)
def test_what_is_no_count_is_told_at_once(make):
    with pytest.raises(TypeError, match="takes a whole number, like"):
        make()
