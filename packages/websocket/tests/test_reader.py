"""The reader: frames in, messages out, whatever the cuts; and what it refuses, and when."""

import tracemalloc

import pytest
from aiolos_protocol.websocket import WebSocketError, WSMessage, WSMessageTextBytes, WSMsgType
from aiolos_websocket.assembly import MESSAGE_COST, Fragment
from aiolos_websocket.deflate import Deflater, Inflater
from aiolos_websocket.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from aiolos_websocket.reader import Reader
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = b"\x9c\x01\x00\xfe"


class Sink(Reader):
    """A reader, and all that came out of it in order."""

    __slots__ = ("seen",)

    def __init__(self, masked=False, **options):
        self.seen = seen = []

        def control(opcode, payload):
            seen.append((opcode, payload))

        def deliver(message):
            if isinstance(message, Fragment):
                seen.append((message.data, message.last))
            else:
                seen.append((int(message.type), message.data))

        Reader.__init__(self, masked, deliver, control, **options)


def refused(reader, data, match, code=1002):
    with pytest.raises(WebSocketError, match=match) as caught:
        reader.feed(data)
    assert caught.value.code == code


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "masked"])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 100_000])
def test_whole_messages(frame, key, size):
    reader = Sink(key is not None)
    text, data = "x" * size, b"\xff" * size
    # One message at a time: what waits would stop the reader.
    for opcode, payload in ((TEXT, text.encode()), (BINARY, data)):
        assert not reader.feed(frame(opcode, payload, key=key))
        reader.queued = 0
    assert reader.seen == [(TEXT, text), (BINARY, data)]


def test_what_a_message_looks_like(frame):
    messages = []
    reader = Reader(False, messages.append, None)
    reader.feed(frame(TEXT, "é".encode()) + frame(BINARY, b"abc"))
    text, binary = messages
    assert text == WSMessage(WSMsgType.TEXT, "é", None)
    assert binary == WSMessage(WSMsgType.BINARY, b"abc", None)
    assert text.type is WSMsgType.TEXT
    assert isinstance(text, WSMessage)
    assert Reader(False, messages.append, None, decode_text=False).feed(frame(TEXT, b"1")) is False
    assert isinstance(messages[2], WSMessageTextBytes)
    assert messages[2].json() == 1


def test_fragments_are_joined_and_control_frames_come_between(frame):
    reader = Sink(True)
    for piece in (
        frame(TEXT, b"He", fin=False, key=KEY),
        frame(PING, b"?", key=KEY),
        frame(CONTINUATION, b"", fin=False, key=KEY),
        frame(CONTINUATION, b"llo", key=KEY),
        frame(BINARY, b"\x00", fin=False, key=KEY),
        frame(CONTINUATION, b"\x01", key=KEY),
    ):
        reader.feed(piece)
    assert reader.seen == [(PING, b"?"), (TEXT, "Hello"), (BINARY, b"\x00\x01")]


frames = st.lists(
    st.tuples(
        st.sampled_from([TEXT, BINARY]),
        st.lists(st.text(max_size=12), min_size=1, max_size=4),
        st.sampled_from([None, PING, PONG]),
        st.binary(max_size=125),
    ),
    max_size=5,
)


@given(described=frames, cuts=st.lists(st.integers(1, 9), max_size=40), masked=st.booleans())
@settings(max_examples=150)
def test_cuts_make_no_difference(frame, described, cuts, masked):
    key, data, expected = KEY if masked else None, b"", []
    for opcode, texts, control, payload in described:
        pieces = [text.encode() for text in texts]
        for at, piece in enumerate(pieces):
            last = at == len(pieces) - 1
            data += frame(CONTINUATION if at else opcode, piece, fin=last, key=key)
            if control is not None and not last:
                data += frame(control, payload, key=key)
                expected.append((control, payload))
        whole = b"".join(pieces)
        expected.append((opcode, whole.decode() if opcode == TEXT else whole))
    reader = Sink(masked)
    while data:
        size = cuts.pop() if cuts else len(data)
        reader.feed(data[:size])
        data = data[size:]
    assert reader.seen == expected


@given(text=st.text(max_size=40), cut=st.integers(0, 160), fragments=st.booleans())
def test_text_may_be_cut_inside_a_character(frame, text, cut, fragments):
    data = text.encode()
    reader = Sink()
    if fragments:
        reader.feed(frame(TEXT, data[:cut], fin=False))
        reader.feed(frame(CONTINUATION, data[cut:]))
    else:
        whole = frame(TEXT, data)
        reader.feed(whole[:cut])
        reader.feed(whole[cut:])
    assert reader.seen == [(TEXT, text)]


@given(data=st.binary(max_size=24), cut=st.integers(0, 24))
@settings(max_examples=200)
def test_text_is_refused_at_its_first_wrong_byte(frame, data, cut):
    reader = Sink()
    try:
        expected = data.decode()
    except UnicodeDecodeError as error:
        wrong = error
    else:
        reader.feed(frame(TEXT, data))
        assert reader.seen == [(TEXT, expected)]
        return
    begun = frame(TEXT, data + b"more")[: 2 + wrong.start]
    reader.feed(begun)
    if wrong.reason == "unexpected end of data":
        # Only what follows makes it wrong, or that nothing does.
        refused(Sink(), frame(TEXT, data), "not UTF-8|inside a character", 1007)
    else:
        refused(reader, data[wrong.start : wrong.end + 1], "not UTF-8", 1007)


def test_a_text_must_not_end_inside_a_character(frame):
    reader = Sink()
    reader.feed(frame(TEXT, b"\xc3", fin=False))
    refused(reader, frame(CONTINUATION, b""), "ends inside a character", 1007)


@pytest.mark.parametrize("data", [b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xff"])
def test_surrogates_and_overlong_forms_are_no_utf8(frame, data):
    refused(Sink(), frame(TEXT, data), "not UTF-8", 1007)
    refused(Sink(), frame(TEXT, data, fin=False), "not UTF-8", 1007)
    # The second byte, where it comes to that, is the wrong one.
    refused(Sink(), frame(TEXT, data[:2], fin=False), "not UTF-8", 1007)


@pytest.mark.parametrize("text", ["\ud7ff", "\ue000", "\uffff", "\U0010ffff"])
def test_what_lies_beside_the_surrogates_is(frame, text):
    data = text.encode()
    for cut in range(len(data)):
        reader = Sink()
        reader.feed(frame(TEXT, data[:cut], fin=False))
        reader.feed(frame(CONTINUATION, data[cut:]))
        assert reader.seen == [(TEXT, text)]


def test_text_as_bytes_is_checked_all_the_same(frame):
    reader = Sink(decode_text=False)
    reader.feed(frame(TEXT, "é".encode()))
    reader.feed(frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"\xa9"))
    assert reader.seen == [(TEXT, b"\xc3\xa9")] * 2
    refused(reader, frame(TEXT, b"\xff"), "not UTF-8", 1007)


# What a header must not say; each is refused before the payload has come.


@pytest.mark.parametrize("rsv", [0x40, 0x20, 0x10, 0x70])
@pytest.mark.parametrize("opcode", [TEXT, PING])
def test_reserved_bits(frame, rsv, opcode):
    refused(Sink(), frame(opcode, b"payload", rsv=rsv)[:2], "reserved bit")


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_reserved_opcodes(frame, opcode):
    refused(Sink(), frame(opcode)[:2], f"opcode {opcode} is reserved")


def test_masking_is_the_clients_and_only_its(frame):
    refused(Sink(True), frame(TEXT, b"x")[:2], "the peer must mask")
    refused(Sink(False), frame(TEXT, b"x", key=KEY)[:2], "the peer must not mask")


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_control_frames_are_whole_and_small(frame, opcode):
    reader = Sink()
    reader.feed(frame(opcode, b"x" * 125))
    assert reader.seen == [(opcode, b"x" * 125)]
    refused(Sink(), frame(opcode, b"x" * 126)[:2], "more than 125 bytes")
    refused(Sink(), frame(opcode, b"", fin=False)[:2], "is fragmented")


def test_messages_do_not_overlap(frame):
    refused(Sink(), frame(CONTINUATION)[:2], "without a message to continue")
    reader = Sink()
    reader.feed(frame(TEXT, b"a", fin=False))
    refused(reader, frame(BINARY)[:2], "inside one that is not complete")
    reader = Sink()
    reader.feed(frame(TEXT, b"a") + frame(TEXT, b"b", fin=False) + frame(CONTINUATION, b"c"))
    refused(reader, frame(CONTINUATION)[:2], "without a message to continue")


@pytest.mark.parametrize(
    ("header", "match"),
    [
        (b"\x82\x7e\x00\x7d", "fits 7 bits"),
        (b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", "fits 16 bits"),
        (b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "highest bit"),
    ],
)
def test_lengths_take_the_shortest_form(header, match):
    refused(Sink(), header, match)


# Bounds.


def test_max_msg_size_on_either_side(frame):
    reader = Sink(max_size=10)
    reader.feed(frame(BINARY, b"x" * 10))
    reader.feed(frame(BINARY, b"x" * 6, fin=False) + frame(CONTINUATION, b"x" * 4))
    assert reader.seen == [(BINARY, b"x" * 10)] * 2
    reader.ask()
    refused(reader, frame(BINARY, b"x" * 11)[:2], "more than max_msg_size=10 bytes", 1009)
    reader = Sink(max_size=10)
    reader.ask()
    reader.feed(frame(BINARY, b"x" * 6, fin=False))
    refused(reader, frame(CONTINUATION, b"x" * 5)[:2], "max_msg_size=10", 1009)


def test_no_memory_for_what_is_only_announced():
    reader = Sink()
    reader.feed(b"\x82\x7f\x00\xff\xff\xff\xff\xff\xff\xff" + b"x" * 10)
    assert reader.seen == []


@pytest.mark.parametrize("max_size", [0, 10])
def test_sizes_that_overflow_in_sum(frame, max_size):
    reader = Sink(max_size=max_size)
    reader.ask()
    reader.feed(frame(BINARY, b"x" * 9, fin=False))
    most = b"\x80\x7f\x7f" + b"\xff" * 7
    refused(reader, most, "max_msg_size", 1009)


def test_what_waits_stops_the_reader(frame):
    reader = Sink(high=1000)
    data = frame(BINARY, b"x" * 100)
    fit = 1000 // (100 + MESSAGE_COST) + 1
    assert reader.feed(data * 10)
    assert len(reader.seen) == fit
    # More may come before the transport has stopped.
    assert reader.feed(data)
    assert len(reader.seen) == fit
    assert reader.queued == fit * (100 + MESSAGE_COST)
    reader.queued = 0
    assert reader.go_on()
    assert len(reader.seen) == 2 * fit
    reader.queued = 0
    assert not reader.go_on()
    assert len(reader.seen) == 11
    assert not reader.feed(data)
    assert len(reader.seen) == 12


def test_the_last_message_that_fits_keeps_nothing_back(frame):
    reader = Sink(high=10)
    assert not reader.feed(frame(BINARY, b"x" * 100))
    assert reader.feed(frame(BINARY, b"y"))
    reader.queued = 0
    assert not reader.go_on()
    assert [data for _, data in reader.seen] == [b"x" * 100, b"y"]


def test_a_message_of_single_bytes_stays_small(frame):
    reader = Sink()
    reader.feed(frame(TEXT, b"", fin=False))
    pieces = frame(CONTINUATION, b"x", fin=False) + frame(CONTINUATION, b"", fin=False)
    tracemalloc.start()
    for _ in range(20_000):
        reader.feed(pieces)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A str for each would take a megabyte.
    assert kept < 60_000
    reader.feed(frame(CONTINUATION, b"y"))
    assert reader.seen == [(TEXT, "x" * 20_000 + "y")]


# Fragments, a listener.


def test_a_message_in_fragments_as_they_come(frame):
    reader = Sink()
    reader.feed(frame(TEXT, b"be", fin=False))
    reader.stream()
    assert reader.seen == [("be", False)]
    reader.feed(frame(CONTINUATION, "gún".encode(), fin=False)[:4])
    reader.feed(frame(CONTINUATION, "gún".encode(), fin=False)[4:])
    reader.feed(frame(PING))
    reader.feed(frame(CONTINUATION, b""))
    assert reader.seen[1:] == [("g", False), ("ún", False), (PING, b""), ("", True)]
    # Only that one.
    reader.feed(frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b"))
    assert reader.seen[-1] == (TEXT, "ab")


def test_fragments_are_bounded_by_what_waits_and_not_by_their_sum(frame):
    reader = Sink(max_size=10, high=1000)
    reader.stream()
    assert not reader.feed(frame(BINARY, b"x" * 500, fin=False))
    assert not reader.feed(frame(CONTINUATION, b"x" * 500, fin=False))
    assert reader.feed(frame(CONTINUATION, b"x" * 500))
    reader.queued = 0
    assert not reader.go_on()
    assert reader.seen == [(b"x" * 500, False)] * 3 + [(b"", True)]
    reader.ask()
    refused(reader, frame(BINARY, b"x" * 11)[:2], "max_msg_size=10", 1009)


# What nobody has asked for yet and does not fit: by one frame's length, by a sum, by inflating.


def too_big(frame, how):
    if how == "one":
        return {}, frame(BINARY, b"x" * 5_000)
    if how == "sum":
        frames = [frame(CONTINUATION, b"x" * 50, fin=n == 97) for n in range(98)]
        return {}, frame(BINARY, b"x" * 100, fin=False) + b"".join(frames)
    data = deflate(b"x" * 5_000)
    pieces = [data] if how == "inflated" else [data[at : at + 1] for at in range(len(data))]
    last = len(pieces) - 1
    frames = [
        frame(CONTINUATION if n else BINARY, piece, fin=n == last, rsv=0 if n else 0x40)
        for n, piece in enumerate(pieces)
    ]
    return {"inflater": Inflater(15, True)}, b"".join(frames)


@pytest.fixture(params=["one", "sum", "inflated", "inflated byte by byte"])
def big(request, frame):
    """Options of a reader, and a message of 5,000 bytes of "x" as it is sent."""
    return too_big(frame, request.param)


def fed(reader, data, step):
    """Whether the reader keeps some of `data`, which comes in pieces of `step`."""
    kept = False
    for at in range(0, len(data), step):
        kept = reader.feed(data[at : at + step])
    return kept


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_what_does_not_fit_waits_until_it_is_asked_for_in_fragments(frame, big, step):
    options, data = big
    before, behind = frame(TEXT, b"before"), frame(TEXT, b"behind")
    reader = Sink(max_size=4_000, **options)
    assert fed(reader, before + data + behind, step)
    assert reader.seen == [(TEXT, "before")]
    # It is not asked for by whoever takes what came before it.
    reader.queued = 0
    assert reader.go_on()
    assert reader.seen.pop() == (TEXT, "before")
    reader.stream()
    while True:
        reader.queued = 0
        if not reader.go_on():
            break
    assert reader.seen.pop() == (TEXT, "behind")
    # What is all there by then comes as one piece, with its kind.
    pieces = [each[1] if each[0] == BINARY else each[0] for each in reader.seen]
    assert b"".join(pieces) == b"x" * 5_000


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_what_does_not_fit_is_refused_once_it_is_asked_for_whole(big, step):
    options, data = big
    reader = Sink(max_size=4_000, **options)
    assert fed(reader, data, step)
    reader.ask()
    reader.queued = 0
    with pytest.raises(WebSocketError, match="max_msg_size=4000"):
        reader.go_on()
    assert reader.seen == []


def test_what_does_not_fit_is_refused_by_a_listener(big):
    options, data = big
    reader = Sink(max_size=4_000, **options)
    assert reader.feed(data)
    reader.listen(lambda payload, kind: None)
    reader.queued = 0
    with pytest.raises(WebSocketError, match="max_msg_size=4000"):
        reader.go_on()


def test_what_is_one_byte_too_big_when_inflated(frame):
    for size in (100, 101):
        reader = Sink(max_size=100, inflater=Inflater(15, True))
        held = reader.feed(frame(BINARY, deflate(b"x" * size), rsv=0x40))
        assert held is (size > 100)
    assert reader.seen == []
    reader.stream()
    reader.queued = 0
    assert not reader.go_on()
    assert reader.seen == [(b"x" * 101, False), (b"", True)]


def test_a_message_in_one_piece_stays_whole(frame):
    reader = Sink()
    reader.stream()
    reader.feed(frame(TEXT, b"abc"))
    reader.feed(frame(BINARY, b"a", fin=False) + frame(CONTINUATION, b"b"))
    assert reader.seen == [(TEXT, "abc"), (BINARY, b"ab")]


def test_the_rest_of_a_message_may_be_skipped(frame):
    reader = Sink()
    reader.stream()
    reader.feed(frame(TEXT, b"abc\xc3", fin=False))
    reader.skip()
    reader.feed(frame(CONTINUATION, b"\xa9" + b"x" * 100, fin=False) + frame(PING))
    reader.feed(frame(CONTINUATION, b"z") + frame(TEXT, b"next"))
    assert reader.seen == [("abc", False), (PING, b""), (TEXT, "next")]


def test_who_gives_up_what_he_asked_for_behind_the_rest_has_it_whole(frame):
    reader = Sink()
    reader.stream()
    reader.feed(frame(TEXT, b"abc", fin=False))
    reader.skip()
    reader.stream()
    reader.unstream([])
    reader.feed(frame(CONTINUATION, b"d"))
    reader.feed(frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b"))
    assert reader.seen == [("abc", False), (TEXT, "ab")]


def test_there_may_be_nothing_to_go_on_with(frame):
    reader = Sink(high=10)
    message = frame(BINARY, b"x" * 1000)
    assert reader.feed(message + message[:100])
    reader.queued = 0
    assert not reader.feed(message[100:-1])
    assert not reader.go_on()
    assert not reader.feed(message[-1:])
    assert reader.seen == [(BINARY, b"x" * 1000)] * 2


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "masked"])
def test_a_listener_gets_views(frame, key):
    heard = []
    reader = Sink(key is not None, high=10)
    reader.feed(frame(TEXT, b"abc", fin=False, key=key))
    reader.listen(lambda payload, kind: heard.append((kind, payload)))
    assert not reader.feed(
        frame(CONTINUATION, b"def", key=key)
        + frame(TEXT, "é".encode(), key=key)
        + frame(BINARY, b"x" * 100, key=key)
        + frame(PING, b"?", key=key)
        + frame(BINARY, b"y", fin=False, key=key)
        + frame(CONTINUATION, b"z", key=key)
    )
    assert all(isinstance(payload, memoryview) for _, payload in heard)
    assert [(kind, bytes(payload)) for kind, payload in heard] == [
        (WSMsgType.TEXT, b"abcdef"),
        (WSMsgType.TEXT, "é".encode()),
        (WSMsgType.BINARY, b"x" * 100),
        (WSMsgType.BINARY, b"yz"),
    ]
    assert reader.seen == [(PING, b"?")]
    refused(reader, frame(TEXT, b"\xff", key=key), "not UTF-8", 1007)


# Compressed messages.


def deflate(text):
    return Deflater(15, False).fragment(text, True)


@given(texts=st.lists(st.text(max_size=300), max_size=4), cuts=st.lists(st.integers(0, 30)))
@settings(max_examples=60)
def test_compressed_messages_however_they_are_cut(frame, texts, cuts):
    deflater = Deflater(15, True)
    data = b""
    for text in texts:
        message = deflater.fragment(text.encode(), True)
        cut = cuts.pop() if cuts else 0
        data += frame(TEXT, message[:cut], fin=False, rsv=0x40)
        data += frame(PING) + frame(CONTINUATION, message[cut:]) + frame(TEXT, b"plain")
    reader = Sink(inflater=Inflater(15, True))
    while data:
        size = (cuts.pop() if cuts else 0) or len(data)
        reader.feed(data[:size])
        data = data[size:]
    expected = [each for text in texts for each in ((PING, b""), (TEXT, text), (TEXT, "plain"))]
    assert reader.seen == expected


def test_a_compressed_text_is_refused_at_its_first_wrong_byte(frame):
    reader = Sink(inflater=Inflater(15, True))
    data = Deflater(15, False).fragment(b"\xff", False)
    refused(
        reader, frame(TEXT, data + b"more", fin=False, rsv=0x40)[: 2 + len(data)], "UTF-8", 1007
    )


def test_a_bomb_is_refused_before_it_grows(frame):
    bomb = deflate(bytes(10 << 20))
    reader = Sink(inflater=Inflater(15, True), max_size=1000)
    reader.feed(frame(BINARY, deflate(bytes(1000)), rsv=0x40))
    reader.ask()
    tracemalloc.start()
    refused(reader, frame(BINARY, bomb, rsv=0x40), "max_msg_size=1000", 1009)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


def test_bits_of_compression_stand_where_they_may(frame):
    for data in (frame(CONTINUATION, rsv=0x40), frame(PING, rsv=0x40), frame(TEXT, rsv=0x60)):
        reader = Sink(inflater=Inflater(15, True))
        reader.feed(frame(TEXT, b"", fin=False))
        refused(reader, data, "reserved bit")


def test_fragments_of_a_compressed_message(frame):
    data = deflate("é".encode() * 2000)
    reader = Sink(inflater=Inflater(15, True), max_size=100)
    reader.stream()
    refused(reader, frame(TEXT, data, rsv=0x40), "max_msg_size=100", 1009)
    reader = Sink(inflater=Inflater(15, True), max_size=4000)
    reader.stream()
    for _ in range(2):
        reader.feed(frame(TEXT, data, fin=False, rsv=0x40))
        reader.feed(frame(CONTINUATION, b""))
        assert "".join(text for text, _ in reader.seen) == "é" * 2000
        assert reader.seen.pop() == ("", True)
        reader.seen.clear()
        reader.stream()


@pytest.mark.parametrize(
    ("message", "at_once"),
    [(b"\x03\x00" * 8 + b"\x00", 10), (b"\x00", 600)],
    ids=["final", "empty"],
)
def test_messages_that_inflate_to_nothing_take_their_time_too(frame, message, at_once):
    heard = []
    reader = Sink(inflater=Inflater(15, True))
    reader.listen(lambda payload, kind: heard.append(bytes(payload)))
    assert reader.feed(frame(BINARY, message, rsv=0x40) * 1000)
    assert 0 < len(heard) <= at_once
    while True:
        reader.queued = 0
        if not reader.go_on():
            break
    assert heard == [b""] * 1000
