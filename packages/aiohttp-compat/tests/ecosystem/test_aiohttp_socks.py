"""aiohttp-socks: a connector that goes through SOCKS and HTTP proxies, one or a chain."""

import asyncio
import base64
import socket
import ssl
import struct
from contextlib import asynccontextmanager

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp_socks import ChainProxyConnector, ProxyConnectionError, ProxyConnector, ProxyError


class Proxy:
    """SOCKS5 (RFC 1928, RFC 1929) and CONNECT on one port; remembers where it led to."""

    def __init__(self, user=None, password=None):
        self.login = (user, password) if user else None
        self.led_to = []
        self.tasks = set()

    @asynccontextmanager
    async def listening(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        first = await reader.readexactly(1)
        led = await (self.socks if first == b"\x05" else self.connect)(reader, writer)
        if led is None:
            writer.close()
            return
        host, port = led
        self.led_to.append((host, port))
        there, back = await asyncio.open_connection(host, port)
        try:
            await asyncio.gather(self.pipe(reader, back), self.pipe(there, writer))
        finally:
            back.close()
            writer.close()

    async def pipe(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def socks(self, reader, writer):
        await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x05\x02" if self.login else b"\x05\x00")
        if self.login:
            given = []
            await reader.readexactly(1)
            for _ in range(2):
                given.append((await reader.readexactly((await reader.readexactly(1))[0])).decode())
            right = tuple(given) == self.login
            writer.write(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return None
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = socket.inet_ntoa(await reader.readexactly(4))
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return host, port

    async def connect(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if self.login:
            expected = base64.b64encode(":".join(self.login).encode()).decode()
            assert f"Basic {expected}" in head
        host, _, port = head.split()[1].rpartition(":")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        return host, int(port)


@pytest.fixture
async def server(aiohttp_server):
    async def hello(request):
        return web.Response(text=f"hello {await request.text()}")

    app = web.Application()
    app.router.add_route("*", "/", hello)
    return await aiohttp_server(app)


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_requests_go_through_a_proxy_and_its_connection_is_kept(server, scheme):
    proxy = Proxy("ann", "secret")
    async with proxy.listening() as port:
        connector = ProxyConnector.from_url(f"{scheme}://ann:secret@127.0.0.1:{port}")
        async with aiohttp.ClientSession(connector=connector) as session:
            for word in ("one", "two"):
                async with session.post(server.make_url("/"), data=word) as response:
                    assert await response.text() == f"hello {word}"
    assert proxy.led_to == [("127.0.0.1", server.port)]


async def test_a_name_is_resolved_by_the_proxy(server):
    proxy = Proxy()
    async with proxy.listening() as port:
        connector = ProxyConnector.from_url(f"socks5://127.0.0.1:{port}", rdns=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            async with session.get(f"http://localhost:{server.port}/") as response:
                assert response.status == 200
    assert proxy.led_to == [("localhost", server.port)]


async def test_tls_goes_through_a_proxy(aiohttp_server):
    async def hello(request):
        return web.Response(text=f"{request.scheme} {request.version}")

    app = web.Application()
    app.router.add_get("/", hello)
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.configure_trust(ours)
    authority.issue_cert("localhost").configure_cert(theirs)
    server = await aiohttp_server(app, ssl=theirs)
    proxy = Proxy()
    async with proxy.listening() as port:
        connector = ProxyConnector.from_url(f"socks5://127.0.0.1:{port}", rdns=True, ssl=ours)
        async with aiohttp.ClientSession(connector=connector) as session:
            for _ in range(2):
                async with session.get(f"https://localhost:{server.port}/") as response:
                    assert await response.text() == f"https {aiohttp.HttpVersion11}"
    assert proxy.led_to == [("localhost", server.port)]


async def test_a_chain_of_proxies(server):
    outer, inner = Proxy(), Proxy("ann", "secret")
    async with outer.listening() as first, inner.listening() as second:
        connector = ChainProxyConnector.from_urls(
            [f"http://127.0.0.1:{first}", f"socks5://ann:secret@127.0.0.1:{second}"]
        )
        async with aiohttp.ClientSession(connector=connector) as session:
            async with session.get(server.make_url("/")) as response:
                assert await response.text() == "hello "
    assert outer.led_to == [("127.0.0.1", second)]
    assert inner.led_to == [("127.0.0.1", server.port)]


async def test_what_goes_wrong_is_the_librarys_error(server, unused_tcp_port):
    async with Proxy("ann", "secret").listening() as port:
        connector = ProxyConnector.from_url(f"socks5://ann:wrong@127.0.0.1:{port}")
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(ProxyError):
                await session.get(server.make_url("/"))
    connector = ProxyConnector.from_url(f"socks5://127.0.0.1:{unused_tcp_port}")
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(ProxyConnectionError):
            await session.get(server.make_url("/"))
