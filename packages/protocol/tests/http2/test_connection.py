"""The connection as a whole: any split of the bytes, any bytes at all, and another's HTTP/2."""

import itertools
from dataclasses import fields
from struct import iter_unpack
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest
from aiolos_protocol.http2 import blocks, frames
from aiolos_protocol.http2.client import ClientConnection
from aiolos_protocol.http2.hpack import encode_field
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import RequestHead, ResponseHead
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

shared = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def session(wire: Any) -> bytes:
    """A client's side of a connection with a little of everything."""
    block = wire.request(5)[9:]
    return b"".join(
        (
            frames.PREFACE,
            frames.settings({4: 70_000, 3: 5}),
            wire.request(1),
            frames.SETTINGS_ACK,
            wire.request(3, end=False, content_length="6", priority="u=1"),
            wire.data(3, b"abc"),
            frames.ping(b"12345678"),
            wire.frame(frames.DATA, frames.PADDED, 3, b"\x02def\x00\x00"),
            wire.head(3, {"x-sum": "1"}, end=True),
            wire.frame(frames.HEADERS, frames.END_STREAM, 5, block[:4]),
            wire.frame(frames.CONTINUATION, frames.END_HEADERS, 5, block[4:]),
            frames.window_update(0, 1000),
            frames.priority_update(7, b"u=0"),
            wire.frame(0xEE, 0, 0, b"grease"),
            wire.request(7, p_path=None),
            wire.request(9, end=False),
            frames.rst_stream(9, 8),
            wire.request(11, x="y" * 20_000),
            wire.data(1, b"late"),
            frames.goaway(0, 0, b"bye"),
            frames.ping(b"short...")[:-1] + b"!",
            wire.frame(frames.PING, 0, 0, b"short"),
        )
    )


def comparable(events: "list[tuple[Any, ...]]") -> "list[tuple[Any, ...]]":
    """Events whose heads are compared by what they say."""
    return [
        (*event[:2], event[2].target, list(event[2].headers.items()), event[2].size)
        if event[0] == "head"
        else event
        for event in events
    ]


@shared
@given(cuts=st.lists(st.integers(0, 22_000), max_size=12))
def test_any_split_gives_the_same(make_server: Any, wire: Any, cuts: "list[int]") -> None:
    whole, split = make_server(started=False), make_server(started=False)
    data = session(wire)
    whole.feed(data)
    bounds = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    for start, stop in itertools.pairwise(bounds):
        split.feed(data[start:stop])
    assert comparable(whole.events) == comparable(split.events)
    assert whole.sent() == split.sent()
    assert str(whole.error) == str(split.error)
    assert "PING" in str(whole.error)


def test_byte_by_byte(make_server: Any, wire: Any) -> None:
    whole, split = make_server(started=False), make_server(started=False)
    data = session(wire).replace(b"y" * 20_000, b"")
    whole.feed(data)
    for byte in range(len(data)):
        split.feed(data[byte : byte + 1])
    assert comparable(whole.events) == comparable(split.events)
    assert whole.sent() == split.sent()


kinds = st.integers(0, 12) | st.just(0x10)
chaos = st.lists(
    st.one_of(
        st.tuples(kinds, st.integers(0, 255), st.integers(0, 7), st.binary(max_size=24)),
        st.tuples(
            st.just(1),
            st.sampled_from([4, 5]),
            st.sampled_from([1, 3, 5, 7]),
            st.lists(
                st.sampled_from(
                    [
                        encode_field(b":method", b"GET"),
                        encode_field(b":scheme", b"https"),
                        encode_field(b":path", b"/"),
                        encode_field(b":authority", b"a"),
                        encode_field(b":status", b"200"),
                        encode_field(b"content-length", b"3"),
                        encode_field(b"x", b"y"),
                    ]
                ),
                max_size=7,
            ).map(b"".join),
        ),
    ),
    max_size=25,
)


@settings(parent=shared, max_examples=250)
@given(frames_=chaos)
@pytest.mark.parametrize("role", ["server", "client"])
def test_nothing_but_protocol_errors_comes_of_chaos(
    make_server: Any, make_client: Any, wire: Any, role: str, frames_: Any
) -> None:
    if role == "server":
        endpoint = make_server()
        endpoint.feed(wire.request(1, end=False))
    else:
        endpoint = make_client()
        for _ in range(2):
            block = blocks.request("POST", "https", "a", "/", None)
            endpoint.conn.request("POST", block, False, None)
    endpoint.sent()
    for kind, flags, stream, payload in frames_:
        endpoint.feed(wire.frame(kind, flags, stream, payload))
    sent = endpoint.sent()
    assert endpoint.conn.is_closed() is (endpoint.error is not None)
    if endpoint.error is not None:
        assert sent[-1].kind == frames.GOAWAY
    # Nothing is told of a stream behind its end, nor twice that it ended.
    ended = set()
    for event in endpoint.events:
        if event[0] in ("head", "data", "ended", "informed") and role == "server":
            assert event[1] not in ended
        if event[0] in ("ended", "reset"):
            ended.add(event[1])


class Oracle:
    """A peer that speaks HTTP/2 by the h2 library."""

    def __init__(self, client_side: bool) -> None:
        config = h2.config.H2Configuration(client_side=client_side, header_encoding=None)
        self.conn = h2.connection.H2Connection(config)
        self.conn.initiate_connection()
        self.bodies: dict[int, bytes] = {}
        self.heads: dict[int, Any] = {}
        self.trailers: dict[int, Any] = {}
        self.ended: set[int] = set()
        self.resets: dict[int, int] = {}

    def receive(self, data: bytes) -> None:
        for event in self.conn.receive_data(data):
            if isinstance(event, h2.events.RequestReceived | h2.events.ResponseReceived):
                self.heads[event.stream_id] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.TrailersReceived):
                self.trailers[event.stream_id] = dict(event.headers)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.resets[event.stream_id] = event.error_code


def pump(endpoint: Any, oracle: Oracle) -> None:
    """Carry bytes both ways until nothing is left to say."""
    while True:
        ours = endpoint.conn.data_to_send(10_000)
        oracle.receive(ours)
        theirs = oracle.conn.data_to_send()
        endpoint.feed(theirs)
        assert endpoint.error is None
        if not ours and not theirs:
            return


def send(oracle: Oracle, stream: int, body: bytes) -> bytes:
    """As much of `body` as h2 may send; the rest."""
    while body:
        room = min(
            oracle.conn.local_flow_control_window(stream), oracle.conn.max_outbound_frame_size
        )
        if room <= 0:
            return body
        oracle.conn.send_data(stream, body[:room])
        body = body[room:]
    oracle.conn.end_stream(stream)
    return b""


sizes = st.integers(0, 30) | st.integers(16_000, 300_000)


@settings(parent=shared, max_examples=25)
@given(requests=st.lists(st.tuples(sizes, sizes, st.booleans()), min_size=1, max_size=5))
def test_a_server_with_h2_as_its_client(make_server: Any, requests: Any) -> None:
    server = make_server(started=False)
    oracle = Oracle(client_side=True)
    pump(server, oracle)
    unsent = {}
    for number, (upload, _, _) in enumerate(requests):
        stream = 1 + 2 * number
        head = [(":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/é")]
        oracle.conn.send_headers(stream, [*head, ("x-number", str(number))])
        unsent[stream] = bytes([65 + number]) * upload
    while unsent:
        unsent = {
            stream: rest for stream, body in unsent.items() if (rest := send(oracle, stream, body))
        }
        pump(server, oracle)
    for number, (upload, download, trailers) in enumerate(requests):
        stream = server.streams[1 + 2 * number]
        got = b"".join(event[2] for event in server.events if event[:2] == ("data", stream.id))
        assert got == bytes([65 + number]) * upload
        assert ("ended", stream.id, None) in server.events
        server.conn.send_head(stream, blocks.status(200) + blocks.length(download), False)
        server.conn.send_data(stream, bytes([97 + number]) * download, not trailers)
        if trailers:
            server.conn.send_trailers(stream, blocks.field("X-T", "1"))
        server.conn.release(stream)
    pump(server, oracle)
    for number, (_, download, trailers) in enumerate(requests):
        stream_id = 1 + 2 * number
        assert oracle.heads[stream_id][b":status"] == b"200"
        assert oracle.bodies.get(stream_id, b"") == bytes([97 + number]) * download
        assert stream_id in oracle.ended
        assert (oracle.trailers.get(stream_id) == {b"x-t": b"1"}) is trailers
    assert server.conn.streams == {}


@settings(parent=shared, max_examples=25)
@given(requests=st.lists(st.tuples(sizes, sizes), min_size=1, max_size=5), table=st.booleans())
def test_a_client_with_h2_as_its_server(make_client: Any, requests: Any, table: bool) -> None:
    oracle = Oracle(client_side=False)
    if table:
        oracle.conn.update_settings({h2.settings.SettingCodes.HEADER_TABLE_SIZE: 0})

    client = make_client()
    client.conn = ClientConnection(client, Limits())
    pump(client, oracle)
    opened = {}
    for number, (upload, _) in enumerate(requests):
        block = blocks.request("POST", "https", "a.example", f"/{number}", None)
        stream = client.conn.request("POST", block + blocks.field("X-N", "é"), False, None)
        opened[number] = stream
        client.conn.send_data(stream, bytes([65 + number]) * upload, True)
    pump(client, oracle)
    unsent = {}
    for number, (upload, download) in enumerate(requests):
        stream_id = opened[number].id
        assert oracle.heads[stream_id][b":path"] == b"/%d" % number
        assert oracle.heads[stream_id][b"x-n"] == "é".encode()
        assert oracle.bodies.get(stream_id, b"") == bytes([65 + number]) * upload
        assert stream_id in oracle.ended
        oracle.conn.send_headers(stream_id, [(":status", "200"), ("x-m", str(number))])
        unsent[stream_id] = bytes([97 + number]) * download
    while unsent:
        unsent = {
            stream: rest for stream, body in unsent.items() if (rest := send(oracle, stream, body))
        }
        pump(client, oracle)
    for number, (_, download) in enumerate(requests):
        stream_id = opened[number].id
        got = b"".join(event[2] for event in client.events if event[:2] == ("data", stream_id))
        assert got == bytes([97 + number]) * download
    assert client.conn.streams == {}


def test_heads_are_the_protocol_s_own(make_server: Any, make_client: Any, wire: Any) -> None:
    server, client = make_server(), make_client()
    server.feed(wire.request(1))
    assert type(server.events[0][2]) is RequestHead
    client.conn.request("GET", blocks.request("GET", "https", "a", "/", None), True, None)
    client.feed(wire.head(1, {":status": "200"}))
    assert type(client.events[0][2]) is ResponseHead


def test_limits_that_are_no_bounds_fit_into_settings(
    make_server: Any, make_client: Any, wire: Any
) -> None:
    none = {field.name: 2**40 for field in fields(Limits)}
    server = make_server(started=False, **none)
    server.feed(frames.PREFACE, wire.DEFAULT, wire.request(1))
    assert server.events[-1][:2] == ("head", 1)
    first, window, *_ = server.sent()
    declared = dict(iter_unpack(">HL", first.payload))
    assert (declared[3], declared[6]) == (2**32 - 1, 2**32 - 1)
    assert int.from_bytes(window.payload, "big") == 2**31 - 1 - 65_535
    client = make_client(**none)
    client.conn.request("GET", blocks.request("GET", "https", "a", "/", None), True, None)
    client.feed(wire.head(1, {":status": "200"}, end=True))
    assert client.events[-1][:2] == ("head", 1)
