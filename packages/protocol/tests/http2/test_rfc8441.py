"""WebSockets, or any protocol, over one stream: extended CONNECT (RFC 8441)."""

from typing import Any

import pytest
from aiolos_protocol.http2 import blocks, frames
from aiolos_protocol.http2.errors import ErrorCode
from aiolos_protocol.http2.frames import GOAWAY, RST_STREAM

SETTING = b"\x00\x08\x00\x00\x00\x01"
CONNECT = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":path", "/chat?room=1"),
    (":authority", "example.com"),
]


def code_of(frame: Any) -> int:
    offset = 4 if frame.kind == GOAWAY else 0
    return int.from_bytes(frame.payload[offset : offset + 4], "big")


class TestSection3Setting:
    def test_a_server_offers_it(self, make_server: Any) -> None:
        assert SETTING in make_server(started=False).sent()[0].payload
        server = make_server(started=False, connect_protocol=False)
        assert SETTING not in server.sent()[0].payload

    def test_a_client_learns_of_it(self, make_client: Any) -> None:
        assert make_client({8: 1}).conn.remote.enable_connect_protocol
        assert not make_client({}).conn.remote.enable_connect_protocol

    def test_it_is_not_taken_back(self, make_client: Any) -> None:
        client = make_client({8: 1})
        client.feed(frames.settings({8: 0}))
        assert "RFC 8441 3" in client.error.message
        assert code_of(client.sent()[-1]) == ErrorCode.PROTOCOL_ERROR


class TestSection4Connect:
    def test_a_request(self, server: Any, wire: Any) -> None:
        (event,) = server.feed(wire.head(1, [*CONNECT, ("sec-websocket-version", "13")]))
        head = event[2]
        assert (head.method, head.protocol) == ("CONNECT", "websocket")
        assert (head.target, head.scheme, head.authority) == (
            "/chat?room=1",
            "https",
            "example.com",
        )
        assert head.headers["Sec-WebSocket-Version"] == "13"
        assert head.headers["Host"] == "example.com"

    def test_a_request_that_a_client_sends(self, server: Any, client: Any) -> None:
        block = blocks.request("CONNECT", "https", "example.com", "/chat", "websocket")
        client.conn.request("CONNECT", block, False, None)
        server.feed(client.conn.data_to_send())
        head = server.events[0][2]
        assert (head.method, head.protocol, head.target) == ("CONNECT", "websocket", "/chat")

    @pytest.mark.parametrize("missing", [":scheme", ":path", ":authority"])
    def test_what_it_needs(self, server: Any, wire: Any, missing: str) -> None:
        server.feed(wire.head(1, [pair for pair in CONNECT if pair[0] != missing]))
        (reset,) = server.sent()
        assert (reset.kind, code_of(reset)) == (RST_STREAM, ErrorCode.PROTOCOL_ERROR)
        assert server.events == []

    def test_only_connect_has_a_protocol(self, server: Any, wire: Any) -> None:
        server.feed(wire.request(1, p_protocol="websocket"))
        assert code_of(server.sent()[-1]) == ErrorCode.PROTOCOL_ERROR

    @pytest.mark.parametrize("protocol", ["", "web socket", "a/b"])
    def test_the_protocol_is_a_token(self, server: Any, wire: Any, protocol: str) -> None:
        server.feed(wire.head(1, [*CONNECT[:1], (":protocol", protocol), *CONNECT[2:]]))
        assert code_of(server.sent()[-1]) == ErrorCode.PROTOCOL_ERROR

    def test_not_where_it_was_not_offered(self, make_server: Any, wire: Any) -> None:
        server = make_server(connect_protocol=False)
        server.feed(wire.head(1, CONNECT))
        assert code_of(server.sent()[-1]) == ErrorCode.PROTOCOL_ERROR


class TestSection5Data:
    def test_bytes_go_both_ways_until_each_end_says_end(self, server: Any, wire: Any) -> None:
        server.feed(wire.head(1, CONNECT))
        stream = server.streams[1]
        server.conn.send_head(stream, blocks.status(200), False)
        assert server.feed(wire.data(1, b"\x81\x01x")) == [("data", 1, b"\x81\x01x")]
        server.conn.send_data(stream, b"\x81\x01y", False)
        assert server.sent()[-1].payload == b"\x81\x01y"
        assert server.feed(wire.data(1, b"", end=True)) == [("ended", 1, None)]
        server.conn.send_data(stream, b"\x88\x00", True)
        server.conn.release(stream)
        assert server.conn.streams == {}

    def test_a_length_means_nothing(self, server: Any, wire: Any) -> None:
        server.feed(wire.head(1, [*CONNECT, ("content-length", "1")]))
        assert server.feed(wire.data(1, b"more")) == [("data", 1, b"more")]

    def test_a_reset_is_told(self, server: Any, wire: Any) -> None:
        server.feed(wire.head(1, CONNECT))
        assert server.feed(frames.rst_stream(1, ErrorCode.CANCEL)) == [("reset", 1, 8)]
