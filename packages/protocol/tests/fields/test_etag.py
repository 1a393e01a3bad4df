"""Entity tags (RFC 9110 8.8.3, 13.1)."""

import pytest
from aiolos_protocol.fields.etag import (
    ETAG_ANY,
    ETag,
    check_etag,
    parse_etag,
    parse_etags,
    strong_match,
    weak_match,
)
from hypothesis import given
from hypothesis import strategies as st

ETAGC = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x2FF, exclude_characters="\x7f"))
TAGS = st.lists(st.builds(ETag, ETAGC.filter(lambda text: text != "*"), st.booleans()), min_size=1)


def test_writing() -> None:
    assert str(ETag("xyzzy")) == '"xyzzy"'
    assert str(ETag("xyzzy", is_weak=True)) == 'W/"xyzzy"'
    assert str(ETag("")) == '""'
    assert str(ETag(ETAG_ANY)) == "*"


@pytest.mark.parametrize("value", ['a"b', "a b", "a\r\n", "a\x7f"])
def test_what_no_tag_may_hold(value: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 9110 8\.8\.3"):
        check_etag(value)
    with pytest.raises(ValueError):
        str(ETag(value))


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ('"a"', ETag("a")),
        (' W/"a" ', ETag("a", is_weak=True)),
        ('w/"a"', None),
        ("a", None),
        ('"a" "b"', None),
        ('"a\\"', ETag("a\\")),
        ("", None),
    ],
)
def test_one(value: str, tag: ETag | None) -> None:
    assert parse_etag(value) == tag


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("*", (ETag("*"),)),
        ('"a", W/"b","c"', (ETag("a"), ETag("b", is_weak=True), ETag("c"))),
        ('"a,b" , ,"c"', (ETag("a,b"), ETag("c"))),
        ('"a" "b"', ()),
        ('"a", b, "c"', (ETag("a"),)),
        ("", ()),
        ('"a",', (ETag("a"),)),
    ],
)
def test_lists(value: str, tags: tuple[ETag, ...]) -> None:
    assert parse_etags(value) == tags


def test_comparison_by_the_table_of_the_standard() -> None:
    weak, other, strong = ETag("1", is_weak=True), ETag("2", is_weak=True), ETag("1")
    for one, two, strongly, weakly in (
        (weak, weak, False, True),
        (weak, other, False, False),
        (weak, strong, False, True),
        (strong, strong, True, True),
    ):
        assert strong_match(one, [two]) is strong_match(two, [one]) is strongly
        assert weak_match(one, [two]) is weak_match(two, [one]) is weakly
    assert strong_match(weak, [ETag(ETAG_ANY)])
    assert weak_match(strong, [ETag(ETAG_ANY)])
    assert not strong_match(None, [ETag(ETAG_ANY)])
    assert not weak_match(None, [ETag(ETAG_ANY)])


def test_an_asterisk_in_quotes_is_not_any() -> None:
    for field in ('"*"', 'W/"*"', '"*", "b"'):
        assert not strong_match(ETag("a"), parse_etags(field))
        assert not weak_match(ETag("a"), parse_etags(field))
    assert parse_etags('"*", "b"') == (ETag("b"),)
    assert parse_etag('"*"') is None


def test_empty_members_in_front_are_ignored() -> None:
    assert parse_etags(' , ,"a"') == (ETag("a"),)
    assert parse_etags(",") == ()


@given(TAGS)
def test_round_trip(tags: list[ETag]) -> None:
    assert parse_etags(", ".join(map(str, tags))) == tuple(tags)


def test_what_is_no_text_is_told() -> None:
    with pytest.raises(TypeError, match="Unsupported etag type: a tag is a str, not 123"):
        str(ETag(123))  # type: ignore[arg-type]
