"""One form for every spelling of a path.

A *decoded* path is percent-decoded but for "/" and "%", which would read as something else, and
for bytes that are not utf-8. The router compares, splits and matches paths in this form only.
"""

import re
from typing import Final
from urllib.parse import quote

# RFC 3986 3.3: what a segment may hold unescaped besides letters, digits and -._~
SAFE: Final = "!$&'()*+,;=:@"

# RFC 3986 2.1; a "%" that escapes nothing stands for itself.
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+|%")
_KEPT: Final = {
    ord("/"): "%2F",
    ord("%"): "%25",
    # What surrogateescape makes of a byte that is not utf-8.
    **{0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)},
}


def decoded(path: str) -> str:
    """`path` in decoded form; linear in its length, and a decoded path stays as it is."""
    return _ESCAPES.sub(_decoded_run, path) if "%" in path else path


def _decoded_run(match: re.Match[str]) -> str:
    run = match[0]
    if run == "%":
        return "%25"
    data = bytes.fromhex(run.replace("%", ""))
    return data.decode("utf-8", "surrogateescape").translate(_KEPT)


def value_of(part: str) -> str:
    """The text of a part of a decoded path."""
    return part.replace("%2F", "/").replace("%25", "%") if "%" in part else part


def quoted(text: str, *, slashes: bool = False) -> str:
    """A value escaped for a path; its slashes too, unless `slashes` may separate segments.

    Surrogates stand for bytes that are not utf-8.
    """
    return quote(text, safe=SAFE + "/" if slashes else SAFE, errors="surrogateescape")


def quoted_path(path: str) -> str:
    """A decoded path escaped for a URL."""
    return quote(path, safe=SAFE + "/%")
