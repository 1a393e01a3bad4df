"""Names for what the API takes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from http.cookies import BaseCookie, Morsel
from typing import Any, SupportsInt

from yarl import URL

StrOrURL = str | URL
LooseHeaders = Mapping[str, str] | Iterable[tuple[str, str]]
_CookieValue = str | float | Morsel[Any] | BaseCookie[str]
LooseCookies = Mapping[str, _CookieValue] | Iterable[tuple[str, _CookieValue]] | BaseCookie[str]
_QueryValue = str | SupportsInt | float | Sequence[str | SupportsInt | float]
Query = str | Mapping[str, _QueryValue] | Sequence[tuple[str, _QueryValue]] | None
JSONEncoder = Callable[[Any], str]
JSONDecoder = Callable[[str], Any]
