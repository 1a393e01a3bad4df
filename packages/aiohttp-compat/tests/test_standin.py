"""The stand-in: installers and importlib.metadata see an aiohttp, and it is taken back again.

The environment that runs the tests is the one that is changed; each test leaves it as it was.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, requires, version

import pytest
from aiolos_aiohttp import standin
from aiolos_aiohttp.__main__ import main

COMMAND = [sys.executable, "-m", "aiolos_aiohttp"]
INSTALLERS = {
    "pip": [sys.executable, "-m", "pip"],
    "uv": ["uv", "pip"],
}
QUIET = {
    "pip": ["--disable-pip-version-check", "--no-index"],
    "uv": ["--python", sys.executable, "--no-index"],
}


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def install(installer, *names):
    command = [*INSTALLERS[installer], "install", *QUIET[installer], *map(str, names)]
    return run(*command)


def uninstall(installer, *names):
    sure = ["-y"] if installer == "pip" else ["--python", sys.executable]
    return run(*INSTALLERS[installer], "uninstall", *sure, *names)


@pytest.fixture(params=["pip", "uv"])
def installer(request):
    if request.param == "uv" and shutil.which("uv") is None:
        pytest.fail("uv is not installed; run: pip install uv")
    return request.param


@pytest.fixture(autouse=True)
def as_it_was():
    assert standin.installed() is None
    yield
    standin.remove()


@pytest.fixture
def needy(tmp_path):
    """A wheel that needs aiohttp, with its fast helpers too."""
    path = tmp_path / "needy-1.0-py3-none-any.whl"
    info = "needy-1.0.dist-info"
    head = "Metadata-Version: 2.1\nName: needy\nVersion: 1.0\nRequires-Dist: aiohttp>=3.11,<4\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", head)
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    yield path
    run(*INSTALLERS["pip"], "uninstall", "-y", "needy")


def test_the_command_shows_a_version_and_takes_it_back():
    with pytest.raises(PackageNotFoundError):
        version("aiohttp")
    status, text = run(*COMMAND, "install")
    assert status == 0, text
    assert re.fullmatch(r"aiohttp 3\.14\.\d+ is seen from now on: .*\n", text)
    assert version("aiohttp") == standin.VERSION
    assert requires("aiohttp")[0] == "aiolos-aiohttp"
    assert run(*COMMAND, "status") == (
        0,
        f"installers see aiohttp {standin.VERSION}, which aiolos-aiohttp stands in for\n",
    )
    assert run(*COMMAND, "install")[0] == 0  # over itself
    status, text = run(*COMMAND, "remove")
    assert (status, text.partition(":")[0]) == (0, "removed")
    assert standin.installed() is None
    assert run(*COMMAND, "remove") == (0, "there is no stand-in here\n")
    assert run(*COMMAND, "status")[0] == 0


def test_a_library_that_needs_aiohttp_is_content(installer, needy):
    status, text = install(installer, needy)
    assert status != 0  # nothing that could be had stands in so far
    assert "aiohttp" in text
    standin.install()
    status, text = install(installer, needy)
    assert status == 0, text
    assert version("aiohttp") == standin.VERSION
    status, text = run(*INSTALLERS["uv"], "check", "--python", sys.executable)
    assert status == 0, text


def test_an_installer_takes_it_back_too(installer):
    folder = standin.install()
    status, text = uninstall(installer, "aiohttp")
    assert status == 0, text
    assert not folder.exists()
    assert standin.installed() is None
    import aiohttp

    assert aiohttp.__version__ == standin.VERSION  # only the metadata is gone


def test_as_a_wheel(installer, tmp_path):
    status, text = run(*COMMAND, "wheel", str(tmp_path / "wheels"))
    assert status == 0, text
    path = tmp_path / "wheels" / f"aiohttp-{standin.VERSION}-py3-none-any.whl"
    assert text == f"{path}\n"
    assert path.read_bytes() == standin.wheel(tmp_path).read_bytes()  # lock files keep its hash
    status, text = install(installer, path)
    assert status == 0, text
    assert standin.is_stand_in(standin.installed())
    assert run(*COMMAND, "status")[0] == 0


@pytest.mark.parametrize("extra", ["speedups", "dev", "cryptography", "jinja2"])
def test_ext_01_an_extra_of_aiohttp_leads_to_ours(extra):
    standin.install()
    assert f'aiolos-aiohttp[{extra}]; extra == "{extra}"' in requires("aiohttp")


def test_over_the_real_one_of_another_folder(tmp_path):
    """As of the system below an environment: the stand-in is what is seen from then on."""
    info = tmp_path / "aiohttp-3.9.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aiohttp\nVersion: 3.9.0\n")
    code = (
        f"import sys, runpy; sys.path.append({str(tmp_path)!r}); sys.argv[1:] = [{{!r}}]; "
        "runpy.run_module('aiolos_aiohttp', run_name='__main__')"
    )
    for action, seen in (("install", standin.VERSION), ("remove", "3.9.0")):
        status, text = run(sys.executable, "-c", code.format(action))
        assert status == 0, text
        look = f"import sys; sys.path.append({str(tmp_path)!r}); from importlib.metadata import *; "
        look += "print(version('aiohttp')); import aiohttp"
        assert run(sys.executable, "-c", look) == (0, f"{seen}\n")


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """An aiolos-aiohttp of its own, with one file in the folder aiohttp; that file."""
    path = tmp_path / "aiohttp" / "__init__.py"
    path.parent.mkdir()
    path.write_bytes(b"ours")
    info = tmp_path / "aiolos_aiohttp-0.1.0.dist-info"
    info.mkdir()
    head = "Metadata-Version: 2.1\nName: aiolos-aiohttp\nVersion: 0.1.0\nRequires-Python: >=3\n"
    (info / "METADATA").write_text(head)
    (info / "RECORD").write_text(f"aiohttp/__init__.py,sha256={standin.digest(b'ours')},4\n")
    monkeypatch.syspath_prepend(tmp_path)
    return path


@pytest.mark.parametrize("harm", ["overwritten", "gone"])
@pytest.mark.parametrize("action", ["install", "status"])
def test_files_of_ours_that_are_no_longer_are_reported(recorded, capsys, monkeypatch, harm, action):
    """As after `pip install --upgrade aiohttp`, or `pip uninstall aiohttp` where both were."""
    monkeypatch.setattr(sys, "argv", ["aiolos_aiohttp", action])
    assert main() == 0
    standin.remove()
    if harm == "gone":
        recorded.unlink()
    else:
        recorded.write_bytes(b"theirs")
    capsys.readouterr()
    assert main() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("files of aiolos-aiohttp are gone, or those of another aiohttp lie over")
    assert standin.installed() is None


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    status, text = run(*COMMAND, "wheel", str(tmp_path / "file"))
    assert status == 1
    assert "Traceback" not in text
    assert str(tmp_path / "file") in text
