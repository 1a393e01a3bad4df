"""One version number, everywhere."""

import shutil
import subprocess
import sys


def version_tool(folder, *arguments):
    command = [sys.executable, str(folder / "tools" / "version.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_places_agree(root):
    result = version_tool(root, "--check")
    assert result.returncode == 0, result.stdout


def test_a_new_number_is_written_into_every_place(root, tmp_path):
    for path in [
        *root.glob("packages/*/pyproject.toml"),
        *root.glob("packages/*/src/*/_version.py"),
    ]:
        copy = tmp_path / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    (tmp_path / "tools").mkdir()
    shutil.copy(root / "tools" / "version.py", tmp_path / "tools")
    assert version_tool(tmp_path, "--set", "7.8.9rc1").returncode == 0
    assert version_tool(tmp_path).stdout == "7.8.9rc1\n"
    old = version_tool(root).stdout.strip()
    for path in tmp_path.glob("packages/*/*"):
        if path.is_file():
            assert f"= {old}" not in path.read_text()
    one = next(tmp_path.glob("packages/client/src/*/_version.py"))
    one.write_text('__version__ = "1.0.0"\n')
    result = version_tool(tmp_path, "--check")
    assert result.returncode == 1
    assert "packages/client/src/aiolos_client/_version.py" in result.stdout


def test_what_is_no_number_is_refused(root):
    result = version_tool(root, "--set", "soon")
    assert result.returncode == 1
    assert "a version is like 1.2.3" in result.stderr
