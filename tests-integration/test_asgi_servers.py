"""The application under other people's servers (rows ASG-01 to ASG-05)."""

import asyncio
import contextlib
import re
import subprocess
import sys
import time

import aiolos
import pytest
from aiolos_testing import unused_port

MODULE = """
from aiolos import web

def note(word):
    with open("notes", "a") as notes:
        notes.write(word + "\\n")

async def hello(request):
    return web.Response(text="hello " + request.query.get("name", "nobody"))

async def upload(request):
    return web.Response(text=str(len(await request.read())))

async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(100):
        await response.write(b"%d\\n" % number)
    return response

async def echo(request):
    socket = web.WebSocketResponse(protocols=("parrot",))
    await socket.prepare(request)
    async for message in socket:
        if message.type is web.WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    note(f"closed {socket.close_code}")
    return socket

async def begun(app):
    note("startup")

async def ended(app):
    note("cleanup")

app = web.Application(client_max_size=10**7)
app.router.add_get("/", hello)
app.router.add_post("/upload", upload)
app.router.add_get("/stream", stream)
app.router.add_get("/echo", echo)
app.on_startup.append(begun)
app.on_cleanup.append(ended)
"""

SERVERS = {
    "uvicorn": ("uvicorn", "prog:app", "--port", "{port}"),
    "hypercorn": ("hypercorn", "prog:app", "--bind", "127.0.0.1:{port}"),
    "daphne": ("daphne", "-p", "{port}", "prog:app"),
}


@contextlib.contextmanager
def served(folder, name):
    (folder / "prog.py").write_text(MODULE)
    port = unused_port()
    command = [part.format(port=port) for part in SERVERS[name]]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(folder / "log", process)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def wait_for(log, process):
    """Until the server says that it listens; a failure where it ends or says nothing."""
    listening = re.compile(r"Uvicorn running on|Running on http|Listening on TCP")
    for _ in range(600):
        if listening.search(log.read_text()):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    pytest.fail(log.read_text())


@pytest.fixture(params=SERVERS)
def server(request):
    return request.param


async def text(response):
    async with response as answer:
        return answer.status, await answer.text()


async def ask_everything(folder, server):
    """Requests, bodies, streams and 404 under `server`."""
    with served(folder, server) as (_, base):
        async with aiolos.ClientSession(base) as session:
            assert await text(session.get("/?name=you")) == (200, "hello you")
            assert await text(session.post("/upload", data=b"x" * 3_000_000)) == (200, "3000000")
            numbers = "".join(f"{number}\n" for number in range(100))
            assert await text(session.get("/stream")) == (200, numbers)
            assert (await text(session.get("/nowhere")))[0] == 404
            assert (await text(session.head("/stream"))) == (200, "")
    assert "Traceback" not in (folder / "log").read_text()


@pytest.mark.slow
async def test_asg_01_under_uvicorn(tmp_path):
    await ask_everything(tmp_path, "uvicorn")


@pytest.mark.slow
async def test_asg_04_under_hypercorn(tmp_path):
    await ask_everything(tmp_path, "hypercorn")


@pytest.mark.slow
async def test_asg_05_under_daphne(tmp_path):
    await ask_everything(tmp_path, "daphne")


@pytest.mark.slow
async def test_asg_02_start_and_end(tmp_path, server):
    with served(tmp_path, server) as (process, base):
        async with aiolos.ClientSession(base) as session:
            assert (await text(session.get("/")))[0] == 200
        process.terminate()
        process.wait(30)
    # Daphne has no lifespan: it begins with the first request and ends with the process.
    assert (tmp_path / "notes").read_text().split() == ["startup", "cleanup"]


@pytest.mark.slow
async def test_asg_03_websockets(tmp_path, server):
    # Hypercorn tells the application 1006, whatever the peer has sent.
    told = "closed 1006" if server == "hypercorn" else "closed 4001"
    with served(tmp_path, server) as (_, base):
        async with (
            aiolos.ClientSession(base) as session,
            session.ws_connect("/echo", protocols=("parrot",)) as socket,
        ):
            assert socket.protocol == "parrot"
            for message in ("hello", "κόσμε", "x" * 70_000):
                await socket.send_str(message)
                assert await socket.receive_str() == message
            await socket.send_bytes(b"\x00" * 1000)
            assert await socket.receive_bytes() == b"\x00" * 1000
            await socket.close(code=4001)
        for _ in range(200):
            if told in (tmp_path / "notes").read_text():
                break
            await asyncio.sleep(0.02)
    assert told in (tmp_path / "notes").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()
