"""A file as a response."""

import asyncio
import gzip
import logging
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits
from aiolos_protocol.testkit import ManualClock
from aiolos_server import web

Ask = Callable[..., Any]
MODIFIED = 784_903_526
DATE = "Tue, 15 Nov 1994 12:45:26 GMT"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Ten bytes of text, with a known date."""
    path = tmp_path / "data.txt"
    path.write_bytes(b"0123456789")
    os.utime(path, (MODIFIED, MODIFIED))
    return path


@pytest.fixture(params=["asyncio", "uvloop"])
def ask(request: pytest.FixtureRequest, running: Any, talk: Any, answers: Any) -> Ask:
    """ask(path or a function that gives the response, *lines, method="GET"): the answer, from a
    server on either loop."""
    import uvloop

    def ask(made: Any, *lines: str, method: str = "GET", tls: Any = (None, None)) -> Any:
        async def handler(request: web.Request) -> web.StreamResponse:
            response: web.StreamResponse = made() if callable(made) else web.FileResponse(made)
            return response

        async def main() -> Any:
            head = "".join(f"{line}\r\n" for line in ("Host: a", "Connection: close", *lines))
            data = f"{method} / HTTP/1.1\r\n{head}\r\n".encode()
            async with running(handler, ssl=tls[0]) as (_, port, _):
                (answer,) = answers(await talk(port, data, ssl=tls[1]), method)
            return answer

        factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main())

    return ask


def test_the_whole_file(ask: Ask, file: Path) -> None:
    answer = ask(file)
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-length"] == "10"
    assert answer.headers["last-modified"] == DATE
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')


@pytest.mark.parametrize("step", ["prepare", "write_eof"])
def test_a_step_of_a_subclass_is_called_for_a_file_that_is_kept(ask: Ask, step: str) -> None:
    # One that was changed just now is not kept.
    file = Path(pytest.__file__)
    seen = []

    async def own(self: Any, *given: Any) -> None:
        seen.append(step)
        await getattr(web.FileResponse, step)(self, *given)

    kind = type("Own", (web.FileResponse,), {step: own})
    for _ in range(3):
        answer = ask(lambda: kind(file))
        assert (answer.status, answer.body) == (200, file.read_bytes())
    assert seen == [step] * 3


def test_rsp_05_headers_set_by_hand(ask: Ask, file: Path) -> None:
    def make() -> web.FileResponse:
        response = web.FileResponse(file)
        response.headers["Content-Disposition"] = 'attachment; filename="x.txt"'
        response.content_type = "application/x-own"
        return response

    answer = ask(make)
    assert answer.headers["content-disposition"] == 'attachment; filename="x.txt"'
    assert answer.headers["content-type"] == "application/x-own"


def test_head(ask: Ask, file: Path) -> None:
    answer = ask(file, method="HEAD")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "10", b"")


def test_an_empty_file(ask: Ask, file: Path) -> None:
    file.write_bytes(b"")
    answer = ask(file)
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "0", b"")
    assert ask(file, "Range: bytes=0-").status == 416


def test_another_status_knows_no_conditions(ask: Ask, file: Path) -> None:
    answer = ask(
        lambda: web.FileResponse(file, status=404), f"If-Modified-Since: {DATE}", "Range: bytes=0-1"
    )
    assert (answer.status, answer.body) == (404, b"0123456789")


@pytest.mark.parametrize("size", [131_072, 131_073, 3_000_000])
def test_srv_17_files_of_all_sizes(ask: Ask, file: Path, size: int) -> None:
    data = os.urandom(1024) * (size // 1024 + 1)
    file.write_bytes(data[:size])
    assert ask(file).body == data[:size]


# Missing ones.


def test_a_file_that_is_missing(ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(tmp_path / "secret-name")
    assert answer.status == 404
    assert b"secret-name" not in answer.body
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert "secret-name" in record.getMessage()


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
@pytest.mark.parametrize("lines", [(), ("Accept-Encoding: br",)])
def test_a_path_that_no_file_can_have_is_none(
    ask: Ask, tmp_path: Path, name: str, lines: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(tmp_path / name, *lines).status == 404
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert f"{str(tmp_path / name)!r}) cannot be sent: no file has such" in record.getMessage()


def test_a_directory(ask: Ask, tmp_path: Path) -> None:
    assert ask(tmp_path).status == 403


# Conditions (RFC 9110 13).


def tag_of(ask: Ask, file: Path) -> str:
    tag: str = ask(file).headers["etag"]
    return tag


def test_sta_05_not_modified(ask: Ask, file: Path) -> None:
    tag = tag_of(ask, file)
    for line in (f"If-None-Match: {tag}", f"If-None-Match: W/{tag}", "If-None-Match: *"):
        answer = ask(file, line)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == tag
        assert "content-length" not in answer.headers
        assert "content-type" not in answer.headers
    assert ask(file, f"If-Modified-Since: {DATE}").status == 304
    assert ask(file, 'If-None-Match: "other"').status == 200
    assert ask(file, "If-Modified-Since: Tue, 15 Nov 1994 12:45:25 GMT").status == 200


def test_sta_05_tags_outrank_dates(ask: Ask, file: Path) -> None:
    assert ask(file, 'If-None-Match: "other"', f"If-Modified-Since: {DATE}").status == 200
    stale = "If-Unmodified-Since: Mon, 14 Nov 1994 12:45:26 GMT"
    assert ask(file, f"If-Match: {tag_of(ask, file)}", stale).status == 200


def test_sta_05_precondition_failed(ask: Ask, file: Path) -> None:
    answer = ask(file, 'If-Match: "other"')
    assert (answer.status, answer.body) == (412, b"")
    assert ask(file, "If-Unmodified-Since: Mon, 14 Nov 1994 12:45:26 GMT").status == 412
    assert ask(file, "If-Match: *").status == 200
    assert ask(file, f"If-Unmodified-Since: {DATE}").status == 200


def test_broken_dates_are_ignored(ask: Ask, file: Path) -> None:
    assert ask(file, "If-Modified-Since: yesterday", "If-Unmodified-Since: then").status == 200


# Ranges (RFC 9110 14).


@pytest.mark.parametrize(
    ("asked", "part", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-20", b"0123456789", "bytes 0-9/10"),
        ("bytes=5-999", b"56789", "bytes 5-9/10"),
        ("bytes=9-9,20-30", b"9", "bytes 9-9/10"),
    ],
)
def test_sta_04_one_part(ask: Ask, file: Path, asked: str, part: bytes, told: str) -> None:
    answer = ask(file, f"Range: {asked}")
    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, part, told)
    assert answer.headers["content-length"] == str(len(part))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=-0", "bytes=5-1", "bytes=x", "bytes="])
def test_sta_04_unsatisfiable(ask: Ask, file: Path, asked: str) -> None:
    answer = ask(file, f"Range: {asked}")
    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize(
    "asked", ["lines=0-3", "bytes=0-9,0-9,0-9", "bytes=0-,0-"], ids=["unit", "overlap", "open"]
)
def test_ranges_that_are_ignored(ask: Ask, file: Path, asked: str) -> None:
    answer = ask(file, f"Range: {asked}")
    assert (answer.status, answer.body) == (200, b"0123456789")


def test_too_many_parts(ask: Ask, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    most = DEFAULT_LIMITS.ranges
    for count, status in ((1000, 416), (most + 1, 416), (most, 200)):
        caplog.clear()
        asked = ",".join("0-0" for _ in range(count))
        answer = ask(file, f"Range: bytes={asked}")
        assert answer.status == status
        assert (answer.headers.get("content-range") == "bytes */10") == (status == 416)
        warned = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
        assert len(warned) == (status == 416)
        assert all(
            f"ranges={most} was exceeded; raise it with Limits(ranges=...)" in each
            for each in warned
        )


async def test_the_servers_own_limit_of_parts(file: Path, running: Any, talk: Any) -> None:
    async def handler(request: web.Request) -> web.FileResponse:
        return web.FileResponse(file)

    asked = b"GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0,2-2\r\nConnection: close\r\n\r\n"
    for most, status in ((2, b"206"), (1, b"416")):
        async with running(handler, limits=Limits(ranges=most)) as (_, port, _):
            assert (await talk(port, asked)).startswith(b"HTTP/1.1 " + status)


def test_sta_04_several_parts(ask: Ask, file: Path) -> None:
    answer = ask(file, "Range: bytes=0-1,8-")
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert (answer.status, kind) == (206, "multipart/byteranges")
    assert int(answer.headers["content-length"]) == len(answer.body)
    fence = b"\r\n--" + boundary.encode()
    before, one, two, after = answer.body.split(fence)
    assert (before, after) == (b"", b"--\r\n")
    assert one == b"\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
    assert two == b"\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89"


def test_a_part_of_a_large_file(ask: Ask, file: Path) -> None:
    file.write_bytes(bytes(1_000_000) + b"x" * 500_000)
    answer = ask(file, "Range: bytes=999999-1400000")
    assert answer.body == b"\0" + b"x" * 400_001


def test_if_range(ask: Ask, file: Path) -> None:
    tag = tag_of(ask, file)
    for line in (f"If-Range: {tag}", f"If-Range: {DATE}"):
        assert ask(file, "Range: bytes=0-3", line).status == 206
    for line in (
        'If-Range: "old"',
        f"If-Range: W/{tag}",
        "If-Range: Mon, 14 Nov 1994 12:45:26 GMT",
    ):
        answer = ask(file, "Range: bytes=0-3", line)
        assert (answer.status, answer.body) == (200, b"0123456789")


def test_no_parts_for_head_and_post(ask: Ask, file: Path) -> None:
    assert ask(file, "Range: bytes=0-3", method="HEAD").headers["content-length"] == "10"
    assert ask(file, "Range: bytes=0-3", "Content-Length: 0", method="POST").status == 200


# Compressed beforehand.


@pytest.mark.parametrize(("coding", "suffix"), [("gzip", ".gz"), ("br", ".br"), ("zstd", ".zst")])
def test_compressed_beforehand(ask: Ask, file: Path, coding: str, suffix: str) -> None:
    Path(f"{file}{suffix}").write_bytes(b"compressed")
    answer = ask(file, f"Accept-Encoding: {coding}")
    assert (answer.body, answer.headers["content-encoding"]) == (b"compressed", coding)
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["vary"] == "Accept-Encoding"
    answer = ask(file, f"Accept-Encoding: {coding};q=0")
    assert answer.body == b"0123456789"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert ask(file).body == b"0123456789"


@pytest.mark.parametrize(
    "accepted",
    [
        (), ("identity",), ("identity;q=0",), ("deflate",), ("br",), ("brx",), ("*;q=0",),
        ("gzip;q=0",),
    ],
)  # fmt: skip
def test_who_gets_the_plain_file_is_told_that_others_do_not(
    ask: Ask, file: Path, accepted: tuple[str, ...]
) -> None:
    lines = [f"Accept-Encoding: {each}" for each in accepted]
    assert "vary" not in ask(file, *lines).headers
    other = file.with_name("other.txt")
    other.write_bytes(b"0123456789")
    Path(f"{other}.gz").write_bytes(b"compressed")
    for _ in range(2):
        answer = ask(other, *lines)
        assert (answer.body, answer.headers["vary"]) == (b"0123456789", "Accept-Encoding")
    headers = {"Vary": "Origin"}
    answer = ask(lambda: web.FileResponse(other, headers=headers), *lines)
    assert answer.headers["vary"] == "Origin, Accept-Encoding"
    answer = ask(other, f"If-None-Match: {answer.headers['etag']}", *lines)
    assert (answer.status, answer.headers["vary"]) == (304, "Accept-Encoding")


def test_codings_are_compared_without_case(ask: Ask, file: Path) -> None:
    Path(f"{file}.gz").write_bytes(b"compressed")
    answer = ask(file, "Accept-Encoding: GZip")
    assert (answer.body, answer.headers["content-encoding"]) == (b"compressed", "gzip")


def test_the_one_that_the_client_prefers(ask: Ask, file: Path) -> None:
    for suffix in (".gz", ".br"):
        Path(f"{file}{suffix}").write_bytes(suffix.encode())
    assert ask(file, "Accept-Encoding: gzip, br").body == b".br"
    assert ask(file, "Accept-Encoding: gzip, br;q=0.5").body == b".gz"


def test_compression_on_the_way(ask: Ask, file: Path) -> None:
    file.write_bytes(b"text " * 100_000)

    def make() -> web.FileResponse:
        response = web.FileResponse(file)
        response.enable_compression()
        return response

    answer = ask(make, "Accept-Encoding: gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == file.read_bytes()
    assert ask(make, "Accept-Encoding: gzip", "Range: bytes=0-3").body == b"text"


# On the way.


def test_over_tls(ask: Ask, file: Path) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    file.write_bytes(os.urandom(1_000_000))
    assert ask(file, tls=(server, client)).body == file.read_bytes()


async def test_keep_alive_and_what_was_written_before(
    running: Any, file: Path, answers: Any
) -> None:
    file.write_bytes(b"x" * 2_000_000)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file)

    async with running(handler) as (host, port, _):
        reader, writer = await asyncio.open_connection(host, port)
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
            for _ in range(2):
                head = await reader.readuntil(b"\r\n\r\n")
                assert b"Content-Length: 2000000\r\n" in head
                assert await reader.readexactly(2_000_000) == b"x" * 2_000_000
        writer.close()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_client_that_goes_away_in_the_middle(
    running: Any, file: Path, loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    import uvloop

    with file.open("wb") as out:
        out.truncate(50_000_000)

    async def main() -> None:
        done = asyncio.get_running_loop().create_future()

        async def handler(request: web.Request) -> web.StreamResponse:
            response = web.FileResponse(file)
            try:
                await response.prepare(request)
            except BaseException as error:
                done.set_result(error)
                raise
            return response

        async with running(handler) as (host, port, _):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await reader.readexactly(100_000)
            writer.transport.abort()
            assert isinstance(await done, ConnectionResetError)

    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_file_that_shrinks_while_it_is_sent(
    running: Any, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with file.open("wb") as out:
        out.truncate(50_000_000)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file)

    async with running(handler) as (host, port, _):
        sock = socket.create_connection((host, port))
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readexactly(100_000)
        os.truncate(file, 0)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(50_000_000 - 100_000)
        writer.close()
    assert "EOFError" in caplog.text


@pytest.mark.parametrize("takes", [0, 65_536])
@pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"])
def test_who_takes_nothing_of_a_file_is_cut_off(
    loop_name: str, takes: int, tmp_path: Path, running: Any, caplog: pytest.LogCaptureFixture
) -> None:
    import uvloop

    size = 30_000_000
    path = tmp_path / "large.bin"
    path.write_bytes(b"x" * size)
    clock = ManualClock()

    async def main() -> int:
        loop = asyncio.get_running_loop()

        async def handler(request: web.Request) -> web.FileResponse:
            return web.FileResponse(path)

        options = {"clock": clock, "body_timeout": 10}
        async with running(handler, **options) as (host, port, runner):
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
                client.setblocking(False)
                await loop.sock_connect(client, (host, port))
                await loop.sock_sendall(client, b"GET / HTTP/1.0\r\n\r\n")
                came = len(await loop.sock_recv(client, 1))
                (connection,) = runner.server.connections
                while not connection.link._write_paused:
                    await asyncio.sleep(0.001)
                for _ in range(2):
                    taken = 0
                    while taken < takes:
                        taken += len(await loop.sock_recv(client, 65_536))
                    came += taken
                    clock.advance(10)
                    await asyncio.sleep(0.001)
                try:
                    while data := await loop.sock_recv(client, 1_000_000):
                        came += len(data)
                except ConnectionResetError:
                    pass
                return came

    factory = uvloop.new_event_loop if loop_name == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        came = runner.run(main())
    assert (came > size) is bool(takes)
    cut = [each for each in caplog.records if "was too slow" in each.getMessage()]
    assert len(cut) == (0 if takes else 1)
