"""HTTP dates (RFC 9110 5.6.7)."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from aiolos_protocol.fields.dates import format_http_date, parse_http_date
from hypothesis import given
from hypothesis import strategies as st

MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        " Sun, 06 Nov 1994 08:49:37 GMT\t",
    ],
)
def test_the_three_forms(value: str) -> None:
    assert parse_http_date(value) == MOMENT


@pytest.mark.parametrize(
    "value",
    [None, "", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 +0000",
     "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
     "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
     "Sun, 06 nov 1994 08:49:37 GMT", "784111777",
     "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, ٠٦ Nov 1994 08:49:37 GMT"],
)  # fmt: skip
def test_what_is_no_date(value: str | None) -> None:
    assert parse_http_date(value) is None


def test_two_digit_years_and_leap_seconds() -> None:
    assert parse_http_date("Monday, 01-Jan-70 00:00:00 GMT") == datetime(1970, 1, 1, tzinfo=UTC)
    assert parse_http_date("Monday, 01-Jan-69 00:00:00 GMT") == datetime(2069, 1, 1, tzinfo=UTC)
    leap = parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT")
    assert leap == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_writing() -> None:
    assert format_http_date(MOMENT) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert format_http_date(MOMENT.timestamp()) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert format_http_date(MOMENT.replace(tzinfo=None)) == "Sun, 06 Nov 1994 08:49:37 GMT"
    east = MOMENT.astimezone(timezone(timedelta(hours=5)))
    assert format_http_date(east) == "Sun, 06 Nov 1994 08:49:37 GMT"


@given(MOMENTS)
def test_round_trip_and_the_email_package(moment: datetime) -> None:
    written = format_http_date(moment)
    assert parse_http_date(written) == moment.replace(microsecond=0)
    assert written == format_datetime(moment, usegmt=True)
    assert parsedate_to_datetime(written) == parse_http_date(written)
