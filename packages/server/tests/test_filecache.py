"""Small files in memory: kept as long as they are the same, and no more than fit."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiolos_server import web
from aiolos_server.filecache import SMALL, FileCache
from aiolos_server.fileresponse import FileResponse

Serve = Callable[..., Any]


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "a.txt"
    file.write_bytes(b"one")
    return str(file)


def put(cache: FileCache, path: str, data: bytes | None = None) -> os.stat_result:
    found = os.stat(path)
    cache.put(path, found, found, Path(path).read_bytes() if data is None else data)
    return found


def test_a_file_is_kept_as_long_as_it_is_the_same(path: str) -> None:
    cache = FileCache(settled=0)
    found = put(cache, path)
    kept = cache.get(path, os.stat(path))
    assert kept is not None
    assert kept.data == b"one"
    os.utime(path, ns=(0, found.st_mtime_ns + 1))
    assert cache.get(path, os.stat(path)) is None


def test_another_file_in_its_place_is_another(path: str) -> None:
    cache = FileCache(settled=0)
    found = put(cache, path)
    other = Path(path).with_name("b.txt")
    other.write_bytes(b"two")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)
    assert cache.get(path, os.stat(path)) is None


def test_whether_a_file_is_alone_is_asked_seldom(path: str) -> None:
    looked: list[str] = []

    def look(each: str) -> os.stat_result:
        looked.append(each)
        return os.stat(each)

    seldom, always = FileCache(settled=1e9), FileCache(settled=0)
    for _ in range(3):
        assert seldom.is_alone(path, (".br", ".gz"), look)
    assert looked == [f"{path}.br", f"{path}.gz"]
    assert always.is_alone(path, (".gz",), look)
    Path(f"{path}.gz").mkdir()
    assert always.is_alone(path, (".gz",), look)
    Path(f"{path}.gz").rmdir()
    Path(f"{path}.gz").write_bytes(b"")
    assert not always.is_alone(path, (".gz",), look)
    assert seldom.is_alone(path, (".br", ".gz"), look)
    # Of endless names no more is kept than of some thousands.
    for number in range(10_000):
        seldom.is_alone(f"{path}{number}", (), look)
    assert not seldom.is_alone(path, (".br", ".gz"), look)


def test_what_changed_just_now_is_not_kept(path: str) -> None:
    cache = FileCache()
    put(cache, path)
    assert path not in cache


def test_what_changed_while_it_was_read_is_not_kept(path: str) -> None:
    cache = FileCache(settled=0)
    found = os.stat(path)
    os.utime(path, ns=(0, 0))
    cache.put(path, found, os.stat(path), b"one")
    cache.put(path, found, found, b"on")
    assert path not in cache


@pytest.mark.parametrize(("size", "kept"), [(SMALL, True), (SMALL + 1, False)])
def test_only_small_files(path: str, size: int, kept: bool) -> None:
    Path(path).write_bytes(bytes(size))
    cache = FileCache(settled=0)
    put(cache, path)
    assert (path in cache) is kept


def test_no_more_than_fits(tmp_path: Path) -> None:
    cache = FileCache(5000, settled=0)
    paths = [str(tmp_path / name) for name in "abc"]
    for each in paths:
        Path(each).write_bytes(bytes(1000))
        put(cache, each)
        put(cache, each)
    assert [each in cache for each in paths] == [False, True, True]
    assert cache.used <= 5000
    for each in paths:
        cache.drop(each)
    assert cache.used == 0


# As responses.


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "public"
    directory.mkdir()
    (directory / "a.txt").write_bytes(b"content of a")
    (tmp_path / "secret").write_bytes(b"secret")
    return directory


@pytest.fixture
def static(directory: Path, serve: Serve) -> Any:
    """A peer of add_static(), whose resource keeps files however new they are."""

    def static(**options: Any) -> Any:
        app = web.Application()
        resource: Any = app.router.add_static("/s", directory, **options)
        resource._cache = FileCache(settled=0)
        peer = serve(app=app)
        peer.cache = resource._cache
        return peer

    return static


def asking(path: str, *lines: str, method: str = "GET") -> bytes:
    head = "".join(f"{line}\r\n" for line in ("Host: a", *lines))
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode()


async def twice(peer: Any, *request: Any, **more: Any) -> Any:
    """The answer of the file system, which that from memory must be equal to."""
    answers = []
    for _ in range(2):
        answer = await peer.send(asking(*request, **more))
        while not answer:
            # It comes from a thread.
            await asyncio.sleep(0.001)
            answer = peer.transport.take()
        answers.append(answer)
    assert answers[0] == answers[1]
    return answers[0]


@pytest.mark.parametrize(
    ("lines", "start", "body"),
    [
        ((), b"HTTP/1.1 200", b"content of a"),
        (("Range: bytes=0-6",), b"HTTP/1.1 206", b"content"),
        (("Range: bytes=50-",), b"HTTP/1.1 416", b""),
        (("If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT",), b"HTTP/1.1 304", b""),
        (('If-Match: "x"',), b"HTTP/1.1 412", b""),
        (("Accept-Encoding: br, gzip",), b"HTTP/1.1 200", b"content of a"),
    ],
)
async def test_memory_answers_as_the_file_system_does(
    static: Any, lines: tuple[str, ...], start: bytes, body: bytes
) -> None:
    peer = static()
    await twice(peer, "/s/a.txt")
    answer = await twice(peer, "/s/a.txt", *lines)
    assert answer.startswith(start)
    assert answer.endswith(b"\r\n\r\n" + body)


async def test_head_from_memory(static: Any) -> None:
    peer = static()
    await twice(peer, "/s/a.txt")
    answer = await twice(peer, "/s/a.txt", method="HEAD")
    assert b"Content-Length: 12\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_a_changed_file_is_read_again(static: Any, directory: Path) -> None:
    peer = static()
    await twice(peer, "/s/a.txt")
    (directory / "a.txt").write_bytes(b"new")
    assert (await twice(peer, "/s/a.txt")).endswith(b"\r\n\r\nnew")
    (directory / "a.txt").unlink()
    assert (await twice(peer, "/s/a.txt")).startswith(b"HTTP/1.1 404")


async def test_sta_07_a_link_that_replaces_a_kept_file_leads_nowhere(
    static: Any, directory: Path
) -> None:
    peer = static()
    await twice(peer, "/s/a.txt")
    (directory / "a.txt").unlink()
    (directory / "a.txt").symlink_to(directory.parent / "secret")
    assert (await twice(peer, "/s/a.txt")).startswith(b"HTTP/1.1 404")


async def test_sta_07_a_link_in_place_of_a_compressed_file_leads_nowhere(
    static: Any, directory: Path
) -> None:
    (directory / "a.txt.gz").symlink_to(directory.parent / "secret")
    answer = await twice(static(), "/s/a.txt", "Accept-Encoding: gzip")
    assert answer.endswith(b"content of a")
    answer = await twice(static(follow_symlinks=True), "/s/a.txt", "Accept-Encoding: gzip")
    assert answer.endswith(b"secret")


async def test_a_compressed_file_that_comes_later_is_sent(static: Any, directory: Path) -> None:
    peer = static()
    await twice(peer, "/s/a.txt", "Accept-Encoding: gzip")
    (directory / "a.txt.gz").write_bytes(b"packed")
    answer = await twice(peer, "/s/a.txt", "Accept-Encoding: gzip")
    assert b"Content-Encoding: gzip\r\n" in answer
    assert answer.endswith(b"packed")
    assert (await twice(peer, "/s/a.txt")).endswith(b"content of a")


async def test_what_is_kept_says_how_long_to_keep_it(static: Any) -> None:
    peer = static(max_age=60, append_version=True)
    assert b"Cache-Control: public, max-age=60\r\n" in await twice(peer, "/s/a.txt")


async def test_many_names_of_one_file(static: Any) -> None:
    peer = static()
    for number in range(3):
        await twice(peer, f"/s/{'/' * number}a.txt" if number < 1 else f"/s/{'./' * number}a.txt")
    assert peer.cache.used < 2000


async def test_a_response_that_nobody_sends_holds_no_file(
    directory: Path, serve: Serve, running: Any, talk: Any
) -> None:
    (directory / "large").write_bytes(bytes(SMALL + 1))
    seen: list[Any] = []

    @web.middleware
    async def discard(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        seen.append(await handler(request))
        return web.Response(text="other")

    app = web.Application(middlewares=[discard])
    app.router.add_static("/s", directory)
    async with running(app) as (_, port, _):
        assert (await talk(port, asking("/s/large", "Connection: close"))).endswith(b"other")
    (response,) = seen
    assert isinstance(response, FileResponse)
    held = {os.path.realpath(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")}
    assert str(directory / "large") not in held
