"""One version number, written everywhere.

python3 tools/version.py              print it
python3 tools/version.py --check      exit 1 naming the places that differ
python3 tools/version.py --set 0.2.0  write it into every package and every pin
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NUMBER = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
WRITTEN = re.compile(r'(__version__ = ")([^"]+)(")')
# A pin on one of our own distributions: leaves pin the minor (~=), the meta-packages exactly (==).
PINNED = re.compile(r'("aiolos(?:-\w+)?(?:\[\w+\])? (?:==|~=) )([^"]+)(")')


def places() -> list[tuple[Path, re.Pattern[str]]]:
    """Every file that holds the version, with the pattern that finds it."""
    versions = sorted(ROOT.glob("packages/*/src/*/_version.py"))
    projects = sorted(ROOT.glob("packages/*/pyproject.toml"))
    return [(path, WRITTEN) for path in versions] + [(path, PINNED) for path in projects]


def read() -> str:
    """The version, as the protocol package has it."""
    text = (ROOT / "packages/protocol/src/aiolos_protocol/_version.py").read_text()
    found = WRITTEN.search(text)
    if found is None:
        raise SystemExit("packages/protocol has no __version__")
    return found[2]


def differing(version: str) -> list[str]:
    """Each place that holds another version, as `path: what`."""
    wrong = []
    for path, pattern in places():
        found = pattern.finditer(path.read_text())
        wrong += [f"{path.relative_to(ROOT)}: {each[0]}" for each in found if each[2] != version]
    return wrong


def write(version: str) -> None:
    """Put `version` into every place."""
    if NUMBER.fullmatch(version) is None:
        raise SystemExit(f"a version is like 1.2.3 or 1.2.3rc1, not {version!r}")
    for path, pattern in places():
        path.write_text(pattern.sub(rf"\g<1>{version}\g<3>", path.read_text()))


def main() -> int:
    """Command line; the exit status."""
    parser = argparse.ArgumentParser(description="The version of all packages.")
    parser.add_argument("--check", action="store_true", help="fail where places differ")
    parser.add_argument("--set", metavar="X.Y.Z", help="write this version everywhere")
    options = parser.parse_args()
    if options.set:
        write(options.set)
    version = read()
    wrong = differing(version)
    if wrong:
        print(f"not {version}:\n  " + "\n  ".join(wrong))
        return 1
    print(version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
