"""Where the wheels are, and what a tool that is not there means."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
Builder = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def wheels(build_wheel: Builder, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A wheel of every package: those that nox has built, else built here."""
    built = os.environ.get("AIOLOS_WHEELS")
    if built:
        return sorted(Path(built).glob("*.whl"))
    folder = tmp_path_factory.mktemp("wheels")
    for project in sorted(ROOT.glob("packages/*/pyproject.toml")):
        result = build_wheel(project.parent, folder, AIOLOS_EXTENSIONS="off")
        assert result.returncode == 0, result.stdout + result.stderr
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def build_wheel() -> Builder:
    """Builds a project's wheel into a folder with this interpreter's own hatchling."""

    def build(project: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
        return subprocess.run(
            [*command, str(project)],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return build


@pytest.fixture
def tool() -> Callable[[str], str]:
    """The path of a command by its name. Where it is not installed: a skip, on CI a failure."""

    def path_of(name: str) -> str:
        # Daemons lie in sbin, which is not on every PATH.
        path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if path is None:
            if os.environ.get("CI"):
                pytest.fail(f"{name} is not installed; .ci/run must install it")
            pytest.skip(f"{name} is not installed")
        return path

    return path_of
