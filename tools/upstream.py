"""The functional tests of aiohttp 3.14, run against the import name of aiolos-aiohttp.

python tools/upstream.py [file ...] [-- options of pytest]

Downloads the sdist from the package index, unpacks it into a temporary folder, runs its tests file
by file and prints how many passed; nothing of it is kept. `--sdist PATH` takes one that is there.
A private name that we do not have is stood for by something that fails whatever uses it, so that
the other tests of the file run.

A test that may fail stands in docs/compatibility.md, with the reason. Any other that fails is
named, and so is one that is listed and passes; the first ends the run with 1.
"""

import argparse
import fnmatch
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

SERIES = "aiohttp==3.14.*"
FILES = (
    "test_classbasedview",
    "test_client_connection",
    "test_client_functional",
    "test_client_middleware",
    "test_client_middleware_digest_auth",
    "test_client_ws_functional",
    "test_cookiejar",
    "test_formdata",
    "test_loop",
    "test_multipart",
    "test_payload",
    "test_proxy_functional",
    "test_pytest_plugin",
    "test_route_def",
    "test_run_app",
    "test_streams",
    "test_test_utils",
    "test_urldispatch",
    "test_web_app",
    "test_web_cli",
    "test_web_exceptions",
    "test_web_functional",
    "test_web_log",
    "test_web_middleware",
    "test_web_request",
    "test_web_request_handler",
    "test_web_response",
    "test_web_runner",
    "test_web_sendfile_functional",
    "test_web_server",
    "test_web_urldispatcher",
    "test_web_websocket",
    "test_web_websocket_functional",
)
# After so many seconds a file is given up: a test of it hangs.
PATIENCE = 240
SETTINGS = """\
[pytest]
addopts = -p no:asyncio -p no:anyio -p no:cacheprovider -p upstream_absent -q --tb=native
markers =
    autobahn: not run
    dev_mode: not run
    internal: not run
    skip_blockbuster: as it says
timeout = 10
"""
# They wait for the words that the original prints when it listens.
ENDLESS = ("tests/test_run_app.py::test_sigint", "tests/test_run_app.py::test_sigterm")
LISTED = Path(__file__).parents[1] / "docs/compatibility.md"
# Loaded before the tests' own conftest.
ABSENT = '''\
"""Stands for private names of the original that are not here."""

import importlib.machinery
import importlib.util
import os
import sys


running = False


def pytest_runtest_setup():
    global running
    running = True


def pytest_runtest_logreport(report):
    """One line for each test as soon as it is known: a run that hangs has told the others."""
    if report.when == "call" or report.outcome != "passed":
        with open(os.environ["UPSTREAM_OUTCOMES"], "a") as outcomes:
            print(report.outcome, report.nodeid, file=outcomes)


class Absent:
    """Whatever is done with it is refused while a test runs, and before gives another one."""

    def __init__(self, name, *bases):
        self.__dict__["_name"] = name

    def _use(self, *args, **options):
        if running:
            raise NotImplementedError(f"private: {self._name}")
        return Absent(self._name)

    __call__ = __getitem__ = __enter__ = __add__ = __sub__ = __mul__ = __radd__ = __rmul__ = _use
    __rsub__ = __or__ = __ror__ = __neg__ = __floordiv__ = _use

    def __iter__(self):
        self._use()
        return iter(())

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")


class Finder:
    def find_spec(self, fullname, path=None, target=None):
        if fullname.startswith("aiohttp.") and ".pytest_plugin" not in fullname:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        stand_in(module)


class Watch:
    """Every module of the name gets its stand-ins once it is loaded."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.startswith("aiohttp.") and ".pytest_plugin" not in fullname:
            spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
            if spec is not None:
                loader = spec.loader
                execute = loader.exec_module
                loader.exec_module = lambda module: (execute(module), stand_in(module))
                return spec


def stand_in(module):
    told = getattr(module, "__getattr__", None)
    if told is not None and told.__module__ == "upstream_absent":
        return

    def absent(name):
        if name.startswith("__"):
            raise AttributeError(name)
        if told is not None and told.__module__ != "aiohttp._absent":
            try:
                return told(name)
            except AttributeError:
                pass
        if name == "_CLOSE_FUTURES":
            # What a fixture of every test waits for.
            return set()
        return Absent(f"{module.__name__}.{name}")

    module.__getattr__ = absent


for name, module in list(sys.modules.items()):
    if name.startswith("aiohttp.") and ".pytest_plugin" not in name:
        stand_in(module)
sys.meta_path.insert(0, Watch())
sys.meta_path = [each for each in sys.meta_path if type(each).__name__ != "Missing"]
sys.meta_path.append(Finder())
'''


def main() -> int:
    """Command line; 1 where a test fails that is not listed, or a file could not be run."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("files", nargs="*", help="such as test_web_functional; default: all")
    parser.add_argument("--sdist", type=Path, help="an sdist that is there already")
    parser.add_argument("--show", action="store_true", help="print what pytest prints")
    parser.add_argument("--list", action="store_true", help="print the entries, and no more")
    known, options = parser.parse_known_args()
    listed = entries(LISTED.read_text())
    if known.list:
        for file, patterns in listed.items():
            print(file, *patterns, sep="\n    ")
        return 0
    total: Counter[str] = Counter()
    unexpected = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tests = unpacked(known.sdist or downloaded(folder), folder)
        for file in known.files or FILES:
            output, outcomes = run(tests, file, options)
            if known.show:
                print(output)
            counts = Counter(outcomes.values())
            total += counts
            print(f"{file:40}", told(counts) or "could not be run", flush=True)
            if not outcomes:
                unexpected.append(file)
            found, stale = compared(outcomes, listed.get(file, []))
            unexpected += [f"{file}::{test}" for test in found]
            for each in stale if not options else ():
                print(f"    passes by now, take it off the list: {each}")
    print(f"{'all':40}", told(total))
    for test in unexpected:
        print(f"fails, and is not listed: {test}")
    return 1 if unexpected else 0


def entries(page: str) -> dict[str, list[str]]:
    """The names behind the headings of the test files, as patterns.

    A line is "- `test_one`, `TestClass::test_*`: why they fail"; it may go on in the next one. A
    file may stand in both parts.
    """
    found: dict[str, list[str]] = {}
    for section in re.split(r"^#+ ", page, flags=re.MULTILINE):
        file, _, text = section.partition("\n")
        if not file.startswith("test_"):
            continue
        if file not in FILES:
            raise SystemExit(f"{LISTED}: {file} is no file of this run")
        for entry in re.findall(r"^- (.*?)(?=^- |\Z)", text, re.MULTILINE | re.DOTALL):
            names, colon, reason = entry.replace("\n", " ").partition("`: ")
            if not colon or not reason.strip():
                raise SystemExit(f"{LISTED}: an entry of {file} has no reason: {entry}")
            found.setdefault(file, []).extend(re.findall(r"`([^`]+)`", names + "`"))
    return found


def compared(outcomes: dict[str, str], patterns: list[str]) -> tuple[list[str], list[str]]:
    """The tests that fail without being listed, and what is listed and does not fail: patterns
    that mean no test that fails, and tests that a pattern means beside others, all of whose cases
    pass."""
    failed = [test for test, outcome in outcomes.items() if outcome == "failed"]
    unexpected = [test for test in failed if not any(matches(test, each) for each in patterns)]
    stale = [each for each in patterns if not any(matches(test, each) for test in failed)]
    cases = {test.partition("[")[0] for test in failed}
    passed = {test.partition("[")[0] for test, how in outcomes.items() if how == "passed"} - cases
    for each in patterns:
        if each not in stale:
            stale += [f"{test}, by {each}" for test in sorted(passed) if matches(test, each)]
    return unexpected, stale


def matches(test: str, pattern: str) -> bool:
    """Whether "TestClass::test_name[case]" is meant; a pattern leaves out case, and class too."""
    test = test.partition("[")[0]
    names = (test, test.rpartition("::")[2], test.partition("::")[0])
    return any(fnmatch.fnmatchcase(each, pattern) for each in names)


def downloaded(folder: Path) -> Path:
    """The sdist, from the index that pip is set up for."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
    subprocess.run([*command, "--no-binary", "aiohttp", SERIES], check=True)
    return next(folder.glob("aiohttp-*.tar.gz"))


def unpacked(sdist: Path, folder: Path) -> Path:
    """The folder with the sdist's tests, and our settings beside them."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    root = next(path for path in folder.glob("aiohttp-*") if path.is_dir())
    # Only the tests: what they import is ours.
    work = folder / "work"
    work.mkdir()
    (root / "tests").rename(work / "tests")
    for each in ("LICENSE.txt", "README.rst"):
        (root / each).rename(work / each)
    (work / "pytest.ini").write_text(SETTINGS)
    (work / "upstream_absent.py").write_text(ABSENT)
    return work


def run(work: Path, file: str, options: list[str]) -> tuple[str, dict[str, str]]:
    """What pytest prints for one file, and "passed", "failed" or "skipped" for each test."""
    file = file.removesuffix(".py")
    command = [sys.executable, "-m", "pytest", f"tests/{file}.py", *options]
    command += [f"--deselect={each}" for each in ENDLESS]
    record = work / f"{file}.outcomes"
    record.touch()
    env = {**os.environ, "PYTHONPATH": str(work), "UPSTREAM_OUTCOMES": str(record)}
    with (work / "output").open("w+") as output:
        try:
            told = {"stdout": output, "stderr": output}
            subprocess.run(command, cwd=work, env=env, timeout=PATIENCE, check=False, **told)
        except subprocess.TimeoutExpired:
            with record.open("a") as outcomes:
                print(f"failed tests/{file}.py::given up after {PATIENCE} s", file=outcomes)
        output.seek(0)
        return output.read(), recorded(record)


def recorded(record: Path) -> dict[str, str]:
    """The outcome of each test; one that failed in its call or its end has failed."""
    seen: dict[str, str] = {}
    for line in record.read_text().splitlines():
        outcome, _, test = line.partition(" ")
        test = test.partition("::")[2]
        if seen.get(test) != "failed":
            seen[test] = outcome
    return seen


def told(counts: Counter[str]) -> str:
    return ", ".join(
        f"{counts[what]} {what}" for what in ("passed", "failed", "skipped") if counts[what]
    )


if __name__ == "__main__":
    sys.exit(main())
