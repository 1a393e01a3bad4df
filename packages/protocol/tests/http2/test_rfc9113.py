"""HTTP/2 (RFC 9113), section by section."""

from typing import Any

import pytest
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.http2 import blocks, frames
from aiolos_protocol.http2.client import ClientConnection
from aiolos_protocol.http2.errors import ErrorCode, StreamReset
from aiolos_protocol.http2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)
from aiolos_protocol.http2.stream import State
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import HttpVersion20

OK = blocks.status(200)
REQUEST = {":method": "GET", ":scheme": "https", ":authority": "a", ":path": "/"}
HAS_PRIORITY = frames.HAS_PRIORITY


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def assert_connection_error(endpoint: Any, code: ErrorCode) -> None:
    """The last frame is GOAWAY with `code`, and nothing is taken any more."""
    sent = endpoint.sent()
    assert sent[-1].kind == GOAWAY, (sent, endpoint.events)
    assert int.from_bytes(sent[-1].payload[4:8], "big") == code, sent[-1]
    assert endpoint.error is not None
    assert endpoint.conn.is_closed()
    assert endpoint.feed(frames.ping(b"12345678")) == []
    assert endpoint.sent() == []


def assert_stream_error(endpoint: Any, stream: int, code: ErrorCode) -> None:
    """The last frame is RST_STREAM with `code`; the connection lives."""
    sent = endpoint.sent()
    assert sent, endpoint.events
    assert (sent[-1].kind, sent[-1].stream) == (RST_STREAM, stream), (sent, endpoint.error)
    assert int.from_bytes(sent[-1].payload, "big") == code, sent[-1]
    assert endpoint.error is None
    endpoint.feed(frames.ping(b"12345678"))
    assert [frame.kind for frame in endpoint.sent()] == [PING]


def request(client: Any, method: str = "GET", end: bool = True) -> Any:
    """A stream that the client has opened."""
    block = blocks.request(method, "https", "example.com", "/", None)
    return client.conn.request(method, block, end, None)


class TestSection3Starting:
    def test_3_4_the_server_speaks_first_or_not(self, make_server: Any) -> None:
        server = make_server(started=False)
        assert [frame.kind for frame in server.sent()] == [SETTINGS, WINDOW_UPDATE]

    def test_3_4_the_client_begins_with_preface_and_settings(self, make_client: Any) -> None:
        connection = ClientConnection(None, Limits())  # type: ignore[arg-type]
        data = connection.data_to_send()
        assert data.startswith(PREFACE + b"\x00\x00\x12\x04\x00\x00\x00\x00\x00")

    def test_3_4_preface_byte_by_byte(self, make_server: Any, wire: Any) -> None:
        server = make_server(started=False)
        data = PREFACE + wire.DEFAULT
        for byte in range(len(data)):
            assert server.events == []
            server.feed(data[byte : byte + 1])
        assert server.events == [("settled",)]

    @pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSX", b"\x16"])
    def test_3_4_another_preface(self, make_server: Any, data: bytes) -> None:
        server = make_server(started=False)
        server.feed(data)
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_3_4_the_first_frame_is_settings(self, make_server: Any, wire: Any) -> None:
        for first in (frames.ping(b"12345678"), frames.SETTINGS_ACK, wire.request()):
            server = make_server(started=False)
            server.feed(PREFACE, first)
            assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_3_4_a_server_s_too(self) -> None:
        class Sink:
            def settled(self) -> None: ...

        connection = ClientConnection(Sink(), Limits())  # type: ignore[arg-type]
        with pytest.raises(Exception, match=r"3\.4"):
            connection.receive(frames.window_update(0, 1), 0.0)


class TestSection4Frames:
    def test_4_1_the_reserved_bit_is_ignored(self, server: Any, wire: Any) -> None:
        data = bytearray(wire.request(1))
        data[5] |= 0x80
        assert server.feed(bytes(data))[0][:2] == ("head", 1)

    def test_4_2_a_frame_of_the_largest_size(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False))
        (event, _) = server.feed(wire.data(1, bytes(16_384))), None
        assert event == [("data", 1, bytes(16_384))]

    def test_4_2_a_larger_frame(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False), wire.data(1, bytes(16_385))[:9])
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)

    def test_4_3_a_block_that_cannot_be_decoded(self, server: Any, wire: Any) -> None:
        server.feed(frames.head_frames(1, b"\xff\xff\xff\xff\xff\xff", True, 16_384))
        assert_connection_error(server, ErrorCode.COMPRESSION_ERROR)

    def test_4_3_blocks_are_decoded_for_streams_that_are_refused(
        self, make_server: Any, wire: Any
    ) -> None:
        server = make_server(streams=1)
        indexed = b"\x40\x03x-a\x03yes"
        whole = wire.block({":method": "GET", ":scheme": "https", ":path": "/", ":authority": "a"})
        server.feed(wire.request(1))
        server.feed(frames.head_frames(3, whole + indexed, True, 16_384))
        assert server.sent()[-1].kind == RST_STREAM
        server.conn.send_head(server.streams[1], OK, True)
        server.conn.release(server.streams[1])
        (event,) = server.feed(frames.head_frames(5, whole + b"\xbe", True, 16_384))
        assert event[2].headers["X-A"] == "yes"


class TestSection5Streams:
    def test_5_1_states(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False))
        stream = server.streams[1]
        assert stream.state is State.OPEN
        server.feed(wire.data(1, b"x", end=True))
        assert stream.state is State.HALF_CLOSED_REMOTE
        server.conn.send_head(stream, OK, True)
        assert stream.state is State.CLOSED
        assert server.conn.streams == {1: stream}
        server.conn.release(stream)
        assert server.conn.streams == {}

    def test_5_1_half_closed_local(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False))
        server.conn.send_head(server.streams[1], OK, True)
        assert server.streams[1].state is State.HALF_CLOSED_LOCAL
        assert server.feed(wire.data(1, b"x", end=True)) == [("data", 1, b"x"), ("ended", 1, None)]

    @pytest.mark.parametrize("kind", [DATA, RST_STREAM, WINDOW_UPDATE])
    def test_5_1_idle_streams(self, server: Any, wire: Any, kind: int) -> None:
        server.feed(wire.frame(kind, 0, 1, number(8)))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize("kind", [DATA, RST_STREAM, WINDOW_UPDATE, HEADERS])
    @pytest.mark.parametrize("stream", [2, 3])
    def test_5_1_idle_streams_of_the_server(
        self, client: Any, wire: Any, kind: int, stream: int
    ) -> None:
        request(client)
        payload = wire.block({":status": "200"}) if kind == HEADERS else number(8)
        client.feed(wire.frame(kind, END_HEADERS if kind == HEADERS else 0, stream, payload))
        assert_connection_error(client, ErrorCode.PROTOCOL_ERROR)

    def test_5_1_half_closed_remote(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1), wire.data(1, b"x"))
        assert_stream_error(server, 1, ErrorCode.STREAM_CLOSED)
        assert server.events[-1] == ("reset", 1, ErrorCode.STREAM_CLOSED)

    def test_5_1_half_closed_remote_headers(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1), wire.head(1, {"x": "y"}, end=True))
        assert_stream_error(server, 1, ErrorCode.STREAM_CLOSED)

    def test_5_1_half_closed_remote_takes_priority_window_and_reset(
        self, server: Any, wire: Any
    ) -> None:
        server.feed(
            wire.request(1),
            frames.window_update(1, 5),
            wire.frame(PRIORITY, 0, 1, bytes(5)),
            frames.rst_stream(1, 8),
        )
        assert server.error is None
        assert server.events[-1] == ("reset", 1, 8)

    def test_5_1_closed(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        server.conn.send_head(server.streams[1], OK, True)
        server.conn.release(server.streams[1])
        server.feed(frames.window_update(1, 5), frames.rst_stream(1, 0))
        server.feed(wire.frame(PRIORITY, 0, 1, bytes(5)))
        assert server.error is None
        server.feed(wire.data(1, b"x"))
        assert_connection_error(server, ErrorCode.STREAM_CLOSED)

    def test_5_1_closed_headers(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        server.conn.send_head(server.streams[1], OK, True)
        server.conn.release(server.streams[1])
        server.feed(wire.request(1))
        assert_connection_error(server, ErrorCode.STREAM_CLOSED)

    def test_5_1_closed_by_the_peer(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False), frames.rst_stream(1, 8), wire.data(1, b"x"))
        assert_stream_error(server, 1, ErrorCode.STREAM_CLOSED)
        assert server.events[1:] == [("reset", 1, 8)]

    def test_5_1_what_is_on_its_way_behind_our_reset_is_ignored(
        self, server: Any, wire: Any
    ) -> None:
        server.feed(wire.request(1, end=False))
        stream = server.streams[1]
        server.conn.reset(stream, ErrorCode.CANCEL)
        server.conn.reset(stream, ErrorCode.CANCEL)
        assert [frame.kind for frame in server.sent()] == [RST_STREAM]
        late = (wire.data(1, b"late"), wire.head(1, {"x": "y"}, end=True), frames.rst_stream(1, 8))
        assert server.feed(*late[:2]) == []
        server.conn.release(stream)
        assert server.conn.streams == {}
        assert server.feed(*late) == []
        assert server.error is None
        assert server.sent() == []

    def test_5_1_late_data_is_bounded_by_the_window(self, server: Any, wire: Any) -> None:
        for released in (False, True):
            server.feed(wire.request(1 + 2 * released, end=False))
            stream = server.streams[1 + 2 * released]
            server.conn.reset(stream, ErrorCode.CANCEL)
            if released:
                server.conn.release(stream)
            piece = wire.data(stream.id, bytes(16_384))
            server.feed(*[piece] * 16)
            assert server.error is None
        server.feed(wire.data(3, b"x"))
        assert_connection_error(server, ErrorCode.FLOW_CONTROL_ERROR)

    def test_5_1_1_even_numbers_are_the_server_s(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(2))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_5_1_1_numbers_grow(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(5), wire.request(3))
        assert_connection_error(server, ErrorCode.STREAM_CLOSED)

    def test_5_1_1_the_client_s_numbers(self, client: Any) -> None:
        assert [request(client).id for _ in range(3)] == [1, 3, 5]

    def test_5_1_1_numbers_run_out(self, client: Any) -> None:
        client.conn.next_stream = 2**31 - 1
        assert request(client).id == 2**31 - 1
        assert client.conn.room() == 0

    def test_5_1_2_streams_beyond_the_limit_are_refused(self, make_server: Any, wire: Any) -> None:
        server = make_server(streams=2)
        server.feed(wire.request(1), wire.request(3))
        assert [event[1] for event in server.events] == [1, 3]
        assert server.feed(wire.request(5, end=False)) == []
        assert_stream_error(server, 5, ErrorCode.REFUSED_STREAM)
        assert server.feed(wire.data(5, b"on its way", end=True)) == []
        assert server.error is None

    def test_5_1_2_the_limit_is_announced(self, make_server: Any) -> None:
        server = make_server(started=False, streams=7)
        settings = server.sent()[0].payload
        assert b"\x00\x03\x00\x00\x00\x07" in settings

    def test_5_1_2_a_client_keeps_to_it(self, make_client: Any, wire: Any) -> None:
        client = make_client({3: 2})
        request(client)
        request(client)
        assert client.conn.room() == 0
        with pytest.raises(LocalProtocolError, match="room"):
            request(client)
        client.feed(wire.head(1, {":status": "204"}, end=True))
        assert client.conn.room() == 1

    def test_5_2_windows_bound_what_is_sent(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        stream = server.streams[1]
        server.conn.send_head(stream, OK, False)
        server.conn.send_data(stream, bytes(100_000), True)
        sent = server.sent()
        assert sum(len(frame.payload) for frame in sent if frame.kind == DATA) == 65_535
        assert (stream.queued, stream.send_left) == (34_465, 0)
        assert not any(frame.flags & END_STREAM for frame in sent)
        server.feed(frames.window_update(1, 20_000))
        assert server.sent() == []
        server.feed(frames.window_update(0, 30_000))
        assert sum(len(frame.payload) for frame in server.sent()) == 20_000
        server.feed(frames.window_update(1, 20_000))
        assert sum(len(frame.payload) for frame in server.sent()) == 10_000
        server.feed(frames.window_update(0, 20_000))
        last = server.sent()
        assert sum(len(frame.payload) for frame in last) == 4465
        assert last[-1].flags == END_STREAM
        assert server.events[-1] == ("emptied", 1)

    def test_5_4_1_goaway_names_the_last_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(7), wire.frame(PING, 0, 0, b"short"))
        (away,) = server.sent()
        assert away.payload[:4] == number(7)
        assert b"PING is not 8 bytes" in away.payload

    def test_5_4_1_no_data_behind_goaway(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        server.conn.send_head(server.streams[1], OK, False)
        server.conn.send_data(server.streams[1], bytes(40_000), True)
        server.feed(wire.frame(PING, 0, 0, b"short"))
        assert [frame.kind for frame in server.sent()] == [HEADERS, GOAWAY]

    def test_5_5_unknown_frames_and_flags_are_ignored(self, server: Any, wire: Any) -> None:
        assert server.feed(wire.frame(0xBB, 0xFF, 5, b"grease")) == []
        server.feed(wire.frame(PING, 0xFE, 0, b"12345678"))
        assert [frame.flags for frame in server.sent()] == [ACK]
        assert server.error is None

    def test_5_5_but_not_in_a_header_block(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(HEADERS, 0, 1), wire.frame(0xBB, 0, 1))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)


class TestSection61Data:
    def test_on_stream_0(self, server: Any, wire: Any) -> None:
        server.feed(wire.data(0, b"x"))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_padding_is_taken_away(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False))
        padded = wire.frame(DATA, PADDED | END_STREAM, 1, b"\x04text" + bytes(4))
        assert server.feed(padded) == [("data", 1, b"text"), ("ended", 1, None)]

    def test_padding_only(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False))
        assert server.feed(wire.frame(DATA, PADDED, 1, b"\x04" + bytes(4))) == []
        assert server.feed(wire.frame(DATA, PADDED, 1, b"\x00")) == []

    @pytest.mark.parametrize("payload", [b"\x01", b"\x05text", b"\xff" + bytes(254)])
    def test_padding_as_long_as_the_payload(self, server: Any, wire: Any, payload: bytes) -> None:
        server.feed(wire.request(1, end=False), wire.frame(DATA, PADDED, 1, payload))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_no_pad_length(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False), wire.frame(DATA, PADDED, 1))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)

    def test_padding_is_flow_controlled_and_let_go(self, server: Any, wire: Any) -> None:
        server.consumes = False
        server.feed(wire.request(1, end=False))
        padded = wire.frame(DATA, PADDED, 1, b"\xff" + bytes(255))
        server.feed(*[padded] * 511)
        assert server.streams[1].window.left == 262_144 - 511 * 256
        server.feed(padded)
        updates = [frame for frame in server.sent() if frame.kind == WINDOW_UPDATE]
        assert [(frame.stream, frame.payload) for frame in updates] == [(1, number(512 * 256))]


class TestSection62Headers:
    def test_on_stream_0(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(0))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_padding_and_priority_are_read_over(self, server: Any, wire: Any) -> None:
        block = wire.request(1)[9:]
        flags = PADDED | HAS_PRIORITY | END_HEADERS | END_STREAM
        payload = b"\x03" + b"\x80\x00\x00\x01\x10" + block + bytes(3)
        (event,) = server.feed(wire.frame(HEADERS, flags, 1, payload))
        assert event[2].target == "/"

    def test_padding_too_long(self, server: Any, wire: Any) -> None:
        flags = PADDED | END_HEADERS
        server.feed(wire.frame(HEADERS, flags, 1, b"\x09" + bytes(8)))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_priority_cut_short(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(HEADERS, HAS_PRIORITY | END_HEADERS, 1, bytes(4)))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)


class TestSection63Priority:
    def test_is_ignored_in_any_state(self, server: Any, wire: Any) -> None:
        assert server.feed(wire.frame(PRIORITY, 0, 99, bytes(5)), wire.request(1)) != []
        assert server.feed(wire.frame(PRIORITY, 0, 1, bytes(5))) == []
        assert server.error is None

    def test_on_stream_0(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(PRIORITY, 0, 0, bytes(5)))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_of_another_size(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1), wire.frame(PRIORITY, 0, 1, bytes(4)))
        assert_stream_error(server, 1, ErrorCode.FRAME_SIZE_ERROR)

    def test_of_another_size_on_an_idle_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(PRIORITY, 0, 1, bytes(4)))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)


class TestSection64RstStream:
    def test_ends_the_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        stream = server.streams[1]
        server.conn.send_head(stream, OK, False)
        server.conn.send_data(stream, bytes(100_000), False)
        server.sent()
        assert server.feed(frames.rst_stream(1, ErrorCode.CANCEL)) == [("reset", 1, 8)]
        assert stream.queued == 0
        with pytest.raises(StreamReset):
            server.conn.send_data(stream, b"x", True)
        assert server.sent() == []

    def test_on_stream_0(self, server: Any, wire: Any) -> None:
        server.feed(frames.rst_stream(0, 8))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_of_another_size(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1), wire.frame(RST_STREAM, 0, 1, bytes(3)))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)

    def test_unknown_codes(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        assert server.feed(frames.rst_stream(1, 0xABCDEF)) == [("reset", 1, 0xABCDEF)]


class TestSection65Settings:
    def test_are_acknowledged(self, server: Any) -> None:
        assert server.feed(frames.settings({99: 1})) == [("settled",)]
        (ack,) = server.sent()
        assert (ack.kind, ack.flags, ack.payload) == (SETTINGS, ACK, b"")

    def test_on_a_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(SETTINGS, 0, 1))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_acknowledgement_with_payload(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(SETTINGS, ACK, 0, bytes(6)))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)

    def test_of_another_size(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(SETTINGS, 0, 0, bytes(7)))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)

    @pytest.mark.parametrize(
        ("key", "good", "bad", "code"),
        [
            (2, (0, 1), (2,), ErrorCode.PROTOCOL_ERROR),
            (4, (0, 2**31 - 1), (2**31,), ErrorCode.FLOW_CONTROL_ERROR),
            (5, (16_384, 16_777_215), (16_383, 16_777_216), ErrorCode.PROTOCOL_ERROR),
            (8, (0, 1), (2,), ErrorCode.PROTOCOL_ERROR),
            (3, (0, 2**32 - 1), (), ErrorCode.NO_ERROR),
            (1, (0, 2**32 - 1), (), ErrorCode.NO_ERROR),
            (6, (0, 2**32 - 1), (), ErrorCode.NO_ERROR),
        ],
    )
    def test_6_5_2_values(
        self, make_server: Any, key: int, good: Any, bad: Any, code: ErrorCode
    ) -> None:
        for value in good:
            server = make_server()
            assert server.feed(frames.settings({key: value})) == [("settled",)]
        for value in bad:
            server = make_server()
            server.feed(frames.settings({key: value}))
            assert_connection_error(server, code)

    def test_6_5_2_a_server_that_wants_to_push(self, client: Any) -> None:
        client.feed(frames.settings({2: 1}))
        assert_connection_error(client, ErrorCode.PROTOCOL_ERROR)

    def test_6_5_2_a_client_does_not_allow_push(self) -> None:
        connection = ClientConnection(None, Limits())  # type: ignore[arg-type]
        assert b"\x00\x02\x00\x00\x00\x00" in connection.data_to_send()

    def test_6_5_2_frames_keep_to_the_peer_s_size(self, server: Any, wire: Any) -> None:
        server.feed(frames.settings({5: 20_000, 4: 1 << 20}), frames.window_update(0, 1 << 20))
        server.feed(wire.request(1))
        server.conn.send_head(server.streams[1], OK, False)
        server.conn.send_data(server.streams[1], bytes(50_000), True)
        sizes = [len(frame.payload) for frame in server.sent() if frame.kind == DATA]
        assert sizes == [20_000, 20_000, 10_000]

    def test_6_5_2_the_first_block_behind_a_smaller_table_says_so(
        self, server: Any, wire: Any
    ) -> None:
        server.feed(wire.request(1), wire.request(3), frames.settings({1: 100}))
        server.sent()
        server.conn.send_head(server.streams[1], OK, True)
        server.conn.send_head(server.streams[3], OK, True)
        assert [frame.payload for frame in server.sent()] == [b"\x20" + OK, OK]

    def test_6_5_3_a_setting_given_twice(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(SETTINGS, 0, 0, b"\x00\x04\x00\x00\x00\x01\x00\x04\x00\x00\x00\x02"))
        server.feed(wire.request(1))
        assert server.streams[1].send_left == 2


class TestSection66PushPromise:
    def test_nobody_may_push(self, server: Any, client: Any, wire: Any) -> None:
        request(client)
        for endpoint in (server, client):
            endpoint.feed(wire.frame(PUSH_PROMISE, END_HEADERS, 1, number(2)))
            assert_connection_error(endpoint, ErrorCode.PROTOCOL_ERROR)


class TestSection67Ping:
    def test_is_answered(self, server: Any) -> None:
        server.feed(frames.ping(b"12345678"))
        (pong,) = server.sent()
        assert (pong.kind, pong.flags, pong.payload) == (PING, ACK, b"12345678")

    def test_answers_are_told(self, server: Any) -> None:
        server.conn.ping(b"87654321")
        (ping,) = server.sent()
        assert (ping.kind, ping.flags, ping.payload) == (PING, 0, b"87654321")
        assert server.feed(frames.ping(b"87654321", ack=True)) == [("ponged", b"87654321")]
        assert server.sent() == []

    def test_on_a_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(PING, 0, 1, bytes(8)))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize("size", [7, 9])
    def test_of_another_size(self, server: Any, wire: Any, size: int) -> None:
        server.feed(wire.frame(PING, 0, 0, bytes(size)))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)


class TestSection68Goaway:
    def test_a_client_learns_what_was_not_worked_on(self, client: Any, wire: Any) -> None:
        first, second = request(client), request(client)
        events = client.feed(frames.goaway(1, 0, b"maintenance"))
        assert events == [
            ("reset", 3, ErrorCode.REFUSED_STREAM),
            ("going_away", 1, 0, b"maintenance"),
        ]
        assert client.conn.room() == 0
        assert client.conn.streams == {1: first}
        assert second.state is State.CLOSED
        client.feed(wire.head(1, {":status": "200"}, end=True))
        assert client.events[-1][:2] == ("head", 1)

    def test_twice_with_a_lower_stream(self, client: Any) -> None:
        request(client)
        request(client)
        client.feed(frames.goaway(2**31 - 1, 0))
        assert client.conn.room() == 0
        client.feed(frames.goaway(1, 0))
        assert client.error is None
        client.feed(frames.goaway(3, 0))
        assert_connection_error(client, ErrorCode.PROTOCOL_ERROR)

    def test_too_short_or_on_a_stream(self, make_server: Any, wire: Any) -> None:
        server = make_server()
        server.feed(wire.frame(GOAWAY, 0, 0, bytes(7)))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)
        server = make_server()
        server.feed(wire.frame(GOAWAY, 0, 1, bytes(8)))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_a_server_shuts_down_after_a_round_trip(self, server: Any, wire: Any) -> None:
        server.conn.shut_down()
        away, ping = server.sent()
        assert away.payload == number(2**31 - 1) + number(0)
        assert server.feed(wire.request(1))[0][:2] == ("head", 1)
        server.feed(frames.ping(ping.payload, ack=True))
        (away,) = server.sent()
        assert away.payload == number(1) + number(0)
        assert server.feed(wire.request(3, end=False), wire.data(3, b"x", end=True)) == []
        assert server.error is None
        server.conn.send_head(server.streams[1], OK, True)
        assert [frame.kind for frame in server.sent()] == [HEADERS]
        assert ("ponged", ping.payload) not in server.events


class TestSection69WindowUpdate:
    def test_by_0_on_a_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1), frames.window_update(1, 0))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    def test_by_0_on_the_connection(self, server: Any) -> None:
        server.feed(frames.window_update(0, 0))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_of_another_size(self, server: Any, wire: Any) -> None:
        server.feed(wire.frame(WINDOW_UPDATE, 0, 0, bytes(3)))
        assert_connection_error(server, ErrorCode.FRAME_SIZE_ERROR)

    def test_6_9_1_too_wide_a_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1), frames.window_update(1, 2**31 - 1 - 65_535))
        assert server.error is None
        server.feed(frames.window_update(1, 1))
        assert_stream_error(server, 1, ErrorCode.FLOW_CONTROL_ERROR)

    def test_6_9_1_too_wide_a_connection(self, server: Any) -> None:
        server.feed(frames.window_update(0, 2**31 - 1 - 65_535))
        assert server.error is None
        server.feed(frames.window_update(0, 1))
        assert_connection_error(server, ErrorCode.FLOW_CONTROL_ERROR)

    def test_6_9_1_more_than_a_stream_s_window(self, server: Any, wire: Any) -> None:
        server.consumes = False
        server.feed(wire.request(1, end=False), *[wire.data(1, bytes(16_384))] * 16)
        assert server.error is None
        assert server.sent()[0].kind == PING
        server.feed(wire.data(1, b"x"))
        assert_stream_error(server, 1, ErrorCode.FLOW_CONTROL_ERROR)

    def test_6_9_1_more_than_the_connection_s_window(self, make_server: Any, wire: Any) -> None:
        server = make_server(connection_window=300_000)
        server.consumes = False
        server.feed(wire.request(1, end=False), wire.request(3, end=False))
        server.feed(*[wire.data(1, bytes(16_000)), wire.data(3, bytes(14_000))] * 10)
        assert server.error is None
        server.feed(wire.data(3, b"x"))
        assert_connection_error(server, ErrorCode.FLOW_CONTROL_ERROR)

    def test_6_9_updates_come_in_batches(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False))
        stream = server.streams[1]
        for _ in range(7):
            server.feed(wire.data(1, bytes(16_384)))
        assert [frame.kind for frame in server.sent()] == [PING]
        server.feed(wire.data(1, bytes(16_384)))
        (update,) = server.sent()
        assert (update.stream, update.payload) == (1, number(131_072))
        assert stream.window.left == 262_144

    def test_6_9_no_updates_for_a_stream_that_has_ended(self, server: Any, wire: Any) -> None:
        server.consumes = False
        server.feed(wire.request(1, end=False), *[wire.data(1, bytes(16_000))] * 15)
        server.feed(wire.data(1, b"", end=True))
        server.sent()
        server.conn.consumed(server.streams[1], 240_000)
        assert server.sent() == []

    def test_6_9_2_the_initial_window_changes_all_streams(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        stream = server.streams[1]
        server.conn.send_head(stream, OK, False)
        server.conn.send_data(stream, bytes(65_000), False)
        server.sent()
        server.feed(frames.settings({4: 100}))
        assert stream.send_left == 100 - 65_000
        server.conn.send_data(stream, b"more", True)
        server.feed(frames.window_update(0, 100_000), frames.settings({4: 65_002}))
        assert [frame.payload for frame in server.sent() if frame.kind == DATA] == [b"mo"]
        server.feed(frames.window_update(1, 5))
        assert [frame.payload for frame in server.sent() if frame.kind == DATA] == [b"re"]

    def test_6_9_2_an_initial_window_that_overflows(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1), frames.window_update(1, 2**30))
        server.feed(frames.settings({4: 2**31 - 1}))
        assert_connection_error(server, ErrorCode.FLOW_CONTROL_ERROR)

    def test_5_2_1_the_default_window_holds_until_settings_are_acknowledged(
        self, make_server: Any, wire: Any
    ) -> None:
        server = make_server(started=False, stream_window=1000)
        server.consumes = False
        server.feed(PREFACE, wire.DEFAULT, wire.request(1, end=False))
        server.feed(*[wire.data(1, bytes(16_000))] * 4)
        assert server.error is None
        server.sent()
        server.feed(frames.SETTINGS_ACK, wire.request(3, end=False), wire.data(3, bytes(1000)))
        assert server.sent() == []
        server.feed(wire.data(3, b"x"))
        assert_stream_error(server, 3, ErrorCode.FLOW_CONTROL_ERROR)


class TestSection610Continuation:
    def test_a_head_in_pieces(self, server: Any, wire: Any) -> None:
        block = wire.request(1)[9:]
        events = server.feed(
            wire.frame(HEADERS, END_STREAM, 1, block[:3]),
            wire.frame(CONTINUATION, 0, 1, block[3:5]),
            wire.frame(CONTINUATION, 0, 1),
            wire.frame(CONTINUATION, END_HEADERS, 1, block[5:]),
        )
        assert events[0][2].authority == "example.com"
        assert server.streams[1].state is State.HALF_CLOSED_REMOTE

    @pytest.mark.parametrize(
        "intruder",
        [
            frames.ping(b"12345678"),
            frames.SETTINGS_ACK,
            frames.header(0, CONTINUATION, END_HEADERS, 3),
            frames.header(0, HEADERS, END_HEADERS, 1),
            frames.header(0, DATA, 0, 1),
        ],
    )
    def test_nothing_comes_between(self, server: Any, wire: Any, intruder: bytes) -> None:
        server.feed(wire.frame(HEADERS, 0, 1), intruder)
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)

    def test_behind_nothing(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1), wire.frame(CONTINUATION, END_HEADERS, 1))
        assert_connection_error(server, ErrorCode.PROTOCOL_ERROR)


class TestSection81Messages:
    def test_trailers(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False), wire.data(1, b"x"))
        events = server.feed(wire.head(1, {"grpc-status": "0", "host": "x"}, end=True))
        assert events == [("ended", 1, {"grpc-status": "0", "Host": "x"})]

    def test_trailers_without_end_stream(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False), wire.head(1, {"x": "y"}))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize("fields", [{":path": "/"}, {"X": "y"}, {"connection": "close"}])
    def test_trailers_are_checked(self, server: Any, wire: Any, fields: Any) -> None:
        server.feed(wire.request(1, end=False), wire.head(1, fields, end=True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    def test_trailers_are_sent_behind_what_waits(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        stream = server.streams[1]
        server.conn.send_head(stream, OK, False)
        server.conn.send_data(stream, bytes(65_540), False)
        server.conn.send_trailers(stream, blocks.field("X-Sum", "1"))
        assert server.sent()[-1].kind == DATA
        with pytest.raises(LocalProtocolError, match="END"):
            server.conn.send_data(stream, b"x", False)
        server.feed(frames.window_update(1, 100), frames.window_update(0, 100))
        data, trailers = server.sent()
        assert (data.kind, data.flags, len(data.payload)) == (DATA, 0, 5)
        assert (trailers.kind, trailers.flags) == (HEADERS, END_STREAM | END_HEADERS)
        assert stream.state is State.CLOSED

    def test_trailers_at_once(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        server.conn.send_head(server.streams[1], OK, False)
        server.conn.send_trailers(server.streams[1], blocks.field("X-Sum", "1"))
        assert [frame.kind for frame in server.sent()] == [HEADERS, HEADERS]

    def test_informational_responses(self, client: Any, wire: Any) -> None:
        request(client)
        early = wire.head(1, {":status": "103", "link": "</a.css>"})
        assert client.feed(early, early) == [("informed", 1, 103)] * 2
        assert client.feed(wire.head(1, {":status": "200"}, end=True))[0][:2] == ("head", 1)

    def test_informational_with_end_stream(self, client: Any, wire: Any) -> None:
        request(client)
        client.feed(wire.head(1, {":status": "100"}, end=True))
        assert_stream_error(client, 1, ErrorCode.PROTOCOL_ERROR)

    def test_informational_is_sent(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        stream = server.streams[1]
        server.conn.send_informational(stream, blocks.status(103))
        server.conn.send_head(stream, OK, False)
        with pytest.raises(LocalProtocolError, match="INFORM"):
            server.conn.send_informational(stream, blocks.status(103))
        assert [frame.flags for frame in server.sent()] == [END_HEADERS] * 2

    def test_data_before_a_head(self, client: Any, wire: Any) -> None:
        request(client)
        client.feed(wire.data(1, b"x"))
        assert_stream_error(client, 1, ErrorCode.PROTOCOL_ERROR)

    def test_a_whole_response_may_come_before_the_request_s_end(
        self, client: Any, wire: Any
    ) -> None:
        stream = request(client, "POST", end=False)
        client.feed(wire.head(1, {":status": "413"}, end=True), frames.rst_stream(1, 0))
        assert client.events[0][2].status == 413
        assert client.events[1] == ("reset", 1, 0)
        with pytest.raises(StreamReset):
            client.conn.send_data(stream, b"x", True)
        assert client.conn.streams == {}

    def test_a_server_that_needs_no_more_of_a_request(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False))
        stream = server.streams[1]
        server.conn.send_head(stream, OK, True)
        server.conn.reset(stream, ErrorCode.NO_ERROR)
        server.conn.release(stream)
        assert [frame.kind for frame in server.sent()] == [HEADERS, RST_STREAM]
        assert server.conn.streams == {}
        assert server.feed(wire.data(1, b"late", end=True)) == []

    @pytest.mark.parametrize(
        ("length", "body", "good"),
        [("3", b"abc", True), ("0", b"", True), ("3", b"ab", False), ("3", b"abcd", False)],
    )
    def test_8_1_1_content_length(
        self, server: Any, wire: Any, length: str, body: bytes, good: bool
    ) -> None:
        server.feed(wire.request(1, end=False, content_length=length), wire.data(1, body, end=True))
        if good:
            assert server.events[-1] == ("ended", 1, None)
        else:
            assert ("ended", 1, None) not in server.events
            assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    def test_8_1_1_content_length_and_no_body(self, server: Any, wire: Any) -> None:
        assert server.feed(wire.request(1, content_length="0"))[0][2].length == 0
        server.feed(wire.request(3, content_length="1"))
        assert_stream_error(server, 3, ErrorCode.PROTOCOL_ERROR)

    def test_8_1_1_content_length_before_trailers(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, end=False, content_length="1"))
        server.feed(wire.head(1, {"x": "y"}, end=True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize("value", ["-1", "+1", "1,1", "", "x", "9" * 19, "٣"])
    def test_8_1_1_content_length_that_is_none(self, server: Any, wire: Any, value: str) -> None:
        server.feed(wire.request(1, end=False, content_length=value))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)
        assert server.events == []

    def test_8_1_1_a_response_to_head_has_no_body(self, client: Any, wire: Any) -> None:
        request(client, "HEAD")
        client.feed(wire.head(1, {":status": "200", "content-length": "5"}, end=True))
        assert client.events[0][2].length == 5
        request(client, "HEAD")
        client.feed(wire.head(3, {":status": "200", "content-length": "5"}), wire.data(3, b"x"))
        assert_stream_error(client, 3, ErrorCode.PROTOCOL_ERROR)

    def test_8_1_1_responses_are_counted(self, client: Any, wire: Any) -> None:
        request(client)
        client.feed(wire.head(1, {":status": "200", "content-length": "2"}), wire.data(1, b"abc"))
        assert_stream_error(client, 1, ErrorCode.PROTOCOL_ERROR)
        request(client)
        client.feed(wire.head(3, {":status": "200", "content-length": "2"}, end=True))
        assert_stream_error(client, 3, ErrorCode.PROTOCOL_ERROR)
        request(client)
        client.feed(wire.head(5, {":status": "304", "content-length": "2"}, end=True))
        assert client.events[-1][2].length == 2


class TestSection82Fields:
    @pytest.mark.parametrize(
        "name",
        ["X-Upper", "", "a b", "a\x00", "a:b", "a\x7f", "ä", "a(b"],
    )
    def test_8_2_1_names(self, server: Any, wire: Any, name: str) -> None:
        server.feed(wire.head(1, [*REQUEST, (name, "v")], end=True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)
        assert server.events == []

    @pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\0b", " a", "a ", "\ta", "a\t", "a\x01b"])
    def test_8_2_1_values(self, server: Any, wire: Any, value: str) -> None:
        server.feed(wire.head(1, [*REQUEST, ("x", value)], end=True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize("others", [b"", b"\xc3\xa9"])
    def test_8_2_1_every_byte_in_every_place(
        self, make_server: Any, wire: Any, others: bytes
    ) -> None:
        """Visible ones and those above ASCII anywhere, space and tab between others."""
        server = make_server(streams=2000, resets=2000)
        pseudo = wire.block(REQUEST)
        for byte in range(256):
            it = bytes([byte])
            for place, value in enumerate((it + b"a" + others, b"a" + it + others + b"b")):
                good = (byte > 0x20 and byte != 0x7F) or (place == 1 and byte in b" \t")
                number = 4 * byte + 2 * place + 1
                block = pseudo + b"\x00\x01x" + bytes([len(value)]) + value
                events = server.feed(frames.head_frames(number, block, True, 16_384))
                assert bool(events) is good, value

    def test_8_2_1_values_keep_their_bytes(self, server: Any, wire: Any) -> None:
        odd = "sp ace\ttab ü \udcff"
        (event,) = server.feed(wire.head(1, [*REQUEST, ("x", odd), ("y", "")], end=True))
        assert event[2].headers["X"] == odd
        assert event[2].headers["Y"] == ""
        assert event[2].raw_headers[-2] == (b"x", odd.encode("utf-8", "surrogateescape"))

    @pytest.mark.parametrize(
        "name", ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]
    )
    def test_8_2_2_connection_specific_fields(self, server: Any, wire: Any, name: str) -> None:
        server.feed(wire.head(1, [*REQUEST, (name, "x")], end=True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize(("value", "good"), [("trailers", True), ("gzip", False)])
    def test_8_2_2_te(self, server: Any, wire: Any, value: str, good: bool) -> None:
        server.feed(wire.request(1, te=value))
        assert (server.events != []) is good

    def test_8_2_2_none_are_sent(self) -> None:
        for name in ("Connection", "Keep-Alive", "Upgrade", "Proxy-Connection", "TE"):
            assert blocks.field(name, "x") == b""
        assert blocks.field("TE", "Trailers") != b""

    def test_8_2_3_cookie_crumbs(self, server: Any, wire: Any) -> None:
        crumbs = [*REQUEST, ("cookie", "a=b"), ("x", "y"), ("cookie", "c=d"), ("cookie", "e=f")]
        (event,) = server.feed(wire.head(1, crumbs, end=True))
        assert event[2].headers.getall("Cookie") == ["a=b; c=d; e=f"]

    @pytest.mark.parametrize("value", ["a\rb", "a\nb: c", "a\0b", "a\x7f"])
    def test_8_2_1_bad_values_are_not_sent(self, value: str) -> None:
        with pytest.raises(LocalProtocolError, match="X-Name"):
            blocks.field("X-Name", value)

    def test_8_2_1_names_are_sent_in_lower_case_and_values_stripped(self, wire: Any) -> None:
        assert blocks.field("X-Name", " v\t") == wire.block({"x-name": "v"})
        with pytest.raises(LocalProtocolError, match="header name"):
            blocks.field(":method", "GET")


REQUEST = [(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", "/p?q")]


class TestSection83Pseudo:
    def test_a_request_s_head(self, server: Any, wire: Any) -> None:
        (event,) = server.feed(wire.request(1, p_path="/a?b=c", accept="text/html"))
        head = event[2]
        assert (head.method, head.target, head.version) == ("GET", "/a?b=c", HttpVersion20)
        assert (head.scheme, head.authority, head.protocol) == ("https", "example.com", None)
        assert (head.length, head.chunked, head.keep_alive) == (-1, False, True)
        assert list(head.headers.items()) == [("Host", "example.com"), ("Accept", "text/html")]
        assert head.size > 10

    def test_a_body_of_unknown_length(self, server: Any, wire: Any) -> None:
        (event,) = server.feed(wire.request(1, end=False, p_method="POST"))
        assert (event[2].length, event[2].chunked) == (-1, True)

    @pytest.mark.parametrize("missing", ["p_method", "p_scheme", "p_path", "p_authority"])
    def test_8_3_1_what_a_request_needs(self, server: Any, wire: Any, missing: str) -> None:
        server.feed(wire.request(1, **{missing: None}))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)
        assert server.events == []

    @pytest.mark.parametrize("index", range(4))
    def test_8_3_repeated(self, server: Any, wire: Any, index: int) -> None:
        server.feed(wire.head(1, [*REQUEST, REQUEST[index]], end=True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    def test_8_3_behind_a_field(self, server: Any, wire: Any) -> None:
        server.feed(wire.head(1, [*REQUEST[:3], ("x", "y"), REQUEST[3]], end=True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize("name", [":status", ":unknown", ":", ":Path"])
    def test_8_3_not_for_requests(self, server: Any, wire: Any, name: str) -> None:
        server.feed(wire.head(1, [*REQUEST, (name, "200")], end=True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("p_path", ""),
            ("p_path", "x"),
            ("p_path", "/a b"),
            ("p_path", "/a#b"),
            ("p_path", "*"),
            ("p_path", "/a\tb"),
            ("p_method", ""),
            ("p_method", "G T"),
            ("p_scheme", ""),
            ("p_scheme", "ht tp"),
            ("p_authority", ""),
            ("p_authority", "user@host"),
            ("p_authority", "a/b"),
        ],
    )
    def test_8_3_1_values(self, server: Any, wire: Any, name: str, value: str) -> None:
        server.feed(wire.request(1, **{name: value}))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    def test_8_3_1_the_server_itself(self, server: Any, wire: Any) -> None:
        (event,) = server.feed(wire.request(1, p_method="OPTIONS", p_path="*"))
        assert event[2].target == "*"

    def test_8_3_1_host_instead_of_authority(self, server: Any, wire: Any) -> None:
        (event,) = server.feed(wire.request(1, p_authority=None, x="y", host="h.example:8080"))
        assert event[2].authority == "h.example:8080"
        assert list(event[2].headers) == ["Host", "x"]

    @pytest.mark.parametrize(("host", "good"), [("EXAMPLE.com", True), ("other.com", False)])
    def test_8_3_1_host_beside_authority(
        self, server: Any, wire: Any, host: str, good: bool
    ) -> None:
        server.feed(wire.request(1, host=host))
        if good:
            assert server.events[0][2].headers.getall("Host") == ["example.com"]
        else:
            assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    def test_8_3_1_two_hosts(self, server: Any, wire: Any) -> None:
        server.feed(wire.head(1, [*REQUEST, ("host", "a.example"), ("host", "a.example")], True))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize("status", ["", "20", "2000", "099", "abc", "101", "２００"])
    def test_8_3_2_status(self, client: Any, wire: Any, status: str) -> None:
        request(client)
        client.feed(wire.head(1, {":status": status}, end=True))
        assert_stream_error(client, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize(
        "fields", [{"x": "y"}, {":status": "200", ":path": "/"}, {":path": "/"}, {}]
    )
    def test_8_3_2_what_a_response_needs(self, client: Any, wire: Any, fields: Any) -> None:
        request(client)
        client.feed(wire.head(1, fields, end=True))
        assert_stream_error(client, 1, ErrorCode.PROTOCOL_ERROR)

    @pytest.mark.parametrize(
        ("status", "reason"), [(200, "OK"), (421, "Misdirected Request"), (599, ""), (999, "")]
    )
    def test_a_response_s_head(self, client: Any, wire: Any, status: int, reason: str) -> None:
        """8.3.2: no reason is carried; the standard one is put there."""
        request(client)
        client.feed(wire.head(1, {":status": str(status), "content-type": "text/plain"}))
        head = client.events[0][2]
        assert (head.status, head.reason, head.version) == (status, reason, HttpVersion20)
        assert (head.length, head.chunked) == (-1, True)
        assert dict(head.headers) == {"Content-Type": "text/plain"}
        assert client.feed(wire.data(1, b"x", end=True))[-1] == ("ended", 1, None)

    def test_8_3_1_what_a_client_sends(self, client: Any, server: Any, wire: Any) -> None:
        block = blocks.request("POST", "https", "example.com:444", "/a?b", None)
        client.conn.request("POST", block + blocks.field("X-A", "b"), True, None)
        server.feed(client.conn.data_to_send())
        head = server.events[0][2]
        assert (head.method, head.target, head.authority) == ("POST", "/a?b", "example.com:444")
        assert head.headers["x-a"] == "b"

    @pytest.mark.parametrize(
        "arguments",
        [
            ("G T", "https", "a", "/", None),
            ("GET", "https", "a", "/a b", None),
            ("GET", "https", "a", "", None),
            ("GET", "https", "", "/", None),
            ("GET", "https", "a\r\n", "/", None),
        ],
    )
    def test_8_3_1_what_a_client_refuses_to_send(self, arguments: Any) -> None:
        with pytest.raises(LocalProtocolError):
            blocks.request(*arguments)


class TestSection85Connect:
    def test_a_tunnel(self, server: Any, wire: Any) -> None:
        connect = [(":method", "CONNECT"), (":authority", "db.example:5432")]
        (event,) = server.feed(wire.head(1, connect))
        assert (event[2].method, event[2].target) == ("CONNECT", "db.example:5432")
        assert event[2].authority == "db.example:5432"
        assert server.feed(wire.data(1, b"bytes")) == [("data", 1, b"bytes")]

    @pytest.mark.parametrize(
        "fields",
        [
            [(":method", "CONNECT")],
            [(":method", "CONNECT"), (":authority", "db.example")],
            [(":method", "CONNECT"), (":authority", "a:1"), (":scheme", "https")],
            [(":method", "CONNECT"), (":authority", "a:1"), (":path", "/")],
        ],
    )
    def test_what_is_no_tunnel(self, server: Any, wire: Any, fields: Any) -> None:
        server.feed(wire.head(1, fields))
        assert_stream_error(server, 1, ErrorCode.PROTOCOL_ERROR)

    def test_a_client_s(self, wire: Any) -> None:
        block = blocks.request("CONNECT", "https", "db.example:5432", "db.example:5432", None)
        assert block == wire.block({":method": "CONNECT", ":authority": "db.example:5432"})


class TestSection86Upgrade:
    def test_there_is_no_101(self) -> None:
        with pytest.raises(LocalProtocolError, match="101"):
            blocks.status(101)


class TestRefusals:
    """What a server rather answers than resets."""

    @pytest.mark.parametrize(
        ("changes", "limits", "status"),
        [
            ({"x": "y" * 101}, {"field": 100}, 431),
            ({"p_path": "/" * 101}, {"request_line": 100}, 414),
            ({"expect": "200-ok"}, {}, 417),
            ({"x": "y"}, {"fields": 4}, 431),
            ({"x": "y" * 300}, {"head": 300}, 431),
        ],
    )
    def test_are_told_with_their_status(
        self, make_server: Any, wire: Any, changes: Any, limits: Any, status: int
    ) -> None:
        server = make_server(**limits)
        assert server.feed(wire.request(1, **changes)) == [("refused", 1, status)]
        server.conn.send_head(server.streams[1], blocks.status(status), True)
        server.conn.release(server.streams[1])
        assert server.conn.streams == {}
        assert server.feed(wire.request(3))[0][:2] == ("head", 3)

    def test_expect_continue(self, server: Any, wire: Any) -> None:
        (event,) = server.feed(wire.request(1, end=False, expect="100-Continue"))
        assert event[2].expect


class TestSending:
    def test_verbs_in_the_wrong_phase(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1))
        stream = server.streams[1]
        with pytest.raises(LocalProtocolError, match="DATA"):
            server.conn.send_data(stream, b"x", True)
        server.conn.send_head(stream, OK, False)
        with pytest.raises(LocalProtocolError, match="HEAD"):
            server.conn.send_head(stream, OK, False)
        server.conn.send_data(stream, b"x", True)
        with pytest.raises(LocalProtocolError, match="END|DATA"):
            server.conn.send_data(stream, b"x", True)

    def test_empty_data_ends_a_message_without_any_window(self, server: Any, wire: Any) -> None:
        server.feed(frames.settings({4: 0}), wire.request(1))
        server.sent()
        stream = server.streams[1]
        server.conn.send_head(stream, OK, False)
        server.conn.send_data(stream, b"", False)
        server.conn.send_data(stream, b"", True)
        _, end = server.sent()
        assert (end.kind, end.flags, end.payload) == (DATA, END_STREAM, b"")

    def test_pieces_are_joined_into_frames(self, server: Any, wire: Any) -> None:
        server.feed(frames.settings({4: 0}), wire.request(1))
        stream = server.streams[1]
        server.conn.send_head(stream, OK, False)
        for piece in (b"one ", b"two ", b"three"):
            server.conn.send_data(stream, piece, piece == b"three")
        server.sent()
        server.feed(frames.window_update(1, 6))
        assert [frame.payload for frame in server.sent()] == [b"one tw"]
        server.feed(frames.window_update(1, 600))
        (last,) = server.sent()
        assert (last.payload, last.flags) == (b"o three", END_STREAM)

    def test_a_budget_bounds_what_is_taken(self, server: Any, wire: Any) -> None:
        server.feed(frames.settings({4: 1 << 20}), frames.window_update(0, 1 << 20))
        server.feed(wire.request(1))
        server.conn.send_head(server.streams[1], OK, False)
        server.conn.send_data(server.streams[1], bytes(1 << 20), True)
        assert 30_000 < len(server.conn.data_to_send(30_000)) < 50_000
        assert server.streams[1].queued == (1 << 20) - 32_768
