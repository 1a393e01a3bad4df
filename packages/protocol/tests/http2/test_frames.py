"""Frames that are sent, read back by another implementation."""

import pytest
from aiolos_protocol.http2 import frames
from hyperframe.frame import ContinuationFrame, Frame, HeadersFrame, SettingsFrame


def parsed(data: bytes) -> list[Frame]:
    """The frames in `data`, none of them cut short."""
    found = []
    while data:
        frame, size = Frame.parse_frame_header(memoryview(data[:9]))
        assert len(data) >= 9 + size
        frame.parse_body(memoryview(data[9 : 9 + size]))
        found.append(frame)
        data = data[9 + size :]
    return found


def test_header_of_the_largest_frame() -> None:
    data = frames.header(frames.MAX_MAX_SIZE, frames.DATA, 0xFF, 0x7FFFFFFF)
    assert data == b"\xff\xff\xff\x00\xff\x7f\xff\xff\xff"


def test_small_frames() -> None:
    reset, update, ping, pong, ack, away = parsed(
        frames.rst_stream(7, 8)
        + frames.window_update(0, 65_535)
        + frames.ping(b"12345678")
        + frames.ping(b"12345678", ack=True)
        + frames.SETTINGS_ACK
        + frames.goaway(5, 11, b"calm")
    )
    assert (reset.stream_id, reset.error_code) == (7, 8)
    assert (update.stream_id, update.window_increment) == (0, 65_535)
    assert ping.opaque_data == b"12345678"
    assert not ping.flags
    assert "ACK" in pong.flags
    assert "ACK" in ack.flags
    assert (away.last_stream_id, away.error_code, away.additional_data) == (5, 11, b"calm")


def test_settings() -> None:
    (frame,) = parsed(frames.settings({4: 1 << 20, 8: 1}))
    assert isinstance(frame, SettingsFrame)
    assert frame.settings == {4: 1 << 20, 8: 1}


@pytest.mark.parametrize(
    ("size", "count"), [(0, 1), (100, 1), (101, 2), (200, 2), (201, 3), (1000, 10)]
)
@pytest.mark.parametrize("end", [False, True])
def test_a_head_is_cut_into_frames(size: int, count: int, end: bool) -> None:
    block = bytes(range(256)) * 4
    first, *rest = parsed(frames.head_frames(3, block[:size], end, 100))
    assert isinstance(first, HeadersFrame)
    assert len(rest) == count - 1
    assert all(isinstance(frame, ContinuationFrame) for frame in rest)
    assert {frame.stream_id for frame in (first, *rest)} == {3}
    assert ("END_STREAM" in first.flags) is end
    ends = ["END_HEADERS" in frame.flags for frame in (first, *rest)]
    assert ends == [False] * (count - 1) + [True]
    assert first.data + b"".join(frame.data for frame in rest) == block[:size]


def test_priority_update() -> None:
    data = frames.priority_update(3, b"u=1, i")
    assert data == b"\x00\x00\x0a\x10\x00\x00\x00\x00\x00" + b"\x00\x00\x00\x03u=1, i"
