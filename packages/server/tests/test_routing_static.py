"""Files below a prefix: what is found, what is refused, and the listing."""

import html
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiolos_server import web

Found = Callable[..., web.UrlMappingMatchInfo]
Running = Callable[..., Any]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with files, and secrets beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.txt").write_text("content of a")
    (inside / "b c.html").write_text("<p>b</p>")
    (inside / "sub").mkdir()
    (inside / "sub" / "d.txt").write_text("content of d")
    (inside / "link.txt").symlink_to(inside / "a.txt")
    (inside / "out.txt").symlink_to(tmp_path / "secret.txt")
    (inside / "outdir").symlink_to(tmp_path)
    (inside / "circle").symlink_to(inside / "circle")
    return inside


@pytest.fixture
def ask(running: Running, talk: Any, answers: Any) -> Any:
    """await ask(app, path, method="GET"): the answer over a socket."""

    async def ask(
        app: web.Application, path: str, method: str = "GET", lines: tuple[str, ...] = ()
    ) -> Any:
        fields = "".join(f"{line}\r\n" for line in ("Host: a", "Connection: close", *lines))
        request = f"{method} {path} HTTP/1.1\r\n{fields}\r\n"
        async with running(app, access_log=None) as (_, port, _):
            (answer,) = answers(await talk(port, request.encode()), method)
        return answer

    return ask


def serving(directory: Path, **options: Any) -> web.Application:
    app = web.Application()
    app.router.add_static("/static/", directory, **options)
    return app


async def test_sta_01_files(directory: Path, ask: Any) -> None:
    answer = await ask(serving(directory), "/static/a.txt")
    assert (answer.status, answer.body) == (200, b"content of a")
    assert answer.headers["content-type"].startswith("text/plain")
    answer = await ask(serving(directory), "/static/b%20c.html?q=1")
    assert (answer.status, answer.body) == (200, b"<p>b</p>")
    assert answer.headers["content-type"].startswith("text/html")
    assert (await ask(serving(directory), "/static/sub/d.txt")).body == b"content of d"
    assert (await ask(serving(directory), "/static/sub%2Fd.txt")).body == b"content of d"
    answer = await ask(serving(directory), "/static/a.txt", "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == "12"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/static/", 403),
        ("/static", 403),
        ("/static/sub", 403),
        ("/static/missing", 404),
        ("/static/a.txt/x", 404),
        ("/static/a.txt/", 404),
        ("/static/a.txt//", 404),
        ("/static/a.txt/%2E", 404),
        ("/static/a.txt%2F", 404),
        ("/static/link.txt/", 404),
        ("/static/sub/", 403),
        ("/static/" + "x" * 1000, 404),
        ("/staticx", 404),
    ],
)
async def test_sta_01_no_listing_by_default(
    path: str, status: int, directory: Path, ask: Any
) -> None:
    assert (await ask(serving(directory), path)).status == status


async def test_other_methods(directory: Path, ask: Any) -> None:
    answer = await ask(serving(directory), "/static/a.txt", "DELETE")
    assert (answer.status, answer.headers["allow"]) == (405, "GET,HEAD")


@pytest.mark.parametrize("follow_symlinks", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2Fsecret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/sub/../../secret.txt",
        "/static/sub/..",
        "/static/..",
        "/static/..;/secret.txt",
        "/static//etc/passwd",
        "/static/%2Fetc%2Fpasswd",
        "/static///etc/passwd",
        "/static/a.txt%00",
        "/static/a.txt%00.html",
        "/static/%00",
        "/static/%252e%252e/secret.txt",
        "/static/..%5Csecret.txt",
        "/static/%FF%FE",
        "/static/circle",
        "/static/circle/x",
    ],
)
async def test_sta_07_nothing_outside(
    path: str, follow_symlinks: bool, directory: Path, ask: Any
) -> None:
    app = serving(directory, follow_symlinks=follow_symlinks, show_index=True)
    answer = await ask(app, path)
    assert answer.status == 404
    assert b"secret" not in answer.body


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A directory with a file and a directory that may not be looked at; not even root may."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "shut").mkdir()
        (directory / "shut" / "a.txt").write_text("secret")
        (directory / "b.txt").write_text("secret")
        os.mkfifo(directory / "fifo")
        for each, mode in ((directory, 0o755), ("shut", 0), ("b.txt", 0)):
            (directory / each).chmod(mode)
        if user == 0:
            os.seteuid(65534)
        yield directory
        if user == 0:
            os.seteuid(0)
        (directory / "shut").chmod(0o700)


@pytest.mark.skipif(os.name == "nt", reason="permissions and users of POSIX")
async def test_sta_01_what_may_not_be_read(unprivileged: Path, ask: Any) -> None:
    app = serving(unprivileged, show_index=True)
    for path, status in (
        ("/static/", 200),
        ("/static/shut/", 403),
        ("/static/shut/a.txt", 403),
        ("/static/shut/nothing", 403),
        ("/static/b.txt", 403),
        ("/static/nothing", 404),
        ("/static/fifo", 403),
    ):
        assert (await ask(app, path)).status == status, path


@pytest.mark.parametrize("path", ["/static/out.txt", "/static/outdir/secret.txt"])
async def test_sta_07_symlinks_lead_outside_only_when_told(
    path: str, directory: Path, ask: Any
) -> None:
    assert (await ask(serving(directory), path)).status == 404
    answer = await ask(serving(directory, follow_symlinks=True), path)
    assert (answer.status, answer.body) == (200, b"secret")


async def test_sta_07_a_symlink_within(directory: Path, ask: Any) -> None:
    assert (await ask(serving(directory), "/static/link.txt")).body == b"content of a"


class Links(HTMLParser):
    """The links of a page, and every tag that it has."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.tags: set[str] = set()
        self._href: str | None = None
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self._href = dict(attrs).get("href")

    def handle_data(self, data: str) -> None:
        if self._href:
            self.links[data] = self._href
            self._href = None


async def test_sta_02_a_listing(directory: Path, ask: Any) -> None:
    answer = await ask(serving(directory, show_index=True), "/static/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Links(answer.body)
    assert page.links == {
        "a.txt": "/static/a.txt",
        "b c.html": "/static/b%20c.html",
        "sub/": "/static/sub",
    }
    assert answer.body == (
        b"<html>\n<head>\n<title>Index of /.</title>\n</head>\n<body>\n<h1>Index of /.</h1>\n<ul>\n"
        b'<li><a href="/static/a.txt">a.txt</a></li>\n'
        b'<li><a href="/static/b%20c.html">b c.html</a></li>\n'
        b'<li><a href="/static/sub">sub/</a></li>\n</ul>\n</body>\n</html>'
    )
    answer = await ask(serving(directory, show_index=True), "/static/sub/")
    assert Links(answer.body).links == {"d.txt": "/static/sub/d.txt"}
    followed = await ask(
        serving(directory, show_index=True, follow_symlinks=True, append_version=True), "/static/"
    )
    assert {"link.txt", "out.txt", "outdir/"} <= set(Links(followed.body).links)


async def test_srv_13_a_listing_escapes_every_name(tmp_path: Path, ask: Any) -> None:
    names = [
        "<script>alert(1)<script>",
        '"onmouseover=alert(1) x="',
        "'single'",
        "a&amp;b",
        "javascript:alert(1)",
        "%3Cscript%3E",
        "#fragment?query",
        "\u202egpj.exe",
        "new\nline",
    ]
    below = tmp_path / "<i>"
    below.mkdir()
    for name in names:
        (below / name).write_text(name)
    app = serving(tmp_path, show_index=True)
    answer = await ask(app, "/static/%3Ci%3E/")
    page = Links(answer.body)
    assert page.tags == {"html", "head", "title", "body", "h1", "ul", "li", "a"}
    assert set(page.links) == set(names)
    title = re.search(rb"<title>(.*?)</title>", answer.body)
    assert title is not None
    assert html.unescape(title[1].decode()) == "Index of /<i>"
    for name, link in page.links.items():
        assert link.startswith("/static/%3Ci%3E/")
        assert (await ask(app, link)).body == name.encode()


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
async def test_srv_13_a_name_that_is_not_utf_8(tmp_path: Path, ask: Any) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_bytes(b"latin")
    page = Links((await ask(serving(tmp_path, show_index=True), "/static/")).body)
    assert page.links == {"caf?.txt": "/static/caf%E9.txt"}


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-6", 206, b"content", "bytes 0-6/12"),
        ("bytes=-1", 206, b"a", "bytes 11-11/12"),
        ("bytes=8-", 206, b"of a", "bytes 8-11/12"),
        ("bytes=12-", 416, b"", "bytes */12"),
        ("bytes=0-99999999999999999999999999", 206, b"content of a", "bytes 0-11/12"),
        ("bytes=99999999999999999999999999-", 416, b"", "bytes */12"),
    ],
)
async def test_sta_04_ranges(
    directory: Path, ask: Any, asked: str, status: int, body: bytes, told: str
) -> None:
    answer = await ask(serving(directory), "/static/a.txt", lines=(f"Range: {asked}",))
    assert (answer.status, answer.body, answer.headers["content-range"]) == (status, body, told)


async def test_sta_05_conditions(directory: Path, ask: Any) -> None:
    first = await ask(serving(directory), "/static/a.txt")
    for line in (
        f"If-None-Match: {first.headers['etag']}",
        f"If-Modified-Since: {first.headers['last-modified']}",
    ):
        answer = await ask(serving(directory), "/static/a.txt", lines=(line,))
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == first.headers["etag"]
    for line in ('If-None-Match: "x"', "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"):
        assert (await ask(serving(directory), "/static/a.txt", lines=(line,))).status == 200


async def test_sta_06_a_single_file(directory: Path, ask: Any) -> None:
    app = web.Application()
    app.router.add_get("/favicon.ico", lambda request: web.FileResponse(directory / "a.txt"))
    answer = await ask(app, "/favicon.ico")
    assert (answer.status, answer.body) == (200, b"content of a")


async def test_the_root_as_a_prefix(directory: Path, ask: Any) -> None:
    app = web.Application()
    app.router.add_get("/a.txt", lambda request: web.Response(text="route"))
    app.router.add_static("/", directory, show_index=True)
    assert (await ask(app, "/a.txt")).body == b"route"
    assert (await ask(app, "/sub/d.txt")).body == b"content of d"
    assert Links((await ask(app, "/")).body).links["sub/"] == "/sub"


async def test_in_a_sub_application(directory: Path, ask: Any) -> None:
    sub = web.Application()
    resource = sub.router.add_static("/files", directory, show_index=True, name="files")
    app = web.Application()
    app.add_subapp("/sub", sub)
    assert (await ask(app, "/sub/files/a.txt")).body == b"content of a"
    assert str(resource.url_for(filename="sub/d.txt")) == "/sub/files/sub/d.txt"
    assert Links((await ask(app, "/sub/files/")).body).links["a.txt"] == "/sub/files/a.txt"


def test_sta_03_versions_in_urls(directory: Path) -> None:
    router = web.UrlDispatcher()
    plain = router.add_static("/plain", directory)
    versioned = router.add_static("/v", directory, append_version=True)
    assert str(plain.url_for(filename="a.txt")) == "/plain/a.txt"
    url = versioned.url_for(filename="a.txt")
    assert url.path == "/v/a.txt"
    version = url.query["v"]
    assert versioned.url_for(filename=Path("a.txt")) == url
    assert plain.url_for(filename="a.txt", append_version=True).query["v"] == version
    assert not versioned.url_for(filename="a.txt", append_version=False).query
    (directory / "a.txt").write_text("changed")
    assert versioned.url_for(filename="a.txt").query["v"] != version
    # What is not there, or not to be shown, has none.
    for missing in ("missing", "sub", "../secret.txt", "out.txt"):
        assert not versioned.url_for(filename=missing).query
    assert str(plain.url_for(filename="b c?.html")) == "/plain/b%20c%3F.html"
    assert str(plain.url_for(filename="/a.txt")) == "/plain/a.txt"


async def test_sta_03_a_versioned_url_is_served(directory: Path, ask: Any) -> None:
    app = serving(directory, append_version=True)
    (resource,) = app.router.resources()
    url = resource.url_for(filename="a.txt")
    assert (await ask(app, str(url))).body == b"content of a"


async def test_sta_08_max_age(directory: Path, ask: Any) -> None:
    answer = await ask(serving(directory), "/static/a.txt")
    assert "cache-control" not in answer.headers
    answer = await ask(serving(directory, max_age=60), "/static/a.txt")
    assert answer.headers["cache-control"] == "public, max-age=60"
    answer = await ask(serving(directory, max_age=0), "/static/a.txt")
    assert answer.headers["cache-control"] == "public, max-age=0"
    answer = await ask(serving(directory, max_age=60, immutable=True), "/static/a.txt")
    assert answer.headers["cache-control"] == "public, max-age=60, immutable"


async def test_sta_08_the_right_version_is_immutable(directory: Path, ask: Any) -> None:
    app = serving(directory, max_age=60, append_version=True)
    url = next(iter(app.router.resources())).url_for(filename="a.txt")
    answer = await ask(app, str(url))
    assert answer.headers["cache-control"] == "public, max-age=60, immutable"
    for other in ("/static/a.txt?v=other", "/static/a.txt"):
        answer = await ask(serving(directory, max_age=60, append_version=True), other)
        assert answer.headers["cache-control"] == "public, max-age=60"


def test_sta_08_what_makes_no_sense(directory: Path) -> None:
    with pytest.raises(ValueError, match="max_age"):
        serving(directory, max_age=-1)
    with pytest.raises(ValueError, match="max_age"):
        serving(directory, immutable=True)


def test_what_is_no_directory(directory: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        serving(directory / "missing")
    with pytest.raises(ValueError, match="not a directory"):
        serving(directory / "a.txt")
    with pytest.raises(ValueError, match="prefix"):
        web.UrlDispatcher().add_static("static", directory)


def test_what_it_says_of_itself(directory: Path, found: Found) -> None:
    router = web.UrlDispatcher()
    resource = router.add_static("/static", directory, name="static")
    assert router["static"] is resource
    assert resource.canonical == "/static"
    info = resource.get_info()
    assert (info["directory"], info["prefix"]) == (directory.resolve(), "/static")
    assert set(info["routes"]) == {"GET", "HEAD"}
    assert len(resource) == 2
    assert not resource.raw_match("/static")
    assert "/static" in repr(resource)
    match = found(router, "/static/x/y")
    assert match == {"filename": "x/y"}
    assert match.route.name == "static"


def test_an_options_route(directory: Path, found: Found) -> None:
    async def options(request: web.Request) -> web.Response:
        return web.Response()

    router = web.UrlDispatcher()
    resource = router.add_static("/static", directory)
    resource.set_options_route(options)
    assert found(router, "/static/x", "OPTIONS").route.handler is options
    with pytest.raises(RuntimeError, match="OPTIONS"):
        resource.set_options_route(options)
