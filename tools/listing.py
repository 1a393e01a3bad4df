"""Public names with their signatures, one a line, kept in tests-integration/names.

python tools/listing.py --ours                  print the names of ours
python tools/listing.py aiolos aiolos.web       print the names of modules
python tools/listing.py --write                 keep the names of ours (names/ours.txt), and of
                                                aiohttp's those that we lack (names/missing.txt)
python tools/listing.py --write-aiohttp         keep those of aiohttp 3.14, which must be installed
python tools/listing.py --missing [module ...]  what names/aiohttp.txt has and ours lack

Names and parameters are facts; nothing else is taken of aiohttp.
"""

import importlib
import inspect
import os
import re
import sys
from enum import Enum
from pathlib import Path
from types import ModuleType

NAMES = Path(__file__).resolve().parents[1] / "tests-integration" / "names"
OURS = ("aiolos", "aiolos.web", "aiolos.test_utils", "aiolos_protocol.limits")
THEIRS = (
    "aiohttp",
    "aiohttp.abc",
    "aiohttp.client",
    "aiohttp.client_exceptions",
    "aiohttp.client_reqrep",
    "aiohttp.connector",
    "aiohttp.cookiejar",
    "aiohttp.formdata",
    "aiohttp.hdrs",
    "aiohttp.http",
    "aiohttp.http_exceptions",
    "aiohttp.multipart",
    "aiohttp.payload",
    "aiohttp.pytest_plugin",
    "aiohttp.resolver",
    "aiohttp.streams",
    "aiohttp.test_utils",
    "aiohttp.tracing",
    "aiohttp.typedefs",
    "aiohttp.web",
    "aiohttp.web_exceptions",
    "aiohttp.worker",
)
# A default whose repr holds an address differs from run to run.
PARAMETER = re.compile(r"[(,] ?\*{0,2}(\w+)")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


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


def main(arguments: list[str]) -> None:
    """Command line."""
    # Compiled classes do not tell their parameters; nothing of ours is imported yet.
    os.environ["AIOLOS_PURE"] = "1"
    if arguments == ["--ours"]:
        arguments = [*OURS]
    if arguments == ["--write"]:
        write("ours.txt", OURS)
        lines = missing(THEIRS)
        (NAMES / "missing.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif arguments == ["--write-aiohttp"]:
        write("aiohttp.txt", THEIRS)
    elif arguments[:1] == ["--missing"]:
        print("\n".join(missing(tuple(arguments[1:]) or THEIRS)))
    else:
        for argument in arguments:
            print("\n".join(listing(argument)))


def missing(modules: tuple[str, ...]) -> list[str]:
    """Names of aiohttp's that our module of the same place lacks, or that take fewer parameters."""
    found = []
    for line in (NAMES / "aiohttp.txt").read_text(encoding="utf-8").splitlines():
        path, _, kind = line.partition(" ")
        module = next(each for each in sorted(THEIRS, reverse=True) if path.startswith(f"{each}."))
        if module not in modules:
            continue
        value = ours(module, path.removeprefix(f"{module}."))
        if value is None:
            found.append(line)
            continue
        theirs = set(PARAMETER.findall(kind))
        if (
            "(" in kind
            and "*" not in kind
            and not theirs <= set(PARAMETER.findall(described(value)))
        ):
            found.append(f"{line}  # ours: {parameters(value)}")
    return found


def ours(module: str, path: str) -> object:
    """Our object for aiohttp's `module` and dotted `path` in it; None where there is none."""
    try:
        value: object = importlib.import_module(module.replace("aiohttp", "aiolos", 1))
    except ModuleNotFoundError:
        return None
    for name in path.split("."):
        if not hasattr(value, name):
            return None
        value = (
            inspect.getattr_static(value, name) if inspect.isclass(value) else getattr(value, name)
        )
    return value.__func__ if isinstance(value, (classmethod, staticmethod)) else value


def write(file: str, modules: tuple[str, ...]) -> None:
    """Keep the listing of `modules` in names/`file`."""
    NAMES.mkdir(exist_ok=True)
    lines = [line for name in modules for line in listing(name)]
    (NAMES / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
