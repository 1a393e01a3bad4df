"""Bodies: by length, by chunks, until the connection ends; in one piece and in any pieces."""

from dataclasses import replace
from itertools import pairwise

import pytest
from aiolos_protocol.errors import LimitExceeded, ProtocolError, RemoteProtocolError
from aiolos_protocol.http1.framing import ChunkedDecoder, LengthDecoder, UntilCloseDecoder
from aiolos_protocol.limits import DEFAULT_LIMITS
from hypothesis import given
from hypothesis import strategies as st


class Collected:
    """A sink that keeps what it is given."""

    def __init__(self):
        self.data = b""
        self.pieces = 0
        self.ended = False
        self.chunks = []
        self.trailers = {}

    def feed_data(self, data):
        assert not self.ended
        self.data += data
        self.pieces += 1

    def feed_chunks(self, pieces, whole):
        for piece in pieces:
            assert piece
            self.feed_data(piece)
            self.chunks.append(len(self.data))
        if not whole:
            self.chunks.pop()

    def feed_trailers(self, trailers):
        assert not self.ended
        self.trailers = dict(trailers)

    def feed_eof(self):
        assert not self.ended
        self.ended = True


def feed(decoder, data, sink=None, step=None):
    """Feed `data` in pieces of `step`; what is left behind the body's end."""
    sink = sink or Collected()
    step = step or len(data) or 1
    for start in range(0, len(data), step):
        piece = data[start : start + step]
        if decoder.done:
            return sink, data[start:]
        used = decoder.feed(piece, 0, sink)
        if used < len(piece):
            assert decoder.done
            return sink, data[start + used :]
    return sink, b""


def chunked(**limits):
    return ChunkedDecoder(replace(DEFAULT_LIMITS, **limits))


CHUNKED = b"5\r\nhello\r\n1;a=b\r\n \r\n0005\r\nworld\r\nA\r\n0123456789\r\n0\r\nX-A: b\r\n\r\n"
DECODED = b"hello world0123456789"


@pytest.mark.parametrize("step", [None, 1, 2, 3, 7])
def test_length(step):
    sink, rest = feed(LengthDecoder(5), b"helloworld", step=step)
    assert (sink.data, sink.ended, rest) == (b"hello", True, b"world")


def test_length_from_an_offset():
    decoder, sink = LengthDecoder(3), Collected()
    assert decoder.feed(b"xxab", 2, sink) == 4
    assert not decoder.done
    assert decoder.feed(b"yczz", 1, sink) == 2
    assert decoder.done
    assert sink.data == b"abc"


def test_a_length_cut_short_is_incomplete():
    sink = Collected()
    decoder = LengthDecoder(5)
    decoder.feed(b"hell", 0, sink)
    assert decoder.feed_eof(sink) is False
    assert not sink.ended


def test_until_close():
    sink = Collected()
    decoder = UntilCloseDecoder()
    assert decoder.feed(b"xab", 1, sink) == 3
    assert decoder.feed(b"c", 0, sink) == 1
    assert not decoder.done
    assert decoder.feed_eof(sink) is True
    assert decoder.done
    assert (sink.data, sink.ended) == (b"abc", True)


@pytest.mark.parametrize("step", [None, *range(1, 12)])
def test_srv_09_chunked(step):
    """SRV-09: chunked transfer coding, received."""
    decoder = chunked()
    sink, rest = feed(decoder, CHUNKED + b"GET /", step=step)
    assert (sink.data, sink.ended, rest) == (DECODED, True, b"GET /")
    assert sink.trailers == {"X-A": "b"}
    assert sink.chunks == [5, 6, 11, 21]


def test_chunked_from_an_offset():
    sink = Collected()
    decoder = chunked()
    assert decoder.feed(b"xx3\r\nab", 2, sink) == 7
    assert decoder.feed(b"yyyc\r\n0\r", 3, sink) == 8
    assert decoder.feed(b"z\n\r\nrest", 1, sink) == 4
    assert (sink.data, sink.ended, decoder.done) == (b"abc", True, True)


def test_without_the_last_chunk_a_body_is_incomplete():
    for data in (b"", b"5", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n", b"0\r\nX: a\r\n"):
        decoder = chunked()
        sink, _ = feed(decoder, data)
        assert decoder.feed_eof(sink) is False
        assert not sink.ended


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"G\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\t\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5_0\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\r5\r\nhello\r\n",
        b"5\rhello\r\n",
        b";a=b\r\n",
        b"5\r\nhello5\r\nhello\r\n",
        b"5\r\nhelloworld\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello\r5\r\n",
        b"5\r\nhello\r\n\r\n",
        b"5;a=\x00b\r\nhello\r\n",
        b"5;a=\nb\r\nhello\r\n",
        b"5;a=\rb\r\nhello\r\n",
        b"5;a=\x7f\r\nhello\r\n",
        b"5 a\r\nhello\r\n",
        b"5;\r\nhello\r\n",
        b"5;a;\r\nhello\r\n",
        b"5;a \r\nhello\r\n",
        b"5;=a\r\nhello\r\n",
        b"5;a=\r\nhello\r\n",
        b"5;\xff\r\nhello\r\n",
        b'5;a="b\r\nhello\r\n',
        b'5;a="b"c\r\nhello\r\n',
        b'5;a="b\\"\r\nhello\r\n',
        b"5,\r\nhello\r\n",
        b"1000000000000000\r\n",
        b"0000000000000001\r\nx\r\n",
        b"\xd9\xa5\r\nhello\r\n",
        b"0\r\nX Y: a\r\n\r\n",
        b"0\r\n\n",
        b"0\r\n X: a\r\n\r\n",
        b"0\r\nX: \x00\r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_srv_11_bad_chunks(data, step):
    """SRV-11: what two parsers might read differently is refused, however it comes."""
    with pytest.raises(RemoteProtocolError, match=r"RFC 9112 [57]|RFC 9110 5"):
        feed(chunked(), data, step=step)


def test_extensions_are_skipped():
    for line in (b"5;a", b"5;a=b;c", b'5;a="b \\" c"', b"5 ;a=b", b'5;a="\xff"', b"5;a\t= b ; c"):
        sink, _ = feed(chunked(), line + b"\r\nhello\r\n0\r\n\r\n")
        assert (sink.data, sink.ended) == (b"hello", True)


def test_chunk_line_limit():
    line = b"5;" + b"a" * 98
    for step in (None, 1):
        sink, _ = feed(chunked(chunk_line=100), line + b"\r\nhello\r\n0\r\n\r\n", step=step)
        assert sink.data == b"hello"
        with pytest.raises(LimitExceeded, match="chunk_line=99"):
            feed(chunked(chunk_line=99), line + b"\r\nhello\r\n0\r\n\r\n", step=step)
    with pytest.raises(LimitExceeded, match="chunk_line=99"):
        feed(chunked(chunk_line=99), line + b"a")


def test_chunk_extensions_limit():
    data = b"1;ab\r\nx\r\n" * 10 + b"0\r\n\r\n"
    sink, _ = feed(chunked(chunk_extensions=30), data)
    assert sink.ended
    for step in (None, 1):
        with pytest.raises(LimitExceeded, match="chunk_extensions=29"):
            feed(chunked(chunk_extensions=29), data, step=step)


def test_trailers_limit():
    data = b"0\r\nX: " + b"a" * 20 + b"\r\n\r\n"
    size = len(data) - 3
    for step in (None, 1):
        sink, _ = feed(chunked(trailers=size), data, step=step)
        assert sink.ended
        with pytest.raises(LimitExceeded, match=f"trailers={size - 1}"):
            feed(chunked(trailers=size - 1), data, step=step)


def test_what_comes_before_a_fault_is_given():
    sink = Collected()
    with pytest.raises(RemoteProtocolError):
        chunked().feed(b"5\r\nhello\r\n5\r\nworld\r\nX\r\n", 0, sink)
    assert (sink.data, sink.ended) == (b"helloworld", False)


def outcome(data, cuts):
    """What the chunks in `data`, cut at `cuts`, decode to, and the text of the error."""
    decoder, sink, error, rest = chunked(), Collected(), "", b""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    try:
        for start, stop in pairwise(places):
            if decoder.done:
                rest += data[start:stop]
            elif start < stop:
                used = decoder.feed(data[start:stop], 0, sink)
                rest += data[start + used : stop]
    except ProtocolError as caught:
        error = caught.message
    return sink.data, sink.ended, error, sink.trailers, rest


bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
extensions = st.sampled_from([b"", b";a", b" ; a=b", b';q="x y"'])


@given(parts=bodies, extension=extensions, cuts=st.lists(st.integers(0, 400), max_size=10))
def test_any_split_of_a_chunked_body_decodes_alike(parts, extension, cuts):
    data = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    data += b"0\r\nX-T: a\r\n\r\nrest"
    assert outcome(data, cuts) == (b"".join(parts), True, "", {"X-T": "a"}, b"rest")


@given(
    parts=bodies,
    place=st.integers(0, 300),
    wrong=st.binary(min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 400), max_size=10),
)
def test_any_split_of_a_broken_body_fails_alike(parts, place, wrong, cuts):
    data = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    place %= len(data)
    # A line that never ends may wait to be looked at.
    data = data[:place] + wrong + data[place + len(wrong) :] + b"\r\n\r\n"
    whole = outcome(data, [])
    pieces = outcome(data, cuts)
    # Which of two faults in one line is named may depend on how much of the line is here.
    assert (pieces[0], pieces[1], bool(pieces[2])) == (whole[0], whole[1], bool(whole[2]))
    if not whole[2]:
        assert pieces == whole
