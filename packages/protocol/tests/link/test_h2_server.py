"""The server's end of an HTTP/2 connection: a peer's bytes, calls of the roles, bytes out."""

import asyncio
import sys
from typing import Any

import pytest
from aiolos_protocol.errors import (
    ConnectionLost,
    LimitExceeded,
    LocalProtocolError,
    RemoteProtocolError,
    TooSlow,
)
from aiolos_protocol.http2 import frames
from aiolos_protocol.http2.frames import DATA, GOAWAY, HEADERS
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits
from aiolos_protocol.link.h2_pace import FAREWELL, SPARE
from aiolos_protocol.link.h2_server import H2ServerLink
from aiolos_protocol.message import HttpVersion20, ResponseHead
from aiolos_protocol.testkit import ManualClock, MemoryTransport, connected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict


class Role:
    """A role that remembers, and answers by `server.handle(role, head)`."""

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.link: Any = None
        self.heads: list[Any] = []
        self.losses: list[Any] = []
        self.busy = False
        server.roles.append(self)

    def connected(self, link: Any) -> None:
        self.link = link

    def request_received(self, head: Any) -> None:
        assert not self.busy
        self.heads.append(head)
        self.server.requests.append((self, head))
        self.busy = True
        self.server.handle(self, head)

    def request_refused(self, error: Any) -> tuple[int, bytes]:
        self.server.refused.append(error)
        return error.status_hint, b"refused\n"

    def half_closed(self) -> None: ...

    def lost(self, exc: BaseException | None) -> None:
        self.losses.append(exc)

    # Shorthand for handlers.

    def respond(
        self, body: bytes = b"hello", status: int = 200, headers: Any = None, keep: bool = True
    ) -> None:
        self.busy = False
        kind = "text/plain"
        self.link.answer(self.heads[-1], status, "", kind, headers, body, keep)

    @property
    def exchange(self) -> Any:
        return self.link.exchange(self.heads[-1])


class Server:
    """A link with its roles, its clock, and the peer."""

    def __init__(self, make_peer: Any, limits: Limits = DEFAULT_LIMITS, **times: Any) -> None:
        self.roles: list[Role] = []
        self.requests: list[tuple[Role, Any]] = []
        self.refused: list[Any] = []
        self.handle: Any = lambda role, head: None
        self.clock = ManualClock()
        loop = asyncio.get_running_loop()
        self.link = H2ServerLink(loop, self.clock, limits, lambda: Role(self), "s", **times)
        self.transport: MemoryTransport = connected(loop, self.link)
        self.peer = make_peer(self.transport, client_side=True)

    @property
    def role(self) -> Role:
        return self.requests[-1][0]

    @property
    def exchange(self) -> Any:
        return self.role.exchange


@pytest.fixture
async def make_server(make_peer: Any) -> Any:
    def make(limits: Limits = DEFAULT_LIMITS, **times: Any) -> Server:
        server = Server(make_peer, limits, **times)
        server.peer.talk()
        return server

    return make


@pytest.fixture
async def server(make_server: Any) -> Server:
    return make_server()


def split(data: bytes) -> list[tuple[int, int, bytes]]:
    """Kind, stream and payload of each frame."""
    found = []
    while data:
        size = int.from_bytes(data[:3], "big")
        found.append((data[3], int.from_bytes(data[5:9], "big"), data[9 : 9 + size]))
        data = data[9 + size :]
    return found


def get(stream: int) -> bytes:
    """HEADERS of a request, as a client that counts nothing sends it."""
    return frames.head_frames(stream, b"\x82\x87\x84\x41\x01a", True, 16_384)


async def turn() -> None:
    """Let what is due at the loop's next turn happen, twice."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


class TestAnswers:
    async def test_a_request_and_its_answer(self, server: Server) -> None:
        server.handle = lambda role, head: role.respond()
        server.peer.ask(1, x_name="value")
        server.peer.talk()
        head = server.requests[0][1]
        assert (head.method, head.target, head.version) == ("GET", "/", HttpVersion20)
        assert head.headers["X-Name"] == "value"
        assert server.peer.heads[1] == {
            ":status": "200",
            "server": "s",
            "content-type": "text/plain",
            "content-length": "5",
            "date": "Tue, 14 Nov 2023 22:13:20 GMT",
        }
        assert server.peer.bodies[1] == b"hello"
        assert server.peer.ended == [1]
        assert server.link._conn.streams == {}

    async def test_one_write_for_all_that_one_segment_asks(self, server: Server) -> None:
        server.handle = lambda role, head: role.respond()
        for number in range(10):
            server.peer.ask(1 + 2 * number)
        writes = server.transport.writes
        server.transport.receive(server.peer.conn.data_to_send())
        assert server.transport.writes == writes + 1
        server.peer.talk()
        assert len(server.peer.ended) == 10

    async def test_a_role_serves_one_request_after_the_other(self, server: Server) -> None:
        server.handle = lambda role, head: role.respond()
        for number in range(5):
            server.peer.ask(1 + 2 * number)
        server.peer.talk()
        assert len(server.roles) == 1
        assert len(server.roles[0].heads) == 5

    async def test_several_are_at_work_at_once(self, server: Server) -> None:
        for number in range(3):
            server.peer.ask(1 + 2 * number)
        server.peer.talk()
        assert len({id(role) for role, _ in server.requests}) == 3
        for role, _ in reversed(server.requests):
            role.respond()
        await turn()
        assert server.peer.talk().ended == [5, 3, 1]
        server.peer.ask(7)
        server.peer.talk()
        assert len(server.roles) == 3
        # Of those that are free nothing is arriving, though the connection is not idle.
        assert not any(role.link.is_arriving() for role in server.roles)

    @pytest.mark.parametrize(
        ("method", "status", "length"),
        [("HEAD", 200, "5"), ("GET", 204, None), ("GET", 304, None), ("GET", 200, "5")],
    )
    async def test_bodies_that_are_not_sent(
        self, server: Server, method: str, status: int, length: str | None
    ) -> None:
        server.handle = lambda role, head: role.respond(status=status)
        server.peer.ask(1, method)
        server.peer.talk()
        assert server.peer.heads[1].get("content-length") == length
        assert server.peer.bodies.get(1) == (b"hello" if (method, status) == ("GET", 200) else None)
        assert server.peer.ended == [1]

    @pytest.mark.parametrize(("method", "length"), [("HEAD", None), ("GET", "0")])
    async def test_head_without_a_body_is_told_no_length(
        self, server: Server, method: str, length: str | None
    ) -> None:
        server.handle = lambda role, head: role.respond(b"")
        server.peer.ask(1, method)
        server.peer.talk()
        assert server.peer.heads[1].get("content-length") == length

    async def test_fields_of_the_application(self, server: Server) -> None:
        fields = CIMultiDict(
            [
                ("X-A", "b"),
                ("Set-Cookie", "a=b"),
                ("Set-Cookie", "c=d"),
                ("Keep-Alive", "5"),
                ("Transfer-Encoding", "chunked"),
                ("Content-Length", "99"),
                ("Server", "own"),
            ]
        )
        server.handle = lambda role, head: role.respond(headers=fields)
        server.peer.ask(1)
        server.peer.talk()
        head = server.peer.heads[1]
        assert head["x-a"] == "b"
        assert (head["server"], head["content-length"]) == ("own", "5")
        assert not {"keep-alive", "transfer-encoding", "connection"} & set(head)
        assert "Keep-Alive" in fields

    async def test_a_field_that_may_not_be_sent(self, server: Server) -> None:
        errors = []

        def handle(role: Role, head: Any) -> None:
            try:
                role.respond(headers=CIMultiDict({"X": "a\r\nb"}))
            except LocalProtocolError as error:
                errors.append(error)
                role.respond(b"sorry", 500)

        server.handle = handle
        server.peer.ask(1)
        assert server.peer.talk().heads[1][":status"] == "500"
        assert "X" in str(errors[0])

    async def test_an_answer_that_is_none(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        with pytest.raises(LocalProtocolError, match="103"):
            server.role.respond(status=103)
        with pytest.raises(LocalProtocolError, match="101"):
            server.exchange.send_head(ResponseHead(101))

    async def test_no_verb_behind_the_answer(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        exchange = server.exchange
        head = server.requests[0][1]
        server.role.respond()
        for verb in (
            lambda: server.role.link.answer(head, 200, "", "", None, b"", True),
            lambda: server.role.link.exchange(head),
            lambda: exchange.write(b"x"),
            exchange.end,
            lambda: exchange.send_head(ResponseHead(200)),
        ):
            with pytest.raises(LocalProtocolError, match="has ended"):
                verb()
        exchange.abort()
        await turn()
        assert server.peer.talk().resets == {}

    async def test_a_large_answer_waits_for_windows(self, server: Server) -> None:
        server.peer.acknowledges = False
        server.handle = lambda role, head: role.respond(bytes(200_000))
        server.peer.ask(1)
        server.peer.talk()
        assert len(server.peer.bodies[1]) == 65_535
        assert len(server.roles) == 1
        server.peer.ask(3)
        server.peer.talk()
        # The role is free for another request, the stream is not.
        assert len(server.roles) == 2
        server.peer.conn.increment_flow_control_window(200_000, 1)
        server.peer.conn.increment_flow_control_window(400_000)
        server.peer.talk()
        assert server.peer.ended == [1]
        assert len(server.peer.bodies[1]) == 200_000

    async def test_extra_info_and_times(self, server: Server) -> None:
        link = server.roles[0].link
        assert link.get_extra_info("peername") == ("127.0.0.1", 5000)
        assert link.transport is server.transport
        server.clock.advance(3)
        assert link.idle_time() == 3.0
        server.peer.ask(1)
        server.peer.talk()
        assert link.idle_time() == -1.0
        server.role.respond()
        assert link.idle_time() == 0.0


class TestRequestBodies:
    async def test_a_body(self, server: Server) -> None:
        server.peer.ask(1, "POST", end=False, content_length="10")
        server.peer.conn.send_data(1, b"hello")
        server.peer.talk()
        body = server.exchange.body
        assert await body.readany() == b"hello"
        server.peer.conn.send_data(1, b"world", end_stream=True)
        server.peer.talk()
        assert await body.read() == b"world"

    async def test_no_body(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        assert server.exchange.body.is_eof()

    async def test_trailers(self, server: Server) -> None:
        server.peer.ask(1, "POST", end=False)
        server.peer.conn.send_data(1, b"x")
        server.peer.conn.send_headers(1, [("x-sum", "1")], end_stream=True)
        server.peer.talk()
        assert await server.exchange.body.read() == b"x"
        assert server.exchange.body.trailers["X-Sum"] == "1"

    async def test_an_unread_body_holds_up_only_itself(self, make_server: Any) -> None:
        server = make_server(Limits(body_buffer=10_000))
        peer = server.peer
        for stream in (1, 3):
            peer.ask(stream, "POST", end=False)
        peer.talk()
        sent = 0
        while peer.conn.local_flow_control_window(1) > 0:
            size = min(16_384, peer.conn.local_flow_control_window(1))
            peer.conn.send_data(1, bytes(size))
            sent += size
            peer.talk()
        assert 262_144 <= sent <= 262_144 + 16_384
        assert peer.conn.local_flow_control_window(3) == 262_144
        for _ in range(40):
            peer.conn.send_data(3, bytes(16_384))
            peer.talk()
            assert len(await server.requests[1][0].exchange.body.readany()) == 16_384
            await turn()
            peer.talk()
        body = server.requests[0][0].exchange.body
        read = 0
        while read < sent:
            read += len(await body.readany())
        await turn()
        peer.talk()
        assert peer.conn.local_flow_control_window(1) > 131_072

    async def test_tiny_pieces_cost_no_more_than_their_bytes(self, server: Server) -> None:
        server.peer.ask(1, "POST", end=False)
        server.peer.talk()
        body = server.exchange.body
        one = frames.header(1, DATA, 0, 1) + b"x"
        server.transport.receive(one * 20_000)
        assert len(server.role.link._held) > 15_000
        server.transport.receive(frames.header(0, DATA, 1, 1))
        assert not body.is_eof()
        assert await body.read() == b"x" * 20_000
        assert body.is_eof()
        assert len(server.role.link._held) == 0

    async def test_the_end_waits_for_what_is_before_it(self, make_server: Any) -> None:
        server = make_server(Limits(body_buffer=1000))
        server.peer.ask(1, "POST", end=False)
        for _ in range(10):
            server.peer.conn.send_data(1, b"x" * 1000)
        server.peer.conn.send_headers(1, [("x-sum", "1")], end_stream=True)
        server.peer.talk()
        body = server.exchange.body
        assert body.total_bytes < 10_000
        assert await body.read() == b"x" * 10_000
        assert body.trailers["X-Sum"] == "1"

    async def test_a_body_that_is_late_before_anybody_looks(self, make_server: Any) -> None:
        server = make_server(body_timeout=10.0)
        server.peer.ask(1, "POST", end=False)
        server.peer.talk()
        server.clock.advance(11)
        server.clock.advance(11)
        with pytest.raises(RemoteProtocolError, match="body_rate"):
            await server.exchange.body.read()

    async def test_bodies_that_nobody_reads_give_their_room_back(self, server: Server) -> None:
        server.peer.talk()
        for number in range(30):
            stream = 1 + 2 * number
            server.peer.ask(stream, "POST", end=False)
            for size in (16_000, 16_000, 16_000, 16_000, 16_000):
                server.peer.conn.send_data(stream, bytes(size))
            server.peer.conn.end_stream(stream)
            server.peer.talk()
            server.role.respond()
            await turn()
            server.peer.talk()
        assert len(server.peer.ended) == 30

    async def test_an_answer_before_the_body_s_end(self, server: Server) -> None:
        server.peer.ask(1, "POST", end=False)
        server.peer.conn.send_data(1, b"part")
        server.peer.talk()
        body = server.exchange.body
        server.role.respond(b"enough", 413)
        await turn()
        server.peer.talk()
        assert server.peer.heads[1][":status"] == "413"
        assert server.peer.bodies[1] == b"enough"
        assert server.peer.resets == {1: 0}
        with pytest.raises(LocalProtocolError, match="thrown away"):
            await body.read()
        assert server.link._conn.streams == {}
        server.peer.ask(3)
        server.peer.talk()
        assert len(server.roles) == 1

    async def test_a_body_that_is_malformed_ends_the_stream(self, server: Server) -> None:
        server.peer.ask(1, "POST", end=False, content_length="3")
        server.peer.talk()
        body = server.exchange.body
        exchange = server.exchange
        server.peer.conn.send_data(1, b"four")
        server.peer.talk()
        with pytest.raises(RemoteProtocolError, match="content-length"):
            await body.read()
        with pytest.raises(ConnectionLost):
            exchange.send_head(ResponseHead(200))
        assert server.peer.resets == {1: 1}


class TestStreaming:
    async def test_a_streamed_response(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        exchange = server.exchange
        exchange.send_head(ResponseHead(200, headers=CIMultiDict({"X-A": "b"})))
        await exchange.write(b"one ")
        await exchange.write(bytearray(b"two"))
        await turn()
        server.peer.talk()
        assert server.peer.heads[1]["x-a"] == "b"
        assert "content-length" not in server.peer.heads[1]
        assert server.peer.bodies[1] == b"one two"
        assert server.peer.ended == []
        exchange.end(CIMultiDict({"X-Sum": "3"}))
        await turn()
        server.peer.talk()
        assert server.peer.trailers[1] == {"x-sum": "3"}
        assert server.peer.ended == [1]
        server.role.busy = False
        server.peer.ask(3)
        server.peer.talk()
        assert len(server.roles) == 1

    async def test_trailers_that_are_none(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        server.exchange.send_head(ResponseHead(200))
        with pytest.raises(LocalProtocolError, match="trailer"):
            server.exchange.end(CIMultiDict({"Content-Length": "3"}))

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
    async def test_what_is_not_sent(self, server: Server, method: str, status: int) -> None:
        server.peer.ask(1, method)
        server.peer.talk()
        exchange = server.exchange
        exchange.send_head(ResponseHead(status, length=5))
        exchange.write(b"hello")
        exchange.end()
        await turn()
        server.peer.talk()
        assert server.peer.bodies.get(1, b"") == b""
        assert server.peer.ended == [1]

    async def test_lengths_are_kept(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        exchange = server.exchange
        exchange.send_head(ResponseHead(200, length=5))
        with pytest.raises(LocalProtocolError, match="6 bytes written where 5"):
            exchange.write(b"toomuch"[:6])
        exchange.write(b"hell")
        with pytest.raises(LocalProtocolError, match="1 bytes before"):
            exchange.end()
        exchange.write(b"o")
        exchange.end()
        await turn()
        assert server.peer.talk().heads[1]["content-length"] == "5"

    async def test_early_hints_and_continue(self, server: Server) -> None:
        server.peer.ask(1, "POST", end=False, expect="100-continue")
        server.peer.talk()
        exchange = server.exchange
        exchange.send_head(ResponseHead(100))
        exchange.send_head(ResponseHead(103, headers=CIMultiDict({"Link": "</a>"})))
        exchange.send_head(ResponseHead(200))
        with pytest.raises(LocalProtocolError):
            exchange.send_head(ResponseHead(103))
        await turn()
        assert server.peer.talk().informed == [(1, "100"), (1, "103")]

    async def test_no_continue_where_no_body_is_due(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        server.exchange.send_head(ResponseHead(100))
        await turn()
        assert server.peer.talk().informed == []

    async def test_writers_wait_for_windows(self, server: Server) -> None:
        server.peer.acknowledges = False
        server.peer.ask(1)
        server.peer.talk()
        exchange = server.exchange
        exchange.send_head(ResponseHead(200))
        await exchange.write(bytes(65_535))
        await turn()
        server.peer.talk()
        await exchange.write(bytes(65_536))
        waiting = asyncio.ensure_future(exchange.write(b"x"))
        await turn()
        server.peer.talk()
        await turn()
        assert not waiting.done()
        server.peer.conn.increment_flow_control_window(200_000, 1)
        server.peer.conn.increment_flow_control_window(200_000)
        server.peer.talk()
        await waiting

    async def test_a_peer_that_asks_and_does_not_read(self, server: Server) -> None:
        server.handle = lambda role, head: role.respond(b"x" * 500)
        server.transport.pause(100_000)
        asked = 0
        while server.transport.reading:
            server.transport.receive(get(1 + 2 * asked))
            asked += 1
        assert 100 < asked < 130
        server.transport.receive(get(1 + 2 * asked))
        assert len(server.requests) == asked
        server.transport.resume()
        await turn()
        await turn()
        assert server.transport.reading
        ends = [stream for kind, stream, _ in split(server.transport.take()) if kind == DATA]
        assert len(ends) == asked + 1

    async def test_writers_wait_for_the_transport(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        exchange = server.exchange
        exchange.send_head(ResponseHead(200))
        server.transport.pause(100_000)
        waiting = asyncio.ensure_future(exchange.write(b"x"))
        await turn()
        assert not waiting.done()
        assert server.transport.take() == b""
        server.transport.resume()
        await waiting
        assert server.peer.talk().bodies[1] == b"x"


class TestResets:
    async def test_the_peer_resets(self, server: Server) -> None:
        server.peer.ask(1, "POST", end=False)
        server.peer.talk()
        role, exchange = server.role, server.exchange
        body = asyncio.ensure_future(exchange.body.read())
        exchange.send_head(ResponseHead(200))
        await turn()
        server.peer.conn.reset_stream(1, 8)
        server.peer.talk()
        with pytest.raises(ConnectionLost, match="CANCEL"):
            await body
        assert isinstance(role.losses[0], ConnectionLost)
        assert role.link.transport is None
        with pytest.raises(ConnectionLost):
            exchange.write(b"x")
        with pytest.raises(ConnectionLost):
            await exchange.drain()
        with pytest.raises(ConnectionLost):
            role.link.exchange(role.heads[0])
        # The stream keeps its place until the handler has ended.
        assert list(server.link._conn.streams) == [1]
        role.busy = False
        server.peer.ask(3)
        server.peer.talk()
        assert list(server.link._conn.streams) == [3]
        assert server.role is not role

    async def test_a_role_that_aborts_behind_a_reset_lets_the_stream_go(
        self, server: Server
    ) -> None:
        server.peer.ask(1)
        server.peer.talk()
        server.peer.conn.reset_stream(1, 8)
        server.peer.talk()
        server.role.link.abort()
        assert server.link._conn.streams == {}
        assert not server.transport.is_closing()

    async def test_rapid_resets_leave_no_more_handlers_than_streams(self, make_server: Any) -> None:
        server = make_server(Limits(streams=3))
        for number in range(6):
            server.peer.ask(1 + 2 * number)
            server.peer.talk()
            if 1 + 2 * number not in server.peer.resets:
                server.peer.conn.reset_stream(1 + 2 * number, 8)
                server.peer.talk()
        assert len(server.requests) == 3
        assert server.peer.resets == {7: 7, 9: 7, 11: 7}

    async def test_a_handler_that_fails_midway(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.ask(3)
        server.peer.talk()
        (one, _), (other, _) = server.requests
        one.exchange.send_head(ResponseHead(200))
        one.exchange.abort()
        assert one.link.transport is None
        other.respond()
        await turn()
        server.peer.talk()
        assert server.peer.resets == {1: 2}
        assert server.peer.ended == [3]
        assert one.losses

    async def test_the_connection_is_lost(self, server: Server) -> None:
        server.peer.ask(1, "POST", end=False)
        server.peer.ask(3)
        server.peer.talk()
        (one, _), (other, _) = server.requests
        other.respond()
        exchange = one.exchange
        server.transport.lose(OSError("cable"))
        assert isinstance(one.losses[0].__cause__, OSError)
        assert len(other.losses) == 1
        assert server.clock.watched == 0
        with pytest.raises(ConnectionLost):
            await exchange.body.read()
        with pytest.raises(ConnectionLost):
            exchange.write(b"x")

    async def test_nothing_is_kept_of_a_connection_that_is_lost(self, server: Server) -> None:
        """Neither what is queued, nor what is written: its handlers may be at work for long."""
        body = bytes(200_000)
        server.handle = lambda role, head: role.respond(body)
        server.peer.conn.update_settings({4: 0})
        server.peer.talk()
        references = sys.getrefcount(body)
        for number in range(1, 21, 2):
            server.peer.ask(number)
        server.peer.talk()
        assert sys.getrefcount(body) == references + 10
        server.handle = lambda role, head: None
        server.peer.ask(21)
        server.peer.talk()
        conn = server.link._conn
        server.transport.abort()
        await turn()
        assert sys.getrefcount(body) == references
        assert (conn.streams, conn.data_to_send(), conn.is_closed()) == ({}, b"", True)
        with pytest.raises(ConnectionLost):
            server.role.respond()

    async def test_a_peer_that_breaks_the_rules(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        server.transport.receive(b"\x00\x00\x00\x06\x00\x00\x00\x00\x00")
        assert server.peer.talk().goaways == [(1, 6)]
        assert server.transport.is_closing()
        await turn()
        assert server.role.losses

    async def test_rules_broken_are_told_to_a_role(self, server: Server) -> None:
        server.transport.receive(b"\x00\x00\x00\x06\x00\x00\x00\x00\x00")
        assert isinstance(server.refused[0], RemoteProtocolError)

    async def test_a_flood_is_told_to_a_role(self, make_server: Any) -> None:
        server = make_server(Limits(pings=3))
        for _ in range(4):
            server.peer.conn.ping(b"12345678")
        server.transport.receive(server.peer.conn.data_to_send())
        assert isinstance(server.refused[0], LimitExceeded)
        assert server.peer.talk().goaways == [(0, 11)]

    async def test_it_is_told_where_all_roles_are_at_work(self, make_server: Any) -> None:
        server = make_server(Limits(pings=3))
        server.peer.ask(1)
        for _ in range(4):
            server.peer.conn.ping(b"12345678")
        server.transport.receive(server.peer.conn.data_to_send())
        assert len(server.requests) == 1
        assert [error.limit for error in server.refused] == ["pings"]
        await turn()
        assert all(role.losses for role in server.roles)

    async def test_a_head_that_is_too_large(self, make_server: Any) -> None:
        server = make_server(Limits(field=1000))
        server.handle = lambda role, head: role.respond()
        server.peer.ask(1, x="y" * 1001)
        server.peer.ask(3)
        server.peer.talk()
        assert server.peer.heads[1][":status"] == "431"
        assert server.peer.bodies[1] == b"refused\n"
        assert isinstance(server.refused[0], LimitExceeded)
        assert server.peer.heads[3][":status"] == "200"


class TestTimes:
    async def test_no_request_at_all(self, make_server: Any) -> None:
        server = make_server(head_timeout=5.0)
        server.clock.advance(4.9)
        assert not server.transport.is_closing()
        server.clock.advance(0.2)
        assert server.peer.talk().goaways == [(0, 0)]
        assert server.transport.is_closing()

    async def test_no_further_request(self, make_server: Any) -> None:
        server = make_server(head_timeout=5.0, keepalive_timeout=10.0)
        server.peer.ask(1)
        server.peer.talk()
        server.clock.advance(100)
        assert not server.transport.is_closing()
        server.role.respond()
        server.clock.advance(9)
        assert not server.transport.is_closing()
        server.clock.advance(2)
        assert server.transport.is_closing()

    async def test_an_idle_connection_keeps_one_stream(self, server: Server) -> None:
        for number in range(3):
            server.peer.ask(1 + 2 * number)
        server.peer.talk()
        for role, _ in server.requests:
            role.respond()
        server.clock.advance(SPARE + 1)
        assert sum(len(role.losses) for role in server.roles) == 2
        server.handle = lambda role, head: role.respond()
        server.peer.ask(7)
        assert 7 in server.peer.talk().ended
        server.clock.advance(SPARE + 1)
        server.clock.advance(70)
        assert server.transport.is_closing()

    async def test_who_knows_the_idle_ones_is_told(self, make_server: Any) -> None:
        idle: set[Any] = set()
        server = make_server(idle=idle)
        assert not idle
        server.peer.ask(1)
        server.peer.ask(3)
        server.peer.talk()
        first, second = (role for role, _ in server.requests)
        first.respond()
        server.peer.talk()
        assert not idle, "another is at work"
        second.respond()
        server.peer.talk()
        assert idle == {server.link}
        server.peer.ask(5)
        server.peer.talk()
        assert not idle
        server.link.close_idle(0.0)
        assert not server.transport.is_closing(), "a request is at work"
        server.role.respond()
        server.peer.talk()
        server.link.close_idle(1.0)
        assert not server.transport.is_closing(), "not for so long"
        server.link.close_idle(0.0)
        assert server.transport.is_closing()
        await turn()
        assert not idle

    async def test_one_that_the_peer_resets_is_idle_too(self, make_server: Any) -> None:
        idle: set[Any] = set()
        server = make_server(idle=idle)
        server.peer.ask(1)
        server.peer.talk()
        server.peer.conn.reset_stream(1)
        server.peer.talk()
        assert idle == {server.link}
        server.transport.lose()
        await turn()
        assert not idle

    async def test_a_body_that_does_not_come(self, make_server: Any) -> None:
        server = make_server(body_timeout=10.0)
        server.peer.ask(1, "POST", end=False)
        server.peer.talk()
        body = server.exchange.body
        server.clock.advance(11)
        server.peer.conn.send_data(1, bytes(160))
        server.peer.talk()
        assert body.exception() is None
        server.clock.advance(11)
        assert body.exception() is None
        server.peer.conn.send_data(1, bytes(159))
        server.peer.talk()
        server.clock.advance(11)
        with pytest.raises(TooSlow, match="body_rate") as caught:
            await body.read()
        assert caught.value.status_hint == 408
        assert (caught.value.limit, caught.value.value) == ("body_rate", 16)
        server.peer.conn.send_data(1, bytes(100))
        server.peer.talk()
        server.role.respond(status=408)
        await turn()
        assert server.peer.talk().heads[1][":status"] == "408"

    async def test_a_response_that_is_not_taken(self, make_server: Any) -> None:
        server = make_server(body_timeout=10.0)
        server.peer.acknowledges = False
        server.peer.ask(1)
        server.peer.ask(3)
        server.peer.talk()
        (one, _), (other, _) = server.requests
        one.exchange.send_head(ResponseHead(200))
        one.exchange.write(bytes(100_000))
        await turn()
        server.peer.talk()
        server.clock.advance(11)
        server.clock.advance(11)
        assert isinstance(one.losses[0], ConnectionLost)
        assert "took less than 160 bytes" in str(one.losses[0])
        await turn()
        assert server.peer.talk().resets == {1: 8}
        assert other.losses == []
        assert [type(error) for error in server.refused] == [TooSlow]

    async def test_a_transport_that_is_not_read(self, make_server: Any) -> None:
        server = make_server(body_timeout=10.0)
        server.peer.ask(1)
        server.peer.talk()
        server.transport.pause(100_000)
        server.clock.advance(11)
        assert server.transport.aborted
        assert [type(error) for error in server.refused] == [TooSlow]


class TestShutdown:
    async def test_what_is_at_work_is_answered(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        server.roles[0].link.close()
        await turn()
        # The h2 library takes nothing behind GOAWAY, so the frames are read here.
        away, ping = split(server.transport.take())
        assert away[0] == GOAWAY
        assert away[2] == b"\x7f\xff\xff\xff\x00\x00\x00\x00"
        server.transport.receive(frames.ping(ping[2], ack=True))
        (away,) = split(server.transport.take())
        assert away[2] == b"\x00\x00\x00\x01\x00\x00\x00\x00"
        assert not server.transport.is_closing()
        server.role.respond()
        await turn()
        assert [kind for kind, _, _ in split(server.transport.take())] == [HEADERS, DATA, GOAWAY]
        assert server.transport.is_closing()

    async def test_a_request_on_its_way_is_answered(self, server: Server) -> None:
        server.handle = lambda role, head: role.respond()
        server.roles[0].link.close()
        await turn()
        _, ping = split(server.transport.take())
        server.peer.ask(1)
        server.transport.receive(server.peer.conn.data_to_send())
        assert [kind for kind, _, _ in split(server.transport.take())] == [HEADERS, DATA]
        server.transport.receive(frames.ping(ping[2], ack=True))
        assert server.transport.is_closing()

    async def test_a_peer_that_does_not_hear(self, server: Server) -> None:
        server.roles[0].link.close()
        await turn()
        assert not server.transport.is_closing()
        server.clock.advance(FAREWELL + 0.1)
        assert server.transport.is_closing()

    async def test_a_peer_that_does_not_hear_while_it_is_answered(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        server.roles[0].link.close()
        server.clock.advance(FAREWELL + 1)
        server.role.respond()
        await turn()
        assert not server.transport.is_closing()
        server.clock.advance(FAREWELL + 0.1)
        assert server.transport.is_closing()

    async def test_an_answer_that_is_the_last(self, server: Server) -> None:
        server.handle = lambda role, head: role.respond(keep=False)
        server.peer.ask(1)
        server.peer.talk()
        assert server.peer.ended == [1]
        await turn()
        server.peer.talk()
        assert server.transport.is_closing()

    async def test_connection_close_is_heeded_and_not_sent(self, server: Server) -> None:
        fields = CIMultiDict({"Connection": "close"})
        server.handle = lambda role, head: role.respond(headers=fields)
        server.peer.ask(1)
        server.peer.talk()
        assert "connection" not in server.peer.heads[1]
        assert server.peer.goaways

    async def test_cut(self, server: Server) -> None:
        server.peer.ask(1)
        server.peer.talk()
        role = server.role
        role.link.abort()
        assert role.losses
        role.link.abort()
        assert not server.transport.is_closing()
        # An idle stream stands for the connection.
        server.peer.ask(3)
        server.peer.talk()
        server.role.respond()
        server.role.link.abort()
        assert server.transport.aborted

    async def test_a_burst_is_worked_through_over_several_turns(self, make_server: Any) -> None:
        server = make_server(Limits(streams=3))
        server.handle = lambda role, head: role.respond()
        server.transport.receive(b"".join(get(1 + 2 * number) for number in range(10)))
        assert len(server.requests) == 3
        assert not server.transport.reading
        for _ in range(4):
            await asyncio.sleep(0)
        assert len(server.requests) == 10
        assert server.transport.reading


def post(stream: int) -> bytes:
    """HEADERS of a request whose body follows."""
    return frames.head_frames(stream, b"\x83\x87\x84\x41\x01a", False, 16_384)


streams = st.sampled_from([1, 3, 5, 7])
steps = st.one_of(
    streams.map(get),
    streams.map(post),
    st.tuples(streams, st.binary(max_size=30), st.booleans()).map(
        lambda args: frames.header(len(args[1]), DATA, int(args[2]), args[0]) + args[1]
    ),
    streams.map(lambda stream: frames.rst_stream(stream, 8)),
    st.tuples(streams, st.integers(0, 100_000)).map(lambda args: frames.window_update(*args)),
    st.integers(0, 100_000).map(lambda size: frames.settings({4: size})),
    st.just(frames.window_update(0, 100_000)),
    st.just(b"turn"),
    st.sampled_from(
        ["answer", "head", "write", "end", "abort", "read", "pause", "resume", "close"]
    ),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(script=st.lists(steps, max_size=40), size=st.sampled_from([0, 10, 20_000, 200_000]))
def test_whatever_both_ends_do(make_peer: Any, script: Any, size: int) -> None:
    async def run() -> None:
        server = Server(make_peer)
        server.peer.talk()
        for step in script:
            if step == b"turn":
                await turn()
            elif isinstance(step, bytes):
                server.transport.receive(step)
            else:
                act(server, step, size)
        await turn()
        server.transport.lose()
        # Every role is told once, and nothing is left of any stream but for handlers at work.
        for role in server.roles:
            assert len(role.losses) == 1
        assert server.clock.watched == 0

    asyncio.run(run())


def act(server: Server, step: str, size: int) -> None:
    """What a handler, or the transport, does; what the protocol forbids is refused, no more."""
    if server.link.transport is None:
        return
    if step == "pause":
        server.transport.pause(100_000)
    elif step == "resume":
        server.transport.resume()
    if not server.requests or not server.transport.reading:
        return
    role, head = server.requests[-1]
    try:
        if step == "answer":
            role.busy = False
            role.link.answer(head, 200, "", "", None, bytes(size), True)
        elif step == "close":
            role.link.close()
        elif step in ("head", "write", "end", "abort", "read"):
            exchange = role.link.exchange(head)
            if step == "head":
                exchange.send_head(ResponseHead(200))
            elif step == "write":
                exchange.write(bytes(size))
            elif step == "end":
                role.busy = False
                exchange.end()
            elif step == "abort":
                role.busy = False
                exchange.abort()
            else:
                exchange.body.read_nowait()
    except (LocalProtocolError, ConnectionLost, RemoteProtocolError):
        pass
