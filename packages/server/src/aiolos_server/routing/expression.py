"""What is plain to see of a regular expression: where it may match, and how what it matches begins
and ends. Of the others nothing is known: they are only looked for in more places."""

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<itself> [A-Za-z0-9_\-~@%,;!&'\u0080-\U0010ffff] )
      | \\ (?: [dw] | (?P<escaped> [.\-_~+*?()$|] ) )  # a class without the slash; a character
      | \[ -?(?: [A-Za-z0-9]-[A-Za-z0-9]    # a set: ranges have no slash between these ends
               | \\[dw.\-_] | [A-Za-z0-9_.~@%+,] )+ -? \]
      | \[\^/(?: [A-Za-z0-9_.{}] )* \]      # anything but a slash
      | (?P<group> \( (?:\?:)? | \) )
      | (?P<either> \| )
      | (?P<times> [+*?] | \{[0-9]*,?[0-9]*\} )
    """,
    re.VERBOSE,
)


def tokens_of(regex: str) -> "list[re.Match[str]] | None":
    """Its tokens, where all are such as match no slash; else None."""
    tokens = []
    at = 0
    while at < len(regex):
        token = _TOKEN.match(regex, at)
        if token is None:
            return None
        tokens.append(token)
        at = token.end()
    return tokens


def literal_ends(regex: str) -> tuple[str, str]:
    """Text that all that fits `regex` begins with, and text that all ends with, behind it.

    Either is "" where none is plain to see.
    """
    tokens = tokens_of(regex) or []
    depth = 0
    for token in tokens:
        if token["group"]:
            depth += -1 if token[0] == ")" else 1
        elif token["either"] and not depth:
            return "", ""
    texts = [token["itself"] or token["escaped"] for token in tokens]
    first = 0
    while first < len(texts) and texts[first]:
        first += 1
    last = len(texts)
    while last > first and texts[last - 1]:
        last -= 1
    start = texts[:first]
    if first < len(tokens) and tokens[first]["times"]:
        # What is repeated may be missing.
        del start[-1:]
    return "".join(start), "".join(texts[last:])
