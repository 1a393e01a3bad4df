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
    final = b"\x03\x00"
    inflater = Inflater(15, True)
    assert inflate(inflater, final * 8 + b"\x00") == b""
    assert inflate(inflater, final * 8 + b"\x00") == b""
    with pytest.raises(WebSocketError, match="more than 8 final blocks") as caught:
        inflater.inflate(final * 100_000, MUCH)
    assert caught.value.code == 1008
