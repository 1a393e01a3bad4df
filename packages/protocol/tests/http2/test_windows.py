"""Receive windows and their tuning."""

from aiolos_protocol.http2 import blocks, frames
from aiolos_protocol.http2.streams import STREAM_WINDOW
from aiolos_protocol.http2.windows import PROBE, ReceiveWindow, Tuner
from aiolos_protocol.limits import Limits
from hypothesis import given
from hypothesis import strategies as st


def test_room_is_taken_and_given_back_in_batches() -> None:
    window = ReceiveWindow(100)
    assert window.received(60)
    assert window.consumed(49, 100) == 0
    assert window.consumed(1, 100) == 50
    assert window.left == 90
    assert not window.received(91)


def test_it_grows_where_more_is_wanted() -> None:
    window = ReceiveWindow(100)
    assert window.received(100)
    assert window.consumed(100, 400) == 400
    assert (window.size, window.left) == (400, 400)
    assert window.consumed(0, 200) == 0
    assert window.size == 400


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(1, 1000))))
def test_a_peer_that_keeps_to_its_window_is_never_refused(
    steps: "list[tuple[int, int, int]]",
) -> None:
    window = ReceiveWindow(100)
    allowed, unread = 100, 0
    for send, read, size in steps:
        send = min(send, allowed)
        assert window.received(send)
        allowed -= send
        unread += send
        read = min(read, unread)
        unread -= read
        allowed += window.consumed(read, size)
        assert window.left == allowed
        # What may be unread at once never passes the size.
        assert allowed + unread <= window.size
        assert unread or allowed * 2 >= window.size


def test_tuner_doubles_what_one_round_trip_fills() -> None:
    tuner = Tuner(100, 350)
    for expected in (200, 350):
        assert tuner.received(10)
        assert not tuner.received(tuner.size)
        tuner.acknowledged()
        assert tuner.size == expected
    assert not tuner.received(10)
    tuner.acknowledged()
    assert tuner.size == 350


def test_tuner_gives_up_where_windows_are_wide_enough() -> None:
    tuner = Tuner(100, 1000)
    for _ in range(4):
        assert tuner.received(10)
        assert not tuner.received(66)
        tuner.acknowledged()
    assert not tuner.received(10)
    assert tuner.size == 100


def test_responses_that_nobody_reads_hold_up_no_other(make_client, wire) -> None:  # type: ignore[no-untyped-def]
    client = make_client()
    client.consumes = False
    request = blocks.request("GET", "https", "a", "/", None)
    for number in range(1, 41, 2):
        client.conn.request("GET", request, True, None)
        client.feed(wire.head(number, {":status": "200"}))
        # The whole window of a stream.
        client.feed(*[wire.data(number, bytes(16_384))] * 16)
    assert client.error is None
    client.conn.request("GET", request, True, None)
    client.feed(wire.head(41, {":status": "200"}), wire.data(41, b"read", end=True))
    assert client.events[-1] == ("ended", 41, None)
    # Beyond RFC 9113 6.9.2's, the connection's window was opened once, at the start.
    assert not [frame for frame in client.sent() if frame.kind == frames.WINDOW_UPDATE]


def test_every_upload_may_fill_the_window_that_it_begins_with(make_server, wire) -> None:  # type: ignore[no-untyped-def]
    limits = Limits()
    assert limits.streams * STREAM_WINDOW <= limits.connection_window
    server = make_server(streams=8, stream_window=70_000, connection_window=8 * 70_000)
    server.consumes = False
    for number in range(1, 17, 2):
        server.feed(wire.request(number, end=False), *[wire.data(number, bytes(14_000))] * 5)
    assert server.error is None
    assert [server.streams[number].window.left for number in range(1, 17, 2)] == [0] * 8


def test_a_fast_upload_widens_the_windows(make_server, wire) -> None:  # type: ignore[no-untyped-def]
    server = make_server(stream_window=1 << 20, connection_window=4 << 20)
    server.feed(wire.request(1, end=False))
    sizes = set()
    for _ in range(3):
        server.feed(wire.data(1, bytes(16_384)))
        probes = [frame for frame in server.sent() if frame.kind == frames.PING]
        assert [probe.payload for probe in probes] in ([PROBE], [])
        for _ in range(100):
            server.feed(wire.data(1, bytes(16_384)))
        server.feed(frames.ping(PROBE, ack=True))
        server.feed(*[wire.data(1, bytes(16_384))] * 4)
        sizes.add(server.streams[1].window.size)
    assert max(sizes) == 1 << 20
    assert server.error is None
