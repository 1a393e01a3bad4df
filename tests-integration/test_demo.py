"""The demo: its own check, and its page in a real browser."""

import re
import subprocess
import sys

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def app(root):
    return str(root / "docs" / "examples" / "demo" / "app.py")


def test_the_check_passes(root):
    result = subprocess.run(
        [sys.executable, app(root), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    lines = [line for line in result.stdout.splitlines() if line.startswith("  ok")]
    assert [line.split()[1] for line in lines] == [
        "page",
        "chat",
        "clock",
        "upload",
        "download",
        "refusals",
    ]
    assert all(re.search(r"\d ms ", line) for line in lines)
    assert result.stderr == ""


@pytest.fixture
def served(root):
    process = subprocess.Popen(
        [sys.executable, app(root), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert found is not None
    yield found[0]
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


@pytest.mark.slow
def test_the_page_works_in_a_browser(served, tmp_path, tool):
    """Chromium loads the page with #try, which says something, uploads, and listens to the clock.

    The page counts as loaded at once; the virtual time budget gives its sockets time.
    """
    command = [
        tool("chromium"),
        *FLAGS,
        f"--user-data-dir={tmp_path}",
        "--timeout=6000",
        "--virtual-time-budget=6000",
        "--dump-dom",
        f"{served}/#try",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    page = result.stdout
    assert "hello from this page" in page, page[-3000:] + result.stderr[-2000:]
    assert 'id="chat-state">connected' in page
    ticks = re.search(r'id="ticks">(\d+)<', page)
    assert ticks is not None
    assert int(ticks[1]) >= 1
    assert "the server has 300,000 bytes" in page
