"""Prints the public names of modules with their signatures, one a line, for comparison in tests.

python tools/listing.py aiolos aiolos.web
"""

import importlib
import inspect
import re
import sys
from types import ModuleType

# A default whose repr holds an address differs from run to run.
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def public_names(module: ModuleType) -> list[str]:
    """`__all__`, or else what has no underscore and is no module."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and not inspect.ismodule(value)
        ]
    return sorted(names)


def described(value: object) -> str:
    """What kind of thing `value` is, with the names of its parameters."""
    if inspect.isclass(value):
        return "class" + parameters(value)
    if callable(value):
        return "function" + parameters(value)
    return type(value).__name__


def parameters(value: object) -> str:
    """The names and defaults of the parameters, without annotations."""
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "(...)"
    plain = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    text = str(signature.replace(parameters=plain, return_annotation=signature.empty))
    return ADDRESS.sub("", text)


def listing(name: str) -> list[str]:
    """The lines for one module."""
    module = importlib.import_module(name)
    return [f"{name}.{each} {described(getattr(module, each))}" for each in public_names(module)]


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print("\n".join(listing(argument)))
