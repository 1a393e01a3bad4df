"""`python -m aiolos_protocol` says what runs."""

import os
import subprocess
import sys

import aiolos_protocol


def told(**environment):
    command = [sys.executable, "-m", "aiolos_protocol"]
    result = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return result.stdout.splitlines()


def test_the_version_and_the_interpreter():
    first = told()[0]
    assert first.startswith(f"aiolos {aiolos_protocol.__version__} on ")
    assert first.endswith(sys.version.split()[0])


def test_the_sources_where_they_are_chosen():
    assert told(AIOLOS_PURE="1")[1] == "AIOLOS_PURE=1: the Python sources are used"


def test_compiled_modules_or_that_there_are_none():
    line = told(AIOLOS_PURE="0")[1]
    if os.environ.get("AIOLOS_EXPECT_COMPILED"):
        assert line.startswith("compiled: ")
        assert "aiolos_protocol.http1._parser, " in line
    else:
        assert line.startswith(("compiled: ", "no compiled modules: pure Python is used"))
