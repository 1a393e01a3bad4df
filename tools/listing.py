"""Public names with their signatures, one a line, kept in tests-integration/names.

python tools/listing.py --ours             print the names of ours
python tools/listing.py aiolos aiolos.web  print the names of modules
python tools/listing.py --write            keep the names of ours (names/ours.txt), and where they
                                           differ from aiohttp's (names/missing.txt)
python tools/listing.py --write-aiohttp    keep those of aiohttp 3.14, which must be installed
python tools/differences.py aiolos         whether names/missing.txt tells where aiolos differs

Names and parameters are facts; nothing else is taken of aiohttp.
"""

import ast
import importlib
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType

NAMES = Path(__file__).resolve().parents[1] / "tests-integration" / "names"
OURS = ("aiolos", "aiolos.web", "aiolos.test_utils", "aiolos_protocol.limits")
# A default whose repr holds an address differs from run to run.
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
NO_LITERAL = re.compile(r"=(?:<(?:[^<>]|<[^<>]*>)*>|[A-Z]\w*\([^()]*\)|Ellipsis)(?=[,)])")


def public_names(module: ModuleType) -> list[str]:
    """`__all__`, or else what has no underscore, is no module and was made there."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_")
            and not inspect.ismodule(value)
            and getattr(value, "__module__", module.__name__) == module.__name__
        ]
    return sorted(names)


def described(value: object) -> str:
    """What kind of thing `value` is, with the names of its parameters."""
    if inspect.isclass(value) and issubclass(value, Enum):
        # What enumerations take differs from Python to Python.
        return "enum"
    if inspect.isclass(value):
        return "class" + parameters(value)
    if inspect.isroutine(value):
        return "function" + parameters(value)
    # Constants and aliases of types, whose kinds differ from Python to Python.
    return "value"


def parameters(value: object) -> str:
    """The names and defaults of the parameters, without annotations."""
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "(...)"
    plain = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    text = str(signature.replace(parameters=plain, return_annotation=signature.empty))
    return ADDRESS.sub("", text)


def only_literals(kind: str) -> str:
    """`kind` with `...` for each default that is no literal, so that it can be read back."""
    return NO_LITERAL.sub("=...", kind)


def listing(name: str) -> list[str]:
    """The lines for one module: `module.name kind(parameters)`, and those of a class's methods."""
    module = importlib.import_module(name)
    lines = []
    for each in public_names(module):
        value = getattr(module, each)
        lines.append(f"{name}.{each} {described(value)}")
        if inspect.isclass(value):
            lines += [f"{name}.{each}.{line}" for line in members(value)]
    return lines


def members(cls: type) -> list[str]:
    """The public methods and properties that `cls` has of its own."""
    found = []
    for name, value in sorted(vars(cls).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, (classmethod, staticmethod)):
            value = value.__func__
        if inspect.isfunction(value):
            found.append(f"{name} method{parameters(value)}")
        elif not callable(value):
            found.append(f"{name} attribute")
    return found


def tree(package: str) -> Iterator[str]:
    """The lines for a whole package, each module's behind one that names it.

    A module has beside its `__all__` whatever its text makes at the top level. A name that was made
    in another module is told as `path = where it was made`.
    """
    root = importlib.import_module(package)
    inner = (each.name for each in pkgutil.iter_modules(root.__path__, f"{package}."))
    modules = [package, *(name for name in inner if not name.startswith(f"{package}._"))]
    for name in modules:
        module = importlib.import_module(name)
        yield f"{name} module"
        for each in sorted({*getattr(module, "__all__", ()), *made_in(module)}):
            value = getattr(module, each, None)
            home = getattr(value, "__module__", None) or ""
            if home != name and home in modules and getattr(value, "__qualname__", "") == each:
                yield f"{name}.{each} = {home}.{each}"
                continue
            yield f"{name}.{each} {only_literals(described(value))}"
            if inspect.isclass(value):
                yield from (f"{name}.{each}.{only_literals(line)}" for line in members(value))


def made_in(module: ModuleType) -> set[str]:
    """The names without an underscore that the text of `module` makes at its top level."""
    found = set()
    for node in made(ast.parse(inspect.getsource(module)).body):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {each.id for each in node.targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {each for each in found if not each.startswith("_") and is_own(module, each)}


def is_own(module: ModuleType, name: str) -> bool:
    """Whether `name` is there, and neither a module nor a class of another package."""
    value = getattr(module, name, module)
    package = module.__name__.partition(".")[0]
    home = value.__module__ if inspect.isclass(value) or inspect.isroutine(value) else package
    return not inspect.ismodule(value) and home.partition(".")[0] == package


def made(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of `body`, and those below an `if` or a `try`."""
    for node in body:
        yield node
        for part in ("body", "orelse", "handlers", "finalbody"):
            if isinstance(node, (ast.If, ast.Try)):
                inner = getattr(node, part, [])
                yield from made([each for each in inner if isinstance(each, ast.stmt)])
                for handler in inner:
                    if isinstance(handler, ast.ExceptHandler):
                        yield from made(handler.body)


def write(file: str, lines: list[str]) -> None:
    """Keep `lines` as names/`file`."""
    NAMES.mkdir(exist_ok=True)
    (NAMES / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Command line."""
    # Compiled classes do not tell their parameters; nothing has been imported yet.
    os.environ["AIOLOS_PURE"] = os.environ["AIOHTTP_NO_EXTENSIONS"] = "1"
    import differences  # which needs what it lists

    ours = [line for name in OURS for line in listing(name)] if arguments != WRITE_AIOHTTP else []
    if arguments == ["--ours"]:
        print("\n".join(ours))
    elif arguments == ["--write"]:
        write("ours.txt", ours)
        write("missing.txt", differences.with_reasons())
    elif arguments == WRITE_AIOHTTP:
        write("aiohttp.txt", [*tree("aiohttp")])
    else:
        for argument in arguments:
            print("\n".join(listing(argument)))


WRITE_AIOHTTP = ["--write-aiohttp"]

if __name__ == "__main__":
    main(sys.argv[1:])
