"""What other libraries take from here: credentials, keys, tags, cached properties."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from aiolos_client.auth import encode_basic_auth
from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_protocol.fields.etag import ETag
from aiolos_server.keys import AppKey, ChainMapProxy, RequestKey, ResponseKey

_T = TypeVar("_T")


class reify(Generic[_T]):  # noqa: N801 - it stands where property does
    """A read-only property that is computed once and kept in the instance's `_cache`, a dict."""

    def __init__(self, wrapped: Callable[[Any], _T]) -> None:
        self.wrapped = wrapped
        self.name = wrapped.__name__
        self.__doc__ = wrapped.__doc__

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> "reify[_T]": ...
    @overload
    def __get__(self, instance: Any, owner: type[Any]) -> _T: ...
    def __get__(self, instance: Any, owner: type[Any]) -> "_T | reify[_T]":
        if instance is None:
            return self
        cache: dict[str, _T] = instance._cache
        if self.name not in cache:
            cache[self.name] = self.wrapped(instance)
        return cache[self.name]

    def __set__(self, instance: Any, value: _T) -> None:
        raise AttributeError(f"the property {self.name!r} is read-only")


__all__ = [
    "AppKey",
    "BasicAuth",
    "ChainMapProxy",
    "ETag",
    "RequestKey",
    "ResponseKey",
    "encode_basic_auth",
    "reify",
]
