"""Which names of a source stand for aiohttp, and whether they may stand for aiolos."""

import ast
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from .names import NEW, OLD, has, home_of, is_old, path_of
from .uses import Use, uses

LACKING: Final = "is not in aiolos; it stays, and needs aiolos-aiohttp, where that has it"


class Fate(Enum):
    """What becomes of a name that stands for aiohttp."""

    RENAMED = "its imports and its uses change"
    IMPORTED = "its imports change, the name and its uses do not"
    KEPT = "nothing changes: what it stands for is not all in aiolos"


def fates(tree: ast.AST) -> dict[str, Fate]:
    """What becomes of each name that an import binds to aiohttp: of itself and of its aliases."""
    nodes = list(ast.walk(tree))
    modules: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if name := bound_by(alias):
                    modules.setdefault(name, set()).add(alias.name)
    others = {name for node in nodes for name in _bound_otherwise(node)}
    used: dict[str, set[Use]] = {name: set() for name in modules}
    for use in uses(tree):
        used.get(use.root, set()).add(use)
    return {
        name: _fate(name, imported, used[name], shadowed=name in others)
        for name, imported in modules.items()
    }


def bound_by(alias: ast.alias) -> str | None:
    """The name that `import alias` binds to the package aiohttp; None where it binds none."""
    if not is_old(alias.name):
        return None
    if alias.asname is None:
        return OLD
    return alias.asname if alias.name == OLD else None


def renamed(attribute: str) -> str | None:
    """What `aiohttp.attribute` is below aiolos; None where it is nowhere."""
    home = home_of(f"{OLD}.{attribute}")
    if home is None:
        return attribute if has(NEW, attribute) else None
    return home.rpartition(".")[2]


def modules_bound(tree: ast.AST) -> dict[str, str]:
    """Which module below the package aiohttp a name stands for, by an import."""
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname is not None and alias.name.startswith(f"{OLD}."):
                    bound[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level and is_old(node.module or ""):
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                if home_of(module) is not None:
                    bound[alias.asname or alias.name] = module
    return bound


def kept_modules(tree: ast.AST) -> set[str]:
    """Those of modules_bound() of which something is used that aiolos has not."""
    bound = modules_bound(tree)
    kept = set()
    for use in uses(tree):
        if use.root in bound and lacking(bound[use.root], use):
            kept.add(use.root)
    return kept


def lacking(module: str, use: Use) -> bool:
    """Whether aiolos has not what is read of a name that stands for a module of aiohttp."""
    if use.spelled:
        return path_of(".".join((module, *use.path))) is None
    return lacks(module, use.path)


def lacks(module: str, path: Iterable[str]) -> bool:
    """Whether aiolos has not what the attributes `path` of a module of aiohttp lead to; what is no
    module is not looked into."""
    for attribute in path:
        below = f"{module}.{attribute}"
        if home_of(below) is None:
            return home_of(module, (attribute,)) is None
        module = below
    return False


def _fate(name: str, imported: Iterable[str], found: Iterable[Use], *, shadowed: bool) -> Fate:
    used = {use.path[0] for use in found}
    if any(home_of(module) is None for module in imported) or None in map(renamed, used):
        return Fate.KEPT
    if any(lacking(OLD, use) for use in found):
        return Fate.KEPT
    if not shadowed:
        return Fate.RENAMED if name == OLD else Fate.IMPORTED
    # What else has the name has the attributes of aiohttp, if any: they must be the same here.
    moved = any(home_of(module) != module.replace(OLD, NEW, 1) for module in imported)
    return Fate.KEPT if moved or any(renamed(each) != each for each in used) else Fate.IMPORTED


def _bound_otherwise(node: ast.AST) -> Iterator[str]:
    """Names that `node` binds to what is not the package aiohttp, or whose scope it changes."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names
        case ast.Import(names=aliases):
            for alias in aliases:
                if bound_by(alias) is None:
                    yield alias.asname or alias.name.partition(".")[0]
        case ast.ImportFrom(names=aliases):
            for alias in aliases:
                yield alias.asname or alias.name
