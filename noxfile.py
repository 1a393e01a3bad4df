"""What is checked, and how. `nox` runs all of it; `nox -l` lists the sessions.

Wheels are built once per interpreter and state of the sources, into .nox/wheels; sessions
install from there, and again only when something has changed.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False
nox.options.stop_on_first_error = False

# What is tested is what is installed, not what lies on somebody's path.
os.environ.pop("PYTHONPATH", None)

ROOT = Path(__file__).parent
PACKAGES = ("protocol", "client", "server", "websocket", "testing", "aiolos", "aiohttp-compat")
LEAVES = ("protocol", "client", "server", "websocket", "testing")
TESTING = (
    "pytest>=8",
    "pytest-asyncio>=1.1",
    "anyio>=4.6",
    "blockbuster>=1.5; implementation_name == 'cpython'",
    "hypothesis>=6.100",
    "Jinja2>=3.1",
    "PyJWT>=2.8",
    "trustme>=1.2",
    "uvloop>=0.21; sys_platform != 'win32' and implementation_name == 'cpython'",
)
# What runs the server in its tests.
WORKERS = ("gunicorn>=27; sys_platform != 'win32'",)
# What our code imports, always or where it is installed.
TYPED = (
    "multidict",
    "yarl",
    "aiosignal",
    "aiodns",
    "blockbuster",
    "publicsuffixlist",
    "rich",
    "uvloop",
)
# What the protocol package compresses with where it is installed; its tests go through all.
COMPRESSION = (
    "Brotli>=1.2; platform_python_implementation == 'CPython'",
    "brotlicffi>=1.2; platform_python_implementation != 'CPython'",
    "backports.zstd>=1.0; python_version < '3.14'",
    "isal>=1.7; platform_python_implementation == 'CPython'",
    "zlib-ng>=0.5; platform_python_implementation == 'CPython'",
)
# Other implementations of the protocols that ours is held against.
ORACLES = ("h11>=0.14", "httptools>=0.7", "h2>=4.1", "hpack>=4.0", "hyperframe>=6.0")
# What the benchmarks hold us against.
RIVALS = (
    "aiohttp>=3.14",
    "granian>=2.7; implementation_name == 'cpython'",
    "httpx2[http2]>=2.0",
    "hypercorn>=0.17",
    "picows>=1.9; implementation_name == 'cpython'",
    "pyreqwest>=0.8; implementation_name == 'cpython'",
    "uvicorn>=0.34",
    "websockets>=14",
)
# What a package's tests need beside it.
BESIDE = {
    "protocol": (*COMPRESSION, *ORACLES),
    "client": ("aiodns>=3.2", "publicsuffixlist", "rich>=13", "truststore>=0.10", *COMPRESSION),
    "server": (*WORKERS, *COMPRESSION),
}
THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"
OTHERS = tuple(each for each in ("3.11", "3.12", "3.13", "3.14") if each != THIS)
BUILDING = ("hatchling>=1.27", "Cython>=3.1", "setuptools>=77", "build>=1.2")

nox.options.sessions = [
    "lint",
    "types",
    *(f"alone-{package}" for package in LEAVES),
    "compat",
    "integration",
    "pure",
    "others",
    "docs",
]


def mode() -> str:
    """Where there is a compiler, a module that does not compile is a failure, not a fallback."""
    return os.environ.get("AIOLOS_EXTENSIONS", "require" if has_compiler() else "auto")


def digest() -> str:
    """What the wheels are made of, as a short hash."""
    state = hashlib.sha256(mode().encode())
    for package in PACKAGES:
        files = [*(ROOT / "packages" / package).glob("*.*"), *sources(package)]
        for path in sorted(files):
            if path.is_file():
                state.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return state.hexdigest()[:16]


def sources(package: str) -> list[Path]:
    """The files under src that git would keep."""
    kept = {".py", ".pyx", ".pxd", ".typed"}
    return [
        path for path in (ROOT / "packages" / package / "src").rglob("*") if path.suffix in kept
    ]


def wheelhouse(session: nox.Session) -> Path:
    """The folder with a wheel of every package for the session's interpreter, built if need be."""
    python = str(session.python or THIS)
    folder = ROOT / ".nox" / "wheels" / f"{python}-{digest()}"
    done = folder / "complete"
    if done.exists():
        return folder
    builder = ROOT / ".nox" / f"builder-{python}"
    command = builder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not command.exists():
        session.log("making the environment that builds wheels")
        session.run("python", "-m", "venv", str(builder), external=True, silent=True)
        install = (str(command), "-m", "pip", "install", "-q", *BUILDING)
        session.run(*install, external=True, silent=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for package in PACKAGES:
        session.log(f"building the wheel of {package}")
        # A copy: what another interpreter left beside the sources stays out of this wheel.
        clean = builder / "sources" / package
        shutil.rmtree(clean, ignore_errors=True)
        ignored = shutil.ignore_patterns("*.so", "*.c", "build", "__pycache__")
        shutil.copytree(ROOT / "packages" / package, clean, ignore=ignored)
        build = (str(command), "-m", "build", "--wheel", "--no-isolation", "-o", str(folder))
        session.run(
            *build, str(clean), env={"AIOLOS_EXTENSIONS": mode()}, external=True, silent=True
        )
    done.touch()
    return folder


def install(session: nox.Session, packages: tuple[str, ...], *others: str) -> Path:
    """Install wheels of ours and other distributions; nothing where nothing has changed."""
    folder = wheelhouse(session)
    stamp = Path(session.virtualenv.location) / "aiolos-installed"
    state = f"{folder} {packages} {others}"
    if not stamp.exists() or stamp.read_text() != state:
        names = [name_of(package) for package in packages]
        wheels = [str(next(folder.glob(f"{name}-*.whl"))) for name in names]
        session.install("-q", *wheels, *others)
        session.install("-q", "--force-reinstall", "--no-deps", *wheels)
        stamp.write_text(state)
    return folder


def name_of(package: str) -> str:
    """The distribution's name as wheels spell it."""
    if package == "aiolos":
        return "aiolos"
    return "aiolos_aiohttp" if package == "aiohttp-compat" else f"aiolos_{package}"


def both_twins(session: nox.Session, *arguments: str) -> None:
    """Run pytest with the compiled modules, then with the Python sources."""
    compiled = {"AIOLOS_EXPECT_COMPILED": "1"} if has_compiler() else {}
    session.run("pytest", "-q", *arguments, env=compiled)
    session.run("pytest", "-q", *arguments, env={"AIOLOS_PURE": "1"})


def has_compiler() -> bool:
    """True where wheels must have come out compiled."""
    return shutil.which(os.environ.get("CC", "cc")) is not None


def alone(session: nox.Session, package: str) -> None:
    """Test one package where only it and the protocol package are installed."""
    packages = ("protocol",) if package == "protocol" else ("protocol", package)
    install(session, packages, *TESTING, *BESIDE.get(package, ()))
    listed = session.run("python", "-m", "pip", "list", "--format=freeze", silent=True) or ""
    ours = {line.partition("==")[0] for line in listed.splitlines() if line.startswith("aiolos")}
    if ours != {"aiolos-protocol", f"aiolos-{package}"}:
        session.error(f"installed beside {package}: {sorted(ours)}")
    session.log(f"installed: {sorted(ours)}")
    both_twins(session, f"packages/{package}/tests", *session.posargs)


@nox.session(name="alone-protocol")
def alone_protocol(session: nox.Session) -> None:
    """The protocol package's tests, with nothing else installed."""
    alone(session, "protocol")


@nox.session(name="alone-client")
def alone_client(session: nox.Session) -> None:
    """The client's tests, beside the protocol package only."""
    alone(session, "client")


@nox.session(name="alone-server")
def alone_server(session: nox.Session) -> None:
    """The server's tests, beside the protocol package only."""
    alone(session, "server")


@nox.session(name="alone-websocket")
def alone_websocket(session: nox.Session) -> None:
    """The WebSocket package's tests, beside the protocol package only."""
    alone(session, "websocket")


@nox.session(name="alone-testing")
def alone_testing(session: nox.Session) -> None:
    """The testing package's tests, beside the protocol package only."""
    alone(session, "testing")


FULL = ("protocol", "client", "server", "websocket", "testing", "aiolos")
PEERS = (
    "uvloop>=0.21; sys_platform != 'win32'",
    "trustme>=1.2",
    "websockets>=13",
    "towncrier>=24.8",
    "uvicorn>=0.34",
    "hypercorn>=0.17",
    "daphne>=4.1",
    "websockets>=14",
    "starlette>=0.41",
    "fastapi>=0.115",
    "django>=5.1",
    *WORKERS,
    *BUILDING,
)


def everything(session: nox.Session, env: dict[str, str], *arguments: str) -> None:
    """The tests of the whole, everything installed; or what is named behind `--`."""
    folder = install(session, FULL, *TESTING, *PEERS, *BESIDE["protocol"], *BESIDE["client"])
    paths = session.posargs or ["packages/aiolos", "tests-integration"]
    env = {**env, "AIOLOS_WHEELS": str(folder)}
    session.run("pytest", "-q", *arguments, *paths, env=env)


@nox.session
def integration(session: nox.Session) -> None:
    """Everything installed, this interpreter; the packages' own tests run in alone-*."""
    everything(session, {"AIOLOS_EXPECT_COMPILED": "1"} if has_compiler() else {})


@nox.session
def pure(session: nox.Session) -> None:
    """The same from the Python sources, as where there is no compiler."""
    everything(session, {"AIOLOS_PURE": "1"}, "-m", "not slow")


@nox.session(python=OTHERS)
def others(session: nox.Session) -> None:
    """Every package's tests and those of the whole, on every other interpreter that is found."""
    compiled = {"AIOLOS_EXPECT_COMPILED": "1"} if has_compiler() else {}
    own = [f"packages/{package}/tests" for package in LEAVES]
    everything(session, compiled, "-m", "not slow", *([] if session.posargs else own))


@nox.session
def autobahn(session: nox.Session) -> None:
    """The Autobahn suite against server and client, both twins; needs a Python 2.7 beside ours.

    Behind `--`: cases ("9.*") and a role ("server", "client"); all of them take about half an hour.
    """
    python = python27()
    if python is None:
        session.skip("autobahntestsuite runs on Python 2.7, and none is found here")
    install(session, FULL)
    suite = ROOT / ".nox" / "autobahn-suite"
    if not (suite / "autobahntestsuite").exists():
        command = (python, "-m", "pip", "install", "-q", "--target", str(suite))
        session.run(*command, "autobahntestsuite", external=True, silent=True)
    env = {"AUTOBAHN_PYTHON": python, "AUTOBAHN_PATH": str(suite)}
    for twin, pure in (("compiled", "0"), ("pure", "1")):
        session.log(f"the {twin} modules")
        reports = str(ROOT / ".nox" / f"autobahn-{twin}")
        env.update(AIOLOS_PURE=pure, AUTOBAHN_REPORTS=reports)
        session.run("python", "tools/autobahn.py", *session.posargs, env=env)


def python27() -> str | None:
    """An interpreter that the Autobahn suite runs on."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which("python2.7"), *map(str, sorted(versions.glob("2.7*/bin/python")))]
    for path in found:
        # pyenv's shims stand for interpreters that may not be chosen.
        if path is not None and "shims" not in path:
            return path
    return None


@nox.session
def compat(session: nox.Session) -> None:
    """The import name aiohttp, in an environment of its own."""
    install(
        session,
        (*FULL, "aiohttp-compat"),
        *(*TESTING, *COMPRESSION, *WORKERS, "attrs>=23.1", "uv>=0.5"),
    )
    tests = "packages/aiohttp-compat/tests"
    session.run("pytest", "-q", tests, f"--ignore={tests}/ecosystem", *session.posargs)


# Each has a program of ours in packages/aiohttp-compat/tests/ecosystem.
ECOSYSTEM = (
    "aiodocker>=0.24",
    "aiobotocore>=3",
    "aiogram>=3.20",
    "aiohttp-asgi>=0.7",
    "aiohttp-client-cache[sqlite]>=0.14",
    "aiohttp-cors>=0.8",
    "aiohttp-jinja2>=1.6",
    "aiohttp-retry>=2.9",
    "aiohttp-security[session]>=0.5",
    "aiohttp-session[secure]>=2.12",
    "aiohttp-socks>=0.11",
    "aiohttp-sse>=3",
    "aiojobs[aiohttp]>=1.4",
    "aioresponses>=0.7.8",
    "fsspec[http]>=2025.1",
    "gql[aiohttp]>=4",
    "opentelemetry-instrumentation-aiohttp-client[instruments]",
    "opentelemetry-instrumentation-aiohttp-server[instruments]",
    "opentelemetry-sdk",
    "pytest-aiohttp>=1.1",
    "python-engineio[asyncio_client]>=4.12",
    "python-socketio[asyncio_client]>=5.13",
    "sentry-sdk[aiohttp]>=2.30",
    "slack-sdk[optional]>=3.37",
    "vcrpy>=8",
)


@nox.session
def ecosystem(session: nox.Session) -> None:
    """Libraries from PyPI as they are, with the stand-in where they require aiohttp."""
    install(session, (*FULL, "aiohttp-compat"), *TESTING, "packaging>=24")
    session.run("python", "-m", "aiolos_aiohttp", "install", silent=True)
    session.install("-q", *ECOSYSTEM)
    session.run("python", "-m", "aiolos_aiohttp", "status")
    # The fixtures are pytest-aiohttp's: it is one of the libraries.
    plugin = ("-p", "no:aiohttp.pytest_plugin")
    tests = "packages/aiohttp-compat/tests/ecosystem"
    session.run("pytest", "-q", *plugin, tests, *session.posargs)


# What aiohttp's own tests import.
UPSTREAM = (
    "freezegun",
    "pkgconfig",
    "proxy.py>=2.4.4rc5",
    "pytest-mock",
    "pytest-timeout",
    "pytest-xdist",
    "re-assert",
)


@nox.session
def upstream(session: nox.Session) -> None:
    """aiohttp's own functional tests against us: counts, file by file; nothing is kept.

    Behind `--`: files ("test_web_functional"), and options of pytest with `--show`. What differs
    on purpose stands in docs/compatibility.md.
    """
    install(session, (*FULL, "aiohttp-compat"), *TESTING, *COMPRESSION, *WORKERS, *UPSTREAM)
    session.run("python", "tools/upstream.py", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict over every package."""
    session.install("-q", "mypy>=1.13", "nox", *TYPED, *TESTING)
    paths = [str(ROOT / "packages" / each / "src") for each in (*FULL, "aiohttp-compat")]
    env = {"MYPYPATH": os.pathsep.join(paths)}
    names = [arg for package in FULL for arg in ("-p", f"aiolos_{package}")]
    names[-1] = "aiolos"
    names += ["-p", "aiohttp", "-p", "aiolos_aiohttp"]
    session.run("mypy", *names, env=env)
    session.run("mypy", *map(str, sorted(Path("tests-integration").glob("typed_*.py"))), env=env)
    session.run("mypy", "packages/aiohttp-compat/tests/typed_use.py", env=env)
    session.run("mypy", "noxfile.py", "tools/version.py", "tools/listing.py", "tools/dev.py")
    # It imports its neighbour, as a script does.
    session.run("mypy", "tools/differences.py", env={"MYPYPATH": "tools"})


@nox.session
def lint(session: nox.Session) -> None:
    """ruff and import-linter."""
    session.install("-q", "ruff>=0.8", "import-linter>=2.1")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    paths = [str(ROOT / "packages" / each / "src") for each in (*FULL, "aiohttp-compat")]
    session.run("lint-imports", env={"PYTHONPATH": os.pathsep.join(paths)})


@nox.session
def docs(session: nox.Session) -> None:
    """The site; warnings are errors. Its quick start is run by the integration tests."""
    install(session, FULL, "sphinx>=8", "furo>=2024.8.6", "myst-parser>=4")
    session.run("sphinx-build", "-q", "-W", "-n", "docs", str(ROOT / ".nox" / "site"))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Mutated messages to both twins and to other implementations, then atheris; some minutes.

    Each run looks elsewhere; `--hypothesis-seed=N` behind `--` repeats one. AIOLOS_FUZZ is by how
    much more than usual hypothesis looks (20), AIOLOS_FUZZ_SECONDS how long each target of atheris
    is looked at (20).
    """
    atheris = (
        () if sys.platform != "linux" or sys.implementation.name != "cpython" else ("atheris>=3.0",)
    )
    install(session, ("protocol",), *TESTING, *COMPRESSION, *ORACLES, *atheris)
    env = {"AIOLOS_FUZZ": os.environ.get("AIOLOS_FUZZ", "20")}
    session.run(
        "pytest", "-q", "packages/protocol/tests/test_differential.py", *session.posargs, env=env
    )
    if atheris:
        seconds = os.environ.get("AIOLOS_FUZZ_SECONDS", "20")
        session.run("python", "tools/fuzz.py", "--seconds", seconds)


@nox.session
def bench(session: nox.Session) -> None:
    """tools/bench: `nox -s bench -- server_plaintext client_get`; all of them by default."""
    os.environ["AIOLOS_EXTENSIONS"] = "require"
    install(session, FULL, "orjson>=3.10", "trustme>=1.2", "uvloop>=0.21", *ORACLES, *RIVALS)
    known = sorted(path.stem for path in Path("tools/bench").glob("*.py") if path.stem != "measure")
    chosen = [arg for arg in session.posargs if arg in known] or known
    options = [arg for arg in session.posargs if arg not in known]
    for name in chosen:
        session.run("python", f"tools/bench/{name}.py", *options)
