"""How messages name a function of the user's, and show what a peer sent."""

import inspect
import os
from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Any, Final

# Of a longer list, a message shows so many.
_SHOWN: Final = 10


def named(function: Any) -> str:
    """`load (app.py, line 12)`; for what has no source, its repr."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__qualname__", None)
    if name is None:
        return repr(function)
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return str(name)
    return f"{name} ({os.path.basename(code.co_filename)}, line {code.co_firstlineno})"


def visible(text: str) -> str:
    """What a peer sent, without anything that could forge a line or move a terminal's cursor."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return text.encode("unicode_escape", "surrogateescape").decode("ascii").replace('"', '\\"')


def listed(keys: Iterable[object]) -> str:
    """The first few of `keys`, as they are written; "nothing" where there are none."""
    left = iter(keys)
    shown = ", ".join(map(repr, islice(left, _SHOWN))) or "nothing"
    more = sum(1 for _ in left)
    return f"{shown} and {more} more" if more else shown
