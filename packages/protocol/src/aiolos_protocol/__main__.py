"""`python -m aiolos_protocol`: what is installed, and which modules run compiled."""

import importlib.util
import os
import platform
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from . import __version__

PACKAGES = ("aiolos_protocol", "aiolos_client", "aiolos_server", "aiolos_websocket")


def compiled_modules() -> Iterator[str]:
    """The dotted names of the compiled modules of every installed part."""
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent
        for suffix in EXTENSION_SUFFIXES:
            for path in sorted(folder.rglob(f"*{suffix}")):
                inner = path.relative_to(folder.parent).as_posix().removesuffix(suffix)
                # ".so" is a suffix of ".cpython-311.so": the longest one comes first.
                if "." not in inner:
                    yield inner.replace("/", ".")


def main() -> None:
    """Print it, for people and for reports of defects."""
    print(f"aiolos {__version__} on {platform.python_implementation()} {platform.python_version()}")
    names = list(compiled_modules())
    if os.environ.get("AIOLOS_PURE") == "1":
        print("AIOLOS_PURE=1: the Python sources are used")
    elif names:
        print("compiled: " + ", ".join(names))
    else:
        print("no compiled modules: pure Python is used, which works the same, only slower")


if __name__ == "__main__":
    main()
