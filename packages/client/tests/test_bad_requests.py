"""CR, LF and NUL in anything that goes into a head are refused before a byte is sent."""

import asyncio
import io

import aiolos_client
import pytest
from aiolos_client import BasicAuth, ClientSession, ClientTimeout, FormData
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.multipart import MultipartWriter
from aiolos_protocol.testkit import ScriptedPeer
from yarl import URL

SOON = ClientTimeout(total=5)


def form(**field):
    made = FormData()
    made.add_field(**field)
    return made


def part(headers):
    writer = MultipartWriter("form-data")
    writer.append("x", headers)
    return writer


ASKED = {
    "method": lambda s, u, bad: s.request("GET" + bad, u),
    "host": lambda s, u, bad: s.get(f"http://a{bad}b/"),
    "user": lambda s, u, bad: s.get(u.replace("//", f"//a{bad}:b@")),
    "path": lambda s, u, bad: s.get(f"{u}/a{bad}"),
    "query": lambda s, u, bad: s.get(f"{u}/?a={bad}"),
    "fragment": lambda s, u, bad: s.get(f"{u}/#a{bad}"),
    "header name": lambda s, u, bad: s.get(u, headers={"A" + bad: "b"}),
    "header value": lambda s, u, bad: s.get(u, headers={"A": "b" + bad}),
    "Host": lambda s, u, bad: s.get(u, headers={"Host": "b" + bad}),
    "Cookie": lambda s, u, bad: s.get(u, headers={"Cookie": "b" + bad}),
    "Content-Length": lambda s, u, bad: s.post(u, data=b"x", headers={"Content-Length": "1" + bad}),
    "Transfer-Encoding": lambda s, u, bad: s.post(
        u, data=b"x", headers={"Transfer-Encoding": "chunked" + bad}
    ),
    "content type": lambda s, u, bad: s.post(u, data="x", content_type="text/plain" + bad),
    "type of JSON": lambda s, u, bad: s.post(u, json=1, content_type="text/plain" + bad),
    "cookie name": lambda s, u, bad: s.get(u, cookies={"a" + bad: "b"}),
    "cookie value": lambda s, u, bad: s.get(u, cookies={"a": "b" + bad}),
    "login": lambda s, u, bad: s.get(u, auth=BasicAuth("a" + bad, "b")),
    "password": lambda s, u, bad: s.get(u, auth=BasicAuth("a", "b" + bad)),
    "form name": lambda s, u, bad: s.post(u, data={"a" + bad: "b"}),
    "form name of a file": lambda s, u, bad: s.post(u, data={"a" + bad: io.BytesIO(b"x")}),
    "file name": lambda s, u, bad: s.post(
        u, data=form(name="a", value=io.BytesIO(b"x"), filename="f" + bad)
    ),
    "type of a file": lambda s, u, bad: s.post(
        u, data=form(name="a", value="x", content_type="text/plain" + bad)
    ),
    "part's header name": lambda s, u, bad: s.post(u, data=part({"A" + bad: "b"})),
    "part's header value": lambda s, u, bad: s.post(u, data=part({"A": "b" + bad})),
    "boundary": lambda s, u, bad: s.post(u, data=MultipartWriter("mixed", boundary="x" + bad)),
    "subtype": lambda s, u, bad: s.post(u, data=MultipartWriter("mixed" + bad)),
    "coding": lambda s, u, bad: s.post(u, data=b"x", compress="gzip" + bad),
    "proxy": lambda s, u, bad: s.get("http://a.example/", proxy=u + bad),
    "name for the proxy": lambda s, u, bad: s.get(
        "https://a.example/", proxy=u, proxy_headers={"A" + bad: "b"}
    ),
    "value for the proxy": lambda s, u, bad: s.get(
        "https://a.example/", proxy=u, proxy_headers={"A": "b" + bad}
    ),
    "server_hostname": lambda s, u, bad: s.get(
        u.replace("http", "https"), server_hostname="a" + bad
    ),
    "event's id": lambda s, u, bad: s.sse(u, last_event_id="a" + bad),
}


@pytest.mark.parametrize("bad", ["\r\nX-Evil: 1", "\r", "\n", "\0"], ids=repr)
@pytest.mark.parametrize("where", ASKED)
async def test_control_characters(where, bad):
    received = []

    async def serve(reader, writer):
        try:
            received.append(await reader.read(1))
        except ConnectionError:
            received.append(b"")

    async with ScriptedPeer(serve) as server:
        async with ClientSession(timeout=SOON) as session:
            with pytest.raises((ValueError, LocalProtocolError)) as caught:
                async with ASKED[where](session, f"http://127.0.0.1:{server.port}", bad):
                    pass
        assert "\n" not in str(caught.value)
        while len(received) < server.connections:
            await asyncio.sleep(0)
    assert b"".join(received) == b""


@pytest.mark.parametrize("bad", ["\r\nX-Evil: 1", "\r", "\n", "\0"], ids=repr)
async def test_in_a_url_that_is_one_already(peer, bad):
    """yarl takes the ends of lines out, and quotes the rest unless it is told not to."""
    async with peer() as server, ClientSession() as session:
        for encoded in (True, False):
            url = URL(f"{server.url}/a{bad}", encoded=encoded)
            try:
                async with session.get(url):
                    pass
            except ValueError:
                continue
        for request in server.requests:
            assert request.split(b"\r\n")[0].count(b" ") == 2
            assert b"X-Evil: 1" not in request.split(b"\r\n")


async def test_of_the_session():
    for options in (
        {"base_url": "http://a.example/\r\n"},
        {"cookies": {"a": "\0"}},
        {"proxy": "http://a.example\n"},
    ):
        with pytest.raises(ValueError, match="control character"):
            ClientSession(**options)


@pytest.mark.parametrize(
    "host", ["a b", "a\\b", "a<b>", "a|b", "a^b", 'a"b', "a{b}", "[::g]", "[fe80::1%a\x7f]"]
)
async def test_what_is_no_host(host):
    """Before anybody is asked for its address."""
    async with ClientSession() as session:
        with pytest.raises(aiolos_client.InvalidURL):
            await session.get(f"http://{host}/")
        with pytest.raises(aiolos_client.InvalidURL):
            await session.get("http://a.example/", proxy=f"http://{host}/")


@pytest.mark.parametrize("host", ["a_b.example", "xn--bcher-kva.example", "bücher.example", "a-.b"])
async def test_what_is_one(host, unused_port):
    class Nobody(aiolos_client.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            raise OSError("nobody")

        async def close(self):
            pass

    connector = aiolos_client.TCPConnector(resolver=Nobody())
    async with ClientSession(connector=connector) as session:
        with pytest.raises(aiolos_client.ClientConnectorDNSError, match="nobody"):
            await session.get(f"http://{host}:{unused_port}/")


@pytest.mark.parametrize(
    "headers",
    [
        [("Host", "a"), ("Host", "b")],
        [("Host", "a"), ("host", "a")],
        {"Host": "a b/c"},
        {"Host": "a/b"},
        {"Host": "u@a"},
        {"Host": "a:b"},
        {"Host": "bücher.example"},
    ],
)
async def test_a_host_that_is_none_is_not_sent(talk, headers):
    async with talk() as (peer, session):
        with pytest.raises(ValueError, match=r"Host.*RFC 911[02]"):
            await session.get("/", headers=headers)
        assert peer.requests == []


@pytest.mark.parametrize("host", ["a", "a:80", "[::1]:8080", "a_b", "xn--bcher-kva.example", ""])
async def test_a_host_of_ones_own_is_sent(talk, host):
    async with talk() as (peer, session):
        async with session.get("/", headers={"Host": host}) as response:
            assert response.status == 200
        assert b"\r\nHost: %b\r\n" % host.encode() in peer.requests[0]
