"""The client over HTTP/2, to our own server."""

import asyncio
import base64
import re
import ssl
import subprocess
import sys
from hashlib import sha1

import aiolos
import pytest
from aiolos import web
from aiolos_protocol.http2 import frames
from aiolos_protocol.testkit import ScriptedPeer
from aiolos_testing import TestServer, unused_port

UPLOAD = bytes(range(256)) * 8192


async def test_responses_that_are_not_read_hold_up_no_other():
    async def large(request):
        return web.Response(body=b"x" * 2_000_000)

    async def small(request):
        return web.Response(text="small")

    app = web.Application()
    app.router.add_get("/large", large)
    app.router.add_get("/small", small)
    async with (
        TestServer(app) as server,
        aiolos.ClientSession(server.make_url("/"), http2="prior-knowledge") as session,
        asyncio.timeout(30),
    ):
        unread = [await session.get("/large") for _ in range(12)]
        async with session.get("/small") as response:
            assert (response.version, await response.text()) == ((2, 0), "small")
        assert session.connector.open_connections == 1
        for response in unread:
            assert len(await response.read()) == 2_000_000


async def test_pages_of_which_only_the_status_is_read_harm_no_other_request():
    gate = asyncio.Event()
    orders = []

    async def large(request):
        return web.Response(body=b"x" * 2_000_000)

    async def order(request):
        orders.append(await request.text())
        await gate.wait()
        return web.Response(text="done")

    app = web.Application()
    app.router.add_get("/large", large)
    app.router.add_post("/order", order)
    # Its client would be cut off by the 17th request that it gives up early.
    limits = aiolos.Limits(resets=8)
    async with (
        TestServer(app, limits=limits) as server,
        aiolos.ClientSession(server.make_url("/"), http2="prior-knowledge") as session,
        asyncio.timeout(60),
        asyncio.TaskGroup() as group,
    ):

        async def place():
            async with session.post("/order", data=b"one") as response:
                return await response.text()

        placed = group.create_task(place())
        for _ in range(250):
            async with session.get("/large") as response:
                assert (response.status, response.version) == (200, (2, 0))
        gate.set()
        assert await placed == "done"
        assert orders == ["one"]


@pytest.mark.parametrize("alpn", [["http/1.1"], None])
async def test_h2c_05_without_http_2_it_is_http_1_1(serving_tls, trusting, alpn):
    if alpn:
        serving_tls.set_alpn_protocols(alpn)
    async with serving(serving_tls, http2=False) as server:
        connector = aiolos.TCPConnector(http2=True, ssl=trusting)
        async with aiolos.ClientSession(server.make_url("/"), connector=connector) as session:

            async def get():
                async with session.get("/") as response:
                    return response.version, await response.text()

            assert await asyncio.gather(*(get() for _ in range(10))) == [((1, 1), "HTTP/1.1")] * 10


@pytest.mark.parametrize("setting", [False, None, "prior-knowledge", True])
async def test_h2c_05_a_context_that_others_use_for_http_2(serving_tls, trusting, setting):
    async with serving(serving_tls) as server:

        async def get(http2):
            connector = aiolos.TCPConnector(http2=http2, ssl=trusting)
            async with aiolos.ClientSession(server.make_url("/"), connector=connector) as session:
                async with session.get("/") as response:
                    text = await response.text()
                async with session.ws_connect("/socket") as socket:
                    return text, await socket.receive_str()

        assert await get(True) == ("HTTP/2.0", "HTTP/2.0")
        spoken = "HTTP/1.1" if setting is False else "HTTP/2.0"
        assert await get(setting) == (spoken, spoken)


@pytest.mark.parametrize("used", [True, False])
async def test_h2s_a_context_that_another_server_uses_for_http_2(serving_tls, trusting, used):
    runner = web.AppRunner(web.Application(), http2=False)
    runner.app.router.add_get("/", version)
    if used:
        async with serving(serving_tls):
            pass
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serving_tls)
    await site.start()
    connector = aiolos.TCPConnector(http2=True, ssl=trusting)
    async with aiolos.ClientSession(connector=connector) as session:
        async with session.get(f"https://127.0.0.1:{runner.addresses[0][1]}/") as response:
            assert await response.text() == "HTTP/1.1"
    await runner.cleanup()


async def version(request):
    return web.Response(text="HTTP/{}.{}".format(*request.version))


async def echo(request):
    return web.Response(body=await request.read())


async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("HTTP/{}.{}".format(*request.version))
    async for message in socket:
        await socket.send_str(message.data)
    return socket


def serving(context=None, **options):
    """Our own server, with the TLS of `context`."""
    app = web.Application(client_max_size=4 * 1024**2)
    app.router.add_get("/", version)
    app.router.add_post("/", echo)
    app.router.add_get("/socket", talk)
    return TestServer(app, ssl=context, **options)


@pytest.mark.parametrize("tls", [True, False])
async def test_h2x_01_our_client_against_our_server(serving_tls, trusting, tls):
    async with serving(serving_tls if tls else None) as server:
        http2 = True if tls else "prior-knowledge"
        connector = aiolos.TCPConnector(http2=http2, ssl=trusting)
        async with aiolos.ClientSession(server.make_url("/"), connector=connector) as session:

            async def get():
                async with session.get("/") as response:
                    return response.version, await response.text()

            answers = await asyncio.gather(*(get() for _ in range(150)))
            assert answers == [((2, 0), "HTTP/2.0")] * 150
            async with session.post("/", data=UPLOAD) as response:
                assert await response.read() == UPLOAD


async def greeting(session):
    async with session.ws_connect("/socket") as socket:
        greeting = await socket.receive_str()
        await socket.send_str("hello")
        assert await socket.receive_str() == "hello"
        return greeting


async def test_a_websocket_uses_the_connection_that_is_there(serving_tls, trusting):
    async with serving(serving_tls) as server:
        connector = aiolos.TCPConnector(http2=True, ssl=trusting)
        async with aiolos.ClientSession(server.make_url("/"), connector=connector) as session:
            # Without one, HTTP/1.1 is as good.
            assert await greeting(session) == "HTTP/1.1"
            async with session.get("/") as response:
                assert await response.text() == "HTTP/2.0"
            before = connector.open_connections
            assert await asyncio.gather(*(greeting(session) for _ in range(5))) == ["HTTP/2.0"] * 5
            assert connector.open_connections == before
            async with session.get("/") as response:
                assert await response.text() == "HTTP/2.0"


async def test_a_websocket_to_a_server_that_speaks_nothing_but_http_2(tool, tmp_path):
    """Without RFC 8441 it is asked by HTTP/1.1, which such a server does not understand."""
    (tmp_path / "hello.txt").write_text("hello")
    port = unused_port()
    process = await asyncio.create_subprocess_exec(
        *(tool("nghttpd"), "-d", str(tmp_path), "-a", "127.0.0.1", "--no-tls", str(port)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    connector = aiolos.TCPConnector(http2="prior-knowledge")
    retry = aiolos.RetryPolicy(attempts=200, backoff=0.025, max_backoff=0.025)
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiolos.ClientSession(url, connector=connector) as session:
            async with session.get("/hello.txt", retry=retry) as response:
                assert response.version == (2, 0)
            with pytest.raises(aiolos.WSServerHandshakeError, match=r"HTTP/2.*extended CONNECT"):
                await session.ws_connect("/hello.txt")
            async with session.get("/hello.txt") as response:
                assert response.version == (2, 0)
    finally:
        process.kill()
        await process.wait()


async def both(reader, writer):
    """A server of both versions in the clear, of WebSockets over HTTP/1.1 only."""
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"PRI"):
        writer.write(frames.settings({}))
        await reader.read()
        return
    key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)[1]
    accept = base64.b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n\x81\x02hi"
    )
    await reader.read()


async def test_a_websocket_by_prior_knowledge_to_a_server_of_both_versions(virtual_clock):
    async with ScriptedPeer(both) as peer, aiolos.ClientSession(http2="prior-knowledge") as session:
        async with session.ws_connect(f"http://127.0.0.1:{peer.port}/") as socket:
            assert await socket.receive_str() == "hi"
            assert socket.client.version == (1, 1)
        assert peer.connections == 2


@pytest.mark.parametrize(
    ("option", "spoken"), [("--http2", "2.0"), ("--http1", "1.1"), (None, "1.1")]
)
async def test_the_command_speaks_what_it_is_told(option, spoken):
    async with serving() as server:
        options = [option] if option else []
        command = sys.executable, "-m", "aiolos_client", "-i", *options, str(server.make_url("/"))
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.startswith(f"HTTP/{spoken} 200".encode())
    assert out.endswith(f"HTTP/{spoken}".encode())


async def test_through_a_proxy_s_tunnel(serving_tls, trusting, relay):
    async with serving(serving_tls) as server, ScriptedPeer(relay) as proxy:
        connector = aiolos.TCPConnector(http2=True, ssl=trusting)
        async with aiolos.ClientSession(
            server.make_url("/"), connector=connector, proxy=f"http://127.0.0.1:{proxy.port}"
        ) as session:

            async def get():
                async with session.get("/") as response:
                    return await response.text()

            assert await asyncio.gather(*(get() for _ in range(20))) == ["HTTP/2.0"] * 20
            assert proxy.connections == 1
            assert await greeting(session) == "HTTP/2.0"
            assert proxy.connections == 1


@pytest.mark.parametrize(
    ("cipher", "spoken"), [("AES128-GCM-SHA256", True), ("AES128-SHA256", False)]
)
async def test_prohibited_ciphers_are_refused(serving_tls, trusting, cipher, spoken):
    """RFC 9113 9.2.2"""
    serving_tls.maximum_version = ssl.TLSVersion.TLSv1_2
    serving_tls.set_ciphers(f"ECDHE-ECDSA-{cipher}")
    async with serving(serving_tls) as server:
        connector = aiolos.TCPConnector(http2=True, ssl=trusting)
        async with aiolos.ClientSession(server.make_url("/"), connector=connector) as session:
            if spoken:
                async with session.get("/") as response:
                    assert response.version == (2, 0)
            else:
                with pytest.raises(aiolos.ClientConnectorSSLError, match=r"9\.2\.2"):
                    await session.get("/")
                async with session.get("/", version=aiolos.HttpVersion10) as response:
                    assert response.status == 200
            assert connector.open_connections == 1
