"""Each rule whose breach is an error, its level and code, and what the h2 library makes of it.

The rows walk RFC 9113 3.4 to 8.5, RFC 7541, RFC 8441 and RFC 9218 7. Where h2 judges otherwise the
row says so; it knows only of errors of the connection where a message is malformed.
"""

from typing import Any, Final, NamedTuple

import h2.config
import h2.connection
import h2.errors
import h2.exceptions
import h2.settings
import pytest
from aiolos_protocol.http2 import blocks, frames
from aiolos_protocol.http2.errors import ErrorCode
from aiolos_protocol.http2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HAS_PRIORITY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
)
from aiolos_protocol.http2.hpack import encode_field
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

P: Final = ErrorCode.PROTOCOL_ERROR
FLOW: Final = ErrorCode.FLOW_CONTROL_ERROR
SIZE: Final = ErrorCode.FRAME_SIZE_ERROR
CLOSED: Final = ErrorCode.STREAM_CLOSED
PACKING: Final = ErrorCode.COMPRESSION_ERROR
# What h2 does where it does not do the same.
CONNECTION: Final = "ends the connection, with the same code"
ANOTHER: Final = "has another code"
NOTHING: Final = "does not mind"


class Row(NamedTuple):
    """`wire` breaks a rule of `section`: of the connection where `stream` is 0, with `code`."""

    section: str
    wire: bytes
    stream: int
    code: ErrorCode
    h2: str = "the same"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return frames.header(len(payload), kind, flags, stream) + payload


def setting(key: int, value: int) -> bytes:
    return frames.settings({key: value})


def head(stream: int, *fields: tuple[str, str], end: bool = True) -> bytes:
    block = b"".join(encode_field(name.encode(), value.encode()) for name, value in fields)
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block)


M, S, A, PATH = (":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")
POST, CONNECT, WEBSOCKET = (":method", "POST"), (":method", "CONNECT"), (":protocol", "websocket")

# Of either role. Stream 1 is open, stream 3 half closed (remote) or, at the client, closed; streams
# from 101 on are idle.
BOTH = [
    Row("4.2 a frame larger than was allowed", frame(DATA, 0, 1, bytes(16_385)), 0, SIZE),
    Row("4.3 no header block", frame(HEADERS, END_HEADERS, 1, b"\xff\xff"), 0, PACKING, ANOTHER),
    Row("5.1 DATA, idle", frame(DATA, 0, 101, b"x"), 0, P),
    Row("5.1 RST_STREAM, idle", frames.rst_stream(101, 0), 0, P, NOTHING),
    Row("5.1 WINDOW_UPDATE, idle", frames.window_update(101, 1), 0, P),
    Row("6.1 DATA on stream 0", frame(DATA, 0, 0, b"x"), 0, P),
    Row("6.1 padding as long as the payload", frame(DATA, PADDED, 1, b"\x01"), 0, P),
    Row("6.1 no pad length", frame(DATA, PADDED, 1), 0, SIZE),
    Row("6.2 HEADERS on stream 0", frame(HEADERS, END_HEADERS, 0), 0, P),
    Row("6.2 padding too long", frame(HEADERS, END_HEADERS | PADDED, 101, b"\x09x"), 0, P),
    Row(
        "6.2 priority cut short",
        frame(HEADERS, END_HEADERS | HAS_PRIORITY, 101, b"xxxx"), 0, SIZE,
    ),
    Row("6.3 PRIORITY on stream 0", frame(PRIORITY, 0, 0, bytes(5)), 0, P),
    Row("6.3 PRIORITY of another size", frame(PRIORITY, 0, 1, bytes(4)), 1, SIZE, CONNECTION),
    Row("6.4 RST_STREAM on stream 0", frame(RST_STREAM, 0, 0, bytes(4)), 0, P),
    Row("6.4 RST_STREAM of another size", frame(RST_STREAM, 0, 1, bytes(3)), 0, SIZE),
    Row("6.5 SETTINGS on a stream", frame(SETTINGS, 0, 1), 0, P),
    Row("6.5 SETTINGS of another size", frame(SETTINGS, 0, 0, bytes(5)), 0, SIZE),
    Row(
        "6.5 an acknowledgement that says something",
        frame(SETTINGS, ACK, 0, bytes(6)), 0, SIZE, ANOTHER,
    ),
    Row("6.5.2 ENABLE_PUSH", setting(2, 2), 0, P),
    Row("6.5.2 INITIAL_WINDOW_SIZE", setting(4, 2**31), 0, FLOW),
    Row("6.5.2 MAX_FRAME_SIZE too small", setting(5, 16_383), 0, P),
    Row("6.5.2 MAX_FRAME_SIZE too large", setting(5, 2**24), 0, P),
    Row("6.7 PING on a stream", frame(PING, 0, 1, bytes(8)), 0, P),
    Row("6.7 PING of another size", frame(PING, 0, 0, bytes(7)), 0, SIZE),
    Row("6.8 GOAWAY on a stream", frame(GOAWAY, 0, 1, bytes(8)), 0, P),
    Row("6.8 GOAWAY too short", frame(GOAWAY, 0, 0, bytes(7)), 0, SIZE),
    Row("6.9 WINDOW_UPDATE by 0 on a stream", frames.window_update(1, 0), 1, P, CONNECTION),
    Row("6.9 WINDOW_UPDATE by 0", frames.window_update(0, 0), 0, P),
    Row("6.9 WINDOW_UPDATE of another size", frame(WINDOW_UPDATE, 0, 0, bytes(3)), 0, SIZE),
    Row("6.9.1 a stream's window too wide", frames.window_update(1, 2**31 - 1), 1, FLOW),
    Row("6.9.1 the connection's window too wide", frames.window_update(0, 2**31 - 1), 0, FLOW),
    Row(
        "6.9.2 all windows too wide",
        frames.window_update(1, 2**31 - 65_536) + setting(4, 65_536), 0, FLOW,
    ),
    Row("6.10 CONTINUATION behind nothing", frame(CONTINUATION, END_HEADERS, 1), 0, P),
    Row(
        "6.10 another frame in between",
        frame(HEADERS, 0, 1) + frames.ping(bytes(8)) + frame(CONTINUATION, END_HEADERS, 1), 0, P,
    ),
    Row(
        "6.10 another stream in between",
        frame(HEADERS, 0, 1) + frame(CONTINUATION, END_HEADERS, 3), 0, P,
    ),
    Row("8.1 trailers without END_STREAM", head(1, ("x", "y"), end=False), 1, P, CONNECTION),
    Row("8.1 a pseudo-field among trailers", head(1, PATH), 1, P, CONNECTION),
    Row("8.2.1 a name in upper case", head(1, ("X", "y")), 1, P, CONNECTION),
    Row("8.2.2 a field of the connection's", head(1, ("connection", "x")), 1, P, CONNECTION),
    Row("7541 2.3.3 index 0", frame(HEADERS, END_HEADERS, 1, b"\x80"), 0, PACKING, ANOTHER),
    Row("7541 2.3.3 no entry", frame(HEADERS, END_HEADERS, 1, b"\xff\x01"), 0, PACKING, ANOTHER),
    Row("7541 5.1 cut short", frame(HEADERS, END_HEADERS, 1, b"\x7f"), 0, PACKING, ANOTHER),
    Row(
        "7541 5.2 EOS", frame(HEADERS, END_HEADERS, 1, b"\x00\x01x\x84\xff\xff\xff\xff"), 0,
        PACKING, ANOTHER,
    ),
    Row("7541 6.3 too large", frame(HEADERS, END_HEADERS, 1, b"\x3f\xe2\x1f"), 0, PACKING, ANOTHER),
    Row("8441 3 a value", setting(8, 2), 0, P),
]  # fmt: skip

SERVER = [
    Row("5.1 half-closed (remote): DATA", frame(DATA, 0, 3, b"x"), 3, CLOSED),
    Row("5.1 half-closed (remote): HEADERS", head(3, ("x", "y")), 3, CLOSED),
    Row("5.1.1 an even number", head(102, M, S, A, PATH), 0, P),
    Row("6.6 PUSH_PROMISE", frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4)), 0, P),
    Row("8.1 no pseudo-fields", head(101, ("x", "y")), 101, P, CONNECTION),
    Row(
        "8.1.1 shorter than content-length",
        head(101, POST, S, A, PATH, ("content-length", "1")), 101, P, NOTHING,
    ),
    Row(
        "8.1.1 longer than content-length",
        head(101, POST, S, A, PATH, ("content-length", "1"), end=False)
        + frame(DATA, 0, 101, b"xx"),
        101, P, CONNECTION,
    ),
    Row("8.2.1 white space", head(101, M, S, A, PATH, ("x", " y")), 101, P, CONNECTION),
    Row("8.2.1 a line feed", head(101, M, S, A, PATH, ("x", "y\nz")), 101, P, CONNECTION),
    Row("8.2.2 te", head(101, M, S, A, PATH, ("te", "gzip")), 101, P, CONNECTION),
    Row(
        "8.2.2 transfer-encoding",
        head(101, M, S, A, PATH, ("transfer-encoding", "chunked")), 101, P, CONNECTION,
    ),
    Row("8.3 an unknown one", head(101, M, S, A, PATH, (":x", "y")), 101, P, CONNECTION),
    Row("8.3 one of responses", head(101, M, S, A, PATH, (":status", "200")), 101, P, CONNECTION),
    Row("8.3 behind a field", head(101, M, S, A, ("x", "y"), PATH), 101, P, CONNECTION),
    Row("8.3 repeated", head(101, M, M, S, A, PATH), 101, P, CONNECTION),
    Row("8.3.1 no method", head(101, S, A, PATH), 101, P, CONNECTION),
    Row("8.3.1 no scheme", head(101, M, A, PATH), 101, P, CONNECTION),
    Row("8.3.1 no path", head(101, M, S, A), 101, P, CONNECTION),
    Row("8.3.1 an empty path", head(101, M, S, A, (":path", "")), 101, P, CONNECTION),
    Row("8.3.1 two hosts", head(101, M, S, A, PATH, ("host", "b")), 101, P, CONNECTION),
    Row("8.3.1 a user in the host", head(101, M, S, (":authority", "u@a"), PATH), 101, P, NOTHING),
    Row("8.5 CONNECT with a path", head(101, CONNECT, S, A, PATH, end=False), 101, P, CONNECTION),
    Row("8.5 CONNECT without a host", head(101, CONNECT, end=False), 101, P, CONNECTION),
    Row(
        "8.5 HEADERS in a tunnel",
        head(101, CONNECT, (":authority", "a:1"), end=False) + head(101, ("x", "y")),
        101, P, NOTHING,
    ),
    Row(
        "8441 4 HEADERS in a tunnel",
        head(101, CONNECT, WEBSOCKET, S, A, PATH, end=False) + head(101, ("x", "y")),
        101, P, NOTHING,
    ),
    Row("8441 4 for another method", head(101, M, WEBSOCKET, S, A, PATH), 101, P, CONNECTION),
    Row("8441 4 no path", head(101, CONNECT, WEBSOCKET, S, A, end=False), 101, P, CONNECTION),
    Row("9218 7.1 PRIORITY_UPDATE on a stream", frame(16, 0, 1, bytes(3) + b"\x01"), 0, P, NOTHING),
    Row("9218 7.1 PRIORITY_UPDATE too short", frame(16, 0, 0, bytes(3)), 0, SIZE, NOTHING),
    Row("9218 7.1 of stream 0", frame(16, 0, 0, bytes(4)), 0, P, NOTHING),
]  # fmt: skip

CLIENT = [
    Row("5.1 closed: DATA", frame(DATA, 0, 3, b"x"), 0, CLOSED, "resets the stream"),
    Row("5.1 closed: HEADERS", head(3, (":status", "200")), 0, CLOSED),
    Row("5.1.1 a stream of the server's", head(102, (":status", "200")), 0, P),
    Row("6.5.2 ENABLE_PUSH of a server", setting(2, 1), 0, P),
    Row(
        "6.6 PUSH_PROMISE", frame(PUSH_PROMISE, END_HEADERS, 1, b"\x00\x00\x00\x02"), 0, P,
    ),
    Row("8.1 DATA before a head", frame(DATA, 0, 5, b"x"), 5, P, CONNECTION),
    Row("8.1 1xx with END_STREAM", head(5, (":status", "103")), 5, P, CONNECTION),
    Row(
        "8.1.1 shorter than content-length",
        head(5, (":status", "200"), ("content-length", "1")), 5, P, NOTHING,
    ),
    Row("8.2.2 connection", head(5, (":status", "200"), ("connection", "x")), 5, P, CONNECTION),
    Row("8.3.2 no status", head(5, ("x", "y")), 5, P, CONNECTION),
    Row("8.3.2 two", head(5, (":status", "200"), (":status", "200")), 5, P, CONNECTION),
    Row("8.3.2 one of requests", head(5, (":status", "200"), PATH), 5, P, CONNECTION),
    Row("8.3.2 no number", head(5, (":status", "2x0")), 5, P, NOTHING),
    Row("8.6 101", head(5, (":status", "101"), end=False), 5, P, NOTHING),
    Row(
        "8.5 HEADERS in a tunnel",
        head(7, (":status", "200"), end=False) + head(7, ("x", "y")), 7, P, NOTHING,
    ),
    Row(
        "9218 7.1 PRIORITY_UPDATE from a server",
        frame(16, 0, 0, b"\x00\x00\x00\x01"), 0, P, NOTHING,
    ),
]  # fmt: skip


def rows(own: list[Row]) -> Any:
    return pytest.mark.parametrize("row", [*BOTH, *own], ids=lambda row: row.section)


def requests() -> bytes:
    """Streams 1 and 3."""
    return head(1, POST, S, A, PATH, end=False) + head(3, M, S, A, PATH)


def open_streams(client: Any) -> None:
    """Stream 1 with a response under way, 3 whose is over, 5 and 7 without one."""
    for method, path in (("POST", "/"), ("GET", "/"), ("GET", "/"), ("CONNECT", "a:1")):
        block = blocks.request(method, "https", path if method == "CONNECT" else "a", path, None)
        client.conn.request(method, block, method == "GET", None)


def responses() -> bytes:
    return head(1, (":status", "200"), end=False) + head(3, (":status", "200"))


def judged(endpoint: Any) -> tuple[int, ErrorCode]:
    """What was sent last."""
    sent = [each for each in endpoint.sent() if each.kind in (GOAWAY, RST_STREAM)]
    assert sent, endpoint.events
    last = sent[-1]
    if last.kind == RST_STREAM:
        assert endpoint.error is None
        return last.stream, ErrorCode(int.from_bytes(last.payload, "big"))
    assert endpoint.error is not None
    return 0, ErrorCode(int.from_bytes(last.payload[4:8], "big"))


@rows(SERVER)
def test_a_server(make_server: Any, row: Row) -> None:
    server = make_server()
    server.feed(requests())
    server.feed(row.wire)
    assert judged(server) == (row.stream, row.code)
    # Nothing of a broken message is delivered, but for the head that came before the breach.
    assert not [each for each in server.events if each[0] in ("data", "ended")]


@rows(CLIENT)
def test_a_client(make_client: Any, row: Row) -> None:
    client = make_client()
    open_streams(client)
    client.feed(responses())
    client.sent()
    client.feed(row.wire)
    assert judged(client) == (row.stream, row.code)


class Oracle:
    """h2 in one of the roles; `codes` are those of its complaints about one stream."""

    def __init__(self, client_side: bool) -> None:
        config = h2.config.H2Configuration(client_side=client_side)
        self.conn = h2.connection.H2Connection(config)
        self.conn.initiate_connection()
        if not client_side:
            self.conn.update_settings({h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 1})
            self.conn.receive_data(frames.PREFACE)
        self.conn.receive_data(frames.settings({}) + frames.SETTINGS_ACK * 2)

    def judge(self, data: bytes) -> tuple[str, int] | None:
        """The level and code of its objection to `data`."""
        self.conn.clear_outbound_data_buffer()
        try:
            self.conn.receive_data(data)
        except h2.exceptions.ProtocolError as error:
            return "connection", error.error_code
        sent = self.conn.data_to_send()
        while sent:
            if sent[3] == RST_STREAM:
                return "stream", int.from_bytes(sent[9:13], "big")
            sent = sent[9 + int.from_bytes(sent[:3], "big") :]
        return None


def assert_agrees(oracle: Oracle, row: Row) -> None:
    judged = oracle.judge(row.wire)
    level = "stream" if row.stream else "connection"
    if row.h2 == "the same":
        assert judged == (level, row.code)
    elif row.h2 == CONNECTION:
        assert judged == ("connection", row.code)
    elif row.h2 == ANOTHER:
        assert judged is not None
        assert judged[0] == level
        assert judged[1] != row.code
    elif row.h2 == NOTHING:
        assert judged is None
    else:
        assert judged == ("stream", row.code)


@rows(SERVER)
def test_h2_as_a_server(row: Row) -> None:
    oracle = Oracle(client_side=False)
    assert oracle.judge(requests()) is None
    assert_agrees(oracle, row)


@rows(CLIENT)
def test_h2_as_a_client(row: Row) -> None:
    oracle = Oracle(client_side=True)
    for number, method in ((1, POST), (3, M), (5, M)):
        oracle.conn.send_headers(number, [method, S, A, PATH], end_stream=method is M)
    oracle.conn.send_headers(7, [CONNECT, (":authority", "a:1")])
    assert oracle.judge(responses()) is None
    assert_agrees(oracle, row)


numbers = st.sampled_from([1, 3, 5])
ends = st.booleans()
moves = st.one_of(
    st.builds(lambda number, end: head(number, POST, S, A, PATH, end=end), numbers, ends),
    st.builds(lambda number, end: head(number, ("x", "y"), end=end), numbers, ends),
    st.builds(
        lambda number, data, end: frame(DATA, END_STREAM if end else 0, number, data),
        numbers, st.sampled_from([b"", b"x"]), ends,
    ),
    st.builds(lambda number: frames.rst_stream(number, 8), numbers),
    st.builds(frames.window_update, numbers | st.just(0), st.sampled_from([0, 1, 2**31 - 1])),
    st.builds(lambda number: frame(PRIORITY, 0, number, bytes(5)), numbers),
    st.just(frames.ping(b"12345678")),
    st.builds(setting, st.just(4), st.sampled_from([0, 65_535, 2**31 - 1])),
)  # fmt: skip


def objection(endpoint: Any) -> str | None:
    """What a server said of what it got last."""
    if endpoint.error is not None:
        return "connection"
    kinds = {each.kind for each in endpoint.sent()}
    return "stream" if RST_STREAM in kinds else None


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sequence=st.lists(moves, max_size=12))
@example([head(3, POST, S, A, PATH, end=False), frames.window_update(1, 0)])
@example(
    [
        head(1, POST, S, A, PATH, end=False),
        frames.rst_stream(1, 8),
        frames.window_update(1, 2**31 - 1),
    ]
)
def test_any_sequence(make_server: Any, sequence: list[bytes]) -> None:
    """A server objects to what h2 objects to, and to nothing else, up to the first objection."""
    server, oracle = make_server(), Oracle(client_side=False)
    for wire in sequence:
        server.feed(wire)
        ours, theirs = objection(server), oracle.judge(wire)
        if wire[3] == RST_STREAM and ours and not theirs:
            # It does not mind RST_STREAM of idle streams (RFC 9113 5.1).
            return
        assert (ours is None) is (theirs is None), (wire, ours, theirs)
        if ours is not None:
            return
