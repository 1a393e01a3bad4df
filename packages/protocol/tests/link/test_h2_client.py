"""The client's end of an HTTP/2 connection: exchanges, their ends, and what a role is told."""

import asyncio
import ssl
from typing import Any

import pytest
from aiolos_protocol.clock import NEVER
from aiolos_protocol.errors import (
    ConnectionLost,
    LimitExceeded,
    LineTooLong,
    LocalProtocolError,
    RemoteProtocolError,
    Unanswered,
    Unprocessed,
)
from aiolos_protocol.http2 import frames
from aiolos_protocol.http2.hpack import encode_field
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits
from aiolos_protocol.link.h2_client import MOST_RESETS, H2ClientLink
from aiolos_protocol.message import HttpVersion20, RequestHead, ResponseHead
from aiolos_protocol.testkit import ManualClock, MemoryTransport, connected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict


class Client:
    """A link that is its own role's book, its clock, and the peer."""

    def __init__(
        self, make_peer: Any, limits: Limits = DEFAULT_LIMITS, settings: Any = None, **extra: Any
    ) -> None:
        self.recycles = 0
        self.losses: list[Any] = []
        self.clock = ManualClock()
        loop = asyncio.get_running_loop()
        self.link = H2ClientLink(loop, self.clock, limits, self)
        self.transport: MemoryTransport = connected(loop, self.link, **extra)
        self.peer = make_peer(self.transport, client_side=False)
        if settings:
            self.peer.conn.update_settings(settings)

    def recycled(self, link: Any) -> None:
        self.recycles += 1

    def lost(self, link: Any, exc: BaseException | None) -> None:
        self.losses.append(exc)

    def ask(self, method: str = "GET", body: bytes = b"", **fields: str) -> Any:
        return self.link.ask(head(method, **fields), body)

    async def talk(self) -> Any:
        await turn()
        self.peer.talk()
        await turn()
        return self.peer


def head(method: str = "GET", target: str = "/a?b", **fields: str) -> RequestHead:
    headers = CIMultiDict({"Host": "a.example"})
    headers.update({name.replace("_", "-"): value for name, value in fields.items()})
    return RequestHead(method, target, headers=headers)


async def turn() -> None:
    """Let what is due at the loop's next turn happen, twice."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.fixture
async def make_client(make_peer: Any) -> Any:
    async def make(limits: Limits = DEFAULT_LIMITS, settings: Any = None, **extra: Any) -> Client:
        client = Client(make_peer, limits, settings, **extra)
        await client.talk()
        client.recycles = 0
        return client

    return make


@pytest.fixture
async def client(make_client: Any) -> Client:
    return await make_client()  # type: ignore[no-any-return]


class TestExchanges:
    async def test_a_request_and_its_response(self, client: Client) -> None:
        exchange = client.ask(x_name="value")
        peer = await client.talk()
        assert peer.heads[1] == {
            ":method": "GET",
            ":scheme": "http",
            ":authority": "a.example",
            ":path": "/a?b",
            "x-name": "value",
        }
        assert peer.ended == [1]
        assert exchange.body_sent()
        peer.answer(1, 200, end=False, content_type="text/plain")
        peer.conn.send_data(1, b"hello", end_stream=True)
        peer.talk()
        response = await exchange.answered
        assert (response.status, response.reason, response.version) == (200, "OK", HttpVersion20)
        assert response.headers["Content-Type"] == "text/plain"
        assert await exchange.body.read() == b"hello"
        assert client.recycles == 1
        assert client.link.is_idle()
        assert client.link._conn.streams == {}

    async def test_requests_may_go_out_at_once(self, make_peer: Any) -> None:
        client = Client(make_peer)
        exchange = client.ask()
        await turn()
        assert client.transport.writes == 2
        peer = await client.talk()
        peer.answer(1, 204)
        peer.talk()
        assert (await exchange.answered).status == 204

    async def test_many_at_once_in_any_order(self, client: Client) -> None:
        exchanges = [client.ask(target=str(number)) for number in range(20)]
        writes = client.transport.writes
        peer = await client.talk()
        assert client.transport.writes == writes + 1
        for number in reversed(range(20)):
            peer.answer(1 + 2 * number, 200, number=str(number))
        peer.talk()
        for number, exchange in enumerate(exchanges):
            assert (await exchange.answered).headers["Number"] == str(number)

    async def test_a_body(self, client: Client) -> None:
        client.ask("POST", b"hello")
        client.ask("POST")
        client.ask("DELETE")
        peer = await client.talk()
        assert peer.bodies == {1: b"hello"}
        assert [peer.heads[number].get("content-length") for number in (1, 3, 5)] == [
            "5",
            "0",
            None,
        ]
        assert peer.ended == [1, 3, 5]

    async def test_a_large_body(self, client: Client) -> None:
        exchange = client.ask("POST", bytes(300_000))
        assert not exchange.body_sent()
        peer = await client.talk()
        assert len(peer.bodies[1]) == 300_000
        assert exchange.body_sent()

    async def test_a_streamed_body(self, client: Client) -> None:
        request = head("PUT")
        exchange = client.link.ask_streaming(request)
        await exchange.write(b"one ")
        await exchange.write(memoryview(b"two"))
        peer = await client.talk()
        assert peer.bodies[1] == b"one two"
        assert "content-length" not in peer.heads[1]
        exchange.end(CIMultiDict({"X-Sum": "3"}))
        peer = await client.talk()
        assert peer.trailers[1] == {"x-sum": "3"}
        assert exchange.head is request

    async def test_a_streamed_body_of_known_length(self, client: Client) -> None:
        request = head("PUT")
        request.length = 3
        exchange = client.link.ask_streaming(request)
        with pytest.raises(LocalProtocolError, match="4 bytes written where 3"):
            exchange.write(b"four")
        with pytest.raises(LocalProtocolError, match="3 bytes before"):
            exchange.end()
        exchange.write(b"abc")
        exchange.end()
        peer = await client.talk()
        assert peer.heads[1]["content-length"] == "3"
        assert peer.ended == [1]

    @pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
    async def test_fields_that_are_the_connection_s(self, client: Client, name: str) -> None:
        request = head()
        request.fields[name] = "1"
        with pytest.raises(LocalProtocolError, match=name):
            client.link.ask(request)
        assert client.link.is_idle()

    async def test_over_tls_the_scheme_is_https(self, make_client: Any) -> None:
        client = await make_client(ssl_object=ssl.create_default_context())
        client.ask()
        request = head()
        request.scheme = "http"
        request.authority = "other.example"
        client.link.ask(request)
        peer = await client.talk()
        assert peer.heads[1][":scheme"] == "https"
        assert (peer.heads[3][":scheme"], peer.heads[3][":authority"]) == ("http", "other.example")

    async def test_a_response_to_head(self, client: Client) -> None:
        exchange = client.ask("HEAD")
        peer = await client.talk()
        peer.answer(1, 200, content_length="5")
        peer.talk()
        assert (await exchange.answered).length == 5
        assert exchange.body.is_eof()

    async def test_informational_heads_are_told(self, client: Client) -> None:
        exchange = client.ask()
        told: list[ResponseHead] = []
        exchange.informed = told.append
        peer = await client.talk()
        peer.answer(1, 103, end=False, link="</a.css>; rel=preload")
        peer.answer(1, 200)
        peer.talk()
        assert (await exchange.answered).status == 200
        assert [(each.status, each.headers["Link"]) for each in told] == [
            (103, "</a.css>; rel=preload")
        ]

    async def test_what_a_watcher_wants_to_know(self, client: Client) -> None:
        exchange = client.link.ask_streaming(head("POST"))
        assert exchange.awaits_us()
        exchange.end()
        peer = await client.talk()
        assert not exchange.awaits_us()
        assert exchange.received == 0
        peer.answer(1, 200, end=False)
        peer.talk()
        told = exchange.received
        assert told > 0
        peer.conn.send_data(1, b"hello", end_stream=False)
        peer.talk()
        assert exchange.received == told + 5

    async def test_each_body_has_the_limits_of_its_request(self, client: Client) -> None:
        client.link.limit(Limits(body_buffer=100))
        small = client.ask()
        client.link.limit(DEFAULT_LIMITS)
        large = client.ask()
        peer = await client.talk()
        for stream in (1, 3):
            peer.answer(stream, 200, end=False)
            peer.conn.send_data(stream, bytes(5_000), end_stream=False)
        peer.talk()
        assert small.awaits_us()
        assert not large.awaits_us()

    async def test_a_line_of_a_body_has_a_bound_of_its_own(self, make_client: Any) -> None:
        client = await make_client(Limits(body_line=100))
        for number, size in ((1, 100), (3, 101)):
            exchange = client.ask()
            peer = await client.talk()
            peer.answer(number, 200, end=False)
            peer.conn.send_data(number, b"x" * (size - 1) + b"\n", end_stream=True)
            peer.talk()
            await exchange.answered
            if size == 100:
                assert len(await exchange.body.readline()) == 100
            else:
                with pytest.raises(LineTooLong, match="within 100 bytes"):
                    await exchange.body.readline()

    async def test_informational_heads_are_passed_over(self, client: Client) -> None:
        exchange = client.ask()
        peer = await client.talk()
        for status in (103, 103, 200):
            peer.conn.send_headers(1, [(":status", str(status))], end_stream=status == 200)
        peer.talk()
        assert (await exchange.answered).status == 200

    async def test_trailers(self, client: Client) -> None:
        exchange = client.ask()
        peer = await client.talk()
        peer.answer(1, 200, end=False)
        peer.conn.send_data(1, b"x")
        peer.conn.send_headers(1, [("x-sum", "1")], end_stream=True)
        peer.talk()
        await exchange.answered
        assert await exchange.body.read() == b"x"
        assert exchange.body.trailers["X-Sum"] == "1"

    async def test_an_unread_body_holds_up_only_itself(self, make_client: Any) -> None:
        client = await make_client(Limits(body_buffer=1000))
        exchanges = [client.ask(), client.ask()]
        peer = await client.talk()
        for number in (1, 3):
            peer.answer(number, 200, end=False)
        while (room := peer.conn.local_flow_control_window(1)) > 0:
            peer.conn.send_data(1, bytes(min(room, 16_384)))
            peer.talk()
        peer.conn.send_data(3, b"through", end_stream=True)
        peer.talk()
        assert await exchanges[1].body.read() == b"through"
        first = exchanges[0]
        read = 0
        while read < 262_144:
            read += len(await first.body.readany())
        peer = await client.talk()
        assert peer.conn.local_flow_control_window(1) > 100_000

    @pytest.mark.parametrize("whole", [False, True])
    async def test_a_body_that_is_not_wanted_gives_its_room_back(
        self, make_client: Any, whole: bool
    ) -> None:
        client = await make_client(Limits(body_buffer=1000))
        for number in range(20):
            exchange = client.ask()
            peer = await client.talk()
            peer.answer(1 + 2 * number, 200, end=False)
            for _ in range(6):
                peer.conn.send_data(1 + 2 * number, bytes(16_000))
            if whole:
                peer.conn.end_stream(1 + 2 * number)
            peer.talk()
            await exchange.answered
            assert not exchange.body.is_eof()
            exchange.abort()
            await client.talk()
            with pytest.raises(ConnectionLost):
                await exchange.body.read()
        assert client.link.is_idle()

    async def test_a_client_sends_no_response(self, client: Client) -> None:
        with pytest.raises(LocalProtocolError):
            client.ask().send_head(None)

    async def test_extended_connect_needs_the_server_s_leave(self, client: Client) -> None:
        request = RequestHead("CONNECT", "/", protocol="websocket", authority="a.example")
        with pytest.raises(LocalProtocolError, match="8441"):
            client.link.ask(request)

    async def test_verbs_behind_the_end(self, client: Client) -> None:
        exchange = client.ask()
        peer = await client.talk()
        peer.answer(1)
        peer.talk()
        with pytest.raises(LocalProtocolError, match="has ended"):
            exchange.write(b"x")
        exchange.abort()
        assert (await client.talk()).resets == {}


class TestRoom:
    async def test_the_server_s_limit_is_kept(self, make_client: Any) -> None:
        client = await make_client(settings={3: 2})
        exchanges = [client.ask(), client.ask()]
        assert not client.link.is_reusable()
        with pytest.raises(Unprocessed, match="no more"):
            client.ask()
        assert client.link.in_flight == 2
        peer = await client.talk()
        peer.answer(1)
        peer.talk()
        await exchanges[0].answered
        assert client.recycles == 1
        assert client.link.in_flight == 1
        assert client.link.room == 1
        client.ask()

    async def test_no_more_than_usual_before_the_server_has_spoken(self, make_peer: Any) -> None:
        client = Client(make_peer)
        assert client.link.room == 100

    async def test_settings_are_waited_for(self, make_peer: Any) -> None:
        client = Client(make_peer, settings={8: 1})
        waiting = asyncio.ensure_future(_done(client.link.settings()))
        await turn()
        assert not waiting.done()
        assert not client.link.connect_protocol
        client.peer.talk()
        await waiting
        assert client.link.connect_protocol
        await client.link.settings()

    async def test_a_ping_is_answered(self, client: Client) -> None:
        waiting = [asyncio.ensure_future(_done(client.link.ping())) for _ in range(2)]
        await turn()
        assert not waiting[0].done()
        client.peer.talk()
        await asyncio.gather(*waiting)

    async def test_a_ping_that_is_not_answered(self, client: Client) -> None:
        waiting = asyncio.ensure_future(_done(client.link.ping()))
        await turn()
        client.transport.lose()
        with pytest.raises(ConnectionLost):
            await waiting
        with pytest.raises(ConnectionLost):
            await client.link.ping()
        await client.link.settings()


async def _done(awaitable: Any) -> None:
    await awaitable


class TestEnds:
    async def test_the_server_refuses_a_stream(self, client: Client) -> None:
        exchange = client.ask()
        peer = await client.talk()
        peer.conn.reset_stream(1, 7)
        peer.talk()
        with pytest.raises(Unprocessed, match="REFUSED_STREAM"):
            await exchange.answered
        assert client.recycles == 1

    async def test_the_server_resets_a_stream(self, client: Client) -> None:
        exchange = client.ask()
        peer = await client.talk()
        peer.answer(1, 200, end=False)
        peer.conn.send_data(1, b"part")
        peer.talk()
        await exchange.answered
        peer.conn.reset_stream(1, 2)
        peer.talk()
        assert await exchange.body.readany() == b"part"
        with pytest.raises(ConnectionLost, match="INTERNAL_ERROR"):
            await exchange.body.read()

    async def test_a_response_before_the_request_s_end(self, client: Client) -> None:
        exchange = client.link.ask_streaming(head("POST"))
        exchange.write(b"part")
        peer = await client.talk()
        peer.answer(1, 413, content_length="0")
        peer.conn.reset_stream(1, 0)
        peer.talk()
        assert (await exchange.answered).status == 413
        assert await exchange.body.read() == b""
        with pytest.raises(ConnectionLost):
            exchange.write(b"more")
        assert client.link.is_idle()

    async def test_a_response_before_the_request_s_end_that_goes_on(self, client: Client) -> None:
        exchange = client.link.ask_streaming(head("POST"))
        peer = await client.talk()
        peer.answer(1, 200)
        peer.talk()
        assert (await exchange.answered).status == 200
        assert not exchange.body_sent()
        exchange.write(b"more")
        exchange.end()
        assert exchange.body_sent()
        assert (await client.talk()).bodies[1] == b"more"
        assert client.link.is_idle()

    async def test_a_malformed_response(self, client: Client) -> None:
        exchange, other = client.ask(), client.ask()
        peer = await client.talk()
        block = encode_field(b":status", b"200") + encode_field(b"connection", b"close")
        client.transport.receive(frames.head_frames(1, block, True, 16_384))
        peer.answer(3, 200)
        peer.talk()
        with pytest.raises(RemoteProtocolError, match="connection-specific"):
            await exchange.answered
        assert (await other.answered).status == 200
        assert (await client.talk()).resets == {1: 1}

    async def test_a_response_that_is_too_large(self, make_client: Any) -> None:
        client = await make_client(Limits(field=100))
        exchange = client.ask()
        peer = await client.talk()
        peer.answer(1, 200, x="y" * 200)
        peer.talk()
        with pytest.raises(LimitExceeded, match="field=100"):
            await exchange.answered

    async def test_abort_leaves_the_others_alone(self, client: Client) -> None:
        exchange, other = client.ask(), client.ask()
        peer = await client.talk()
        peer.answer(1, 200, end=False)
        peer.talk()
        exchange.abort()
        exchange.abort()
        peer = await client.talk()
        assert peer.resets == {1: 8}
        with pytest.raises(ConnectionLost, match="aborted"):
            await exchange.body.read()
        peer.answer(3)
        peer.talk()
        assert (await other.answered).status == 200

    async def test_a_reason_of_the_user_s(self, client: Client) -> None:
        exchange = client.ask()
        exchange.fail(TimeoutError("too late"))
        with pytest.raises(TimeoutError, match="too late"):
            await exchange.answered

    async def test_late_bytes_behind_an_abort(self, client: Client) -> None:
        exchange = client.ask()
        peer = await client.talk()
        exchange.abort()
        peer.answer(1, 200, end=False)
        peer.conn.send_data(1, bytes(10_000), end_stream=True)
        client.transport.receive(peer.conn.data_to_send())
        assert not client.transport.is_closing()
        assert client.link.is_reusable()

    async def test_the_connection_is_lost(self, client: Client) -> None:
        asked, answered = client.ask(), client.ask()
        peer = await client.talk()
        peer.answer(3, 200, end=False)
        peer.talk()
        client.transport.lose(OSError("cable"))
        with pytest.raises(Unanswered) as caught:
            await asked.answered
        assert isinstance(caught.value.__cause__, OSError)
        assert caught.value.reason == ""
        with pytest.raises(ConnectionLost):
            await answered.body.read()
        assert isinstance(client.losses[0], OSError)
        assert client.clock.watched == 0
        assert not client.link.is_reusable()
        with pytest.raises(ConnectionLost):
            client.ask()

    async def test_a_server_that_breaks_the_rules(self, client: Client) -> None:
        exchange = client.ask()
        await client.talk()
        client.transport.receive(frames.header(0, frames.DATA, 0, 0))
        await turn()
        with pytest.raises(RemoteProtocolError, match="DATA on stream 0"):
            await exchange.answered
        await turn()
        assert client.losses
        assert client.transport.is_closing()

    async def test_fail_ends_all(self, client: Client) -> None:
        exchanges = [client.ask(), client.ask()]
        client.link.fail(ValueError("enough"))
        for exchange in exchanges:
            with pytest.raises(ValueError, match="enough"):
                await exchange.answered
        assert client.transport.aborted

    async def test_close(self, client: Client) -> None:
        client.link.close()
        client.link.close()
        assert client.peer.talk().goaways == [(0, 0)]
        await turn()
        assert client.losses == [None]

    async def test_a_cancelled_caller(self, client: Client) -> None:
        exchange = client.ask()
        waiting = asyncio.ensure_future(_done(exchange.answered))
        await turn()
        waiting.cancel()
        await turn()
        exchange.abort()
        assert (await client.talk()).resets == {1: 8}


class TestGoaway:
    async def test_what_is_worked_on_is_completed(self, client: Client) -> None:
        exchange = client.ask()
        peer = await client.talk()
        late = client.ask()
        await turn()
        client.transport.receive(frames.goaway(1, 0, b"maintenance"))
        assert client.losses == []
        with pytest.raises(Unprocessed, match="goes away"):
            await late.answered
        assert not client.link.is_reusable()
        assert not client.transport.is_closing()
        peer.answer(1)
        client.transport.receive(peer.conn.data_to_send())
        assert (await exchange.answered).status == 200
        await turn()
        assert client.transport.is_closing()
        await turn()
        assert len(client.losses) == 1
        # One that was refused, and one that was answered.
        assert client.recycles == 2

    async def test_an_idle_connection_is_closed(self, client: Client) -> None:
        ping = asyncio.ensure_future(_done(client.link.ping()))
        await turn()
        client.transport.receive(frames.goaway(0, 11, b"calm down"))
        assert client.transport.is_closing()
        with pytest.raises(ConnectionLost, match="ENHANCE_YOUR_CALM calm down"):
            await ping
        assert client.losses == [None]


class TestTimes:
    async def test_each_exchange_has_its_own_deadline(self, client: Client) -> None:
        first, second, third = client.ask(), client.ask(), client.ask()
        told = []
        first.deadline = client.clock.now + 5
        first.on_deadline = lambda: told.append("first")
        second.deadline = client.clock.now + 3
        client.clock.advance(4)
        with pytest.raises(ConnectionLost):
            await second.answered
        assert told == []
        client.clock.advance(2)
        assert told == ["first"]
        assert client.link.deadline == NEVER
        assert not third.answered.done()
        assert not client.transport.is_closing()

    async def test_an_idle_connection_s_deadline_is_its_owner_s(self, client: Client) -> None:
        told = []
        client.link.deadline = client.clock.now + 5
        client.link.on_deadline = lambda: told.append("idle")
        client.clock.advance(6)
        assert told == ["idle"]

    async def test_an_exchange_takes_the_idle_deadline_away(self, client: Client) -> None:
        client.link.deadline = client.clock.now + 5
        client.ask()
        client.clock.advance(6)
        assert not client.transport.is_closing()

    async def test_without_anybody_to_ask_it_is_closed(self, client: Client) -> None:
        client.link.deadline = client.clock.now + 5
        client.clock.advance(6)
        assert client.transport.is_closing()
        assert client.peer.talk().goaways == [(0, 0)]

    async def test_a_silent_server_is_pinged_and_given_up(self, client: Client) -> None:
        client.link.watch_peer(20, 10)
        exchange = client.ask()
        await client.talk()
        client.clock.advance(19)
        client.peer.talk()
        assert client.peer.pings == 0
        client.clock.advance(2)
        await turn()
        # It is there, and goes on being waited for.
        assert client.peer.talk().pings == 1
        client.clock.advance(19)
        await turn()
        assert client.peer.talk().pings == 1
        client.clock.advance(2)
        await turn()
        assert b"are you?" in client.transport.take()
        client.clock.advance(9)
        assert not client.transport.is_closing()
        client.clock.advance(2)
        assert client.transport.aborted
        with pytest.raises(Unanswered) as caught:
            await exchange.answered
        assert caught.value.reason == "the server did not answer PING within 10 s"
        assert "PING within 10 s" in str(caught.value)

    async def test_an_idle_connection_is_not_pinged(self, client: Client) -> None:
        client.link.watch_peer(20, 10)
        client.clock.advance(100)
        exchange = client.ask()
        await client.talk()
        client.clock.advance(19)
        assert client.peer.talk().pings == 0
        exchange.abort()
        client.clock.advance(100)
        await turn()
        assert client.peer.talk().pings == 0

    async def test_settings_are_told(self, client: Client) -> None:
        told = []
        client.link.on_settings = lambda: told.append(client.link.room)
        client.transport.receive(frames.settings({3: 7}))
        assert told == [7]


def response(stream: int, end: bool) -> bytes:
    """HEADERS of a response."""
    return frames.head_frames(stream, b"\x88", end, 16_384)


streams = st.sampled_from([1, 3, 5, 7])
steps = st.one_of(
    st.tuples(streams, st.booleans()).map(lambda args: response(*args)),
    st.tuples(streams, st.binary(max_size=30), st.booleans()).map(
        lambda args: frames.header(len(args[1]), frames.DATA, int(args[2]), args[0]) + args[1]
    ),
    st.tuples(streams, st.sampled_from([0, 7, 8])).map(lambda args: frames.rst_stream(*args)),
    st.tuples(streams, st.integers(0, 100_000)).map(lambda args: frames.window_update(*args)),
    st.integers(0, 100_000).map(lambda size: frames.settings({4: size, 3: size % 5})),
    st.integers(0, 9).map(lambda last: frames.goaway(last, 0)),
    st.just(b"turn"),
    st.sampled_from(["ask", "post", "stream", "write", "end", "abort", "read"]),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(script=st.lists(steps, max_size=40), size=st.sampled_from([0, 10, 200_000]))
def test_whatever_both_ends_do(make_peer: Any, script: Any, size: int) -> None:
    async def run() -> None:
        client = Client(make_peer)
        client.peer.talk()
        asked: list[Any] = []
        for step in script:
            if step == b"turn":
                await turn()
            elif isinstance(step, bytes):
                client.transport.receive(step)
            else:
                act(client, asked, step, size)
        await turn()
        client.transport.lose()
        await turn()
        # Whoever waits is told, and the role once that the connection is of no more use.
        assert all(exchange.answered.done() for exchange in asked)
        for exchange in asked:
            if exchange.answered.exception() is None:
                assert exchange.body.ended or exchange.body.exception() or exchange._held
        assert len(client.losses) == 1
        assert client.link.is_idle()
        assert client.clock.watched == 0

    asyncio.run(run())


def act(client: Client, asked: list[Any], step: str, size: int) -> None:
    """What a caller does; what the protocol forbids is refused, no more."""
    try:
        if step == "ask":
            asked.append(client.ask())
        elif step == "post":
            asked.append(client.ask("POST", bytes(size)))
        elif step == "stream":
            asked.append(client.link.ask_streaming(head("POST")))
        elif asked and step == "write":
            asked[-1].write(bytes(size))
        elif asked and step == "end":
            asked[-1].end()
        elif asked and step == "abort":
            asked[-1].abort()
        elif asked:
            asked[-1].body.read_nowait()
    except (LocalProtocolError, ConnectionLost, RemoteProtocolError):
        pass


class TestCancelling:
    """Servers end connections on which much is reset: what is at work on them is not to blame."""

    async def cancel(self, client: Client, count: int) -> None:
        for _ in range(count):
            client.ask().abort()
            await client.talk()

    async def test_a_connection_on_which_much_is_given_up_takes_no_more(
        self, client: Client
    ) -> None:
        innocent = client.ask()
        await self.cancel(client, MOST_RESETS - 1)
        assert client.link.is_reusable()
        await self.cancel(client, 1)
        assert not client.link.is_reusable()
        assert not client.transport.is_closing()
        client.peer.answer(1)
        await client.talk()
        assert (await innocent.answered).status == 200
        await turn()
        assert client.transport.is_closing()

    async def test_what_is_answered_makes_up_for_it(self, client: Client) -> None:
        for number in range(3 * MOST_RESETS):
            client.ask()
            peer = await client.talk()
            peer.answer(1 + 4 * number)
            await client.talk()
            await self.cancel(client, 1)
        assert client.link.is_reusable()

    async def test_not_what_was_answered_long_before(self, client: Client) -> None:
        for number in range(MOST_RESETS):
            client.ask()
            peer = await client.talk()
            peer.answer(1 + 2 * number)
            await client.talk()
        await self.cancel(client, MOST_RESETS)
        assert not client.link.is_reusable()

    async def test_many_at_once_are_counted_one_by_one(self, client: Client) -> None:
        asked = [client.ask() for _ in range(MOST_RESETS)]
        for exchange in asked[1:]:
            exchange.abort()
        await client.talk()
        assert client.link.is_reusable()
        asked[0].abort()
        assert not client.link.is_reusable()
