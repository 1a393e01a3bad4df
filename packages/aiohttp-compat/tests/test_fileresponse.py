"""What names of files stand for may be told, as Home Assistant does."""

import aiohttp.abc
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp.web_fileresponse import CONTENT_TYPES, FALLBACK_CONTENT_TYPE


@pytest.fixture
async def kind_of(tmp_path):
    """What a file of that name is sent as."""
    app = web.Application()
    app.router.add_static("/static", tmp_path)
    app.router.add_get("/{name}", lambda request: web.FileResponse(tmp_path / request.path[1:]))
    async with TestClient(app) as client:

        async def ask(name):
            (tmp_path / name).write_bytes(b"abc")
            found = set()
            for path in (f"/{name}", f"/static/{name}"):
                async with client.get(path) as response:
                    assert await response.read() == b"abc"
                    found.add(response.headers["Content-Type"])
            (kind,) = found
            return kind

        yield ask


async def test_a_type_that_is_added_is_sent(kind_of):
    assert await kind_of("a.own-ending") == FALLBACK_CONTENT_TYPE == "application/octet-stream"
    CONTENT_TYPES.add_type("font/own", ".own-ending")
    try:
        assert await kind_of("a.own-ending") == "font/own"
        assert CONTENT_TYPES.guess_type("a.own-ending") == ("font/own", None)
    finally:
        del CONTENT_TYPES.types_map[True][".own-ending"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html"),
        ("a.tar.gz", "application/gzip"),
        ("a.tar.bz2", "application/x-bzip2"),
        ("a.Z", "application/x-compress"),
        ("a.xz", "application/x-xz"),
        ("a.br", "application/x-brotli"),
        ("a", "application/octet-stream"),
    ],
)
async def test_types_are_what_they_were(kind_of, name, kind):
    assert await kind_of(name) == kind


def test_what_annotations_name_by_the_module_abc():
    for name in ("BaseRequest", "HTTPException", "Request", "StreamResponse"):
        assert getattr(aiohttp.abc, name) is getattr(web, name)


class Cached(web.FileResponse):
    """As Home Assistant's."""

    async def _start(self, request):
        self.headers["Cache-Control"] = "public"
        return await super()._start(request)


async def test_a_file_whose_start_is_overridden_is_sent(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"abcdef")

    class Static(web.StaticResource):
        async def _handle(self, request):
            response = await super()._handle(request)
            assert response._path == tmp_path / "a.txt"
            assert response._path.is_file()
            return Cached(response._path, chunk_size=self._chunk_size)

    app = web.Application()
    app.router.register_resource(Static("/static", tmp_path))
    async with TestClient(app) as client:
        for headers, status, body in (({}, 200, b"abcdef"), ({"Range": "bytes=1-2"}, 206, b"bc")):
            async with client.get("/static/a.txt", headers=headers) as response:
                assert (response.status, await response.read()) == (status, body)
                assert response.headers["Cache-Control"] == "public"
                assert response.content_length == len(body)
