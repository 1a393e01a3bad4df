"""What a user may put in the place of our own parts."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from http.cookies import BaseCookie, Morsel, SimpleCookie
from typing import Any, TypedDict

from yarl import URL

from .typedefs import LooseCookies

ClearCookiePredicate = Callable[["Morsel[str]"], bool]


class ResolveResult(TypedDict):
    """One address: `hostname` was asked for, `host` is its IP address; the rest as in
    socket.getaddrinfo()."""

    hostname: str
    host: str
    port: int
    family: int
    proto: int
    flags: int


class AbstractResolver(ABC):
    """Turns names into addresses. Whatever has both methods is one."""

    @classmethod
    def __subclasshook__(cls, other: type) -> Any:
        if cls is not AbstractResolver:
            return NotImplemented
        return hasattr(other, "resolve") and hasattr(other, "close")

    @abstractmethod
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`, the best first; OSError where there are none."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of what the resolver holds; may be repeated."""


class AbstractCookieJar(Sized, Iterable["Morsel[str]"]):
    """Keeps cookies and knows which of them go where. Made without a running loop, too."""

    def __init__(self, *, loop: Any = None) -> None:
        """`loop` has no effect; it is taken for the sake of old callers."""

    def is_empty(self) -> bool:
        """Whether filter_cookies() would surely find nothing; False where that is not known."""
        return False

    @property
    @abstractmethod
    def quote_cookie(self) -> bool:
        """Whether values that need it are sent in quotes."""

    @abstractmethod
    def clear(self, predicate: ClearCookiePredicate | None = None) -> None:
        """Forget all cookies, or those for which `predicate(morsel)` is true."""

    @abstractmethod
    def clear_domain(self, domain: str) -> None:
        """Forget the cookies of `domain` and the domains below it."""

    @abstractmethod
    def update_cookies(self, cookies: LooseCookies, response_url: URL = URL()) -> None:  # noqa: B008
        """Take `cookies`, as if a response from `response_url` had set them."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Take what the Set-Cookie fields of a response from `response_url` set."""
        for header in headers:
            cookies = SimpleCookie()
            cookies.load(header)
            self.update_cookies(cookies, response_url)

    @abstractmethod
    def filter_cookies(self, request_url: URL) -> "BaseCookie[str]":
        """The cookies that go with a request of `request_url`."""

    def __iter__(self) -> "Iterator[Morsel[str]]":
        raise NotImplementedError
