"""AIOLOS_PURE=1: load the Python sources although compiled modules lie beside them."""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
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
        for folder in path:
            finder = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))
            spec = finder.find_spec(fullname, target)
            if spec is not None:
                return spec
        raise ModuleNotFoundError(f"{fullname} has no Python source", name=fullname)


def prefer_sources() -> None:
    """Install the finder if the environment says AIOLOS_PURE=1. The siblings rely on it too:
    each imports this package before any compiled module of its own."""
    if os.environ.get("AIOLOS_PURE") == "1" and _SourceFinder not in sys.meta_path:
        sys.meta_path.insert(0, _SourceFinder)
