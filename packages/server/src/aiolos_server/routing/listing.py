"""The listing of a directory, in which every name is escaped."""

import os
from html import escape
from pathlib import Path
from typing import Final

from .spelling import quoted

# Programs read it: line for line as aiohttp's.
_PAGE: Final = """\
<html>
<head>
<title>{title}</title>
</head>
<body>
<h1>{title}</h1>
<ul>
{entries}
</ul>
</body>
</html>"""


def listing(directory: Path, shown: str, base: str, *, symlinks: bool) -> str:
    """An HTML page of what `directory` holds, by name, directories with a slash.

    `shown` is its path for the title, `base` its path in URLs, escaped and without a slash at the
    end. Symbolic links are left out unless `symlinks`: they would not be served. Raises OSError.
    """
    with os.scandir(directory) as entries:
        names = [
            entry.name + ("/" if _is_directory(entry) else "")
            for entry in entries
            if symlinks or not entry.is_symlink()
        ]
    lines = [_line(name, base) for name in sorted(names)]
    return _PAGE.format(title=escape(f"Index of {_printable(shown)}"), entries="\n".join(lines))


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A circle of links.
        return False


def _line(name: str, base: str) -> str:
    # A name that is not utf-8 comes with surrogates, and its bytes go into the URL.
    raw = os.fsencode(name).decode("utf-8", "surrogateescape")
    link = f"{base}/{quoted(raw.rstrip('/'), slashes=True)}"
    return f'<li><a href="{escape(link)}">{escape(_printable(name))}</a></li>'


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
