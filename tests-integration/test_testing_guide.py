"""The code of the guide on testing passes, in each form that the guide promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ALONE = ("-p", "aiolos_testing.pytest_plugin")
FORMS = {
    "alone": ALONE,
    "pytest-asyncio": (*ALONE, "-p", "asyncio", "--asyncio-mode=auto"),
    "anyio": (*ALONE, "-p", "anyio", "--anyio-mode=auto", "-p", "guide_backend"),
}
BACKEND = """
import pytest

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


@pytest.mark.parametrize("form", FORMS)
def test_the_guide_passes_under_pytest(folder: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / "guide_backend.py").write_text(BACKEND)
    options = ("-q", "-c", os.devnull, "-p", "no:cacheprovider", "--rootdir", str(folder))
    setting = ("-o", "asyncio_default_fixture_loop_scope=function") if "asyncio" in form else ()
    result = run(folder, tmp_path, "-m", "pytest", *options, *setting, *FORMS[form], str(folder))
    assert result.returncode == 0, result.stdout + result.stderr
    wanted = sum(
        len(re.findall(r"^ *async def test_", path.read_text(), re.MULTILINE))
        for path in folder.glob("test_*.py")
    )
    assert f"{wanted} passed" in result.stdout


def test_the_guide_passes_under_unittest(folder: Path, tmp_path: Path) -> None:
    result = run(folder, tmp_path, "-m", "unittest", "test_case.py")
    assert result.returncode == 0, result.stderr
    assert "Ran 1 test" in result.stderr


def test_the_page_shows_all_of_it(root: Path, folder: Path) -> None:
    page = (root / "docs" / "testing.md").read_text()
    shown = set(re.findall(r"examples/testing/(\w+\.py)", page))
    assert shown == {path.name for path in folder.glob("*.py")}
