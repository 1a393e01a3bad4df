"""The Autobahn test suite against our server and our client; anything but OK and INFORMATIONAL
fails. `nox -s autobahn` runs it; behind `--` may stand cases ("9.*") and one role.

The suite runs on Python 2.7: AUTOBAHN_PYTHON is such an interpreter, AUTOBAHN_PATH the folder
that autobahntestsuite is installed in, AUTOBAHN_REPORTS where the reports go. Both roles run at the
same time, a part of the cases after the other; what is not done after AUTOBAHN_MINUTES (60) fails.
Cases that there are not, or a suite that cannot be run, are told in one sentence (exit status 2).
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import aiolos
from aiolos import web

PARTS = (
    ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"),
    ("9.*",),
    *((f"12.{group}.*",) for group in range(1, 6)),
    *((f"13.{group}.*",) for group in range(1, 8)),
)
ROLES = ("server", "client")
ACCEPTED = {"OK", "INFORMATIONAL"}
AGENT = "aiolos"
LOG = "stderr.log"
# As a site folder, because its namespace packages come by .pth files.
FOUND = "import os, site, sys; site.addsitedir(os.environ['AUTOBAHN_PATH']); "
COMMAND = FOUND + "sys.argv[0] = 'wstest'; from autobahntestsuite.wstest import run; run()"
# Its classes are named Case1_2_3.
LISTING = (
    FOUND + "from autobahntestsuite.case import Cases; "
    "print(' '.join(case.__name__[4:].replace('_', '.') for case in Cases))"
)
NEEDED = ("AUTOBAHN_PYTHON", "AUTOBAHN_PATH", "AUTOBAHN_REPORTS")


def last_words(output: str) -> str:
    """The last line of what a process has written, which mostly says why it ended."""
    return (output.strip().splitlines() or ["it said nothing"])[-1]


def check_cases(patterns: Sequence[str]) -> None:
    """SystemExit where one of `patterns` fits none of the suite's cases: its client would wait for
    ever, and its server give none. An asterisk stands for any text."""
    command = [os.environ["AUTOBAHN_PYTHON"], "-c", LISTING]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        refuse(f"the suite's interpreter cannot be run: {error}")
    if listed.returncode:
        refuse(f"the suite cannot be imported: {last_words(listed.stderr)}")
    for pattern in patterns:
        fits = re.compile(re.escape(pattern).replace(r"\*", ".*")).fullmatch
        if not any(map(fits, listed.stdout.split())):
            refuse(f"the suite has no case {pattern!r}; write 9.1.1, 9.* or 9.1.*")


def refuse(why: str) -> NoReturn:
    """End with one sentence."""
    print(why, file=sys.stderr)
    sys.exit(2)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def prepared(reports: Path, spec: Mapping[str, object]) -> Path:
    """The file that tells the suite what to do; reports of an earlier run are gone."""
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    path = reports / "spec.json"
    path.write_text(json.dumps(spec))
    return path


@contextlib.asynccontextmanager
async def suite(mode: str, spec: Mapping[str, object]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The suite in a process of its own, ended with the block."""
    reports = Path(str(spec["outdir"]))
    path = prepared(reports, spec)
    with (reports / LOG).open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            os.environ["AUTOBAHN_PYTHON"],
            # Without its web server, which would want port 8080.
            *("-c", COMMAND, "-m", mode, "-s", str(path), "-u", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Every message back as its own kind."""
    answer = web.WebSocketResponse(compress=15, max_msg_size=1 << 25)
    await answer.prepare(request)
    await send_back(answer)
    return answer


async def send_back(ws: web.WebSocketResponse | aiolos.ClientWebSocketResponse) -> None:
    """Echo until the end."""
    async for message in ws:
        if message.type is aiolos.WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is aiolos.WSMsgType.BINARY:
            await ws.send_bytes(message.data)


async def check_server(reports: Path, cases: Sequence[str]) -> None:
    """Our server before the suite's client."""
    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    servers = [{"agent": AGENT, "url": url}]
    spec = {"outdir": str(reports), "servers": servers, "cases": list(cases)}
    try:
        async with suite("fuzzingclient", spec) as process:
            await process.wait()
    finally:
        await runner.cleanup()


async def check_client(reports: Path, cases: Sequence[str]) -> None:
    """Our client before the suite's server."""
    port = free_port()
    url = f"ws://127.0.0.1:{port}"
    spec = {"outdir": str(reports), "url": url, "cases": list(cases)}
    async with suite("fuzzingserver", spec) as process, aiolos.ClientSession() as session:
        for _ in range(200):
            if process.returncode is not None:
                return
            with contextlib.suppress(aiolos.ClientConnectionError):
                async with session.ws_connect(f"{url}/getCaseCount") as ws:
                    count = int(await ws.receive_str())
                break
            await asyncio.sleep(0.1)
        else:
            return
        for number in range(1, count + 1):
            async with session.ws_connect(
                f"{url}/runCase?case={number}&agent={AGENT}", compress=15, max_msg_size=1 << 25
            ) as ws:
                await send_back(ws)
        async with session.ws_connect(f"{url}/updateReports?agent={AGENT}") as ws:
            await send_back(ws)


def judge(title: str, reports: Path, seconds: float) -> Counter[str]:
    """Print what the suite found; how many cases came out how, "wrong" for what is not accepted."""
    counts: Counter[str] = Counter()
    index = reports / "index.json"
    if not index.exists():
        said = last_words((reports / LOG).read_text(errors="replace"))
        print(f"{title}: the suite has written no report: {said}", flush=True)
        counts["wrong"] = 1
        return counts
    found = json.loads(index.read_text()).get(AGENT, {})
    wrong = []
    for case, result in found.items():
        counts[result["behavior"]] += 1
        if not {result["behavior"], result["behaviorClose"]} <= ACCEPTED:
            wrong.append(f"  {case}: {result['behavior']}, close {result['behaviorClose']}")
    print(
        f"{title}: {len(found)} cases in {seconds:.0f} s, {dict(counts)}",
        *wrong,
        sep="\n",
        flush=True,
    )
    counts["wrong"] = len(wrong)
    return counts


async def check(role: str, parts: Sequence[Sequence[str]], reports: Path) -> bool:
    """Run the parts in one role and print what came out; True where all is well."""
    total: Counter[str] = Counter()
    well = True
    for number, cases in enumerate(parts):
        begun = time.monotonic()
        folder = reports / role / str(number)
        try:
            await (check_server if role == "server" else check_client)(folder, cases)
        except aiolos.ClientError as error:
            print(f"{role} {' '.join(cases)}: the suite has gone: {error}", flush=True)
            well = False
            continue
        counts = judge(f"{role} {' '.join(cases)}", folder, time.monotonic() - begun)
        well = well and sum(counts.values()) > 0 and not counts["wrong"]
        total += counts
    print(f"{role}, all: {dict(total)}", flush=True)
    return well


async def run(roles: Sequence[str], parts: Sequence[Sequence[str]]) -> int:
    """The exit status."""
    reports = Path(os.environ["AUTOBAHN_REPORTS"])
    minutes = float(os.environ.get("AUTOBAHN_MINUTES", "60"))
    try:
        async with asyncio.timeout(minutes * 60):
            results = await asyncio.gather(*(check(role, parts, reports) for role in roles))
    except TimeoutError:
        print(f"not done after AUTOBAHN_MINUTES={minutes:g}: what is not above was not run")
        return 1
    return 0 if all(results) else 1


def main(arguments: list[str]) -> int:
    """Run what is asked for: roles and cases, all of them by default."""
    roles = [each for each in arguments if each in ROLES] or ROLES
    cases = [each for each in arguments if each not in ROLES]
    for name in NEEDED:
        if name not in os.environ:
            refuse(f"{name} is not set; `nox -s autobahn` does all that is needed")
    check_cases(cases or [each for part in PARTS for each in part])
    return asyncio.run(run(roles, [cases] if cases else PARTS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
