"""Cookie values: what stands in quotes and why."""

import re
from typing import Final

# RFC 6265bis 4.1.1:  cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E
_OCTETS: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
_ESCAPE: Final = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)
_TO_ESCAPE: Final = {
    **{code: f"\\{code:03o}" for code in (*range(0x20), *range(0x7F, 0x100))},
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord(","): "\\054",
    ord(";"): "\\073",
}


def quote_value(value: str) -> str:
    """`value` as a cookie may carry it: as it is where RFC 6265bis 4.1.1 allows, else in quotes,
    with octal escapes for what would end or break the field, as http.cookies has always read it.

    The escapes are no part of the standard: browsers hand the quoted form back untouched.
    """
    if _OCTETS.fullmatch(value):
        return value
    return '"' + value.translate(_TO_ESCAPE) + '"'


def unquote_value(value: str) -> str:
    """The inverse of quote_value(); a value without quotes is returned as it is."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    inside = value[1:-1]
    return _ESCAPE.sub(_unescape, inside) if "\\" in inside else inside


def _unescape(match: "re.Match[str]") -> str:
    return chr(int(match[1], 8)) if match[1] else match[2]
