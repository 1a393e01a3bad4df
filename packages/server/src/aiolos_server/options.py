"""Options are checked where they are given, by their names: not every one is used at once."""

from collections.abc import Callable, Iterable, Mapping
from math import isnan
from numbers import Real
from typing import Any, Final

from aiolos_protocol.limits import Limits

from .naming import named


def seconds(name: str, value: object) -> None:
    """`value` is a time in seconds, 0 or more, maybe inf; else TypeError or ValueError."""
    if not _is_number(value):
        raise TypeError(f"{name} is a number of seconds, not {value!r:.80}")
    _at_least(name, value, 0, "")


def wait(name: str, value: object) -> None:
    """As seconds(), or None: without end."""
    if value is not None:
        seconds(name, value)


def size(name: str, value: object) -> None:
    """`value` is a number of bytes, or None or 0 for no bound; else TypeError or ValueError."""
    if value is None:
        return
    if not _is_number(value):
        raise TypeError(f"{name} is a number of bytes, such as 4 * 1024**2, not {value!r:.80}")
    _at_least(name, value, 0, "; 0 is no bound")


def amount(name: str, value: object) -> None:
    """`value` is an int of 0 or more, or None; else TypeError or ValueError."""
    _amount(name, value, 0, "")


def bound(name: str, value: object) -> None:
    """`value` is an int of 1 or more, or None for no bound; else TypeError or ValueError."""
    _amount(name, value, 1, "; None is no bound")


def limits(name: str, value: object) -> None:
    """`value` is a Limits; else TypeError."""
    if not isinstance(value, Limits):
        raise TypeError(
            f"{name} takes a Limits, not {value!r:.80}; write "
            f"{name}=aiolos_protocol.limits.Limits(field=...)"
        )


def function(name: str, value: object, what: str) -> None:
    """`value` can be called; else TypeError, which says that it should be `what`."""
    if not callable(value):
        raise TypeError(f"{name} takes {what}, not {value!r:.80}")


CHECKS: Final[Mapping[str, Callable[[str, object], None]]] = {
    "body_timeout": seconds,
    "client_max_fields": amount,
    "client_max_size": size,
    "head_timeout": seconds,
    "keepalive_timeout": seconds,
    "limits": limits,
    "max_connections": bound,
    "max_idle": amount,
    "shutdown_timeout": wait,
}


def names_of(function: Callable[..., Any]) -> frozenset[str]:
    """The names of a function's parameters that are given by name alone, and have defaults."""
    return frozenset(getattr(function, "__kwdefaults__", None) or ())


def check_names(taker: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError for the first of `given` that `taker` does not know, with what comes near."""
    unknown = set(given).difference(known)
    if unknown:
        # Only for the message: whoever makes no mistake does not wait for the import.
        from difflib import get_close_matches

        name = min(unknown)
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TypeError(f"{taker} has no option {name!r}{hint}")


def check(options: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError, with the option's name, for the first that cannot be."""
    for name, value in options.items():
        rule = CHECKS.get(name)
        if rule is not None:
            rule(name, value)


def check_logger(name: str, value: object) -> None:
    """Raise TypeError for what writes no lines."""
    if not hasattr(value, "info"):
        write = f"; write logging.getLogger({value!r})" if isinstance(value, str) else ""
        raise TypeError(f"{name} takes a logging.Logger, or None, not {value!r:.80}{write}")


def check_subclass(name: str, value: object, base: type) -> None:
    """Raise TypeError for a class that is not derived from `base`."""
    if isinstance(value, type) and not issubclass(value, base):
        raise TypeError(f"{name} is a subclass of web.{base.__name__}, not {value!r}")


def no_application(taker: str, value: Any) -> TypeError:
    """The error for `value`, which `taker` cannot serve."""
    if isinstance(value, type):
        return TypeError(f"{taker} takes an application, not a class; write {value.__name__}()")
    if callable(value):
        name = getattr(value, "__name__", "f")
        return TypeError(
            f"{taker} takes an Application or an ASGI callable, not the function {named(value)}; "
            f"if it makes one, write {name}()"
        )
    return TypeError(
        f"{taker} takes an Application or an ASGI callable, not {type(value).__name__}"
    )


def _amount(name: str, value: object, least: int, hint: str) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is an int or None, not {value!r:.80}")
    _at_least(name, value, least, hint)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _at_least(name: str, value: Any, least: int, hint: str) -> None:
    if isnan(value) or value < least:
        raise ValueError(f"{name} is {least} or more, not {value!r:.80}{hint}")
