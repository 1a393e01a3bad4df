"""Link (RFC 8288)."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from multidict import MultiDict, MultiDictProxy

from .disposition import decode_extended
from .syntax import parameters, split

# A target may hold commas and semicolons, so links cannot just be split at them.
_TARGET: Final = re.compile(r"[,\s]*+<([^>]*+)>")
_REST: Final = re.compile(r'(?:[^,"]++|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z))*+', re.DOTALL)


class Link(NamedTuple):
    """`target` is a URI reference as it was written; `parameters` have names in lower case, with
    `title*` decoded and found as `title`."""

    target: str
    parameters: MultiDictProxy[str]

    @property
    def relations(self) -> tuple[str, ...]:
        """The relation types of the first `rel`, in lower case (RFC 8288 3.3)."""
        return tuple(self.parameters.get("rel", "").lower().split())


def parse_links(values: Iterable[str]) -> tuple[Link, ...]:
    """The links of all Link fields of a head; reading a field stops at what is no link."""
    found = []
    for value in values:
        position = 0
        while match := _TARGET.match(value, position):
            rest = _REST.match(value, match.end())
            assert rest is not None, "the pattern matches the empty string"
            found.append(Link(match[1].strip(), MultiDictProxy(_parameters(rest[0]))))
            position = rest.end()
    return tuple(found)


def _parameters(text: str) -> MultiDict[str]:
    plain: MultiDict[str] = MultiDict()
    for name, value in parameters(split(text, ";")):
        if name.endswith("*"):
            decoded = decode_extended(value)
            if decoded is not None:
                # RFC 8288 3.4.1: it outranks the plain one.
                plain[name[:-1]] = decoded
        else:
            plain.setdefault(name, value)
    return plain
