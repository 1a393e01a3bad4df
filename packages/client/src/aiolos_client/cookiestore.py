"""Cookies that were taken, and which of them match a request (RFC 6265bis 5.1, 5.7, 5.8).

Pure: the time comes from the caller, in seconds since the epoch.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from typing import Final

from aiolos_protocol.cookies import SetCookie, check_prefix

from .addresses import is_ip
from .publicsuffix import is_public_suffix, registrable_domain

# RFC 6265bis 5.6.1, 5.6.2: nothing is kept for longer than 400 days.
LONGEST: Final = 400 * 24 * 3600.0
# RFC 6265bis 6.1 asks for 50 and 3000 at least; the first is what browsers allow.
DOMAIN_COOKIES: Final = 180
COOKIES: Final = 3000
EVERYWHERE: Final = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sets, or is sent, cookies: `host` in lower case, the URL's `path`, and whether what
    comes from there is `secure`."""

    host: str
    path: str
    secure: bool

    @property
    def is_ip(self) -> bool:
        """Whether the host is an address."""
        return is_ip(self.host)


@dataclass(slots=True)
class Kept:
    """A cookie with all that its Set-Cookie field left open; `domain` EVERYWHERE goes with every
    request, `expires` is inf for a session's cookie, `created` and `used` count."""

    cookie: SetCookie
    domain: str
    path: str
    host_only: bool
    expires: float = inf
    created: int = field(default=0, compare=False)
    used: int = field(default=0, compare=False)

    @property
    def place(self) -> tuple[str, str]:
        """What makes two cookies of a domain the same one."""
        return self.cookie.name, self.path

    def dated(self) -> SetCookie:
        """The cookie with its domain, path and moment of expiry filled in."""
        moment = None if self.expires == inf else datetime.fromtimestamp(self.expires, UTC)
        return replace(self.cookie, domain=self.domain, path=self.path, expires=moment)


def kept(cookie: SetCookie, origin: Origin, now: float) -> Kept:
    """`cookie` as a response from `origin` sets it (RFC 6265bis 5.7).

    Raises ValueError, saying why, where it must be ignored.
    """
    domain, host_only = cookie.domain, not cookie.domain
    if domain and is_public_suffix(domain):
        if domain != origin.host:
            raise ValueError(f"its domain {domain} is a public suffix")
        host_only = True
    if domain and not domain_matches(origin.host, domain):
        raise ValueError(f"its domain {domain} is not one of {origin.host}")
    if cookie.secure and not origin.secure:
        raise ValueError("it is Secure and comes over a connection that is not")
    path = cookie.path or default_path(origin.path)
    check_prefix(replace(cookie, path=path))
    return Kept(cookie, domain or origin.host, path, host_only, expiry(cookie, now))


def expiry(cookie: SetCookie, now: float) -> float:
    """When `cookie` ends; Max-Age outranks Expires (RFC 6265bis 5.7)."""
    if cookie.max_age is not None:
        return now + min(cookie.max_age, LONGEST) if cookie.max_age > 0 else 0.0
    if cookie.expires is not None:
        return min(cookie.expires.timestamp(), now + LONGEST)
    return inf


class CookieStore:
    """Cookies by domain, name and path: `limit` of them, of one domain `domain_limit`. Above that
    those that were set or sent the longest ago go (RFC 6265bis 5.7); in a full store first those
    of the site that has most, so that none can push out all others."""

    def __init__(self, limit: int = COOKIES, domain_limit: int = DOMAIN_COOKIES) -> None:
        self._domains: dict[str, dict[tuple[str, str], Kept]] = {}
        self._limit = limit
        self._domain_limit = domain_limit
        self.count = 0
        self._events = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Kept]:
        for domain in list(self._domains.values()):
            yield from list(domain.values())

    def put(self, new: Kept, now: float) -> None:
        """Keep `new` in the place of its like; one that has expired takes its like away."""
        domain = self._domains.setdefault(new.domain, {})
        old = domain.pop(new.place, None)
        self.count -= old is not None
        self._events += 1
        new.used = self._events
        new.created = self._events if old is None else old.created
        if new.expires > now:
            domain[new.place] = new
            self.count += 1
            self._make_room(domain, now)
        elif not domain:
            del self._domains[new.domain]

    def shadows(self, new: Kept) -> bool:
        """Whether a Secure cookie is there that `new`, from an insecure origin, must not replace
        or hide (RFC 6265bis 5.7)."""
        return any(
            each.cookie.secure
            and each.cookie.name == new.cookie.name
            and (domain_matches(each.domain, new.domain) or domain_matches(new.domain, each.domain))
            and path_matches(new.path, each.path)
            for each in self
        )

    def matching(self, origin: Origin, now: float) -> list[Kept]:
        """What goes with a request, the longest paths first, then the oldest."""
        found = []
        self._events += 1
        for domain in _candidates(origin):
            cookies = self._domains.get(domain)
            if cookies is None:
                continue
            for each in list(cookies.values()):
                if each.expires <= now:
                    self._drop(each)
                elif (
                    (domain in (origin.host, EVERYWHERE) or not each.host_only)
                    and path_matches(origin.path, each.path)
                    and (origin.secure or not each.cookie.secure)
                ):
                    each.used = self._events
                    found.append(each)
        if len(found) > 1:
            found.sort(key=lambda each: (-len(each.path), each.created))
        return found

    def remove(self, predicate: Callable[[Kept], bool]) -> None:
        """Forget those for which `predicate` is true."""
        for each in self:
            if predicate(each):
                self._drop(each)

    def _drop(self, each: Kept) -> None:
        domain = self._domains[each.domain]
        del domain[each.place]
        self.count -= 1
        if not domain:
            del self._domains[each.domain]

    def _make_room(self, domain: dict[tuple[str, str], Kept], now: float) -> None:
        if len(domain) <= self._domain_limit and self.count <= self._limit:
            return
        self.remove(lambda each: each.expires <= now)
        while len(domain) > self._domain_limit:
            self._drop(min(domain.values(), key=_age))
        if self.count > self._limit:
            self._drop(min(self._crowd() or self, key=_age))

    def _crowd(self) -> list[Kept]:
        """The cookies of the site that has most; none where no site has more than one domain may
        have. A site can have any number of domains: subdomains are free."""
        sites: dict[str, list[Kept]] = {}
        for name, cookies in self._domains.items():
            site = name if is_ip(name) else registrable_domain(name)
            sites.setdefault(site, []).extend(cookies.values())
        largest = max(sites.values(), key=len)
        return largest if len(largest) > self._domain_limit else []


def _age(each: Kept) -> tuple[bool, int]:
    # RFC 6265bis 5.7: of those that must go, the ones that are not Secure go first.
    return each.cookie.secure, each.used


def _candidates(origin: Origin) -> Iterator[str]:
    """The domains whose cookies may match the host, itself first."""
    yield EVERYWHERE
    host = origin.host
    if not host:
        return
    yield host
    if not origin.is_ip:
        while "." in host:
            host = host.partition(".")[2]
            yield host


def domain_matches(host: str, domain: str) -> bool:
    """RFC 6265bis 5.1.3."""
    return host == domain or (host.endswith("." + domain) and not is_ip(host))


def path_matches(path: str, cookie_path: str) -> bool:
    """RFC 6265bis 5.1.4."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path[-1] == "/" or path[len(cookie_path)] == "/"


def default_path(path: str) -> str:
    """RFC 6265bis 5.1.4."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"
