"""What all tests of the whole share: no leaks, where the wheels are, what an absent tool means."""

import asyncio
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiolos
import pytest
import trustme

ROOT = Path(__file__).resolve().parents[1]
Builder = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_configure(config: pytest.Config) -> None:
    """Where it is not installed, run from the sources, pytest has not found it by itself."""
    config.pluginmanager.import_plugin("aiolos_testing.pytest_plugin")


@pytest.fixture(autouse=True)
def _no_leaks(no_leaks: None) -> None:
    """No test leaves a task, a socket, a session, a response or a file behind."""


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who issues the certificates of the servers under test."""
    return trustme.CA()


@pytest.fixture
def serving_tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context for 127.0.0.1."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts such servers."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"CONNECT ")
    host, port = head.split(b" ")[1].decode().split(":")
    there, to = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    await asyncio.gather(pump(reader, to), pump(there, writer))


@pytest.fixture
def relay() -> Callable[..., Any]:
    """A proxy that opens tunnels, and does nothing else (RFC 9110 9.3.6), for a ScriptedPeer."""
    return _relay


@pytest.fixture(scope="session")
def wheels(build_wheel: Builder, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A wheel of every package: those that nox has built, else built here."""
    built = os.environ.get("AIOLOS_WHEELS")
    if built:
        return sorted(Path(built).glob("*.whl"))
    folder = tmp_path_factory.mktemp("wheels")
    for project in sorted(ROOT.glob("packages/*/pyproject.toml")):
        result = build_wheel(project.parent, folder, AIOLOS_EXTENSIONS="off")
        assert result.returncode == 0, result.stdout + result.stderr
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def build_wheel() -> Builder:
    """Builds a project's wheel into a folder with this interpreter's own hatchling."""

    def build(project: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
        return subprocess.run(
            [*command, str(project)],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return build


@pytest.fixture
def tool() -> Callable[[str], str]:
    """The path of a command by its name. Where it is not installed: a skip, on CI a failure."""

    def path_of(name: str) -> str:
        # Daemons lie in sbin, which is not on every PATH.
        path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if path is None:
            if os.environ.get("CI"):
                pytest.fail(f"{name} is not installed; .ci/run must install it")
            pytest.skip(f"{name} is not installed")
        return path

    return path_of


CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Servers under test make their own certificates.
    "--ignore-certificate-errors",
)


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
        tool("chromium"), *CHROMIUM_FLAGS, f"--user-data-dir={tmp_path}",
        "--remote-debugging-port=0", "--window-size=1000,800", "about:blank",
        stderr=subprocess.PIPE,
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
