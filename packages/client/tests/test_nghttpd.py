"""Over HTTP/2, to nghttpd, and to a server that knows none."""

import asyncio
import os
import shutil
import ssl

import aiolos_client
import pytest

# Daemons lie in sbin, which is not on every PATH.
NGHTTPD = shutil.which("nghttpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
UPLOAD = bytes(range(256)) * 8192

needs_nghttpd = pytest.mark.skipif(
    not NGHTTPD and not os.environ.get("CI"), reason="nghttpd is not installed"
)


@pytest.fixture(params=["tls", "clear"])
async def nghttpd(request, authority, trusting, unused_port, tmp_path):
    """Its URL, and the options of a connector that speaks HTTP/2 with it."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "hello.txt").write_text("hello")
    assert NGHTTPD, "nghttp2-server is needed"
    port = unused_port
    command = [NGHTTPD, "-d", str(tmp_path / "root"), "--echo-upload", "-a", "127.0.0.1"]
    options = {"http2": "prior-knowledge"}
    if request.param == "tls":
        cert = authority.issue_cert("127.0.0.1")
        cert.private_key_pem.write_to_path(tmp_path / "key")
        cert.cert_chain_pems[0].write_to_path(tmp_path / "cert")
        command += [str(port), str(tmp_path / "key"), str(tmp_path / "cert")]
        options = {"http2": True, "ssl": trusting}
    else:
        command += ["--no-tls", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await listens(port)
        yield f"{'https' if request.param == 'tls' else 'http'}://127.0.0.1:{port}", options
    finally:
        process.kill()
        await process.wait()


async def listens(port):
    """Wait until somebody listens on `port`."""
    for _ in range(400):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.025)
        else:
            writer.close()
            return
    raise AssertionError(f"nobody listens on port {port}")


@pytest.fixture
async def session(nghttpd):
    url, options = nghttpd
    connector = aiolos_client.TCPConnector(**options)
    async with aiolos_client.ClientSession(url, connector=connector) as session:
        yield session


async def check_a_get_and_a_404(session):
    async with session.get("/hello.txt") as response:
        assert (response.status, response.version) == (200, (2, 0))
        assert await response.text() == "hello"
    async with session.get("/nothing") as response:
        assert (response.status, response.version) == (404, (2, 0))
    assert session.connector.open_connections == 1


@needs_nghttpd
@pytest.mark.parametrize("nghttpd", ["tls"], indirect=True)
async def test_h2c_01_over_tls(session):
    await check_a_get_and_a_404(session)


@needs_nghttpd
@pytest.mark.parametrize("nghttpd", ["clear"], indirect=True)
async def test_h2c_02_by_prior_knowledge(session):
    await check_a_get_and_a_404(session)


@needs_nghttpd
async def test_h2c_03_many_requests_share_one_connection(session):
    async def get():
        async with session.get("/hello.txt") as response:
            return response.version, await response.text()

    answers = await asyncio.gather(*(get() for _ in range(60)))
    assert answers == [((2, 0), "hello")] * 60
    assert session.connector.open_connections == 1


@needs_nghttpd
async def test_h2c_04_uploads_are_echoed(session):
    async with session.post("/", data=UPLOAD) as response:
        assert await response.read() == UPLOAD

    async def pieces():
        for at in range(0, len(UPLOAD), 10_000):
            yield UPLOAD[at : at + 10_000]

    async with session.post("/", data=pieces()) as response:
        assert response.version == (2, 0)
        assert await response.read() == UPLOAD


@pytest.mark.parametrize("alpn", [["http/1.1"], None])
async def test_h2c_05_a_server_that_knows_no_http_2(authority, trusting, alpn):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if alpn:
        context.set_alpn_protocols(alpn)

    async def serve(reader, writer):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET / HTTP/1.1\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    connector = aiolos_client.TCPConnector(http2=True, ssl=trusting)
    async with server, aiolos_client.ClientSession(connector=connector) as session:
        for _ in range(2):
            async with session.get(url) as response:
                assert (response.version, await response.text()) == ((1, 1), "ok")
