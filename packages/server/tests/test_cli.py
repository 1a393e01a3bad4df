"""`python -m aiolos_server`: what it serves, and one line for what it cannot."""

import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

MODULE = """
from aiolos_server import web

async def hello(request):
    return web.Response(text="hello " + request.app["who"])

def make(who):
    app = web.Application()
    app["who"] = who
    app.router.add_get("/", hello)
    return app

app = make("app")

def of_arguments(argv):
    return make(",".join(argv))

def of_two(argv, more):
    return make("two")

def of_nothing():
    return make("nothing")

async def coroutine():
    return make("coroutine")

class Asgi:
    def __init__(self, who):
        self.who = who

    async def __call__(self, scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"hello " + self.who})

asgi = Asgi(b"asgi")

def makes_asgi():
    return Asgi(b"made")

number = 5

async def later():
    return 5

def failing():
    raise TypeError("a mistake of its own")

def deeper():
    failing()

def wrong():
    return 5
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "site_of_mine.py").write_text(MODULE)
    return tmp_path


def start(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "aiolos_server", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("entry", "rest", "who"),
    [
        ("app", [], "app"),
        ("of_arguments", ["--colour", "red"], "--colour,red"),
        ("of_nothing", [], "nothing"),
        ("coroutine", [], "coroutine"),
        ("asgi", [], "asgi"),
        ("makes_asgi", [], "made"),
    ],
)
def test_what_is_named_is_served(folder, entry, rest, who):
    process = start(folder, f"site_of_mine:{entry}", "-H", "127.0.0.1", "-P", "0", *rest)
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + process.stderr.read()
        with urllib.request.urlopen(found[0], timeout=10) as answer:
            assert answer.read().decode() == f"hello {who}"
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["site_of_mine"], "'site_of_mine' names nothing to serve: write module:app"),
        (["site_of_mine:"], "names nothing to serve"),
        (["no_such_module:app"], "there is no module 'no_such_module' to import"),
        (["site_of_mine:nothing"], "the module 'site_of_mine' has no 'nothing'"),
        (["site_of_mine:number"], "neither an application nor a function: 5"),
        (["site_of_mine:wrong"], r"wrong \(site_of_mine.py, line \d+\) made no application but 5"),
        (["site_of_mine:later"], r"later \(site_of_mine.py, line \d+\) made no application but 5"),
        (["json:loads"], r"loads \(__init__.py, line \d+\) makes no application of .*, \[\]: the"),
        (["builtins:max"], "max must take no argument, or the list"),
        (["site_of_mine:app", "--what"], "unknown arguments: --what"),
        (["site_of_mine:of_nothing", "--what"], "unknown arguments: --what"),
        (["site_of_mine:of_two"], r"of_two \(site_of_mine.py, line \d+\) must take no argument"),
        ([".site_of_mine:app"], "name the module '.site_of_mine' in full"),
        (["site_of_mine:app", "-P", "99999"], "a port is 0 to 65535, not 99999"),
    ],
)
def test_a_mistake_is_one_line(folder, arguments, words):
    process = start(folder, *arguments)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert re.search(words, err)
    assert err.count("\n") == 1


def test_what_a_maker_raises_shows_where(folder):
    process = start(folder, "site_of_mine:deeper")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "in failing" in err
    assert err.endswith("TypeError: a mistake of its own\n")


def test_a_unix_socket_alone(folder):
    process = start(folder, "site_of_mine:app", "-U", "s")
    try:
        assert "unix:s: (Ctrl-C" in process.stdout.readline()
        assert os.path.exists(folder / "s")
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_unix_socket_beside_a_host_whose_option_is_cut_short(folder):
    process = start(folder, "site_of_mine:app", "--path=s", "--host=127.0.0.1", "--port=0")
    try:
        line = process.stdout.readline()
        assert "unix:s:" in line
        assert "http://127.0.0.1:" in line
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0
