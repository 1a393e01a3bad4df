"""Compiles the package's hot modules where a compiler is there; the same file in every package.

AIOLOS_EXTENSIONS says what to do: "auto" (default) compiles if it can and else installs pure
Python, "require" fails where it cannot, "off" does not try. The modules are listed in
pyproject.toml under [tool.hatch.build.targets.wheel.hooks.custom]: each is a .pyx, or a .py with
a .pxd beside it.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODES = ("auto", "require", "off")


class CustomBuildHook(BuildHookInterface):
    """Runs for wheels and for editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell hatchling what came of it."""
        mode = os.environ.get("AIOLOS_EXTENSIONS", "auto")
        if mode not in MODES:
            raise ValueError(f"AIOLOS_EXTENSIONS is one of {', '.join(MODES)}, not {mode!r}")
        if not self.config["modules"]:
            return
        if mode == "off" or sys.implementation.name != "cpython":
            self.clean([version])
            return
        try:
            built = self.compile(force=mode == "require")
        except (Exception, SystemExit) as exc:
            # A half-built or an older extension must not shadow the sources.
            self.clean([version])
            if mode == "require":
                raise
            self.app.display_warning(
                f"{self.metadata.name}: no compiled modules ({type(exc).__name__}: {exc}); "
                "installing pure Python, which works the same, only slower"
            )
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].extend(path.as_posix() for path in built)

    def compile(self, force: bool) -> list[Path]:
        """Build every listed module beside its source; the paths from the package's root."""
        from Cython.Build import cythonize
        from setuptools import Distribution, Extension
        from setuptools.command.build_ext import build_ext

        root, here = Path(self.root), os.getcwd()
        flags = [] if sys.platform == "win32" else ["-O3", "-g0"]
        os.chdir(root / "src")
        try:
            extensions = cythonize(
                [
                    Extension(name, [str(self.source(name))], extra_compile_args=flags)
                    for name in self.config["modules"]
                ],
                build_dir=str(root / "build" / "cython"),
                compiler_directives={"language_level": 3, "annotation_typing": False},
                force=force,
                quiet=True,
            )
            command = build_ext(Distribution({"name": "extensions", "ext_modules": extensions}))
            command.ensure_finalized()
            command.build_lib = str(root / "build" / "lib")
            command.build_temp = str(root / "build" / f"temp-{sys.implementation.cache_tag}")
            command.inplace = True
            command.force = force
            command.parallel = os.cpu_count()
            command.run()
            return [
                Path(command.get_ext_fullpath(extension.name)).resolve().relative_to(root)
                for extension in extensions
            ]
        finally:
            os.chdir(here)

    def source(self, name: str) -> Path:
        """The source of the module `name`, relative to src."""
        stem = Path(*name.split("."))
        for suffix in (".pyx", ".py"):
            if stem.with_suffix(suffix).exists():
                return stem.with_suffix(suffix)
        raise FileNotFoundError(f"{stem}.pyx or .py, listed in pyproject.toml")

    def clean(self, versions: list[str]) -> None:
        """Remove every compiled module."""
        for pattern in ("*.so", "*.pyd"):
            for path in Path(self.root, "src").rglob(pattern):
                path.unlink()
