"""Peers that make work and do none: every limit, on either side of it."""

from typing import Any

import pytest
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.http2 import blocks, frames
from aiolos_protocol.http2.errors import ErrorCode
from aiolos_protocol.http2.floods import PINGS, RESETS, Floods
from aiolos_protocol.http2.frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    GOAWAY,
    HEADERS,
    PADDED,
    PRIORITY,
    RST_STREAM,
)
from aiolos_protocol.limits import Limits

OK = blocks.status(200)


def assert_calmed(endpoint: Any, limit: str, by: str = "") -> None:
    """The connection has ended, and the limit is named, as is what exceeds it."""
    assert isinstance(endpoint.error, LimitExceeded), endpoint.error
    assert endpoint.error.limit == limit
    assert f" was exceeded{by and ' by '}{by}; raise it" in str(endpoint.error)
    away = endpoint.sent()[-1]
    assert away.kind == GOAWAY
    assert int.from_bytes(away.payload[4:8], "big") == ErrorCode.ENHANCE_YOUR_CALM
    # The peer is not told which limit, and how high it is.
    reasons = {
        "continuations": b"the header block is too large",
        "head": b"the header block is too large",
        "replies": b"what is due to you is not read",
    }
    assert away.payload[8:] == reasons.get(limit, b"too many frames that do no work")


def answer(endpoint: Any) -> Any:
    """Let every request be answered at once."""

    def on_head(stream: Any, head: Any) -> None:
        endpoint.conn.send_head(stream, OK, True)
        endpoint.conn.release(stream)

    endpoint.on_head = on_head
    return endpoint


class TestLevels:
    def test_a_level_leaks_a_limit_s_worth_in_a_minute(self) -> None:
        floods = Floods(Limits(pings=60))
        for _ in range(60):
            floods.spend(PINGS, 10.0)
        floods.spend(PINGS, 11.0)
        with pytest.raises(LimitExceeded, match="pings=60"):
            floods.spend(PINGS, 11.0)
        for _ in range(60):
            floods.spend(PINGS, 80.0)

    def test_work_lowers_it(self) -> None:
        floods = Floods(Limits(resets=2))
        floods.spend(RESETS, 0.0)
        floods.earn(RESETS, 5.0)
        floods.spend(RESETS, 0.0)
        floods.spend(RESETS, 0.0)
        with pytest.raises(LimitExceeded, match="resets=2"):
            floods.spend(RESETS, 0.0)

    def test_a_clock_that_stands_still_or_starts_anywhere(self) -> None:
        floods = Floods(Limits(resets=1))
        floods.spend(RESETS, 1e9)
        with pytest.raises(LimitExceeded):
            floods.spend(RESETS, 1e9)


class TestResets:
    def test_rapid_reset(self, make_server: Any, wire: Any) -> None:
        # CVE-2023-44487: the server works, the client never waits.
        server = make_server(resets=10)
        for number in range(10):
            server.feed(wire.request(1 + 2 * number), frames.rst_stream(1 + 2 * number, 8))
            server.conn.release(server.streams[1 + 2 * number])
        assert server.error is None
        server.feed(wire.request(21), frames.rst_stream(21, 8))
        assert_calmed(server, "resets")

    def test_a_client_that_cancels_now_and_then_goes_on(self, make_server: Any, wire: Any) -> None:
        server = make_server(resets=2)
        for number in range(0, 200, 2):
            server.feed(wire.request(1 + 2 * number), frames.rst_stream(1 + 2 * number, 8))
            server.conn.release(server.streams[1 + 2 * number])
            server.feed(wire.request(3 + 2 * number))
            server.conn.send_head(server.streams[3 + 2 * number], OK, True)
            server.conn.release(server.streams[3 + 2 * number])
        assert server.error is None

    def test_sixteen_who_have_had_the_answer_s_head_count_as_one(
        self, make_server: Any, wire: Any
    ) -> None:
        server = make_server(resets=2)
        for number in range(1, 67, 2):
            assert server.error is None
            server.feed(wire.request(number))
            server.conn.send_head(server.streams[number], OK, False)
            server.conn.send_data(server.streams[number], bytes(100_000), True)
            server.sent()
            server.feed(frames.rst_stream(number, 8))
            server.conn.release(server.streams[number])
        assert_calmed(server, "resets")

    def test_a_head_that_has_not_left_is_no_answer(self, make_server: Any, wire: Any) -> None:
        """Neither where nobody waits for it, nor where nobody reads."""
        server = make_server(resets=10)

        def on_head(stream: Any, head: Any) -> None:
            server.conn.send_head(stream, OK, False)

        server.on_head = on_head
        for number in range(1, 23, 2):
            assert server.error is None
            server.feed(wire.request(number), frames.rst_stream(number, 8))
            server.conn.release(server.streams[number])
        assert_calmed(server, "resets")

    def test_resets_that_come_behind_the_whole_answer(self, make_server: Any, wire: Any) -> None:
        server = answer(make_server(empty_frames=2, resets=2))
        for number in range(1, 201, 2):
            server.feed(wire.request(number))
            server.sent()
            server.feed(frames.rst_stream(number, 8))
        assert server.error is None
        server.feed(*[frames.rst_stream(1, 8)] * 2)
        assert_calmed(server, "empty_frames", by="frames for streams that are over")

    def test_made_you_reset(self, make_server: Any, wire: Any) -> None:
        # CVE-2025-8671: the client has the server do the resetting.
        server = make_server(resets=10)
        for number in range(10):
            server.feed(wire.request(1 + 2 * number), frames.window_update(1 + 2 * number, 0))
            server.conn.release(server.streams[1 + 2 * number])
        assert server.error is None
        server.feed(wire.request(21), frames.window_update(21, 0))
        assert_calmed(server, "resets")

    @pytest.mark.parametrize(
        "trailers",
        [[("x", "y")] * 5, [("x", "y" * 101)]],
        ids=["fields", "trailers"],
    )
    def test_made_you_reset_by_trailers(
        self, make_server: Any, wire: Any, trailers: list[tuple[str, str]]
    ) -> None:
        server = make_server(resets=10, fields=4, trailers=100)
        for number in range(1, 23, 2):
            assert server.error is None
            server.feed(wire.request(number, end=False), wire.head(number, trailers, end=True))
            server.conn.release(server.streams[number])
        assert_calmed(server, "resets")

    def test_malformed_requests(self, make_server: Any, wire: Any) -> None:
        server = make_server(resets=10)
        server.feed(*[wire.request(1 + 2 * number, p_path=None) for number in range(10)])
        assert server.error is None
        server.feed(wire.request(21, p_path=None))
        assert_calmed(server, "resets")
        assert server.events == []

    def test_refused_streams(self, make_server: Any, wire: Any) -> None:
        server = make_server(resets=10, streams=1)
        server.feed(*[wire.request(1 + 2 * number) for number in range(11)])
        assert server.error is None
        server.feed(wire.request(23))
        assert_calmed(server, "resets")

    def test_a_reset_stream_counts_as_open_while_its_handler_runs(
        self, make_server: Any, wire: Any
    ) -> None:
        server = make_server(streams=2)
        for number in (1, 3):
            server.feed(wire.request(number), frames.rst_stream(number, 8))
        server.feed(wire.request(5))
        assert server.sent()[-1].payload == bytes(3) + bytes([ErrorCode.REFUSED_STREAM])
        server.conn.release(server.streams[1])
        assert server.feed(wire.request(7))[0][:2] == ("head", 7)


class TestControlFrames:
    def test_settings(self, make_server: Any) -> None:
        server = make_server(settings=12)
        server.feed(*[frames.settings({})] * 10)
        assert server.error is None
        server.feed(frames.settings({}))
        assert_calmed(server, "settings")

    def test_goaways(self, make_server: Any) -> None:
        server = make_server(settings=12)
        server.feed(*[frames.goaway(0, 0)] * 10)
        assert server.error is None
        server.feed(frames.goaway(0, 0))
        assert_calmed(server, "settings", by="GOAWAY frames")

    def test_pings(self, make_server: Any) -> None:
        server = make_server(pings=10)
        server.feed(*[frames.ping(bytes(8))] * 10)
        assert server.error is None
        server.feed(frames.ping(bytes(8)))
        assert_calmed(server, "pings")

    def test_pings_that_go_with_data(self, make_server: Any, wire: Any) -> None:
        server = make_server(pings=10)
        server.feed(wire.request(1, end=False))
        for _ in range(50):
            server.feed(wire.data(1, b"x"), frames.ping(bytes(8)))
        assert server.error is None

    def test_priorities(self, make_server: Any, wire: Any) -> None:
        server = make_server(priorities=10)
        server.feed(*[wire.frame(PRIORITY, 0, 1, bytes(5))] * 5)
        server.feed(*[frames.priority_update(1, b"u=1")] * 5)
        assert server.error is None
        server.feed(frames.priority_update(1, b"u=1"))
        assert_calmed(server, "priorities")

    def test_window_updates(self, make_server: Any) -> None:
        server = make_server(window_updates=10)
        server.feed(*[frames.window_update(0, 1)] * 10)
        assert server.error is None
        server.feed(frames.window_update(0, 1))
        assert_calmed(server, "window_updates")

    def test_window_updates_that_let_data_go(self, make_server: Any, wire: Any) -> None:
        server = make_server(window_updates=10)
        server.feed(wire.request(1))
        server.conn.send_head(server.streams[1], OK, False)
        for _ in range(50):
            server.conn.send_data(server.streams[1], b"x" * 100, False)
            server.feed(frames.window_update(0, 100), frames.window_update(1, 100))
        assert server.error is None

    def test_replies_that_are_not_read(self, make_server: Any) -> None:
        server = make_server(replies=170)
        server.feed(*[frames.ping(bytes(8))] * 10)
        assert server.error is None
        server.feed(frames.ping(bytes(8)))
        assert_calmed(server, "replies")

    def test_replies_that_are_read(self, make_server: Any) -> None:
        server = make_server(replies=170)
        for _ in range(20):
            server.feed(frames.ping(bytes(8)))
            server.sent()
        assert server.error is None


class TestEmptyFrames:
    def test_data(self, make_server: Any, wire: Any) -> None:
        server = make_server(empty_frames=10)
        server.feed(wire.request(1, end=False), *[wire.data(1)] * 5)
        server.feed(*[wire.frame(DATA, PADDED, 1, b"\x01\x00")] * 5)
        assert server.error is None
        server.feed(wire.data(1))
        assert_calmed(server, "empty_frames", by="DATA frames without data")

    def test_unknown_types(self, make_server: Any, wire: Any) -> None:
        server = make_server(empty_frames=10)
        server.feed(*[wire.frame(0xFA, 0, 0)] * 10)
        assert server.error is None
        server.feed(wire.frame(0xFA, 0, 0))
        assert_calmed(server, "empty_frames", by="frames of unknown types")

    def test_frames_of_streams_that_are_over(self, make_server: Any, wire: Any) -> None:
        server = make_server(empty_frames=10)
        server.feed(wire.request(1, end=False))
        server.conn.reset(server.streams[1], ErrorCode.CANCEL)
        server.feed(*[wire.data(1, b"x")] * 5)
        server.conn.release(server.streams[1])
        server.feed(*[wire.data(1, b"x")] * 3, frames.rst_stream(1, 0), frames.rst_stream(1, 0))
        assert server.error is None
        server.feed(wire.head(1, {"x": "y"}))
        assert_calmed(server, "empty_frames", by="frames for streams that are over")

    def test_requests_behind_a_goaway(self, make_server: Any, wire: Any) -> None:
        server = make_server(empty_frames=10)
        server.conn.refuse_more()
        server.feed(*[wire.request(1 + 2 * number) for number in range(10)])
        assert server.error is None
        server.feed(wire.request(21))
        assert_calmed(server, "empty_frames", by="requests behind GOAWAY")


class TestHeads:
    def test_continuations(self, make_server: Any, wire: Any) -> None:
        server = make_server(continuations=3)
        block = wire.request(1)[9:]
        empty = wire.frame(CONTINUATION, 0, 1)
        server.feed(wire.frame(HEADERS, 0, 1, block), empty, empty)
        server.feed(wire.frame(CONTINUATION, END_HEADERS, 1))
        assert server.events[0][:2] == ("head", 1)
        server.feed(wire.frame(HEADERS, 0, 3, block))
        server.feed(*[wire.frame(CONTINUATION, 0, 3)] * 4)
        assert_calmed(server, "continuations")

    def test_a_block_that_does_not_end(self, make_server: Any, wire: Any) -> None:
        server = make_server(head=20_000)
        server.feed(wire.frame(HEADERS, 0, 1, bytes(10_000)))
        server.feed(wire.frame(CONTINUATION, 0, 1, bytes(10_000)))
        assert server.error is None
        server.feed(wire.frame(CONTINUATION, 0, 1, b"x"))
        assert_calmed(server, "head")

    def test_a_bomb(self, make_server: Any, wire: Any) -> None:
        # A large field in the table, then again and again for one byte each (RFC 7541 7.3).
        server = make_server(fields=10_000)
        field = b"\x40\x01x\x7f\xe1\x1d" + b"y" * 3936
        pseudo = wire.block([(":method", "GET"), (":scheme", "https"), (":path", "/")])
        block = pseudo + wire.block({":authority": "a"}) + field
        assert server.feed(frames.head_frames(1, block, True, 16_384))[0][0] == "head"
        bomb = pseudo + wire.block({":authority": "a"}) + b"\xbe" * 16_000
        assert server.feed(frames.head_frames(3, bomb, True, 16_384)) == [("refused", 3, 431)]

    def test_many_fields(self, make_server: Any, wire: Any) -> None:
        server = make_server(fields=10)
        block = wire.request(1)[9:]
        few, many = b"\x00\x01x\x01y" * 6, b"\x00\x01x\x01y" * 7
        assert server.feed(frames.head_frames(1, block + few, True, 16_384))[0][0] == "head"
        assert server.feed(frames.head_frames(3, block + many, True, 16_384)) == [
            ("refused", 3, 431)
        ]

    def test_trailers(self, make_server: Any, wire: Any) -> None:
        server = make_server(trailers=100)
        server.feed(wire.request(1, end=False), wire.request(3, end=False))
        server.feed(wire.head(1, {"x": "y" * 67}, end=True))
        assert server.events[-1][0] == "ended"
        server.feed(wire.head(3, {"x": "y" * 68}, end=True))
        assert server.events[-1][:2] == ("reset", 3)
        assert server.sent()[-1].kind == RST_STREAM

    def test_trailers_with_many_fields(self, make_server: Any, wire: Any) -> None:
        server = make_server(fields=4)
        server.feed(wire.request(1, end=False), wire.head(1, [("x", "y")] * 5, end=True))
        assert server.events[-1][:2] == ("reset", 1)

    def test_informational_heads(self, make_client: Any, wire: Any) -> None:
        client = make_client(informational=3)
        block = blocks.request("GET", "https", "a", "/", None)
        client.conn.request("GET", block, True, None)
        early = wire.head(1, {":status": "103"})
        assert client.feed(*[early] * 3) == [("informed", 1, 103)] * 3
        assert client.feed(early) == [("reset", 1, None)]

    def test_a_response_that_is_too_large(self, make_client: Any, wire: Any) -> None:
        client = make_client(fields=3)
        block = blocks.request("GET", "https", "a", "/", None)
        client.conn.request("GET", block, True, None)
        client.feed(wire.head(1, [(":status", "200")] + [("x", "y")] * 3))
        assert client.events == [("reset", 1, None)]
        assert client.sent()[-1].kind == RST_STREAM


class TestWork:
    def test_a_burst_of_requests_is_worked_through_in_turns(
        self, make_server: Any, wire: Any
    ) -> None:
        server = answer(make_server(streams=10))
        data = b"".join(wire.request(1 + 2 * number) for number in range(25))
        assert server.conn.receive(data, 0.0)
        assert len(server.events) == 10
        assert server.conn.receive(b"", 0.0)
        assert len(server.events) == 20
        assert not server.conn.receive(b"", 0.0)
        assert len(server.events) == 25

    def test_more_may_come_before_the_rest_is_worked_through(
        self, make_server: Any, wire: Any
    ) -> None:
        server = answer(make_server(streams=2))
        server.conn.receive(wire.request(1) + wire.request(3) + wire.request(5)[:5], 0.0)
        server.feed(wire.request(5)[5:])
        assert [event[1] for event in server.events] == [1, 3, 5]

    def test_what_is_ignored_is_bounded(self, make_server: Any, wire: Any) -> None:
        server = make_server(streams=2, resets=1000)
        for number in range(1, 41, 2):
            server.feed(wire.request(number, p_path=None))
        assert server.error is None
        server.feed(wire.data(39, b"late"))
        assert server.error is None
        server.feed(wire.data(1, b"very late"))
        assert server.conn.is_closed()


class TestHeldUp:
    def test_a_peer_that_does_not_take(self, make_server: Any, wire: Any) -> None:
        server = make_server()
        server.feed(frames.settings({4: 10}), wire.request(1), wire.request(3))
        for number in (1, 3):
            server.conn.send_head(server.streams[number], OK, False)
            server.conn.send_data(server.streams[number], bytes(3000), False)
        server.sent()
        assert server.conn.held_up(1024) == ([], [])
        server.feed(frames.window_update(1, 1023), frames.window_update(3, 1024))
        server.sent()
        assert server.conn.held_up(1024) == ([server.streams[1]], [])
        assert server.conn.held_up(1024) == ([server.streams[1], server.streams[3]], [])

    def test_a_stream_that_waits_for_others(self, make_server: Any, wire: Any) -> None:
        server = make_server()
        server.feed(frames.settings({4: 1 << 20}))
        for number, priority in ((1, "u=0"), (3, "u=7")):
            server.feed(wire.request(number, priority=priority))
            server.conn.send_head(server.streams[number], OK, False)
            server.conn.send_data(server.streams[number], bytes(100_000), False)
        server.sent()
        for _ in range(3):
            server.feed(frames.window_update(0, 2000))
            server.sent()
            assert server.conn.held_up(1024) == ([], [])
        assert server.conn.held_up(1024) == ([], [])
        assert server.conn.held_up(1024) == ([server.streams[1], server.streams[3]], [])

    def test_a_peer_that_does_not_send(self, make_server: Any, wire: Any) -> None:
        server = make_server()
        server.feed(wire.request(1, end=False), wire.request(3, end=False), wire.request(5))
        assert server.conn.held_up(1024) == ([], [])
        server.feed(wire.data(1, bytes(1024)), wire.data(3, bytes(1023)))
        assert server.conn.held_up(1024) == ([], [server.streams[3]])
        server.feed(wire.data(1, b"", end=True))
        assert server.conn.held_up(1024) == ([], [server.streams[3]])

    def test_a_peer_that_may_not_send(self, make_server: Any, wire: Any) -> None:
        server = make_server(stream_window=70_000)
        server.consumes = False
        server.feed(wire.request(1, end=False), *[wire.data(1, bytes(14_000))] * 5)
        assert server.streams[1].window.left == 0
        assert [server.conn.held_up(1024) for _ in range(3)] == [([], [])] * 3

    def test_a_peer_that_may_not_send_since_others_are_not_read(
        self, make_server: Any, wire: Any
    ) -> None:
        server = make_server(connection_window=140_000, stream_window=70_000)
        server.consumes = False
        for number in (1, 3):
            server.feed(wire.request(number, end=False), *[wire.data(number, bytes(14_000))] * 5)
        server.feed(wire.request(5, end=False))
        assert [server.conn.held_up(1024) for _ in range(3)] == [([], [])] * 3
        server.conn.consumed(server.streams[1], 70_000)
        # It had a part of the time only, then all of it.
        assert [server.conn.held_up(1024) for _ in range(2)] == [([], [])] * 2
        assert server.conn.held_up(1024) == ([], [server.streams[1], server.streams[5]])

    def test_a_peer_that_could_not_send_for_a_part_of_the_time(
        self, make_server: Any, wire: Any
    ) -> None:
        server = make_server(connection_window=70_000, stream_window=70_000)
        server.consumes = False
        server.feed(wire.request(1, end=False), wire.request(3, end=False))
        assert server.conn.held_up(1024) == ([], [])
        server.feed(*[wire.data(1, bytes(14_000))] * 5)
        server.conn.consumed(server.streams[1], 70_000)
        assert server.conn.held_up(1024) == ([], [])
        assert server.conn.held_up(1024) == ([], [])
        assert server.conn.held_up(1024) == ([], [server.streams[1], server.streams[3]])

    def test_tunnels_may_be_silent(self, make_server: Any, wire: Any) -> None:
        server = make_server()
        server.feed(wire.head(1, [(":method", "CONNECT"), (":authority", "a:1")]))
        assert [server.conn.held_up(1024) for _ in range(3)] == [([], [])] * 3


def opened(client: Any) -> Any:
    """A client whose stream 1 has had a head, and whose body is due."""
    request = blocks.request("GET", "https", "a", "/", None)
    client.conn.request("GET", request, True, None)
    client.feed(frames.head_frames(1, OK, False, 16_384))
    client.sent()
    return client


class TestServersThatFlood:
    """What holds for clients' frames holds for servers': their connection ends, by the limit."""

    @pytest.mark.parametrize(
        ("limit", "frame", "spent", "by"),
        [
            ("settings", frames.settings({}), 2, ""),
            ("settings", frames.goaway(0xFFFF, 0), 2, "GOAWAY frames"),
            ("pings", frames.ping(bytes(8)), 0, ""),
            ("window_updates", frames.window_update(0, 1), 0, ""),
            ("empty_frames", frames.header(0, DATA, 0, 1), 0, "DATA frames without data"),
            ("empty_frames", frames.header(0, 0xFA, 0, 0), 0, "frames of unknown types"),
            ("priorities", frames.header(5, PRIORITY, 0, 1) + bytes(5), 0, ""),
        ],
        ids=["settings", "goaway", "ping", "window-update", "empty-data", "unknown", "priority"],
    )
    def test_frames(self, make_client: Any, limit: str, frame: bytes, spent: int, by: str) -> None:
        client = opened(make_client(**{limit: 10}))
        client.feed(*[frame] * (10 - spent))
        assert client.error is None
        client.feed(frame)
        assert_calmed(client, limit, by)

    def test_replies_that_are_not_read(self, make_client: Any) -> None:
        client = make_client(replies=170)
        client.feed(*[frames.ping(bytes(8))] * 10)
        assert client.error is None
        client.feed(frames.ping(bytes(8)))
        assert_calmed(client, "replies")

    def test_resets_that_they_have_us_send(self, make_client: Any, wire: Any) -> None:
        client = make_client(resets=10)
        block = blocks.request("GET", "https", "a", "/", None)
        for number in range(11):
            client.conn.request("GET", block, True, None)
            client.feed(wire.head(1 + 2 * number, {":status": "200", "Bad": "name"}))
            if number == 9:
                assert client.error is None
        assert_calmed(client, "resets")

    def test_resets_that_too_much_makes_us_send(self, make_client: Any, wire: Any) -> None:
        client = make_client(resets=10, informational=1)
        block = blocks.request("GET", "https", "a", "/", None)
        early = {":status": "103"}
        for number in range(1, 23, 2):
            assert client.error is None
            client.conn.request("GET", block, True, None)
            client.feed(*[wire.head(number, early)] * 2)
        assert_calmed(client, "resets")

    def test_resets(self, make_client: Any) -> None:
        client = make_client(resets=10)
        block = blocks.request("GET", "https", "a", "/", None)
        for number in range(1, 23, 2):
            assert client.error is None
            client.conn.request("GET", block, True, None)
            client.feed(frames.rst_stream(number, 8))
        assert_calmed(client, "resets")

    def test_resets_of_uploads_that_were_answered_early(self, make_client: Any, wire: Any) -> None:
        client = make_client(resets=2)
        block = blocks.request("POST", "https", "a", "/", None)
        for number in range(1, 67, 2):
            assert client.error is None
            client.conn.request("POST", block, False, None)
            client.feed(wire.head(number, {":status": "401"}, end=True))
            client.feed(frames.rst_stream(number, 0))
        assert_calmed(client, "resets")

    def test_trailers(self, make_client: Any, wire: Any) -> None:
        client = opened(make_client(trailers=100))
        client.feed(wire.head(1, {"x": "y" * 68}, end=True))
        assert client.events[-1] == ("reset", 1, None)
        assert client.error is None

    def test_continuations(self, make_client: Any, wire: Any) -> None:
        client = make_client(continuations=3)
        client.conn.request("GET", blocks.request("GET", "https", "a", "/", None), True, None)
        client.feed(wire.frame(HEADERS, 0, 1, OK), *[wire.frame(CONTINUATION, 0, 1)] * 3)
        assert client.error is None
        client.feed(wire.frame(CONTINUATION, 0, 1))
        assert_calmed(client, "continuations")

    def test_a_bomb(self, make_client: Any, wire: Any) -> None:
        """A field that is put into the table once and meant often (RFC 7541 7.3)."""
        client = make_client(head=4_000)
        client.conn.request("GET", blocks.request("GET", "https", "a", "/", None), True, None)
        large = b"\x40\x01x\x7f\x81\x01" + b"y" * 256
        client.feed(wire.frame(HEADERS, END_HEADERS, 1, OK + large + b"\xbe" * 200))
        assert client.events == [("reset", 1, None)]
        assert client.error is None
