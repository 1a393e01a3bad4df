"""Content-Disposition (RFC 6266, RFC 7578, RFC 8187, RFC 2231)."""

from email.message import Message
from email.utils import collapse_rfc2231_value

import pytest
from aiolos_protocol.fields.disposition import (
    decode_extended,
    encode_extended,
    format_disposition,
    parse_disposition,
)
from hypothesis import given
from hypothesis import strategies as st

NAME = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs"])
)


@pytest.mark.parametrize(
    ("value", "kind", "filename"),
    [
        ("attachment", "attachment", None),
        ("INLINE; filename=foo.html", "inline", "foo.html"),
        ('attachment; filename="foo.html"', "attachment", "foo.html"),
        ('attachment; filename="0000 11; 22.html"', "attachment", "0000 11; 22.html"),
        (r'attachment; filename="\"quoting\" tested.html"', "attachment", '"quoting" tested.html'),
        (r'form-data; filename="C:\dir\a.txt"', "form-data", r"C:\dir\a.txt"),
        (r'attachment; filename="a\\b"', "attachment", r"a\b"),
        ("attachment; filename=foo.html ;", "attachment", "foo.html"),
        ('attachment; filename="open', "attachment", "open"),
        ("attachment; filename*=UTF-8''foo-%c3%a4.html", "attachment", "foo-ä.html"),
        ("attachment; filename*=iso-8859-1'en'foo-%E4.html", "attachment", "foo-ä.html"),
        ("attachment; filename=\"a\"; filename*=utf-8''b", "attachment", "b"),
        ("attachment; filename*=utf-8''b; filename=a", "attachment", "b"),
        ("attachment; filename*=utf-16''b; filename=a", "attachment", "a"),
        ("attachment; filename*=utf-8''%ff; filename=a", "attachment", "a"),
        ("attachment; filename*=nonsense", "attachment", None),
        ('attachment; filename*0="foo."; filename*1="html"', "attachment", "foo.html"),
        ("attachment; filename*0*=UTF-8''foo-%c3%a4; filename*1=.html", "attachment", "foo-ä.html"),
        ("attachment; filename*1=b; filename*0=a", "attachment", "ab"),
        ("attachment; filename*0=a; filename*2=c", "attachment", "a"),
        ("attachment; filename*1=b", "attachment", None),
        ("attachment; filename*00=b", "attachment", None),
        ("attachment; filename*0*=broken", "attachment", None),
        ('attachment; filename="foo-%41.html"', "attachment", "foo-%41.html"),
        ("attachment; filename=a; filename=b", "attachment", "a"),
        ('form-data; filename="a%22b%0D%0a%41"', "form-data", 'a"b\r\n%41'),
        ('form-data; filename="f%C3%BC%20r.txt"', "form-data", "fü r.txt"),
        ('form-data; filename="100%FF%22"', "form-data", '100%FF"'),
        ('form-data; filename="für.txt"', "form-data", "für.txt"),
        ('form-data; filename=""', "form-data", ""),
    ],
)
def test_filenames(value: str, kind: str, filename: str | None) -> None:
    found = parse_disposition(value)
    assert found is not None
    assert (found.type, found.filename) == (kind, filename)


@pytest.mark.parametrize("value", [None, "", "=", "inline filename=a", '"attachment"', "é", "a,b"])
def test_what_names_no_type(value: str | None) -> None:
    assert parse_disposition(value) is None


def test_name_and_basename() -> None:
    found = parse_disposition(r'form-data; name="field"; filename="..\..\etc/passwd"')
    assert found is not None
    assert (found.name, found.basename) == ("field", "passwd")
    for bare in ("form-data", 'form-data; filename=""', 'form-data; filename="a/"'):
        assert parse_disposition(bare).basename is None  # type: ignore[union-attr]


def test_forms_are_written_as_browsers_write_them() -> None:
    written = format_disposition("form-data", {"name": 'a"b\r\n', "filename": "für\\.txt"})
    assert written == 'form-data; name="a%22b%0D%0A"; filename="für\\\\.txt"'


def test_forms_without_percent_encoding() -> None:
    written = format_disposition("form-data", {"name": 'ö"\\'}, quote_fields=False)
    assert written == r'form-data; name="ö\"\\"'
    with pytest.raises(ValueError, match="control character"):
        format_disposition("form-data", {"name": "a\r\nb"}, quote_fields=False)


@pytest.mark.parametrize(
    "charset", ["hz", "iso-2022-jp", "utf-16", "utf-16-le", "punycode", "cp037"]
)
def test_charsets_that_would_make_other_fields_of_a_name(charset: str) -> None:
    # In HZ these are "~{", then the letters of the attack, two by two.
    name = b'~{";~}~{ab~}'.decode("hz") if charset == "hz" else "\u30a2\u0a0d"
    with pytest.raises(ValueError, match=f"the charset {charset} does not hold ASCII"):
        format_disposition("form-data", {"name": name}, charset=charset)


def test_forms_in_another_charset() -> None:
    written = format_disposition("form-data", {"name": "für€"}, charset="latin-1")
    assert written.encode("utf-8", "surrogateescape") == b'form-data; name="f\xfcr?"'


def test_attachments_by_rfc_6266() -> None:
    assert (
        format_disposition("attachment", {"filename": 'a"b.txt'})
        == r'attachment; filename="a\"b.txt"'
    )
    assert format_disposition("attachment", {"filename": "naïve €.txt"}) == (
        "attachment; filename=\"na_ve _.txt\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt"
    )
    assert format_disposition("attachment", {}) == "attachment"


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [("", {}), ("a b", {}), ("attachment\r\nX: y", {}), ("attachment", {"a b": "c"}),
     ("attachment", {"filename": "a\r\nb"}), ("form-data", {"name": "a\0b"})],
)  # fmt: skip
def test_what_cannot_be_written(kind: str, parameters: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        format_disposition(kind, parameters)


@given(NAME, st.sampled_from(["attachment", "inline"]))
def test_attachments_round_trip(name: str, kind: str) -> None:
    found = parse_disposition(format_disposition(kind, {"filename": name}))
    assert found is not None
    assert found.filename == name


@given(NAME.filter(lambda name: "%" not in name), st.booleans())
def test_forms_round_trip(name: str, quote_fields: bool) -> None:
    parameters = {"name": name, "filename": name}
    written = format_disposition("form-data", parameters, quote_fields=quote_fields)
    found = parse_disposition(written)
    assert found is not None
    assert (found.name, found.filename) == (name, name)


@given(NAME)
def test_extended_round_trip(text: str) -> None:
    assert decode_extended(encode_extended(text)) == text


@given(NAME.filter(lambda text: not text.isascii()))
def test_the_email_package_reads_and_writes_the_same(name: str) -> None:
    message = Message()
    message["Content-Disposition"] = format_disposition("attachment", {"title": name})
    assert collapse_rfc2231_value(message.get_param("title", header="Content-Disposition")) == name
    message = Message()
    message.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
    found = parse_disposition(message["Content-Disposition"])
    assert found is not None
    assert found.filename == name


@pytest.mark.parametrize("name", ["€\n.txt", "\r\n.txt", "\x00"])
def test_a_name_with_control_characters_is_refused(name):
    with pytest.raises(ValueError, match="control character"):
        format_disposition("attachment", {"filename": name})
