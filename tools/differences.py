"""Where the names and parameters of ours differ from aiohttp's, which names/aiohttp.txt keeps.

Each difference that stays is a line of names/missing.txt: a word why, the path, what aiohttp has,
and what is there instead, if anything. The words:

aiohttp-alone   the import name that aiolos-aiohttp gives has it; aiolos has not
inside          a step, a table or a regular expression by which aiohttp works inside
connection      a verb of aiohttp's connections; one of ours is driven by its link
made-elsewhere  it is made by the client or the server, never by users, and by other parameters
not-asked       a class of one's own may have it, and need not: nothing of ours asks for it
named           a parameter that is given by position has another name here
options         it is taken among the `**options`, which go on to what takes them by name
instead         something else does it, as docs/compatibility.md tells
"""

import importlib
import inspect
import os
import re
import sys
import typing
from collections.abc import Iterator
from inspect import Parameter, Signature
from types import ModuleType
from typing import Any, NamedTuple

from listing import NAMES

REASONS = (
    "aiohttp-alone",
    "inside",
    "connection",
    "made-elsewhere",
    "not-asked",
    "named",
    "options",
    "instead",
)
UNKNOWN = "?"
MISSING = object()
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
KEYWORD = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class Kept(NamedTuple):
    """A line of names/aiohttp.txt: `path` in `module`, and what it is there."""

    module: str
    path: str
    kind: str


def kept() -> Iterator[Kept]:
    """The lines of names/aiohttp.txt; those of a module come behind the one that names it."""
    module = ""
    for line in (NAMES / "aiohttp.txt").read_text(encoding="utf-8").splitlines():
        path, _, kind = line.partition(" ")
        if kind == "module":
            module = path
        yield Kept(module, path.removeprefix(module).removeprefix("."), kind)


def of(package: str) -> list[str]:
    """The differences of `package`, `aiolos` or `aiohttp`, each as `path kind # ours: ...`.

    SystemExit where the original is what the name aiohttp gives here: it differs from nothing.
    """
    if package == "aiohttp" and imported("aiohttp._component") is None:
        raise SystemExit(
            "the name aiohttp is the original's here: put packages/aiohttp-compat/src on the path"
        )
    return [line for each in kept() for line in compared(package, each)]


def compared(package: str, line: Kept) -> Iterator[str]:
    """The difference in this line, if there is one; none below a name that is not there."""
    name = line.module.replace("aiohttp", package, 1)
    module = imported(name)
    told = f"{name}.{line.path}".rstrip(".") + f" {line.kind}"
    if line.kind == "module":
        if module is None:
            yield told
        return
    if module is None or not owner_is_there(module, line.path):
        return
    value = found(module, line.path)
    if value is MISSING:
        yield told
    elif line.kind.startswith("= "):
        home, _, attribute = line.kind[2:].rpartition(".")
        other = imported(home.replace("aiohttp", package, 1))
        # Where that module is not there, or that name, its own line says it.
        if other is not None and found(other, attribute) not in (value, MISSING):
            yield f"{told}  # ours: another object"
    elif "(" in line.kind and "(...)" not in line.kind and not takes(value, signature(line.kind)):
        yield f"{told}  # ours: {names(value)}"


def names(value: Any) -> str:
    """Of its parameters; a `*` stands before those that are given by name alone."""
    if not has_parameters(value):
        return "(...)"
    parameters = inspect.signature(value).parameters.values()
    by_name = (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD)
    return " ".join(f"*{each.name}" if each.kind in by_name else each.name for each in parameters)


def has_parameters(value: Any) -> bool:
    """Whether it is a class or a function that tells them; an alias of types does on some Pythons
    alone."""
    try:
        inspect.signature(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, type) or inspect.isroutine(value)


def imported(name: str) -> ModuleType | None:
    """The module; None where there is none."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


def owner_is_there(module: ModuleType, path: str) -> bool:
    """Whether the class is there that `path`, a member of it, belongs to."""
    owner, _, _ = path.rpartition(".")
    return not owner or found(module, owner) is not MISSING


def found(module: ModuleType, path: str) -> object:
    """What `module` has at `path`, a declared attribute as its name; or MISSING."""
    value: object = module
    for name in path.split("."):
        if not inspect.isclass(value):
            value = getattr(value, name, MISSING)
        elif hasattr(value, name):
            value = inspect.getattr_static(value, name)
        else:
            value = name if is_set(value, name) else MISSING
    return value.__func__ if isinstance(value, (classmethod, staticmethod)) else value


def is_set(cls: type, name: str) -> bool:
    """Whether instances have an attribute `name`, by an annotation or by `__init__`."""
    for each in cls.__mro__[:-1]:
        if name in getattr(each, "__annotations__", {}):
            return True
        init = vars(each).get("__init__")
        if inspect.isfunction(init) and re.search(rf"self\.{name}\b[^=\n]*=", source(init)):
            return True
    return False


def source(function: Any) -> str:
    """Its text; "" for one that was made by no text, as those of dataclasses."""
    try:
        return inspect.getsource(function)
    except OSError:
        return ""


def signature(kind: str) -> Signature:
    """The parameters that a kept line tells, as in "class(a, *, b=...)"."""
    made: dict[str, Any] = {}
    exec(f"def asked{kind[kind.index('(') :]}: ...", made)
    return inspect.signature(made["asked"])


def takes(value: Any, asked: Signature) -> bool:
    """Whether whatever may be called by `asked` calls `value`: by position, by name, and with
    what is left out."""
    if not has_parameters(value):
        return False
    ours = inspect.signature(value).parameters
    theirs = {
        name: each
        for name, each in asked.parameters.items()
        if each.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        and not name.startswith("_")
    }
    named = {name for name, each in ours.items() if each.kind in KEYWORD} | options(value, ours)
    positions = [name for name, each in ours.items() if each.kind in POSITIONAL]
    expected = [name for name, each in theirs.items() if each.kind in POSITIONAL]
    if any(each.kind is Parameter.VAR_POSITIONAL for each in ours.values()):
        expected = expected[: len(positions)]
    required = {
        name
        for name, each in ours.items()
        if each.default is each.empty and each.kind in (*POSITIONAL, Parameter.KEYWORD_ONLY)
    }
    # `self` is given by nobody, and by no name.
    return (
        positions[: len(expected)] == expected
        and {name for name, each in theirs.items() if each.kind in KEYWORD} <= {*named, "self"}
        and required <= {name for name, each in theirs.items() if each.default is each.empty}
    )


def options(value: Any, ours: Any) -> set[str]:
    """The names that `**options: Unpack[...]` of `value` takes."""
    for each in ours.values():
        if each.kind is Parameter.VAR_KEYWORD:
            hint = typing.get_type_hints(value).get(each.name)
            arguments = typing.get_args(hint)
            return {*typing.get_type_hints(arguments[0])} if arguments else set()
    return set()


def reasons() -> dict[str, str]:
    """The word of each line of names/missing.txt, by the rest of the line."""
    lines = (NAMES / "missing.txt").read_text(encoding="utf-8").splitlines()
    return {rest: word for word, _, rest in (line.partition(" ") for line in lines)}


def with_reasons() -> list[str]:
    """The lines of names/missing.txt as they are to be; what has no word yet has a "?"."""
    known = {rest.partition(" ")[0]: word for rest, word in reasons().items()}
    # The import name aiohttp gives classes of aiolos other names, so that it comes last.
    lines = {package: of(package) for package in ("aiolos", "aiohttp")}
    without = {line.partition(" ")[0] for line in lines["aiohttp"]}
    told = []
    for package, differences in lines.items():
        for line in differences:
            path = line.partition(" ")[0]
            alone = package == "aiolos" and path.replace("aiolos", "aiohttp", 1) not in without
            told.append(f"{known.get(path, 'aiohttp-alone' if alone else UNKNOWN)} {line}")
    return told


def unexplained(package: str) -> list[str]:
    """What is wrong with names/missing.txt: a difference that it does not hold, or holds otherwise
    or without a word of REASONS, and a line of what differs no more."""
    now = of(package)
    told = {rest: word for rest, word in reasons().items() if rest.startswith(f"{package}.")}
    return [
        *(f"not kept: {line}" for line in now if line not in told),
        *(f"differs no more: {line}" for line in told if line not in now),
        *(f"no reason: {line}" for line, word in told.items() if word not in REASONS),
    ]


if __name__ == "__main__":
    # Compiled classes do not tell their parameters; nothing has been imported yet.
    os.environ["AIOLOS_PURE"] = "1"
    wrong = unexplained(sys.argv[1])
    if wrong:
        wrong.append("if that is meant: python tools/listing.py --write, and the reasons")
    sys.exit("\n".join(wrong) or None)
