"""permessage-deflate's two halves: RFC 7692 7.2, with zlib as the other end."""

import zlib

import pytest
from aiolos_protocol.websocket import WebSocketError
from aiolos_websocket.deflate import TAIL, Deflater, Inflater, deflated
from hypothesis import given, settings
from hypothesis import strategies as st

MUCH = 1 << 20
messages = st.lists(
    st.one_of(st.binary(max_size=200), st.text("ab", max_size=300).map(str.encode)), max_size=8
)


def inflate(inflater, message, room=MUCH):
    data = inflater.inflate(message, room) + inflater.inflate(TAIL, room)
    inflater.end_message()
    return data


@given(messages=messages, window=st.integers(9, 15), takeover=st.booleans())
def test_there_and_back(messages, window, takeover):
    deflater, inflater = Deflater(window, takeover), Inflater(window, takeover)
    for message in messages:
        data = deflater.deflate(message)
        if data is not None:
            assert not data.endswith(TAIL)
            assert inflate(inflater, data) == message


@given(messages=messages, window=st.integers(9, 15), takeover=st.booleans())
def test_in_fragments(messages, window, takeover):
    deflater, inflater = Deflater(window, takeover), Inflater(window, takeover)
    for _ in range(2):
        data = b"".join(deflater.fragment(piece, False) for piece in messages)
        assert inflate(inflater, data + deflater.fragment(b"end", True)) == (
            b"".join(messages) + b"end"
        )


@given(messages=messages, how=st.lists(st.sampled_from(["with", "apart", "release"])))
@settings(max_examples=60)
def test_windows_may_be_given_up_at_any_time(messages, how):
    deflater, inflater = Deflater(15, True), Inflater(15, True)
    for at, message in enumerate(messages * 2):
        manner = how[at % len(how)] if how else "with"
        if manner == "release":
            deflater.release()
            assert not deflater.holds_window
        data = (deflater.deflate_apart(message, 12) if manner == "apart" else None) or (
            deflater.deflate(message)
        )
        assert inflate(inflater, data) == message


@pytest.mark.parametrize("takeover", [True, False])
def test_an_empty_message_is_not_nothing(takeover):
    deflater, inflater = Deflater(15, True), Inflater(15, True)
    for _ in range(3):
        data = deflater.deflate(b"")
        assert data
        assert inflate(inflater, data) == b""
        assert inflate(inflater, b"\x00") == b""


def test_the_examples_of_the_standard():
    # RFC 7692 7.2.3: "Hello", again within the window, uncompressed, with a final block, in two.
    inflater = Inflater(15, True)
    for example in ("f248cdc9c90700", "f200110000", "000500faff48656c6c6f00"):
        assert inflate(inflater, bytes.fromhex(example)) == b"Hello"
    for example in ("f348cdc9c9070000", "f248050000 00ffffcac9c90700"):
        assert inflate(inflater, bytes.fromhex(example)) == b"Hello"


def final(message, history, window, split=None):
    """`message` as by a peer that ends its blocks with final ones, and goes on with its window."""
    data = b""
    for piece in (message,) if split is None else (message[:split], message[split:]):
        known = history[-(1 << window) :]
        stream = zlib.compressobj(9, zlib.DEFLATED, -window, zdict=known)
        data += stream.compress(piece) + stream.flush(zlib.Z_FINISH)
        history += piece
    # RFC 7692 7.2.3.4: the header of an empty block, whose rest is the tail.
    return data + b"\x00", history


WORDS = bytes(range(97, 123))


@given(
    messages=st.lists(st.binary(max_size=40).map(lambda key: key + WORDS + key[:20]), max_size=8),
    window=st.integers(9, 15),
    splits=st.lists(st.none() | st.integers(0, 60), min_size=8, max_size=8),
    step=st.sampled_from([1, 7, 1000]),
)
def test_a_peer_keeps_its_window_behind_final_blocks(messages, window, splits, step):
    inflater, history = Inflater(window, True), b""
    for message, split in zip(messages, splits, strict=False):
        data, history = final(message, history, window, split)
        pieces = [data[at : at + step] for at in range(0, len(data), step)]
        inflated = b"".join(inflater.inflate(piece, MUCH) for piece in pieces)
        assert inflated + inflate(inflater, b"") == message


@pytest.mark.parametrize("window", [9, 12, 15])
def test_behind_a_final_block_the_whole_window_is_kept_and_no_more(window):
    noise = bytes((at * 7919 >> 3) & 0xFF for at in range(1 << window))
    inflater = Inflater(window, True)
    data, history = final(noise[:100] + noise, b"", window)
    assert inflate(inflater, data) == history
    # As far back as zlib's own compressor looks.
    data, history = final(noise[:200] + WORDS, history, min(15, window + 1))
    assert len(data) < 60
    assert inflate(inflater, data) == noise[:200] + WORDS
    assert len(inflater._history) == 1 << window


def test_final_blocks_within_a_message_without_takeover():
    inflater = Inflater(15, False)
    for _ in range(2):
        data, _ = final(WORDS * 2, b"", 15, len(WORDS))
        assert len(data) < 40
        assert inflate(inflater, data) == WORDS * 2


def test_a_history_that_was_not_kept_is_missed_and_not_made_up():
    deflater, inflater = Deflater(15, True), Inflater(15, True)
    assert inflate(inflater, deflater.deflate(WORDS)) == WORDS
    assert inflater._history is None
    # zlib still has it for this message; behind its final block nobody does.
    data, history = final(WORDS, WORDS, 15)
    assert inflate(inflater, data) == WORDS
    data, _ = final(WORDS[:20], history[len(WORDS) :], 15)
    assert inflate(inflater, data) == WORDS[:20]
    inflater = Inflater(15, True)
    assert inflate(inflater, Deflater(15, True).deflate(WORDS + b"0123")) == WORDS + b"0123"
    assert inflate(inflater, final(b"", b"", 15)[0]) == b""
    with pytest.raises(WebSocketError, match="cannot be inflated: .*distance"):
        inflate(inflater, final(WORDS, WORDS, 15)[0])


def test_takeover_makes_the_second_message_small():
    message = bytes(range(97, 123)) * 4
    keeping, apart = Deflater(15, True), Deflater(15, False)
    assert len(keeping.deflate(message)) > 20
    assert len(keeping.deflate(message)) < 8
    assert len(apart.deflate(message)) == len(apart.deflate(message)) > 20
    assert keeping.holds_window
    assert not apart.holds_window


def test_without_takeover_the_windows_are_released_and_not_referred_to():
    inflater = Inflater(15, False)
    assert inflate(inflater, bytes.fromhex("f248cdc9c90700")) == b"Hello"
    with pytest.raises(WebSocketError, match="cannot be inflated"):
        inflate(inflater, bytes.fromhex("f200110000"))


@pytest.mark.parametrize("window", range(9, 16))
def test_a_window_is_kept_to(window):
    # The same noise again, farther away than the window reaches, cannot be referred to.
    noise = bytes((at * 7919 >> 3) & 0xFF for at in range(1 << window))
    deflater = Deflater(window, True)
    peer = zlib.decompressobj(-window)
    for _ in range(3):
        data = deflater.fragment(noise, False)
        assert peer.decompress(data) == noise


def test_a_window_of_8_is_inflated():
    inflater = Inflater(8, True)
    assert inflate(inflater, bytes.fromhex("f248cdc9c90700")) == b"Hello"


def test_what_does_not_become_smaller_is_sent_as_it_is():
    assert deflated(b"x" * 63, 15) is None
    assert deflated(b"x" * 64, 15) is not None
    assert deflated(bytes(range(256)), 15) is None


def test_what_is_no_deflate_stream():
    with pytest.raises(WebSocketError, match="cannot be inflated") as caught:
        Inflater(15, True).inflate(b"\x07\xff\xff", MUCH)
    assert caught.value.code == 1007


# Bombs.


def test_no_more_is_made_than_there_is_room_for():
    bomb = deflated(bytes(10 << 20), 15)
    assert len(bomb) < 50_000
    for room in (0, 1, 1000):
        assert len(Inflater(15, True).inflate(bomb, room)) == room + 1
    exact = deflated(bytes(1000), 15)
    assert len(inflate(Inflater(15, True), exact, 1000)) == 1000


def test_final_blocks_are_counted():
    block = b"\x03\x00"
    inflater = Inflater(15, True)
    assert inflate(inflater, block * 8 + b"\x00") == b""
    assert inflate(inflater, block * 8 + b"\x00") == b""
    with pytest.raises(WebSocketError, match="more than 8 final blocks") as caught:
        inflater.inflate(block * 100_000, MUCH)
    assert caught.value.code == 1008
