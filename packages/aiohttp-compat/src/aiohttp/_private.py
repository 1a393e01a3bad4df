"""Private names of the original, given to classes of ours: read, and set, they have effect."""

import sys
import warnings
from collections.abc import Callable, Iterable
from inspect import Parameter, signature
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Private:
    """An attribute that is what `below(instance)` gives, until it is set."""

    def __init__(self, below: Callable[[Any], Any]) -> None:
        self._below = below
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        own = instance.__dict__
        return own[self._name] if self._name in own else self._below(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self._name] = value

    def __delete__(self, instance: Any) -> None:
        instance.__dict__.pop(self._name, None)


class Counting(type):
    """The metaclass of a thin subclass for which every instance of its base counts as one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        base = cls.__mro__[1]
        if not isinstance(base, Counting) and base in subclass.__mro__:
            return True
        return super().__subclasscheck__(subclass)


def another_name(name: str) -> Any:
    """An attribute that is the one called `name`, read and set."""

    def get(instance: Any) -> Any:
        return getattr(instance, name)

    def put(instance: Any, value: Any) -> None:
        setattr(instance, name, value)

    return property(get, put)


def deprecated(words: str, above: int = 1) -> None:
    """Warn whoever calls the caller, or is so many frames `above` him, as the original does."""
    warnings.warn(words, DeprecationWarning, stacklevel=2 + above)


def unheeded(cls: type, *names: str) -> None:
    """Warn who makes the class `cls` with methods `names` of his own, which nothing calls here."""
    own = [f"{name}()" for name in names if name in vars(cls)]
    if own:
        words = (
            f"{cls.__module__}.{cls.__qualname__}: aiolos-aiohttp does not call "
            f"{', '.join(own)}; docs/compatibility.md tells what may be overridden"
        )
        warnings.warn(words, RuntimeWarning, stacklevel=3)


def is_changed(instance: object, cls: type, *names: str) -> bool:
    """Whether one of the methods `names` of `cls` is replaced: by a subclass, on the instance, or,
    by a patch, on `cls` itself."""
    own = getattr(instance, "__dict__", {})
    for name in names:
        # Who takes a method from an object may put it back on the object.
        of_class = getattr(type(instance), name)
        found = getattr(own[name], "__func__", None) if name in own else of_class
        if found is not _ORIGINALS[cls, name]:
            return True
    return False


def differs(own: type, cls: type, name: str) -> bool:
    """Whether `own`, which is `cls` or a subclass, has another method `name` than `cls` had."""
    return getattr(own, name) is not _ORIGINALS[cls, name]


def remember(cls: type, *names: str) -> None:
    """Know what the methods `names` of `cls` are before anybody replaces them."""
    for name in names:
        _ORIGINALS[cls, name] = getattr(cls, name)


def like(
    original: F, named: Iterable[str] = (), /, **changed: Any
) -> Callable[[Callable[..., Any]], F]:
    """Give a function that takes `**options` the signature of `original`, whose options they are,
    for inspect and type checkers; `named` are the names that its own `**options` take.

    Of `changed` a str is the other name of a parameter, anything else the default of one more.
    """

    def give(function: Any) -> Any:
        whole = signature(original)
        shown = [
            each.replace(name=changed[each.name]) if changed.get(each.name) else each
            for each in whole.parameters.values()
        ]
        added = dict.fromkeys(named) | changed
        more = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=value)
            for name, value in added.items()
            if not isinstance(value, str)
        ]
        at = len(shown) - (shown[-1].kind is Parameter.VAR_KEYWORD)
        last = [] if named else shown[at:]
        function.__signature__ = whole.replace(parameters=[*shown[:at], *more, *last])
        return function

    return give


def replaced(name: str, original: Any, *modules: str) -> Any:
    """What one of the `modules`, as far as they are imported, has as `name` instead of `original`;
    that, where none has."""
    for each in modules:
        found = getattr(sys.modules.get(each), name, original)
        if found is not original:
            return found
    return original


_ORIGINALS: dict[tuple[type, str], Any] = {}
