"""The demo: its own check, and its page in a real browser."""

import asyncio
import base64
import re
import subprocess
import sys
from typing import Any

import aiolos
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


class Page:
    """A page of a headless Chromium, driven over its own WebSocket with our client."""

    def __init__(self, socket: aiolos.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Send a command of the DevTools protocol; its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == self._number:
                return message["result"]

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; of a promise, what it resolves to."""
        answer = await self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


@pytest.fixture
async def page(tool, tmp_path):
    """An empty page of a browser of its own."""
    process = await asyncio.create_subprocess_exec(
        tool("chromium"), *FLAGS, f"--user-data-dir={tmp_path}", "--remote-debugging-port=0",
        "--window-size=1000,800", "about:blank", stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while not (line := await process.stderr.readline()).startswith(b"DevTools listening"):
                assert line, "chromium ended"
        reading = asyncio.create_task(process.stderr.read())
        base = re.sub(r"^ws://([^/]+)/.*", r"http://\1", line.split()[-1].decode())
        async with aiolos.ClientSession() as session:
            async with session.get(f"{base}/json/list") as response:
                (target,) = [each for each in await response.json() if each["type"] == "page"]
            url = target["webSocketDebuggerUrl"]
            async with session.ws_connect(url, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.wait()
    await reading


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
