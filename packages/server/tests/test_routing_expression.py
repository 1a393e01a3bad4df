"""What is plain to see of a regular expression."""

import re

import pytest
from aiolos_server.routing.expression import literal_ends, tokens_of
from hypothesis import example, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("regex", "ends"),
    [
        (r"r17-\d+", ("r17-", "")),
        (r"\d+-r17", ("", "-r17")),
        (r"a\d+b", ("a", "b")),
        (r"v1\.\d+\.tar", ("v1.", ".tar")),
        ("abc", ("abc", "")),
        ("abc?", ("ab", "")),
        ("abc*d", ("ab", "d")),
        ("a{2}b", ("", "b")),
        ("a(b)c", ("a", "c")),
        ("a(?:b|c)d", ("a", "d")),
        ("(a|b)c", ("", "c")),
        ("a|b", ("", "")),
        ("ab|ac", ("", "")),
        (r"a\|b", ("a|b", "")),
        (r"a\(b[^/]c", ("a(b", "c")),
        ("(?!b)abc", ("", "abc")),
        ("", ("", "")),
        # It may match a slash, and who knows where.
        ("a.b", ("", "")),
        (r"a\Db", ("", "")),
        ("a/b", ("", "")),
    ],
)
def test_how_all_begin_and_end_that_fit(regex: str, ends: tuple[str, str]) -> None:
    assert literal_ends(regex) == ends


PIECES = ["a", "b", r"\.", "-", r"\d", "[ab]", "[^/]", "(", "(?:", ")", "|", "?", "*", "+", "{2}"]


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.lists(st.sampled_from("ab.-1"), max_size=8).map("".join),
)
@example("aba", "aba")
@example("ab?(a|b)*b", "ab")
def test_nothing_that_fits_begins_or_ends_otherwise(regex: str, text: str) -> None:
    try:
        fits = re.compile(regex)
    except re.error:
        return
    start, end = literal_ends(regex)
    # A text that fits, where this one does not: with what is known around it.
    for asked in (text, start + text, text + end, start + text + end, start + end):
        if fits.fullmatch(asked):
            assert asked.startswith(start)
            assert asked.endswith(end)
            assert len(asked) >= len(start) + len(end)
    assert tokens_of(regex) is not None
