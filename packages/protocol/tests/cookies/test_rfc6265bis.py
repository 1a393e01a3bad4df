"""draft-ietf-httpbis-rfc6265bis-22, section by section, as far as parsing and writing go."""

from datetime import UTC, datetime

import pytest
from aiolos_protocol.cookies import (
    SetCookie,
    check_prefix,
    format_cookie,
    parse_cookie,
    parse_set_cookie,
)
from aiolos_protocol.cookies.dates import parse_cookie_date
from aiolos_protocol.errors import LimitExceeded


def test_4_1_1_what_is_written_is_of_the_servers_grammar() -> None:
    cookie = SetCookie.of("id", "a3", path="/", max_age=60, samesite="Lax", secure=True)
    assert str(cookie) == "id=a3; Max-Age=60; Path=/; SameSite=Lax; Secure"
    for name in ("", "a b", "a=b", "a;b", "a\r\nb"):
        with pytest.raises(ValueError, match=r"4\.1\.1"):
            SetCookie.of(name, "x")


def test_4_1_3_prefixes_promise_attributes() -> None:
    check_prefix(parse_set_cookie("__Host-id=1; Secure; Path=/"))
    for field in ("__Host-id=1; Path=/", "__Host-id=1; Secure; Path=/; Domain=a", "__secure-a=1"):
        with pytest.raises(ValueError, match="Secure|Domain"):
            check_prefix(parse_set_cookie(field))


def test_4_2_1_and_5_8_3_the_cookie_field() -> None:
    pairs = [("SID", "31d4d96e407aad42"), ("lang", "en-US")]
    assert format_cookie(pairs) == "SID=31d4d96e407aad42; lang=en-US"
    assert parse_cookie("SID=31d4d96e407aad42; lang=en-US") == pairs


def test_5_1_1_dates_in_every_order() -> None:
    moment = datetime(2021, 6, 9, 10, 18, 14, tzinfo=UTC)
    for text in (
        "Wed, 09 Jun 2021 10:18:14 GMT",
        "10:18:14 9 june 2021",
        "2021/Jun/09 10:18:14",
        "Wed-09-JUN-21 10:18:14",
    ):
        assert parse_cookie_date(text) == moment, text
    for text in ("Wed, 09 Jun 1600 10:18:14 GMT", "32 Jun 2021 10:18:14", "9 Jun 2021 24:00:00"):
        assert parse_cookie_date(text) is None, text


@pytest.mark.parametrize("control", ["\0", "\n", "\r", "\x08", "\x1f", "\x7f"])
def test_5_6_control_characters_drop_the_cookie(control: str) -> None:
    with pytest.raises(ValueError, match=r"5\.6"):
        parse_set_cookie(f"a=b{control}c")


def test_5_6_the_sum_of_name_and_value_is_bounded() -> None:
    assert parse_set_cookie("a" * 96 + "=" + "b" * 4000)
    with pytest.raises(LimitExceeded, match="cookie=4096"):
        parse_set_cookie("a" * 97 + "=" + "b" * 4000)


def test_5_6_an_attribute_that_is_too_long_is_ignored() -> None:
    assert parse_set_cookie("a=b; Path=/" + "x" * 1023).path
    assert not parse_set_cookie("a=b; Path=/" + "x" * 1024).path


def test_5_6_1_and_5_6_2_expires_and_max_age_that_are_malformed_are_ignored() -> None:
    cookie = parse_set_cookie("a=b; Expires=soon; Max-Age=1x")
    assert (cookie.expires, cookie.max_age) == (None, None)
    assert parse_set_cookie("a=b; max-AGE=-1").max_age == -1


def test_5_6_3_a_domain_loses_its_dot_and_its_capitals() -> None:
    assert parse_set_cookie("a=b; Domain=.Example.COM").domain == "example.com"


def test_5_6_4_a_path_begins_with_a_slash() -> None:
    assert parse_set_cookie("a=b; Path=x").path == ""
    assert parse_set_cookie("a=b; Path=/x; path=/y").path == "/y"


def test_5_6_7_same_site_is_case_insensitive() -> None:
    assert parse_set_cookie("a=b; samesite=STRICT").samesite == "Strict"
    assert parse_set_cookie("a=b; SameSite=other").samesite == ""


def test_5_7_a_cookie_without_a_name_may_not_pose_as_one_with_a_prefix() -> None:
    with pytest.raises(ValueError, match=r"5\.7"):
        check_prefix(parse_set_cookie("=__Host-a=b; Secure; Path=/"))
