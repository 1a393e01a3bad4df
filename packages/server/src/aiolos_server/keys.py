"""AppKey: a typed key for what an application carries."""

import sys
from typing import Generic, TypeVar

_T = TypeVar("_T")


class AppKey(Generic[_T]):
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
        return f"<AppKey({self._name}{kind})>"
