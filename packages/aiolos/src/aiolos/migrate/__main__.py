"""The command: shows what changes from aiohttp to aiolos, and what behaves differently."""

import argparse
import codecs
import difflib
import io
import os
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .differences import EVERYWHERE
from .rewriting import Rewritten, rewritten

# Folders with other people's sources.
_OTHERS: Final = frozenset(
    {"__pycache__", "build", "dist", "node_modules", "site-packages", "venv"}
)
# By their path, for requirements/base.txt is one.
_PROJECT_FILES: Final = re.compile(
    r"(?:.*/)?(?:pyproject\.toml|setup\.cfg|Pipfile|[^/]*requirements[^/]*(?:/[^/]*)?\.(?:txt|in))"
)
_REQUIRED: Final = re.compile(r"""(?:^|["'\s])aiohttp(?:\[[^\]]*\])?\s*(?:[<>=!~;,"']|$)""")

# Deeply nested sources exhaust the parser, or who walks the tree; the rest goes on.
_UNREADABLE: Final = (SyntaxError, ValueError, OSError, RecursionError, MemoryError)


def main() -> int:
    """Run the command line; the exit status: 1 where a file could not be read or written."""
    parser = argparse.ArgumentParser(
        prog="python -m aiolos.migrate",
        description="Shows what changes in a source tree from aiohttp to aiolos.",
    )
    parser.add_argument("path", type=Path, help="a file or a folder")
    parser.add_argument("--write", action="store_true", help="make the changes")
    chosen = parser.parse_args()
    if not chosen.path.exists():
        print(f"there is no {chosen.path}", file=sys.stderr)
        return 1
    notes: list[str] = []
    status = changed = 0
    for path in sources(chosen.path):
        try:
            source, encoding = read(path)
            result = rewritten(source) if "aiohttp" in source else Rewritten(source, [])
        except _UNREADABLE as error:
            print(f"{path}: not read: {str(error) or type(error).__name__}", file=sys.stderr)
            status = 1
            continue
        notes += [f"{path}:{line}: {text}" for line, text in result.notes]
        if result.text == source:
            continue
        if not chosen.write:
            show(path, source, result.text)
        else:
            try:
                path.write_bytes(result.text.encode(encoding))
            except OSError as error:
                print(f"{path}: not written: {error}", file=sys.stderr)
                status = 1
                continue
            print(f"changed {path}")
        changed += 1
    notes += required(chosen.path)
    tell(changed, notes, chosen.write)
    return status


def read(path: Path) -> tuple[str, str]:
    """The text of a Python file with its line ends as they are, and its encoding."""
    data = path.read_bytes()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding), encoding


def show(path: Path, before: str, after: str) -> None:
    """Print the changes as a diff."""
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in difflib.unified_diff(*lines, str(path), str(path), n=0):
        print(line.rstrip("\r\n"))


def files(root: Path) -> Iterator[Path]:
    """The files at or below `root`, hidden folders and other people's left out."""
    if root.is_file():
        yield root
        return
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink():
            if not path.name.startswith(".") and path.name not in _OTHERS:
                yield from files(path)
        elif path.is_file():
            yield path


def sources(root: Path) -> Iterator[Path]:
    """The Python files of files(root); `root` itself, if it is a file."""
    for path in files(root):
        if path == root or path.suffix in (".py", ".pyi"):
            yield path


def required(root: Path) -> Iterator[str]:
    """The lines of the project files below `root` that require aiohttp."""
    for path in files(root):
        if path != root and _PROJECT_FILES.fullmatch(path.relative_to(root).as_posix()):
            for number, line in enumerate(lenient(path.read_bytes()).splitlines(), 1):
                if _REQUIRED.search(line):
                    yield f"{path}:{number}: aiohttp is required; aiolos takes its place"


def lenient(data: bytes) -> str:
    """A project file's text, whatever it is in: PowerShell writes `pip freeze >` in UTF-16."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def tell(changed: int, notes: list[str], written: bool) -> None:
    """Print what is to be looked at."""
    print(f"\n{changed} files {'are changed' if written else 'would be changed (--write)'}")
    if notes:
        print("\nLook at these:")
        print("\n".join(notes))
    if changed or notes:
        print("\nWhat behaves differently everywhere:")
        print(EVERYWHERE)


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read it has seen enough, as `head` has; nothing is left to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
