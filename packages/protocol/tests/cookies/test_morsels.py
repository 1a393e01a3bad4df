"""Cookies as Morsel and SimpleCookie show them."""

import http.cookies
import pickle

from aiolos_protocol.cookies import SetCookie, parse_set_cookie
from aiolos_protocol.cookies.morsels import CookieMorsel, morsel_of, set_cookie_of, simple_cookie
from hypothesis import given
from hypothesis import strategies as st

TOKEN = st.text(alphabet="abcxyz019!#$%&'*+-.^_`|~", min_size=1, max_size=12)
COOKIES = st.builds(
    SetCookie.of,
    TOKEN,
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20),
    max_age=st.none() | st.integers(-5, 10**9),
    domain=st.sampled_from(["", "example.com"]),
    path=st.sampled_from(["", "/", "/x"]),
    secure=st.just(True),
    httponly=st.booleans(),
    samesite=st.sampled_from(["", "Lax", "None"]),
    partitioned=st.booleans(),
)


@given(COOKIES)
def test_round_trip_and_the_same_text(cookie: SetCookie) -> None:
    morsel = morsel_of(cookie)
    assert set_cookie_of(morsel) == cookie
    assert parse_set_cookie(morsel.OutputString()) == cookie
    if not cookie.max_age or cookie.max_age > 0:
        assert morsel.OutputString() == str(cookie)


def test_a_morsel_is_one() -> None:
    morsel = morsel_of(parse_set_cookie('a[]="x y"; Partitioned; Secure; Max-Age=1'))
    assert isinstance(morsel, http.cookies.Morsel)
    assert (morsel.key, morsel.value, morsel.coded_value) == ("a[]", "x y", '"x y"')
    assert morsel["max-age"] == "1"
    assert morsel["path"] == ""
    assert morsel["partitioned"] is True
    for other in (morsel.copy(), pickle.loads(pickle.dumps(morsel))):
        assert isinstance(other, CookieMorsel)
        assert other == morsel
        assert other.OutputString() == 'a[]="x y"; Max-Age=1; Partitioned; Secure'


def test_control_characters_in_a_value_do_not_raise() -> None:
    assert morsel_of(parse_set_cookie('a="\\012"')).value == "\n"


def test_simple_cookie() -> None:
    jar = simple_cookie(
        [parse_set_cookie("a=1"), parse_set_cookie("b=2; Path=/"), parse_set_cookie("a=3")]
    )
    assert isinstance(jar, http.cookies.SimpleCookie)
    assert {name: morsel.value for name, morsel in jar.items()} == {"a": "3", "b": "2"}
    assert jar["b"]["path"] == "/"
    assert jar.output(header="", sep=";") == " a=3; b=2; Path=/"


def test_a_plain_morsel_is_taken() -> None:
    jar = http.cookies.SimpleCookie()
    jar["a"] = "x;y"
    jar["a"]["expires"] = "Thu, 01 Jan 1970 00:00:00 GMT"
    jar["a"]["max-age"] = 5
    jar["a"]["domain"] = ".X.com"
    found = set_cookie_of(jar["a"])
    assert (found.decoded, found.max_age, found.domain) == ("x;y", 5, "x.com")
    assert found.expires is not None
