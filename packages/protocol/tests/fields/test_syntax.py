"""Tokens, quoted strings, lists (RFC 9110 5.6), and that nothing takes more than linear time."""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_protocol import cookies
from aiolos_protocol.cookies.dates import parse_cookie_date
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.fields.accept import parse_accept
from aiolos_protocol.fields.authorization import parse_challenges
from aiolos_protocol.fields.content_type import parse_content_type
from aiolos_protocol.fields.dates import parse_http_date
from aiolos_protocol.fields.disposition import parse_disposition
from aiolos_protocol.fields.etag import parse_etags
from aiolos_protocol.fields.forwarded import parse_forwarded
from aiolos_protocol.fields.link import parse_links
from aiolos_protocol.fields.ranges import parse_content_range, parse_range
from aiolos_protocol.fields.syntax import (
    check_text,
    is_token,
    parameters,
    quoted,
    split,
    token_or_quoted,
    unquoted,
)
from hypothesis import given, settings
from hypothesis import strategies as st

PRINTABLE = st.text(st.characters(min_codepoint=0x20, exclude_characters="\x7f"), max_size=30)
HOSTILE = st.text(alphabet="\",;=\\ \tab/<>*%'", max_size=40)


def test_token() -> None:
    assert is_token("a!#$%&'*+-.^_`|~09Z")
    assert not any(is_token(text) for text in ("", "a b", "a/b", "a\n", "é", '"a"'))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        (" , ,", []),
        ("a, b ,c", ["a", "b", "c"]),
        ('a="x,y", b', ['a="x,y"', "b"]),
        (r'a="x\",y", b', [r'a="x\",y"', "b"]),
        ('a="x,y', ['a="x,y']),
        ('a="x\\', ['a="x\\']),
        ('"a" , "b"c', ['"a"', '"b"c']),
    ],
)
def test_split(text: str, pieces: list[str]) -> None:
    assert list(split(text, ",")) == pieces
    assert list(split(text.replace(",", ";"), ";")) == [each.replace(",", ";") for each in pieces]


def test_parameters() -> None:
    found = parameters(split(r'A = b; c="d;\"e"; f; =g; h i=j; k=', ";"))
    assert list(found) == [("a", "b"), ("c", 'd;"e'), ("k", "")]


def test_quoting() -> None:
    assert quoted('a"b\\c') == r'"a\"b\\c"'
    assert token_or_quoted("abc") == "abc"
    assert token_or_quoted("") == '""'
    assert unquoted('"open') == "open"
    assert unquoted('"') == ""
    assert check_text("a\tb") == "a\tb"
    for bad in ("\r", "\n", "\0", "\x7f"):
        with pytest.raises(ValueError, match="control character"):
            quoted(f"a{bad}")


@given(PRINTABLE)
def test_quoting_round_trip(text: str) -> None:
    assert unquoted(quoted(text)) == text
    assert list(split(quoted(text) + ", x", ","))[-1] == "x"


@given(HOSTILE)
@settings(max_examples=300)
def test_split_keeps_every_character(text: str) -> None:
    pieces = list(split(text, ","))
    kept = "".join(pieces).replace(" ", "").replace("\t", "").replace(",", "")
    assert kept == text.replace(" ", "").replace("\t", "").replace(",", "")


READERS: dict[str, Callable[[str], Any]] = {
    "accept": parse_accept,
    "challenges": parse_challenges,
    "content type": parse_content_type,
    "content range": parse_content_range,
    "cookie": cookies.parse_cookie,
    "cookie date": parse_cookie_date,
    "date": parse_http_date,
    "disposition": parse_disposition,
    "etags": parse_etags,
    "forwarded": lambda value: parse_forwarded([value]),
    "links": lambda value: parse_links([value]),
    "range": parse_range,
    "set cookie": cookies.parse_set_cookie,
}
PATTERNS = (
    ";", ",", "=", '"', '\\"', '"\\', "a=", ";a", ';a="', ",a=b", ";;,", " ", "\t;", "a;", "<",
    "<,", "<a>;", '"a",', "1-2,", "-", "a*0=b;", "%41", "a*=UTF-8''%", "q=0.", "1:1:1 ", "a 1 ",
    'W/"', '"a\\', "[", "é", "(", "a'",
)  # fmt: skip


def counted(read: Callable[[str], Any], value: str) -> int:
    """How many calls and lines of ours reading `value` takes."""
    steps = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal steps
        steps += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(ValueError, LimitExceeded):
            read(value)
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("reader", READERS)
def test_reading_is_linear_in_lines(reader: str) -> None:
    """Eight times the input takes at most some eight times the lines, for every hostile pattern."""
    read = READERS[reader]
    for pattern in PATTERNS:
        short = counted(read, "a/b" + pattern * 50)
        assert counted(read, "a/b" + pattern * 400) <= 10 * short + 400, pattern


@pytest.mark.parametrize("reader", READERS)
def test_reading_200_kb_ends(reader: str) -> None:
    """What the regular expressions do is not seen by counting lines; anything quadratic in them
    would take hours here."""
    for pattern in PATTERNS:
        with contextlib.suppress(ValueError, LimitExceeded):
            READERS[reader](pattern * (200_000 // len(pattern)))


@given(HOSTILE)
@settings(max_examples=300)
def test_hostile_values_raise_what_is_documented(value: str) -> None:
    for read in READERS.values():
        with contextlib.suppress(ValueError, LimitExceeded):
            read(value)
