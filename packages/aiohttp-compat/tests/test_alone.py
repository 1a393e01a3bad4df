"""What is said where the real aiohttp is installed too."""

import subprocess
import sys
from pathlib import Path

import aiohttp
import aiolos_aiohttp
import pytest


@pytest.fixture
def home(tmp_path):
    """A folder in which aiolos-aiohttp lies."""
    for package in (aiohttp, aiolos_aiohttp):
        source = Path(package.__file__).parent
        (tmp_path / source.name).symlink_to(source, target_is_directory=True)
    return tmp_path


def write_info(folder, requires):
    info = folder / "aiohttp-3.14.5.dist-info"
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", "Name: aiohttp", "Version: 3.14.5", *requires, ""]
    (info / "METADATA").write_text("\n".join(lines))


REAL = ["Requires-Dist: aiosignal>=1.4.0"]


def run(code, *paths):
    code = f"import sys; sys.path[:0] = {list(map(str, paths))!r}; {code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def command(action, *paths):
    code = f"sys.argv[1:] = [{action!r}]; import runpy; "
    return run(f"{code}runpy.run_module('aiolos_aiohttp', run_name='__main__')", *paths)


def test_the_real_one_beside_it_is_an_error_that_says_what_to_do(home):
    write_info(home, REAL)
    result = run("import aiohttp", home)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: aiohttp 3.14.5 and aiolos-aiohttp are installed")
    assert "pip uninstall -y aiohttp aiolos-aiohttp && pip install aiolos-aiohttp" in last


@pytest.mark.parametrize("action", ["install", "remove", "status"])
def test_the_real_one_is_reported_and_left_alone(home, action):
    write_info(home, REAL)
    result = command(action, home)
    assert result.returncode == 1
    beside = "aiohttp 3.14.5 and aiolos-aiohttp are installed beside one another"
    assert result.stderr.startswith(beside)
    assert (home / "aiohttp-3.14.5.dist-info").exists()


def test_a_stand_in_is_none(home):
    write_info(home, ["Requires-Dist: aiolos-aiohttp"])
    result = run("import aiohttp", home)
    assert result.returncode == 0, result.stderr


def test_the_real_one_in_another_folder_is_none(home, tmp_path):
    """As that of a system below an environment."""
    write_info(tmp_path / "system", REAL)
    result = run("import aiohttp", home, tmp_path / "system")
    assert result.returncode == 0, result.stderr
    result = command("status", home, tmp_path / "system")
    assert result.returncode == 0, result.stderr
    assert f"installers see aiohttp 3.14.5 in {tmp_path / 'system'}" in result.stdout
    assert "run: python -m aiolos_aiohttp install" in result.stdout


@pytest.mark.parametrize("action", ["install", "status"])
def test_the_real_one_that_comes_first_is_reported(home, tmp_path, action):
    write_info(tmp_path / "system", REAL)
    result = command(action, tmp_path / "system", home)
    assert result.returncode == 1
    assert result.stderr.startswith(f"aiohttp 3.14.5 in {tmp_path / 'system'} comes before")
