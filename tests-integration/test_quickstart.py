"""The quick start's code does what its page says."""

import re
import subprocess
import sys

import pytest


@pytest.fixture
def folder(root):
    return root / "docs" / "examples" / "quickstart"


@pytest.fixture
def served(folder):
    """The quick start's server, on a free port."""
    code = "from server import make_app, web; web.run_app(make_app(), host='127.0.0.1', port=0)"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert found is not None
    yield found[0]
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


def test_client_and_server(folder, served):
    result = subprocess.run(
        [sys.executable, "client.py", served],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "200 Hello, aiolos!\n{'sum': 6}\n"


def test_the_test_passes_under_pytest_alone(folder):
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            "/dev/null",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            str(folder / "test_server.py"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout
