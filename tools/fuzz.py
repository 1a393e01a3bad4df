"""Coverage-guided fuzzing of what reads a peer's bytes, by atheris, for so many seconds.

    python tools/fuzz.py [--seconds 20] [target ...]

Each target runs in a process of its own, from the seeds below. What ends it: an exception that is
not documented, a disagreement of the two twins, an input that takes more than SLOW seconds or
MEMORY MiB. The input is then in a file of .nox/fuzz; `python tools/fuzz.py target file` repeats it.
"""

import argparse
import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOUND = Path(__file__).parents[1] / ".nox" / "fuzz"
LONGEST = 4096
SLOW = 5
MEMORY = 1024

Target = Callable[[bytes], object]

HEADS = (
    b"GET /a?b HTTP/1.1\r\nHost: a.b:80\r\nConnection: close\r\n\r\n",
    b"POST http://a/ HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\na",
    b"CONNECT a:443 HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\nX: a\r\n b\r\n\r\nhello",
)
CHUNKS = (b'5;a="b"\r\nhello\r\n0\r\nX: a\r\n\r\n', b"a ; b\r\n0123456789\r\n00\r\n\r\n")
FORMS = (
    b'--b\r\nContent-Disposition: form-data; name="a"; filename="\xc3\xa9"\r\n\r\nx\r\n--b--\r\n',
    b"--b\r\nContent-Transfer-Encoding: base64\r\nContent-Encoding: gzip\r\n\r\nYQ==\r\n--b--",
    b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n",
)
VALUES = (
    b"multipart/form-data; boundary=\"a;b\"; charset*=utf-8''x",
    b'a=b; c="d"; __Host-e=f; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=.A; SameSite=Lax',
    b'bytes=0-1, -5, 7-; W/"a", "b"; q=0.5; <a>; rel="b"; for="[::1]:80";by=_x, Digest a=b',
)


def heads() -> Target:
    """Both twins say the same of any bytes, and refuse them by the documented errors only."""
    from aiolos_protocol.errors import RemoteProtocolError
    from aiolos_protocol.http1 import parser, pyparser
    from aiolos_protocol.limits import DEFAULT_LIMITS

    names = ("parse_request", "parse_response", "parse_trailers")

    def said(parse: Callable[..., Any], data: bytes) -> object:
        try:
            head = parse(data, 0, DEFAULT_LIMITS)
        except RemoteProtocolError as error:
            return str(error), error.status_hint
        if head is None or isinstance(head, tuple):
            return head and (list(head[0].items()), head[1])
        shown = (head.version, head.length, head.chunked, head.keep_alive, head.upgrade, head.size)
        return repr(head), *shown, list(head.headers.items()), head.raw_headers

    def check(data: bytes) -> None:
        for name in names:
            seen = said(getattr(pyparser, name), data)
            assert said(getattr(parser, name), data) == seen
        with contextlib.suppress(RemoteProtocolError):
            pyparser.parse_response(data, 0, DEFAULT_LIMITS, True)

    return check


def chunks() -> Target:
    """However a chunked body is split, it is the same body, or as faulty; its last line is whole,
    for the faults of one that dribbles in are only looked for once it is."""
    from aiolos_protocol.errors import RemoteProtocolError
    from aiolos_protocol.http1.framing import ChunkedDecoder
    from aiolos_protocol.limits import DEFAULT_LIMITS
    from aiolos_protocol.streams import StreamReader

    def read(data: bytes, step: int) -> object:
        decoder, body = ChunkedDecoder(DEFAULT_LIMITS), StreamReader()
        try:
            for at in range(0, len(data), step):
                decoder.feed(data[at : at + step], 0, body)
                if decoder.done:
                    break
        except RemoteProtocolError:
            return "faulty", body.read_nowait()
        return decoder.done, body.read_nowait(), list(body.trailers.items())

    def check(data: bytes) -> None:
        data += b"\r\n\r\n"
        whole = read(data, 2 * LONGEST)
        assert read(data, 1) == whole
        assert read(data, 7) == whole

    return check


def connection() -> Target:
    """A server answers any bytes, waits or closes, and never raises."""
    from aiolos_protocol.limits import DEFAULT_LIMITS
    from aiolos_protocol.link.h1_server import H1ServerLink
    from aiolos_protocol.testkit import ManualClock, connected

    class Role:
        busy = False

        def connected(self, link: Any) -> None:
            self.link = link

        def request_received(self, head: Any) -> None:
            head.headers.getall("Cookie", ())
            self.link.answer(head, 404, "Not Found", "text/plain", None, b"no\n", True)

        def request_refused(self, error: Any) -> tuple[int, bytes]:
            return error.status_hint, b"no\n"

        def half_closed(self) -> None:
            pass

        def lost(self, exc: BaseException | None) -> None:
            pass

    loop = asyncio.new_event_loop()

    def check(data: bytes) -> None:
        role = Role()
        link = H1ServerLink(loop, ManualClock(), DEFAULT_LIMITS, role, "s")
        transport = connected(loop, link)
        for at in range(0, len(data), 61):
            transport.receive(data[at : at + 61])
        for _ in range(4):
            loop.run_until_complete(asyncio.sleep(0))
        assert not transport.sent or transport.sent.startswith(b"HTTP/1.1 "), transport.sent
        transport.abort()
        loop.run_until_complete(asyncio.sleep(0))

    return check


def forms() -> Target:
    """Forms are read, or refused by the documented errors, in whatever pieces they come."""
    from aiolos_protocol.errors import ProtocolError
    from aiolos_protocol.multipart import MultipartReader
    from aiolos_protocol.streams import StreamReader
    from aiolos_protocol.urlencoded import parse_urlencoded

    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    async def read(data: bytes, step: int) -> list[bytes]:
        body = StreamReader()
        for at in range(0, len(data), step):
            body.feed_data(data[at : at + step])
        body.feed_eof()
        return await parts(MultipartReader(headers, body))

    async def parts(reader: Any) -> list[bytes]:
        found = []
        while (part := await reader.next()) is not None:
            if isinstance(part, MultipartReader):
                found += await parts(part)
            else:
                found.append(b"%r" % part.name + await part.read(decode=True))
        return found

    def outcome(data: bytes, step: int) -> object:
        coroutine = read(data, step)
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        except (ValueError, RuntimeError, LookupError, ProtocolError) as error:
            return type(error)
        raise AssertionError("it waits for bytes although all are there")

    def check(data: bytes) -> None:
        assert outcome(data, LONGEST) == outcome(data, 3)
        with contextlib.suppress(ValueError, ProtocolError):
            parse_urlencoded(data)

    return check


def codings() -> Target:
    """Whatever is compressed badly is refused by the documented errors; the output is bounded."""
    from aiolos_protocol.compression import available, decompress
    from aiolos_protocol.errors import ProtocolError

    names = [name for name in ("gzip", "deflate", "br", "zstd") if name in available()]

    def check(data: bytes) -> None:
        for name in names:
            with contextlib.suppress(ValueError, ProtocolError):
                decompress(data, [name])

    return check


def fields() -> Target:
    """No value of a field raises but ValueError and LimitExceeded."""
    from aiolos_protocol import cookies
    from aiolos_protocol.cookies.dates import parse_cookie_date
    from aiolos_protocol.errors import LimitExceeded
    from aiolos_protocol.fields import (
        accept,
        authorization,
        content_type,
        dates,
        disposition,
        etag,
        forwarded,
        link,
        ranges,
    )

    readers: tuple[Callable[[str], object], ...] = (
        accept.parse_accept,
        authorization.parse_challenges,
        authorization.BasicAuth.decode,
        content_type.parse_content_type,
        dates.parse_http_date,
        disposition.parse_disposition,
        etag.parse_etags,
        lambda value: forwarded.parse_forwarded([value]),
        lambda value: link.parse_links([value]),
        ranges.parse_range,
        ranges.parse_content_range,
        cookies.parse_cookie,
        cookies.parse_set_cookie,
        parse_cookie_date,
    )

    def check(data: bytes) -> None:
        value = data.decode("utf-8", "surrogateescape")
        for read in readers:
            with contextlib.suppress(ValueError, LimitExceeded):
                read(value)

    return check


# What makes the target, its seeds, and whether the compiled twin is looked at, too.
TARGETS: dict[str, tuple[Callable[[], Target], tuple[bytes, ...], bool]] = {
    "heads": (heads, HEADS, True),
    "chunks": (chunks, CHUNKS, False),
    "connection": (connection, HEADS, False),
    "forms": (forms, FORMS, False),
    "codings": (codings, (), False),
    "fields": (fields, VALUES, False),
}


def run(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process; libFuzzer ends it."""
    import aiolos_protocol  # noqa: F401  its finder of sources must stand behind that of atheris
    import atheris

    make, _, _ = TARGETS[name]
    with atheris.instrument_imports(include=["aiolos_protocol"]):
        check = make()
    atheris.Setup([sys.argv[0], *arguments], check)
    atheris.Fuzz()


def main() -> int:
    """Run the targets in turn; how many have failed."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--seconds", type=int, default=20)
    options.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options.add_argument("targets", nargs="*")
    given = options.parse_args()
    if given.inside:
        run(given.inside[0], given.inside[1:])
    names = [name for name in given.targets if name in TARGETS] or list(TARGETS)
    files = [name for name in given.targets if name not in TARGETS]
    FOUND.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in names:
        _, seeds, compiled = TARGETS[name]
        with tempfile.TemporaryDirectory() as corpus:
            for number, seed in enumerate(seeds):
                (Path(corpus) / str(number)).write_bytes(seed)
            bounds = [
                f"-max_total_time={given.seconds}",
                f"-max_len={LONGEST}",
                f"-timeout={SLOW}",
                f"-rss_limit_mb={MEMORY}",
                f"-artifact_prefix={FOUND / name}-",
                "-verbosity=0",
                "-print_final_stats=1",
            ]
            command = [sys.executable, __file__, "--inside", name, *bounds, *(files or [corpus])]
            env = {**os.environ, "AIOLOS_PURE": "0" if compiled else "1"}
            ended = subprocess.run(command, env=env, check=False, stderr=subprocess.PIPE, text=True)
            if ended.returncode:
                failed.append(name)
                print(ended.stderr)
            tried = re.search(r"number_of_executed_units: *(\d+)", ended.stderr)
            print(f"{name}: {tried[1] if tried else 0} inputs", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}; see {FOUND}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
