"""Redirections: where they lead, what goes along, what does not."""

from http.cookies import SimpleCookie

import aiolos_client
import pytest
from aiolos_client import BasicAuth, ClientSession
from aiolos_protocol.testkit import ScriptedPeer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def to(location, status=302, body=b""):
    return b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        location.encode(),
        len(body),
        body,
    )


def first_line(request):
    return request.split(b"\r\n")[0].decode()


async def test_cli_13_redirections_are_followed_and_listed(talk):
    async with talk(to("/b"), to("c?d=1", 301), OK) as (peer, session):
        async with session.get("/a") as response:
            assert await response.text() == "ok"
            assert [each.status for each in response.history] == [302, 301]
            assert [each.url.path for each in response.history] == ["/a", "/b"]
            assert response.url.path_qs == "/c?d=1"
        assert [first_line(each) for each in peer.requests] == [
            "GET /a HTTP/1.1",
            "GET /b HTTP/1.1",
            "GET /c?d=1 HTTP/1.1",
        ]
        assert peer.connections == 1


async def test_cli_13_they_need_not_be_followed(talk):
    async with talk(to("/b")) as (_, session):
        async with session.get("/a", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (302, "/b")
            assert response.history == ()


async def test_head_does_not_follow_unless_it_is_told_to(talk):
    async with talk(to("/b"), to("/b"), b"HTTP/1.1 200 OK\r\n\r\n") as (peer, session):
        async with session.head("/a") as response:
            assert response.status == 302
        async with session.head("/a", allow_redirects=True) as response:
            assert response.status == 200
        assert first_line(peer.requests[-1]) == "HEAD /b HTTP/1.1"


@pytest.mark.parametrize("count", [3, 4])
async def test_cli_13_too_many(talk, count):
    async with talk(*[to("/again")] * (count - 1), OK) as (_, session):
        if count == 3:
            async with session.get("/", max_redirects=3) as response:
                assert len(response.history) == 2
        else:
            with pytest.raises(aiolos_client.TooManyRedirects, match="max_redirects=3") as caught:
                await session.get("/", max_redirects=3)
            assert len(caught.value.history) == 3
            assert caught.value.request_info.url.path == "/"
            assert "redirection 3 in a row is not followed" in caught.value.message


async def test_no_bound_of_redirections(talk):
    async with talk(*[to("/again")] * 20, OK) as (_, session):
        async with session.get("/", max_redirects=0) as response:
            assert len(response.history) == 20


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 301, "PUT"),
        ("PUT", 302, "PUT"),
        ("PUT", 303, "GET"),
        ("DELETE", 303, "GET"),
        ("QUERY", 302, "QUERY"),
        ("QUERY", 303, "GET"),
    ],
)
async def test_methods_and_bodies(talk, method, status, then):
    async with talk(to("/b", status), OK) as (peer, session):
        options = {"data": b"body", "headers": {"Content-Language": "de"}}
        async with session.request(method, "/a", **options) as response:
            assert response.method == then
        head, _, body = peer.requests[1].partition(b"\r\n\r\n")
        assert head.startswith(f"{then} /b".encode())
        assert body == (b"body" if then == method else b"")
        assert (b"Content-Language" in head) is (then == method)
        assert (b"Content-Type" in head) is (then == method)


async def test_a_file_is_sent_again(talk, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"from the disk")
    async with talk(to("/b", 307), OK) as (peer, session):
        with path.open("rb") as file:
            async with session.put("/a", data=file):
                pass
            assert file.closed
        assert [each.partition(b"\r\n\r\n")[2] for each in peer.requests] == [
            b"from the disk",
            b"from the disk",
        ]


async def test_a_body_that_is_gone_cannot_be_sent_again(talk):
    async def pieces():
        yield b"once"

    async with talk(to("/b", 307)) as (_, session):
        with pytest.raises(
            aiolos_client.ClientPayloadError,
            match="^Cannot follow redirect with a consumed request body: PUT http",
        ):
            await session.put("/a", data=pieces())


async def test_secrets_stay_with_their_origin(peer):
    async with peer(OK) as other, peer() as own:
        own._answers = [to("/again"), to(other.url + "/x")]
        async with ClientSession(own.url) as session:
            options = {
                "headers": {"Authorization": "Bearer t", "X-Mine": "1"},
                "cookies": {"c": "1"},
            }
            async with session.get("/", **options) as response:
                assert await response.text() == "ok"
    assert all(b"Bearer t" in each and b"Cookie: c=1" in each for each in own.requests)
    assert b"Bearer" not in other.requests[0]
    assert b"Cookie" not in other.requests[0]
    assert b"X-Mine: 1" in other.requests[0]


async def test_an_account_of_the_session_stays_with_its_origin(peer):
    async with peer(OK) as other, peer(to(other.url)) as own:
        async with ClientSession(own.url, auth=BasicAuth("u", "p")) as session:
            async with session.get("/"):
                pass
    assert b"Authorization: Basic" in own.requests[0]
    assert b"Authorization" not in other.requests[0]


async def test_an_account_in_the_location_is_used(talk):
    async with talk() as (peer, session):
        peer._answers = [to(peer.url.replace("//", "//u:p@") + "/b"), OK]
        async with session.get("/a") as response:
            assert response.url.user is None
        assert b"Authorization: Basic dTpw" in peer.requests[1]


async def test_a_host_of_ones_own_is_not_handed_on_to_another_origin(peer):
    async with peer(OK) as other, peer(to(other.url)) as own, ClientSession() as session:
        async with session.get(own.url, headers={"Host": "virtual"}):
            pass
    assert b"Host: virtual" in own.requests[0]
    assert b"Host: 127.0.0.1" in other.requests[0]


async def test_a_fragment_is_handed_on(talk):
    async with talk(to("/b"), OK, to("/c#new"), OK) as (_, session):
        async with session.get("/a#old") as response:
            assert response.real_url.fragment == "old"
            assert response.url.fragment == ""
        async with session.get("/a#old") as response:
            assert response.real_url.fragment == "new"


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("http://[::1", aiolos_client.InvalidUrlRedirectClientError),
        ("http://", aiolos_client.InvalidUrlRedirectClientError),
        ("http:///x", aiolos_client.InvalidUrlRedirectClientError),
        ("//", aiolos_client.InvalidUrlRedirectClientError),
        ("//?a", aiolos_client.InvalidUrlRedirectClientError),
        ("http://host:99999/", aiolos_client.InvalidUrlRedirectClientError),
        ("http://127.1/", aiolos_client.InvalidUrlRedirectClientError),
        ("http://0x7f000001/", aiolos_client.InvalidUrlRedirectClientError),
        ("ftp://host/", aiolos_client.NonHttpUrlRedirectClientError),
        ("ws://host/", aiolos_client.NonHttpUrlRedirectClientError),
        ("javascript:alert(1)", aiolos_client.NonHttpUrlRedirectClientError),
    ],
)
async def test_where_it_cannot_go(talk, location, kind):
    async with talk(to(location)) as (_, session):
        with pytest.raises(kind, match="redirects there") as caught:
            await session.get("/")
        assert isinstance(caught.value, aiolos_client.RedirectClientError)
        async with session.get("/") as response:
            assert await response.read() == b"ok"


async def test_without_a_location_it_is_the_answer(talk):
    async with talk(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n") as (_, session):
        async with session.get("/") as response:
            assert response.status == 302


async def test_locations_are_quoted_unless_the_session_says_otherwise(peer):
    for requote, path in ((True, "/a-b"), (False, "/a%2Db")):
        async with peer(to("/a%2Db"), OK) as server:
            async with ClientSession(server.url, requote_redirect_url=requote) as session:
                async with session.get("/") as response:
                    assert response.url.raw_path == path
        assert first_line(server.requests[1]) == f"GET {path} HTTP/1.1"


async def test_a_body_that_is_not_read_costs_the_connection_only():
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9\r\n\r\nbegun")
        await reader.read()

    answered = []

    async def script(reader, writer):
        if not answered:
            answered.append(1)
            await serve(reader, writer)
        else:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)

    async with ScriptedPeer(script) as server:
        async with ClientSession(f"http://127.0.0.1:{server.port}") as session:
            async with session.get("/a") as response:
                assert await response.text() == "ok"
        assert server.connections == 2


@pytest.mark.parametrize("location", ["/a b HTTP/1.1", "/a\tb", "http://a\tb/", "/\xff"])
async def test_a_location_that_no_request_line_may_hold(talk, location):
    async with talk(to(location)) as (peer, session):
        session.requote_redirect_url = False
        with pytest.raises(aiolos_client.InvalidUrlRedirectClientError):
            await session.get("/")
        assert len(peer.requests) == 1


@pytest.mark.parametrize("location", ["http://a\tb/", "/a\tb"])
async def test_a_control_character_is_no_part_of_a_location(talk, location):
    async with talk(to(location)) as (peer, session):
        with pytest.raises(aiolos_client.InvalidUrlRedirectClientError, match="control character"):
            await session.get("/")
        assert len(peer.requests) == 1


async def test_bytes_of_a_location_that_are_no_text_are_quoted(talk):
    there = to("/X").replace(b"/X", b"/\xff")
    async with talk(there, OK) as (peer, session):
        async with session.get("/") as response:
            assert response.status == 200
    assert first_line(peer.requests[1]) == "GET /%FF HTTP/1.1"


async def test_a_request_class_of_ones_own_is_kept(talk):
    class Request(aiolos_client.ClientRequest):
        pass

    seen = []

    async def watch(request, handler):
        seen.append(type(request))
        return await handler(request)

    options = {"request_class": Request, "middlewares": (watch,), "trust_env": True}
    async with talk(to("/b"), OK, **options) as (_, session):
        async with session.get("/") as response:
            assert response.status == 200
    assert seen == [Request, Request]


async def test_port_0_is_no_port(talk):
    async with talk(to("http://127.0.0.1:0/")) as (_, session):
        told = "GET .*/ redirects there: the port 0 is not"
        with pytest.raises(aiolos_client.InvalidUrlRedirectClientError, match=told):
            await session.get("/")
        with pytest.raises(aiolos_client.InvalidUrlClientError, match="the port 0 is not"):
            await session.get("http://127.0.0.1:0/")


@pytest.mark.parametrize("kind", ["morsel", "plain"])
@pytest.mark.parametrize(("start", "end"), [("/admin/x", "/public"), ("/public", "/admin/x")])
async def test_cookies_of_the_request_go_where_they_are_for_behind_it_too(talk, start, end, kind):
    cookies = SimpleCookie({"k": "v"})
    if kind == "morsel":
        cookies["k"]["path"] = "/admin"
    async with talk(to(end), to(start)) as (peer, session):
        async with session.get(start, cookies=cookies):
            pass
    assert [b"Cookie: k=v" in each for each in peer.requests] == [
        kind == "plain" or b" /admin" in each for each in peer.requests
    ]
    assert len(peer.requests) == 3
