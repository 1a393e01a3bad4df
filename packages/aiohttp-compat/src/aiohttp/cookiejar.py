"""Which cookies go where, with the private doors of the original."""

import asyncio
import pickle
import warnings
from collections.abc import Mapping
from http.cookies import SimpleCookie
from math import inf
from types import MappingProxyType
from typing import Any

import aiolos
from aiolos.cookiejar import *  # noqa: F403
from aiolos.cookiejar import __all__ as __all__
from aiolos_client.cookiestore import Origin, domain_matches
from aiolos_protocol.cookies.dates import parse_cookie_date
from yarl import URL

from ._absent import absent
from ._private import Private, like


class PickledCookies(ValueError, pickle.UnpicklingError):
    """A file of cookies that holds a pickle, which is not read."""


class CookieJar(aiolos.CookieJar):  # type: ignore[no-redef]  # its own
    """A jar; what it shows has "" for the path "/", as the original's has."""

    _loop = Private(lambda self: asyncio.get_event_loop())

    @like(aiolos.CookieJar.__init__)
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if options.get("loop") is not None:
            self._loop = options["loop"]

    @property
    def cookies(self) -> "Mapping[tuple[str, str], SimpleCookie]":
        """All cookies by their domain and path, as they are now; read only."""
        return MappingProxyType(self._cookies)

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """Domain, path and name of those that go to the very host that set them."""
        return frozenset(
            (domain, path.rstrip("/"), name) for domain, path, name in super().host_only_cookies
        )

    @property
    def _cookies(self) -> dict[tuple[str, str], SimpleCookie]:
        """What is there now; to change it changes nothing in the jar."""
        found: dict[tuple[str, str], SimpleCookie] = {}
        for (domain, path), cookies in super().cookies.items():
            place = found.setdefault((domain, path.rstrip("/")), SimpleCookie())
            dict.update(place, cookies)
        return found

    @property
    def _host_only_cookies(self) -> set[tuple[str, str, str]]:
        return set(self.host_only_cookies)

    @property
    def _expirations(self) -> dict[tuple[str, str, str], float]:
        return {
            (each.domain, each.path.rstrip("/"), each.cookie.name): each.expires
            for each in self._store
            if each.expires != inf
        }

    def load(self, file_path: Any) -> None:
        """See CookieJar of aiolos; PickledCookies for a file of pickles."""
        try:
            super().load(file_path)
        except ValueError as error:
            with open(file_path, "rb") as file:
                if file.read(1) != b"\x80":
                    raise
            raise PickledCookies(
                f"Forbidden class: {file_path} is a pickle, which may run code when it is read, "
                "and no class is taken from one; save() writes JSON"
            ) from error

    @classmethod
    def _parse_date(cls, date_str: str) -> float | None:
        moment = parse_cookie_date(date_str)
        return None if moment is None else moment.timestamp()

    @staticmethod
    def _is_domain_match(domain: str, hostname: str) -> bool:
        return domain_matches(hostname, domain)

    def _origin(self, url: Any) -> Origin:
        if isinstance(url, str):
            words = "filter_cookies() takes a yarl.URL; a str is taken for the sake of old callers"
            warnings.warn(words, DeprecationWarning, stacklevel=3)
            url = URL(url)
        return super()._origin(url)


absent(__name__)
