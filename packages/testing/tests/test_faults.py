"""Faults on a server's and on a client's connections, over sockets and in memory."""

import asyncio
import itertools
import ssl
from typing import Any

import pytest
import trustme
from aiolos_protocol.clock import Clock
from aiolos_protocol.http2.frames import PREFACE, head_frames, settings
from aiolos_protocol.http2.hpack import SHRINK, Decoder, encode_field
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_server import H1ServerLink
from aiolos_protocol.testkit import ScriptedPeer
from aiolos_testing import TestServer, VirtualClock
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
from aiolos_testing.faults.interposed import FaultyTransport
from aiolos_testing.faults.supply import FaultyConnect, Supply
from aiolos_testing.memory import join

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class End(asyncio.Protocol):
    """A client's end that notes what comes, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.ended.set_result(type(exc).__name__)

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


async def asked(server: TestServer) -> End:
    """A client's end that has sent a request."""
    if server.transport == "memory":
        end: End = await server.connect(End, server.host, server.port or 0, ssl=None)
    else:
        loop = asyncio.get_running_loop()
        _, end = await loop.create_connection(End, server.host, server.port)
    end.transport.write(REQUEST)
    return end


@pytest.fixture(params=["tcp", "memory"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def serving(tiny: Any, transport: str) -> Any:
    """serving(*faults): a TestServer of something tiny."""
    return lambda *faults: TestServer(tiny(), transport=transport, faults=list(faults))


async def test_faults_are_spent_one_by_one(serving: Any) -> None:
    async with serving(CutAfter(12), None, CutAfter(9)) as server:
        sizes = []
        for _ in range(4):
            end = await asked(server)
            await end.ended
            sizes.append(len(end.data))
    whole = sizes[1]
    assert whole > 12
    assert sizes == [12, whole, 9, whole]


async def test_a_cut_ends_in_order(serving: Any) -> None:
    async with serving(CutAfter(12)) as server:
        end = await asked(server)
        assert await end.ended == "NoneType"
        assert end.data == b"HTTP/1.1 200"


async def test_a_reset_breaks(serving: Any) -> None:
    async with serving(ResetAfter(), ResetAfter(12)) as server:
        for _ in range(2):
            end = await asked(server)
            assert await end.ended in ("ConnectionResetError", "BrokenPipeError")


async def test_a_stall_sends_no_more_and_stays_open(serving: Any) -> None:
    async with serving(StallAfter(12)) as server:
        end = await asked(server)
        while len(end.data) < 12:
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert end.data == b"HTTP/1.1 200"
        assert not end.ended.done()
    # The server's end lets go of what stalls.
    await end.ended


async def test_a_refusal_sends_nothing(serving: Any, transport: str) -> None:
    async with serving(Refuse()) as server:
        try:
            end = await asked(server)
        except ConnectionError:
            return
        assert await end.ended in ("ConnectionResetError", "BrokenPipeError")
        assert end.data == b""


async def test_byte_by_byte_in_memory(tiny: Any) -> None:
    async with TestServer(tiny(), transport="memory", faults=[ByteByByte()]) as server:
        end = await asked(server)
        assert await end.ended == "NoneType"
    assert end.data.endswith(b"GET /")
    assert {len(piece) for piece in end.pieces} == {1}


async def test_a_delay_keeps_the_order(serving: Any) -> None:
    async with serving(Delay(0.01)) as server:
        started = asyncio.get_running_loop().time()
        end = await asked(server)
        assert await end.ended == "NoneType"
        assert end.data.endswith(b"GET /")
        assert asyncio.get_running_loop().time() - started >= 0.01


async def test_a_wrong_length_is_announced(serving: Any) -> None:
    async with serving(WrongLength(7), WrongLength(-2)) as server:
        for length in (12, 3):
            end = await asked(server)
            await end.ended
            assert b"Content-Length: %d\r\n" % length in end.data
            assert end.data.endswith(b"\r\n\r\nGET /")


class Line:
    """What a fault does with a connection."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.done: list[Any] = []

    def send(self, data: bytes) -> None:
        self.done.append(data)

    def end(self) -> None:
        self.done.append("end")

    def reset(self) -> None:
        self.done.append("reset")


async def test_a_bad_chunk_is_the_first_one() -> None:
    line = Line()
    fault = BadChunk().begin()
    fault.write(line, b"HTTP/1.1 200 OK\r\nTransfer-Enc")
    fault.write(line, b"oding: chunked\r\n\r\n1a\r\nabc")
    fault.write(line, b"\r\n2\r\nab\r\n")
    fault.close(line)
    assert line.done == [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\noops\r\nabc",
        b"\r\n2\r\nab\r\n",
        "end",
    ]


async def test_what_cannot_be_spoiled_passes_at_the_end() -> None:
    line = Line()
    fault = WrongLength().begin()
    fault.write(line, b"HTTP/1.1 204 No Content\r\n\r\n")
    fault.close(line)
    assert line.done == [b"HTTP/1.1 204 No Content\r\n\r\n", "end"]


async def test_a_fault_of_the_users_own() -> None:
    class Shout(Fault):
        def write(self, line: Any, data: bytes) -> None:
            line.send(data.upper())

    line = Line()
    fault = Shout().begin()
    fault.opened(line)
    fault.write(line, b"quiet")
    fault.close(line)
    assert line.done == [b"QUIET", "end"]


async def test_a_tls_handshake_fails(tiny: Any, fetch: Any) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = TestServer(tiny(), host="localhost", faults=[TLSFailure(), None])
    await server.start_server(ssl=context)
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        await fetch(server.make_url("/"), ssl=trusting)
    assert (await fetch(server.make_url("/"), ssl=trusting)).startswith(b"HTTP/1.1 200")
    await server.close()


# The client's end.


async def test_a_client_sends_half_a_request() -> None:
    received: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read())

    async with ScriptedPeer(script) as peer:
        connect = FaultyConnect([CutAfter(10), None])
        for _ in range(2):
            end = await connect(End, "127.0.0.1", peer.port, ssl=None)
            end.transport.write(REQUEST)
            end.transport.close()
            await end.ended
        while len(received) < 2:
            await asyncio.sleep(0)
    assert received == [REQUEST[:10], REQUEST]


async def test_a_client_that_is_refused() -> None:
    connect = FaultyConnect([Refuse(), TLSFailure()])
    with pytest.raises(ConnectionRefusedError, match="by a fault of the test: 127.0.0.1:80"):
        await connect(End, "127.0.0.1", 80, ssl=None)
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLError, match="by a fault of the test: 127.0.0.1:443"):
        await connect(End, "127.0.0.1", 443, ssl=context)


async def test_faults_are_put_on_a_connector() -> None:
    class Connector:
        connect_by: Any = None

    connector = Connector()
    inject(connector, [Refuse()])
    with pytest.raises(ConnectionRefusedError):
        await connector.connect_by(End, "127.0.0.1", 80, ssl=None)


# Bad use.


@pytest.mark.parametrize("faults", [CutAfter(3), "cut", 3])
def test_faults_come_as_a_list(faults: Any) -> None:
    with pytest.raises(TypeError, match="faults takes a list, like"):
        Supply(faults)


def test_a_class_is_no_fault() -> None:
    with pytest.raises(TypeError, match="a fault is an object like CutAfter"):
        Supply([CutAfter])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="a fault is an object like CutAfter"):
        Supply(iter([CutAfter])).next()  # type: ignore[arg-type]


def test_one_fault_for_all() -> None:
    fault = Delay(1)
    supply = Supply(itertools.repeat(fault))
    assert [supply.next() for _ in range(3)] == [fault] * 3


async def test_the_interposed_transport_is_a_whole_one(tiny: Any) -> None:
    """A link over it pauses, resumes and asks as over the transport itself."""
    loop = asyncio.get_running_loop()

    class Role:
        def connected(self, link: Any) -> None:
            self.link = link

        def lost(self, exc: BaseException | None) -> None:
            pass

    role: Any = Role()
    link = H1ServerLink(loop, Clock(loop), DEFAULT_LIMITS, role, "tiny")
    faulty = FaultyTransport(link, Fault())
    end = End()
    join(loop, end, faulty)
    transport = link.transport
    assert transport is faulty
    assert transport.get_protocol() is link
    assert transport.get_extra_info("sockname") == ("127.0.0.1", 80)
    link.pause_reading()
    assert not transport.is_reading()
    link.resume_reading()
    assert transport.is_reading()
    transport.set_write_buffer_limits(high=8)
    assert transport.get_write_buffer_limits() == (2, 8)
    end.transport.pause_reading()
    transport.writelines([b"12345", b"67890"])
    assert transport.get_write_buffer_size() == 10
    assert not transport.can_write_eof()
    end.transport.resume_reading()
    for _ in range(5):
        await asyncio.sleep(0)
    assert end.data == b"1234567890"
    transport.abort()
    await end.ended
    assert transport.is_closing()
    assert transport.get_extra_info("sockname") is None
    assert transport.get_write_buffer_size() == 0


class Sent:
    """A Line that notes what is sent."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.data = b""

    def send(self, data: bytes) -> None:
        self.data += data

    def end(self) -> None:
        pass

    def reset(self) -> None:
        pass


@pytest.mark.parametrize(
    ("plan", "field", "name"),
    [
        (BadChunk(), b"Content-Length: 2", "BadChunk"),
        (WrongLength(), b"Transfer-Encoding: chunked", "WrongLength"),
        (GoAway(), b"Content-Length: 2", "GoAway"),
        (ResetStream(), b"Content-Length: 2", "ResetStream"),
    ],
)
async def test_what_a_fault_does_not_fit_passes_with_a_warning(
    plan: Fault, field: bytes, name: str
) -> None:
    fault, line = plan.begin(), Sent()
    head = b"HTTP/1.1 200 OK\r\n" + field + b"\r\n\r\n"
    with pytest.warns(RuntimeWarning, match=f"^{name} does not fit") as warned:
        for piece in (head[:9], head[9:], b"a", b"b"):
            fault.write(line, piece)
        await asyncio.sleep(0)
    assert line.data == head + b"ab"
    assert len(warned) == 1


async def test_a_fault_waits_for_the_request_that_it_fits() -> None:
    fault, line = BadChunk().begin(), Sent()
    fault.write(line, REQUEST)
    assert line.data == REQUEST
    fault.write(line, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    fault.write(line, b"5\r\nhello\r\n")
    assert line.data.endswith(b"\r\n\r\noops\r\nhello\r\n")


@pytest.mark.parametrize(
    ("plan", "head"),
    [
        (WrongLength(), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (WrongLength(), b"HTTP/1.1 200 OK\r\nX-Content-Length: 5\r\n\r\n"),
        (BadChunk(), b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_body_that_speaks_of_fields_is_no_head(
    plan: Fault, head: bytes, pieces: int
) -> None:
    body = b"\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
    fault, line = plan.begin(), Sent()
    with pytest.warns(RuntimeWarning, match="does not fit"):
        for piece in (head + body,) if pieces == 1 else (head, body):
            fault.write(line, piece)
        await asyncio.sleep(0)
    assert line.data == head + body


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (CutAfter, "3", r"CutAfter takes a number of bytes, like CutAfter\(100\), not '3'"),
        (ResetAfter, 1.5, "ResetAfter takes a number of bytes"),
        (StallAfter, -1, "StallAfter takes a number of bytes"),
        (Delay, "1", "Delay takes seconds"),
        (Delay, -1, "Delay takes seconds"),
        (WrongLength, "1", "WrongLength takes a number of bytes"),
    ],
)
def test_a_value_that_is_none_is_told_at_once(kind: Any, value: Any, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        kind(value)


async def test_a_server_goes_on_behind_an_accept_that_failed(monkeypatch: Any, tiny: Any) -> None:
    loop = asyncio.get_running_loop()
    accept, told = loop.sock_accept, []

    async def fail(sock: Any) -> Any:
        monkeypatch.setattr(loop, "sock_accept", accept)
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(loop, "sock_accept", fail)
    loop.set_exception_handler(lambda _, context: told.append(context["message"]))
    async with TestServer(tiny(), faults=[CutAfter(10_000)]) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(REQUEST)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
    assert told == ["a test server could not accept"]


async def test_what_is_delayed_keeps_its_order() -> None:
    line = Sent()
    wanted = b"".join(b"%d " % number for number in range(100))
    with VirtualClock():
        # In the same moment, as everything is while the clock stands still.
        fault = Delay(3).begin()
        for number in range(100):
            fault.write(line, b"%d " % number)
        await asyncio.sleep(2)
        assert line.data == b""
        await asyncio.sleep(2)
    assert line.data == wanted
    # A plan is spent on many connections.
    assert Delay(3) == Delay(3)


@pytest.mark.parametrize(
    ("plan", "data", "why"),
    [
        (GoAway(), PREFACE, "what a client sends"),
        (RefusedStream(), b"GET / HTTP/1.1\r\n", "what a client sends"),
        (ResetStream(), b"HTTP/1.1 200 OK\r\n", r"a connection of HTTP/1\.1"),
        (BadChunk(), PREFACE, "HTTP/2, which has no chunks"),
        (BadChunk(), settings({}), "HTTP/2, which has no chunks"),
        (TLSFailure(), b"", "a connection without TLS"),
    ],
)
async def test_faults_know_which_end_and_which_version_they_fit(
    plan: Fault, data: bytes, why: str
) -> None:
    fault, line = plan.begin(), Sent()
    with pytest.warns(RuntimeWarning, match=f"^{type(plan).__name__} does not fit {why}"):
        fault.opened(line)
        for byte in data:
            fault.write(line, bytes((byte,)))
        fault.write(line, b"more")
        await asyncio.sleep(0)
    assert line.data == data + b"more"


@pytest.mark.parametrize("before", [settings({}), PREFACE + settings({})])
async def test_a_length_is_wrong_in_a_compressed_head(before: bytes) -> None:
    fault, line = WrongLength(7).begin(), Sent()
    fields = [(b":status", b"200"), (b"a", b"b"), (b"content-length", b"3")]
    block = SHRINK + b"".join(encode_field(name, value) for name, value in fields)
    sent = before + head_frames(1, block, False, 2**14)
    for byte in sent:
        fault.write(line, bytes((byte,)))
    behind = head_frames(3, block, True, 2**14)
    fault.write(line, behind)
    assert line.data.startswith(before)
    assert line.data.endswith(behind)
    changed = line.data[len(before) : -len(behind)]
    assert changed[3:9] == sent[len(before) :][3:9]
    found = Decoder(4096).decode(changed[9:], 2**16, 100)
    assert [(field.name, field.value) for field in found] == [
        *fields[:2],
        (b"content-length", b"10"),
    ]


async def test_a_refused_connection_in_memory_is_refused() -> None:
    connect = Supply([Refuse(), None]).over(End)
    with pytest.raises(ConnectionRefusedError, match="by a fault of the test"):
        connect()
    assert isinstance(connect(), End)
