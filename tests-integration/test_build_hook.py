"""AIOLOS_EXTENSIONS, and the one file that obeys it."""

import shutil
import zipfile

import pytest


def test_the_hook_is_the_same_file_everywhere(root):
    hooks = sorted(root.glob("packages/*/hatch_build.py"))
    assert len(hooks) >= 3
    assert len({hook.read_bytes() for hook in hooks}) == 1


@pytest.fixture
def project(root, tmp_path):
    """A copy of the websocket package, whose extensions build quickly."""
    copy = tmp_path / "websocket"
    ignored = shutil.ignore_patterns("*.so", "*.c", "build", "__pycache__")
    shutil.copytree(root / "packages" / "websocket", copy, ignore=ignored)
    return copy


def compiled(folder):
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if name.endswith((".so", ".pyd"))]


@pytest.mark.slow
def test_off_builds_a_pure_wheel(project, tmp_path, build_wheel):
    result = build_wheel(project, tmp_path / "out", AIOLOS_EXTENSIONS="off")
    assert result.returncode == 0, result.stderr
    assert list((tmp_path / "out").glob("*-py3-none-any.whl"))
    assert compiled(tmp_path / "out") == []


@pytest.mark.slow
def test_auto_without_a_compiler_builds_a_pure_wheel_and_says_so(project, tmp_path, build_wheel):
    result = build_wheel(project, tmp_path / "out", AIOLOS_EXTENSIONS="auto", CC="/bin/false")
    assert result.returncode == 0, result.stderr
    assert "no compiled modules" in result.stdout + result.stderr
    assert "installing pure Python" in result.stdout + result.stderr
    assert compiled(tmp_path / "out") == []


@pytest.mark.slow
def test_require_without_a_compiler_fails(project, tmp_path, build_wheel):
    result = build_wheel(project, tmp_path / "out", AIOLOS_EXTENSIONS="require", CC="/bin/false")
    assert result.returncode != 0
    assert not list((tmp_path / "out").glob("*.whl"))


@pytest.mark.slow
def test_another_word_is_refused_with_the_three_that_are_known(project, tmp_path, build_wheel):
    result = build_wheel(project, tmp_path / "out", AIOLOS_EXTENSIONS="yes")
    assert result.returncode != 0
    assert "AIOLOS_EXTENSIONS is one of auto, require, off, not 'yes'" in (
        result.stdout + result.stderr
    )
