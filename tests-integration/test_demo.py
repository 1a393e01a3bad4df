"""The demo: its own check, and its page in a real browser."""

import base64
import re
import subprocess
import sys

import pytest


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


WORKING = """
new Promise(resolve => {
  const look = () => {
    const text = id => document.getElementById(id)?.textContent ?? "";
    const seen = {
      chat: text("log"), state: text("chat-state"), ticks: Number(text("ticks")),
      uploaded: text("uploaded"),
    };
    const done = seen.chat && seen.ticks >= 2 && seen.uploaded.startsWith("the server has");
    done || performance.now() > 20000 ? resolve(seen) : setTimeout(look, 50);
  };
  look();
})
"""


@pytest.mark.slow
async def test_the_page_works_in_a_browser(served, page):
    """Chromium loads the page with #try: it says something, uploads, and listens to the clock."""
    await page.ask("Page.navigate", url=f"{served}/#try")
    seen = await page.evaluate(WORKING)
    assert seen["state"] == "connected"
    assert seen["chat"] == "hello from this page"
    assert seen["ticks"] >= 2
    assert seen["uploaded"].startswith("the server has 300,000 bytes, SHA-256 ")
    picture = await page.ask("Page.captureScreenshot", format="png")
    assert base64.b64decode(picture["data"]).startswith(b"\x89PNG")
