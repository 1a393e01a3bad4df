"""The Cookie field (RFC 6265bis 4.2, 5.8.3)."""

import re
from collections.abc import Iterable
from typing import Final

from .values import unquote_value

# Of the surrogates those stand for bytes that surrogateescape decoded; the others for nothing.
_FORBIDDEN: Final = re.compile(r"[;\x00-\x08\x0a-\x1f\x7f\ud800-\udc7f\udd00-\udfff]")


def parse_cookie(value: str) -> list[tuple[str, str]]:
    """`(name, value)` of each cookie in its order, values without their quotes.

    A semicolon always ends a cookie, also inside quotes: where readers differ about it, one
    cookie can be smuggled in another. A piece without "=" is a name with an empty value; a cookie
    without a name is left out. Linear in the length of `value`.
    """
    found = []
    for piece in value.split(";"):
        name, _, text = piece.partition("=")
        name = name.strip(" \t")
        if name:
            text = text.strip(" \t")
            found.append((name, unquote_value(text) if text[:1] == '"' else text))
    return found


def format_cookie(pairs: Iterable[tuple[str, str]]) -> str:
    """A Cookie field of `(name, value)` pairs; values go out as they are, as a client must return
    what it was given (RFC 6265bis 5.8.3). Raises ValueError for a semicolon or a control
    character, which would make another cookie of it, and for half a surrogate pair, which has no
    bytes."""
    written = []
    for name, value in pairs:
        text = f"{name}={value}" if name else value
        if _FORBIDDEN.search(text):
            raise ValueError(
                f"the cookie {text!r:.80} holds a semicolon, a control character or half a"
                " surrogate pair; quote its value with aiolos_protocol.cookies.quote_value()"
            )
        written.append(text)
    return "; ".join(written)
