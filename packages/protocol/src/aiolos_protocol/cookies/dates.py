"""The dates of Expires, which servers write in every imaginable way (RFC 6265bis 5.1.1)."""

import re
from datetime import datetime
from typing import Final

from ..fields.dates import MONTHS, full_year, instant

_DELIMITER: Final = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY: Final = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR: Final = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS: Final = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
_FIRST_YEAR: Final = 1601


def parse_cookie_date(value: str) -> datetime | None:
    """The moment in UTC; None where a part is missing or impossible. Linear in `value`.

    A date without a time means its midnight, where the standard would ignore it: what is dated
    "Thu, 01 Jan 1970" is meant to be gone, not to be kept for good.
    """
    time = day = year = None
    month = 0
    for token in _DELIMITER.split(value):
        if time is None and (found := _TIME.match(token)):
            time = found
        elif day is None and (found := _DAY.match(token)):
            day = found
        elif not month and token[:3].lower() in _MONTHS:
            month = _MONTHS[token[:3].lower()]
        elif year is None and (found := _YEAR.match(token)):
            year = found
    if day is None or year is None or not month or (time is None and ":" in value):
        return None
    hour, minute, second = map(int, time.groups()) if time is not None else (0, 0, 0)
    whole = full_year(year[1].lstrip("0").zfill(2))
    if whole < _FIRST_YEAR or second > 59:
        return None
    return instant(whole, month, int(day[1]), hour, minute, second)
