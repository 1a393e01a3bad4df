"""Resolvers: the system's, and aiodns against a DNS server on loopback."""

import asyncio
import importlib.util
import os
import socket
import struct
import sys

import aiolos_client
import pytest
from aiolos_client import AsyncResolver, DefaultResolver, ThreadedResolver

if importlib.util.find_spec("aiodns") is None and os.environ.get("CI") == "true":
    raise ImportError("the tests need aiodns")
needs_aiodns = pytest.mark.skipif(
    importlib.util.find_spec("aiodns") is None, reason="aiodns is an extra"
)


class DnsServer(asyncio.DatagramProtocol):
    """Knows every name that does not begin with "no": it is 127.0.0.1."""

    def __init__(self):
        self.asked = []

    def connection_made(self, transport):
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data, address):
        end = data.index(b"\0", 12) + 5
        question = data[12:end]
        name = question[1 : 1 + question[0]].decode()
        kind = struct.unpack(">H", question[-4:-2])[0]
        self.asked.append((name, kind))
        found = kind == 1 and not name.startswith("no")
        flags = 0x8180 if not name.startswith("no") else 0x8183
        head = data[:2] + struct.pack(">HHHHH", flags, 1, int(found), 0, 0)
        answer = struct.pack(">HHHIH4B", 0xC00C, 1, 1, 60, 4, 127, 0, 0, 1) if found else b""
        self._transport.sendto(head + question + answer, address)


@pytest.fixture
async def dns():
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(DnsServer, local_addr=("127.0.0.1", 0))
    yield server
    transport.close()


async def test_the_systems_own():
    resolver = ThreadedResolver()
    found = await resolver.resolve("localhost", 80, socket.AF_INET)
    assert found[0]["host"] == "127.0.0.1"
    assert (found[0]["hostname"], found[0]["port"]) == ("localhost", 80)
    with pytest.raises(OSError):
        await resolver.resolve("nobody.invalid", 80)
    for name in ("a..b", "a" * 64 + ".invalid"):
        with pytest.raises(OSError, match="empty or longer than 63"):
            await resolver.resolve(name, 80)
    await resolver.close()


def test_the_default_needs_nothing_else():
    assert DefaultResolver is ThreadedResolver


@needs_aiodns
async def test_cli_39_aiodns(dns, peer):
    resolver = AsyncResolver(nameservers=[f"127.0.0.1:{dns.port}"])
    connector = aiolos_client.TCPConnector(resolver=resolver, ttl_dns_cache=300, force_close=True)
    async with peer() as server, aiolos_client.ClientSession(connector=connector) as session:
        url = server.url.replace("127.0.0.1", "some.example")
        for _ in range(3):
            async with session.get(url) as response:
                assert await response.text() == "ok"
    assert [name for name, _ in dns.asked].count("some") <= 2
    connector = aiolos_client.TCPConnector(resolver=resolver)
    async with aiolos_client.ClientSession(connector=connector) as session:
        with pytest.raises(aiolos_client.ClientConnectorDNSError):
            await session.get("http://no.example/")
    await resolver.close()
    await resolver.close()
    with pytest.raises(RuntimeError, match="make one for each connector"):
        await resolver.resolve("some.example")


async def test_aiodns_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiodns", None)
    with pytest.raises(RuntimeError, match="pip install aiodns"):
        AsyncResolver()
