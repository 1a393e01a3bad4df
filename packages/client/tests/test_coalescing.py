"""Requests to one origin over a connection that was opened to another (RFC 9113 9.1.1)."""

import asyncio
import contextlib
import socket
import ssl
from hashlib import sha256

import pytest
from aiolos_client import (
    ClientConnectorCertificateError,
    ClientSession,
    Fingerprint,
    TCPConnector,
    UploadTracker,
)
from aiolos_client.abc import AbstractResolver
from aiolos_client.addresses import literal
from aiolos_client.coalescing import Authority, Lenders
from aiolos_client.keys import ConnectionKey
from aiolos_protocol.clock import Clock
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h2_server import H2ServerLink


class Role:
    """Answers each request by the host that it names, or as `server.answer(role, head)` does."""

    busy = False

    def __init__(self, server):
        self.server = server

    def connected(self, link):
        self.link = link

    def request_received(self, head):
        self.server.asked.append(head.headers["Host"].partition(":")[0])
        self.server.answer(self, head)

    def respond(self, head, status=200):
        body = self.server.asked[-1].encode()
        self.link.answer(head, status, "", "text/plain", None, body, True)

    def lost(self, exc):
        pass

    half_closed = request_refused = lost


class Server:
    """An HTTP/2 server behind TLS; `asked` are the hosts of its requests, in order."""

    def __init__(self, certificate):
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.set_alpn_protocols(["h2"])
        certificate.configure_cert(self._context)
        self.connections = 0
        self.asked = []
        self.answer = Role.respond

    async def start(self, address="127.0.0.1", port=0):
        loop = asyncio.get_running_loop()
        clock = Clock(loop)

        def connected():
            self.connections += 1
            return H2ServerLink(loop, clock, DEFAULT_LIMITS, lambda: Role(self), "s")

        server = await loop.create_server(connected, address, port, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        return server


class Book(AbstractResolver):
    """A resolver of few names: all others are 127.0.0.1."""

    def __init__(self, **names):
        self.names = names

    async def resolve(self, host, port=0, family=socket.AF_INET):
        addresses = self.names.get(host.partition(".")[0], "127.0.0.1").split()
        return [{**literal(each, port), "hostname": host} for each in addresses]

    async def close(self):
        pass


@pytest.fixture
async def serve(authority):
    """`await serve(name, ...)`: a server with a certificate of these names."""
    async with contextlib.AsyncExitStack() as stack:

        async def serve(*names, **where):
            server = Server(authority.issue_cert(*names))
            await stack.enter_async_context(await server.start(**where))
            return server

        yield serve


@pytest.fixture
async def make_session(trusting):
    """`make_session(**options of the connector)`; the resolver knows `names`."""
    async with contextlib.AsyncExitStack() as stack:

        async def make_session(names=None, **options):
            options = {"http2": True, "ssl": trusting, **options}
            connector = TCPConnector(resolver=Book(**(names or {})), **options)
            return await stack.enter_async_context(ClientSession(connector=connector))

        yield make_session


async def get(session, host, port, status=200, **options):
    async with session.get(f"https://{host}:{port}/", **options) as response:
        assert (response.version, response.status) == ((2, 0), status)
        return await response.text()


class TestSharing:
    @pytest.mark.parametrize("names", [["a.test", "b.test"], ["a.test", "*.test.test"]])
    async def test_a_certificate_of_both_names(self, serve, make_session, names):
        other = "b.test" if "b.test" in names else "b.test.test"
        server = await serve(*names)
        session = await make_session()
        for host in ("a.test", other, other, "a.test"):
            assert await get(session, host, server.port) == host
        assert server.connections == session.connector.open_connections == 1

    async def test_the_other_name_is_not_on_it(self, serve, make_session):
        server = await serve("a.test")
        session = await make_session()
        await get(session, "a.test", server.port)
        with pytest.raises(ClientConnectorCertificateError):
            await get(session, "b.test", server.port)
        assert server.asked == ["a.test"]

    async def test_another_address(self, serve, make_session):
        server = await serve("a.test", "b.test")
        there = await serve("a.test", "b.test", address="127.0.0.2", port=server.port)
        session = await make_session({"b": "127.0.0.2"})
        assert await get(session, "a.test", server.port) == "a.test"
        assert await get(session, "b.test", server.port) == "b.test"
        assert (server.asked, there.asked) == (["a.test"], ["b.test"])

    async def test_one_of_several_addresses(self, serve, make_session):
        server = await serve("a.test", "b.test")
        session = await make_session({"b": "127.0.0.2 127.0.0.1"})
        await get(session, "a.test", server.port)
        await get(session, "b.test", server.port)
        assert server.connections == 1

    async def test_another_port(self, serve, make_session):
        server, there = await serve("a.test", "b.test"), await serve("a.test", "b.test")
        session = await make_session()
        await get(session, "a.test", server.port)
        await get(session, "b.test", there.port)
        assert (server.asked, there.asked) == (["a.test"], ["b.test"])

    async def test_many_at_once_open_one(self, serve, make_session):
        server = await serve("a.test", "b.test")
        session = await make_session()
        await get(session, "a.test", server.port)
        asked = [get(session, host, server.port) for host in ("b.test", "a.test") * 20]
        assert await asyncio.gather(*asked) == ["b.test", "a.test"] * 20
        assert server.connections == 1

    async def test_an_address_that_is_on_the_certificate(self, serve, make_session):
        server = await serve("a.test", "127.0.0.1")
        session = await make_session()
        await get(session, "a.test", server.port)
        await get(session, "127.0.0.1", server.port)
        assert server.connections == 1

    async def test_a_body_goes_the_same_way(self, serve, make_session):
        server = await serve("a.test", "b.test")
        session = await make_session()
        await get(session, "a.test", server.port)
        async with session.post(f"https://b.test:{server.port}/", data=b"x") as response:
            assert await response.text() == "b.test"
        assert server.connections == 1


class TestNever:
    """What is checked otherwise than by name and authority serves nobody else."""

    async def two(self, serve, session, status=200, **options):
        server = await serve("a.test", "b.test")
        for host in ("a.test", "b.test"):
            await get(session, host, server.port, status, **options)
        return server

    async def test_without_verification(self, serve, make_session):
        assert (await self.two(serve, await make_session(), ssl=False)).connections == 2

    async def test_by_a_context_that_does_not_check_names(self, serve, make_session, trusting):
        trusting.check_hostname = False
        assert (await self.two(serve, await make_session())).connections == 2

    async def test_by_a_fingerprint(self, authority, serve, make_session):
        certificate = authority.issue_cert("a.test", "b.test")
        server = Server(certificate)
        der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
        session = await make_session(ssl=Fingerprint(sha256(der).digest()))
        async with await server.start():
            for host in ("a.test", "b.test"):
                await get(session, host, server.port)
        assert server.connections == 2

    async def test_by_another_context(self, authority, serve, make_session, trusting):
        server = await serve("a.test", "b.test")
        session = await make_session()
        await get(session, "a.test", server.port)
        another = ssl.create_default_context()
        authority.configure_trust(another)
        await get(session, "b.test", server.port, ssl=another)
        assert server.connections == 2

    async def test_by_a_name_of_its_own(self, serve, make_session):
        server = await self.two(serve, await make_session(), server_hostname="a.test")
        assert server.connections == 2

    async def test_where_requests_to_a_host_are_limited(self, serve, make_session):
        assert (await self.two(serve, await make_session(limit_per_host=5))).connections == 2

    async def test_where_connections_are_used_once(self, serve, make_session):
        assert (await self.two(serve, await make_session(force_close=True))).connections == 2


class TestMisdirected:
    """RFC 9110 15.5.20: 421 is asked again over a connection of the host's own."""

    def only(self, server):
        """Each connection of `server` answers for one host, 421 to others."""
        known = {}

        def answer(role, head):
            asked = server.asked[-1]
            owner = known.setdefault(role.link.get_extra_info("socket").fileno(), asked)
            role.respond(head, 200 if owner == asked else 421)

        server.answer = answer

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_is_asked_again(self, serve, make_session, method):
        server = await serve("a.test", "b.test")
        self.only(server)
        session = await make_session()
        await get(session, "a.test", server.port)
        tracker = UploadTracker()
        for options in ({"upload_tracker": tracker}, {}):
            async with session.request(
                method, f"https://b.test:{server.port}/", data=b"x" * 9, **options
            ) as response:
                assert (response.status, await response.text()) == (200, "b.test")
        assert (tracker.attempts, tracker.bytes_written) == (2, 9)
        assert server.asked == ["a.test", "b.test", "b.test", "b.test"]
        assert server.connections == 2

    async def test_once(self, serve, make_session):
        server = await serve("a.test", "b.test")
        session = await make_session()
        await get(session, "a.test", server.port)
        server.answer = lambda role, head: role.respond(head, 421)
        assert await get(session, "b.test", server.port, status=421) == "b.test"
        assert server.asked == ["a.test", "b.test", "b.test"]

    async def test_on_a_connection_of_its_own_it_is_the_answer(self, serve, make_session):
        server = await serve("a.test")
        server.answer = lambda role, head: role.respond(head, 421)
        assert await get(await make_session(), "a.test", server.port, status=421)
        assert server.asked == ["a.test"]

    async def test_many_at_once(self, serve, make_session):
        server = await serve("a.test", "b.test")
        self.only(server)
        session = await make_session()
        await get(session, "a.test", server.port)
        assert await asyncio.gather(*[get(session, "b.test", server.port) for _ in range(9)])
        assert server.connections == 2

    async def test_whoever_misdirects_is_not_asked_about_third_hosts(self, serve, make_session):
        server = await serve("a.test", "b.test", "c.test")
        self.only(server)
        session = await make_session()
        for host in ("a.test", "b.test"):
            await get(session, host, server.port)
        server.answer = Role.respond
        await get(session, "c.test", server.port)
        # The connection of b.test has not refused anybody.
        assert server.connections == 2
        assert server.asked == ["a.test", "b.test", "b.test", "c.test"]

    async def test_a_body_that_is_gone_is_not_sent_again(self, serve, make_session):
        async def pieces():
            yield b"once"

        server = await serve("a.test", "b.test")
        self.only(server)
        session = await make_session()
        await get(session, "a.test", server.port)
        url = f"https://b.test:{server.port}/"
        async with session.post(url, data=pieces()) as response:
            assert response.status == 421
        async with session.post(url, data=pieces()) as response:
            assert response.status == 200


class TestBooks:
    async def test_a_connection_that_ends_is_not_used(self, serve, make_session):
        server = await serve("a.test", "b.test")
        session = await make_session()
        for host in ("a.test", "b.test"):
            await get(session, host, server.port)
        server.answer = lambda role, head: role.link.answer(head, 200, "", "", None, b"", False)
        await get(session, "a.test", server.port)
        server.answer = Role.respond
        while session.connector.open_connections:
            await asyncio.sleep(0)
        await get(session, "b.test", server.port)
        await get(session, "a.test", server.port)
        assert server.connections == 2

    async def test_an_idle_one_that_is_dead(self, serve, make_session):
        """What is asked over it is asked again, as over one of the host's own."""
        server = await serve("a.test", "b.test")
        session = await make_session()
        await get(session, "a.test", server.port)

        def cut(role, head):
            role.link.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            server.answer = Role.respond

        server.answer = cut
        assert await get(session, "b.test", server.port) == "b.test"
        assert (server.asked, server.connections) == (["a.test", "b.test", "b.test"], 2)

    async def test_the_one_place_that_there_is(self, serve, make_session):
        """It is made free for the new connection before anybody can know that there is no need."""
        server = await serve("a.test", "b.test")
        session = await make_session(limit=1)
        for host in ("a.test", "b.test", "a.test"):
            assert await get(session, host, server.port) == host
            assert session.connector.open_connections == 1

    async def test_what_is_lent_is_counted_once(self, serve, make_session):
        server = await serve("a.test", "b.test")
        session = await make_session(limit=2)
        for host in ("a.test", "b.test"):
            await get(session, host, server.port)
        held = []
        server.answer = lambda role, head: held.append((role, head))
        ports = server.port, (await serve("a.test", "b.test")).port
        asked = [asyncio.ensure_future(get(session, "b.test", port)) for port in ports]
        assert await asked[1] == "b.test"
        held[0][0].respond(held[0][1])
        await asked[0]
        assert session.connector.open_connections == 2

    async def test_room_on_it_is_for_whoever_it_is_lent_to(self, serve, make_session):
        """Also where `limit` allows no connection more, and no place comes free."""
        server = await serve("a.test", "b.test")
        session = await make_session(limit=2)
        for host in ("a.test", "b.test"):
            await get(session, host, server.port)
        other = await serve("c.test")
        held = []
        other.answer = server.answer = lambda role, head: held.append((role, head))
        asked = [asyncio.ensure_future(get(session, "c.test", other.port))]
        asked += [asyncio.ensure_future(get(session, "a.test", server.port)) for _ in range(100)]
        while len(held) < 101:
            await asyncio.sleep(0.001)
        late = [
            asyncio.ensure_future(get(session, host, server.port)) for host in ("b.test", "a.test")
        ]
        for _ in range(3):
            await asyncio.sleep(0)
        server.answer = Role.respond
        names = [role.server.asked[0] for role, _ in held]
        role, head = held.pop(names.index("a.test"))
        role.link.answer(head, 200, "", "text/plain", None, b"", True)
        await late[0]
        assert await late[1] == "a.test"
        assert server.asked[-2:] == ["b.test", "a.test"]
        assert (server.connections, session.connector.open_connections) == (1, 2)
        for role, head in held:
            role.respond(head)
        await asyncio.gather(*asked)

    async def test_one_that_is_full(self, serve, make_session):
        server = await serve("a.test", "b.test")
        session = await make_session()
        await get(session, "a.test", server.port)
        held = []
        server.answer = lambda role, head: held.append((role, head))
        asked = [asyncio.ensure_future(get(session, "b.test", server.port)) for _ in range(150)]
        while len(held) < 150:
            await asyncio.sleep(0.001)
        assert server.connections == 2
        for role, head in held:
            role.respond(head)
        await asyncio.gather(*asked)


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("a.test", "a.test", True),
        ("a.test", "A.Test", True),
        ("a.test", "a.test.", True),
        ("A.Test", "a.test", True),
        ("a.test", "b.test", False),
        ("*.a.test", "b.a.test", True),
        ("*.a.test", "a.test", False),
        ("*.a.test", ".a.test", False),
        ("*.a.test", "c.b.a.test", False),
        ("*.a.test", "a.test.b.a.test", False),
        # RFC 9525 6.3: no part of a label, no label but the first, nothing right above the root.
        ("b*.a.test", "bc.a.test", False),
        ("*b.a.test", "cb.a.test", False),
        ("b.*.test", "b.a.test", False),
        ("*.*.test", "b.a.test", False),
        ("*.test", "a.test", False),
        ("*", "test", False),
        ("127.0.0.1", "127.0.0.1", False),
        ("*.0.0.1", "127.0.0.1", False),
    ],
)
def test_names_of_a_certificate(name, host, covered):
    assert Authority({"subjectAltName": (("DNS", name),)}).covers(host) is covered


@pytest.mark.parametrize(
    ("address", "host", "covered"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("0:0:0:0:0:0:0:1\n", "::1", True),
        ("::1", "::1%lo", False),
        ("<invalid>", "a.test", False),
    ],
)
def test_addresses_of_a_certificate(address, host, covered):
    assert Authority({"subjectAltName": (("IP Address", address),)}).covers(host) is covered


def test_a_common_name_is_no_host_s():
    subject = ((("commonName", "a.test"),),)
    assert not Authority({"subject": subject}).covers("a.test")


class Link:
    def __init__(self, peername, certificate):
        self._info = {"peername": peername, "ssl_object": self}
        self.getpeercert = lambda: certificate

    def get_extra_info(self, name):
        return self._info[name]


@pytest.mark.parametrize(("peername", "certificate"), [(None, {}), (("::1", 443, 0, 0), None)])
def test_what_cannot_be_told_lends_nothing(peername, certificate):
    lenders = Lenders()
    link = Link(peername, certificate)
    lenders.add(link, ConnectionKey("a.test", 443, True))
    assert list(lenders.find(ConnectionKey("b.test", 443, True), ["::1"])) == []
    lenders.remove(link)
    lenders.remove(link)
