"""python -m aiolos.migrate: what changes, what stays, and what is said."""

import ast
import subprocess
import sys
from textwrap import dedent

import pytest
from aiolos.migrate.rewriting import rewritten


def text_of(source):
    return rewritten(dedent(source)).text


def notes_of(source):
    return [f"{line}: {text}" for line, text in rewritten(dedent(source)).notes]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import aiohttp", "import aiolos"),
        ("import os, aiohttp, sys", "import os, aiolos, sys"),
        ("import aiohttp as http", "import aiolos as http"),
        ("import aiohttp.web", "import aiolos.web"),
        ("import aiohttp.web as web", "import aiolos.web as web"),
        ("from aiohttp import web", "from aiolos import web"),
        ("from  aiohttp import (\n    web,  # it\n)", "from  aiolos import (\n    web,  # it\n)"),
        ("from aiohttp import *", "from aiolos import *"),
        ("from aiohttp.web import Request as R", "from aiolos.web import Request as R"),
        ("from aiohttp.web_request import Request", "from aiolos.web import Request"),
        ("import aiohttp.web_exceptions", "import aiolos.web_exceptions"),
        ("from aiohttp.client_ws import ClientWebSocketResponse",
         "from aiolos import ClientWebSocketResponse"),
        ("from aiohttp.worker import GunicornWebWorker",
         "from aiolos.worker import GunicornWebWorker"),
        ("from aiohttp_jinja2 import setup", "from aiohttp_jinja2 import setup"),
        ("from .aiohttp import mine", "from .aiohttp import mine"),
        ("aiohttp = None", "aiohttp = None"),
        ("# import aiohttp", "# import aiohttp"),
    ],
)  # fmt: skip
def test_an_import(before, after):
    assert text_of(before) == after
    # Also in the middle of things, behind letters of several bytes, with other line ends.
    around = "def f():\r\n    'é'; {}\r\n    return 1\r\n"
    if "\n" not in before and "*" not in before:
        assert rewritten(around.format(before)).text == around.format(after)


def test_what_is_bound_by_it():
    before = """\
        import aiohttp
        import aiohttp.web_request

        async def é(session: aiohttp.ClientSession, x: "aiohttp.web.Request | None" = None) -> "list[aiohttp.ClientError]":
            é = aiohttp.ClientTimeout(1); raise aiohttp.web.HTTPFound(f"{aiohttp.hdrs.ACCEPT}")

        def g(r: aiohttp.web_request.Request): return "aiohttp is a name", r.aiohttp
    """  # noqa: E501
    after = """\
        import aiolos
        import aiolos.web

        async def é(session: aiolos.ClientSession, x: "aiolos.web.Request | None" = None) -> "list[aiolos.ClientError]":
            é = aiolos.ClientTimeout(1); raise aiolos.web.HTTPFound(f"{aiolos.hdrs.ACCEPT}")

        def g(r: aiolos.web.Request): return "aiohttp is a name", r.aiohttp
    """  # noqa: E501
    assert text_of(before) == dedent(after)
    ast.parse(dedent(after))


def test_a_name_that_something_else_has_too_stays():
    before = "import aiohttp\ndef f(aiohttp): return aiohttp\nx = aiohttp.ClientSession\n"
    assert text_of(before) == before.replace("import aiohttp", "import aiolos as aiohttp")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("try: import aiohttp.web\nexcept ImportError: aiohttp = None\naiohttp.web.Request",
         ("try: import aiolos.web, aiolos as aiohttp\nexcept ImportError: aiohttp = None\n"
          "aiohttp.web.Request")),
        ("def f():\n    global aiohttp; import aiohttp\nf()\naiohttp.ClientSession",
         "def f():\n    global aiohttp; import aiolos as aiohttp\nf()\naiohttp.ClientSession"),
        ("try: import aiohttp\nexcept ImportError as aiohttp: pass\naiohttp.ClientSession",
         ("try: import aiolos as aiohttp\nexcept ImportError as aiohttp: pass\n"
          "aiohttp.ClientSession")),
        ("import aiohttp\nmatch 1:\n    case aiohttp: pass",
         "import aiolos as aiohttp\nmatch 1:\n    case aiohttp: pass"),
        ("try: import aiohttp\nexcept ImportError: import json as aiohttp\naiohttp.ClientSession",
         ("try: import aiolos as aiohttp\nexcept ImportError: import json as aiohttp\n"
          "aiohttp.ClientSession")),
        ("import aiohttp as ah\nah.web_request.Request", "import aiolos as ah\nah.web.Request"),
    ],
)  # fmt: skip
def test_a_program_that_ran_runs_on(before, after):
    exec(before.replace("aiohttp", "aiolos").replace("web_request", "web"), {})
    assert text_of(before) == after
    exec(after, {})


@pytest.mark.parametrize(
    "source",
    [
        "import aiohttp.client_ws\naiohttp.client_ws.ClientWebSocketResponse",
        "import aiohttp, aiohttp.web\naiohttp.http_websocket.WSMessage, aiohttp.web.Request",
        "import aiohttp as ah\nah.client_ws.ClientWebSocketResponse",
        "try: import aiohttp\nexcept ImportError: aiohttp = None\naiohttp.web_request.Request",
    ],
)
def test_what_would_break_stays_and_is_said(source):
    assert text_of(source) == source
    assert notes_of(source)


def test_what_no_import_shows_is_said():
    elsewhere = "that module may have the name aiolos from now on"
    assert notes_of(
        """\
        importlib.import_module("aiohttp"), __import__("aiohttp")
        sys.modules["aiohttp"], getLogger("aiohttp")
        setup(install_requires=["aiohttp>=3.9", "aiohttp[speedups]", "aiohttp-cors>1"])
        patch("app.aiohttp.ClientSession")
        patch.object(pkg.net.aiohttp, "ClientSession"), net.aiohttp.ClientError, self.aiohttp
        from .net import aiohttp
        from pkg.net import aiohttp as http
        """
    ) == [
        '1: "aiohttp" is left as it is',
        '2: "aiohttp" is left as it is',
        '3: "aiohttp>=3.9" is required; aiolos takes its place',
        '3: "aiohttp[speedups]" is required; aiolos takes its place',
        f'4: "app.aiohttp.ClientSession" is left as it is: {elsewhere}',
        f"5: net.aiohttp is left as it is: {elsewhere}",
        f"5: pkg.net.aiohttp is left as it is: {elsewhere}",
        f"6: from .net import aiohttp is left as it is: {elsewhere}",
        f"7: from pkg.net import aiohttp as http is left as it is: {elsewhere}",
    ]


def test_a_version_is_said():
    said = "__version__ is that of aiolos, which is not counted as aiohttp's"
    source = "import aiohttp as ah\nfrom aiohttp import __version__\nah.__version__, x.__version__"
    assert notes_of(source) == [f"2: {said}", f"3: {said}"]


def test_paths_in_strings():
    before = """\
        patch("aiohttp.ClientSession.get")
        monkeypatch.setattr('aiohttp.web.run_app', None)
        logging.getLogger("aiohttp.access")
        environ["aiohttp.request"]
        patch("aiohttp.client_proto.ResponseHandler")
    """
    after = before.replace('"aiohttp.Cl', '"aiolos.Cl').replace("'aiohttp", "'aiolos")
    assert text_of(before) == dedent(after.replace('getLogger("aiohttp', 'getLogger("aiolos'))
    assert notes_of(before) == [
        '4: "aiohttp.request" is left as it is',
        '5: "aiohttp.client_proto.ResponseHandler" is left as it is',
    ]


def test_what_aiolos_has_not_stays_and_is_said():
    before = """\
        from aiohttp.client_proto import ResponseHandler
        from aiohttp import ClientSession, streamer
        import aiohttp.client_proto
        import aiohttp
        aiohttp.streamer
    """
    assert text_of(before) == dedent(before)
    stays = "is not in aiolos; it stays, and needs aiolos-aiohttp, where that has it"
    assert notes_of(before) == [
        f"1: aiohttp.client_proto.ResponseHandler {stays}",
        f"2: aiohttp.streamer {stays}",
        f"3: aiohttp.client_proto {stays}",
        "4: aiohttp stays: not all that aiohttp stands for here is in aiolos",
        f"5: aiohttp.streamer {stays}",
    ]


def test_what_behaves_differently_is_said():
    keeps = "what uses it keeps the name aiohttp, by way of aiolos-aiohttp"
    assert notes_of(
        """\
        import aioresponses
        from aiohttp_session import setup
        session._connector, self._request, session._own
        async def test(aiohttp_client): pass
        request.getfixturevalue("aiohttp_server"), pytest.mark.usefixtures("own", "aiohttp_client")
        async def test(self, loop): pass
        async def attempt(loop): pass
        """
    ) == [
        f"1: aioresponses is built on aiohttp: {keeps}",
        f"2: aiohttp_session is built on aiohttp: {keeps}",
        "3: _connector is private: aiolos promises nothing of it, and aiolos-aiohttp keeps it open",
        "4: the fixture aiohttp_client is aiolos_client without aiolos-aiohttp",
        "5: the fixture aiohttp_client is aiolos_client without aiolos-aiohttp",
        "5: the fixture aiohttp_server is aiolos_server without aiolos-aiohttp",
        "6: the fixture loop is aiolos-aiohttp's: without it, asyncio.get_running_loop()",
    ]


def run(*arguments):
    command = [sys.executable, "-m", "aiolos.migrate", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout, result.stderr


@pytest.fixture
def tree(tmp_path):
    """A small project."""
    for name, text in {
        "app.py": b"import aiohttp\r\nprint(aiohttp.web)\r\n",
        "latin.py": "# -*- coding: latin-1 -*-\nfrom aiohttp import web  # é\n".encode("latin-1"),
        "typed/stub.pyi": b"from aiohttp import ClientSession\n",
        "other.py": b"print()\n",
        ".venv/lib/a.py": b"import aiohttp\n",
        "node_modules/a.py": b"import aiohttp\n",
        "pyproject.toml": b'[project]\ndependencies = [\n    "aiohttp[speedups]>=3.9",\n]\n',
        "requirements-dev.txt": b"aiohttp\npytest-aiohttp\naiohttp-cors==1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return tmp_path


def contents(tree):
    return {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def test_the_command_shows_and_changes_nothing(tree):
    before = contents(tree)
    status, out, err = run(tree)
    assert (status, err) == (0, "")
    assert contents(tree) == before
    assert ("-import aiohttp\n-print(aiohttp.web)\n+import aiolos\n+print(aiolos.web)\n") in out
    assert "3 files would be changed (--write)" in out
    assert f"{tree / 'pyproject.toml'}:3: aiohttp is required; aiolos takes its place" in out
    assert f"{tree / 'requirements-dev.txt'}:1: aiohttp is required" in out
    assert out.count("is required") == 2
    assert "What behaves differently everywhere:\n- HTTP/2 is spoken over TLS" in out


def test_the_command_writes(tree):
    before = contents(tree)
    status, out, _ = run(tree, "--write")
    assert status == 0
    assert "3 files are changed" in out
    after = contents(tree)
    assert {path.name for path in after if after[path] != before[path]} == {
        "app.py",
        "latin.py",
        "stub.pyi",
    }
    assert after[tree / "app.py"] == b"import aiolos\r\nprint(aiolos.web)\r\n"
    assert after[tree / "latin.py"].endswith(b"from aiolos import web  # \xe9\n")
    status, out, _ = run(tree, "--write")
    assert "0 files are changed" in out


def test_what_a_project_requires_is_said_wherever_that_stands(tmp_path):
    for name, told in {
        "Pipfile": True,
        "requirements/base.txt": True,
        "services/one/pyproject.toml": True,
        "services/two/dev-requirements.in": True,
        "docs/notes.txt": False,
        "requirements.md": False,
        "node_modules/requirements.txt": False,
    }.items():
        (path := tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text('[packages]\naiohttp = "*"\n')
        said = f"{path}:2: aiohttp is required; aiolos takes its place"
        assert (said in run(tmp_path)[1]) is told, name


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(tree):
    (tree / "broken.py").write_text("import aiohttp (\n")
    status, out, err = run(tree)
    assert status == 1
    assert err.startswith(f"{tree / 'broken.py'}: not read: ")
    assert "3 files would be changed" in out
    assert run(tree / "nothing") == (1, "", f"there is no {tree / 'nothing'}\n")


def test_one_file(tree):
    status, out, _ = run(tree / "app.py", "--write")
    assert status == 0
    assert "1 files are changed" in out


def test_one_file_does_not_stop_the_rest(tree):
    (tree / "a_deep.py").write_text("import aiohttp\nx = " + "-" * 50_000 + "1\n")
    (tree / "a_long.py").write_text("import aiohttp\nx = 1" + " + 1" * 20_000 + "\n")
    (tree / "requirements.txt").write_bytes("aiohttp==3.9\r\n".encode("utf-16"))
    status, out, err = run(tree, "--write")
    assert "Traceback" not in err
    assert status == 1
    assert f"{tree / 'a_long.py'}: not read: " in err
    assert "3 files are changed" in out
    assert f"{tree / 'requirements.txt'}:1: aiohttp is required" in out


def test_a_reader_that_has_seen_enough(tree):
    command = [sys.executable, "-m", "aiolos.migrate", str(tree)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 1


@pytest.mark.parametrize(
    "before",
    [
        "import aiohttp\nimport aiohttp.web\naiohttp.web._no_such(1)",
        "import aiohttp.web as w\nw._no_such(1)",
        "from aiohttp import web\nweb._no_such(1)",
        "from aiohttp import web, helpers\nweb.Response; helpers.sentinel",
        "import aiohttp\naiohttp.helpers.sentinel",
        "import aiohttp\naiohttp.connector.Connection",
        "import aiohttp\naiohttp.client._RequestContextManager",
        "import aiohttp.web_request as r\nr._no_such",
        "import aiohttp\naiohttp.web_request._no_such",
        'from unittest.mock import patch\n@patch("aiohttp.web.Application._handle")\ndef f(): pass',
        'from unittest.mock import patch\npatch("aiohttp.TCPConnector._create_connection")',
        'import aiohttp\ngetattr(aiohttp, "streamer")',
        'import aiohttp\ngetattr(aiohttp, "web_request").Request',
        'import aiohttp.web as w\nhasattr(w, "_no_such")',
        'from aiohttp import web\nmonkeypatch.setattr(web, "_no_such", 1)',
        'import aiohttp\npatch.object(aiohttp.TCPConnector, "_no_such")',
        'import aiohttp\ndef f(a: "aiohttp.connector.Connection") -> None: pass',
        'import aiohttp\ndef f() -> "list[aiohttp.helpers.BasicAuth | aiohttp.web._No]": pass',
        "from aiohttp import web\na: 'web._No' = 1",
        "import aiohttp\nh = aiohttp.helpers\nh.sentinel",
        "import aiohttp\na = b = aiohttp\nc: object = b\nc.connector.Connection",
        "from aiohttp import web\ndef f():\n    if (w := web): return w._no_such",
    ],
)
def test_what_is_not_below_stays_as_it_is_and_is_told(before):
    assert text_of(before) == before
    assert notes_of(before)


def test_what_is_below_changes():
    before = "from aiohttp import web, hdrs as h\nweb.Response; h.ACCEPT; web.Application.router"
    assert text_of(before) == before.replace("aiohttp", "aiolos")
    before = """\
        import aiohttp
        getattr(aiohttp, "ClientSession"), patch.object(aiohttp.ClientSession, "get")
        h = aiohttp.helpers
        h.BasicAuth
        def f(a: "aiohttp.web.Request", b: "list[aiohttp.ClientSession]" = ()) -> "None": pass
    """
    assert text_of(before) == dedent(before).replace("aiohttp", "aiolos")
    assert notes_of(before) == []
    before = 'import aiohttp\na: "aiohttp.web_request.Request | aiohttp.client.ClientSession"'
    after = 'import aiolos\na: "aiolos.web.Request | aiolos.client.ClientSession"'
    assert text_of(before) == after
    before = 'patch("aiohttp.ClientSession.get")\npatch("aiohttp.web.Application.freeze")'
    assert text_of(before) == before.replace("aiohttp", "aiolos")


@pytest.mark.parametrize(
    "call",
    ["patch.object({})", "mocker.patch.object({})", "monkeypatch.setattr({}, 1)", "getattr({})"],
)
def test_a_private_name_in_a_string_is_told(call):
    before = "import aiohttp\n" + call.format('aiohttp.TCPConnector, "_create_connection"')
    told = "2: _create_connection is private: aiolos promises nothing of it, and aiolos-aiohttp"
    assert f"{told} keeps it open" in notes_of(before)
    # It would not be found.
    assert text_of(before) == before
    assert notes_of(call.format('self, "_create_connection"')) == []
    assert notes_of(call.format('aiohttp.TCPConnector, "close"')) == []
