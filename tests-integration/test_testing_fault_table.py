"""Every fault at every end that takes a list of them, over HTTP/1.1 and HTTP/2.

One request with a body, which is echoed: what its client sees of it.
"""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Self

import aiolos
import pytest
from aiolos import web
from aiolos_testing import FakeServer, TestServer, VirtualClock
from aiolos_testing.fake import Asked, answer
from aiolos_testing.faults import (
    BadChunk,
    ByteByByte,
    CutAfter,
    Delay,
    Fault,
    GoAway,
    Refuse,
    RefusedStream,
    ResetAfter,
    ResetStream,
    StallAfter,
    TLSFailure,
    WrongLength,
    inject,
)

SIZE = 1000
WHOLE = b"x" * SIZE
# Within the head and within the body, whichever version.
HEAD, MIDDLE = 100, 600
LATE = 5.0


async def echo(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    if "chunked" not in request.headers:
        return web.Response(body=body)
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(body)
    return response


def echoed(asked: Asked) -> Any:
    if "chunked" not in asked.headers:
        return answer(data=asked.body)
    return answer(data=[asked.body])


class Asking:
    """A session whose connections, or whose server's, suffer a fault."""

    def __init__(self, end: str, version: str, fault: Fault, transport: str = "memory") -> None:
        self.end, self.fault, self.transport = end, fault, transport
        self.http2 = "prior-knowledge" if version == "2" else False
        self.version = aiolos.HttpVersion(2, 0) if self.http2 else aiolos.HttpVersion11

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        at_server = [] if self.end == "connector" else [self.fault]
        if self.end == "FakeServer":
            fake = await self._stack.enter_async_context(
                FakeServer(transport=self.transport, faults=at_server)
            )
            fake.post("/").answer_by(echoed)
            self.url = "http://api.example.com/"
            self.session = fake.session(http2=self.http2)
            return self
        app = web.Application()
        app.router.add_post("/", echo)
        server = await self._stack.enter_async_context(
            TestServer(app, transport=self.transport, faults=at_server)
        )
        connector = aiolos.TCPConnector(http2=self.http2)
        self.session = await self._stack.enter_async_context(
            aiolos.ClientSession(connector=connector)
        )
        self.url = str(server.make_url("/"))
        if self.transport == "memory":
            connector.connect_by = server.connect
        if self.end == "connector":
            inject(connector, [self.fault])
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def post(self, *, chunked: bool = False, total: float = 60) -> bytes:
        """What comes back."""

        async def piece() -> AsyncIterator[bytes]:
            yield WHOLE

        timeout = aiolos.ClientTimeout(total=total)
        options: dict[str, Any] = {"headers": {"Chunked": "yes"}, "data": piece()}
        if not chunked:
            options = {"data": WHOLE}
        async with self.session.post(self.url, timeout=timeout, **options) as response:
            response.raise_for_status()
            assert response.version == self.version
            return bytes(await response.read())


@pytest.fixture(params=["TestServer", "FakeServer", "connector"])
def end(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=["1.1", "2"])
def version(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=["memory", "tcp"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_a_delay(end: str, version: str, virtual_clock: VirtualClock) -> None:
    async with Asking(end, version, Delay(LATE)) as asking:
        assert await asking.post() == WHOLE
        assert virtual_clock.elapsed >= LATE


@pytest.mark.parametrize("size", [HEAD, MIDDLE])
@pytest.mark.parametrize("fault", [CutAfter, ResetAfter])
async def test_a_cut_and_a_reset(
    end: str, version: str, transport: str, size: int, fault: Any
) -> None:
    async with Asking(end, version, fault(size), transport) as asking:
        with pytest.raises(aiolos.ClientError):
            await asking.post()
        assert await asking.post() == WHOLE


@pytest.mark.parametrize("size", [HEAD, MIDDLE])
async def test_a_stall(end: str, version: str, size: int, virtual_clock: VirtualClock) -> None:
    async with Asking(end, version, StallAfter(size)) as asking:
        with pytest.raises(TimeoutError):
            await asking.post(total=10)
        assert virtual_clock.elapsed == pytest.approx(10, abs=1)
        if version == "1.1":
            # Of HTTP/2 a time-out ends a stream; its connection is still there, and still stalls.
            assert await asking.post() == WHOLE


async def test_byte_by_byte(end: str, version: str, transport: str) -> None:
    async with Asking(end, version, ByteByByte(), transport) as asking:
        assert await asking.post() == WHOLE
        assert await asking.post(chunked=True) == WHOLE


async def test_a_bad_chunk(end: str, transport: str) -> None:
    async with Asking(end, "1.1", BadChunk(), transport) as asking:
        # A server says 400, a client finds the body malformed.
        with pytest.raises(aiolos.ClientError):
            await asking.post(chunked=True)
        assert await asking.post(chunked=True) == WHOLE


@pytest.mark.parametrize("by", [5, -5])
async def test_a_wrong_length(end: str, version: str, by: int, virtual_clock: VirtualClock) -> None:
    async with Asking(end, version, WrongLength(by)) as asking:
        if by > 0 and version == "1.1":
            # The rest is waited for.
            with pytest.raises(TimeoutError):
                await asking.post(total=10)
        elif version == "2":
            # Malformed (RFC 9113 8.1.1).
            with pytest.raises(aiolos.ClientError):
                await asking.post()
        else:
            assert await asking.post() == WHOLE[:by]
            if end == "connector":
                # The bytes that are left begin the next request: no method is called so.
                with pytest.raises(aiolos.ClientResponseError, match="405|501"):
                    await asking.post()
        assert await asking.post() == WHOLE


@pytest.mark.parametrize("fault", [GoAway(), RefusedStream()])
@pytest.mark.parametrize("end", ["TestServer", "FakeServer"], indirect=True)
async def test_what_was_not_worked_on_is_asked_again(
    end: str, transport: str, fault: Fault
) -> None:
    async with Asking(end, "2", fault, transport) as asking:
        assert await asking.post() == WHOLE
        assert await asking.post() == WHOLE


@pytest.mark.parametrize("end", ["TestServer", "FakeServer"], indirect=True)
async def test_a_stream_that_is_reset(end: str, transport: str) -> None:
    async with Asking(end, "2", ResetStream(), transport) as asking:
        wanted = "gave no answer to POST .*: the peer has reset the stream: INTERNAL_ERROR"
        with pytest.raises(aiolos.ClientError, match=wanted):
            await asking.post()
        assert await asking.post() == WHOLE


async def test_a_server_that_works_on_nothing_is_given_up() -> None:
    async with Asking("TestServer", "2", RefusedStream(100)) as asking:
        wanted = "did not work on POST .*: the peer has reset the stream: REFUSED_STREAM"
        with pytest.raises(aiolos.ServerDisconnectedError, match=wanted):
            await asking.post()


async def test_a_connection_that_is_refused(end: str, version: str, transport: str) -> None:
    async with Asking(end, version, Refuse(), transport) as asking:
        if end == "connector" or transport == "memory":
            with pytest.raises(aiolos.ClientConnectorError, match="refused by a fault"):
                await asking.post()
        elif version == "1.1":
            # The system has accepted it before.
            with pytest.raises(aiolos.ClientConnectionError):
                await asking.post()
        # Over HTTP/2 that is seen before anything is asked, and another connection is opened.
        assert await asking.post() == WHOLE


@pytest.mark.parametrize("fault", [TLSFailure(), None])
async def test_a_handshake_that_fails(
    end: str,
    version: str,
    fault: Fault | None,
    serving_tls: ssl.SSLContext,
    trusting: ssl.SSLContext,
) -> None:
    app = web.Application()
    app.router.add_post("/", echo)
    connector = aiolos.TCPConnector(http2=version == "2", ssl=trusting)
    async with AsyncExitStack() as stack:
        faults = [] if end == "connector" else [fault]
        if end == "FakeServer":
            fake = await stack.enter_async_context(FakeServer(faults=faults))
            fake.post("/").answer_by(echoed)
            url, connector.connect_by = "https://api.example.com/", fake.connect
        else:
            server = TestServer(app, faults=faults, ssl=serving_tls)
            await stack.enter_async_context(server)
            url = str(server.make_url("/"))
            if end == "connector":
                inject(connector, [fault])
        session = await stack.enter_async_context(aiolos.ClientSession(connector=connector))
        if fault is not None:
            with pytest.raises(aiolos.ClientConnectorSSLError):
                await session.post(url, data=WHOLE)
        async with session.post(url, data=WHOLE) as response:
            assert response.version.major == int(version[0])
            assert await response.read() == WHOLE


UNFIT = [
    *((fault, end, "1.1") for fault in (GoAway(), RefusedStream(), ResetStream())
      for end in ("TestServer", "FakeServer", "connector")),
    *((fault, "connector", "2") for fault in (GoAway(), RefusedStream(), ResetStream())),
    *((BadChunk(), end, "2") for end in ("TestServer", "FakeServer", "connector")),
    *((TLSFailure(), end, version) for end in ("TestServer", "FakeServer", "connector")
      for version in ("1.1", "2")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "end", "version"), UNFIT, ids=[f"{type(a).__name__}-{b}-{c}" for a, b, c in UNFIT]
)
async def test_what_does_not_fit_passes_with_a_warning(
    fault: Fault, end: str, version: str, transport: str
) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        async with asyncio.timeout(10), Asking(end, version, fault, transport) as asking:
            assert await asking.post() == WHOLE
    assert [str(each.message).partition(" fit ")[0] for each in told] == [
        f"{type(fault).__name__} does not"
    ]


@pytest.mark.parametrize("fault", [BadChunk(), WrongLength()])
async def test_what_the_other_framing_lacks_passes_with_a_warning(
    end: str, fault: Fault, transport: str
) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        async with asyncio.timeout(10), Asking(end, "1.1", fault, transport) as asking:
            assert await asking.post(chunked=isinstance(fault, WrongLength)) == WHOLE
    # What a client sends next may fit; so only a server's answer is told of.
    assert len(told) == (end != "connector")
