"""What is said where the real aiohttp is installed too."""

import subprocess
import sys


def import_beside(folder, requires):
    info = folder / "aiohttp-3.14.5.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", "Name: aiohttp", "Version: 3.14.5", *requires, ""]
    (info / "METADATA").write_text("\n".join(lines))
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import aiohttp"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_real_one_beside_it_is_an_error_that_says_what_to_do(tmp_path):
    result = import_beside(tmp_path, ["Requires-Dist: aiosignal>=1.4.0"])
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: aiohttp 3.14.5 and aiolos-aiohttp are installed")
    assert "pip uninstall -y aiohttp aiolos-aiohttp && pip install aiolos-aiohttp" in last


def test_a_stand_in_is_none(tmp_path):
    result = import_beside(tmp_path, ["Requires-Dist: aiolos-aiohttp"])
    assert result.returncode == 0, result.stderr
