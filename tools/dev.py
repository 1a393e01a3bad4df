"""The two commands of the README; standard library only, any Python from 3.11.

python3 tools/dev.py demo [--port N | --check]   install into .venv, serve the demo
python3 tools/dev.py test [nox arguments]        install nox into .venv, run every test
"""

import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOG = VENV / "install.log"
# Not aiohttp-compat: the name aiohttp is opt-in.
WORKSPACE = ("protocol", "client", "server", "websocket", "testing", "aiolos")


def main(arguments: list[str]) -> int:
    """Command line; the exit status."""
    if sys.version_info < (3, 11):
        version = ".".join(str(part) for part in sys.version_info[:2])
        print(f"aiolos needs Python 3.11 or later; this is {version}", file=sys.stderr)
        return 1
    command, *rest = arguments or ["help"]
    if command == "demo":
        make_environment()
        if install("aiolos and what it needs", workspace(), state_of_workspace()):
            run(str(PYTHON), "-m", "aiolos_protocol")
        return run(str(PYTHON), str(ROOT / "docs" / "examples" / "demo" / "app.py"), *rest)
    if command == "test":
        make_environment()
        install("nox", ["nox>=2024.4.15"], "nox")
        return run(str(PYTHON), "-m", "nox", *rest)
    print(__doc__)
    return 0 if command in ("help", "-h", "--help") else 2


def make_environment() -> None:
    """Make .venv unless it is there and works."""
    if PYTHON.exists() and works():
        return
    step = Step("making .venv")
    # A process of its own: where Debian's python3-venv is missing, venv fails half-way.
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        step.end("failed")
        print(result.stdout + result.stderr, file=sys.stderr)
        fail("could not make .venv; on Debian and Ubuntu: apt install python3-venv")
    step.end()


def works() -> bool:
    """Whether .venv's interpreter starts and is one that we support."""
    code = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return (
        subprocess.run([str(PYTHON), "-c", code], capture_output=True, check=False).returncode == 0
    )


def workspace() -> list[str]:
    """pip's arguments: every package, editable, in one call so that they find one another."""
    packages = [ROOT / "packages" / name for name in WORKSPACE]
    return [argument for path in packages for argument in ("-e", str(path))]


def state_of_workspace() -> str:
    """What the installation depends on: what is compiled, and what is required."""
    state = hashlib.sha256(os.environ.get("AIOLOS_EXTENSIONS", "auto").encode())
    for name in WORKSPACE:
        folder = ROOT / "packages" / name
        for path in [folder / "pyproject.toml", folder / "hatch_build.py"]:
            state.update(path.read_bytes() if path.exists() else b"-")
        for path in sorted(folder.rglob("src/**/*.py*")):
            # A compiled module keeps winning over a source that was edited after it.
            if path.suffix in (".pyx", ".pxd") or path.with_suffix(".pxd").exists():
                state.update(path.read_bytes())
    return state.hexdigest()


def install(what: str, arguments: list[str], state: str) -> bool:
    """pip-install into .venv; False where the same was done before."""
    stamp = VENV / f"installed-{what.partition(' ')[0]}"
    if stamp.exists() and stamp.read_text() == state:
        return False
    step = Step(f"installing {what}")
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    with LOG.open("w") as log:
        code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        step.end("failed")
        print("\n".join(LOG.read_text().splitlines()[-30:]), file=sys.stderr)
        fail(f"pip failed; the whole log is in {LOG.relative_to(ROOT)}")
    stamp.write_text(state)
    step.end()
    return True


def run(*command: str) -> int:
    """Run a command in the project's folder, Ctrl-C included; its exit status."""
    process = subprocess.Popen(command, cwd=ROOT)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal has sent it to the command too, which ends in its own way.
            continue


def fail(message: str) -> None:
    """End with one line."""
    raise SystemExit(f"error: {message}")


class Step:
    """A line of progress that shows the seconds while something runs."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.begun = time.monotonic()
        self.over = threading.Event()
        self.live = sys.stdout.isatty()
        self.thread = threading.Thread(target=self.tick, daemon=True)
        if not self.live:
            print(f"{title} ...", flush=True)
        self.thread.start()

    def tick(self) -> None:
        """Redraw on a terminal; elsewhere one line each half minute."""
        while not self.over.wait(0.2 if self.live else 30):
            seconds = time.monotonic() - self.begun
            if self.live:
                print(f"\r{self.title} ... {seconds:.0f} s", end="", flush=True)
            else:
                print(f"{self.title} ... {seconds:.0f} s", flush=True)

    def end(self, result: str = "done") -> None:
        """Write the last state."""
        self.over.set()
        self.thread.join()
        start = "\r" if self.live else ""
        seconds = time.monotonic() - self.begun
        print(f"{start}{self.title} ... {result} ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
