"""Heads and chunks as they are written, and what never reaches the wire."""

import enum

import pytest
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.http1 import pyparser, serializer
from aiolos_protocol.http1.serializer import (
    CONTINUE,
    LAST_CHUNK,
    check_name,
    chunk,
    field_lines,
    last_chunk,
    may_have_body,
    request_head,
    response_head,
    response_prefix,
    status_line,
    version_allows_chunks,
    whole_head,
)
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.message import HttpVersion10, HttpVersion11, HttpVersion20
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

DATE = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


def test_a_request_head():
    headers = CIMultiDict([("Host", "a"), ("X-A", "b"), ("x-a", "c")])
    data = request_head("POST", "/p?q", headers, "Content-Length: 3\r\n")
    assert data == (
        b"POST /p?q HTTP/1.1\r\nHost: a\r\nX-A: b\r\nx-a: c\r\nContent-Length: 3\r\n\r\n"
    )


def test_a_response_head():
    data = response_head(200, "OK", CIMultiDict(A="b"), "Content-Length: 3\r\n", DATE)
    assert data == b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n" + DATE + b"\r\n"


def test_a_prefix_is_made_once():
    made = response_prefix(200, "OK", "text/plain", "s", True)
    assert made == (b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Type: text/plain\r\nContent-Length: ")
    assert response_prefix(200, "OK", "text/plain", "s", True) is made
    assert b"Connection: close\r\n" in response_prefix(200, "OK", "text/plain", "s", False)
    assert b"Content-Type" not in response_prefix(200, "OK", "", "s", True)


def test_the_prefixes_that_are_kept_are_bounded():
    first = response_prefix(200, "OK", "text/first", "s", True)
    assert response_prefix(200, "OK", "text/first", "s", True) is first
    for number in range(2000):
        response_prefix(200, "OK", f"text/x-{number}", "s", True)
    again = response_prefix(200, "OK", "text/first", "s", True)
    assert again == first
    assert again is not first


def test_a_whole_head_is_that_of_what_is_asked():
    def made(status, kind, keep_alive, size, lines):
        close = b"" if keep_alive else b"Connection: close\r\n"
        return (
            b"HTTP/1.1 %d OK\r\nServer: s\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n%b\r\n"
            % (status, kind.encode(), close, size, lines)
        )

    asked = [
        *((200, "a/b", True, size, DATE) for size in (0, 5, 2047, 2048, 5)),
        *((200, "a/c", True, 5, DATE), (201, "a/c", True, 5, DATE)),
        *((201, "a/c", False, 5, DATE), (201, "a/c", False, 5, DATE.replace(b"37", b"38"))),
    ]
    for each in asked * 2:
        status, kind, keep_alive, size, lines = each
        head = whole_head(status, "OK", kind, "s", keep_alive, size, lines + b"\r\n")
        assert head == made(*each)


def test_names_that_are_kept_are_bounded():
    for number in range(2000):
        check_name(f"X-{number}")
    assert len(serializer._known_names) <= 512


@pytest.mark.parametrize("control", [*map(chr, range(9)), *map(chr, range(10, 32)), "\x7f"])
def test_srv_12_a_control_character_in_a_value_is_refused(control):
    """SRV-12: neither CR nor LF, nor any other control character, reaches the wire."""
    headers = CIMultiDict([("X-Good", "a"), ("X-Bad", f"a{control}b"), ("X-C", "d")])
    for write in (
        lambda: response_head(200, "OK", headers, "", DATE),
        lambda: request_head("GET", "/", headers, ""),
    ):
        with pytest.raises(LocalProtocolError, match="header X-Bad holds the control char") as it:
            write()
        assert repr(control) in it.value.message


@pytest.mark.parametrize(
    "value", ["a\r\nSet-Cookie: b", "\r\n\r\nbody", "a\r", "\n", "a\r\n b", "\r\n", "\n\r"]
)
def test_srv_12_splitting_a_response(value):
    """SRV-12: response splitting in every header, the content type and the reason included."""
    with pytest.raises(LocalProtocolError):
        field_lines(CIMultiDict(A=value))
    with pytest.raises(LocalProtocolError):
        response_prefix(200, "OK", value, "s", True)
    with pytest.raises(LocalProtocolError):
        status_line(200, value)


@pytest.mark.parametrize("name", ["", "a b", "a:", "é", "a\r\nb", "a\n", "(", "a\x00"])
def test_names_that_are_no_tokens_are_refused(name):
    with pytest.raises(LocalProtocolError, match=r"is not a header name \(RFC 9110 5\.1\)"):
        field_lines(CIMultiDict([(name, "b")]))


def test_a_value_that_no_encoding_takes():
    with pytest.raises(LocalProtocolError, match="X-A"):
        request_head("GET", "/", CIMultiDict({"X-A": "\ud800"}), "")


@pytest.mark.parametrize("value", [5, None, b"a", ["a"]])
def test_a_value_that_is_no_text_says_what_to_write(value):
    with pytest.raises(LocalProtocolError, match=r"header X-A .*must be a str"):
        field_lines(CIMultiDict({"X-A": value}))


class Shade(str, enum.Enum):  # noqa: UP042 - StrEnum formats as its text, this does not
    RED = "red"


class Sly(str):
    """Says one thing when it is looked at and another when it is written."""

    def isprintable(self):
        return True

    def __format__(self, spec):
        return "a\r\nb"

    __str__ = __repr__ = lambda self: "a\r\nb"


def test_a_value_of_a_kind_of_str_is_its_text():
    assert field_lines(CIMultiDict(A=Shade.RED, B=Sly("b"))) == "A: red\r\nB: b\r\n"
    with pytest.raises(LocalProtocolError, match="header A holds"):
        field_lines(CIMultiDict(A=Sly("a\r\nb")))


@pytest.mark.parametrize("value", ["a\tb", "\xa0", "\u200b", "\x85", "\udc80", "日本"])
def test_values_that_are_not_printable_but_allowed(value):
    assert field_lines(CIMultiDict(A=value)) == f"A: {value}\r\n"


@pytest.mark.parametrize("status", [99, 600, 0, -1, 1000])
def test_statuses(status):
    with pytest.raises(LocalProtocolError, match="100 to 599"):
        status_line(status, "")
    with pytest.raises(LocalProtocolError, match="100 to 599"):
        response_prefix(status, "", "", "s", True)


@pytest.mark.parametrize("method", ["", "G T", "GET\r\n", "GÉT", "GET "])
def test_methods(method):
    with pytest.raises(LocalProtocolError, match="is not a method"):
        request_head(method, "/", CIMultiDict(), "")


@pytest.mark.parametrize("target", ["", "/a b", "/\r\n", "/a\tb", "/\x00", "/ HTTP/1.1"])
def test_targets(target):
    with pytest.raises(LocalProtocolError, match="cannot be a request target"):
        request_head("GET", target, CIMultiDict(), "")


def test_srv_09_chunks():
    """SRV-09: chunked transfer coding, sent."""
    assert chunk(b"hello") == b"5\r\nhello\r\n"
    assert chunk(b"a" * 255) == b"ff\r\n" + b"a" * 255 + b"\r\n"
    assert LAST_CHUNK == b"0\r\n\r\n"
    assert CONTINUE == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_which_responses_have_bodies():
    assert [status for status in range(100, 600) if not may_have_body(status)] == [
        *range(100, 200),
        204,
        304,
    ]
    assert not version_allows_chunks(HttpVersion10)
    assert version_allows_chunks(HttpVersion11)
    assert version_allows_chunks(HttpVersion20)


tokens = st.text("abcXYZ0189!#$%&'*+-.^_`|~", min_size=1, max_size=12)
values = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=20)


@given(headers=st.lists(st.tuples(tokens, values), max_size=8), reason=values)
def test_what_is_written_is_read(headers, reason):
    headers = [(f"X-{name}", value) for name, value in headers]
    data = response_head(200, reason, CIMultiDict(headers), "", b"")
    head = pyparser.parse_response(data, 0, DEFAULT_LIMITS)
    assert head.size == len(data)
    assert list(head.headers.items()) == [(name, value.strip(" \t")) for name, value in headers]


def test_trailers():
    assert last_chunk(CIMultiDict([("X-A", "b"), ("X-C", "d")])) == (
        b"0\r\nX-A: b\r\nX-C: d\r\n\r\n"
    )
    with pytest.raises(LocalProtocolError, match="header X-A holds"):
        last_chunk(CIMultiDict({"X-A": "b\r\n"}))
    with pytest.raises(LocalProtocolError, match=r"content-type may not be a trailer"):
        last_chunk(CIMultiDict({"content-type": "b"}))


@given(name=st.text(max_size=6), value=st.text(max_size=6))
def test_any_text_is_one_field_or_an_error(name, value):
    try:
        data = response_head(200, "OK", CIMultiDict([(name, value)]), "", b"")
    except LocalProtocolError:
        return
    start, line, rest = data.split(b"\r\n", 2)
    assert start == b"HTTP/1.1 200 OK"
    assert line == f"{name}: {value}".encode("utf-8", "surrogateescape")
    assert rest == b"\r\n"


@pytest.mark.parametrize(
    "name", ["WWW-Authenticate", "If-Match", "Location", "Date", "Vary", "Proxy-Connection"]
)
def test_what_may_not_come_behind_a_body(name):
    with pytest.raises(LocalProtocolError, match="may not be a trailer"):
        last_chunk(CIMultiDict({name: "x"}))
