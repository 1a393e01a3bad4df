"""Hostile peers before a real server: each flood ends by its limit, and costs little until then.

The limits themselves, on either side, are in packages/protocol/tests/http2/test_floods.py; see the
table in docs/design/http2.md.
"""

import dataclasses
import itertools
import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiolos_protocol.http2 import frames
from aiolos_protocol.http2.errors import ErrorCode
from aiolos_protocol.http2.frames import CONTINUATION, DATA, HEADERS, PRIORITY
from aiolos_protocol.http2.hpack import encode_field
from aiolos_protocol.http2.settings import Setting
from aiolos_protocol.limits import Limits

SERVER = """
import asyncio, sys
from aiolos import web

async def hello(request):
    return web.Response(text="hello")

async def wait(request):
    await asyncio.Event().wait()

async def large(request):
    return web.Response(body=bytes(8_000_000))

async def upload(request):
    return web.Response(text=str(len(await request.read())))

async def main():
    app = web.Application(client_max_size=2**26)
    app.router.add_routes([
        web.get("/", hello), web.post("/", hello), web.get("/wait", wait), web.get("/large", large),
        web.post("/upload", upload),
    ])
    runner = web.AppRunner(
        app, access_log=None, body_timeout=1, head_timeout=2, keepalive_timeout=2
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""
# What the server may use of either for one attack. Each sends a hundred times as much as is borne.
SECONDS = 2.0
MEBIBYTES = 24.0
# The times are the server's own options.
LIMITS = {field.name for field in dataclasses.fields(Limits)} | {
    "head_timeout",
    "keepalive_timeout",
    "body_timeout",
}
REST_OF_FIELDS = [(":scheme", "http"), (":authority", "a")]


def fields(*pairs: tuple[str, str]) -> bytes:
    return b"".join(encode_field(name.encode(), value.encode()) for name, value in pairs)


def block(path: str, method: str = "GET") -> bytes:
    return fields((":method", method), (":path", path), *REST_OF_FIELDS)


def request(stream: int, path: str = "/", *, end: bool = True, more: bytes = b"") -> bytes:
    method = "GET" if end else "POST"
    return frames.head_frames(stream, block(path, method) + more, end, 16_384)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return frames.header(len(payload), kind, flags, stream) + payload


class Victim:
    """The server's process, and what it has used."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def seconds(self) -> float:
        """Of the processor."""
        used = self._stat("stat").rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")

    def mebibytes(self) -> float:
        """Of memory."""
        return int(self._stat("statm").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _stat(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()

    def close(self) -> str:
        """End it; what it had to say."""
        _, errors = self._process.communicate(timeout=20)
        return errors


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    if not sys.platform.startswith("linux"):
        pytest.skip("what a process uses is read from /proc")
    victim = Victim()
    yield victim
    errors = victim.close()
    assert "Traceback" not in errors, errors


class Attacker:
    """One connection: `told` is the code of the GOAWAY that came, None for none."""

    def __init__(self, victim: Victim, settings: dict[int, int] | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", victim.port))
        self.socket.settimeout(10)
        self.socket.sendall(frames.PREFACE + frames.settings(settings or {}) + frames.SETTINGS_ACK)
        self.told: int | None = None
        self.resets: set[int] = set()
        self._came = b""

    def send(self, pieces: Iterator[bytes], size: int) -> bool:
        """Send `size` bytes of `pieces`, reading what comes; whether the server took them all."""
        self.socket.setblocking(False)
        with selectors.DefaultSelector() as selector, self.socket:
            selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
            rest = b""
            while size > 0:
                for _, ready in selector.select(10):
                    if ready & selectors.EVENT_READ and not self._read():
                        return False
                    if ready & selectors.EVENT_WRITE:
                        while len(rest) < 65_536:
                            rest += next(pieces)
                        try:
                            sent = self.socket.send(rest)
                        except ConnectionError:
                            self._read_rest()
                            return False
                        rest = rest[sent:]
                        size -= sent
        return True

    def _read(self) -> bool:
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            return False
        self._came += data
        self._note()
        return bool(data)

    def _read_rest(self) -> None:
        self.socket.settimeout(5)
        while self._read():
            pass

    def wait(self) -> None:
        """Read until the server closes."""
        with self.socket:
            self._read_rest()

    def _note(self) -> None:
        came = self._came
        while len(came) >= 9 and len(came) >= 9 + (size := int.from_bytes(came[:3], "big")):
            if came[3] == frames.GOAWAY:
                self.told = int.from_bytes(came[13:17], "big")
            elif came[3] == frames.RST_STREAM:
                self.resets.add(int.from_bytes(came[9:13], "big"))
            came = came[9 + size :]
        self._came = came


def is_served(victim: Victim) -> bool:
    """Whether somebody else gets an answer."""
    with socket.create_connection(("127.0.0.1", victim.port), 10) as other:
        other.settimeout(10)
        other.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return other.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.fixture
def books(victim: Victim) -> Iterator[None]:
    """What an attack may cost, and that others are served behind it."""
    assert is_served(victim)
    seconds, mebibytes = victim.seconds(), victim.mebibytes()
    yield
    assert is_served(victim)
    assert victim.seconds() - seconds < SECONDS
    assert victim.mebibytes() - mebibytes < MEBIBYTES


def odd() -> Iterator[int]:
    return itertools.count(1, 2)


def rapid_reset() -> Iterator[bytes]:
    return (request(each, "/wait") + frames.rst_stream(each, 8) for each in odd())


def made_you_reset() -> Iterator[bytes]:
    return (request(each, "/wait") + frames.window_update(each, 0) for each in odd())


def made_you_reset_by_trailers() -> Iterator[bytes]:
    many = frames.head_frames(1, b"\x00\x01x\x01y" * 200, True, 16_384)
    for each in odd():
        yield request(each, "/upload", end=False) + many[:5] + each.to_bytes(4, "big") + many[9:]


def refused_streams() -> Iterator[bytes]:
    return (request(each, "/wait") for each in odd())


def malformed_requests() -> Iterator[bytes]:
    return (request(each, more=fields(("connection", "close"))) for each in odd())


def empty_continuations() -> Iterator[bytes]:
    yield frame(HEADERS, 0, 1, block("/"))
    yield from itertools.repeat(frame(CONTINUATION, 0, 1))


def endless_block() -> Iterator[bytes]:
    yield frame(HEADERS, 0, 1, block("/"))
    yield from itertools.repeat(frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y" * 3000))


def inside_a_stream(*each: bytes) -> Callable[[], Iterator[bytes]]:
    """`each` again and again while a body is due on stream 1."""

    def pieces() -> Iterator[bytes]:
        yield request(1, "/upload", end=False)
        yield from itertools.repeat(b"".join(each))

    return pieces


def behind_end_stream() -> Iterator[bytes]:
    """Data on streams whose request is complete (RFC 9113 5.1)."""
    return (request(each, "/wait") + frame(DATA, 0, each, b"x") for each in odd())


FLOODS = {
    "rapid-reset": rapid_reset,
    "made-you-reset": made_you_reset,
    "made-you-reset-trailers": made_you_reset_by_trailers,
    "made-you-reset-data": behind_end_stream,
    "refused-streams": refused_streams,
    "malformed-requests": malformed_requests,
    "continuation-empty": empty_continuations,
    "continuation-endless": endless_block,
    "settings": inside_a_stream(frames.settings({})),
    "settings-large": inside_a_stream(frame(frames.SETTINGS, 0, 0, bytes(6) * 2700)),
    "settings-windows": inside_a_stream(frames.settings({4: 1}), frames.settings({4: 65_535})),
    "ping": inside_a_stream(frames.ping(bytes(8))),
    "empty-data": inside_a_stream(frame(DATA, 0, 1)),
    "padding": inside_a_stream(frame(DATA, frames.PADDED, 1, b"\x01\x00")),
    "window-update": inside_a_stream(frames.window_update(0, 1)),
    "priority": inside_a_stream(frame(PRIORITY, 0, 1, bytes(5))),
    "priority-update": inside_a_stream(frames.priority_update(1, b"u=1")),
    "unknown-frames": inside_a_stream(frame(0xFA, 0, 0)),
    "goaway": inside_a_stream(frames.goaway(0, 0)),
}


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("flood", FLOODS)
def test_floods(victim: Victim, flood: str) -> None:
    attacker = Attacker(victim)
    assert not attacker.send(FLOODS[flood](), 20_000_000)
    # Streams beyond the limit are refused, and an update by 0 is then one of no stream.
    others = {"made-you-reset": ErrorCode.PROTOCOL_ERROR}
    assert attacker.told == others.get(flood, ErrorCode.ENHANCE_YOUR_CALM)


@pytest.mark.usefixtures("books")
def test_bombs(victim: Victim) -> None:
    """One large field meant again and again is decoded, never kept, and answered with 431."""
    field = b"\x40\x01x\x7f\xe1\x1d" + b"y" * 3936
    bomb = frames.head_frames(3, block("/") + b"\xbe" * 16_000, True, 16_384)
    bombs = (bomb[:5] + each.to_bytes(4, "big") + bomb[9:] for each in itertools.count(3, 2))
    attacker = Attacker(victim)
    assert attacker.send(itertools.chain([request(1, more=field)], bombs), 2_000_000)
    assert attacker.told is None


@pytest.mark.usefixtures("books")
def test_a_window_held_at_zero(victim: Victim) -> None:
    attacker = Attacker(victim, {int(Setting.INITIAL_WINDOW_SIZE): 0})
    attacker.socket.sendall(b"".join(request(each, "/large") for each in range(1, 21, 2)))
    attacker.wait()
    assert attacker.resets == {ErrorCode.CANCEL}
    assert attacker.told == ErrorCode.NO_ERROR


@pytest.mark.usefixtures("books")
def test_windows_that_dribble(victim: Victim) -> None:
    """Less than Limits.body_rate, frame by frame."""
    attacker = Attacker(victim, {int(Setting.INITIAL_WINDOW_SIZE): 0})
    attacker.socket.sendall(request(1, "/large"))
    until = time.monotonic() + 20
    while not attacker.resets and time.monotonic() < until:
        attacker.socket.sendall(frames.window_update(1, 1))
        time.sleep(0.25)
        attacker._read()
    attacker.socket.close()
    assert attacker.resets == {ErrorCode.CANCEL}


@pytest.mark.usefixtures("books")
def test_bodies_that_dribble(victim: Victim) -> None:
    attacker = Attacker(victim)
    attacker.socket.sendall(b"".join(request(each, "/upload", end=False) for each in (1, 3, 5)))
    attacker.wait()
    # Each is answered with 408; what may still come of its body is not waited for.
    assert attacker.resets == {ErrorCode.NO_ERROR}
    assert attacker.told == ErrorCode.NO_ERROR


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(
    "pieces",
    [lambda: itertools.repeat(frames.ping(bytes(8))), lambda: (request(each) for each in odd())],
    ids=["pings", "requests"],
)
def test_answers_that_are_not_read(victim: Victim, pieces: Callable[[], Iterator[bytes]]) -> None:
    attacker = Attacker(victim)
    attacker.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    attacker.socket.settimeout(1)
    with attacker.socket:
        sent = 0
        try:
            for piece in pieces():
                attacker.socket.sendall(piece)
                sent += len(piece)
                assert sent < 50_000_000
        except OSError:
            # It does not take more, or has closed.
            pass
        assert is_served(victim)


@pytest.mark.usefixtures("books")
def test_a_head_that_does_not_come(victim: Victim) -> None:
    attacker = Attacker(victim)
    attacker.socket.sendall(frame(HEADERS, 0, 1, block("/")[:3]))
    attacker.wait()
    assert attacker.told == ErrorCode.NO_ERROR


def test_the_table_names_what_there_is(root: Path) -> None:
    lines = (root / "docs" / "design" / "http2.md").read_text().splitlines()
    rows = [line.split("|") for line in lines if line.count("|") == 5]
    assert len(rows) > 15
    sources = "".join(
        path.read_text() for path in (root / "packages/protocol/tests").glob("*/test_*.py")
    )
    for row in rows[2:]:
        named = re.findall(r"`(\w+)`", row[2])
        assert named
        assert set(named) <= LIMITS
        tests = re.findall(r"\b(?:test_|Test)\w+", row[4])
        for test in tests:
            assert re.search(rf"(?:def|class) {test}\b", sources) or f"{test}.py" in row[4], test
        assert tests or "as above" in row[4]
