"""How messages name a function of the user's: its name, file and line."""

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
