"""Cookie and Set-Cookie (RFC 6265bis)."""

import http.cookies
from datetime import UTC, datetime

import pytest
from aiolos_protocol.cookies import (
    SetCookie,
    check_prefix,
    format_cookie,
    parse_cookie,
    parse_set_cookie,
    quote_value,
    unquote_value,
)
from aiolos_protocol.cookies.dates import parse_cookie_date
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.limits import Limits
from hypothesis import given
from hypothesis import strategies as st

TOKEN = st.text(alphabet="abcxyzABC019!#$%&'*+-.^_`|~", min_size=1, max_size=12)
LATIN = st.text(st.characters(max_codepoint=0xFF), max_size=30)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# Cookie


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ("", []),
        ("a=b", [("a", "b")]),
        ("a=b; c=d;e=f", [("a", "b"), ("c", "d"), ("e", "f")]),
        (" a = b ;c=d,e=f ", [("a", "b"), ("c", "d,e=f")]),
        ("a=b c; é=ü", [("a", "b c"), ("é", "ü")]),
        ('a="b\\"c\\073d"', [("a", 'b"c;d')]),
        ('x={"a":1, "b":"c"}; k=v', [("x", '{"a":1, "b":"c"}'), ("k", "v")]),
        ("a; =b; c=", [("a", ""), ("c", "")]),
        ("$Version=1; a=b", [("$Version", "1"), ("a", "b")]),
        ("a=1; a=2", [("a", "1"), ("a", "2")]),
        ("path=/x; expires=never", [("path", "/x"), ("expires", "never")]),
        ("a==b=", [("a", "=b=")]),
    ],
)
def test_cookie(value: str, pairs: list[tuple[str, str]]) -> None:
    assert parse_cookie(value) == pairs


def test_quotes_do_not_hide_a_semicolon() -> None:
    assert parse_cookie('a="x; session=stolen"; b=c') == [
        ("a", '"x'),
        ("session", 'stolen"'),
        ("b", "c"),
    ]


def test_cookie_is_written_as_it_was_given() -> None:
    assert format_cookie([("a", '"x y"'), ("b", "ü"), ("", "bare")]) == 'a="x y"; b=ü; bare'
    assert format_cookie([("a", "\udcff\xa0")]) == "a=\udcff\xa0"


@pytest.mark.parametrize("pair", [("a", "b; c=d"), ("a;b", "c"), ("a", "b\r\nX: y"), ("a", "\0")])
def test_cookie_refuses_what_would_be_two(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="quote_value"):
        format_cookie([pair])


@given(st.lists(st.tuples(TOKEN, LATIN), max_size=6))
def test_cookie_round_trip(pairs: list[tuple[str, str]]) -> None:
    written = format_cookie((name, quote_value(value)) for name, value in pairs)
    assert parse_cookie(written) == pairs


# Values


@given(LATIN)
def test_quoted_values_are_read_by_http_cookies(value: str) -> None:
    coded = quote_value(value)
    assert unquote_value(coded) == value
    assert http.cookies._unquote(coded) == value  # type: ignore[attr-defined]
    assert unquote_value(http.cookies._quote(value)) == value  # type: ignore[attr-defined]


def test_what_needs_no_quotes() -> None:
    for value in ("", "abc", "a/b=c?d@[]{}:<>()", "!#$%&'*+-.^_`|~"):
        assert quote_value(value) == value
    assert quote_value("a b,;") == '"a b\\054\\073"'
    assert quote_value("€") == '"€"'
    assert unquote_value('"') == '"'
    assert unquote_value('"\\400"') == "400"


# Set-Cookie


def test_set_cookie() -> None:
    found = parse_set_cookie(
        'id="a b"; Path=/x; domain=.EXAMPLE.com; HttpOnly; Secure=yes; SameSite=lax; Max-Age=10;'
        " Expires=Wed, 21 Oct 2015 07:28:00 GMT; Partitioned; unknown=x"
    )
    assert found == SetCookie(
        "id",
        '"a b"',
        expires=datetime(2015, 10, 21, 7, 28, tzinfo=UTC),
        max_age=10,
        domain="example.com",
        path="/x",
        secure=True,
        httponly=True,
        samesite="Lax",
        partitioned=True,
    )
    assert found.decoded == "a b"


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        ("a=b", "a", "b"),
        (" a = b ", "a", "b"),
        ("a=", "a", ""),
        ("bare", "", "bare"),
        ("=bare", "", "bare"),
        ("a=b=c; x", "a", "b=c"),
        ("é=ü", "é", "ü"),
        ("a=b,c=d", "a", "b,c=d"),
        ("a[]=x", "a[]", "x"),
    ],
)
def test_set_cookie_names(value: str, name: str, text: str) -> None:
    found = parse_set_cookie(value)
    assert (found.name, found.value) == (name, text)


@pytest.mark.parametrize("value", ["", "=", ";", " ; Path=/", "a=b\0", "a=\x7f", "a=b\r\nc=d"])
def test_set_cookies_that_are_ignored(value: str) -> None:
    with pytest.raises(ValueError, match="RFC 6265bis"):
        parse_set_cookie(value)


@pytest.mark.parametrize(
    ("attributes", "cookie"),
    [
        ("Expires=soon", SetCookie("a", "b")),
        ("Expires=Thu, 01 Jan 1970", SetCookie("a", "b", expires=EPOCH)),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", SetCookie("a", "b", expires=EPOCH)),
        ("Max-Age=soon", SetCookie("a", "b")),
        ("Max-Age=", SetCookie("a", "b")),
        ("Max-Age=+5", SetCookie("a", "b")),
        ("Max-Age=٣", SetCookie("a", "b")),
        ("Max-Age=-5", SetCookie("a", "b", max_age=-5)),
        ("Max-Age=" + "9" * 30, SetCookie("a", "b", max_age=10**18)),
        ("Max-Age=-" + "9" * 30, SetCookie("a", "b", max_age=-(10**18))),
        ("Max-Age=1; Max-Age=2; Max-Age=x", SetCookie("a", "b", max_age=2)),
        ("Path=x", SetCookie("a", "b")),
        ("Path=/x; Path", SetCookie("a", "b")),
        ("Domain=", SetCookie("a", "b")),
        ("SameSite=weird", SetCookie("a", "b")),
        ("SAMESITE = STRICT ;; SECURE", SetCookie("a", "b", samesite="Strict", secure=True)),
    ],
)
def test_attributes(attributes: str, cookie: SetCookie) -> None:
    assert parse_set_cookie(f"a=b; {attributes}") == cookie


def test_limit_of_a_cookie() -> None:
    limits = Limits(cookie=10)
    assert parse_set_cookie("name=" + "v" * 6, limits).value == "v" * 6
    assert parse_set_cookie("name=ü234", limits).value == "ü234"
    for value in ("name=" + "v" * 7, "name=üüüü"):
        with pytest.raises(LimitExceeded, match="cookie=10"):
            parse_set_cookie(value, limits)


def test_what_narrows_a_cookie_holds_however_much_stands_behind_it() -> None:
    long = "x" * 1025
    found = parse_set_cookie(f"a=b; Secure={long}; HttpOnly={long}; Partitioned={long}")
    assert (found.secure, found.httponly, found.partitioned) == (True, True, True)


def test_limit_of_an_attribute() -> None:
    limits = Limits(cookie_attribute=4)
    assert parse_set_cookie("a=b; Path=/abc", limits).path == "/abc"
    assert parse_set_cookie("a=b; Path=/abcd", limits).path == ""


# Dates


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "6 nov 94 8:49:37",
        "08:49:37junk 06th November 1994 GMT+0900",
        "1994 nov 06 08:49:37",
        "Sun,06/Nov/1994,08:49:37",
    ],
)
def test_dates(value: str) -> None:
    assert parse_cookie_date(value) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["", "Sun", "06 Nov", "06 Nov 08:49:37", "1994 08:49:37 Nov", "31 Feb 2020 00:00:00",
     "06 Nov 1600 08:49:37", "06 Nov 1994 24:00:00", "06 Nov 1994 08:60:00", "06 Nov 1994 08:49:60",
     "00 Nov 1994 08:49:37", "06 Nov 12345 08:49:37", "06 Nov 1994 08:49:377"],
)  # fmt: skip
def test_what_is_no_date(value: str) -> None:
    assert parse_cookie_date(value) is None


@pytest.mark.parametrize(
    ("year", "full"), [("69", 2069), ("70", 1970), ("99", 1999), ("00", 2000), ("069", 2069)]
)
def test_two_digit_years(year: str, full: int) -> None:
    found = parse_cookie_date(f"06 Nov {year} 08:49:37")
    assert found is not None
    assert found.year == full


# Writing


def test_set_cookie_is_written() -> None:
    cookie = SetCookie.of(
        "id",
        "a b",
        expires=EPOCH,
        max_age=0,
        domain="example.com",
        secure=True,
        httponly=True,
        samesite="none",
        partitioned=True,
    )
    assert str(cookie) == (
        'id="a b"; Domain=example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=0;'
        " Partitioned; Path=/; SameSite=None; Secure"
    )
    assert parse_set_cookie(str(cookie)) == cookie


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("", {}, "not a cookie name"),
        ("a b", {}, "not a cookie name"),
        ("a;b", {}, "not a cookie name"),
        ("a", {"path": "/;x"}, "path"),
        ("a", {"domain": "é"}, "domain"),
        ("a", {"path": "/\r\nX: y"}, "path"),
        ("a", {"samesite": "maybe"}, "samesite"),
        ("a", {"max_age": "1; Domain=x"}, "max_age"),
        ("a", {"max_age": 1.5}, "max_age"),
        ("a", {"samesite": "None"}, "secure=True"),
        ("a", {"partitioned": True}, "secure=True"),
        ("__Secure-a", {}, "needs Secure"),
        ("__Host-a", {"secure": True, "domain": "x"}, "Path=/ and no Domain"),
        ("__Host-a", {"secure": True, "path": "/x"}, "Path=/ and no Domain"),
        ("__Http-a", {"secure": True}, "needs HttpOnly"),
        ("__HOST-http-a", {"secure": True, "httponly": True, "path": "/x"}, "Path=/"),
        ("__Host-Http-a", {"secure": True}, "needs HttpOnly"),
    ],
)
def test_what_no_browser_would_keep(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SetCookie.of(name, "v", **options)  # type: ignore[arg-type]


def test_prefixes_that_keep_their_promise() -> None:
    SetCookie.of("__Host-a", "v", secure=True)
    SetCookie.of("__Secure-a", "v", secure=True, domain="x", path="/x")
    SetCookie.of("__Host-Http-a", "v", secure=True, httponly=True)


def test_a_value_cannot_pose_as_a_prefixed_name() -> None:
    with pytest.raises(ValueError, match="without a name"):
        check_prefix(parse_set_cookie("=__Host-id=x; Secure; Path=/"))


@given(TOKEN, LATIN)
def test_set_cookie_round_trip(name: str, value: str) -> None:
    cookie = SetCookie.of(name, value)
    read = parse_set_cookie(str(cookie))
    assert read == cookie
    assert read.decoded == value
