"""Cookies by RFC 6265bis (draft-ietf-httpbis-rfc6265bis-22), read and written in linear time.

`Cookie` and `Set-Cookie` need nothing of http.cookies; `cookies.morsels` turns them into the
`Morsel` and `SimpleCookie` that aiohttp's API shows, and is imported only where those are asked.
"""

from .request import format_cookie, parse_cookie
from .response import SetCookie, check_prefix, parse_set_cookie
from .values import quote_value, unquote_value

__all__ = [
    "SetCookie",
    "check_prefix",
    "format_cookie",
    "parse_cookie",
    "parse_set_cookie",
    "quote_value",
    "unquote_value",
]
