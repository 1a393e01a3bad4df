"""What is sent: the session's defaults, and what a verb was given."""

import asyncio
import gzip
from http.cookies import Morsel, SimpleCookie

import aiolos_client
import pytest
from aiolos_client import BasicAuth, ClientSession, CookieJar, DummyCookieJar
from aiolos_client.clientrequest import Target
from aiolos_protocol.compression import available, compress
from yarl import URL

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def fields(request):
    """The head's lines behind the first, as a dictionary."""
    lines = request.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def answer(body, *lines):
    told = b"".join(b"%b\r\n" % each.encode() for each in lines)
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (told, len(body), body)


def setting(*cookies):
    lines = b"".join(b"Set-Cookie: %b\r\n" % each.encode() for each in cookies)
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: 2\r\n\r\nok" % lines


class TestUrls:
    async def test_cli_02_a_base(self, peer):
        async with peer() as server:
            async with ClientSession(base_url=f"{server.url}/api/v1/") as session:
                for url in ("users", "/users", "../x?a=1", server.url + "/whole"):
                    async with session.get(url):
                        pass
        assert [each.split(b" ")[1] for each in server.requests] == [
            b"/api/v1/users",
            b"/users",
            b"/api/x?a=1",
            b"/whole",
        ]

    async def test_cli_09_a_relative_url_without_a_base(self):
        async with ClientSession() as session:
            with pytest.raises(aiolos_client.InvalidURL, match=r"ClientSession\(base_url=\.\.\.\)"):
                await session.get("/search")

    async def test_cli_08_params(self, talk):
        async with talk(OK, OK, OK) as (peer, session):
            async with session.get("/", params={"q": "python", "page": 1}):
                pass
            async with session.get("/?a=1", params=[("a", "2"), ("a", 3.5)]):
                pass
            async with session.get("/", params="x=1&y=2"):
                pass
            with pytest.raises(TypeError, match=r"params take .*, not \{'a': None\}"):
                await session.get("/", params={"a": None})
        assert [each.split(b" ")[1] for each in peer.requests] == [
            b"/?q=python&page=1",
            b"/?a=1&a=2&a=3.5",
            b"/?x=1&y=2",
        ]

    @pytest.mark.parametrize("method", ["GE T", "GET\r\n", "", "GÉT"])
    async def test_what_is_no_method(self, talk, method):
        async with talk() as (peer, session):
            with pytest.raises(ValueError, match="is not a method"):
                await session.request(method, "/")
            async with session.get("/"):
                pass
        assert len(peer.requests) == 1

    async def test_methods_are_upper_case(self, talk):
        async with talk() as (peer, session), session.request("get", "/") as response:
            assert response.method == "GET"
        assert peer.requests[0].startswith(b"GET / ")

    async def test_verbs(self, talk):
        async with talk(*[OK] * 8) as (peer, session):
            for name in ("get", "post", "put", "patch", "delete", "options", "query"):
                async with getattr(session, name)("/") as response:
                    assert response.method == name.upper()
        assert [each.split(b" ")[0] for each in peer.requests] == [
            b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"QUERY",
        ]  # fmt: skip


class TestHeads:
    async def test_what_is_sent_by_itself(self, talk):
        async with talk() as (peer, session), session.get("/"):
            pass
        told = fields(peer.requests[0])
        assert list(told) == ["Host", "Accept", "Accept-Encoding", "User-Agent"]
        assert told["Accept-Encoding"].startswith("gzip, deflate")
        assert told["User-Agent"].startswith("aiolos/")

    async def test_and_what_is_not_wanted(self, talk):
        async with talk(OK, OK, skip_auto_headers=["user-agent"]) as (peer, session):
            async with session.post("/", data=b"x", skip_auto_headers=["Content-Type", "Accept"]):
                pass
            async with session.get("/"):
                pass
            assert session.skip_auto_headers == {"user-agent"}
        assert list(fields(peer.requests[0])) == ["Host", "Accept-Encoding", "Content-Length"]
        assert list(fields(peer.requests[1])) == ["Host", "Accept", "Accept-Encoding"]

    async def test_the_sessions_headers_may_be_changed(self, talk):
        async with talk(OK, OK, OK, headers={"X-A": "1"}) as (peer, session):
            async with session.get("/"):
                pass
            session.headers["X-A"] = "2"
            async with session.get("/"):
                pass
            del session.headers["X-A"]
            async with session.get("/"):
                pass
        assert [fields(each).get("X-A") for each in peer.requests] == ["1", "2", None]

    async def test_a_host_of_ones_own(self, talk):
        async with talk(OK, OK) as (peer, session):
            async with session.get("/", headers={"Host": "virtual.example"}):
                pass
            async with session.get("/"):
                pass
        assert fields(peer.requests[0])["Host"] == "virtual.example"
        assert fields(peer.requests[1])["Host"] == peer.url.removeprefix("http://")

    async def test_the_end_of_the_connection(self, talk):
        async with talk(OK, OK) as (peer, session):
            for _ in range(2):
                async with session.get("/", headers={"Connection": "close"}) as response:
                    await response.read()
            assert peer.connections == 2

    @pytest.mark.parametrize(
        ("headers", "words"),
        [(5, "mapping or pairs"), ("A: b", "mapping or pairs"), ({"a": 1}, "str")],
    )
    async def test_what_are_no_headers(self, talk, headers, words):
        async with talk() as (_, session):
            with pytest.raises((TypeError, ValueError), match=words):
                await session.get("/", headers=headers)

    async def test_version_1_0(self, talk):
        async with talk(version=aiolos_client.HttpVersion10) as (peer, session):
            async with session.get("/"):
                pass
            with pytest.raises(ValueError, match="needs HTTP/1.1"):
                await session.post("/", data=_pieces())
        assert peer.requests[0].startswith(b"GET / HTTP/1.0\r\n")

    @pytest.mark.parametrize(
        ("option", "value", "words"),
        [
            ("headers", {"A": 1}, "header A must be a str, not 1; write str"),
            ("raise_for_status", 5, "raise_for_status takes True, False or a coroutine function"),
            ("max_redirects", "x", "max_redirects takes a whole number, not negative, not 'x'"),
            ("version", "1.1", "version takes HttpVersion10 or HttpVersion11, not '1.1'"),
            ("middlewares", 5, "middlewares takes a list of coroutine functions"),
            ("middlewares", [5], "a middleware is a coroutine function"),
            ("retry", 5, "retry takes a RetryPolicy, not 5"),
            ("on_informational", 5, "on_informational takes a plain function"),
        ],
    )
    async def test_options_of_another_type_are_named_at_once(
        self, unused_port, option, value, words
    ):
        async with ClientSession() as session:
            with pytest.raises(TypeError, match=words):
                await session.get(f"http://127.0.0.1:{unused_port}/", **{option: value})

    async def test_an_unknown_option_is_named(self, talk):
        async with talk() as (_, session):
            with pytest.raises(TypeError, match="no option 'jsn'; did you mean json"):
                await session.get("/", jsn={})


async def _pieces():
    yield b"x"


class TestAuth:
    @pytest.mark.parametrize("where", ["session", "request", "url"])
    async def test_cli_28_basic(self, peer, where):
        auth = BasicAuth("user", "pass")
        async with peer() as server:
            async with ClientSession(auth=auth if where == "session" else None) as session:
                url = server.url
                if where == "url":
                    url = url.replace("//", "//user:pass@")
                options = {"auth": auth} if where == "request" else {}
                async with session.get(url, **options) as response:
                    assert response.url == URL(server.url)
        assert fields(server.requests[0])["Authorization"] == "Basic dXNlcjpwYXNz"

    async def test_a_requests_own_outranks_the_sessions(self, talk):
        async with talk(OK, OK, auth=BasicAuth("a", "b")) as (peer, session):
            async with session.get("/", auth=BasicAuth("c", "d")):
                pass
            async with session.get("/", headers={"Authorization": "Bearer t"}):
                pass
        assert fields(peer.requests[0])["Authorization"] == BasicAuth("c", "d").encode()
        assert fields(peer.requests[1])["Authorization"] == "Bearer t"

    async def test_two_at_once(self, talk):
        async with talk() as (_, session):
            options = {"headers": {"Authorization": "x"}, "auth": BasicAuth("a", "b")}
            with pytest.raises(ValueError, match="not two of them"):
                await session.get("/", **options)
            with pytest.raises(ValueError, match="not two of them"):
                await session.get("http://u:p@a.example/", auth=BasicAuth("a", "b"))
            for kind in (TypeError, ValueError):
                with pytest.raises(kind, match=r"auth must be None or BasicAuth\(\) tuple") as told:
                    await session.get("/", auth=("user", "secret"))
                assert "secret" not in str(told.value)


class TestCookies:
    @pytest.mark.parametrize("trusted", [False, True])
    async def test_a_secure_cookie_of_a_request_needs_tls_or_trust(self, talk, trusted):
        morsel = Morsel()
        morsel.set("secret", "s", "s")
        morsel["secure"] = True
        async with talk(OK) as (peer, session):
            if trusted:
                session._jar = CookieJar(treat_as_secure_origin=peer.url)
            async with session.get("/", cookies={"secret": morsel, "plain": "p"}):
                pass
        assert fields(peer.requests[0])["Cookie"] == ("secret=s; plain=p" if trusted else "plain=p")

    async def test_cli_06_cookies_are_kept_and_sent_back(self, talk):
        options = {"cookies": {"session": "abc123"}, "cookie_jar": CookieJar(unsafe=True)}
        async with talk(setting("a=1; Path=/", "b=2; Path=/x"), OK, OK, **options) as (
            peer,
            session,
        ):
            for path in ("/", "/", "/x"):
                async with session.get(path) as response:
                    if path == "/" and len(peer.requests) == 1:
                        assert response.cookies["a"].value == "1"
                        assert response.cookies["b"]["path"] == "/x"
            assert {each.key for each in session.cookie_jar} == {"session", "a", "b"}
        assert [fields(each)["Cookie"] for each in peer.requests] == [
            "session=abc123",
            "session=abc123; a=1",
            "b=2; session=abc123; a=1",
        ]

    async def test_a_requests_own_outrank_the_jars(self, talk):
        async with talk(OK, OK, cookies={"a": "1", "b": "2"}) as (peer, session):
            async with session.get("/", cookies={"a": "x y"}):
                pass
            async with session.get("/", headers={"Cookie": "raw=1"}):
                pass
        assert fields(peer.requests[0])["Cookie"] == 'a="x y"; b=2'
        assert fields(peer.requests[1])["Cookie"] == "raw=1; a=1; b=2"

    async def test_addresses_have_no_cookies(self, talk):
        async with talk(setting("a=1"), OK) as (peer, session):
            for _ in range(2):
                async with session.get("/"):
                    pass
        assert "Cookie" not in fields(peer.requests[1])

    async def test_a_jar_that_keeps_nothing(self, talk):
        async with talk(setting("a=1"), OK, cookie_jar=DummyCookieJar()) as (peer, session):
            for _ in range(2):
                async with session.get("/") as response:
                    await response.read()
        assert "Cookie" not in fields(peer.requests[1])

    async def test_those_of_redirections_count(self, talk):
        to = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
        async with talk(to, OK, cookie_jar=CookieJar(unsafe=True)) as (peer, session):
            async with session.get("/a"):
                pass
        assert fields(peer.requests[1])["Cookie"] == "a=1"

    async def test_what_cannot_be_sent(self, talk):
        async with talk() as (_, session):
            with pytest.raises(ValueError, match="semicolon"):
                await session.get("/", cookies={"a;b": "1"})


class TestAnswers:
    async def test_cli_21_codings_are_undone(self, talk):
        body = gzip.compress(b"text" * 1000)
        coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (
            len(body),
            body,
        )
        async with talk(coded, coded, coded) as (peer, session):
            headers = {"Accept-Encoding": "gzip, deflate"}
            async with session.get("/", headers=headers) as response:
                assert await response.text() == "text" * 1000
            async with session.get("/", auto_decompress=False) as response:
                assert await response.read() == body
            async with session.get("/") as response:
                assert b"".join([each async for each in response.content.iter_chunked(100)]) == (
                    b"text" * 1000
                )
        assert fields(peer.requests[0])["Accept-Encoding"] == "gzip, deflate"

    async def test_cli_22_brotli(self, talk):
        await self.decoded_and_offered(talk, "br")

    async def test_cli_23_zstd(self, talk):
        await self.decoded_and_offered(talk, "zstd")

    async def decoded_and_offered(self, talk, coding):
        """With the speedups; without them it is handed on as it came, and not asked for."""
        offered = coding in available()
        text = b"text" * 1000
        body = compress(text, [coding]) if offered else b"as it came"
        coded = answer(body, f"Content-Encoding: {coding}")
        async with talk(coded, coded) as (peer, session):
            async with session.get("/") as response:
                assert await response.read() == (text if offered else body)
                assert response.headers["Content-Encoding"] == coding
            async with session.get("/", auto_decompress=False) as response:
                assert await response.read() == body
        assert (coding in fields(peer.requests[0])["Accept-Encoding"].split(", ")) is offered

    async def test_a_truncated_coding_is_no_whole_body(self, talk):
        body = gzip.compress(b"text" * 1000)[:-10]
        coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (
            len(body),
            body,
        )
        async with talk(coded) as (_, session), session.get("/") as response:
            with pytest.raises(aiolos_client.ClientPayloadError, match="malformed"):
                await response.read()

    async def test_an_unknown_coding_is_handed_on(self, talk):
        coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: lzw\r\nContent-Length: 2\r\n\r\nok"
        async with talk(coded) as (_, session), session.get("/") as response:
            assert await response.read() == b"ok"

    async def test_what_has_no_length_may_be_empty(self, talk):
        async with talk(b"HTTP/1.1 200 OK\r\n\r\nabc") as (_, session):
            async with session.get("/", read_until_eof=False) as response:
                assert await response.read() == b""

    @pytest.mark.parametrize(
        ("bound", "answer"),
        [
            ({"max_line_size": 20}, b"HTTP/1.1 200 " + b"x" * 20 + b"\r\n\r\n"),
            ({"max_field_size": 20}, b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20 + b"\r\n\r\n"),
            ({"max_headers": 1}, b"HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 0\r\n\r\n"),
        ],
    )
    @pytest.mark.parametrize("of", ["session", "request"])
    async def test_bounds(self, talk, bound, answer, of):
        async with talk(answer, **(bound if of == "session" else {})) as (_, session):
            with pytest.raises(aiolos_client.ClientResponseError) as caught:
                await session.get("/", **(bound if of == "request" else {}))
            ((name, value),) = bound.items()
            assert (
                f"the limit {name}={value} was exceeded; raise it with ClientSession({name}="
                in (caught.value.message)
            )

    async def test_a_bound_that_has_no_word(self, talk):
        answer = b"HTTP/1.1 102 Processing\r\n\r\n" * 17
        async with talk(answer) as (_, session):
            told = r"informational=16 was exceeded; raise it with TCPConnector\(limits=Limits\(inf"
            with pytest.raises(aiolos_client.ClientResponseError, match=told):
                await session.get("/")

    @pytest.mark.parametrize("fields", [200, 201])
    async def test_the_bounds_of_a_connector(self, peer, fields):
        answer = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (fields - 1) + b"Content-Length: 0\r\n\r\n"
        connector = aiolos_client.TCPConnector(limits=aiolos_client.Limits(fields=200))
        async with peer(answer) as server, ClientSession(connector=connector) as session:
            if fields == 200:
                assert (await session.get(server.url)).status == 200
                return
            with pytest.raises(aiolos_client.ClientResponseError, match="max_headers=200"):
                await session.get(server.url)

    @pytest.mark.parametrize("value", [0, -1, "x", 1.5])
    @pytest.mark.parametrize("name", ["max_field_size", "read_bufsize", "max_body_size"])
    async def test_what_a_bound_cannot_be_is_told_by_its_word(self, talk, name, value):
        told = f"^{name} must be a positive int, not {value!r}"
        with pytest.raises(ValueError, match=told):
            ClientSession(**{name: value})
        async with talk() as (_, session):
            with pytest.raises(ValueError, match=told):
                await session.get("/", **{name: value})

    async def test_cli_32_many_at_once(self, talk):
        async def ask(session, n):
            async with session.get(f"/{n}") as response:
                return await response.text()

        async with talk(*[OK] * 50) as (peer, session):
            found = await asyncio.gather(*(ask(session, n) for n in range(50)))
        assert found == ["ok"] * 50
        assert {each.split(b" ")[1] for each in peer.requests} == {b"/%d" % n for n in range(50)}


@pytest.mark.parametrize("headers", [{}, {"A": "b"}])
async def test_connect_asks_for_host_and_port(talk, headers):
    # RFC 9112 3.2.3.
    async with talk(b"HTTP/1.1 405 No\r\nContent-Length: 2\r\n\r\nno") as (peer, session):
        async with session.request("CONNECT", "/", headers=headers) as response:
            assert await response.text() == "no"
    port = URL(peer.url).port
    wanted = b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % (port, port)
    assert peer.requests[0].startswith(wanted)


async def test_a_tunnel_that_nobody_uses_is_closed(talk):
    async with talk(b"HTTP/1.1 200 OK\r\n\r\n") as (peer, session):
        for _ in range(2):
            async with session.request("CONNECT", "/") as response:
                assert response.status == 200
                assert await response.read() == b""
        assert peer.connections == 2


async def test_a_cookie_of_ones_own_stands_for_the_jars(talk):
    jar = CookieJar(unsafe=True)
    async with talk(cookie_jar=jar) as (peer, session):
        jar.update_cookies({"a": "old", "b": "2"}, URL(peer.url))
        async with session.get("/", headers={"Cookie": "a=new"}):
            pass
    assert fields(peer.requests[0])["Cookie"] == "a=new; b=2"


async def test_methods_that_are_made_up_fill_no_memory():
    async with ClientSession() as session:
        compose = session._composer.compose
        url = "http://host.example/"
        for number in range(1000):
            head = compose(session, f"M{number}", url, {}, 0.0).head("", last=False)
            assert head.method == f"M{number}"
        assert len(compose(session, "GET", url, {}, 0.0).target.heads) < 20


async def test_a_reference_without_a_scheme_has_the_bases(talk):
    # RFC 3986 5.2.2: what begins with // names another host, and not another scheme.
    async with ClientSession("https://base.example/api/") as session:
        whole = session._composer.whole_url
        assert str(whole("//other.example/x", None)) == "https://other.example/x"
        assert str(whole("/x", None)) == "https://base.example/x"
        assert str(whole("http://other.example/x", None)) == "http://other.example/x"


def test_the_dot_behind_a_name_is_for_the_resolver():
    target = Target(URL("http://host.example.:8080/"))
    assert (target.host, target.authority) == ("host.example.", "host.example:8080")


@pytest.mark.parametrize(
    "attributes", [{"max-age": "0"}, {"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, {}]
)
async def test_a_cookie_that_has_expired_is_not_sent(talk, attributes):
    # As `cookies=response.cookies` holds what the server has deleted.
    cookies = SimpleCookie({"a": "1"})
    cookies["a"].update(attributes)
    async with talk() as (peer, session):
        async with session.get("/", cookies=cookies):
            pass
    assert (b"Cookie: a=1" in peer.requests[0]) == (not attributes)


async def test_a_cookie_of_the_request_stands_for_that_of_its_header(talk):
    async with talk() as (peer, session):
        headers = {"Cookie": "b=h; a=h; c=h"}
        async with session.get("/", headers=headers, cookies={"a": "own"}):
            pass
    assert b"\r\nCookie: b=h; c=h; a=own\r\n" in peer.requests[0]


async def test_a_jar_of_ones_own_decides_about_all_cookies_of_a_name(talk):
    class Jar(CookieJar):
        def filter_cookies(self, request_url):
            cookies = super().filter_cookies(request_url)
            if len(peer.requests) == 1:
                cookies["a"] = "none"
            return cookies

    jar = Jar(unsafe=True)
    async with talk(cookie_jar=jar) as (peer, session):
        url = URL(peer.url) / "x" / "y"
        jar.update_cookies_from_headers(["a=1; Path=/", "a=2; Path=/x", "b=3"], url)
        for _ in range(2):
            async with session.get(url):
                pass
    sent = [fields(each)["Cookie"] for each in peer.requests]
    assert sent == ["a=2; b=3; a=1", "a=none; b=3"]
