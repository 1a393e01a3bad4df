"""Paths with variables: how they are written, matched and built again.

    path     = *( text / variable )
    variable = "{" name [ ":" what ] [ "=" default ] "}"
    what     = a converter's word / a regular expression

`default` only behind a converter's word or a bare name, and only for a variable that is the whole
last segment: the path then also matches with that segment empty or absent.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from .converters import ANYTHING, SEGMENT, Converter
from .pieces import Reading, reading
from .spelling import decoded, quoted_path, value_of
from .variables import Variable

# A regular expression may hold braces itself: `{id:\d{2}}`.
_PART: Final = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_VARIABLE: Final = re.compile(
    r"\{(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)(?:=(?P<bare>[^{}]*)|:(?P<what>.+))?\}", re.DOTALL
)


class Head(str):
    """In a list of segments: how one begins that holds variables, and in `end` how it ends.

    Either is "" where that varies; they do not overlap.
    """

    __slots__ = ("end",)

    end: str

    def __new__(cls, start: str, end: str = "") -> "Self":
        """A str with an end."""
        head = super().__new__(cls, start)
        head.end = end
        return head


class PathPattern:
    """A path with variables. ValueError, saying where, for one that is not well written."""

    __slots__ = (
        "_default",
        "_parts",
        "_regex",
        "_segments",
        "_slots",
        "_tail",
        "_tail_index",
        "_variables",
        "_whole",
        "path",
    )

    def __init__(self, path: str, converters: Mapping[str, Converter]) -> None:
        self.path = path
        self._parts = _parsed(path, converters)
        self._variables = [part for part in self._parts if isinstance(part, Variable)]
        self._segments = _segments(self._parts)
        self._default = self._checked_default()
        self._regex: "re.Pattern[str] | None" = None
        if any(variable.is_regex for variable in self._variables):
            # Whether it is well written is to be known now.
            self._regex = self._compiled()
        # Segments are read one by one, as far as no variable has more than one; what is behind
        # them is the tail. Only where that does not do is the whole path matched.
        self._tail_index = self._first_spanning()
        tail = self._parts_from(self._tail_index)
        variables = [part for part in tail if isinstance(part, Variable)]
        self._whole = not all(variable.regex == ANYTHING for variable in variables)
        if self._default and len(variables) > 1:
            self._whole = True
        self._tail: "Reading | None" = reading(tail) if tail and not self._whole else None
        self._slots = self._made_slots()
        if self._whole and self._regex is None:
            self._regex = self._compiled()

    def _first_spanning(self) -> int:
        """The segment in which a variable may have slashes; behind the last where none may."""
        for index, segment in enumerate(self._segments):
            if any(isinstance(part, Variable) and part.spans for part in segment):
                return index
        return len(self._segments)

    def _parts_from(self, index: int) -> "list[str | Variable]":
        """The parts of the segments from `index` on, with the slashes between them."""
        parts: list[str | Variable] = []
        for number, segment in enumerate(self._segments[index:]):
            for part in [*("/" * bool(number)), *segment]:
                if isinstance(part, str) and parts and isinstance(parts[-1], str):
                    parts[-1] += part
                else:
                    parts.append(part)
        return parts

    def _checked_default(self) -> dict[str, Any]:
        """The default's value by its variable's name, if there is one."""
        for number, variable in enumerate(self._variables, 1):
            if variable.default is None:
                continue
            if number < len(self._variables) or self._segments[-1] != [variable]:
                raise ValueError(
                    f"{variable.name} in the path {self.path!r} has a default: it must be the "
                    "whole last segment"
                )
            if variable.converter is None:
                return {variable.name: variable.default}
            try:
                if re.fullmatch(variable.regex, variable.default) is None:
                    raise ValueError(variable.default)
                return {variable.name: variable.converter.from_text(variable.default)}
            except ValueError:
                raise ValueError(
                    f"{variable.default!r} is no value of {variable.name} in the path {self.path!r}"
                ) from None
        return {}

    def _made_slots(self) -> "list[tuple[str | None, int, Any]]":
        """Of each segment with variables, but for the tail: a name, or None for several.

        Then the segment's index, and how its text is read: Variable.reader(), or a Reading.
        """
        slots: list[tuple[str | None, int, Any]] = []
        for index, segment in enumerate(self._segments[: self._tail_index]):
            part = segment[0] if segment else ""
            if isinstance(part, Variable) and len(segment) == 1:
                slots.append((part.name, index, part.reader()))
            elif any(isinstance(part, Variable) for part in segment):
                slots.append((None, index, reading(segment)))
        return slots

    def _compiled(self) -> re.Pattern[str]:
        pieces = [
            re.escape(part) if isinstance(part, str) else f"(?P<{part.name}>{part.regex})"
            for part in self._parts
        ]
        if self._default:
            pieces[-2] = pieces[-2].removesuffix("/")
            pieces[-1] = f"(?:/{pieces[-1]}?)?"
        try:
            return re.compile("".join(pieces))
        except re.error as error:
            raise ValueError(
                f"Bad pattern {''.join(pieces)!r}: {error}, in the path {self.path!r}"
            ) from None

    @property
    def regex(self) -> "re.Pattern[str]":
        """A regular expression that fits the same paths, but for what converters refuse."""
        if self._regex is None:
            self._regex = self._compiled()
        return self._regex

    @property
    def names(self) -> list[str]:
        """The variables' names, in order."""
        return [variable.name for variable in self._variables]

    @property
    def canonical(self) -> str:
        """The path with bare names for its variables."""
        return "".join(
            part if isinstance(part, str) else f"{{{part.name}}}" for part in self._parts
        )

    def ways(self) -> "list[tuple[list[str], bool]]":
        """How the pattern hangs in a tree: segments, and whether the path ends with them.

        A segment is its text, or the Head of one that holds variables. Where the path does not
        end, anything may follow, for match() to judge.
        """
        keys: list[str] = []
        for segment in self._segments:
            variables = [part for part in segment if isinstance(part, Variable)]
            if any(variable.spans for variable in variables):
                start = _start(segment)
                return [([*keys, Head(start)] if start else keys, False)]
            if variables:
                keys.append(Head(_start(segment), _end(segment)))
            else:
                keys.append("".join(map(str, segment)))
        ways = [(keys, True)]
        if self._default:
            ways += [([*keys[:-1], ""], True), (keys[:-1], True)]
        return ways

    def match(self, path: str, segments: "list[str]") -> "dict[str, Any] | None":
        """The variables' values where `path`, decoded and also split, fits; else None.

        Segments without variables are those of ways(), and are not compared again.
        """
        if self._whole:
            return self._match_whole(path)
        values: dict[str, Any] = {}
        for name, index, read in self._slots:
            text = segments[index] if index < len(segments) else ""
            if name is None:
                several = read(text)
                if several is None:
                    return None
                values.update(several)
                continue
            if read is None:
                if text:
                    values[name] = value_of(text) if "%" in text else text
                    continue
            else:
                try:
                    values[name] = read(text)
                    continue
                except ValueError:
                    pass
            if text or name not in self._default:
                return None
            values[name] = self._default[name]
        return values if self._tail is None else self._match_tail(values, segments)

    def _match_tail(
        self, values: "dict[str, Any]", segments: "list[str]"
    ) -> "dict[str, Any] | None":
        text = "/".join(segments[self._tail_index :])
        if not text and self._default:
            values.update(self._default)
            return values
        assert self._tail is not None
        tail = self._tail(text)
        if tail is None:
            return None
        values.update(tail)
        return values

    def _match_whole(self, path: str) -> "dict[str, Any] | None":
        regex = self._regex
        match = None if regex is None else regex.fullmatch(path)
        if match is None:
            return None
        values = match.groupdict()
        try:
            for name, text in values.items():
                if text is not None:
                    values[name] = value_of(text)
            for variable in self._variables:
                text = match[variable.name]
                if text is not None:
                    values[variable.name] = variable.value(text)
                else:
                    values[variable.name] = self._default[variable.name]
        except ValueError:
            return None
        return values

    def build(self, given: Mapping[str, Any]) -> str:
        """The path with values, escaped; KeyError for one that is missing, ValueError: no value."""
        pieces = []
        for part in self._parts:
            if isinstance(part, str):
                pieces.append(quoted_path(part))
            elif part.name in given:
                pieces.append(part.text(given[part.name]))
            elif part.default is None:
                raise KeyError(
                    f"{part.name}: {self.canonical} takes {', '.join(self.names)}; "
                    f"given: {', '.join(given) or 'none'}"
                )
            elif len(pieces) > 1 or pieces[0] != "/":
                pieces[-1] = pieces[-1].removesuffix("/")
        return "".join(pieces)


def _start(segment: "Sequence[str | Variable]") -> str:
    """How the text of a segment with variables begins, as far as it is fixed."""
    first, *others = segment
    if isinstance(first, Variable):
        return first.ends[0]
    second = others[0] if others else ""
    return first + (second.ends[0] if isinstance(second, Variable) else "")


def _end(segment: "Sequence[str | Variable]") -> str:
    """How it ends."""
    *others, last = segment
    if isinstance(last, Variable):
        return last.ends[1]
    before = others[-1] if others else ""
    return (before.ends[1] if isinstance(before, Variable) else "") + last


def _parsed(path: str, converters: Mapping[str, Converter]) -> "list[str | Variable]":
    parts: list[str | Variable] = []
    names: set[str] = set()
    position = 0
    for found in _PART.finditer(path):
        if found.start() > position:
            parts.append(_text(path, path[position : found.start()]))
        variable = _variable(path, found[0], converters)
        if variable.name in names:
            raise ValueError(f"the path {path!r} has two variables named {variable.name}")
        names.add(variable.name)
        parts.append(variable)
        position = found.end()
    if position < len(path):
        parts.append(_text(path, path[position:]))
    return parts


def _text(path: str, text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError(f"unbalanced braces in the path {path!r}")
    return decoded(text)


def _variable(path: str, part: str, converters: Mapping[str, Converter]) -> Variable:
    match = _VARIABLE.fullmatch(part)
    if match is None:
        raise ValueError(
            f"{part} in the path {path!r} is not {{name}}, {{name:type}} or "
            "{name:regular expression}"
        )
    what, default = match["what"], match["bare"]
    if what is None:
        return Variable(match["name"], SEGMENT, None, default)
    word, separator, after = what.partition("=")
    if word in converters:
        converter = converters[word]
        return Variable(match["name"], converter.regex, converter, after if separator else None)
    return Variable(match["name"], what, None, None)


def _segments(parts: "Sequence[str | Variable]") -> "list[list[str | Variable]]":
    """The parts between slashes; an empty segment has none."""
    segments: list[list[str | Variable]] = [[]]
    for part in parts:
        if isinstance(part, Variable):
            segments[-1].append(part)
            continue
        first, *others = part.split("/")
        if first:
            segments[-1].append(first)
        segments.extend([other] if other else [] for other in others)
    return segments
