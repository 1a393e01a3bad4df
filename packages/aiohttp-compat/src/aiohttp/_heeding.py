"""Who replaces a method on a class with doors is heeded at once, and so is who puts it back.

A class is asked nothing where a request goes by: it tells when it is changed.
"""

from abc import ABCMeta
from typing import Any, Final
from weakref import WeakValueDictionary

from ._private import unheeded

# All that ask by a connector, a class of requests and one of responses; by their id(), as those of
# somebody's own may compare as values do.
SESSIONS: Final[WeakValueDictionary[int, Any]] = WeakValueDictionary()
# What of those a session calls by another way than it sends by where nobody has replaced it.
_ASKED: Final = frozenset(
    {
        *("_create_connection", "_create_direct_connection", "_wrap_create_connection"),
        *("connect", "send", "start"),
    }
)


class Heeding(ABCMeta):
    """The metaclass of a class that tells when an attribute of it, or of a subclass, is replaced.

    It is one of abstract classes, as those are that the original's classes are mixed with.
    """

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        cls._heed(name)

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        cls._heed(name)

    def _heed(cls, name: str) -> None:
        """Its attribute `name` is another one now."""


class Asked(Heeding):
    """The metaclass of what a session asks by; `_unheeded` of a class are names that have no
    effect there."""

    _unheeded: tuple[str, ...]

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in getattr(cls, "_unheeded", ()):
            unheeded(cls, name)

    def _heed(cls, name: str) -> None:
        if name in _ASKED:
            open_doors()


class AskedObject:
    """An object of such a class: what is replaced on it alone is heeded, too."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _ASKED:
            open_doors()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in _ASKED:
            open_doors()


def look_anew(connector: Any) -> None:
    """Have the sessions of `connector` forget what they keep ready for requests."""
    for each in list(SESSIONS.values()):
        if each._connector is connector:
            each._open_doors()
            each._default_headers = each._default_headers


def open_doors() -> None:
    """Have every session look who has doors of his own now."""
    for each in list(SESSIONS.values()):
        each._open_doors()
