"""Content-Type: media types and their parameters (RFC 9110 8.3)."""

import mimetypes
import re
from codecs import lookup
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import cache, lru_cache
from typing import Final, NamedTuple

from multidict import MultiDict, MultiDictProxy

from ..grammar import TOKEN
from .syntax import is_token, parameters, split, token_or_quoted

OCTET_STREAM: Final = "application/octet-stream"
_CACHED_LENGTH: Final = 128
# A type with at most one parameter, without space but behind the semicolon, nothing escaped.
_T: Final = f"({TOKEN.pattern})"
_COMMON: Final = re.compile(rf'{_T}/{_T}(?:; ?{_T}=(?:{_T}|"([^"\\]*)"))?')
_NONE: Final = MultiDictProxy(MultiDict[str]())


class ContentType(NamedTuple):
    """A media type; `type`, `subtype` and the names of `parameters` are in lower case.

    Where a parameter is repeated the first one counts; `parameters.getall()` has them all.
    """

    type: str
    subtype: str
    parameters: MultiDictProxy[str] = _NONE

    @property
    def essence(self) -> str:
        """`type/subtype`, without parameters."""
        return f"{self.type}/{self.subtype}"

    @property
    def suffix(self) -> str:
        """What follows the last "+" of the subtype ("json" of problem+json), else ""."""
        return self.subtype.rpartition("+")[2] if "+" in self.subtype else ""

    @property
    def charset(self) -> str | None:
        """The parameter charset as it was sent; its case means nothing (RFC 9110 8.3.2)."""
        return self.parameters.get("charset") or None

    @property
    def is_json(self) -> bool:
        """True for application/json and every subtype that ends in +json (RFC 6839 3.1)."""
        return self.essence == "application/json" or self.suffix == "json"

    @property
    def is_text(self) -> bool:
        """True for what is made of characters and so worth compressing: text/*, JSON, XML,
        JavaScript, SVG."""
        if self.type == "text" or self.suffix in ("json", "xml", "yaml"):
            return True
        return self.type == "application" and self.subtype in _TEXT_SUBTYPES

    def __str__(self) -> str:
        written = "".join(f"; {name}={token_or_quoted(v)}" for name, v in self.parameters.items())
        return self.essence + written


_TEXT_SUBTYPES: Final = frozenset(
    ("json", "javascript", "xml", "yaml", "graphql", "manifest+json", "x-ndjson", "x-javascript")
)
UNKNOWN: Final = ContentType("application", "octet-stream")


def parse_content_type(value: str | None) -> ContentType:
    """The media type that a Content-Type field names; it never raises.

    None and what is no media type give application/octet-stream without parameters
    (RFC 9110 8.3); a parameter that is broken is left out. Linear in the length of `value`.
    """
    if not value:
        return UNKNOWN
    # Short values are few and come again and again; a long one is a peer's invention.
    return _cached(value) if len(value) <= _CACHED_LENGTH else _parse(value)


def _parse(value: str) -> ContentType:
    # One match for what nearly all senders write; the rest is read piece by piece.
    common = _COMMON.fullmatch(value)
    if common is not None:
        main, sub, name, token, text = common.groups()
        if name is None:
            return ContentType(main.lower(), sub.lower())
        found = MultiDict({name.lower(): text if token is None else token})
        return ContentType(main.lower(), sub.lower(), MultiDictProxy(found))
    return _parse_pieces(value)


def _parse_pieces(value: str) -> ContentType:
    pieces = split(value, ";") or [""]
    main, slash, sub = pieces[0].lower().partition("/")
    misplaced = value.lstrip(" \t").startswith(";")
    if misplaced or not slash or not is_token(main) or not is_token(sub):
        return UNKNOWN
    found = parameters(pieces[1:])
    return ContentType(main, sub, MultiDictProxy(MultiDict(found)) if found else _NONE)


_cached: Final = lru_cache(maxsize=256)(_parse)


_COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "br": "application/x-brotli",
    "compress": "application/x-compress",
}


@cache
def media_types() -> mimetypes.MimeTypes:
    """What guess_content_type() guesses by; to be read.

    Without the files of the system it runs on: the same name means the same type everywhere.
    """
    # They would be read, though not heeded, by who asks first, in the middle of a loop.
    known = mimetypes.inited
    mimetypes.inited = True
    try:
        return mimetypes.MimeTypes()
    finally:
        mimetypes.inited = known


def guess_content_type(filename: str, default: str = OCTET_STREAM) -> str:
    """The media type that the ending of `filename` stands for; a.tar.gz is gzip."""
    kind, compressed = media_types().guess_type(filename)
    if compressed is not None:
        return _COMPRESSED.get(compressed, default)
    return kind or default


# Codecs that Python counts among the text encodings, though no message is in them. Punycode takes
# quadratic time.
_NO_CHARSETS: Final = frozenset(
    ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape",
     "raw-unicode-escape")
)  # fmt: skip
# Charsets of Python that its table of aliases does not hold by their own name.
_UNALIASED: Final = frozenset(
    ("cp720", "cp737", "cp856", "cp874", "cp875", "cp1006", "koi8_t", "koi8_u", "mac_arabic",
     "mac_croatian", "mac_farsi", "mac_romanian", "palmos", "utf_8_sig")
)  # fmt: skip
_CHARSET_LENGTH: Final = 40


def charset_codec(name: str) -> str | None:
    """Python's codec for the charset that a peer names; None where it is not known, or is no
    charset, or would take more than linear time. Codecs that a program registers are not known."""
    if len(name) > _CHARSET_LENGTH or not name.isascii() or not name.isprintable():
        return None
    return _codec(name)


@lru_cache(maxsize=64)
def _codec(name: str) -> str | None:
    # Looking a name up makes the interpreter keep it for ever, be it known or not: it is shown only
    # names that a table holds, of which there are some hundred.
    plain = normalize_encoding(name.lower())
    known = aliases.get(plain) or aliases.get(plain.replace(".", "_"), plain)
    if known not in _UNALIASED and known not in aliases.values():
        return None
    try:
        codec = lookup(known)
        "".encode(codec.name)
    except LookupError:
        return None
    return None if codec.name in _NO_CHARSETS else codec.name
