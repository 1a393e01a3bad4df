"""Typed keys for what applications, requests and responses carry."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Generic, TypeVar, overload

_T = TypeVar("_T")


class BaseKey(Generic[_T]):
    """A key whose value type checkers know: `DB = AppKey("db", Pool)`, `app[DB]` is a Pool.

    Two keys are equal only where they are one; sorted, they go by name, before all str. `name` is
    for messages, prefixed by the module that makes the key.
    """

    # Of `AppKey[Pool]("db")`, the subscript: typing sets it.
    __slots__ = ("__orig_class__", "_name", "_type")

    def __init__(self, name: str, t: type[_T] | None = None) -> None:
        frame: Any = sys._getframe(1)
        if frame.f_globals.get("__name__") == "typing":
            frame = frame.f_back
        self._name = f"{frame.f_globals.get('__name__', '<unknown>')}.{name}"
        self._type = t

    def __lt__(self, other: object) -> bool:
        return self._name < other._name if isinstance(other, BaseKey) else True

    def __gt__(self, other: object) -> bool:
        return self._name > other._name if isinstance(other, BaseKey) else False

    def __repr__(self) -> str:
        kind: Any = self._type
        if kind is None:
            (kind,) = getattr(getattr(self, "__orig_class__", None), "__args__", (None,))
        if kind is None:
            return f"<{type(self).__name__}({self._name})>"
        told = repr(kind)
        if type(kind) is type or (isinstance(kind, type) and not hasattr(kind, "__args__")):
            prefix = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
            told = prefix + kind.__qualname__
        return f"<{type(self).__name__}({self._name}, type={told})>"


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
