"""One variable of a path: what its text looks like, and its value."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from .converters import ANYTHING, SEGMENT, Converter, plain_text
from .expression import literal_ends, tokens_of
from .spelling import quoted, value_of


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
        self.spans = tokens_of(regex) is None

    @property
    def is_regex(self) -> bool:
        """Whether the user has written its regular expression."""
        return self.converter is None and self.regex != SEGMENT

    @property
    def ends(self) -> tuple[str, str]:
        """How its text begins and ends, whatever it is; "" where that is not known."""
        return literal_ends(self.regex)

    @property
    def takes_all(self) -> bool:
        """Whether every text that is not empty is a value: all, or all without slashes."""
        return self.regex in (SEGMENT, ANYTHING)

    def value(self, text: str) -> Any:
        """The value of a matching part of a decoded path. ValueError: it is none."""
        text = value_of(text)
        return text if self.converter is None else self.converter.from_text(text)

    def filled(self, text: str) -> Any:
        """As value(), but ValueError for an empty text."""
        if not text:
            raise ValueError(f"{self.name} is empty")
        return self.value(text)

    def text(self, value: Any) -> str:
        """A value's text, escaped. ValueError where it cannot be one of this variable."""
        convert = plain_text if self.converter is None else self.converter.to_text
        try:
            text = convert(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.name}={value!r:.80}: {error}") from None
        return quoted(text, slashes=self.spans)

    def reader(self) -> "Callable[[str], Any] | None":
        """As value(), for any text of one segment; None for a variable that takes every text."""
        if self.regex == SEGMENT and self.converter is None:
            return None
        fits = _fullmatch(self.regex)
        value = self.value

        def read(text: str) -> Any:
            if fits(text) is None:
                raise ValueError(text)
            return value(text)

        return read


@cache
def _fullmatch(regex: str) -> "Callable[[str], re.Match[str] | None]":
    return re.compile(regex).fullmatch
