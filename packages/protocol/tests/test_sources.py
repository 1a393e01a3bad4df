"""What is imported: compiled modules, or with AIOLOS_PURE=1 the Python sources beside them."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import aiolos_protocol

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
BUILDING = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
COMPILED = tuple(BUILDING["modules"])
SHOW = "import sys, {0}; print(sys.modules[{0!r}].__file__)".format
READERS = "from aiolos_protocol.http1 import parser; print(parser.parse_request.__module__)"


def run(code, path=None, **environment):
    environment = {**os.environ, **environment}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_compiled_modules_are_used_where_they_must_be():
    """Where nox has built them, all hot modules are what is imported."""
    if os.environ.get("AIOLOS_EXPECT_COMPILED") == "1":
        assert run(READERS, AIOLOS_PURE="0") == "aiolos_protocol.http1._parser"
        for name in COMPILED:
            assert not run(SHOW(name), AIOLOS_PURE="0").endswith(".py"), name


def test_pure_loads_the_sources_although_compiled_modules_lie_beside_them(tmp_path: Path):
    source = Path(aiolos_protocol.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__", "*.c")
    shutil.copytree(source, tmp_path / "aiolos_protocol", ignore=ignored)
    # What no interpreter can load: whoever tries fails.
    for name in ("message", "streams", "http1/_parser"):
        (tmp_path / "aiolos_protocol" / f"{name}{EXTENSION_SUFFIXES[0]}").write_bytes(
            b"not a library"
        )
    code = "import aiolos_protocol.link.h1_server, sys; print(sys.modules['{}'].__file__)".format
    for name in ("aiolos_protocol.message", "aiolos_protocol.streams"):
        assert run(code(name), tmp_path, AIOLOS_PURE="1").endswith(".py")
    assert run(READERS, tmp_path, AIOLOS_PURE="1") == "aiolos_protocol.http1.pyparser"
    (tmp_path / "aiolos_protocol" / "message.py").unlink()
    for name, told in (
        ("message", "has no Python source, and AIOLOS_PURE=1 loads nothing else"),
        ("nothing", "No module named"),
    ):
        importing = f"""
try: import aiolos_protocol.{name}
except ModuleNotFoundError as error: print(error)
"""
        assert told in run(importing, tmp_path, AIOLOS_PURE="1")
    broken = [sys.executable, "-c", "import aiolos_protocol.message"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "AIOLOS_PURE": "0"}
    assert subprocess.run(broken, env=environment, capture_output=True, check=False).returncode


def test_pure_loads_no_compiled_module():
    code = "import sys, aiolos_protocol.link.h1_server; print(*sys.modules)"
    loaded = run(code, AIOLOS_PURE="1").split()
    for name in set(COMPILED).intersection(loaded):
        assert run(SHOW(name), AIOLOS_PURE="1").endswith(".py"), name
    assert "aiolos_protocol.http1._parser" not in loaded


def test_pure_leaves_other_packages_alone():
    code = "import aiolos_protocol, multidict._multidict, json; print('ok')"
    assert run(code, AIOLOS_PURE="1") == "ok"


def test_a_module_that_exists_compiled_only_is_not_found():
    code = (
        "import aiolos_protocol\n"
        "try: import aiolos_protocol.http1._parser\n"
        "except ModuleNotFoundError as error: print(error.name)"
    )
    assert run(code, AIOLOS_PURE="1") == "aiolos_protocol.http1._parser"
