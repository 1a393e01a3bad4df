"""Quality values and what is chosen by them (RFC 9110 12.4.2, 12.5)."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from .content_type import parse_content_type
from .syntax import split

# RFC 9110 12.4.2:  qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
_QVALUE: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


class Preference(NamedTuple):
    """What a peer accepts, in lower case up to its own parameters, and how gladly (0 to 1)."""

    value: str
    quality: float


def parse_accept(value: str) -> tuple[Preference, ...]:
    """The members of an Accept, Accept-Encoding, Accept-Language or TE field, best first; members
    of one quality keep their order. A member whose weight is malformed is left out."""
    found = []
    for member in split(value, ","):
        pieces = split(member, ";")
        quality = 1.0
        kept = pieces[:1]
        for piece in pieces[1:]:
            name, _, text = piece.partition("=")
            if name.strip(" \t").lower() != "q":
                kept.append(piece)
                continue
            text = text.strip(" \t")
            quality = float(text) if _QVALUE.fullmatch(text) else -1.0
            break
        if kept and quality >= 0:
            found.append(Preference("; ".join(kept).lower(), quality))
    found.sort(key=_by_quality)
    return tuple(found)


def _by_quality(preference: Preference) -> float:
    return -preference.quality


def choose_coding(accept_encoding: str | None, offered: Sequence[str]) -> str | None:
    """Which of the codings in `offered` (best first, by the server's taste) to use.

    The peer's weights decide, then the order of `offered`. "identity" is always possible unless
    it is refused. None where the field is absent, or nothing better than identity is accepted
    (RFC 9110 12.5.3).
    """
    if not accept_encoding:
        return None
    weights: dict[str, float] = {}
    for value, quality in parse_accept(accept_encoding):
        weights.setdefault(ALIASES.get(value, value), quality)
    others = weights.get("*", 0.0)
    best: str | None = None
    best_quality = weights.get("identity", 0.0)
    for coding in offered:
        quality = weights.get(coding, others)
        if quality > 0 and (quality > best_quality or (best is None and quality == best_quality)):
            best, best_quality = coding, quality
    return best


# RFC 9110 8.4.1.1, 8.4.1.3: a recipient takes the old names for the new.
ALIASES: Final = {"x-gzip": "gzip", "x-compress": "compress"}


def choose_media_type(accept: str | None, offered: Sequence[str]) -> str | None:
    """Which of the media types in `offered` (without parameters, best first) to send; the most
    specific range counts for each (RFC 9110 12.5.1). A range with parameters counts only where
    none without them names its type, for what is offered has none. None where none is accepted;
    the first where the field is absent."""
    if not accept:
        return offered[0] if offered else None
    weights: dict[str, float] = {}
    narrower: dict[str, float] = {}
    for value, quality in parse_accept(accept):
        essence, parameters, _ = value.partition(";")
        (narrower if parameters else weights).setdefault(essence.rstrip(" \t"), quality)
    weights = narrower | weights
    best: str | None = None
    best_quality = 0.0
    for candidate in offered:
        essence = parse_content_type(candidate).essence
        ranges = (essence, essence.partition("/")[0] + "/*", "*/*")
        quality = next((weights[each] for each in ranges if each in weights), 0.0)
        if quality > best_quality:
            best, best_quality = candidate, quality
    return best
