"""A stream dressed as a transport, and both ends of a connection together."""

import asyncio
from random import Random
from typing import Any

import pytest
from aiolos_protocol.errors import ConnectionLost, LocalProtocolError
from aiolos_protocol.http2.frames import window_update
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits
from aiolos_protocol.link.h2_client import H2ClientLink
from aiolos_protocol.link.h2_server import H2ServerLink
from aiolos_protocol.message import RequestHead, ResponseHead
from aiolos_protocol.testkit import ManualClock, connect_pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict


class Successor(asyncio.Protocol):
    """What takes over: notes all that a protocol is told."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.data = b""
        self.transport: Any = None
        self.keeps_open = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.events.append("made")

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool:
        self.events.append("eof")
        return self.keeps_open

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append(("lost", exc))


class Role:
    """A server's role that hands every request to `pair.handle`."""

    def __init__(self, pair: "Pair") -> None:
        self.pair = pair
        self.link: Any = None
        self.losses: list[Any] = []
        self.busy = False

    def connected(self, link: Any) -> None:
        self.link = link

    def request_received(self, head: Any) -> None:
        self.pair.requests.append((self, head))
        self.pair.handle(self, head)

    def request_refused(self, error: Any) -> tuple[int, bytes]:
        return error.status_hint, b""

    def half_closed(self) -> None: ...

    def lost(self, exc: BaseException | None) -> None:
        self.losses.append(exc)


class Pair:
    """A client's link and a server's, joined in memory."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        loop = asyncio.get_running_loop()
        self.requests: list[tuple[Role, Any]] = []
        self.handle: Any = lambda role, head: None
        self.clock = ManualClock()
        self.recycles = 0
        self.server = H2ServerLink(loop, self.clock, limits, lambda: Role(self), "s")
        self.client = H2ClientLink(loop, self.clock, limits, self)
        self.transports = connect_pair(loop, self.client, self.server)

    def recycled(self, link: Any) -> None:
        self.recycles += 1

    def lost(self, link: Any, exc: BaseException | None) -> None: ...

    async def tunnel(self) -> tuple[Successor, Successor, Any, Any]:
        """Both ends of a tunnel, attached, and their hand-overs."""
        await self.client.settings()
        request = RequestHead("CONNECT", "/chat", protocol="websocket", authority="a.example")
        exchange = self.client.ask(request)
        await settle()
        role, head = self.requests[-1]
        assert (head.protocol, head.target, head.authority) == ("websocket", "/chat", "a.example")
        role.busy = True
        theirs = role.link.exchange(head)
        theirs.send_head(ResponseHead(200))
        server = theirs.take_over()
        assert (await exchange.answered).status == 200
        client = exchange.take_over()
        ends = Successor(), Successor()
        client.attach(ends[0])
        server.attach(ends[1])
        await settle()
        return (*ends, client, server)


async def settle() -> None:
    """Let both ends say all that they have to say."""
    for _ in range(12):
        await asyncio.sleep(0)


@pytest.fixture
async def pair() -> Pair:
    return Pair()


class TestTunnel:
    async def test_bytes_go_both_ways(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        client.transport.write(b"one ")
        client.transport.writelines([b"two ", bytearray(b"three")])
        server.transport.write(memoryview(b"back"))
        await settle()
        assert server.data == b"one two three"
        assert client.data == b"back"
        assert client.events == server.events == ["made"]
        assert server.transport.get_extra_info("peername") == ("127.0.0.1", 5000)
        assert client.transport.get_protocol() is client

    async def test_other_exchanges_go_on(self, pair: Pair) -> None:
        await pair.tunnel()
        pair.handle = lambda role, head: role.link.answer(head, 200, "", "", None, b"ok", True)
        exchange = pair.client.ask(RequestHead("GET", "/", authority="a.example"))
        assert (await exchange.answered).status == 200
        assert await exchange.body.read() == b"ok"

    async def test_close_sends_what_was_written(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        server.transport.write(bytes(500_000))
        server.transport.close()
        server.transport.write(b"ignored")
        assert server.transport.is_closing()
        await settle()
        await settle()
        assert len(client.data) == 500_000
        assert client.events[-2:] == ["eof", ("lost", None)]
        assert server.events[-1] == ("lost", None)
        assert pair.client._conn.streams == {}

    async def test_each_direction_ends_by_itself(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        server.keeps_open = True
        assert client.transport.can_write_eof()
        client.transport.write(b"last")
        client.transport.write_eof()
        client.transport.write_eof()
        with pytest.raises(RuntimeError, match="write_eof"):
            client.transport.write(b"more")
        await settle()
        assert (server.data, server.events[-1]) == (b"last", "eof")
        server.transport.write(b"answer")
        await settle()
        assert client.data == b"answer"
        server.transport.close()
        await settle()
        assert client.events[-2:] == ["eof", ("lost", None)]

    async def test_abort_is_a_reset(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        client.transport.write(b"x")
        client.transport.abort()
        client.transport.abort()
        await settle()
        assert client.events == ["made", ("lost", None)]
        assert isinstance(server.events[-1][1], ConnectionLost)
        assert "CANCEL" in str(server.events[-1][1])
        server.transport.close()
        server.transport.abort()
        assert len(server.events) == 2

    async def test_the_connection_is_lost(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        pair.transports[0].lose()
        await settle()
        assert isinstance(client.events[-1][1], ConnectionLost)
        assert server.events == ["made"]
        pair.transports[1].lose(OSError("cable"))
        await settle()
        assert isinstance(server.events[-1][1], ConnectionLost)

    async def test_a_paused_reader_is_not_told(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        server.transport.pause_reading()
        assert not server.transport.is_reading()
        client.transport.write(b"wait ")
        client.transport.write(b"for it")
        client.transport.write_eof()
        await settle()
        assert (server.data, server.events) == (b"", ["made"])
        server.transport.resume_reading()
        assert server.transport.is_reading()
        await settle()
        assert (server.data, server.events[1]) == (b"wait for it", "eof")

    async def test_what_waited_is_not_overtaken(self, pair: Pair) -> None:
        _, server, _, _ = await pair.tunnel()
        stream = server.transport
        stream.fed(b"1")
        stream.pause_reading()
        stream.fed(b"2")
        stream.resume_reading()
        stream.fed(b"3")
        assert server.data == b"1"
        stream.ended(None)
        assert server.events == ["made"]
        await settle()
        assert (server.data, server.events[1]) == (b"123", "eof")

    @pytest.mark.parametrize("seed", range(20))
    async def test_the_order_holds_whoever_pauses_when(self, pair: Pair, seed: int) -> None:
        random = Random(seed)
        client, server, _, _ = await pair.tunnel()
        sent = b""
        for number in range(300):
            step = random.randrange(5)
            if step < 2:
                piece = b"%d," % number * random.choice([1, 10, 2000])
                sent += piece
                client.transport.write(piece)
            elif step == 2:
                server.transport.pause_reading()
            elif step == 3:
                server.transport.resume_reading()
            for _ in range(random.randrange(3)):
                await asyncio.sleep(0)
        client.transport.write_eof()
        server.transport.resume_reading()
        while "eof" not in server.events:
            await asyncio.sleep(0)
        assert server.data == sent
        assert server.events.count("eof") == 1

    @pytest.mark.parametrize("loses", ["connection", "stream"])
    @pytest.mark.parametrize("ends", [False, True])
    @pytest.mark.parametrize("keeps_open", [False, True])
    async def test_what_came_before_the_loss_is_read(
        self, pair: Pair, loses: str, ends: bool, keeps_open: bool
    ) -> None:
        client, server, _, _ = await pair.tunnel()
        client.keeps_open = keeps_open
        client.transport.pause_reading()
        server.transport.write(b"last words")
        if ends:
            server.transport.write_eof()
        await settle()
        if loses == "connection":
            pair.transports[0].lose()
        else:
            server.transport.abort()
        await settle()
        assert (client.data, client.events) == (b"", ["made"])
        client.transport.resume_reading()
        await settle()
        assert client.data == b"last words"
        assert client.events[1:-1] == ["eof"] * ends
        told, error = client.events[-1]
        assert told == "lost"
        assert (error is None) == (ends and not keeps_open)
        assert error is None or isinstance(error, ConnectionLost)
        assert client.transport.is_closing()

    async def test_an_answer_to_it_does_not_hide_the_end(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        client.transport.pause_reading()
        server.transport.write(b"ping, close")
        server.transport.write_eof()
        await settle()
        pair.transports[0].lose()
        await settle()
        client.data_received = lambda data: client.transport.write(b"pong")
        client.transport.resume_reading()
        await settle()
        assert client.events == ["made", "eof", ("lost", None)]

    async def test_it_is_read_as_far_as_somebody_reads(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        client.transport.pause_reading()
        server.transport.write(b"x")
        await settle()
        server.transport.abort()
        await settle()
        client.transport.resume_reading()
        client.transport.pause_reading()
        await settle()
        assert (client.data, client.events) == (b"", ["made"])
        assert not client.transport.is_closing()
        client.data_received = lambda data: client.transport.pause_reading()
        client.transport.resume_reading()
        await settle()
        assert client.events == ["made"]
        client.transport.resume_reading()
        await settle()
        assert isinstance(client.events[1][1], ConnectionLost)

    @pytest.mark.parametrize("verb", ["write", "close", "abort", "write_eof"])
    async def test_a_loss_that_is_not_told_yet(self, verb: str) -> None:
        pair = Pair(Limits(connection_window=65_535))
        client, server, _, _ = await pair.tunnel()
        server.transport.pause_reading()
        client.transport.write(bytes(40_000))
        await settle()
        client.transport.abort()
        await settle()
        wire = pair.transports[1]
        before = len(wire.sent)
        getattr(server.transport, verb)(*[b"x"] * (verb == "write"))
        await settle()
        if verb == "write_eof":
            assert server.events == ["made"]
            server.transport.write(b"x")
            await settle()
        assert server.data == b""
        told, error = server.events[1]
        assert told == "lost"
        assert (error is None) == (verb in ("close", "abort"))
        # What was never read gives its room back, to the connection (RFC 9113 6.9).
        assert window_update(0, 40_000) in wire.sent[before:]
        server.transport.resume_reading()
        server.transport.write(b"x")
        await settle()
        assert len(server.events) == 2

    async def test_whoever_waits_to_write_is_told_at_once(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        client.transport.pause_reading()
        server.transport.pause_reading()
        server.transport.write(b"x")
        while "pause" not in client.events:
            client.transport.write(bytes(50_000))
            await settle()
        server.transport.abort()
        await settle()
        assert isinstance(client.events[-1][1], ConnectionLost)

    async def test_the_end_is_told_once(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        server.keeps_open = True
        client.transport.write_eof()
        await settle()
        for _ in range(2):
            server.transport.pause_reading()
            server.transport.resume_reading()
            await settle()
        assert server.events == ["made", "eof"]

    async def test_a_paused_reader_holds_its_peer_up(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        server.transport.pause_reading()
        sent = 0
        while "pause" not in client.events:
            client.transport.write(bytes(50_000))
            sent += 50_000
            await settle()
        assert sent < 500_000
        assert client.transport.get_write_buffer_size() > 65_536
        server.transport.resume_reading()
        await settle()
        await settle()
        assert client.events == ["made", "pause", "resume"]
        assert len(server.data) == sent
        assert client.transport.get_write_buffer_size() == 0

    async def test_write_buffer_limits(self, pair: Pair) -> None:
        client, _, _, _ = await pair.tunnel()
        client.transport.set_write_buffer_limits(10)
        assert client.transport.get_write_buffer_limits() == (0, 10)
        client.transport.write(bytes(20_000))
        assert client.events == ["made", "pause"]
        await settle()
        assert client.events == ["made", "pause", "resume"]

    async def test_the_connection_s_own_buffer_is_full(self, pair: Pair) -> None:
        client, server, _, _ = await pair.tunnel()
        pair.transports[1].pause(100_000)
        assert server.events == ["made", "pause"]
        server.transport.write(b"x")
        await settle()
        assert client.data == b""
        pair.transports[1].resume()
        await settle()
        assert server.events == ["made", "pause", "resume"]
        assert client.data == b"x"

    async def test_what_came_before_the_hand_over(self, pair: Pair) -> None:
        await pair.client.settings()
        request = RequestHead("CONNECT", "/", protocol="websocket", authority="a.example")
        exchange = pair.client.ask(request)
        await settle()
        role, head = pair.requests[-1]
        theirs = role.link.exchange(head)
        theirs.send_head(ResponseHead(200))
        server = theirs.take_over()
        end = Successor()
        server.attach(end)
        end.transport.write(b"first")
        await settle()
        handover = exchange.take_over()
        assert handover.buffered == b"first"
        end.transport.write(b" second")
        end.transport.close()
        await settle()
        ours = Successor()
        handover.attach(ours)
        assert ours.data == b"first"
        await settle()
        assert ours.data == b"first second"
        assert ours.events == ["made", "eof", ("lost", None)]

    async def test_books_are_kept(self, pair: Pair) -> None:
        client, server, ours, theirs = await pair.tunnel()
        role = pair.requests[-1][0]
        assert pair.server.idle_time() == -1.0
        client.transport.close()
        await settle()
        assert client.events[-1] == server.events[-1] == ("lost", None)
        recycles = pair.recycles
        ours.on_lost(None)
        theirs.on_lost(None)
        assert pair.recycles == recycles + 1
        assert pair.client.is_idle()
        assert role.losses == [None]
        assert pair.server.idle_time() == 0.0
        # The handler is still at work.
        assert len(pair.server._conn.streams) == 1
        role.busy = False
        pair.handle = lambda role, head: role.link.answer(head, 200, "", "", None, b"", True)
        exchange = pair.client.ask(RequestHead("GET", "/", authority="a.example"))
        await exchange.answered
        assert pair.server._conn.streams == {}

    async def test_a_peer_that_does_not_end_its_direction(
        self, pair: Pair, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("aiolos_protocol.link.h2_transport._LINGER", 0)
        client, server, _, _ = await pair.tunnel()
        client.keeps_open = True
        server.transport.close()
        await settle()
        assert client.events[1] == "eof"
        while len(client.events) == 2:
            await asyncio.sleep(0)
        assert isinstance(client.events[2][1], ConnectionLost)

    async def test_not_without_leave(self, pair: Pair) -> None:
        await pair.client.settings()
        exchange = pair.client.ask(RequestHead("GET", "/", authority="a.example"))
        await settle()
        with pytest.raises(LocalProtocolError, match="CONNECT"):
            exchange.take_over()
        role, head = pair.requests[-1]
        with pytest.raises(LocalProtocolError, match="CONNECT"):
            role.link.exchange(head).take_over()
        request = RequestHead("CONNECT", "db:1", authority="db:1")
        tunnel = pair.client.ask(request)
        await settle()
        with pytest.raises(LocalProtocolError, match="2xx"):
            tunnel.take_over()
        role, head = pair.requests[-1]
        with pytest.raises(LocalProtocolError, match="2xx"):
            role.link.exchange(head).take_over()
        with pytest.raises(LocalProtocolError, match="200"):
            role.link.answer(head, 200, "", "", None, b"", True)

    async def test_a_refused_handshake(self, pair: Pair) -> None:
        await pair.client.settings()
        pair.handle = lambda role, head: role.link.answer(head, 403, "", "", None, b"no", True)
        request = RequestHead("CONNECT", "/", protocol="websocket", authority="a.example")
        exchange = pair.client.ask(request)
        assert (await exchange.answered).status == 403
        assert await exchange.body.read() == b"no"


bodies = st.binary(max_size=10) | st.integers(10_000, 400_000).map(bytes)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(exchanges=st.lists(st.tuples(bodies, bodies, st.booleans()), min_size=1, max_size=6))
def test_both_ends_agree(exchanges: Any) -> None:
    async def run() -> None:
        pair = Pair()
        tasks = []

        async def serve(role: Role, head: Any) -> None:
            role.busy = True
            exchange = role.link.exchange(head)
            received = await exchange.body.read() if head.length or head.chunked else b""
            _, download, streams = exchanges[int(head.target[1:])]
            fields = CIMultiDict({"X-Received": str(len(received))})
            role.busy = False
            if streams:
                exchange.send_head(ResponseHead(200, headers=fields))
                for start in range(0, len(download), 30_000):
                    await exchange.write(download[start : start + 30_000])
                exchange.end(CIMultiDict({"X-Sum": str(len(download))}))
            else:
                role.link.answer(head, 200, "", "", fields, download, True)

        pair.handle = lambda role, head: tasks.append(asyncio.ensure_future(serve(role, head)))

        async def ask(number: int, upload: bytes, download: bytes, streams: bool) -> None:
            head = RequestHead("POST", f"/{number}", authority="a.example")
            if streams:
                exchange = pair.client.ask_streaming(head)
                for start in range(0, len(upload), 50_000):
                    await exchange.write(upload[start : start + 50_000])
                exchange.end()
            else:
                exchange = pair.client.ask(head, upload)
            response = await exchange.answered
            assert response.headers["X-Received"] == str(len(upload))
            assert await exchange.body.read() == download
            if streams:
                assert exchange.body.trailers["X-Sum"] == str(len(download))

        async with asyncio.timeout(20):
            await asyncio.gather(
                *[ask(number, *exchange) for number, exchange in enumerate(exchanges)]
            )
            await asyncio.gather(*tasks)
        await settle()
        assert pair.client._conn.streams == {}
        assert pair.server._conn.streams == {}
        assert pair.client.is_idle()

    asyncio.run(run())
