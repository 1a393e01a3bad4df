"""The multipart codec (RFC 2046 5.1.1): every split, malformed bodies, limits, linear time."""

from email import message_from_bytes
from email.policy import HTTP

import pytest
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.limits import Limits
from aiolos_protocol.multipart import MalformedMultipart, Mark, MultipartParser
from aiolos_protocol.multipart.parser import Event, parse_head
from hypothesis import given, settings
from hypothesis import strategies as st

LIMITS = Limits()
Parsed = list[tuple[dict[str, str], bytes]]

PARTS: Parsed = [
    ({"Content-Type": "text/plain", "X": "y"}, b"first\r\n--not\r\n--\r\r\n"),
    ({}, b""),
    ({"A": ""}, b"\r\n-\r\n--b\r\n--bo\r\n"),
    ({}, b"\r"),
]


def composed(parts: Parsed, boundary: bytes = b"bound") -> bytes:
    data = b""
    for head, body in parts:
        lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in head.items())
        data += b"--%b\r\n%b\r\n%b\r\n" % (boundary, lines, body)
    return data + b"--%b--\r\n" % boundary


def events(data: bytes, piece: int, limits: Limits) -> list[Event]:
    parser = MultipartParser(b"bound", limits)
    found: list[Event] = []
    for start in range(0, len(data), piece):
        parser.feed(data[start : start + piece])
        while (event := parser.next_event()) is not None:
            found.append(event)
            if event is Mark.END:
                break
    parser.feed_eof()
    while (event := parser.next_event()) is not Mark.END:
        assert event is not None
        found.append(event)
    return found


def parse(data: bytes, piece: int = 65_536, limits: Limits = LIMITS) -> Parsed:
    parts: Parsed = []
    body = b""
    for event in events(data, piece, limits):
        if isinstance(event, bytes):
            assert event
            body += event
        elif event is Mark.PART_END:
            parts[-1] = (parts[-1][0], body)
        elif not isinstance(event, Mark):
            parts.append((dict(event), b"unfinished"))
            body = b""
    return parts


def test_in_one_piece_and_at_every_split() -> None:
    data = composed(PARTS)
    assert parse(data) == PARTS
    for piece in range(1, len(data)):
        assert parse(data, piece) == PARTS


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"--bound--", []),
        (b"--bound--\r\n", []),
        (b"--bound\r\n\r\nx\r\n--bound--", [({}, b"x")]),
        (
            b"preamble\r\n\r\n--boun\r\n--bound\r\n\r\nx\r\n--bound--\r\nepilogue\r\n--bound\r\n",
            [({}, b"x")],
        ),
        (b"--bound \t\r\n\r\nx\r\n--bound-- \t\r\n", [({}, b"x")]),
        # The blank line's end may be the delimiter's beginning.
        (b"--bound\r\n\r\n--bound--", [({}, b"")]),
        (b"--bound\r\nA: b\r\n\r\n--bound--", [({"A": "b"}, b"")]),
        (b"--bound\r\n\r\n\r\n--bound--", [({}, b"")]),
        (b"--bound\r\nA: b\r\n c\r\n\td\r\n\r\nx\r\n--bound--", [({"A": "b c d"}, b"x")]),
        (b"--bound\r\n\r\na\n--bound\n\r\n--bound--", [({}, b"a\n--bound\n")]),
        (b"--bound\r\n\r\n--bound-\r\n--boundless", None),
    ],
)
def test_forms(data: bytes, parts: Parsed | None) -> None:
    for piece in range(1, len(data) + 1):
        if parts is None:
            with pytest.raises(MalformedMultipart):
                parse(data, piece)
        else:
            assert parse(data, piece) == parts


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "before its closing delimiter"),
        (b"junk", "before its closing delimiter"),
        (b"junk --bound--", "before its closing delimiter"),
        (b"--bound", "before its closing delimiter"),
        (b"--bound\r\n", "before its closing delimiter"),
        (b"--bound\r\nA: b\r\n", "before its closing delimiter"),
        (b"--bound\r\n\r\n", "before its closing delimiter"),
        (b"--bound\r\n\r\nx", "before its closing delimiter"),
        (b"--bound\r\n\r\nx\r\n--boun", "before its closing delimiter"),
        (b"--bound\r\n\r\nx\r\n--bound", "before its closing delimiter"),
        (b"--bound\r\n\r\nx\r\n--bound-", "behind the boundary"),
        (b"--boundx\r\n\r\nx\r\n--bound--", "behind the boundary"),
        (b"--bound--x", "behind the boundary"),
        (b"--bound\n\nx\n--bound--", "behind the boundary|closing delimiter"),
        (b"--bound\r\nA b\r\n\r\nx\r\n--bound--", "no field"),
        (b"--bound\r\n: b\r\n\r\nx\r\n--bound--", "no field"),
        (b"--bound\r\nA : b\r\n\r\nx\r\n--bound--", "no field"),
        (b"--bound\r\nA: b\nC: d\r\n\r\nx\r\n--bound--", "no field"),
        (b"--bound\r\nA: b\rC: d\r\n\r\nx\r\n--bound--", "no field"),
        (b"--bound\r\nA: b\0\r\n\r\nx\r\n--bound--", "no field"),
        (b"--bound\r\n folded\r\n\r\nx\r\n--bound--", "no field"),
        (b"--bound\r\nA: b\r\n--bound--\r\n\r\nx", "no field"),
        (b"--bound\r\n\xff: b\r\n\r\nx\r\n--bound--", "no field"),
    ],
)
def test_malformed(data: bytes, message: str) -> None:
    for piece in (1, 3, 1000):
        with pytest.raises(MalformedMultipart, match=message) as caught:
            parse(data, piece)
        assert caught.value.status_hint == 400
        assert isinstance(caught.value, ValueError)


def test_every_truncation_is_detected() -> None:
    data = composed(PARTS).removesuffix(b"--\r\n")
    for length in range(len(data)):
        with pytest.raises(MalformedMultipart):
            parse(data[:length], 7)


def test_values_are_utf_8_or_bytes() -> None:
    head = parse_head("A: ü\r\nB:\t\r\na: 2".encode() + b"\r\nC: \xff", LIMITS)
    assert head.getall("a") == ["ü", "2"]
    assert head["b"] == ""
    assert head["c"].encode("utf-8", "surrogateescape") == b"\xff"


def test_a_large_piece_is_handed_on_uncopied() -> None:
    parser = MultipartParser(b"bound", LIMITS)
    parser.feed(b"--bound\r\n\r\n")
    assert not isinstance(parser.next_event(), Mark)
    assert parser.next_event() is None
    parser.feed(b"x")
    assert parser.next_event() == b"x"
    data = b"y" * 100_000
    parser.feed(data)
    assert parser.next_event() is data


def test_what_may_be_a_delimiter_is_kept_and_no_more() -> None:
    parser = MultipartParser(b"bound", LIMITS, in_part=True)
    for data, event in (
        (b"a\r", b"a"),
        (b"\r\n--bou", b"\r"),
        (b"x", b"\r\n--boux"),
        (b"\r\n--bound", Mark.PART_END),
        (b"--", None),
        (b"\r\n", Mark.END),
    ):
        parser.feed(data)
        assert parser.next_event() == event
        assert parser.next_event() is (Mark.END if event is Mark.END else None)


# Limits


def test_limit_of_parts() -> None:
    limits = Limits(parts=3)
    assert len(parse(composed([({}, b"")] * 3), limits=limits)) == 3
    with pytest.raises(LimitExceeded, match="parts=3") as caught:
        parse(composed([({}, b"")] * 4), limits=limits)
    assert caught.value.status_hint == 413


def test_an_endless_stream_of_parts_has_no_limit() -> None:
    parser = MultipartParser(b"bound", Limits(parts=1), endless=True)
    for _ in range(5):
        parser.feed(b"--bound\r\n\r\nframe\r\n")
        found = [parser.next_event() for _ in range(4)]
        assert b"frame" in found


def test_limit_of_a_head() -> None:
    limits = Limits(part_head=20)
    for piece in (1, 100):
        exact = b"--bound\r\nA: " + b"b" * 15 + b"\r\n\r\nx\r\n--bound--"
        assert parse(exact, piece, limits=limits) == [({"A": "b" * 15}, b"x")]
        longer = exact.replace(b"A: ", b"A: b")
        with pytest.raises(LimitExceeded, match="part_head=20"):
            parse(longer, piece, limits=limits)
    with pytest.raises(LimitExceeded, match="part_head=20"):
        parse(b"--bound\r\n" + b"a" * 30, 1, limits=limits)
    with pytest.raises(LimitExceeded, match="part_head=20"):
        parse(b"--bound" + b" " * 30, limits=limits)


def test_limits_of_fields() -> None:
    limits = Limits(fields=2, field=10)
    assert len(parse_head(b"A: b\r\nC: 3456789", limits)) == 2
    with pytest.raises(LimitExceeded, match="fields=2"):
        parse_head(b"A: b\r\nC: d\r\nE: f", limits)
    with pytest.raises(LimitExceeded, match="field=10"):
        parse_head(b"A: 45678901", limits)


class Counted(bytes):
    """Bytes that count how many of them are looked at."""

    looked = 0

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        found = super().find(sub, start)
        Counted.looked += (found if found >= 0 else len(self)) - start
        return found

    def __getitem__(self, key: slice) -> "Counted":  # type: ignore[override]
        return Counted(super().__getitem__(key))

    def __add__(self, other: bytes) -> "Counted":  # type: ignore[override]
        return Counted(super().__add__(other))


@pytest.mark.parametrize(
    "body", [b"\r\n--boun" * 10, b"\r" * 80, b"-" * 80, b"\r\n" * 40, b"\r\n--bound\r\n\r\n" * 5]
)
def test_looking_for_delimiters_is_linear(body: bytes) -> None:
    def looked(times: int, piece: int) -> int:
        Counted.looked = 0
        data = b"--bound\r\n\r\n" + body * times + b"\r\n--bound--"
        parser = MultipartParser(b"bound", Limits(parts=10**6))
        for start in range(0, len(data), piece):
            parser.feed(Counted(data[start : start + piece]))
            while parser.next_event() not in (None, Mark.END):
                pass
        return Counted.looked

    for piece in (1, 10, 10**6):
        assert looked(400, piece) <= 10 * looked(50, piece) + 1000


def test_a_head_that_dribbles_in_is_searched_once() -> None:
    Counted.looked = 0
    parser = MultipartParser(b"bound", LIMITS)
    parser.feed(Counted(b"--bound\r\n"))
    assert parser.next_event() is None
    for _ in range(10_000):
        parser.feed(Counted(b"a"))
        assert parser.next_event() is None
    assert Counted.looked < 100_000


# Against others


HEADS = st.dictionaries(
    st.text(alphabet="abcXYZ-", min_size=1, max_size=8).map(str.title),
    st.text(alphabet="abc ;=é", max_size=10).map(str.strip),
    max_size=3,
)
BODIES = st.lists(
    st.sampled_from([b"\r\n", b"--", b"bound", b"-", b"\r", b"\n", b"x", b"\r\n--boun", b"\0"]),
    max_size=12,
).map(b"".join)


def is_free_of_delimiters(body: bytes) -> bool:
    return b"\r\n--bound" not in b"\r\n" + body


@given(
    st.lists(st.tuples(HEADS, BODIES.filter(is_free_of_delimiters)), max_size=4), st.integers(1, 50)
)
@settings(max_examples=150)
def test_round_trip(parts: Parsed, piece: int) -> None:
    assert parse(composed(parts), piece) == parts


@given(st.lists(BODIES, max_size=6).map(b"\r\n--bound".join), st.integers(1, 20))
@settings(max_examples=150)
def test_pieces_do_not_matter(data: bytes, piece: int) -> None:
    """Whatever the bytes, one piece and many give the same parts or the same refusal."""
    outcomes: list[object] = []
    for size in (piece, 10_000):
        try:
            outcomes.append(parse(data, size))
        except MalformedMultipart:
            outcomes.append("malformed")
    assert outcomes[0] == outcomes[1]


@given(
    st.lists(
        st.text(alphabet="abc \n-é", max_size=20).map(lambda text: text.replace("\n", "\r\n")),
        min_size=1,
        max_size=4,
    )
)
def test_the_email_package_agrees(bodies: list[str]) -> None:
    data = composed([({"Content-Type": "text/plain"}, body.encode()) for body in bodies])
    message = message_from_bytes(
        b'Content-Type: multipart/mixed; boundary="bound"\r\n\r\n' + data, policy=HTTP
    )
    theirs = [part.get_payload(decode=True) for part in message.get_payload()]  # type: ignore[arg-type,union-attr]
    assert [body for _, body in parse(data)] == theirs
