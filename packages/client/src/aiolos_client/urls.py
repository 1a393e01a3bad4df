"""URLs as they are given, and what of them goes into a head."""

import re
from typing import Any, Final

from aiolos_protocol import grammar
from yarl import URL

from .addresses import is_ip
from .errors import InvalidUrlClientError, NonHttpUrlClientError

# Parsers of URLs drop some of them without a word, and what is left is another URL.
_CONTROL: Final = re.compile(r"[\0-\x1f\x7f]")
# What inet_aton() reads: 127.1, 0177.0.0.1, 2130706433, 0x7f000001. Whoever looks at a host to keep
# requests away from some addresses does not see which one it is.
_NUMBER: Final = "(?:0x[0-9a-f]*|[0-9]+)"
_NUMBERS: Final = re.compile(rf"{_NUMBER}(?:\.{_NUMBER})*\.?", re.IGNORECASE)


def parse_url(url: Any) -> URL:
    """`url` as a URL. InvalidUrlClientError or TypeError say what is wrong with it."""
    if isinstance(url, URL):
        return url
    if not isinstance(url, str):
        raise TypeError(f"a URL is a str or yarl.URL, not {type(url).__name__}")
    check_characters(url)
    try:
        return URL(url)
    except ValueError as error:
        raise InvalidUrlClientError(url, str(error)) from None


def without_login(url: Any) -> URL:
    """`url` without user information, to be written down. Raises as parse_url()."""
    parsed = parse_url(url)
    if parsed.raw_user is None and parsed.raw_password is None:
        return parsed
    return parsed.with_user(None)


def check_characters(url: str) -> None:
    """InvalidUrlClientError where `url` holds a control character."""
    found = _CONTROL.search(url)
    if found is not None:
        raise InvalidUrlClientError(
            repr(url),
            f"it holds the control character {found[0]!r} at {found.start()}; strip() it, or "
            "quote it (RFC 3986 2.1)",
        )


def check_scheme(url: URL, schemes: frozenset[str]) -> None:
    """NonHttpUrlClientError unless the scheme of `url` is one of the connector's `schemes`."""
    if url.scheme not in schemes:
        raise NonHttpUrlClientError(
            url,
            f"the scheme {url.scheme!r} is not one of {', '.join(sorted(filter(None, schemes)))}",
        )


def is_host(host: str) -> bool:
    """Whether `host` is a name (RFC 3986 3.2.2: reg-name) or an address; not empty. Numbers that
    systems take for an address in another form than four decimal ones are neither."""
    if _NUMBERS.fullmatch(host):
        return is_ip(host)
    if ":" in host:
        return is_ip(host) and _CONTROL.search(host) is None
    return host.isascii() and grammar.is_host(host.encode(), name=True)


def authority(host: str, port: int | None) -> str:
    """`host` and `port` as they stand in Host and in CONNECT (RFC 9112 3.2.3)."""
    # RFC 6874 4: the zone of an address is nobody's business but the sender's.
    name = f"[{host.partition('%')[0]}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"
