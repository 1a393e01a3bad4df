"""The demo and all examples of the documentation run over HTTP/2, unchanged: their own tests, with
connectors that speak nothing else where nothing else is said."""

import os
import subprocess
import sys

# Python imports it at its start, in the processes that the tests start as well.
EVERYWHERE = """
import atexit, os
from aiolos_client import tcp
from aiolos_client.links import Links

made = []

def note(method, version):
    return lambda *args: made.append(version) or method(*args)

def factory(self, host, role, real=Links.factory, new_h1=Links._new_h1):
    # A WebSocket without a connection at hand begins one of HTTP/1.1, as it should.
    return real(self, host, role) if host.key.http2 else lambda: new_h1(self, role)

@atexit.register
def tell():
    with open(os.environ["AIOLOS_LINKS"], "a") as links:
        links.write("".join(made))

def begin(self, *, http2=None, begin=tcp.TCPConnector.__init__, **options):
    begin(self, http2="prior-knowledge" if http2 is None else http2, **options)

Links.factory = factory
Links._new_h1 = note(Links._new_h1, "1")
Links._new_h2 = note(Links._new_h2, "2")
tcp.TCPConnector.__init__ = begin
"""
TESTS = (
    "test_client_guide.py",
    "test_demo.py::test_the_check_passes",
    "test_quickstart.py",
    "test_routing_guide.py",
    "test_server_guide.py",
    "test_testing_guide.py",
    "test_websocket_guide.py",
)


def test_examples_run_over_http_2(root, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(EVERYWHERE)
    links = tmp_path / "links"
    environment = {
        **os.environ,
        "AIOLOS_LINKS": str(links),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }
    tests = [str(root / "tests-integration" / each) for each in TESTS]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert set(links.read_text()) == {"2"}


def test_no_example_is_forgotten(root):
    examples = {path.name for path in (root / "docs" / "examples").iterdir() if path.is_dir()}
    tested = {name.removeprefix("test_").partition(".")[0].removesuffix("_guide") for name in TESTS}
    assert tested == examples
