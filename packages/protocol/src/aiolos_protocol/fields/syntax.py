"""What field values are built of (RFC 9110 5.6): tokens, quoted strings, lists, parameters.

Every pattern is possessive and none can fail behind what it has consumed, so the time that a
value takes grows with its length, whatever a peer makes of it. A quoted string that is never
closed extends to the end of the value.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from ..grammar import CONTROL, TOKEN

# RFC 9110 5.6.4:  quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
_QUOTED: Final = r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
_BETWEEN: Final = {
    separator: re.compile(rf'(?:[^{separator}"]++|{_QUOTED})*+', re.DOTALL) for separator in ",;"
}
_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE: Final = re.compile(r'(["\\])')


def is_token(text: str) -> bool:
    """Whether `text` is a token (RFC 9110 5.6.2)."""
    return TOKEN.fullmatch(text) is not None


def split(text: str, separator: str) -> list[str]:
    """The pieces of `text` between separators ("," or ";") that stand outside quoted strings.

    Pieces come without surrounding white space, empty ones are left out (RFC 9110 5.6.1.2).
    """
    pieces = _BETWEEN[separator].findall(text) if '"' in text else text.split(separator)
    return [stripped for piece in pieces if (stripped := piece.strip(" \t"))]


def unquoted(text: str, pair: Callable[[str], str] | None = None) -> str:
    """The value that a token or a quoted string stands for; `text` has no space around it.

    `pair` may change the inside of a quoted string in place of resolving its quoted pairs.
    """
    if not text.startswith('"'):
        return text
    inside = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    if "\\" not in inside:
        return inside
    return _PAIR.sub(r"\1", inside) if pair is None else pair(inside)


def check_text(text: str) -> str:
    """`text` itself. Raises ValueError where it holds a control character."""
    found = CONTROL.search(text)
    if found is not None:
        raise ValueError(
            f"{text!r:.80} holds the control character {found[0]!r}, which no quoted string may"
            " hold (RFC 9110 5.6.4)"
        )
    return text


def quoted(text: str) -> str:
    """`text` as a quoted string. Raises ValueError where it holds a control character."""
    return '"' + _TO_ESCAPE.sub(r"\\\1", check_text(text)) + '"'


def token_or_quoted(text: str) -> str:
    """`text` as it is where it is a token, else as a quoted string (raises as quoted())."""
    return text if is_token(text) else quoted(text)


def parameters(
    pieces: Iterable[str], pair: Callable[[str], str] | None = None
) -> list[tuple[str, str]]:
    """`(name in lower case, value)` of each piece that reads `name=value` (RFC 9110 5.6.6).

    White space around "=" is forgiven; a piece without a name, or without "=", is left out.
    `pair` is as in unquoted().
    """
    found = []
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name = name.rstrip(" \t").lower()
        if equals and is_token(name):
            found.append((name, unquoted(value.lstrip(" \t"), pair)))
    return found
