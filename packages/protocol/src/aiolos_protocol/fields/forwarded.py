"""Forwarded (RFC 7239)."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ..grammar import TOKEN
from .syntax import split, unquoted

# RFC 7239 4:  forwarded-pair = token "=" value      value = token / quoted-string
# The colon and the brackets of an address need quotes; many proxies forget them.
_PAIR: Final = re.compile(
    rf'({TOKEN.pattern})=("(?:[^"\\]++|\\.)*+"|[!#$%&\'*+\-.^_`|~0-9A-Za-z:\[\]]*+)', re.DOTALL
)


def parse_forwarded(values: Iterable[str]) -> tuple[Mapping[str, str], ...]:
    """One mapping per proxy on the way, the first proxy's first; parameter names in lower case.

    `values` are all Forwarded fields of a head. An element that is malformed, or has a parameter
    twice, becomes an empty mapping: it must not be trusted, but keeps its place, for hops are
    counted from the end. Linear in the length of the fields.
    """
    elements = (element for value in values for element in split(value, ","))
    return tuple(MappingProxyType(_parse_element(element)) for element in elements)


def _parse_element(element: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in split(element, ";"):
        match = _PAIR.fullmatch(piece)
        if match is None or match[1].lower() in found:
            return {}
        found[match[1].lower()] = unquoted(match[2])
    return found
