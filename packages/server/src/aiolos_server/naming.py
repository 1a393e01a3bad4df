"""How messages name a function of the user's, and show what a peer sent."""

import inspect
import os
from functools import partial
from typing import Any


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
