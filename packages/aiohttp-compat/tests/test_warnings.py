"""What the original warns of, and refuses, under its name as well; see test_doors.py."""

import asyncio
import os
import pickle

import aiohttp
import pytest
from aiohttp import ClientSession, ClientWSTimeout, TCPConnector, web
from aiohttp.test_utils import TestClient, make_mocked_request, unittest_run_loop


async def echo(request):
    return web.Response(body=await request.read())


async def greet(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("hello")
    return socket


@pytest.fixture
def app():
    app = web.Application(client_max_size=2**23)
    app.router.add_post("/", echo)
    app.router.add_get("/ws", greet)
    return app


def test_an_application_is_not_subclassed():
    with pytest.warns(DeprecationWarning, match="Inheritance class Own .* is discouraged") as told:

        class Own(web.Application):
            pass

    assert told[0].filename == __file__


async def test_loops_are_not_given():
    loop = asyncio.get_running_loop()
    with pytest.warns(DeprecationWarning, match="loop argument"):
        app = web.Application(loop=loop)
    with pytest.warns(DeprecationWarning, match="debug argument"):
        web.Application(debug=True)
    with pytest.warns(DeprecationWarning, match="get_running_loop") as told:
        assert app.loop is loop
    assert told[0].filename == __file__
    with pytest.warns(DeprecationWarning, match=r"^request\.loop property is deprecated$") as told:
        assert make_mocked_request("GET", "/").loop is loop
    assert told[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="AppRunner"):
        app.make_handler()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"read_timeout": 7}, {"total": 7}),
        ({"read_timeout": None}, {"total": None}),
        ({"conn_timeout": 3}, {"connect": 3}),
        ({"read_timeout": 7, "conn_timeout": 3, "timeout": None}, {"total": 7, "connect": 3}),
    ],
)
async def test_old_words_for_a_timeout(given, meant):
    with pytest.warns(DeprecationWarning, match="timeout=ClientTimeout") as told:
        session = ClientSession(**given)
    assert told[0].filename == __file__
    async with session:
        for name, value in meant.items():
            assert getattr(session.timeout, name) == value
    with pytest.raises(ValueError, match="conflict"):
        ClientSession(**{**given, "timeout": aiohttp.ClientTimeout()})


@pytest.mark.parametrize(
    ("base", "method"),
    [
        (aiohttp.ClientRequest, "write_bytes"),
        (aiohttp.BaseConnector, "_release"),
        (TCPConnector, "_start_tls_connection"),
        (aiohttp.UnixConnector, "_get"),
    ],
)
def test_what_is_overridden_in_vain_is_told(base, method):
    with pytest.warns(RuntimeWarning, match=rf"Own: aiolos-aiohttp does not call {method}\(\)"):
        type("Own", (base,), {method: None})
    type("Own", (base,), {"close": base.close} if base is not aiohttp.ClientRequest else {})


def test_an_exception_has_a_text():
    with pytest.warns(DeprecationWarning, match="body argument is deprecated") as told:
        error = web.HTTPNotFound(body=b"gone")
    assert told[0].filename == __file__
    assert error.body == b"gone"
    assert web.HTTPNotFound(text="gone").body == b"gone"


async def test_a_connector_has_no_shutdown_timeout():
    with pytest.warns(DeprecationWarning, match="ssl_shutdown_timeout"):
        await TCPConnector(ssl_shutdown_timeout=0.1).close()
    with pytest.warns(DeprecationWarning, match="ssl_shutdown_timeout"):
        await ClientSession(ssl_shutdown_timeout=0.1).close()


async def test_chunks_have_no_size(app):
    async with TestClient(app) as client:
        with pytest.warns(DeprecationWarning, match="Chunk size"):
            async with client.post("/", data=b"a", chunked=1024) as response:
                assert await response.read() == b"a"
        async with client.post("/", data=b"a", chunked=True) as response:
            assert await response.read() == b"a"


@pytest.mark.parametrize("kind", [bytes, str, dict])
async def test_a_large_body_in_one_piece(app, kind):
    async with TestClient(app) as client:
        for size in (2**20, 2**20 + 1):
            data = {bytes: b"x" * size, str: "x" * size, dict: {"a": "x" * size}}[kind]
            if size > 2**20:
                with pytest.warns(ResourceWarning, match="io.BytesIO"):
                    response = await client.post("/", data=data)
            else:
                response = await client.post("/", data=data)
            async with response:
                assert len(await response.read()) == size + 2 * (kind is dict)


async def test_times_of_a_websocket(app):
    async with TestClient(app) as client:
        for options in ({"timeout": 0.5}, {"receive_timeout": 0.5}):
            with pytest.warns(DeprecationWarning, match="ClientWSTimeout"):
                socket = await client.ws_connect("/ws", **options)
            assert await socket.receive_str() == "hello"
            await socket.close()
        async with client.ws_connect("/ws", timeout=ClientWSTimeout(ws_receive=5)) as socket:
            assert await socket.receive_str() == "hello"


def test_a_coroutine_needs_no_decorator():
    with pytest.warns(DeprecationWarning, match=r"`@unittest_run_loop` is no longer needed"):
        assert unittest_run_loop(greet) is greet


async def test_auth_and_a_header_are_one_too_many(app):
    headers = {"authorization": "Bearer token"}
    async with TestClient(app, auth=aiohttp.BasicAuth("a", "b")) as client:
        with pytest.raises(ValueError, match="has auth"):
            await client.post("/", headers=headers)
        async with client.post("/", headers={"X": "y"}) as response:
            assert response.request_info.headers["Authorization"].startswith("Basic ")
    async with TestClient(app) as client, client.post("/", headers=headers) as response:
        assert response.request_info.headers["Authorization"] == "Bearer token"


async def test_no_pickle_is_read(tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "run"),)

    path = tmp_path / "cookies"
    path.write_bytes(pickle.dumps(Payload()))
    jar = aiohttp.CookieJar()
    for kind in (pickle.UnpicklingError, ValueError):
        with pytest.raises(kind, match="Forbidden class"):
            jar.load(path)
    assert not (tmp_path / "run").exists()
    path.write_text("neither")
    with pytest.raises(ValueError, match="cookies") as caught:
        jar.load(path)
    assert not isinstance(caught.value, pickle.UnpicklingError)
