"""Paths with variables: how they are written, matched and built again.

    path     = *( text / variable )
    variable = "{" name [ ":" what ] [ "=" default ] "}"
    what     = a converter's word / a regular expression

`default` only behind a converter's word or a bare name, and only for a variable that is the whole
last segment: the path then also matches with that segment empty or absent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from .converters import Converter, plain_text
from .spelling import decoded, quoted, quoted_path, value_of

# A regular expression may hold braces itself: `{id:\d{2}}`.
_PART: Final = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_VARIABLE: Final = re.compile(
    r"\{(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)(?:=(?P<bare>[^{}]*)|:(?P<what>.+))?\}", re.DOTALL
)
_SEGMENT: Final = "[^/]+"

# Regular expressions of which it is plain to see that they match no slash. The others are taken
# for such as may: they are only looked for in more places.
_WITHIN_A_SEGMENT: Final = re.compile(
    r"""(?: [A-Za-z0-9_\-~@%,;!&'\u0080-\U0010ffff]  # a character that stands for itself
          | \\[dw.\-_~+*?()$|]                 # a class without the slash; an escaped character
          | \[ -?(?: [A-Za-z0-9]-[A-Za-z0-9]   # a set: ranges have no slash between these ends
                   | \\[dw.\-_] | [A-Za-z0-9_.~@%+,] )+ -? \]
          | \[\^/(?: [A-Za-z0-9_.{}] )* \]     # anything but a slash
          | \( (?:\?:)? | \) | \|
          | [+*?] | \{[0-9]*,?[0-9]*\}
        )+""",
    re.VERBOSE,
)


class Head(str):
    """In a list of segments: how one begins that holds variables; "" where with a variable."""

    __slots__ = ()


class Variable:
    """A variable of a path. `spans` tells that its text may hold slashes."""

    __slots__ = ("converter", "default", "name", "regex", "spans")

    def __init__(
        self, name: str, regex: str, converter: "Converter | None", default: "str | None"
    ) -> None:
        self.name = name
        self.regex = regex
        self.converter = converter
        self.default = default
        self.spans = _WITHIN_A_SEGMENT.fullmatch(regex) is None

    @property
    def is_regex(self) -> bool:
        """Whether the user has written its regular expression."""
        return self.converter is None and self.regex != _SEGMENT

    def value(self, text: str) -> Any:
        """The value of a matching part of a decoded path. ValueError: it is none."""
        text = value_of(text)
        return text if self.converter is None else self.converter.from_text(text)

    def text(self, value: Any) -> str:
        """A value's text, escaped. ValueError where it cannot be one of this variable."""
        convert = plain_text if self.converter is None else self.converter.to_text
        try:
            text = convert(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.name}={value!r}: {error}") from None
        return quoted(text, slashes=self.spans)

    def reader(self) -> "Callable[[str], Any] | None":
        """As value(), for any text of one segment; None for a variable that takes every text."""
        if self.regex == _SEGMENT and self.converter is None:
            return None
        fits = _fullmatch(self.regex)
        value = self.value

        def read(text: str) -> Any:
            if fits(text) is None:
                raise ValueError(text)
            return value(text)

        return read


class PathPattern:
    """A path with variables. ValueError, saying where, for one that is not well written."""

    __slots__ = ("_default", "_parts", "_regex", "_segments", "_slots", "_variables", "path")

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
        self._slots = self._made_slots()
        if self._slots is None and self._regex is None:
            self._regex = self._compiled()

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

    def _made_slots(self) -> "list[tuple[str, int, Callable[[str], Any] | None]] | None":
        """Name, segment and reader of each variable where each is one segment; else None."""
        slots = []
        for index, segment in enumerate(self._segments):
            for part in segment:
                if isinstance(part, Variable):
                    if len(segment) > 1 or part.spans:
                        return None
                    slots.append((part.name, index, part.reader()))
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
                f"bad regular expression in the path {self.path!r}: {error}"
            ) from error

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
                return [(keys, False)]
            first = segment[0] if segment else ""
            text = first if isinstance(first, str) else ""
            keys.append(Head(text) if variables else text)
        ways = [(keys, True)]
        if self._default:
            ways += [([*keys[:-1], ""], True), (keys[:-1], True)]
        return ways

    def match(self, path: str, segments: "list[str]") -> "dict[str, Any] | None":
        """The variables' values where `path`, decoded and also split, fits; else None.

        Segments without variables are those of ways(): they are not compared again where each
        variable is one segment.
        """
        values: dict[str, Any] = {}
        slots = self._slots
        if slots is None:
            return self._match_whole(path)
        for name, index, read in slots:
            text = segments[index] if index < len(segments) else ""
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


@cache
def _fullmatch(regex: str) -> "Callable[[str], re.Match[str] | None]":
    return re.compile(regex).fullmatch


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
        return Variable(match["name"], _SEGMENT, None, default)
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
