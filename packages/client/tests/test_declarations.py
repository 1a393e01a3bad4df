"""What compiled modules declare is what their sources have: a forgotten name would only be missed
in a compiled build."""

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src" / "aiolos_client"
CLASS = re.compile(r"^(?:cdef )?class (\w+)[^\n]*:\n((?:(?:    [^\n]*)?\n)+)", re.MULTILINE)
DECLARED = re.compile(r"^    cdef (?:public |readonly )?[\w ]+? (\w+)$", re.MULTILINE)
SLOTS = re.compile(r"__slots__ = \(([^)]*)\)")
ASSIGNED = re.compile(r"\bself\.(\w+)(?:: [^=\n]+)? = ")


def classes(path):
    return dict(CLASS.findall(path.read_text()))


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.pxd")), ids=lambda path: path.stem)
def test_attributes(path):
    sources = classes(path.with_suffix(".py"))
    for name, body in classes(path).items():
        slots = SLOTS.search(sources[name])
        written = re.findall(r'"(\w+)"', slots[1]) if slots else ASSIGNED.findall(sources[name])
        setters = set(re.findall(r"@(\w+)\.setter", sources[name]))
        assert set(DECLARED.findall(body)) - {"__weakref__"} == (
            set(written) - {"__weakref__"} - setters
        ), name
