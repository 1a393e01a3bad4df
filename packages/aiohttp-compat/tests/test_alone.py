"""What is said where the real aiohttp is installed too."""

import subprocess
import sys

import pytest


def import_beside(folder, installer):
    info = folder / "aiohttp-3.14.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aiohttp\nVersion: 3.14.5\n")
    (info / "INSTALLER").write_text(installer)
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import aiohttp"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_real_one_beside_it_is_an_error_that_says_what_to_do(tmp_path):
    result = import_beside(tmp_path, "pip\n")
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: aiohttp 3.14.5 and aiolos-aiohttp are installed")
    assert "pip uninstall -y aiohttp aiolos-aiohttp && pip install aiolos-aiohttp" in last


@pytest.mark.parametrize("installer", ["aiolos-aiohttp\n", "aiolos-aiohttp"])
def test_a_stand_in_is_none(tmp_path, installer):
    result = import_beside(tmp_path, installer)
    assert result.returncode == 0, result.stderr
