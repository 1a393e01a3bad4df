"""fsspec: files behind URLs, from asyncio and from plain code with a loop of its own."""

import asyncio
import hashlib

import fsspec
import pytest
from aiohttp import web
from fsspec.implementations.http import HTTPFileSystem

DATA = bytes(range(256)) * 2048


@pytest.fixture
async def server(aiohttp_server, tmp_path):
    (tmp_path / "data.bin").write_bytes(DATA)
    uploaded = {}

    async def index(request):
        return web.Response(text='<a href="/files/data.bin">data</a>', content_type="text/html")

    async def put(request):
        uploaded[request.path] = await request.read()
        return web.Response(status=201)

    app = web.Application(client_max_size=16 * 1024**2)
    app[UPLOADED] = uploaded
    app.add_routes([web.get("/", index), web.put("/up/{name}", put), web.post("/up/{name}", put)])
    app.router.add_static("/files", tmp_path)
    return await aiohttp_server(app)


UPLOADED = web.AppKey("uploaded", dict)


async def test_from_asyncio(server, tmp_path):
    files = HTTPFileSystem(asynchronous=True, skip_instance_cache=True)
    session = await files.set_session()
    url = str(server.make_url("/files/data.bin"))
    assert await files._cat_file(url) == DATA
    assert await files._cat_file(url, start=10, end=20) == DATA[10:20]
    info = await files._info(url)
    assert (info["size"], info["type"]) == (len(DATA), "file")
    assert await files._ls(str(server.make_url("/")), detail=False) == [url]
    assert await files._exists(url)
    assert not await files._exists(url + ".none")
    with pytest.raises(FileNotFoundError):
        await files._cat_file(url + ".none")
    await files._get_file(url, str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == DATA
    await files._put_file(str(tmp_path / "copy"), str(server.make_url("/up/copy")))
    assert server.app[UPLOADED] == {"/up/copy": DATA}
    await session.close()


async def test_from_plain_code(server):
    """In a thread: fsspec brings a loop of its own, and reads blocks by ranges."""
    url = str(server.make_url("/files/data.bin"))

    def read():
        with fsspec.open(url, block_size=65536) as file:
            file.seek(len(DATA) - 7)
            tail = file.read()
            file.seek(0)
            return tail, hashlib.sha256(file.read()).digest()

    tail, digest = await asyncio.to_thread(read)
    assert (tail, digest) == (DATA[-7:], hashlib.sha256(DATA).digest())
