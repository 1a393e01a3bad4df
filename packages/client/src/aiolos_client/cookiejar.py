"""Cookie jars: the cookies of a session, by RFC 6265bis."""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http.cookies import BaseCookie, Morsel, SimpleCookie
from logging import getLogger
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from aiolos_protocol.cookies import (
    SetCookie,
    format_cookie,
    parse_set_cookie,
    quote_value,
    unquote_value,
)
from aiolos_protocol.cookies.morsels import CookieMorsel, morsel_of, set_cookie_of
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits
from yarl import URL

from . import cookiefile
from .abc import AbstractCookieJar, ClearCookiePredicate
from .cookiestore import (
    EVERYWHERE,
    CookieStore,
    Kept,
    Origin,
    domain_matches,
    expiry,
    kept,
    path_matches,
)
from .given import check_callable, check_instance
from .typedefs import LooseCookies

logger: Final = getLogger("aiolos.client")
_NOWHERE: Final = URL()
_SECURE: Final = ("https", "wss")
_CONTROL: Final = re.compile(r"[\0-\x1f\x7f]")


class RequestCookies(SimpleCookie):
    """The cookies of one request by their names; `pairs` has them all, also those of one name."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []

    def sent(self) -> list[tuple[str, str]]:
        """`(name, value)` in order, with what was done to the mapping since it was made: what has
        another value stands for all of its name."""
        found: dict[str, bool] = {}
        pairs = []
        for name, value in self.pairs:
            kept = dict.get(self, name)
            if kept is None:
                continue
            if name not in found:
                coded = _coded(kept)
                found[name] = coded == value
                pairs.append((name, coded))
            elif found[name]:
                pairs.append((name, value))
        added = ((name, _coded(each)) for name, each in self.items() if name not in found)
        return [*pairs, *added]


def _coded(kept: object) -> str:
    """The value of a Morsel, or of what update() has put in the place of one."""
    return kept.coded_value if isinstance(kept, Morsel) else quote_value(str(kept))


class CookieJar(AbstractCookieJar):
    """Keeps cookies in memory, by RFC 6265bis; save() and load() keep them in a file.

    Cookies of hosts that are IP addresses are only taken and sent where `unsafe` is True.
    `quote_cookie` sends values that need it in quotes. `treat_as_secure_origin` lists origins
    (URLs) that may set, and are sent, Secure cookies without TLS. `wall` gives the time, by default
    time.time() as it is at each call.
    """

    def __init__(
        self,
        *,
        unsafe: bool = False,
        quote_cookie: bool = True,
        treat_as_secure_origin: str | URL | Iterable[str | URL] | None = None,
        limits: Limits = DEFAULT_LIMITS,
        wall: Callable[[], float] | None = None,
        loop: Any = None,
    ) -> None:
        super().__init__(loop=loop)
        check_instance("limits", limits, Limits)
        check_callable("wall", wall, "a function that gives the time")
        self._unsafe = unsafe
        self._quote = quote_cookie
        self._trusted = _origins(treat_as_secure_origin)
        self._limits = limits
        self._wall = wall or _time
        self._store = CookieStore()
        # A subclass may find cookies elsewhere.
        self._is_plain = type(self).filter_cookies is _FILTER

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "filter_cookies":
            # So may who replaces it in a test. To look for that with each request would cost more.
            self._is_plain = False

    @property
    def unsafe(self) -> bool:
        """Whether hosts that are IP addresses have cookies."""
        return self._unsafe

    @property
    def quote_cookie(self) -> bool:
        """Whether values that need it are sent in quotes."""
        return self._quote

    @property
    def treat_as_secure_origin(self) -> frozenset[URL]:
        """The origins that are trusted without TLS."""
        return self._trusted

    # In.

    def update_cookies(self, cookies: LooseCookies, response_url: URL = _NOWHERE) -> None:
        """See AbstractCookieJar. Without `response_url` they go with every request.

        Raises TypeError for what is no cookie, ValueError for what cannot be sent as one.
        """
        for cookie in _set_cookies(cookies, self._quote):
            format_cookie([(cookie.name, cookie.value)])
            self._take(cookie, response_url)

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """See AbstractCookieJar."""
        for header in headers:
            try:
                cookie = parse_set_cookie(header, self._limits)
            except LimitExceeded as error:
                logger.warning(
                    "a cookie of %s is ignored: the limit %s=%s was exceeded; raise it with "
                    "CookieJar(limits=Limits(%s=...))",
                    response_url.host,
                    error.limit,
                    error.value,
                    error.limit,
                )
            except ValueError as error:
                logger.warning("a cookie of %s is ignored: %s", response_url.host, error)
            else:
                self._take(cookie, response_url)

    def _take(self, cookie: SetCookie, response_url: URL) -> None:
        now = self._wall()
        if not response_url.raw_host:
            new = Kept(cookie, cookie.domain or EVERYWHERE, cookie.path or "/", not cookie.domain)
            new.expires = expiry(cookie, now)
            self._store.put(new, now)
            return
        origin = self._origin(response_url)
        if origin.is_ip and not self._unsafe:
            return
        try:
            new = kept(cookie, origin, now)
            if not origin.secure and self._store.shadows(new):
                raise ValueError("a Secure one of its name is there")
        except ValueError as error:
            logger.warning(
                "the cookie %s of %s is ignored: %s", cookie.name, response_url.host, error
            )
        else:
            self._store.put(new, now)

    def _origin(self, url: URL) -> Origin:
        secure = url.scheme in _SECURE or bool(self._trusted and url.origin() in self._trusted)
        return Origin((url.raw_host or "").lower(), url.raw_path or "/", secure)

    # Out.

    def is_empty(self) -> bool:
        """See AbstractCookieJar."""
        return self._is_plain and not self._store.count

    def filter_cookies(self, request_url: URL = _NOWHERE) -> "BaseCookie[str]":
        """See AbstractCookieJar."""
        cookies = RequestCookies()
        if not self._store:
            return cookies
        origin = self._origin(request_url)
        without_own = origin.is_ip and not self._unsafe
        for each in self._store.matching(origin, self._wall()):
            if without_own and each.domain != EVERYWHERE:
                continue
            name, value = each.cookie.name, each.cookie.value
            sent = value if self._quote else unquote_value(value)
            cookies.pairs.append((name, sent))
            if name not in cookies:
                morsel = CookieMorsel()
                morsel.set(name, each.cookie.decoded, sent)
                dict.__setitem__(cookies, name, morsel)
        return cookies

    @property
    def cookies(self) -> "Mapping[tuple[str, str], SimpleCookie]":
        """All cookies by their domain and path, as they are now; read only."""
        found: defaultdict[tuple[str, str], SimpleCookie] = defaultdict(SimpleCookie)
        for each in self._store:
            dict.__setitem__(found[each.domain, each.path], each.cookie.name, _morsel(each))
        return MappingProxyType(found)

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """Domain, path and name of those that go to the very host that set them."""
        return frozenset(
            (each.domain, each.path, each.cookie.name)
            for each in self._store
            if each.host_only and each.domain
        )

    def __iter__(self) -> "Iterator[Morsel[str]]":
        self._drop_expired()
        return iter([_morsel(each) for each in self._store])

    def __len__(self) -> int:
        self._drop_expired()
        return len(self._store)

    # Away.

    def clear(self, predicate: ClearCookiePredicate | None = None) -> None:
        """See AbstractCookieJar."""
        self._drop_expired()
        self._store.remove(lambda each: predicate is None or predicate(_morsel(each)))

    def clear_domain(self, domain: str) -> None:
        """See AbstractCookieJar."""
        self._store.remove(lambda each: domain_matches(each.domain, domain.lower()))

    def _drop_expired(self) -> None:
        now = self._wall()
        self._store.remove(lambda each: each.expires <= now)

    # Files.

    def save(self, file_path: "str | PathLike[str]") -> None:
        """Write the cookies to a file of JSON that only its owner may read; blocks."""
        self._drop_expired()
        cookiefile.save(Path(file_path), self._store)

    def load(self, file_path: "str | PathLike[str]") -> None:
        """Take the cookies of a file that save() wrote in the place of those that are here;
        blocks. ValueError where it is no such file."""
        store = CookieStore()
        now = self._wall()
        for each in cookiefile.load(Path(file_path), now):
            store.put(each, now)
        self._store = store


# As it was written, whoever may replace it.
_FILTER: Final = CookieJar.filter_cookies


class DummyCookieJar(AbstractCookieJar):
    """Keeps nothing, sends nothing."""

    def is_empty(self) -> bool:
        """True, unless a subclass finds cookies elsewhere."""
        return getattr(self.filter_cookies, "__func__", None) is _FILTER_NOTHING

    @property
    def quote_cookie(self) -> bool:
        """True."""
        return True

    @property
    def unsafe(self) -> bool:
        """False."""
        return False

    @property
    def treat_as_secure_origin(self) -> frozenset[URL]:
        """None."""
        return frozenset()

    @property
    def cookies(self) -> "Mapping[tuple[str, str], SimpleCookie]":
        """None."""
        return {}

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """None."""
        return frozenset()

    def clear(self, predicate: ClearCookiePredicate | None = None) -> None:
        """There is nothing to forget."""

    def clear_domain(self, domain: str) -> None:
        """There is nothing to forget."""

    def update_cookies(self, cookies: LooseCookies, response_url: URL = _NOWHERE) -> None:
        """Nothing is kept."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Nothing is kept."""

    def filter_cookies(self, request_url: URL) -> "BaseCookie[str]":
        """None."""
        return SimpleCookie()

    def __iter__(self) -> "Iterator[Morsel[str]]":
        return iter(())

    def __len__(self) -> int:
        return 0


_FILTER_NOTHING: Final = DummyCookieJar.filter_cookies


def cookie_pairs(
    cookies: LooseCookies, quote: bool = True, *, url: URL | None = None, secure: bool = True
) -> list[tuple[str, str]]:
    """`(name, value)` of cookies as they go into a Cookie field; Secure ones only where the
    connection is `secure`, and those with a domain or path of their own only where `url`, if
    any, is one of theirs."""
    if isinstance(cookies, RequestCookies):
        return cookies.sent()
    return [
        (each.name, each.value)
        for each in _set_cookies(cookies, quote)
        if (secure or not each.secure) and (url is None or _goes_to(each, url))
    ]


class OwnCookies(tuple[tuple[str, str], ...]):  # noqa: SLOT001 - a tuple has a dict or nothing
    """`(name, value)` of those of a request's own cookies that go to its URL, and have not
    expired."""

    _given: tuple[SetCookie, ...]

    @classmethod
    def of(cls, cookies: LooseCookies, url: URL, *, quote: bool, secure: bool) -> Self:
        """See cookie_pairs()."""
        if isinstance(cookies, RequestCookies):
            own = cls(cookies.sent())
            own._given = tuple(SetCookie(*pair) for pair in own)
            return own
        now = time.time()
        given = (
            each
            for each in _set_cookies(cookies, quote)
            if (secure or not each.secure) and expiry(each, now) > now
        )
        return cls._at(url, tuple(given))

    def at(self, url: URL) -> Self:
        """Those that go to `url`, of the same origin."""
        return self._at(url, self._given)

    @classmethod
    def _at(cls, url: URL, given: tuple[SetCookie, ...]) -> Self:
        own = cls((each.name, each.value) for each in given if _goes_to(each, url))
        own._given = given
        return own


def _goes_to(cookie: SetCookie, url: URL) -> bool:
    host, path = (url.raw_host or "").lower(), url.raw_path or "/"
    return (not cookie.domain or domain_matches(host, cookie.domain)) and (
        not cookie.path or path_matches(path, cookie.path)
    )


def _set_cookies(cookies: Any, quote: bool) -> Iterator[SetCookie]:
    if isinstance(cookies, str) or not isinstance(cookies, (Mapping, Iterable)):
        raise TypeError(f"cookies take a mapping or pairs of name and value, not {cookies!r:.80}")
    items = cookies.items() if isinstance(cookies, Mapping) else cookies
    for item in items:
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise TypeError(f"cookies take pairs of name and value, not {item!r:.80}")
        name, value = item
        if isinstance(value, Morsel):
            if value.key is None:
                raise TypeError(f"the cookie {name!r:.80} is a Morsel without name and value")
            yield set_cookie_of(value)
        elif isinstance(value, BaseCookie):
            yield from map(set_cookie_of, value.values())
        elif isinstance(name, str) and isinstance(value, (str, int, float)):
            value = str(value)
            if not name:
                raise ValueError(
                    f"a cookie has a name; the one of the value {value!r:.80} has none"
                )
            if "=" in name:
                # What is behind it would be the value (RFC 6265bis 5.6).
                raise ValueError(f"{name!r:.80} is no cookie's name: it holds '='")
            found = _CONTROL.search(value)
            if found is not None:
                raise ValueError(
                    f"the value of the cookie {name!r:.80} holds the control character {found[0]!r}"
                )
            yield SetCookie(name, quote_value(value) if quote else value)
        else:
            raise TypeError(
                f"the cookie {name!r:.80} takes a str, a number, Morsel or SimpleCookie, not "
                f"{value!r:.80}"
            )


def _morsel(each: Kept) -> "Morsel[str]":
    return morsel_of(each.dated())


def _time() -> float:
    # Looked up at each call: who stops the clock in a test replaces it.
    return time.time()


def _origins(given: str | URL | Iterable[str | URL] | None) -> frozenset[URL]:
    urls = [given] if isinstance(given, (str, URL)) else () if given is None else given
    try:
        return frozenset(URL(each).origin() for each in urls)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"treat_as_secure_origin takes origins, like http://host:8080, not {given!r:.80}"
        ) from None
