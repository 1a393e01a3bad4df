"""One source: the imports of aiohttp, and what they bind, become those of aiolos."""

import ast
import io
import re
from dataclasses import dataclass, field
from typing import Final

from .bindings import (
    LACKING,
    Fate,
    bound_by,
    fates,
    kept_modules,
    lacking,
    modules_bound,
    renamed,
)
from .differences import ELSEWHERE, seen_in
from .names import NEW, OLD, has, home_of, is_old, path_of
from .uses import annotations, uses

_FROM: Final = re.compile(rb"from\s+(aiohttp[\w.]*)\s+import\b")
_DOTTED: Final = re.compile(r"aiohttp(?:\.\w+)+")
_IN_ANNOTATION: Final = re.compile(rb"\baiohttp\.(\w+)")
# Another module's name aiohttp, as in patch("app.aiohttp.ClientSession").
_ELSEWHERE: Final = re.compile(r"\w+(?:\.\w+)*\.aiohttp(?:\.\w+)*")
_REQUIREMENT: Final = re.compile(r"aiohttp(?:\[[^\]]*\]\s*|\s*(?=[<>=!~;]))(?:[<>=!~;].*)?")
# Functions whose strings are names of modules, of what is in them, or of loggers.
_TAKE_PATHS: Final = frozenset(
    {"delattr", "getLogger", "import_module", "importorskip", "patch", "setattr"}
)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The new text, and what is to be looked at: lines, counted from 1, with a sentence each."""

    text: str
    notes: list[tuple[int, str]]


def rewritten(source: str) -> Rewritten:
    """`source` with aiolos in place of aiohttp. Raises SyntaxError for what is no Python.

    Only names change; layout and comments stay. What aiolos does not have keeps the name aiohttp
    where it is imported by name, and is noted.
    """
    tree = ast.parse(source)
    bound = fates(tree)
    visitor = _Visitor(source, tree, bound)
    visitor.visit(tree)
    visitor.tell_lacking(tree)
    notes = sorted({*visitor.notes, *seen_in(tree, bound)})
    return Rewritten(visitor.text(), notes)


@dataclass(frozen=True, slots=True, order=True)
class _Edit:
    """The bytes from `start` to `end` of a line, both in UTF-8 as ast counts, become `new`."""

    line: int
    start: int
    end: int
    new: bytes = field(compare=False)


class _Visitor(ast.NodeVisitor):
    def __init__(self, source: str, tree: ast.AST, bound: dict[str, Fate]) -> None:
        # By the line ends that Python knows, and no others.
        self._lines = [line.encode() for line in io.StringIO(source, newline="")]
        self._edits: set[_Edit] = set()
        self._annotations: set[ast.AST] = set()
        self._paths: set[ast.AST] = set()
        self.notes: set[tuple[int, str]] = set()
        self._fates = bound
        self._modules = modules_bound(tree)
        self._kept = kept_modules(tree)
        self._is_renamed = bound.get(OLD) is Fate.RENAMED

    def text(self) -> str:
        """The source with all edits made."""
        lines = list(self._lines)
        for edit in sorted(self._edits, reverse=True):
            line = lines[edit.line - 1]
            lines[edit.line - 1] = line[: edit.start] + edit.new + line[edit.end :]
        return b"".join(lines).decode()

    def _edit(self, line: int, start: int, old: str, new: str) -> None:
        end = start + len(old.encode())
        if self._lines[line - 1][start:end] == old.encode():
            self._edits.add(_Edit(line, start, end, new.encode()))
        else:
            self.notes.add((line, f"write {new} for {old} in this line or the next"))

    # Imports.

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if not is_old(alias.name):
                continue
            home = home_of(alias.name)
            if home is None:
                self._keep(alias.lineno, alias.name)
                continue
            fate = self._fates.get(bound_by(alias) or "", Fate.IMPORTED)
            if fate is Fate.KEPT or alias.asname in self._kept:
                name = alias.asname or OLD
                text = f"{alias.name} stays: not all that {name} stands for here is in aiolos"
                self.notes.add((alias.lineno, text))
                continue
            if alias.asname is None and fate is Fate.IMPORTED:
                # Something else here has the name as well: it goes on to be bound.
                home = f"{home} as {OLD}" if home == NEW else f"{home}, {NEW} as {OLD}"
            self._edit(alias.lineno, alias.col_offset, alias.name, home)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or node.module is None or not is_old(node.module):
            return
        for alias in node.names:
            if (alias.asname or alias.name) in self._kept:
                text = f"{alias.name} stays: not all of it that is used here is in aiolos"
                self.notes.add((node.lineno, text))
                return
        names = tuple(alias.name for alias in node.names)
        home = home_of(node.module, names)
        if home is None:
            near = home_of(node.module) or NEW
            for name in names:
                if not has(near, name):
                    self._keep(node.lineno, f"{node.module}.{name}")
            return
        line = self._lines[node.lineno - 1]
        found = _FROM.match(line, node.col_offset)
        if found is None:
            self.notes.add((node.lineno, f"{node.module} is written unusually; write {home}"))
            return
        self._edits.add(_Edit(node.lineno, *found.span(1), home.encode()))

    def _keep(self, line: int, name: str) -> None:
        self.notes.add((line, f"{name} {LACKING}"))

    # What is bound by them.

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == OLD and self._is_renamed:
            self._edit(node.lineno, node.col_offset, OLD, NEW)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        fate = self._fates.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if fate is not None:
            name = renamed(node.attr)
            if name is None:
                self._keep(node.lineno, f"{OLD}.{node.attr}")
            elif fate is not Fate.KEPT and name != node.attr and node.end_col_offset:
                # A module that is another one here.
                start = node.end_col_offset - len(node.attr.encode())
                self._edit(node.end_lineno or node.lineno, start, node.attr, name)
        self.generic_visit(node)

    def tell_lacking(self, tree: ast.AST) -> None:
        """Note each use of what aiolos has not."""
        for use in uses(tree):
            module = OLD if use.root in self._fates else self._modules.get(use.root)
            plain = module == OLD and len(use.path) == 1 and not use.spelled
            if module is not None and not plain and lacking(module, use):
                self._keep(use.line, ".".join((module, *use.path)))

    # Names in strings.

    def visit(self, node: ast.AST) -> None:
        for annotation in annotations(node):
            self._annotations.update(ast.walk(annotation))
        super().visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        if name in _TAKE_PATHS:
            self._paths.update(node.args)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        text = node.value
        if not isinstance(text, str) or node.lineno != node.end_lineno:
            return
        if node in self._annotations:
            if self._is_renamed:
                self._in_string(node)
        elif _DOTTED.fullmatch(text) and node in self._paths and path_of(text) is not None:
            self._in_string(node)
        elif text == OLD or _DOTTED.fullmatch(text):
            self.notes.add((node.lineno, f'"{text}" is left as it is'))
        elif node in self._paths and _ELSEWHERE.fullmatch(text):
            self.notes.add((node.lineno, f'"{text}" is left as it is: {ELSEWHERE}'))
        elif _REQUIREMENT.fullmatch(text):
            self.notes.add((node.lineno, f'"{text}" is required; aiolos takes its place'))

    def _in_string(self, node: ast.Constant) -> None:
        line = self._lines[node.lineno - 1]
        for found in _IN_ANNOTATION.finditer(line, node.col_offset, node.end_col_offset or 0):
            # A module may be another one here.
            name = found[1].decode()
            new = f"{NEW}.{renamed(name) or name}"
            self._edits.add(_Edit(node.lineno, *found.span(), new.encode()))
