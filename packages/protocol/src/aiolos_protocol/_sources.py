"""AIOLOS_PURE=1: load the Python sources although compiled modules lie beside them."""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from types import ModuleType


class _SourceFinder:
    """Finds modules of the aiolos packages among Python sources only."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As importlib.abc.MetaPathFinder; a module that only exists compiled is not found."""
        if path is None or not fullname.startswith("aiolos_"):
            return None
        sources = SourceFileLoader, SOURCE_SUFFIXES
        for folder in path:
            spec = FileFinder(folder, sources).find_spec(fullname, target)
            if spec is not None:
                return spec
        told = f"No module named {fullname!r}"
        compiled = ExtensionFileLoader, EXTENSION_SUFFIXES
        if any(FileFinder(folder, compiled).find_spec(fullname) for folder in path):
            told = f"{fullname} has no Python source, and AIOLOS_PURE=1 loads nothing else"
        raise ModuleNotFoundError(told, name=fullname)


def prefer_sources() -> None:
    """Install the finder if the environment says AIOLOS_PURE=1. The siblings rely on it too:
    each imports this package before any compiled module of its own."""
    if os.environ.get("AIOLOS_PURE") == "1" and _SourceFinder not in sys.meta_path:
        sys.meta_path.insert(0, _SourceFinder)
