"""The Set-Cookie field (RFC 6265bis 4.1, 5.6)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

from ..errors import LimitExceeded
from ..fields.dates import format_http_date
from ..fields.syntax import is_token
from ..grammar import CONTROL
from ..limits import DEFAULT_LIMITS, Limits
from .dates import parse_cookie_date
from .values import quote_value, unquote_value

_AV_OCTETS: Final = re.compile(r"[\x20-\x3a\x3c-\x7e]*")
_SAME_SITE: Final = {"strict": "Strict", "lax": "Lax", "none": "None"}
# Beyond 18 digits no moment exists; int() of a long text is slow.
_MAX_AGE: Final = re.compile(r"-?[0-9]{1,18}")
_PREFIXES: Final = ("__Secure-", "__Host-Http-", "__Host-", "__Http-")
_FOREVER: Final = 10**18
_FLAGS: Final = frozenset({"secure", "httponly", "partitioned"})


@dataclass(frozen=True, slots=True)
class SetCookie:
    """One cookie as a server sets it.

    `value` is what stands on the wire, quotes included. `max_age` is in seconds and outranks
    `expires`. `domain` is in lower case without a leading dot, "" where it is absent; `path`
    likewise "". `samesite` is "Strict", "Lax", "None" or "".
    """

    name: str
    value: str
    expires: datetime | None = None
    max_age: int | None = None
    domain: str = ""
    path: str = ""
    secure: bool = False
    httponly: bool = False
    samesite: str = ""
    partitioned: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        value: str,
        *,
        expires: datetime | None = None,
        max_age: int | None = None,
        domain: str = "",
        path: str = "/",
        secure: bool = False,
        httponly: bool = False,
        samesite: str = "",
        partitioned: bool = False,
    ) -> "SetCookie":
        """A cookie to be sent; `value` is any text and is quoted where it must be.

        Raises ValueError where no browser would keep it: a name that is no token, attributes with
        a semicolon, SameSite=None or Partitioned without Secure, a prefix without what it demands.
        """
        if not is_token(name):
            raise ValueError(
                f"{name!r:.80} is not a cookie name, which is a token (RFC 6265bis 4.1.1)"
            )
        for attribute, text in (("domain", domain), ("path", path)):
            if _AV_OCTETS.fullmatch(text) is None:
                raise ValueError(
                    f"the {attribute} {text!r:.80} of the cookie {name} holds a semicolon or is"
                    " not ASCII (RFC 6265bis 4.1.1)"
                )
        if max_age is not None and not isinstance(max_age, int):
            raise ValueError(
                f"max_age of the cookie {name} is a whole number of seconds, not {max_age!r:.80}"
            )
        same = _SAME_SITE.get(samesite.lower(), "")
        if samesite and not same:
            raise ValueError(
                f'samesite of the cookie {name} is "Strict", "Lax" or "None", not {samesite!r:.80}'
            )
        if not secure and (same == "None" or partitioned):
            what = "partitioned=True" if partitioned else 'samesite="None"'
            raise ValueError(
                f"the cookie {name} with {what} needs secure=True, or browsers drop it"
            )
        cookie = cls(
            name=name,
            value=quote_value(value),
            expires=expires,
            max_age=max_age,
            domain=domain,
            path=path,
            secure=secure,
            httponly=httponly,
            samesite=same,
            partitioned=partitioned,
        )
        check_prefix(cookie)
        return cookie

    @property
    def decoded(self) -> str:
        """The value without quotes and escapes."""
        return unquote_value(self.value)

    def __str__(self) -> str:
        """The field's value; attributes in alphabetical order."""
        parts = [f"{self.name}={self.value}"]
        if self.domain:
            parts.append(f"Domain={self.domain}")
        if self.expires is not None:
            parts.append(f"expires={format_http_date(self.expires)}")
        if self.httponly:
            parts.append("HttpOnly")
        if self.max_age is not None:
            parts.append(f"Max-Age={self.max_age}")
        if self.partitioned:
            parts.append("Partitioned")
        if self.path:
            parts.append(f"Path={self.path}")
        if self.samesite:
            parts.append(f"SameSite={self.samesite}")
        if self.secure:
            parts.append("Secure")
        return "; ".join(parts)


def parse_set_cookie(value: str, limits: Limits = DEFAULT_LIMITS) -> SetCookie:
    """The cookie that a Set-Cookie field sets (RFC 6265bis 5.6).

    Raises ValueError where a client must ignore the field: control characters, or neither name
    nor value; LimitExceeded where name and value are more than `limits.cookie` bytes. Attributes
    that are malformed, or longer than `limits.cookie_attribute`, are ignored, as the standard
    has it, but for Secure, HttpOnly and Partitioned; of repeated ones the last counts. Whether a
    client keeps the cookie (its domain, its prefix: check_prefix()) is another matter. Linear in
    the length of `value`.
    """
    if CONTROL.search(value):
        raise ValueError(f"the cookie {value!r:.80} holds control characters (RFC 6265bis 5.6)")
    pair, *attributes = value.split(";")
    name, equals, text = pair.partition("=")
    if not equals:
        name, text = "", pair
    name, text = name.strip(" \t"), text.strip(" \t")
    if not name and not text:
        raise ValueError(f"the cookie {value!r:.80} has neither name nor value (RFC 6265bis 5.7)")
    if len(name) + len(text) > limits.cookie or _octets(name) + _octets(text) > limits.cookie:
        raise LimitExceeded("cookie", limits.cookie)
    found: _Attributes = {}
    for attribute in attributes:
        key, _, argument = attribute.partition("=")
        argument = argument.strip(" \t")
        key = key.strip(" \t").lower()
        # What narrows the cookie's use narrows it whatever stands behind it.
        if key in _FLAGS or _octets(argument) <= limits.cookie_attribute:
            _take(key, argument, found)
    return SetCookie(name, text, **found)


class _Attributes(TypedDict, total=False):
    expires: datetime
    max_age: int
    domain: str
    path: str
    secure: bool
    httponly: bool
    samesite: str
    partitioned: bool


def _take(key: str, argument: str, found: _Attributes) -> None:
    """RFC 6265bis 5.6.1 to 5.6.7: what an attribute means, unless it is to be ignored."""
    if key == "expires":
        moment = parse_cookie_date(argument)
        if moment is not None:
            found["expires"] = moment
    elif key == "max-age":
        if _is_seconds(argument):
            found["max_age"] = _seconds(argument)
    elif key == "domain":
        found["domain"] = argument.removeprefix(".").lower()
    elif key == "path":
        found["path"] = argument if argument.startswith("/") else ""
    elif key == "secure":
        found["secure"] = True
    elif key == "httponly":
        found["httponly"] = True
    elif key == "partitioned":
        found["partitioned"] = True
    elif key == "samesite":
        found["samesite"] = _SAME_SITE.get(argument.lower(), "")


def _is_seconds(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal()


def _seconds(text: str) -> int:
    if _MAX_AGE.fullmatch(text):
        return int(text)
    return -_FOREVER if text.startswith("-") else _FOREVER


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def check_prefix(cookie: SetCookie) -> None:
    """Raise ValueError where the cookie's name promises what its attributes do not hold
    (RFC 6265bis 4.1.3, 5.7): a browser does not keep such a cookie, nor must another client."""
    # A cookie without a name goes out as its bare value, which could pose as a prefixed name.
    name = (cookie.name or cookie.value).lower()
    prefix = next((each for each in _PREFIXES if name.startswith(each.lower())), None)
    if prefix is None:
        return
    if not cookie.name:
        raise ValueError(f"a cookie without a name may not begin with {prefix} (RFC 6265bis 5.7)")
    if not cookie.secure:
        missing = "Secure"
    elif "Http-" in prefix and not cookie.httponly:
        missing = "HttpOnly"
    elif prefix.startswith("__Host-") and (cookie.domain or cookie.path != "/"):
        missing = "Path=/ and no Domain"
    else:
        return
    raise ValueError(f"the cookie {cookie.name} needs {missing}, for its name begins with {prefix}")
