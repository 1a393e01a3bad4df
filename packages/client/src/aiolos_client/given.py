"""What the makers of sessions and connectors are given: a mistake is told there, by its name.

What would else fail at the first request, in words that name nothing of the caller's.
"""

import asyncio
import socket
from collections.abc import Iterable
from inspect import iscoroutinefunction
from typing import Any

from .tracing import TraceConfig


def check_made(name: str, value: object, verb: str, example: str) -> None:
    """TypeError unless `value` has the method `verb`, and is no class; None passes."""
    if value is None:
        return
    if isinstance(value, type):
        raise TypeError(f"{name} takes an object, not a class: write {value.__name__}()")
    if not callable(getattr(value, verb, None)):
        raise TypeError(f"{name} takes {example}, not {value!r:.80}")


def check_class(name: str, value: object, base: type) -> None:
    """TypeError unless `value` is a class of the kind of `base`."""
    if not isinstance(value, type):
        raise TypeError(f"{name} takes a class, not {value!r:.80}")
    if not issubclass(value, base):
        raise TypeError(f"{name} takes a subclass of {base.__name__}, not {value!r:.80}")


def check_instance(name: str, value: object, kind: type) -> None:
    """TypeError unless `value` is a `kind`."""
    if isinstance(value, type):
        raise TypeError(f"{name} takes an object, not a class: write {value.__name__}()")
    if not isinstance(value, kind):
        raise TypeError(f"{name} takes an object of {kind.__name__}, not {value!r:.80}")


def check_callable(name: str, value: object, example: str) -> None:
    """TypeError unless `value` can be called; None passes."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} takes {example}, not {value!r:.80}")


def check_plain_function(name: str, value: object, example: str) -> None:
    """TypeError unless `value` can be called without being awaited; None passes."""
    check_callable(name, value, example)
    if iscoroutinefunction(value):
        raise TypeError(f"{name} takes {example}, no coroutine function: nobody awaits it")


def check_family(family: object) -> None:
    """TypeError or ValueError unless `family` is an address family."""
    if not isinstance(family, int):
        raise TypeError(
            f"family takes socket.AF_INET, AF_INET6 or AF_UNSPEC (any), not {family!r:.80}"
        )
    try:
        socket.AddressFamily(family)
    except ValueError:
        raise ValueError(f"family takes one of socket.AddressFamily, not {family}") from None


def check_loop(loop: object) -> None:
    """TypeError unless `loop` is an event loop; None passes."""
    if loop is not None and not isinstance(loop, asyncio.AbstractEventLoop):
        raise TypeError(f"loop takes an event loop, or is left out, not {loop!r:.80}")


def check_traces(configs: "Iterable[TraceConfig] | None") -> None:
    """TypeError unless `configs` is a list of TraceConfig; None passes."""
    if configs is None:
        return
    if isinstance(configs, TraceConfig):
        raise TypeError("trace_configs takes a list: write [config]")
    if not isinstance(configs, Iterable):
        raise TypeError(f"trace_configs takes a list of TraceConfig objects, not {configs!r:.80}")
    for config in configs:
        if not isinstance(config, TraceConfig):
            raise TypeError(f"trace_configs takes TraceConfig objects, not {config!r:.80}")


def names_of(name: str, given: "Iterable[str] | None") -> frozenset[str]:
    """Names of fields, in lower case; TypeError for a single str, of which each letter were one,
    and for what are none."""
    if isinstance(given, str):
        raise TypeError(f"{name} takes a list of names: write [{given!r}]")
    try:
        return frozenset(each.lower() for each in given or ())
    except (AttributeError, TypeError):
        raise TypeError(f"{name} takes a list of names, not {given!r:.80}") from None


def check_count(name: str, value: object, *, or_none: bool = False, least: int = 0) -> None:
    """TypeError unless `value` is a whole number, ValueError where it is below `least`; None passes
    where it is allowed."""
    _check_number(name, value, int, "a whole number", or_none)
    if least and isinstance(value, int) and value < least:
        raise ValueError(f"{name} is {least} or more, not {value}")


def check_seconds(name: str, value: object, *, or_none: bool = False) -> None:
    """TypeError unless `value` is a number, ValueError where it is negative; None passes where it
    is allowed."""
    _check_number(name, value, (int, float), "seconds", or_none)


def check_part(name: str, value: object, *, or_none: bool = False) -> None:
    """As check_seconds(), for a part of a whole."""
    _check_number(name, value, (int, float), "a part, like 0.2 of all", or_none)


def _check_number(name: str, value: Any, kind: Any, words: str, or_none: bool) -> None:
    if value is None and or_none:
        return
    if not isinstance(value, kind):
        raise TypeError(f"{name} takes {words}, not {value!r:.80}")
    if not value >= 0:
        raise ValueError(f"{name} is not negative, as {value!r} is")
