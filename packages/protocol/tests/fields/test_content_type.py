"""Content-Type (RFC 9110 8.3)."""

from email.message import Message

import pytest
from aiolos_protocol.fields.content_type import (
    ContentType,
    _parse,
    _parse_pieces,
    parse_content_type,
)
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict, MultiDictProxy

TOKEN = st.text(alphabet="abcxyz019!#$&-^_.+", min_size=1, max_size=12)
TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


def test_parts() -> None:
    found = parse_content_type('Application/Problem+JSON ; Charset="UTF-8"; q=1')
    assert found.type == "application"
    assert found.subtype == "problem+json"
    assert found.suffix == "json"
    assert found.essence == "application/problem+json"
    assert found.charset == "utf-8"
    assert found.is_json
    assert dict(found.parameters) == {"charset": "UTF-8", "q": "1"}
    assert str(found) == "application/problem+json; charset=UTF-8; q=1"


@pytest.mark.parametrize(
    "value",
    [None, "", "*", "text", "text/", "/html", "te xt/html", "; text/html", "a/b/c", "a/b,c/d"],
)
def test_what_is_no_media_type_is_bytes(value: str | None) -> None:
    found = parse_content_type(value)
    assert (found.essence, found.suffix, found.charset) == ("application/octet-stream", "", None)
    assert not found.parameters


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        ('multipart/form-data; boundary="a;b"; x', "a;b"),
        ("multipart/form-data; boundary=a=b", "a=b"),
        (r'multipart/mixed; boundary="a\"b"', 'a"b'),
        ('multipart/mixed; boundary="open', "open"),
        ("multipart/mixed; boundary=first; boundary=second", "first"),
        ("multipart/mixed;;;; boundary=x;", "x"),
    ],
)
def test_boundaries(value: str, boundary: str) -> None:
    assert parse_content_type(value).parameters["boundary"] == boundary


@pytest.mark.parametrize(
    ("value", "is_text"),
    [
        ("text/plain", True),
        ("application/json", True),
        ("image/svg+xml", True),
        ("application/javascript; charset=utf-8", True),
        ("image/png", False),
        ("application/zip", False),
    ],
)
def test_what_is_text(value: str, is_text: bool) -> None:
    assert parse_content_type(value).is_text is is_text


@given(TOKEN, TOKEN, st.dictionaries(TOKEN, TEXT, max_size=4))
def test_round_trip(main: str, sub: str, parameters: dict[str, str]) -> None:
    written = ContentType(main, sub, MultiDictProxy(MultiDict(parameters)))
    read = parse_content_type(str(written))
    assert (read.type, read.subtype) == (main, sub)
    assert dict(read.parameters) == parameters


@given(
    TOKEN.filter(str.isalnum), TOKEN.filter(str.isalnum), TEXT.filter(lambda text: "\\" not in text)
)
def test_the_email_package_agrees(main: str, sub: str, value: str) -> None:
    text = str(ContentType(main, sub, MultiDictProxy(MultiDict(name=value))))
    message = Message()
    message["Content-Type"] = text
    assert message.get_content_type() == parse_content_type(text).essence
    if value.strip() == value and value and '"' not in value:
        assert message.get_param("name") == parse_content_type(text).parameters["name"]


@given(
    st.text(alphabet='ab/;= "\\\té,', max_size=20)
    | st.tuples(TOKEN, TOKEN, TOKEN, TEXT).map(lambda parts: '{}/{}; {}="{}"'.format(*parts))
)
def test_the_short_way_and_the_long_one_agree(value: str) -> None:
    assert _parse(value) == _parse_pieces(value)
