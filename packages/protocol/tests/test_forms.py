"""Forms: FormData, and urlencoded bodies."""

import datetime as dt
import enum
import io
import tracemalloc
from array import array
from collections import UserString, deque
from collections.abc import AsyncIterator
from decimal import Decimal
from email import message_from_bytes
from email.message import Message
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiolos_protocol.errors import LimitExceeded, RemoteProtocolError
from aiolos_protocol.forms import FormData, parse_urlencoded
from aiolos_protocol.limits import Limits
from aiolos_protocol.multipart import MultipartWriter
from aiolos_protocol.payload import BytesPayload, Payload, StringPayload
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


async def urlencoded(form: FormData) -> str:
    assert not form.is_multipart
    payload = form()
    assert payload.size == len(await payload.as_bytes())
    return (await payload.as_bytes()).decode("ascii")


async def parts(form: FormData) -> list[tuple[str | None, str | None, str, bytes]]:
    """`(name, filename, content type, content)` as the email package reads them."""
    assert form.is_multipart
    payload = form()
    data = await payload.as_bytes()
    assert payload.size in (None, len(data))
    head = f"Content-Type: {payload.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + data, policy=HTTP)
    assert not message.defects
    return [_part(part) for part in message.get_payload()]  # type: ignore[arg-type,union-attr]


def _part(part: Message) -> tuple[str | None, str | None, str, bytes]:
    name = part.get_param("name", header="Content-Disposition")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    content_type = str(part["Content-Type"]).replace('"', "")
    return str(name), part.get_filename(), content_type, content


async def written(payload: Payload) -> bytes:
    data = bytearray()

    class Writer:
        async def write(self, piece: bytes) -> None:
            data.extend(piece)

    await payload.write(Writer())
    return bytes(data)


# Urlencoded


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ""),
        ((), ""),
        ({"a": "b", "é": "ß &="}, "a=b&%C3%A9=%C3%9F+%26%3D"),
        ([("a", "1"), ("a", "2")], "a=1&a=2"),
        ([["a", "1"]], "a=1"),
        (MultiDict([("a", "1"), ("a", "2")]), "a=1&a=2"),
        ([MultiDict([("a", "1"), ("a", "2")]), ("b", "")], "a=1&a=2&b="),
        ({"a": 1, "b": 2.5, "c": True, "d": Decimal("1.0")}, "a=1&b=2.5&c=True&d=1.0"),
        ({"day": dt.date(2020, 1, 2)}, "day=2020-01-02"),
        ((pair for pair in [("a", "b")]), "a=b"),
    ],
)
async def test_urlencoded(fields: Any, expected: str) -> None:
    form = FormData(fields)
    assert await urlencoded(form) == expected
    assert form().content_type == "application/x-www-form-urlencoded"


class Colour(str, enum.Enum):  # noqa: UP042 - the older form is what needs care
    RED = "red"


async def test_enums_are_sent_by_value() -> None:
    assert await urlencoded(FormData({"a": Colour.RED})) == "a=red"
    form = FormData({"a": Colour.RED}, default_to_multipart=True)
    assert [content for *_, content in await parts(form)] == [b"red"]


async def test_urlencoded_in_another_charset() -> None:
    form = FormData({"ä": "ü"}, charset="latin-1")
    assert await urlencoded(form) == "%E4=%FC"
    assert form().content_type == "application/x-www-form-urlencoded; charset=latin-1"


async def test_a_form_can_be_sent_again() -> None:
    form = FormData({"a": "b", "f": io.BytesIO(b"file")})
    for _ in range(2):
        assert [content for *_, content in await parts(form)] == [b"b", b"file"]
    assert await written(form()) == await written(form())
    form.add_field("c", "d")
    assert [content for *_, content in await parts(form)] == [b"b", b"file", b"d"]


@pytest.mark.parametrize(
    "value",
    [
        ["1", 2],
        ("1", 2),
        range(1, 3),
        deque("12"),
        array("i", [1, 2]),
        {"1": 0, 2: 0}.keys(),
        {0: "1", 1: 2}.values(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_list_is_a_field_for_each_of_its_members(value: Any) -> None:
    assert FormData({"a": value, "b": "3", "c": []})().decode() == "a=1&a=2&b=3"


def test_what_is_like_a_str_is_one_text() -> None:
    assert FormData({"a": UserString("12")})().decode() == "a=12"


@pytest.mark.parametrize(
    "value", [("name.txt", io.BytesIO(b"x")), [b"x"], [["a"]]], ids=["file", "bytes", "list"]
)
def test_a_list_holds_text_and_numbers_alone(value: Any) -> None:
    with pytest.raises(TypeError, match=r"the form field 'f' holds .* call add_field\(\)"):
        FormData({"f": value})


class Bag:
    """What has members, and is none of the kinds that the language knows."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Any:
        return iter("1")

    def __contains__(self, each: object) -> bool:
        return each == "1"

    def __str__(self) -> str:
        return "[1]"


@pytest.mark.parametrize(
    "value",
    [
        {"x": 1},
        MultiDict(x="1"),
        [{"x": 1}],
        {"1"},
        frozenset("1"),
        Bag(),
        None,
        iter("1"),
        object(),
    ],
)
@pytest.mark.parametrize("multipart", [False, True])
def test_values_that_would_be_sent_as_nonsense_are_refused(value: Any, multipart: bool) -> None:
    form = FormData(default_to_multipart=multipart)
    kind = "dict" if isinstance(value, list) else type(value).__name__
    with pytest.raises(TypeError, match=f"field 'a' is {kind}, .*json.dumps"):
        form.add_field("a", value)


@pytest.mark.parametrize(
    "fields", [5, "text", b"bytes", [1], [("a", "b", "c")], [("a",)], object()]
)
def test_what_is_no_form(fields: Any) -> None:
    with pytest.raises(TypeError, match="is not a field of a form; a form is given as"):
        FormData(fields)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"name": 1}, TypeError, "name"),
        ({"content_type": 5}, TypeError, "content_type"),
        ({"filename": 5}, TypeError, "filename"),
        ({"filename": {}}, TypeError, "filename"),
        ({"content_transfer_encoding": 0}, TypeError, "content_transfer_encoding"),
        ({"content_transfer_encoding": 5}, TypeError, "content_transfer_encoding"),
        ({"content_type": "a/b\r\nX: y"}, ValueError, "control character"),
        ({"name": "a\r\nb"}, ValueError, "control character"),
        ({"filename": "a\0"}, ValueError, "control character"),
    ],
)
def test_options_of_a_wrong_kind(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        FormData().add_field(**{"name": "a", "value": "b", **options})


# Multipart


@pytest.mark.parametrize(
    "options",
    [{"content_type": "text/x"}, {"filename": "f"}, {"content_transfer_encoding": "base64"}],
)
@pytest.mark.filterwarnings("ignore:content_transfer_encoding:DeprecationWarning")
def test_what_makes_a_form_multipart(options: dict[str, str]) -> None:
    form = FormData({"a": "b"})
    assert not form.is_multipart
    form.add_field("c", "d", **options)  # type: ignore[arg-type]
    assert form.is_multipart
    assert isinstance(form(), MultipartWriter)


async def test_content_transfer_encoding_is_deprecated() -> None:
    form = FormData()
    with pytest.warns(DeprecationWarning, match="RFC 7578 4.7.*BytesPayload") as told:
        form.add_field("a", b"b", content_transfer_encoding="base64")
    assert told[0].filename == __file__
    assert await parts(form) == [("a", None, "application/octet-stream", b"b")]


async def test_cli_40_fields_and_files(tmp_path: Path) -> None:
    """The writing half of CLI-40."""
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG\r\n--boundary\r\n")
    form = FormData({"text": "grün", "number": 7})
    form.add_field("bytes", b"raw")
    form.add_field("memory", io.BytesIO(b"in memory"))
    form.add_field("named", io.BytesIO(b"{}"), filename="a.json")
    form.add_field("typed", "<x/>", content_type="application/xml", filename="x")
    form.add_field("payload", StringPayload("own"))
    with path.open("rb") as opened:
        form.add_field("file", opened)
        assert await parts(form) == [
            ("text", None, "text/plain; charset=utf-8", "grün".encode()),
            ("number", None, "text/plain; charset=utf-8", b"7"),
            ("bytes", "bytes", "application/octet-stream", b"raw"),
            ("memory", "memory", "application/octet-stream", b"in memory"),
            ("named", "a.json", "application/json", b"{}"),
            ("typed", "x", "application/xml", b"<x/>"),
            ("payload", None, "text/plain; charset=utf-8", b"own"),
            ("file", "photo.png", "image/png", path.read_bytes()),
        ]


async def test_open_files_are_named_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    with path.open("rb") as opened:
        for fields in (opened, [opened]):
            opened.seek(0)
            assert await parts(FormData(fields)) == [("a.txt", "a.txt", "text/plain", b"x")]


async def test_streams_make_a_form_of_unknown_size() -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"one,"
        yield b"two"

    form = FormData({"stream": source()})
    assert form().size is None
    assert await parts(form) == [("stream", "stream", "application/octet-stream", b"one,two")]


async def test_names_are_quoted_as_browsers_do() -> None:
    form = FormData(default_to_multipart=True)
    form.add_field('a"b', "x", filename="ü\\.txt")
    data = await form().as_bytes()
    assert 'name="a%22b"; filename="ü\\\\.txt"\r\n'.encode() in data


async def test_names_without_percent_encoding_and_in_another_charset() -> None:
    form = FormData(quote_fields=False, charset="latin-1", default_to_multipart=True)
    form.add_field('ä"', "ü")
    data = await form().as_bytes()
    assert b'name="\xe4\\""\r\n\r\n\xfc\r\n' in data
    assert b"Content-Type: text/plain; charset=latin-1\r\n" in data


async def test_a_value_can_be_a_payload_of_ones_own() -> None:
    payload: Payload = BytesPayload(b"x", headers={"X-Own": "y"})
    form = FormData({"a": payload})
    data = await form().as_bytes()
    assert b"X-Own: y\r\n" in data


@given(st.lists(st.tuples(NAME, TEXT), max_size=6))
async def test_urlencoded_round_trip(pairs: list[tuple[str, str]]) -> None:
    data = (await urlencoded(FormData(pairs))).encode()
    assert parse_urlencoded(data) == pairs


# Urlencoded bodies


@pytest.mark.parametrize(
    ("data", "pairs"),
    [
        (b"", []),
        (b"a=1&b=2\r\n", [("a", "1"), ("b", "2")]),
        (b"a=&b&=c", [("a", ""), ("b", ""), ("", "c")]),
        (b"a+b=%20%2B+", [("a b", " + ")]),
        (b"a=%C3%BC&b=\xc3\xbc", [("a", "ü"), ("b", "ü")]),
        (b"a=%FF&b=\xff", [("a", "\ufffd"), ("b", "\ufffd")]),
        (b"a=1;b=2", [("a", "1;b=2")]),
        (b"a=%zz%", [("a", "%zz%")]),
        (b"a=b=c", [("a", "b=c")]),
    ],
)
def test_parsing(data: bytes, pairs: list[tuple[str, str]]) -> None:
    assert parse_urlencoded(data) == pairs


def test_parsing_other_charsets() -> None:
    assert parse_urlencoded(b"a=%E4&b=\xe4", "latin-1") == [("a", "ä"), ("b", "ä")]
    # Two bytes, of which browsers escape the first.
    assert parse_urlencoded(b"a=%83a", "shift_jis") == [("a", "ヂ")]
    for charset in ("no-such", "punycode", "idna", "base64", "unicode_escape", "x" * 10_000, "a\0"):
        with pytest.raises(RemoteProtocolError, match="charset") as caught:
            parse_urlencoded(b"a=b", charset)
        assert caught.value.status_hint == 415


def test_limit_of_form_fields() -> None:
    limits = Limits(form_fields=3)
    assert len(parse_urlencoded(b"a=1&b=2&c=3", limits=limits)) == 3
    with pytest.raises(LimitExceeded, match="form_fields=3") as caught:
        parse_urlencoded(b"a=1&b=2&c=3&d=4", limits=limits)
    assert caught.value.status_hint == 413


@pytest.mark.parametrize(
    "charset",
    [
        "cp037",
        "utf-7",
        "utf-16",
        "utf-16-le",
        "utf-32",
        "hz",
        "iso-2022-jp",
        "iso-2022-kr",
        "cp864",
    ],
)
def test_charsets_in_which_ascii_is_something_else(charset: str) -> None:
    """What separates fields must be the same bytes to whoever looks at them."""
    with pytest.raises(RemoteProtocolError, match="does not hold ASCII") as caught:
        parse_urlencoded("&".join(["a=1"] * 20).encode(charset), charset, Limits(form_fields=3))
    assert caught.value.status_hint == 415


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "shift_jis", "gb18030", "euc-kr", "big5"])
def test_limit_of_form_fields_in_another_charset(charset: str) -> None:
    assert len(parse_urlencoded(b"a=1&b=2", charset, Limits(form_fields=2))) == 2
    with pytest.raises(LimitExceeded, match="form_fields=2"):
        parse_urlencoded(b"a=1&b=2&c=3", charset, Limits(form_fields=2))


@given(st.binary(max_size=60))
def test_parsing_anything(data: bytes) -> None:
    pairs = parse_urlencoded(data)
    if data.isascii() and not data.endswith((b"\r", b"\n")):
        assert pairs == parse_qsl(data.decode(), keep_blank_values=True)


PIECES = st.sampled_from(["%", "%4", "%41", "%e3", "%81", "%83", "a", "A", "4", "&", "=", "+", "é"])


@given(
    pieces=st.lists(PIECES, max_size=12),
    charset=st.sampled_from(["utf-8", "latin-1", "shift_jis", "johab"]),
)
def test_escapes_are_read_as_urllib_reads_them(pieces: list[str], charset: str) -> None:
    data = "".join(pieces).encode(charset, "replace")
    text = data.decode(charset, "replace")
    expected = parse_qsl(text, keep_blank_values=True, encoding=charset)
    assert parse_urlencoded(data, charset) == expected


@pytest.mark.parametrize("piece", [b"%", b"%41", b"%a", b"%41a"])
def test_escapes_take_little_memory(piece: bytes) -> None:
    """urllib makes an object of each percent sign: 189 MB of a body of one."""
    data = piece * (1_000_000 // len(piece))
    tracemalloc.start()
    try:
        parse_urlencoded(data)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
