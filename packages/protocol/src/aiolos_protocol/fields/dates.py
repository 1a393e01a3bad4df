"""HTTP dates (RFC 9110 5.6.7)."""

import re
from datetime import UTC, datetime
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_DAY: Final = "(?P<day>[0-9]{2})"
_MONTH: Final = f"(?P<month>{'|'.join(MONTHS)})"
_TIME: Final = "(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
# IMF-fixdate, rfc850-date, asctime-date
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"[A-Z][a-z]{{2}}, {_DAY} {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT",
        rf"[A-Z][a-z]{{5,8}}, {_DAY}-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT",
        rf"[A-Z][a-z]{{2}} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})",
    )
)


def parse_http_date(value: str | None) -> datetime | None:
    """The date, in UTC, that a field names in any of the three forms; None where it is none.

    A recipient ignores a date that is malformed (RFC 9110 13.1.3 and elsewhere), so that is no
    error. Two-digit years are 1970 to 2069 (as RFC 6265bis 5.1.1 has it).
    """
    if not value:
        return None
    text = value.strip(" \t")
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            hour, minute, second = map(int, match["time"].split(":"))
            month = MONTHS.index(match["month"]) + 1
            return instant(full_year(match["year"]), month, int(match["day"]), hour, minute, second)
    return None


def full_year(digits: str) -> int:
    """A year of two digits as one of four."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (1900 if year >= 70 else 2000)


def instant(
    year: int, month: int, day: int, hour: int, minute: int, second: int
) -> datetime | None:
    """The moment in UTC, None where the calendar has none; a leap second is the one before it."""
    try:
        return datetime(year, month, day, hour, minute, second - (second == 60), tzinfo=UTC)
    except ValueError:
        return None


def format_http_date(moment: datetime | float) -> str:
    """An IMF-fixdate of a datetime (a naive one is taken as UTC) or of seconds since 1970."""
    if isinstance(moment, datetime):
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    else:
        utc = datetime.fromtimestamp(moment, UTC)
    day, month = _DAYS[utc.weekday()], MONTHS[utc.month - 1]
    return f"{day}, {utc.day:02} {month} {utc.year:04} {utc:%H:%M:%S} GMT"
