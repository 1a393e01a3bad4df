"""The format of server-sent events (WHATWG HTML 9.2)."""

import pytest
from aiolos_client.eventstream import EventParser, EventTooLarge, ServerSentEvent
from hypothesis import given
from hypothesis import strategies as st


def parsed(data, **options):
    parser = EventParser(options.pop("limit", 1000), **options)
    return list(parser.feed(data)), parser


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: one\n\n", [("one", "message", "")]),
        (b"data:one\n\n", [("one", "message", "")]),
        (b"data:  one\n\n", [(" one", "message", "")]),
        (b"data\n\n", [("", "message", "")]),
        (b"data\ndata\n\n", [("\n", "message", "")]),
        (b"data: 1\ndata: 2\n\ndata: 3\n\n", [("1\n2", "message", ""), ("3", "message", "")]),
        (b"event: tick\ndata: 1\n\n", [("1", "tick", "")]),
        (b"event: tick\n\ndata: 1\n\n", [("1", "message", "")]),
        (b"id: 7\ndata: 1\n\ndata: 2\n\n", [("1", "message", "7"), ("2", "message", "7")]),
        (b"id: 7\ndata: 1\n\nid\ndata: 2\n\n", [("1", "message", "7"), ("2", "message", "")]),
        (b"id: a\0b\ndata: 1\n\n", [("1", "message", "")]),
        (b": a comment\n\ndata: 1\n\n", [("1", "message", "")]),
        (b"unknown: x\ndata: 1\n\n", [("1", "message", "")]),
        (b"data: 1\r\n\r\ndata: 2\r\rdata: 3\n\n", [(n, "message", "") for n in "123"]),
        ("\ufeffdata: ü\n\n".encode(), [("ü", "message", "")]),
        (b"data: \xff\n\n", [("\ufffd", "message", "")]),
        (b"data: incomplete\n", []),
        (b"data: incomplete", []),
    ],
)
def test_streams(stream, events):
    assert parsed(stream)[0] == [ServerSentEvent(*event) for event in events]


def test_the_time_to_reconnect():
    assert parsed(b"retry: 2500\n")[1].retry == 2.5
    assert parsed(b"retry: soon\n")[1].retry is None


def test_the_last_id_counts_where_an_event_ends():
    _, parser = parsed(b"id: 1\n\nid: 2\n", last_id="0")
    assert parser.last_id == "1"


def test_json():
    assert ServerSentEvent('{"a": 1}').json() == {"a": 1}


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        (b"data: 1234567\n\n", True),
        (b"data: 123456789012345\n\n", False),
        (b"data: 1234\ndata: 12\n\n", True),
        (b"data: 1234\ndata: 1234567\n\n", False),
        (b"x" * 10, True),
        (b"x" * 11, False),
    ],
)
def test_the_bound(data, fits):
    if fits:
        parsed(data, limit=10)
    else:
        with pytest.raises(EventTooLarge, match="more than 10"):
            parsed(data, limit=10)


@given(
    st.lists(
        st.sampled_from([b"data: 1", b"id: 2", b"event: e", b"", b"\r", b": c", "ü".encode()])
    ),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(1, 5)),
)
def test_any_split_gives_the_same_events(lines, end, sizes):
    stream = end.join(lines) + end + end
    whole, _ = parsed(stream)
    parser = EventParser(1000)
    pieces = []
    position = 0
    for size in [*sizes, len(stream)]:
        pieces += parser.feed(stream[position : position + size])
        position += size
    assert pieces == whole
