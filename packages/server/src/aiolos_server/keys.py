"""Typed keys for what applications, requests and responses carry."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Generic, TypeVar, overload

_T = TypeVar("_T")


class BaseKey(Generic[_T]):
    """A key whose value type checkers know: `DB = AppKey("db", Pool)`, `app[DB]` is a Pool.

    Two keys are equal only where they are one; `name` is for messages, prefixed by the module
    that makes the key.
    """

    __slots__ = ("_name", "_type")

    def __init__(self, name: str, t: type[_T] | None = None) -> None:
        module = sys._getframe(1).f_globals.get("__name__", "<unknown>")
        self._name = f"{module}.{name}"
        self._type = t

    def __repr__(self) -> str:
        kind = "" if self._type is None else f", type={getattr(self._type, '__name__', self._type)}"
        return f"<{type(self).__name__}({self._name}{kind})>"


class AppKey(BaseKey[_T]):
    """A key of an Application."""

    __slots__ = ()


class RequestKey(BaseKey[_T]):
    """A key of a request."""

    __slots__ = ()


class ResponseKey(BaseKey[_T]):
    """A key of a response."""

    __slots__ = ()


class ChainMapProxy(Mapping[Any, Any]):
    """Several mappings as one, read-only; the first one that has a key gives its value."""

    __slots__ = ("_maps",)

    def __init__(self, maps: Iterable[Mapping[Any, Any]]) -> None:
        self._maps = tuple(maps)

    @overload
    def __getitem__(self, key: AppKey[_T]) -> _T: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        for mapping in self._maps:
            if key in mapping:
                return mapping[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(dict.fromkeys(chain.from_iterable(self._maps)))

    def __len__(self) -> int:
        return len(set().union(*self._maps))

    def __bool__(self) -> bool:
        return any(map(len, self._maps))

    def __repr__(self) -> str:
        return f"ChainMapProxy({', '.join(map(repr, self._maps))})"
