"""Content-Type (RFC 9110 8.3)."""

import codecs
import encodings
import pkgutil
import subprocess
import sys
from email.message import Message

import pytest
from aiolos_protocol.fields.content_type import (
    ContentType,
    _codec,
    _parse,
    _parse_pieces,
    charset_codec,
    guess_content_type,
    parse_content_type,
)
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict, MultiDictProxy

TOKEN = st.text(alphabet="abcxyz019!#$&-^_.+", min_size=1, max_size=12)
TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


def test_a_type_is_guessed_without_reading_a_file() -> None:
    words = """
import os, sys
from aiolos_protocol.fields.content_type import guess_content_type
seen = []
sys.addaudithook(lambda event, args: seen.append(args) if event == "open" else None)
os.stat = os.path.isfile = seen.append
assert guess_content_type("a.png") == "image/png"
assert not seen, seen
import mimetypes
assert not mimetypes.inited
"""
    subprocess.run([sys.executable, "-c", words], check=True)
    assert guess_content_type("a.tar.gz") == "application/gzip"


def test_parts() -> None:
    found = parse_content_type('Application/Problem+JSON ; Charset="UTF-8"; q=1')
    assert found.type == "application"
    assert found.subtype == "problem+json"
    assert found.suffix == "json"
    assert found.essence == "application/problem+json"
    assert found.charset == "UTF-8"
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


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("iso-8859-1", "iso8859-1"),
        ("latin1", "iso8859-1"),
        ("ISO_8859-15", "iso8859-15"),
        ("windows-1252", "cp1252"),
        ("us-ascii", "ascii"),
        ("ANSI_X3.4-1968", "ascii"),
        ("Shift_JIS", "shift_jis"),
        ("gb18030", "gb18030"),
        ("koi8-r", "koi8-r"),
        ("koi8-u", "koi8-u"),
        ("cp874", "cp874"),
        ("cp437", "cp437"),
        ("utf-16le", "utf-16-le"),
        ("utf-8-sig", "utf-8-sig"),
        ("", None),
        ("no-such", None),
        ("aliases", None),
        ("base64", None),
        ("rot13", None),
        ("punycode", None),
        ("idna", None),
        ("undefined", None),
        ("unicode_escape", None),
        ("utf-8\0", None),
        ("ütf-8", None),
        ("x" * 41, None),
    ],
)
def test_charsets(name: str, codec: str | None) -> None:
    assert charset_codec(name) == codec


def test_every_charset_of_python_is_known() -> None:
    """But for those of Windows, and what is none."""
    for module in pkgutil.iter_modules(encodings.__path__):
        try:
            codec = codecs.lookup(module.name)
            "".encode(codec.name)
        except (LookupError, UnicodeError):
            continue
        if codec.name in ("charmap", "idna", "mbcs", "oem", "punycode"):
            continue
        if "unicode" not in codec.name:
            assert charset_codec(module.name) == codec.name


def test_names_that_a_peer_makes_up_are_not_kept() -> None:
    shown: list[str] = []

    def search(name: str) -> None:
        shown.append(name)

    codecs.register(search)
    try:
        for number in range(300):
            assert charset_codec(f"x{number:039d}") is None
            # Each is a spelling of its own to the interpreter.
            assert charset_codec(f"utf{'-' * (number % 30)}-8") == "utf-8"
    finally:
        codecs.unregister(search)
    assert shown == []
    assert not [name for name in encodings._cache if "00000" in name]  # type: ignore[attr-defined]
    assert 0 < _codec.cache_info().currsize <= 64
