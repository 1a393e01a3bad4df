"""tools/autobahn.py where the suite cannot do what it is asked for: a sentence and a status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "autobahn.py"

# In the suite's place: it lists two cases, and fails at them.
SUITE = """#!/bin/sh
case "$2" in
    *"import Cases"*) echo 1.1.1 1.1.2;;
    *) echo ">>> Traceback" >&2; echo "ValueError: no such thing" >&2; exit 3;;
esac
"""


@pytest.fixture
def tool(tmp_path):
    """Runs the tool with arguments, and a script as the suite; the process that has ended."""

    def tool(*arguments, suite=SUITE, without=()):
        script = tmp_path / "python2.7"
        script.write_text(suite)
        script.chmod(0o755)
        needed = {
            "AUTOBAHN_PYTHON": str(script),
            "AUTOBAHN_PATH": str(tmp_path),
            "AUTOBAHN_REPORTS": str(tmp_path / "reports"),
        }
        env = {**os.environ, **{name: needed[name] for name in needed if name not in without}}
        for name in without:
            env.pop(name, None)
        command = [sys.executable, str(TOOL), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=env, timeout=60)

    return tool


@pytest.mark.parametrize("case", ["99.*", "1[23].[1-7].[1-4]", "1.1"])
def test_cases_that_there_are_not(tool, case):
    done = tool(case)
    assert done.returncode == 2
    assert done.stderr == f"the suite has no case {case!r}; write 9.1.1, 9.* or 9.1.*\n"


@pytest.mark.parametrize("role", ["server", "client"])
def test_a_suite_that_writes_no_report(tool, role):
    done = tool("1.1.*", role)
    assert done.returncode == 1
    told = f"{role} 1.1.*: the suite has written no report: ValueError: no such thing\n"
    assert told in done.stdout
    assert done.stderr == ""


def test_a_suite_that_is_not_there(tool):
    done = tool("1.1.1", suite="#!/bin/sh\necho 'ImportError: no suite' >&2; exit 1\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "the suite cannot be imported: ImportError: no suite\n"
    done = tool("1.1.1", suite="")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_what_is_not_set(tool):
    done = tool("1.1.1", without=["AUTOBAHN_PATH"])
    assert done.returncode == 2
    assert done.stderr == "AUTOBAHN_PATH is not set; `nox -s autobahn` does all that is needed\n"
