"""Extensible priorities (RFC 9218), and fairness without any."""

from typing import Any

import pytest
from aiolos_protocol.http2 import blocks, frames
from aiolos_protocol.http2.errors import ErrorCode
from aiolos_protocol.http2.frames import DATA, GOAWAY, PRIORITY_UPDATE
from aiolos_protocol.http2.scheduler import Scheduler, parse_priority
from aiolos_protocol.http2.stream import Stream

KIB = 16_384


@pytest.fixture
def busy(server: Any, wire: Any) -> Any:
    """A server whose client has opened the connection's window, but not yet those of streams."""
    server.feed(frames.settings({4: 0}), frames.window_update(0, 1 << 30))

    def serve(*priorities: str | None) -> Any:
        for number, priority in enumerate(priorities):
            server.feed(wire.request(1 + 2 * number, priority=priority))
            stream = server.streams[1 + 2 * number]
            server.conn.send_head(stream, blocks.status(200), False)
            server.conn.send_data(stream, bytes(3 * KIB), True)
        server.sent()
        return server

    return serve


def order(server: Any) -> list[int]:
    """The streams of the DATA frames, once all windows are open."""
    server.feed(frames.settings({4: 1 << 30}))
    return [frame.stream for frame in server.sent() if frame.kind == DATA]


class TestSection2Settings:
    def test_2_1_the_old_priorities_are_declined(self, make_server: Any) -> None:
        assert b"\x00\x09\x00\x00\x00\x01" in make_server(started=False).sent()[0].payload

    @pytest.mark.parametrize("value", [2, 2**32 - 1])
    def test_2_1_values(self, server: Any, value: int) -> None:
        server.feed(frames.settings({9: value}))
        assert server.conn.is_closed()

    def test_2_1_it_does_not_change(self, server: Any) -> None:
        server.feed(frames.settings({9: 0}))
        assert not server.conn.is_closed()
        server.feed(frames.settings({9: 1}))
        assert server.conn.is_closed()


class TestSection4Parameters:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (b"", (3, False)),
            (b"u=0", (0, False)),
            (b"u=7, i", (7, True)),
            (b"i,u=5", (5, True)),
            (b"i=?0", (3, False)),
            (b"i=?1;x=y", (3, True)),
            (b"u=8", (3, False)),
            (b"u=-1", (3, False)),
            (b"u=1.5", (3, False)),
            (b'u="1"', (3, False)),
            (b"i=1", (3, False)),
            (b"u=1, u=2", (2, False)),
            (b"unknown=1;a, u=1", (1, False)),
            (b"\xff\x00,,;=", (3, False)),
        ],
    )
    def test_values(self, value: bytes, expected: tuple[int, bool]) -> None:
        assert parse_priority(value) == expected


class TestSection5Field:
    def test_the_field_is_heeded_and_delivered(self, server: Any, wire: Any) -> None:
        (event,) = server.feed(wire.request(1, priority="u=1, i"))
        assert (server.streams[1].urgency, server.streams[1].incremental) == (1, True)
        assert event[2].headers["Priority"] == "u=1, i"

    def test_several_lines_are_one(self, server: Any, wire: Any) -> None:
        fields = [
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", "a"),
            (":path", "/"),
            ("priority", "u=1"),
            ("priority", "i"),
        ]
        server.feed(wire.head(1, fields, end=True))
        assert (server.streams[1].urgency, server.streams[1].incremental) == (1, True)


class TestSection7Frame:
    def update(self, stream: int, value: bytes) -> bytes:
        return frames.priority_update(stream, value)

    def test_changes_a_stream(self, busy: Any) -> None:
        server = busy("u=3", "u=3")
        server.feed(self.update(3, b"u=2"))
        assert order(server) == [3, 3, 3, 1, 1, 1]

    def test_may_come_before_the_stream_and_outranks_its_field(
        self, server: Any, wire: Any
    ) -> None:
        server.feed(self.update(1, b"u=6, i"), wire.request(1, priority="u=0"))
        assert (server.streams[1].urgency, server.streams[1].incremental) == (6, True)

    def test_waits_for_as_many_streams_as_may_be_opened(self, make_server: Any, wire: Any) -> None:
        server = make_server(streams=2)
        server.feed(*[self.update(stream, b"u=1") for stream in (1, 3, 5)])
        server.feed(wire.request(1), wire.request(3))
        assert server.streams[1].urgency == 3
        assert server.streams[3].urgency == 1

    def test_of_a_closed_stream_is_ignored(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(3), self.update(1, b"u=1"))
        assert server.error is None

    @pytest.mark.parametrize("stream", [0, 2])
    def test_of_a_stream_that_cannot_be(self, server: Any, stream: int) -> None:
        server.feed(self.update(stream, b"u=1"))
        assert server.sent()[-1].kind == GOAWAY

    def test_on_a_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(PRIORITY_UPDATE, 0, 1, bytes(4)))
        assert server.sent()[-1].payload[4:8] == bytes(3) + bytes([ErrorCode.PROTOCOL_ERROR])

    def test_too_short(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(PRIORITY_UPDATE, 0, 0, bytes(3)))
        assert server.sent()[-1].payload[4:8] == bytes(3) + bytes([ErrorCode.FRAME_SIZE_ERROR])

    def test_from_a_server(self, client: Any) -> None:
        client.feed(self.update(1, b"u=1"))
        assert client.sent()[-1].kind == GOAWAY


class TestSection10Scheduling:
    def test_the_urgent_first(self, busy: Any) -> None:
        assert order(busy("u=5", "u=1", "u=3")) == [3, 3, 3, 5, 5, 5, 1, 1, 1]

    def test_one_after_the_other_in_the_order_of_opening(self, busy: Any) -> None:
        assert order(busy("u=3", "u=3")) == [1, 1, 1, 3, 3, 3]

    def test_incremental_ones_take_turns(self, busy: Any) -> None:
        assert order(busy("i", "i", "i")) == [1, 3, 5] * 3

    def test_both_kinds_share(self, busy: Any) -> None:
        assert order(busy("u=3", "i", "i")) == [1, 3, 1, 5, 1, 3, 5, 3, 5]

    def test_without_priorities_streams_take_turns(self, busy: Any) -> None:
        assert order(busy(None, None)) == [1, 3] * 3

    def test_a_stream_without_room_does_not_hold_up_the_others(self, busy: Any) -> None:
        server = busy("u=0", "u=7")
        server.feed(frames.window_update(3, 2 * KIB), frames.window_update(1, 10))
        sent = [(frame.stream, len(frame.payload)) for frame in server.sent()]
        assert sent == [(1, 10), (3, KIB), (3, KIB)]

    def test_a_stream_that_is_reset_leaves(self, busy: Any) -> None:
        server = busy("u=0", "u=7")
        server.feed(frames.window_update(1, 3 * KIB), frames.rst_stream(1, 8))
        assert order(server) == [3, 3, 3]


def test_scheduler_bookkeeping() -> None:
    scheduler = Scheduler()
    streams = [Stream(number, 0) for number in (5, 1, 3)]
    for stream in streams:
        stream.incremental = False
        scheduler.add(stream)
        scheduler.add(stream)
    assert scheduler.count == 3
    served = []
    while (stream := scheduler.next()) is not None:
        served.append(stream.id)
        scheduler.remove(stream)
        scheduler.remove(stream)
    assert served == [1, 3, 5]
    assert scheduler.count == 0
    scheduler.prioritize(streams[0], 1, True)
    assert scheduler.next() is None
