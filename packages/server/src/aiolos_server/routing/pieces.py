"""Several variables, or one beside fixed text, within one segment or one tail of a path.

A regular expression of several variables may try every place for each of them, in quadratic or
cubic time. Where the variables take any text there is nothing to try: read from the end, each
separator stands as far right as it can, which is what a regular expression would find as well.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from .variables import Variable

# How long a text may be where a regular expression of several variables has to try.
LONGEST: Final = 255

Reading = Callable[[str], "dict[str, Any] | None"]
"""Values by name of a text; None where it does not fit."""


def reading(parts: Sequence[str | Variable]) -> Reading:
    """How to read a text that consists of `parts`, alternating between text and variables."""
    variables = [part for part in parts if isinstance(part, Variable)]
    if len(variables) == 1 or all(variable.takes_all for variable in variables):
        return _splitting(parts)
    return _trying(parts, variables)


def _splitting(parts: Sequence[str | Variable]) -> Reading:
    """The reading of one variable, or of several that take any text; linear in the text."""
    # Fixed text before, between and behind the variables; "" where there is none.
    fixed = [""]
    readers: list[tuple[str, Callable[[str], Any]]] = []
    for part in parts:
        if isinstance(part, Variable):
            readers.append((part.name, part.reader() or part.filled))
            fixed.append("")
        else:
            fixed[-1] = part
    first, *between, last = fixed
    start, behind = len(first), len(last)
    backwards = list(zip(reversed(between), reversed(readers[1:]), strict=True))
    name, read = readers[0]

    def split(text: str) -> "dict[str, Any] | None":
        end = len(text) - behind
        if end < start or not text.startswith(first) or not text.endswith(last):
            return None
        found = []
        for separator, reader in backwards:
            # One character at least for the variable behind it, and one for those before it.
            place = text.rfind(separator, start + 1, end - 1)
            if place < 0:
                return None
            found.append((reader, text[place + len(separator) : end]))
            end = place
        found.append(((name, read), text[start:end]))
        try:
            return {name: read(piece) for (name, read), piece in reversed(found)}
        except ValueError:
            return None

    return split


def _trying(parts: Sequence[str | Variable], variables: Sequence[Variable]) -> Reading:
    """The reading by a regular expression, of texts up to LONGEST characters."""
    pieces = [
        re.escape(part) if isinstance(part, str) else f"(?P<{part.name}>{part.regex})"
        for part in parts
    ]
    fits = re.compile("".join(pieces)).fullmatch

    def tried(text: str) -> "dict[str, Any] | None":
        match = fits(text) if len(text) <= LONGEST else None
        if match is None:
            return None
        try:
            return {variable.name: variable.value(match[variable.name]) for variable in variables}
        except ValueError:
            return None

    return tried
