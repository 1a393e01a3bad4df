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
import asyncio

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

async def file(request):
    return web.FileResponse("data")

async def events(request):
    try:
        async with web.EventStream(request) as events:
            await events.send("id " + str(events.last_event_id), id="8")
            await events.send_json({"n": 1}, event="number")
            note("events")
            await asyncio.Event().wait()
        return events
    finally:
        note("events ended")

async def slow(request):
    note("slow")
    await asyncio.sleep(0.5)
    return web.Response(text="slow")

reading = asyncio.Event()

async def deaf(request):
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    await reading.wait()
    received = 0
    async for message in socket:
        if message.type is web.WSMsgType.TEXT:
            await socket.send_str(str(received))
        else:
            received += len(message.data)
    return socket

async def listen(request):
    reading.set()
    return web.Response()

async def begun(app):
    note("startup")

async def ended(app):
    note("cleanup")

app = web.Application(client_max_size=10**7)
app.router.add_get("/", hello)
app.router.add_post("/upload", upload)
app.router.add_get("/stream", stream)
app.router.add_get("/echo", echo)
app.router.add_get("/file", file)
app.router.add_get("/events", events)
app.router.add_get("/slow", slow)
app.router.add_get("/deaf", deaf)
app.router.add_get("/listen", listen)
app.on_startup.append(begun)
app.on_cleanup.append(ended)
"""

SERVERS = {
    "uvicorn": ("uvicorn", "prog:app", "--port", "{port}"),
    "hypercorn": ("hypercorn", "prog:app", "--bind", "127.0.0.1:{port}"),
    "daphne": ("daphne", "-p", "{port}", "prog:app"),
}

# Hypercorn in one process hears its signals itself; else it tells its worker by other means.
STOPPED = {
    "uvicorn": SERVERS["uvicorn"],
    "uvicorn with workers": (*SERVERS["uvicorn"], "--workers", "2"),
    "hypercorn": (*SERVERS["hypercorn"], "--graceful-timeout", "2"),
    "hypercorn without workers": (*SERVERS["hypercorn"], "--workers", "0"),
    "daphne": SERVERS["daphne"],
}


@contextlib.contextmanager
def served(folder, name):
    (folder / "prog.py").write_text(MODULE)
    port = unused_port()
    command = [part.format(port=port) for part in STOPPED[name]]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(folder / "log", process)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(30)
            finally:
                process.kill()


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


async def noted(folder, *words):
    """Wait until the application has noted so many words, sorted, and no others."""
    for _ in range(500):
        with contextlib.suppress(FileNotFoundError):
            if sorted((folder / "notes").read_text().splitlines()) == sorted(words):
                return
        await asyncio.sleep(0.02)
    pytest.fail((folder / "notes").read_text())


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


@pytest.mark.slow
async def test_files(tmp_path, server):
    data = bytes(range(256)) * 2000
    (tmp_path / "data").write_bytes(data)
    with served(tmp_path, server) as (_, base):
        async with aiolos.ClientSession(base) as session:
            async with session.get("/file") as response:
                assert (response.status, response.headers["Content-Length"]) == (200, "512000")
                assert await response.read() == data
                tag = response.headers["ETag"]
            async with session.get("/file", headers={"Range": "bytes=5-9"}) as response:
                assert (response.status, await response.read()) == (206, data[5:10])
            async with session.get("/file", headers={"If-None-Match": tag}) as response:
                assert (response.status, await response.read()) == (304, b"")
            async with session.head("/file") as response:
                assert (response.status, response.headers["Content-Length"]) == (200, "512000")
    assert "Traceback" not in (tmp_path / "log").read_text()


EVENTS = b'id: 8\ndata: id 7\n\nevent: number\ndata: {"n": 1}\n\n'


@pytest.mark.slow
async def test_server_sent_events_and_a_client_that_leaves(tmp_path, server):
    with served(tmp_path, server) as (_, base):
        async with aiolos.ClientSession(base) as session:
            async with session.get("/events", headers={"Last-Event-ID": "7"}) as response:
                assert response.content_type == "text/event-stream"
                assert await response.content.readexactly(len(EVENTS)) == EVENTS
                response.close()
            await noted(tmp_path, "startup", "events", "events ended")
            assert (await text(session.get("/")))[0] == 200
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("kind", STOPPED)
async def test_asg_02_sigterm_under_load(tmp_path, kind):
    with served(tmp_path, kind) as (process, base):
        begun = ["startup"] * (2 if "with workers" in kind else 1)
        if kind != "daphne":
            await noted(tmp_path, *begun)
        async with aiolos.ClientSession(base) as session, session.ws_connect("/echo") as socket:
            async with session.get("/events", headers={"Last-Event-ID": "7"}) as response:
                assert await response.content.readexactly(len(EVENTS)) == EVENTS
                slow = [asyncio.ensure_future(text(session.get("/slow"))) for _ in range(10)]
                await noted(tmp_path, *begun, "events", *["slow"] * 10)
                process.terminate()
                answers = await asyncio.gather(*slow, return_exceptions=True)
                if kind == "daphne":
                    # It kills what runs.
                    assert all(isinstance(answer, aiolos.ClientError) for answer in answers)
                else:
                    assert answers == [(200, "slow")] * 10
                if kind in ("daphne", "hypercorn"):
                    with pytest.raises(aiolos.ClientPayloadError):
                        await asyncio.wait_for(response.read(), 30)
                else:
                    assert await asyncio.wait_for(response.read(), 30) == b""
                    assert (await socket.receive()).type is aiolos.WSMsgType.CLOSE
                    # Uvicorn's own goodbye, 1012, may come first.
                    assert socket.close_code in ((1001, 1012) if "uvicorn" in kind else (1001,))
        await asyncio.to_thread(process.wait, 30)
    notes = (tmp_path / "notes").read_text().splitlines()
    notes = [note for note in notes if note != "slow" and not note.startswith("closed")]
    assert notes.index("events ended") < len(notes) - 1
    assert notes[-1] == "cleanup"


@pytest.mark.slow
async def test_asg_03_who_does_not_read_makes_its_client_wait(tmp_path, server):
    sent = 0

    async def send(socket):
        nonlocal sent
        for _ in range(600):
            await socket.send_bytes(bytes(65_536))
            sent += 1

    with served(tmp_path, server) as (_, base):
        async with (
            aiolos.ClientSession(base) as session,
            session.ws_connect("/deaf") as socket,
        ):
            sending = asyncio.ensure_future(send(socket))
            if server == "daphne":
                # It takes whatever comes.
                await sending
            before = -1
            while before < sent < 600:
                before = sent
                await asyncio.sleep(0.5)
            assert (sent < 600) is (server != "daphne")
            assert (await text(session.get("/")))[0] == 200
            assert (await text(session.get("/listen")))[0] == 200
            await sending
            await socket.send_str("how much?")
            assert await socket.receive_str() == str(600 * 65_536)
    assert "Traceback" not in (tmp_path / "log").read_text()
