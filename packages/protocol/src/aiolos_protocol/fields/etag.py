"""Entity tags and how they are compared (RFC 9110 8.8.3, 13.1)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..errors import WrongType

# RFC 9110 8.8.3:  entity-tag = [ %x57.2F ] opaque-tag       opaque-tag = DQUOTE *etagc DQUOTE
#                  etagc = %x21 / %x23-7E / obs-text
_ETAGC: Final = r'[^\x00-\x20"\x7f]'
_ETAG: Final = re.compile(rf'(W/)?"({_ETAGC}*+)"')
_VALUE: Final = re.compile(f"{_ETAGC}*+")
_EMPTY: Final = re.compile(r"[ \t,]*+")
_BETWEEN: Final = re.compile(r"[ \t]*+(?:,[ \t]*+)++|[ \t]*+\Z")
ETAG_ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class ETag:
    """An entity tag without its quotes; `value` is "*" for "any"."""

    value: str
    is_weak: bool = False

    def __str__(self) -> str:
        """The tag as it is sent. Raises ValueError as check_etag()."""
        check_etag(self.value)
        if self.value == ETAG_ANY and not self.is_weak:
            return ETAG_ANY
        return f'W/"{self.value}"' if self.is_weak else f'"{self.value}"'


def check_etag(value: str) -> None:
    """Raise ValueError where a tag may not hold `value` (RFC 9110 8.8.3), WrongType for no str."""
    if not isinstance(value, str):
        raise WrongType(f"Unsupported etag type: a tag is a str, not {value!r:.80}")
    if _VALUE.fullmatch(value) is None:
        raise ValueError(
            f"{value!r:.80} is not a valid etag: quotes, spaces and control characters may not"
            " be in it (RFC 9110 8.8.3)"
        )


def parse_etag(value: str) -> ETag | None:
    """The tag of an ETag field; None where it is malformed, or `"*"`, which nobody could tell
    from "any"."""
    match = _ETAG.fullmatch(value.strip(" \t"))
    if match is None or match[2] == ETAG_ANY:
        return None
    return ETag(match[2], match[1] is not None)


def parse_etags(value: str) -> tuple[ETag, ...]:
    """The tags of If-Match or If-None-Match in their order; `(ETag("*"),)` for "*".

    Reading stops at what is no tag, so that a broken list matches less, not more. An asterisk in
    quotes is a tag like others (RFC 9110 13.1.1), but of nothing that we serve: it is left out.
    """
    text = value.strip(" \t")
    if text == ETAG_ANY:
        return (ETag(ETAG_ANY),)
    tags = []
    # RFC 9110 5.6.1.2: empty members are ignored, the first ones, too.
    position = _EMPTY.match(text).end()  # type: ignore[union-attr]  # it matches nothing as well
    while match := _ETAG.match(text, position):
        between = _BETWEEN.match(text, match.end())
        if between is None:
            break
        if match[2] != ETAG_ANY:
            tags.append(ETag(match[2], match[1] is not None))
        position = between.end()
    return tuple(tags)


def strong_match(tag: ETag | None, tags: Iterable[ETag]) -> bool:
    """If-Match (RFC 9110 8.8.3.2, 13.1.1). `tag` is None where nothing is there to be tagged."""
    return tag is not None and any(
        other.value == ETAG_ANY or (other == tag and not tag.is_weak) for other in tags
    )


def weak_match(tag: ETag | None, tags: Iterable[ETag]) -> bool:
    """If-None-Match (RFC 9110 8.8.3.2, 13.1.2)."""
    return tag is not None and any(other.value in (ETAG_ANY, tag.value) for other in tags)
