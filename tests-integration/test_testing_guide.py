"""The code of the guide on testing passes, in each form that the guide promises."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PLUGINS = {"alone": (), "pytest-asyncio": ("asyncio",), "anyio": ("anyio", "guide_backend")}
SETTINGS = {
    "alone": "",
    "pytest-asyncio": 'asyncio_mode = "auto"',
    "anyio": 'anyio_mode = "auto"',
}
BACKEND = """
@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.fixture
def folder(root: Path) -> Path:
    return root / "docs" / "examples" / "testing"


def run(folder: Path, path: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    paths = os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": paths,
        "PYTHONDONTWRITEBYTECODE": "1",
        "CI": "true",
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("form", PLUGINS)
def test_the_guide_passes_under_pytest(root: Path, folder: Path, tmp_path: Path, form: str) -> None:
    page = (root / "docs" / "testing.md").read_text()
    assert SETTINGS[form] in page
    assert textwrap.indent(BACKEND.strip(), "  ") in page
    (tmp_path / "guide_backend.py").write_text(f"import pytest\n{BACKEND}")
    settings = tmp_path / "pyproject.toml"
    settings.write_text(f"[tool.pytest.ini_options]\n{SETTINGS[form]}\n")
    options = ["-q", "-c", str(settings), "-p", "no:cacheprovider", "--rootdir", str(folder)]
    for plugin in ("aiolos_testing.pytest_plugin", *PLUGINS[form]):
        options += ["-p", plugin]
    result = run(folder, tmp_path, "-m", "pytest", *options, str(folder))
    assert result.returncode == 0, result.stdout + result.stderr
    wanted = sum(
        len(re.findall(r"^ *async def test_", path.read_text(), re.MULTILINE))
        for path in folder.glob("test_*.py")
    )
    # The careful test case has the tests of the other one.
    assert f"{wanted + 1} passed" in result.stdout


def test_the_guide_passes_under_unittest(folder: Path, tmp_path: Path) -> None:
    result = run(folder, tmp_path, "-m", "unittest", "test_case.py")
    assert result.returncode == 0, result.stderr
    assert "Ran 2 tests" in result.stderr


def test_the_page_shows_all_of_it(root: Path, folder: Path) -> None:
    page = (root / "docs" / "testing.md").read_text()
    shown = set(re.findall(r"examples/testing/(\w+\.py)", page))
    assert shown == {path.name for path in folder.glob("*.py")}
