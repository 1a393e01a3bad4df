"""What a source reads of each name: by attributes, and by their names in strings."""

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

# Functions that take an object and the name of an attribute, as patch.object() does.
TAKE_NAMES: Final = frozenset({"delattr", "getattr", "hasattr", "object", "setattr"})
# An alias of an alias of an alias is followed, and no further.
_DEPTH: Final = 3


class Use(NamedTuple):
    """The attributes `path` of the name `root` are read in `line`; the last of them is `spelled`
    where a string names it that is not to change."""

    root: str
    path: tuple[str, ...]
    line: int
    spelled: bool = False


def uses(tree: ast.AST) -> set[Use]:
    """All of them. What is read of a name to which another, or its attribute, is assigned anywhere
    is read of that one as well."""
    nodes = list(ast.walk(tree))
    found = {use for node in nodes for use in _of_node(node)}
    found |= {use for node in nodes for use in _in_annotations(node)}
    origins: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
    for node in nodes:
        for name, value in _assigned(node):
            root, path = origin(value)
            if root and root != name:
                origins.setdefault(name, set()).add((root, path))
    more = found
    for _ in range(_DEPTH):
        more = {
            use._replace(root=root, path=path + use.path)
            for use in more
            for root, path in origins.get(use.root, ())
        }
        found |= more
    return found


def path_to(node: ast.AST) -> tuple[str, tuple[str, ...]]:
    """The name and the attributes that `node` is made of; the name is "" where it is another."""
    root, path = origin(node)
    return (root, path) if path else ("", ())


def origin(node: ast.AST) -> tuple[str, tuple[str, ...]]:
    """As path_to(), for a name without attributes as well."""
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.append(node.attr)
        node = node.value
    return (node.id, tuple(reversed(path))) if isinstance(node, ast.Name) else ("", ())


def annotations(node: ast.AST) -> Iterator[ast.expr]:
    """Those of an argument, a variable or a function; strings in them are Python, too."""
    match node:
        case ast.arg(annotation=found) | ast.AnnAssign(annotation=found):
            pass
        case ast.FunctionDef(returns=found) | ast.AsyncFunctionDef(returns=found):
            pass
        case _:
            return
    if found is not None:
        yield found


def _of_node(node: ast.AST) -> Iterator[Use]:
    match node:
        case ast.Attribute():
            root, path = path_to(node)
            if root:
                yield Use(root, path, node.lineno)
        case ast.Call(
            func=ast.Attribute(attr=function) | ast.Name(id=function),
            args=[value, ast.Constant(value=str(name)), *_],
        ) if function in TAKE_NAMES:
            root, path = origin(value)
            if root and name.isidentifier():
                yield Use(root, (*path, name), node.lineno, spelled=True)


def _in_annotations(node: ast.AST) -> Iterator[Use]:
    for annotation in annotations(node):
        for each in ast.walk(annotation):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                try:
                    parsed = ast.parse(each.value, mode="eval")
                except SyntaxError:
                    continue
                for below in ast.walk(parsed):
                    yield from (use._replace(line=each.lineno) for use in _of_node(below))


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
