"""Cookies as http.cookies knows them, for those parts of aiohttp's API that show them."""

from collections.abc import Iterable
from http.cookies import Morsel, SimpleCookie
from typing import TYPE_CHECKING

from ..fields.dates import format_http_date
from .dates import parse_cookie_date
from .response import SetCookie

if TYPE_CHECKING:
    _Base = Morsel[str]
else:
    _Base = Morsel


class CookieMorsel(_Base):
    """A Morsel that knows Partitioned on every Python, and takes every name and value that a
    server may send, also those for which Morsel.set() raises."""

    _reserved = {**Morsel._reserved, "partitioned": "Partitioned"}  # type: ignore[attr-defined]  # noqa: RUF012
    _flags = {*Morsel._flags, "partitioned"}  # type: ignore[attr-defined]  # noqa: RUF012

    def set(self, key: str, val: str, coded_val: str) -> None:
        """Name, value and the value as it stands on the wire."""
        self._key = key
        self._value = val
        self._coded_value = coded_val

    def copy(self) -> "CookieMorsel":
        """A copy of its own kind."""
        other = CookieMorsel()
        dict.update(other, self)
        other.set(self.key, self.value, self.coded_value)
        return other


def morsel_of(cookie: SetCookie) -> CookieMorsel:
    """`cookie` as a Morsel; what it does not set is "", as in http.cookies."""
    morsel = CookieMorsel()
    morsel.set(cookie.name, cookie.decoded, cookie.value)
    attributes: dict[str, str | bool] = {
        "expires": "" if cookie.expires is None else format_http_date(cookie.expires),
        "max-age": "" if cookie.max_age is None else str(cookie.max_age),
        "domain": cookie.domain,
        "path": cookie.path,
        "secure": cookie.secure or "",
        "httponly": cookie.httponly or "",
        "samesite": cookie.samesite,
        "partitioned": cookie.partitioned or "",
    }
    dict.update(morsel, attributes)
    return morsel


def set_cookie_of(morsel: "Morsel[str]") -> SetCookie:
    """`morsel` as a SetCookie; attributes that mean nothing are left out, as a client would."""
    max_age = str(morsel["max-age"])
    path = morsel["path"]
    return SetCookie(
        morsel.key,
        morsel.coded_value,
        parse_cookie_date(morsel["expires"]) if morsel["expires"] else None,
        int(max_age) if max_age.removeprefix("-").isdecimal() and max_age.isascii() else None,
        morsel["domain"].removeprefix(".").lower(),
        path if path.startswith("/") else "",
        bool(morsel["secure"]),
        bool(morsel["httponly"]),
        str(morsel.get("samesite", "")).capitalize(),
        bool(morsel.get("partitioned")),
    )


def simple_cookie(cookies: Iterable[SetCookie]) -> SimpleCookie:
    """The cookies by their names; of one name the last counts."""
    jar = SimpleCookie()
    for cookie in cookies:
        jar[cookie.name] = morsel_of(cookie)
    return jar
