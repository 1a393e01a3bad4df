"""HTTP/2 to and behind other people's servers: nginx as an origin and as a proxy, hypercorn."""

import asyncio
import contextlib

import aiolos
from aiolos import web
from aiolos_testing import TestServer, unused_port

CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 20m;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {folder}/cert;
        ssl_certificate_key {folder}/key;
        http2_max_concurrent_streams 8;
        keepalive_requests {requests};
        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_request_buffering off;
        }}
    }}
}}
"""
BODY = bytes(range(256)) * 8192


def session(trusting, url):
    connector = aiolos.TCPConnector(http2=True, ssl=trusting)
    return aiolos.ClientSession(url, connector=connector)


@contextlib.asynccontextmanager
async def nginx(tool, folder, authority, upstream, requests=1000):
    """nginx that speaks HTTP/2 with clients and HTTP/1.1 with `upstream`; its URL."""
    port = unused_port()
    cert = authority.issue_cert("127.0.0.1")
    cert.private_key_pem.write_to_path(folder / "key")
    cert.cert_chain_pems[0].write_to_path(folder / "cert")
    (folder / "nginx.conf").write_text(
        CONFIGURATION.format(folder=folder, upstream=upstream, port=port, requests=requests)
    )
    command = tool("nginx"), "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "early"
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        await listens(port)
        yield f"https://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def listens(port):
    for _ in range(400):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.025)
    raise AssertionError(f"nobody listens on port {port}")


@contextlib.asynccontextmanager
async def ours():
    """Our own server; its address."""

    async def version(request):
        return web.Response(text="HTTP/{}.{}".format(*request.version))

    async def echo(request):
        return web.Response(body=await request.read())

    async def large(request):
        return web.Response(body=BODY)

    app = web.Application(client_max_size=2**24)
    app.router.add_get("/", version)
    app.router.add_get("/large", large)
    app.router.add_post("/", echo)
    async with TestServer(app) as server:
        yield server.make_url("/").raw_authority


async def get(session, path="/"):
    async with session.get(path) as response:
        assert response.version == (2, 0)
        return await response.read()


async def test_nginx_as_an_origin_and_as_a_proxy(tool, tmp_path, authority, trusting):
    async with (
        ours() as upstream,
        nginx(tool, tmp_path, authority, upstream) as url,
        session(trusting, url) as asking,
    ):
        assert await get(asking, "/large") == BODY
        assert await get(asking) == b"HTTP/1.1"
        async with asking.post("/", data=BODY) as response:
            assert response.version == (2, 0)
            assert await response.read() == BODY
        # Eight streams at once: the others wait, or go over other connections.
        assert await asyncio.gather(*(get(asking) for _ in range(40))) == [b"HTTP/1.1"] * 40


async def test_nginx_that_ends_connections_while_requests_come(tool, tmp_path, authority, trusting):
    """It sends GOAWAY behind so many requests: none is lost."""
    async with (
        ours() as upstream,
        nginx(tool, tmp_path, authority, upstream, requests=10) as url,
        session(trusting, url) as asking,
    ):
        for _ in range(4):
            assert await asyncio.gather(*(get(asking) for _ in range(25))) == [b"HTTP/1.1"] * 25


async def test_hypercorn(tmp_path, authority, trusting):
    from hypercorn import asyncio as hypercorn
    from hypercorn.config import Config

    async def application(scope, receive, send):
        if scope["type"] != "http":
            return
        body = scope["http_version"].encode()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    cert = authority.issue_cert("127.0.0.1")
    cert.private_key_pem.write_to_path(tmp_path / "key")
    cert.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    config = Config()
    port = unused_port()
    config.bind = [f"127.0.0.1:{port}"]
    config.keyfile, config.certfile = str(tmp_path / "key"), str(tmp_path / "cert")
    config.errorlog = None
    stop = asyncio.Event()
    serving = asyncio.ensure_future(
        hypercorn.serve(application, config, shutdown_trigger=stop.wait)
    )
    try:
        await listens(port)
        async with session(trusting, f"https://127.0.0.1:{port}") as asking:
            assert await asyncio.gather(*(get(asking) for _ in range(30))) == [b"2"] * 30
            async with asking.post("/", data=BODY) as response:
                assert await response.read() == b"2" + BODY
    finally:
        stop.set()
        await serving
