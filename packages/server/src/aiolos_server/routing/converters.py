"""Typed variables of a path: `{id:int}`. Each converter turns text into a value and back."""

import math
import re
import uuid
from contextlib import suppress
from enum import Enum
from typing import Any, Final, Protocol

SEGMENT: Final = "[^/]+"
"""What a variable without a type or a regular expression matches."""
ANYTHING: Final = "(?s:.+)"
"""What a `path` matches."""


class Converter(Protocol):
    """What a word behind the colon stands for; register it by UrlDispatcher.add_converter()."""

    @property
    def regex(self) -> str:
        """What the variable's text looks like; where it can match a slash, several segments."""

    def from_text(self, text: str) -> Any:
        """The value of `text`, which is percent-decoded and fits `regex`. ValueError: no match."""

    def to_text(self, value: Any) -> str:
        """The text of `value`, not escaped. ValueError where it is no such value."""


class TextConverter:
    """`str` (one segment) and `path` (any number of them, at least one character)."""

    def __init__(self, regex: str) -> None:
        self.regex = regex

    def from_text(self, text: str) -> str:
        """The text."""
        return text

    def to_text(self, value: Any) -> str:
        """The text of any value but None; an empty one would not be found again."""
        text = plain_text(value)
        if not text:
            raise ValueError("an empty str cannot be a part of a path")
        return text


class IntConverter:
    """`int`: digits, with an optional minus sign."""

    regex = "-?[0-9]+"

    def from_text(self, text: str) -> int:
        """The number. ValueError also above the interpreter's bound on digits."""
        return int(text)

    def to_text(self, value: Any) -> str:
        """An int, or text that is one."""
        if isinstance(value, Enum):
            value = value.value
        if isinstance(value, (int, str)):
            with suppress(ValueError):
                return str(int(value))
        raise ValueError("not an int")


class FloatConverter:
    """`float`: a finite decimal number, with or without point and exponent."""

    regex = r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+\-]?[0-9]+)?"

    def from_text(self, text: str) -> float:
        """The number. ValueError where it is too large for one."""
        number = float(text)
        if math.isinf(number):
            raise ValueError(f"{text} is too large")
        return number

    def to_text(self, value: Any) -> str:
        """A finite number, or text that is one."""
        if isinstance(value, Enum):
            value = value.value
        number = math.nan
        if isinstance(value, (int, float, str)):
            with suppress(ValueError, OverflowError):
                number = float(value)
        if not math.isfinite(number):
            raise ValueError("not a finite number")
        # Of a subclass, such as bool, the number and not its name.
        return int.__repr__(value) if isinstance(value, int) else repr(number)


class UuidConverter:
    """`uuid`: a uuid.UUID in its hyphenated form (RFC 9562 4)."""

    regex = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"

    def from_text(self, text: str) -> uuid.UUID:
        """The UUID."""
        return uuid.UUID(text)

    def to_text(self, value: Any) -> str:
        """A UUID, or text that is one."""
        if not isinstance(value, uuid.UUID):
            text = plain_text(value)
            try:
                value = uuid.UUID(text)
            except ValueError:
                raise ValueError("not a UUID") from None
        return str(value)


class BoolConverter:
    """`bool`: true or false in any case, 1 or 0."""

    regex = "[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|1|0"

    def from_text(self, text: str) -> bool:
        """The truth."""
        return text.lower() in {"true", "1"}

    def to_text(self, value: Any) -> str:
        """A bool, or 0, or 1, or text that is one."""
        if isinstance(value, str) and re.fullmatch(self.regex, value):
            value = self.from_text(value)
        if value not in (0, 1):
            raise ValueError("not a bool")
        return "true" if value else "false"


def plain_text(value: Any) -> str:
    """The text of any value but None; an Enum's is that of its own value."""
    if value is None:
        raise ValueError("None cannot be a part of a path")
    return str(value.value if isinstance(value, Enum) else value)


CONVERTERS: Final[dict[str, Converter]] = {
    "str": TextConverter(SEGMENT),
    "path": TextConverter(ANYTHING),
    "int": IntConverter(),
    "float": FloatConverter(),
    "uuid": UuidConverter(),
    "bool": BoolConverter(),
}
"""What every router begins with."""
