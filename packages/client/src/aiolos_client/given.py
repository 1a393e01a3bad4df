"""What the makers of sessions and connectors are given: a mistake is told there, by its name.

What would else fail at the first request, in words that name nothing of the caller's.
"""

import asyncio
from collections.abc import Iterable

from .tracing import TraceConfig


def check_made(name: str, value: object, verb: str, example: str) -> None:
    """TypeError unless `value` has the method `verb`, and is no class; None passes."""
    if value is None:
        return
    if isinstance(value, type):
        raise TypeError(f"{name} takes an object, not a class: write {value.__name__}()")
    if not callable(getattr(value, verb, None)):
        raise TypeError(f"{name} takes {example}, not {value!r:.80}")


def check_class(name: str, value: object) -> None:
    """TypeError unless `value` is a class."""
    if not isinstance(value, type):
        raise TypeError(f"{name} takes a class, not {value!r:.80}")


def check_callable(name: str, value: object, example: str) -> None:
    """TypeError unless `value` can be called; None passes."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} takes {example}, not {value!r:.80}")


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
    for config in configs:
        if not isinstance(config, TraceConfig):
            raise TypeError(f"trace_configs takes TraceConfig objects, not {config!r:.80}")


def names_of(name: str, given: "Iterable[str] | None") -> frozenset[str]:
    """Names of fields, in lower case; TypeError for a single str, of which each letter were one."""
    if isinstance(given, str):
        raise TypeError(f"{name} takes a list of names: write [{given!r}]")
    return frozenset(each.lower() for each in given or ())


def check_count(name: str, value: object) -> None:
    """TypeError unless `value` is a whole number, ValueError where it is negative; None passes."""
    if value is not None and not isinstance(value, int):
        raise TypeError(f"{name} takes a whole number, not {value!r:.80}")
    _check_sign(name, value)


def check_seconds(name: str, value: object) -> None:
    """TypeError unless `value` is a number, ValueError where it is negative; None passes."""
    if value is not None and not isinstance(value, (int, float)):
        raise TypeError(f"{name} takes seconds, not {value!r:.80}")
    _check_sign(name, value)


def check_part(name: str, value: object) -> None:
    """TypeError unless `value` is a number, ValueError where it is negative; None passes."""
    if value is not None and not isinstance(value, (int, float)):
        raise TypeError(f"{name} takes a part, like 0.2 of all, not {value!r:.80}")
    _check_sign(name, value)


def _check_sign(name: str, value: float | None) -> None:
    if value is not None and not value >= 0:
        raise ValueError(f"{name} is not negative, as {value!r} is")
