"""New connections: addresses, TLS, and the proxies between."""

import asyncio
import contextlib
import errno
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address

import aiolos_client
import pytest
import truststore
from aiolos_client import BasicAuth, ClientSession, Fingerprint, TCPConnector
from aiolos_protocol.testkit import ScriptedPeer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def get(session, url, **options):
    async with session.get(url, **options) as response:
        return await response.text()


def serving(authority, *names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
    return context


@contextlib.asynccontextmanager
async def https(authority, *names, seen=None):
    """A server over TLS; its port. `seen` gets the requests and whether TLS was resumed."""

    async def serve(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if seen is not None:
                    tls = writer.get_extra_info("ssl_object")
                    seen.append((head, tls.session_reused))
                writer.write(OK)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving(authority, *names))
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class Names(aiolos_client.AbstractResolver):
    """Knows the addresses that it was given."""

    def __init__(self, *hosts):
        self.hosts = hosts

    async def resolve(self, host, port=0, family=0):
        return [
            {
                "hostname": host,
                "host": each,
                "port": port,
                "family": socket.AF_INET6 if ":" in each else socket.AF_INET,
                "proto": 6,
                "flags": 0,
            }
            for each in self.hosts
        ]

    async def close(self):
        pass


class TestAddresses:
    @pytest.mark.parametrize("delay", [None, 0.01])
    async def test_the_next_address_is_tried(self, peer, delay):
        connector = TCPConnector(
            resolver=Names("127.0.0.9", "127.0.0.1"), happy_eyeballs_delay=delay
        )
        async with peer() as server, ClientSession(connector=connector) as session:
            assert await get(session, server.url.replace("127.0.0.1", "name")) == "ok"

    @pytest.mark.parametrize("delay", [None, 0.01])
    async def test_all_addresses_are_named(self, unused_port, delay):
        resolver = Names("127.0.0.9", "127.0.0.8")
        connector = TCPConnector(resolver=resolver, happy_eyeballs_delay=delay)
        async with ClientSession(connector=connector) as session:
            words = r"none of 2 addresses answers: 127.0.0.9: .*; 127.0.0.8: "
            with pytest.raises(aiolos_client.ClientConnectorError, match=words) as caught:
                await get(session, f"http://name:{unused_port}")
        assert isinstance(caught.value.os_error, ConnectionRefusedError)
        assert (caught.value.host, caught.value.port) == ("name", unused_port)

    async def test_an_address_that_is_silent_does_not_hold_up_the_next(self, peer):
        # A full queue: the first address neither accepts nor refuses.
        with socket.socket() as full:
            async with peer() as server:
                port = int(server.url.rpartition(":")[2])
                full.bind(("127.0.0.9", port))
                full.listen(0)
                fillers = [socket.socket() for _ in range(4)]
                for each in fillers:
                    each.setblocking(False)
                    each.connect_ex(("127.0.0.9", port))
                connector = TCPConnector(
                    resolver=Names("127.0.0.9", "127.0.0.1"), happy_eyeballs_delay=0.05
                )
                async with ClientSession(connector=connector) as session:
                    assert await get(session, f"http://name:{port}") == "ok"
                for each in fillers:
                    each.close()

    async def test_no_address_is_an_error_of_names(self):
        async with ClientSession(connector=TCPConnector(resolver=Names())) as session:
            with pytest.raises(aiolos_client.ClientConnectorDNSError, match="no address"):
                await get(session, "http://name/")

    async def test_cli_14_refused(self, unused_port):
        async with ClientSession() as session:
            words = f"Cannot connect to host 127.0.0.1:{unused_port}"
            with pytest.raises(aiolos_client.ClientConnectorError, match=words):
                await get(session, f"http://127.0.0.1:{unused_port}/")

    async def test_a_socket_of_ones_own(self, peer):
        made = []

        def make(info):
            made.append(info[4])
            return socket.socket(*info[:3])

        connector = TCPConnector(socket_factory=make, local_addr=("127.0.0.1", 0))
        async with peer() as server, ClientSession(connector=connector) as session:
            assert await get(session, server.url) == "ok"
            assert made == [("127.0.0.1", int(server.url.rpartition(":")[2]))]

    async def test_cli_39_names_are_kept(self, peer):
        asked = []

        class Counting(Names):
            async def resolve(self, host, port=0, family=0):
                asked.append(host)
                return await super().resolve(host, port, family)

        connector = TCPConnector(
            resolver=Counting("127.0.0.1"), ttl_dns_cache=300, force_close=True
        )
        async with peer() as server, ClientSession(connector=connector) as session:
            url = server.url.replace("127.0.0.1", "name")
            for _ in range(3):
                await get(session, url)
            assert asked == ["name"]
            connector.clear_dns_cache()
            await get(session, url)
            assert asked == ["name", "name"]
            with pytest.raises(ValueError, match="host and port, or neither"):
                connector.clear_dns_cache("name")


class TestTLS:
    async def test_cli_18_an_authority_of_ones_own(self, authority, trusting):
        connector = TCPConnector(ssl=trusting)
        async with https(authority) as port, ClientSession(connector=connector) as session:
            assert await get(session, f"https://localhost:{port}/") == "ok"
            assert await get(session, f"https://127.0.0.1:{port}/") == "ok"

    async def test_the_systems_own_certificate_store(self, authority):
        # What the store of Windows or macOS is asked by is a subclass that wraps the context.
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with https(authority) as port, ClientSession(ssl=context) as session:
            with pytest.raises(aiolos_client.ClientConnectorCertificateError):
                await get(session, f"https://localhost:{port}/")
            with authority.cert_pem.tempfile() as path:
                context.load_verify_locations(path)
            for _ in range(2):
                options = {"headers": {"Connection": "close"}}
                assert await get(session, f"https://localhost:{port}/", **options) == "ok"

    async def test_cli_18_an_unknown_authority(self, authority):
        async with https(authority) as port, ClientSession() as session:
            with pytest.raises(
                aiolos_client.ClientConnectorCertificateError, match="its certificate was refused"
            ) as caught:
                await get(session, f"https://localhost:{port}/")
        assert isinstance(caught.value, ssl.SSLCertVerificationError)
        assert isinstance(caught.value.certificate_error, ssl.SSLCertVerificationError)

    async def test_cli_18_another_name(self, authority, trusting):
        async with https(authority, "other.example") as port, ClientSession() as session:
            with pytest.raises(aiolos_client.ClientConnectorCertificateError, match="localhost"):
                await get(session, f"https://localhost:{port}/", ssl=trusting)
            url = f"https://localhost:{port}/"
            options = {"ssl": trusting, "server_hostname": "other.example"}
            assert await get(session, url, **options) == "ok"

    async def test_cli_02_a_base_over_tls(self, authority, trusting):
        seen = []
        async with https(authority, seen=seen) as port:
            async with ClientSession(
                base_url=f"https://localhost:{port}",
                headers={"Authorization": "Bearer t"},
                connector=TCPConnector(ssl=trusting),
            ) as session:
                assert await get(session, "/users") == "ok"
        ((head, _),) = seen
        assert head.startswith(b"GET /users HTTP/1.1\r\nHost: localhost:%d\r\n" % port)
        assert b"\r\nAuthorization: Bearer t\r\n" in head

    async def test_cli_19_no_check_at_all(self, authority):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        async with https(authority) as port, ClientSession() as session:
            for setting in (False, context):
                assert await get(session, f"https://localhost:{port}/", ssl=setting) == "ok"
            with pytest.raises(aiolos_client.ClientConnectorCertificateError):
                await get(session, f"https://localhost:{port}/")

    async def test_cli_07_the_sessions_setting_and_a_requests_own(self, authority, trusting):
        async with https(authority) as port, ClientSession(ssl=trusting) as session:
            url = f"https://localhost:{port}/"
            assert await get(session, url) == "ok"
            with pytest.raises(aiolos_client.ClientConnectorCertificateError):
                await get(session, url, ssl=ssl.create_default_context())
            # True is the connector's own.
            with pytest.raises(aiolos_client.ClientConnectorCertificateError):
                await get(session, url, ssl=True)
            assert await get(session, url, ssl=False) == "ok"

    async def test_a_fingerprint(self, authority):
        certificate = authority.issue_cert("localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        pem = certificate.cert_chain_pems[0].bytes().decode()
        der = ssl.PEM_cert_to_DER_cert(pem)
        from hashlib import sha256

        async def serve(reader, writer):
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(OK)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with ClientSession() as session:
            assert await get(session, url, ssl=Fingerprint(sha256(der).digest())) == "ok"
            with pytest.raises(aiolos_client.ServerFingerprintMismatch, match="expected was 0000"):
                await get(session, url, ssl=Fingerprint(bytes(32)))
            assert session.connector.open_connections == 0
        server.close()

    async def test_sessions_are_resumed(self, authority, trusting):
        seen = []
        connector = TCPConnector(ssl=trusting, force_close=True)
        async with https(authority, seen=seen) as port:
            async with ClientSession(connector=connector) as session:
                for _ in range(3):
                    assert await get(session, f"https://localhost:{port}/") == "ok"
        assert [reused for _, reused in seen] == [False, True, True]

    async def test_tls_to_a_plain_port_is_named(self, talk):
        async def serve(reader, writer):
            await reader.read(10)
            writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")

        async with ScriptedPeer(serve) as server, ClientSession() as session:
            with pytest.raises(aiolos_client.ClientConnectorSSLError):
                await get(session, f"https://127.0.0.1:{server.port}/")

    async def test_a_server_that_closes_in_the_handshake_is_told_of(self):
        async def serve(reader, writer):
            await reader.read(65_536)

        async with ScriptedPeer(serve) as server, ClientSession() as session:
            words = f"host 127.0.0.1:{server.port}: the connection was closed in the TLS handshake"
            with pytest.raises(aiolos_client.ClientConnectorError, match=words):
                await get(session, f"https://127.0.0.1:{server.port}/")


async def relay(one, other):
    """Everything from one to the other, until the end."""
    with contextlib.suppress(ConnectionError):
        while data := await one.read(65_536):
            other.write(data)
    other.close()


class HttpProxy:
    """CONNECT, and requests for whole URLs; `requests` keeps their heads."""

    def __init__(self, credentials=None, tls=None, refuse=b""):
        self.requests = []
        self._credentials = credentials
        self._tls = tls
        self._refuse = refuse

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        scheme = "https" if self._tls else "http"
        self.url = (
            f"{scheme}://localhost:{self.port}"
            if self._tls
            else f"{scheme}://127.0.0.1:{self.port}"
        )
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head)
                wanted = self._credentials
                if self._refuse or (wanted and b"Proxy-Authorization: " + wanted not in head):
                    writer.write(self._refuse or b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")
                    continue
                method, target, _ = head.split(b" ", 2)
                if method != b"CONNECT":
                    writer.write(OK)
                    continue
                host, _, port = target.decode().rpartition(":")
                up = await asyncio.open_connection(host.replace("inside", "127.0.0.1"), int(port))
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await asyncio.gather(relay(reader, up[1]), relay(up[0], writer))
                return
        writer.close()


class TestHttpProxy:
    async def test_cli_24_whole_urls(self):
        async with HttpProxy(b"Basic dTpw") as proxy, ClientSession() as session:
            options = {"proxy": proxy.url, "proxy_auth": BasicAuth("u", "p")}
            for host in ("one.example", "two.example:8080"):
                assert await get(session, f"http://{host}/a?b", **options) == "ok"
            assert session.connector.open_connections == 1
        lines = [each.split(b"\r\n")[:2] for each in proxy.requests]
        assert lines == [
            [b"GET http://one.example/a?b HTTP/1.1", b"Host: one.example"],
            [b"GET http://two.example:8080/a?b HTTP/1.1", b"Host: two.example:8080"],
        ]

    async def test_a_session_s_proxy_is_forgotten_where_a_request_has_its_own_way(self, peer):
        one, other = HttpProxy(b"Basic dTpw"), HttpProxy(b"Basic djpx")
        async with one, other, SocksProxy() as socks, peer() as server:
            login = {"proxy": one.url, "proxy_auth": BasicAuth("u", "p")}
            async with ClientSession(**login) as session:
                assert await get(session, "http://a.example/") == "ok"
                own = {"proxy": other.url, "proxy_auth": BasicAuth("v", "q")}
                assert await get(session, "http://a.example/", **own) == "ok"
                assert await get(session, server.url, proxy=f"socks5://{socks.address}") == "ok"
        assert b"Proxy-Authorization: Basic djpx\r\n" in other.requests[0]
        assert other.requests[0].count(b"Proxy-Authorization") == 1
        assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")
        assert b"Proxy-Authorization" not in server.requests[0]

    async def test_cli_24_credentials_in_the_proxys_url(self):
        async with HttpProxy(b"Basic dTpw") as proxy, ClientSession() as session:
            url = proxy.url.replace("//", "//u:p@")
            assert await get(session, "http://one.example/", proxy=url) == "ok"

    async def test_cli_24_a_proxy_that_wants_credentials(self):
        async with HttpProxy(b"Basic dTpw") as proxy, ClientSession() as session:
            async with session.get("http://one.example/", proxy=proxy.url) as response:
                assert response.status == 407

    async def test_cli_25_a_tunnel(self, authority, trusting):
        seen = []
        async with https(authority, "inside", seen=seen) as port, HttpProxy(b"Basic dTpw") as proxy:
            async with ClientSession(
                proxy=proxy.url, proxy_auth=BasicAuth("u", "p"), ssl=trusting
            ) as session:
                for _ in range(2):
                    options = {"proxy_headers": {"X-Proxy": "1"}}
                    assert await get(session, f"https://inside:{port}/", **options) == "ok"
        (asked,) = proxy.requests
        assert asked.startswith(b"CONNECT inside:%d HTTP/1.1\r\nHost: inside:%d\r\n" % (port, port))
        assert b"X-Proxy: 1\r\n" in asked
        assert all(b"Proxy-Authorization" not in head for head, _ in seen)
        assert len(seen) == 2

    async def test_tls_within_tls(self, authority, trusting):
        async with https(authority, "inside") as port:
            async with HttpProxy(tls=serving(authority)) as proxy:
                async with ClientSession(proxy=proxy.url, ssl=trusting) as session:
                    assert await get(session, f"https://inside:{port}/") == "ok"
                    assert await get(session, "http://plain.example/") == "ok"

    @pytest.mark.parametrize(
        ("refuse", "kind", "words"),
        [
            (
                b"HTTP/1.1 403 Not for you\r\nContent-Length: 0\r\n\r\n",
                aiolos_client.ClientHttpProxyError,
                "403, message='Not for you'",
            ),
            (b"SSH-2.0-x\r\n", aiolos_client.ClientProxyConnectionError, "opens no tunnel"),
            (
                b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200,
                aiolos_client.ClientProxyConnectionError,
                r"max_headers=128 was exceeded; raise it with ClientSession\(max_headers=",
            ),
        ],
    )
    async def test_a_proxy_that_opens_no_tunnel(self, refuse, kind, words):
        async with HttpProxy(refuse=refuse) as proxy, ClientSession() as session:
            with pytest.raises(kind, match=words):
                await get(session, "https://inside/", proxy=proxy.url)
            assert session.connector.open_connections == 0

    async def test_bytes_behind_the_answer_to_connect_are_told_of(self):
        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nmore than that")

        async with ScriptedPeer(serve) as server, ClientSession() as session:
            with pytest.raises(aiolos_client.ClientConnectorError, match=r"inside:443.*: \S+"):
                await get(session, "https://inside/", proxy=f"http://127.0.0.1:{server.port}")

    async def test_the_proxys_certificate_is_the_proxys(self, authority):
        async with HttpProxy(tls=serving(authority)) as proxy, ClientSession() as session:
            words = f"Cannot connect to host localhost:{proxy.port}: its certificate was refused"
            for url in ("https://inside/", "http://inside/"):
                with pytest.raises(aiolos_client.ClientConnectorCertificateError, match=words):
                    await get(session, url, proxy=proxy.url)

    async def test_a_proxy_that_closes_in_the_handshake_is_told_of(self):
        async def serve(reader, writer):
            await reader.read(65_536)

        async with ScriptedPeer(serve) as server, ClientSession() as session:
            words = f"inside:443 by the proxy localhost:{server.port}: the connection was closed"
            with pytest.raises(aiolos_client.ClientProxyConnectionError, match=words):
                await get(session, "https://inside/", proxy=f"https://localhost:{server.port}")

    @pytest.mark.parametrize("setting", [False, Fingerprint(bytes(32))])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_what_is_said_about_the_host_is_not_about_the_proxy(
        self, authority, setting, scheme
    ):
        async with https(authority) as port, HttpProxy(tls=serving(authority)) as proxy:
            async with ClientSession(ssl=setting) as session:
                with pytest.raises(aiolos_client.ClientConnectorCertificateError):
                    await get(session, f"{scheme}://localhost:{port}/", proxy=proxy.url)
            async with ClientSession() as session:
                with pytest.raises(aiolos_client.ClientConnectorCertificateError):
                    await get(
                        session, f"{scheme}://localhost:{port}/", proxy=proxy.url, ssl=setting
                    )
        assert proxy.requests == []

    async def test_the_proxy_itself_may_be_asked_by_a_tunnel(self):
        refuse = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
        async with HttpProxy(refuse=refuse) as proxy, ClientSession() as session:
            with pytest.raises(aiolos_client.ClientHttpProxyError):
                await get(session, proxy.url.replace("http:", "https:"), proxy=proxy.url)
        assert proxy.requests[0].startswith(b"CONNECT 127.0.0.1:%d " % proxy.port)

    @pytest.mark.parametrize(("scheme", "port"), [("https", 443), ("http", 80)])
    async def test_a_proxy_that_is_not_there(self, unused_port, scheme, port):
        proxy = f"http://u:secret@127.0.0.1:{unused_port}"
        async with ClientSession() as session:
            words = f"Cannot connect to a.example:{port} by the proxy 127.0.0.1:{unused_port}"
            with pytest.raises(aiolos_client.ClientProxyConnectionError, match=words) as caught:
                await get(session, f"{scheme}://a.example/", proxy=proxy)
            assert (caught.value.host, caught.value.port) == ("a.example", port)
            assert caught.value.os_error.errno == errno.ECONNREFUSED
            assert "secret" not in str(caught.value)

    async def test_a_certificate_behind_the_tunnel_is_checked(self, authority):
        async with https(authority, "inside") as port, HttpProxy() as proxy:
            async with ClientSession(proxy=proxy.url) as session:
                with pytest.raises(aiolos_client.ClientConnectorCertificateError):
                    await get(session, f"https://inside:{port}/")

    async def test_cli_25_the_environment(self, monkeypatch):
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with HttpProxy(b"Basic dTpw") as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//u:p@"))
            monkeypatch.delenv("http_proxy", raising=False)
            async with ClientSession(trust_env=True) as session:
                assert await get(session, "http://one.example/") == "ok"
        assert len(proxy.requests) == 1

    async def test_netrc_knows_the_environments_proxy(self, monkeypatch, tmp_path):
        path = tmp_path / "netrc"
        path.write_text("machine 127.0.0.1 login u password p\n")
        path.chmod(0o600)
        monkeypatch.setenv("NETRC", str(path))
        for name in ("no_proxy", "NO_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        async with HttpProxy(b"Basic dTpw") as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            async with ClientSession(trust_env=True) as session:
                assert await get(session, "http://one.example/") == "ok"
        assert len(proxy.requests) == 1

    async def test_cli_25_a_tunnel_by_the_environment(self, monkeypatch, authority, trusting):
        for name in ("no_proxy", "NO_PROXY", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        async with https(authority, "inside") as port, HttpProxy() as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            async with ClientSession(trust_env=True, ssl=trusting) as session:
                assert await get(session, f"https://inside:{port}/") == "ok"
                monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,127.0.0.0/8")
                with pytest.raises(aiolos_client.ClientConnectorCertificateError):
                    await get(session, f"https://127.0.0.1:{port}/")
        assert [each.split(b" ")[:2] for each in proxy.requests] == [
            [b"CONNECT", b"inside:%d" % port]
        ]

    async def test_without_trust_the_environment_has_no_say(self, monkeypatch, peer):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        async with peer() as server, ClientSession() as session:
            assert await get(session, server.url) == "ok"

    async def test_netrc(self, monkeypatch, tmp_path, peer):
        path = tmp_path / "netrc"
        path.write_text("machine 127.0.0.1 login u password p\n")
        path.chmod(0o600)
        monkeypatch.setenv("NETRC", str(path))
        monkeypatch.setenv("no_proxy", "*")
        async with peer() as server, ClientSession(trust_env=True) as session:
            assert await get(session, server.url) == "ok"
            async with session.get(server.url, auth=BasicAuth("v", "q")):
                pass
        assert b"Authorization: Basic dTpw\r\n" in server.requests[0]
        assert b"Authorization: Basic djpx\r\n" in server.requests[1]

    async def test_netrc_names_who_is_redirected_to(self, monkeypatch, tmp_path, peer):
        path = tmp_path / "netrc"
        path.write_text("machine localhost login m password p\ndefault login d password p\n")
        path.chmod(0o600)
        monkeypatch.setenv("NETRC", str(path))
        monkeypatch.setenv("no_proxy", "*")

        def to(url):
            return f"HTTP/1.1 302 There\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()

        async with peer() as last:
            async with peer(to(last.url), to(last.url.replace("127.0.0.1", "localhost"))) as first:
                async with ClientSession(trust_env=True) as session:
                    for _ in range(2):
                        assert await get(session, first.url) == "ok"
        known = BasicAuth("d", "p").encode().encode()
        assert all(b"Authorization: " + known in each for each in first.requests)
        assert b"Authorization" not in last.requests[0]
        named = BasicAuth("m", "p").encode().encode()
        assert b"Authorization: " + named in last.requests[1]


class SocksProxy:
    """SOCKS 4, 4a, and 5 with user and password; `asked` keeps where it was to connect."""

    def __init__(self, login=None, refuse=0, only=None):
        self.asked = []
        self.tried = []
        self._login = login
        self._refuse = refuse
        # The address that it connects to, and no other.
        self._only = only

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            version = (await reader.readexactly(1))[0]
            talk = {4: self._four, 5: self._five}.get(version)
            where = await talk(reader, writer) if talk else None
            if where is not None:
                self.asked.append(where)
                up = await asyncio.open_connection("127.0.0.1", where[1])
                await asyncio.gather(relay(reader, up[1]), relay(up[0], writer))
        writer.close()

    async def _four(self, reader, writer):
        await reader.readexactly(1)
        port = int.from_bytes(await reader.readexactly(2), "big")
        host = str(IPv4Address(await reader.readexactly(4)))
        await reader.readuntil(b"\0")
        if host == "0.0.0.1":
            host = (await reader.readuntil(b"\0"))[:-1].decode()
        self.tried.append(host)
        writer.write(bytes([0, 91 if self._refuse else 90]) + bytes(6))
        return None if self._refuse else (host, port)

    async def _five(self, reader, writer):
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        wanted = 2 if self._login else 0
        writer.write(bytes([5, wanted if wanted in methods else 255]))
        if wanted and wanted in methods:
            await reader.readexactly(1)
            name = await reader.readexactly((await reader.readexactly(1))[0])
            secret = await reader.readexactly((await reader.readexactly(1))[0])
            is_right = (name.decode(), secret.decode()) == self._login
            writer.write(bytes([1, 0 if is_right else 1]))
            if not is_right:
                return None
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        elif kind == 1:
            host = str(IPv4Address(await reader.readexactly(4)))
        else:
            host = str(IPv6Address(await reader.readexactly(16)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.tried.append(host)
        refuse = self._refuse or (5 if self._only not in (None, host) else 0)
        writer.write(bytes([5, refuse, 0, 3, 4]) + b"here" + bytes(2))
        return None if refuse else (host, port)


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
@pytest.mark.parametrize("host", ["a..example", f"{'a' * 64}.example"])
async def test_a_name_that_tls_cannot_ask_for(scheme, host):
    async def open_tunnel(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 Fine\r\n\r\n")
        await reader.read()

    async with SocksProxy() as socks, ScriptedPeer(open_tunnel) as tunnel:
        at = socks.address if scheme == "socks5h" else f"127.0.0.1:{tunnel.port}"
        async with ClientSession(proxy=f"{scheme}://{at}") as session:
            # What the SOCKS proxy connects to does not matter: the name fails before.
            url = f"https://{host}:{tunnel.port}/"
            told = "is no name of a server: "
            with pytest.raises(aiolos_client.ClientConnectorError, match=told):
                await session.get(url)


class TestSocks:
    @pytest.mark.parametrize(
        ("scheme", "host", "asked"),
        [
            ("socks5", "localhost", "127.0.0.1"),
            ("socks5h", "localhost", "localhost"),
            ("socks5", "127.0.0.1", "127.0.0.1"),
            ("socks5h", "[::1]", "::1"),
            ("socks4", "127.0.0.1", "127.0.0.1"),
            ("socks4a", "name.example", "name.example"),
        ],
    )
    async def test_kinds(self, peer, scheme, host, asked):
        connector = TCPConnector(family=socket.AF_INET)
        async with peer() as server, SocksProxy() as proxy:
            async with ClientSession(connector=connector) as session:
                url = server.url.replace("127.0.0.1", host)
                for _ in range(2):
                    assert await get(session, url, proxy=f"{scheme}://{proxy.address}") == "ok"
        assert proxy.asked == [(asked, int(server.url.rpartition(":")[2]))]
        assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")

    @pytest.mark.parametrize(
        ("scheme", "found", "asked"),
        [
            ("socks4", ("::1", "127.0.0.1"), ["127.0.0.1"]),
            ("socks5", ("127.0.0.9", "127.0.0.1"), ["127.0.0.9", "127.0.0.1"]),
            ("socks5", ("::1", "127.0.0.1"), ["::1", "127.0.0.1"]),
        ],
    )
    async def test_addresses_in_turn(self, peer, scheme, found, asked):
        class Both(Names):
            async def resolve(self, host, port=0, family=0):
                if host == "proxy.example":
                    return await Names("127.0.0.1").resolve(host, port)
                return await super().resolve(host, port)

        connector = TCPConnector(resolver=Both(*found))
        async with peer() as server, SocksProxy(only="127.0.0.1") as proxy:
            async with ClientSession(connector=connector) as session:
                at = proxy.address.replace("127.0.0.1", "proxy.example")
                url = server.url.replace("127.0.0.1", "name.example")
                assert await get(session, url, proxy=f"{scheme}://{at}") == "ok"
        assert proxy.tried == asked

    async def test_tls_through_it(self, authority, trusting):
        async with https(authority, "inside") as port, SocksProxy() as proxy:
            async with ClientSession(proxy=f"socks5h://{proxy.address}", ssl=trusting) as session:
                assert await get(session, f"https://inside:{port}/") == "ok"

    async def test_a_login(self, peer):
        async with peer() as server, SocksProxy(("u", "p")) as proxy, ClientSession() as session:
            url = f"socks5://u:p@{proxy.address}"
            assert await get(session, server.url, proxy=url) == "ok"
            options = {"proxy": f"socks5://{proxy.address}", "proxy_auth": BasicAuth("u", "p")}
            assert await get(session, server.url, **options) == "ok"

    @pytest.mark.parametrize(
        ("proxy", "options", "words"),
        [
            ("socks5://u:x@", {"login": ("u", "p")}, "refuses the login"),
            ("socks5://", {"login": ("u", "p")}, "wants a login: socks5://user:password@"),
            ("socks5://", {"refuse": 5}, "says: connection refused"),
            ("socks4://", {"refuse": 1}, "says: rejected or failed"),
        ],
    )
    async def test_refusals(self, peer, proxy, options, words):
        async with SocksProxy(**options) as server, ClientSession() as session:
            url = f"{proxy}{server.address}"
            with pytest.raises(aiolos_client.ClientProxyConnectionError, match=words):
                await get(session, "http://127.0.0.1:1/", proxy=url)

    async def test_an_http_proxy_is_no_socks_proxy(self):
        async with ScriptedPeer(_speak_http) as server, ClientSession() as session:
            url = f"socks5://127.0.0.1:{server.port}"
            with pytest.raises(aiolos_client.ClientProxyConnectionError, match="write http://"):
                await get(session, "http://127.0.0.1:1/", proxy=url)

    async def test_a_socks_proxy_is_no_http_proxy(self):
        async with SocksProxy() as server, ClientSession() as session:
            with pytest.raises(aiolos_client.ClientProxyConnectionError, match="write socks5://"):
                await get(session, "https://127.0.0.1:1/", proxy=f"http://{server.address}")

    async def test_what_answers_in_a_proxys_place_is_told(self):
        async def greet(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"\x05\xff")

        async with ScriptedPeer(greet) as server, ClientSession() as session:
            words = f"the proxy 127.0.0.1:{server.port}: it is a SOCKS proxy: write socks5://"
            with pytest.raises(aiolos_client.ClientResponseError, match=words):
                await get(session, "http://a.example/", proxy=f"http://127.0.0.1:{server.port}")

    async def test_tls_spoken_to_a_plain_port_is_told(self):
        async with ScriptedPeer(_speak_http) as server, ClientSession() as session:
            with pytest.raises(aiolos_client.ClientConnectorSSLError, match="write http://"):
                await get(session, f"https://127.0.0.1:{server.port}/")


async def _speak_http(reader, writer):
    await reader.read(3)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class TestLocal:
    async def test_a_unix_socket(self, tmp_path):
        path = str(tmp_path / "socket")
        asked = []

        async def serve(reader, writer):
            with contextlib.suppress(asyncio.IncompleteReadError):
                while True:
                    asked.append(await reader.readuntil(b"\r\n\r\n"))
                    writer.write(OK)
            writer.close()

        server = await asyncio.start_unix_server(serve, path)
        connector = aiolos_client.UnixConnector(path)
        async with ClientSession("http://any.name/", connector=connector) as session:
            for _ in range(2):
                assert await get(session, "/x") == "ok"
            assert connector.path == path
            assert connector.open_connections == 1
        assert b"Host: any.name\r\n" in asked[0]
        server.close()

    async def test_a_careless_server_at_a_unix_socket(self, tmp_path):
        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK.replace(b"\r\n", b"\n"))
            writer.close()

        path = str(tmp_path / "socket")
        server = await asyncio.start_unix_server(serve, path)
        connector = aiolos_client.UnixConnector(path, lenient=True)
        async with ClientSession("http://any.name/", connector=connector) as session:
            assert await get(session, "/x") == "ok"
        server.close()

    async def test_tls_at_a_unix_socket(self, tmp_path, authority, trusting):
        async def serve(reader, writer):
            with contextlib.suppress(asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(OK)
            writer.close()

        path = str(tmp_path / "socket")
        server = await asyncio.start_unix_server(serve, path, ssl=serving(authority))
        async with ClientSession(connector=aiolos_client.UnixConnector(path)) as session:
            for url in ("https://localhost/", "https://localhost./"):
                assert await get(session, url, ssl=trusting) == "ok"
            with pytest.raises(aiolos_client.ServerFingerprintMismatch, match="socket"):
                await get(session, "https://localhost/", ssl=Fingerprint(bytes(32)))
            with pytest.raises(aiolos_client.ClientConnectorError, match="no name of a server"):
                await get(session, f"https://{'a' * 70}.example/", ssl=trusting)
        server.close()

    async def test_a_unix_socket_that_is_not_there(self, tmp_path):
        connector = aiolos_client.UnixConnector(str(tmp_path / "nowhere"))
        async with ClientSession(connector=connector) as session:
            with pytest.raises(aiolos_client.UnixClientConnectorError, match="nowhere") as caught:
                await get(session, "http://x/")
        assert caught.value.path == connector.path

    @pytest.mark.skipif("sys.platform == 'win32'", reason="they are there")
    async def test_named_pipes_are_of_windows(self):
        with pytest.raises(RuntimeError, match="Windows"):
            aiolos_client.NamedPipeConnector(r"\\.\pipe\x")
