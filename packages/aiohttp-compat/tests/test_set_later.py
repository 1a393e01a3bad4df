"""What is set on a connector or a session by its private name while it is at work has effect."""

import socket
import ssl

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import RawTestServer


async def who(request):
    return web.Response(text=request.remote)


async def asked(session, url):
    async with session.get(url) as response:
        return await response.text()


@pytest.fixture
async def server():
    async with RawTestServer(who) as server:
        yield server


async def test_how_tls_is_checked():
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    authority.configure_trust(ours)
    server = RawTestServer(who, scheme="https")
    await server.start_server(ssl=theirs)
    async with server, aiohttp.ClientSession() as session:
        url = server.make_url("/")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await asked(session, url)
        for setting in (False, ours):
            session.connector._ssl = setting
            assert session.connector._ssl is setting
            assert await asked(session, url) == "127.0.0.1"
        # A stricter one holds at once, whatever connections there are.
        for setting, error in (
            (True, aiohttp.ClientConnectorCertificateError),
            (aiohttp.Fingerprint(b"x" * 32), aiohttp.ServerFingerprintMismatch),
        ):
            session.connector._ssl = setting
            with pytest.raises(error):
                await asked(session, url)
        with pytest.raises(TypeError):
            session.connector._ssl = "strict"


async def test_who_resolves(server):
    names = []

    class Resolver(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            names.append(host)
            return [
                {
                    "hostname": host,
                    "host": "127.0.0.1",
                    "port": port,
                    "family": socket.AF_INET,
                    "proto": 0,
                    "flags": 0,
                }
            ]

        async def close(self):
            pass

    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        connector._resolver = Resolver()
        url = f"http://nowhere.example:{server.port}/"
        for _ in range(2):
            assert await asked(session, url) == "127.0.0.1"
        assert names == ["nowhere.example"]
        connector._use_dns_cache = False
        for _ in range(2):
            assert await asked(session, url) == "127.0.0.1"
        assert names == ["nowhere.example"] * 3


async def test_where_connections_come_from(server):
    connector = aiohttp.TCPConnector(force_close=True, local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=connector) as session:
        assert connector._local_addr_infos[0][4] == ("127.0.0.2", 0)
        assert await asked(session, server.make_url("/")) == "127.0.0.2"
        connector._local_addr_infos = [(socket.AF_INET, 1, 6, "", ("127.0.0.3", 0))]
        assert await asked(session, server.make_url("/")) == "127.0.0.3"
        connector._local_addr_infos = None
        assert await asked(session, server.make_url("/")) == "127.0.0.1"


async def test_whether_the_environment_is_trusted(server, monkeypatch):
    monkeypatch.setenv("http_proxy", str(server.make_url("/")))
    monkeypatch.delenv("no_proxy", raising=False)
    async with aiohttp.ClientSession() as session:
        assert session._trust_env is False
        session._trust_env = True
        assert session._trust_env is session.trust_env is True
        # The server takes what it is asked as a proxy.
        assert await asked(session, "http://nowhere.example/") == "127.0.0.1"
        session._trust_env = False
        with pytest.raises(aiohttp.ClientConnectorError):
            await asked(session, "http://127.0.0.1:1/")


async def test_a_direct_connection_is_overridden(server):
    called = []

    class Own(aiohttp.TCPConnector):
        async def _create_direct_connection(self, req, traces, timeout):
            called.append(req.host)
            return await super()._create_direct_connection(req, traces, timeout)

    async with aiohttp.ClientSession(connector=Own()) as session:
        assert await asked(session, server.make_url("/")) == "127.0.0.1"
    assert called == ["127.0.0.1"]


def test_what_is_never_called_is_told():
    with pytest.warns(RuntimeWarning, match="_get_fingerprint"):

        class Own(aiohttp.TCPConnector):
            def _get_fingerprint(self, req):
                raise NotImplementedError
