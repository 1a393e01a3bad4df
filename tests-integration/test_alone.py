"""Each part installed alone: it works, and what needs a sibling says which one to install."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

THIRD_PARTIES = (
    "multidict",
    "yarl",
    "propcache",
    "idna",
    "frozenlist",
    "aiosignal",
    "attr",
    "attrs",
)


@pytest.fixture(scope="session")
def installed(wheels, tmp_path_factory):
    """A function that unpacks the named parts beside their third parties, and gives the folder."""

    def unpack(*names: str) -> Path:
        folder = tmp_path_factory.mktemp("site")
        for wheel in wheels:
            if wheel.name.split("-")[0] in {f"aiolos_{name}" for name in names}:
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(folder)
        for name in THIRD_PARTIES:
            spec = importlib.util.find_spec(name)
            if spec is not None and spec.submodule_search_locations:
                (folder / name).symlink_to(spec.submodule_search_locations[0])
        extra = importlib.util.find_spec("typing_extensions")
        if extra is not None and extra.origin:
            (folder / "typing_extensions.py").symlink_to(extra.origin)
        return folder

    return unpack


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-S", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


SERVE = """
import asyncio, socket
from aiolos_server import web

async def hello(request):
    return web.Response(text="hello")

async def main():
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    writer.write(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
    print((await reader.read()).splitlines()[-1].decode())
    writer.close()
    await runner.cleanup()

asyncio.run(main())
"""

FETCH = """
import asyncio
import aiolos_client

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello")
    await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with aiolos_client.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/") as response:
            print(await response.text())
    server.close()

asyncio.run(main())
"""


def test_a_server_alone_serves(installed):
    result = run(installed("protocol", "server"), SERVE)
    assert (result.stdout, result.stderr) == ("hello\n", "")


def test_a_client_alone_makes_requests(installed):
    result = run(installed("protocol", "client"), FETCH)
    assert (result.stdout, result.stderr) == ("hello\n", "")


def test_the_client_says_what_a_websocket_needs(installed):
    code = """
import asyncio, aiolos_client

async def main():
    async with aiolos_client.ClientSession() as session:
        await session.ws_connect("http://127.0.0.1:1/")

asyncio.run(main())
"""
    result = run(installed("protocol", "client"), code)
    assert result.stderr.splitlines()[-1] == (
        "aiolos_protocol.errors.MissingDistribution: ClientSession.ws_connect() needs the "
        "distribution 'aiolos-websocket', which is not installed; run: pip install aiolos-websocket"
    )


def test_the_server_says_what_a_websocket_needs(installed):
    code = """
import asyncio
from aiolos_server import web, component

async def main():
    request = component.request("GET", "/")
    try:
        await web.WebSocketResponse().prepare(request)
    except ImportError as error:
        print(error)

asyncio.run(main())
"""
    result = run(installed("protocol", "server"), code)
    assert result.stdout == (
        "web.WebSocketResponse needs the distribution 'aiolos-websocket', which is not installed; "
        "run: pip install aiolos-websocket\n"
    ), result.stderr


def test_announced_siblings_are_found(installed):
    code = "from aiolos_protocol import siblings; print(siblings.websocket('x').__name__)"
    result = run(installed("protocol", "websocket"), code)
    assert result.stdout == "aiolos_websocket.component\n", result.stderr


@pytest.mark.parametrize("part", ["protocol", "client", "server", "websocket", "testing"])
def test_a_part_imports_without_its_siblings(installed, part):
    folder = installed("protocol", part)
    code = f"import sys, aiolos_{part}; print(*sorted({{n.split('.')[0] for n in sys.modules}}))"
    result = run(folder, code)
    ours = {name for name in result.stdout.split() if name.startswith("aiolos")}
    assert f"aiolos_{part}" in ours, result.stderr
    assert ours <= {"aiolos_protocol", f"aiolos_{part}"}
