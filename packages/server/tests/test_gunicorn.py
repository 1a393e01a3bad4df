"""The workers for Gunicorn, under a real Gunicorn (rows DEP-01 and DEP-02)."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from aiolos_server.access_log import AccessLogger
from aiolos_server.gunicorn import access_format

MODULE = """
import os
from aiolos_server import web

def note(word):
    with open("notes", "a") as notes:
        notes.write(word + "\\n")

async def hello(request):
    return web.Response(text=f"hello from {os.getpid()}")

async def upload(request):
    return web.Response(text=str(len(await request.read())))

async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(100):
        await response.write(b"%d\\n" % number)
    return response

async def loop(request):
    import asyncio
    return web.Response(text=type(asyncio.get_running_loop()).__module__)

async def begun(app):
    note("startup")

async def ended(app):
    note("cleanup")

def make():
    app = web.Application(client_max_size=10**7)
    app.router.add_get("/", hello)
    app.router.add_post("/upload", upload)
    app.router.add_get("/stream", stream)
    app.router.add_get("/loop", loop)
    app.on_startup.append(begun)
    app.on_cleanup.append(ended)
    return app

app = make()

async def factory():
    return make()

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        for word in ("startup", "cleanup"):
            message = await receive()
            note(word)
            await send({"type": message["type"] + ".complete"})
        return
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": scope["path"].encode()})

def wsgi(environ, start_response):
    return []

async def wrong():
    return 5
"""
WORKER = "aiolos_server.gunicorn.GunicornWebWorker"


@contextlib.contextmanager
def gunicorn(folder, target, *options, worker=WORKER):
    (folder / "site_of_mine.py").write_text(MODULE)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", f"site_of_mine:{target}", "-k", worker,
            "-b", "127.0.0.1:0", "--no-control-socket", *options,
        ],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    lines = []
    try:
        for line in process.stderr:
            lines.append(line)
            found = re.search(r"Listening at: (http\S*://127\.0\.0\.1:\d+)", line)
            if found:
                break
        else:
            pytest.fail("".join(lines))
        yield process, found[1], lines
    finally:
        if process.poll() is None:
            process.terminate()
        _, rest = process.communicate(timeout=30)
        lines.append(rest)


def get(url, data=None):
    with urllib.request.urlopen(url, data, timeout=20) as answer:
        return answer.read().decode()


def test_dep_01_requests_uploads_streams_and_the_life_of_the_application(tmp_path):
    with gunicorn(tmp_path, "app") as (process, url, _):
        assert get(url).startswith("hello from ")
        assert get(f"{url}/upload", b"x" * 2_000_000) == "2000000"
        assert get(f"{url}/stream").split() == [str(number) for number in range(100)]
        assert get(f"{url}/loop").startswith("asyncio")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert (tmp_path / "notes").read_text().split() == ["startup", "cleanup"]


def test_an_asgi_application(tmp_path):
    with gunicorn(tmp_path, "asgi") as (process, url, _):
        assert get(f"{url}/some/path") == "/some/path"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert (tmp_path / "notes").read_text().split() == ["startup", "cleanup"]


def test_dep_02_a_factory_on_uvloop(tmp_path):
    worker = "aiolos_server.gunicorn.GunicornUVLoopWebWorker"
    with gunicorn(tmp_path, "factory", worker=worker) as (_, url, _):
        assert get(f"{url}/loop") == "uvloop"


def test_a_worker_ends_after_max_requests_and_another_follows(tmp_path):
    with gunicorn(tmp_path, "app", "--max-requests", "3") as (_, url, _):
        seen = set()
        deadline = time.monotonic() + 30
        while len(seen) < 2:
            assert time.monotonic() < deadline
            # Between the end of the one and the start of the next nobody answers.
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                seen.add(get(url))


def test_access_lines_are_written(tmp_path):
    with gunicorn(tmp_path, "app", "--access-logfile", "access.log") as (_, url, _):
        get(f"{url}/stream")
    assert '"GET /stream HTTP/1.1" 200' in (tmp_path / "access.log").read_text()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("wsgi", r"wsgi \(site_of_mine.py, line \d+\)\n"),
        ("hello", r"hello \(site_of_mine.py, line \d+\)\n"),
        ("make", r"make \(site_of_mine.py, line \d+\); if it makes one, write module:make\(\)\n"),
        ("wrong", r"5\n"),
    ],
)
def test_what_is_no_application_ends_the_arbiter_and_is_named(tmp_path, target, told):
    with gunicorn(tmp_path, target) as (process, _, lines):
        assert process.wait(30) == 3
    assert "gunicorn serves a web.Application" in "".join(lines)
    assert re.search(f"it was given {told}", "".join(lines))


def test_formats():
    own = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
    assert access_format(own) == AccessLogger.LOG_FORMAT
    assert access_format("%a %r") == "%a %r"
    with pytest.raises(ValueError, match="Gunicorn's own atoms"):
        access_format("%(h)s")


def test_without_gunicorn_the_error_says_what_to_install():
    code = "import sys; sys.modules['gunicorn'] = None; import aiolos_server.gunicorn"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert result.stderr.splitlines()[-1] == (
        "ImportError: Gunicorn's workers need the distribution 'gunicorn', which is not installed; "
        "run: pip install gunicorn"
    )
