"""Connectors: limits with fair waiting, idle connections, the end."""

import asyncio
import socket
import ssl
import threading

import aiolos_client
import pytest
from aiolos_client import ClientSession, TCPConnector
from aiolos_protocol.testkit import ScriptedPeer


async def get(session, url="/"):
    async with session.get(url) as response:
        return await response.text()


@pytest.mark.parametrize("options", [{"limit": 2}, {"limit_per_host": 2}])
async def test_cli_17_limits_are_kept_and_waiting_is_fair(options):
    order = []
    at_once = most = 0
    gate = asyncio.Event()

    async def serve(reader, writer):
        nonlocal at_once, most
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            at_once += 1
            most = max(most, at_once)
            order.append(head.split(b" ")[1].decode())
            await gate.wait()
            at_once -= 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with ScriptedPeer(serve) as peer:
        connector = TCPConnector(**options)
        async with ClientSession(f"http://127.0.0.1:{peer.port}", connector=connector) as session:
            asked = [asyncio.ensure_future(get(session, f"/{number}")) for number in range(8)]
            while len(order) < 2:
                await asyncio.sleep(0)
            gate.set()
            assert await asyncio.gather(*asked) == ["ok"] * 8
        assert most == 2
        assert peer.connections == 2
    assert sorted(order[:2]) == ["/0", "/1"]
    assert order[2:] == [f"/{number}" for number in range(2, 8)]


async def test_cli_16_the_usual_parameters(talk):
    connector = TCPConnector(
        limit=100, limit_per_host=30, ttl_dns_cache=300, ssl=True, keepalive_timeout=30
    )
    async with talk(connector=connector) as (_, session):
        assert session.connector is connector
        assert (connector.limit, connector.limit_per_host) == (100, 30)
        assert connector.ssl is True
        assert connector.use_dns_cache
        assert not connector.force_close
        assert await get(session) == "ok"
        (link,) = connector._hosts
        assert link.deadline == pytest.approx(connector._clock.now + 30, abs=1)
    assert connector.closed


async def test_cli_37_resolve_host_is_where_it_always_was(peer):
    asked = []

    class Watching(TCPConnector):
        async def _resolve_host(self, host, port, traces=None):
            asked.append((host, port))
            return await super()._resolve_host(host, port, traces)

    async with peer() as server, ClientSession(connector=Watching()) as session:
        found = await session.connector._resolve_host("127.0.0.1", 80)
        assert (found[0]["host"], found[0]["port"]) == ("127.0.0.1", 80)
        assert await get(session, server.url) == "ok"
    assert asked == [("127.0.0.1", 80), ("127.0.0.1", int(server.url.rpartition(":")[2]))]


async def test_one_that_waits_and_is_cancelled_leaves_its_place(talk):
    async with talk(b"", connector=TCPConnector(limit=1)) as (peer, session):
        first = asyncio.ensure_future(get(session))
        while not peer.requests:
            await asyncio.sleep(0)
        second = asyncio.ensure_future(get(session))
        third = asyncio.ensure_future(get(session))
        await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        assert await third == "ok"
        for each in (first, second):
            with pytest.raises(asyncio.CancelledError):
                await each


async def test_an_idle_connection_is_closed_in_time(talk):
    async with talk(connector=TCPConnector(keepalive_timeout=7)) as (peer, session):
        assert await get(session) == "ok"
        (link,) = session.connector._hosts
        assert link.deadline == pytest.approx(session.connector._clock.now + 7, abs=1)
        link.expired()
        assert await get(session) == "ok"
        assert peer.connections == 2


async def test_bytes_on_an_idle_connection_end_it(talk):
    async with talk() as (peer, session):
        assert await get(session) == "ok"
        (link,) = session.connector._hosts
        link.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        assert await get(session) == "ok"
        assert peer.connections == 2


async def test_force_close_uses_each_connection_once(talk):
    async with talk(connector=TCPConnector(force_close=True)) as (peer, session):
        assert session.connector.force_close
        assert await get(session) == "ok"
        assert await get(session) == "ok"
        assert peer.connections == 2


CARELESS = b"HTTP/1.1 200 OK\nX-Folded: a\n b\nTransfer-Encoding: chunked\n\n2 \r\nok\r\n0\r\n\r\n"


async def test_a_lenient_connector_bears_careless_servers(talk):
    async with talk(CARELESS, connector=TCPConnector(lenient=True)) as (_, session):
        async with session.get("/") as response:
            assert response.headers["X-Folded"] == "a b"
            assert await response.text() == "ok"


async def test_others_do_not(talk):
    async with talk(CARELESS) as (_, session):
        with pytest.raises(aiolos_client.ClientResponseError, match=r"not CRLF \(RFC 9112 2\.2\)"):
            await session.get("/")


async def test_closing_ends_whoever_waits(talk):
    async with talk(b"", connector=TCPConnector(limit=1)) as (peer, session):
        first = asyncio.ensure_future(get(session))
        while not peer.requests:
            await asyncio.sleep(0)
        second = asyncio.ensure_future(get(session))
        await asyncio.sleep(0)
        await session.close()
        for each in (first, second):
            with pytest.raises(aiolos_client.ClientError):
                await each


async def test_cli_14_a_refused_connection_names_host_and_port():
    async with ClientSession() as session:
        with pytest.raises(
            aiolos_client.ClientConnectorError,
            match=r"Cannot connect to host 127\.0\.0\.1:1: Connect",
        ) as caught:
            await session.get("http://127.0.0.1:1/")
        assert (caught.value.host, caught.value.port) == ("127.0.0.1", 1)
        assert isinstance(caught.value, OSError)


async def test_an_unknown_name_is_a_dns_error():
    async with ClientSession() as session:
        with pytest.raises(aiolos_client.ClientConnectorDNSError, match="no-such-host.invalid"):
            await session.get("http://no-such-host.invalid/")


async def test_a_failed_dial_frees_its_place():
    async with ClientSession(connector=TCPConnector(limit=1)) as session:
        for _ in range(3):
            with pytest.raises(aiolos_client.ClientConnectorError):
                await session.get("http://127.0.0.1:1/")


class TestTLS:
    @pytest.fixture
    async def url(self, authority):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)

        async def serve(reader, writer):
            try:
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        server.close()

    async def test_cli_18_an_authority_of_ones_own(self, authority, url):
        context = ssl.create_default_context()
        authority.configure_trust(context)
        async with ClientSession(connector=TCPConnector(ssl=context)) as session:
            assert await get(session, url) == "ok"
            assert await get(session, url) == "ok"

    async def test_cli_18_an_unknown_authority_is_refused(self, url):
        async with ClientSession() as session:
            with pytest.raises(
                aiolos_client.ClientConnectorCertificateError, match="its certificate was refused"
            ):
                await session.get(url)

    async def test_cli_19_verification_can_be_switched_off(self, url):
        async with ClientSession(connector=TCPConnector(ssl=False)) as session:
            assert await get(session, url) == "ok"

    async def test_plain_http_where_tls_is_spoken(self, url):
        async with ClientSession() as session:
            with pytest.raises(aiolos_client.ClientError):
                await session.get(url.replace("https", "http"))

    async def test_what_is_no_setting_is_refused(self):
        with pytest.raises(TypeError, match="ssl should be SSLContext, bool or Fingerprint"):
            TCPConnector(ssl="yes")


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


@pytest.mark.parametrize("unasked", [OK + b"ev", b""])
async def test_what_came_on_an_idle_connection_while_the_loop_was_busy_answers_nobody(unasked):
    """The bytes, or the end, are in the socket's buffer, and no callback has run since."""
    listener = socket.create_server(("127.0.0.1", 0))
    idle, come = threading.Event(), threading.Event()

    def serve():
        first, _ = listener.accept()
        with first:
            first.recv(65536)
            first.sendall(OK + b"1.")
            idle.wait(30)
            first.sendall(unasked) if unasked else first.shutdown(socket.SHUT_WR)
            come.set()
            second, _ = listener.accept()
            with second:
                second.recv(65536)
                second.sendall(OK + b"2.")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        async with ClientSession(f"http://127.0.0.1:{listener.getsockname()[1]}") as session:
            assert await get(session) == "1."
            idle.set()
            assert come.wait(30)
            async with session.post("/", data=b"x") as response:
                assert await response.text() == "2."
    finally:
        idle.set()
        thread.join(30)
        listener.close()


async def test_a_jar_that_raises_costs_no_place(talk):
    class Jar(aiolos_client.CookieJar):
        def update_cookies_from_headers(self, headers, response_url):
            raise ZeroDivisionError

    half = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\no"
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    options = {"connector": TCPConnector(limit=1), "cookie_jar": Jar()}
    async with talk(half, whole, **options) as (_, session):
        with pytest.raises(ZeroDivisionError):
            await session.get("/")
        assert await asyncio.wait_for(get(session), 20) == "ok"


async def test_a_class_of_responses_that_raises_costs_no_place(talk):
    class Own(aiolos_client.ClientResponse):
        def __init__(self, request, *made):
            if request.url.path == "/bad":
                raise ZeroDivisionError
            super().__init__(request, *made)

    half = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"
    whole = half + b"k"
    options = {"connector": TCPConnector(limit=1), "response_class": Own}
    async with talk(half, whole, **options) as (_, session):
        with pytest.raises(ZeroDivisionError):
            await session.get("/bad")
        assert await asyncio.wait_for(get(session), 20) == "ok"


async def test_what_is_being_dialled_ends_with_the_connector():
    # Connections are accepted by the system, and nobody speaks TLS.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        session = ClientSession()
        asked = asyncio.ensure_future(session.get(url))
        loop = asyncio.get_running_loop()
        silent.setblocking(False)
        accepted, _ = await loop.sock_accept(silent)
        with accepted:
            await session.close()
            told = "the connector was closed while connecting"
            with pytest.raises(aiolos_client.ClientConnectionError, match=told):
                await asked
            accepted.setblocking(False)
            while await loop.sock_recv(accepted, 65_536):
                pass
