"""Client middlewares: around each request, changing it, repeating it, answering in its place."""

import gzip
import re

import aiolos_client
import pytest
from aiolos_client import CookieJar, FormData, RetryPolicy, build_client_middlewares
from yarl import URL

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


def noting(name, seen):
    async def middleware(request, handler):
        seen.append(f"{name} asks")
        response = await handler(request)
        seen.append(f"{name} answers {response.status}")
        return response

    return middleware


async def test_cli_27_the_first_is_the_outermost(talk):
    seen = []
    async with talk(middlewares=[noting("a", seen), noting("b", seen)]) as (_, session):
        async with session.get("/") as response:
            assert await response.text() == "ok"
    assert seen == ["a asks", "b asks", "b answers 200", "a answers 200"]


async def test_cli_27_those_of_a_request_stand_in_place_of_the_sessions(talk):
    seen = []
    async with talk(OK, OK, middlewares=[noting("session", seen)]) as (_, session):
        async with session.get("/", middlewares=[noting("request", seen)]):
            pass
        async with session.get("/", middlewares=()):
            pass
    assert seen == ["request asks", "request answers 200"]


async def test_cli_27_the_request_may_be_changed(talk):
    async def change(request, handler):
        assert request.method == "POST"
        assert request.url.path == "/a"
        assert request.session is session
        assert (request.host, request.port) == (URL(peer.url).host, URL(peer.url).port)
        assert not request.is_ssl()
        assert request.headers["Content-Type"] == "application/json"
        assert await request.body.as_bytes() == b'{"a": 1}'
        request.method = "PUT"
        request.url = request.url.with_path("/b")
        request.headers["X-Signed"] = "yes"
        await request.update_body(b"other")
        return await handler(request)

    async with talk(middlewares=[change]) as (peer, session):
        async with session.post("/a", json={"a": 1}) as response:
            assert response.url.path == "/b"
            assert response.request_info.headers["X-Signed"] == "yes"
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /b HTTP/1.1\r\nHost: ")
    assert b"X-Signed: yes" in head
    assert b"Content-Length: 5" in head
    assert body == b"other"


def replace_cookies(request):
    request.headers["Cookie"] = "mine=1"


def remove_cookies(request):
    del request.headers["Cookie"]


def read_cookies(request):
    request.headers["X-Seen"] = request.headers["Cookie"]


def go_elsewhere(request):
    request.url = request.url.with_host("localhost")


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        (replace_cookies, b"mine=1"),
        (remove_cookies, None),
        (read_cookies, b"h=3; c=2; jar=1"),
        (go_elsewhere, None),
    ],
)
async def test_cookies_are_among_the_headers(talk, change, sent):
    async def middleware(request, handler):
        change(request)
        return await handler(request)

    jar = CookieJar(unsafe=True)
    async with talk(middlewares=[middleware], cookie_jar=jar) as (peer, session):
        jar.update_cookies({"jar": "1"}, URL(peer.url))
        options = {"cookies": {"c": 2}, "headers": {"Cookie": "h=3"}}
        async with session.get("/", **options):
            pass
    found = re.findall(rb"\r\nCookie: (.*?)\r\n", peer.requests[0])
    assert found == ([] if sent is None else [sent])
    if change is read_cookies:
        assert b"X-Seen: h=3; c=2; jar=1\r\n" in peer.requests[0]


@pytest.mark.parametrize("trust_env", [False, True])
async def test_a_body_that_a_middleware_sets_is_the_requests(talk, tmp_path, trust_env):
    async def middleware(request, handler):
        file = path.open("rb")
        files.append(file)
        await request.update_body(file)
        return await handler(request)

    async def once():
        yield b"old"

    files = []
    path = tmp_path / "body"
    path.write_bytes(b"new")
    to = b"HTTP/1.1 307 There\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with talk(to, OK, middlewares=[middleware], trust_env=trust_env) as (peer, session):
        async with session.post("/a", data=once()) as response:
            assert await response.text() == "ok"
    assert [each.partition(b"\r\n\r\n")[2] for each in peer.requests] == [b"new", b"new"]
    assert [file.closed for file in files] == [True, True]


def to(location, status=302):
    return f"HTTP/1.1 {status} There\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


AGAIN = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
WAYS = [{}, {"trust_env": True}, {"retry": RetryPolicy(backoff=0)}]


@pytest.mark.parametrize("options", WAYS, ids=["plain", "trust_env", "retry"])
async def test_what_is_set_for_one_host_does_not_reach_the_one_it_redirects_to(
    talk, peer, options, monkeypatch, tmp_path
):
    async def identify(request, handler):
        if request.url.port == asked.port:
            request.headers["Authorization"] = "Bearer secret"
            request.headers["Cookie"] = "id=secret"
            request.headers["X-Api-Key"] = "secret"
        return await handler(request)

    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    async with peer() as other:
        async with talk(to(f"{other.url}/b"), middlewares=[identify], **options) as (
            first,
            session,
        ):
            asked = URL(first.url)
            async with session.get("/a") as response:
                assert response.url.port == URL(other.url).port
                told = response.history[0].request_info
                assert (told.url.path, told.headers["X-Api-Key"]) == ("/a", "secret")
    assert first.requests[0].count(b"secret") == 3
    assert b"secret" not in other.requests[0]


@pytest.mark.parametrize("answer", [to("/b", 307), AGAIN], ids=["redirected", "repeated"])
@pytest.mark.parametrize("trust_env", [False, True])
async def test_each_attempt_begins_with_what_was_composed(talk, answer, trust_env):
    async def sign(request, handler):
        assert "X-Old" in request.headers
        del request.headers["X-Old"]
        request.headers.add("X-Signed", request.url.path)
        request.method = "PROPFIND"
        return await handler(request)

    policy = RetryPolicy(backoff=0, methods=["PROPFIND"])
    options = {"middlewares": [sign], "retry": policy, "trust_env": trust_env}
    async with talk(answer, **options) as (peer, session):
        async with session.get("/a", headers={"X-Old": "1"}) as response:
            path = response.url.path.encode()
    assert [each.split(b" ")[0] for each in peer.requests] == [b"PROPFIND"] * 2
    signed = [re.findall(rb"X-Signed: (\S+)", each) for each in peer.requests]
    assert signed == [[b"/a"], [path]]
    assert all(b"X-Old" not in each for each in peer.requests)


@pytest.mark.parametrize("trust_env", [False, True])
async def test_a_method_that_must_not_be_repeated_is_not_though_another_was_composed(
    talk, trust_env
):
    async def post(request, handler):
        request.method = "POST"
        return await handler(request)

    policy = RetryPolicy(backoff=0)
    options = {"middlewares": [post], "retry": policy, "trust_env": trust_env}
    async with talk(AGAIN, **options) as (peer, session):
        async with session.get("/") as response:
            assert response.status == 503
    assert len(peer.requests) == 1


@pytest.mark.parametrize("trust_env", [False, True])
@pytest.mark.parametrize("answer", [to("/b"), to("{}/b"), AGAIN], ids=["/b", "//host/b", "503"])
@pytest.mark.parametrize(
    "own", [{"cookies": {"id": "secret"}}, {"headers": {"Cookie": "id=secret"}}], ids=list
)
async def test_cookies_stay_away_from_a_host_that_a_middleware_leads_to(
    talk, peer, answer, own, trust_env
):
    async def lead(request, handler):
        request.url = request.url.with_port(URL(mirror.url).port)
        return await handler(request)

    async with peer() as mirror:
        mirror._answers.append(answer.replace(b"{}", mirror.url.encode()))
        options = {"retry": RetryPolicy(backoff=0), "trust_env": trust_env}
        async with talk(middlewares=[lead], **options) as (first, session):
            async with session.get("/a", **own) as response:
                assert response.status == 200
    assert first.requests == []
    assert len(mirror.requests) == 2
    assert all(b"secret" not in each for each in mirror.requests)


@pytest.mark.parametrize("trust_env", [False, True])
async def test_what_describes_a_body_goes_where_the_body_goes(talk, trust_env):
    async def pack(request, handler):
        if request.body and "Content-Encoding" not in request.headers:
            packed = gzip.compress(await request.body.as_bytes())
            await request.update_body(packed)
            request.headers["Content-Encoding"] = "gzip"
        return await handler(request)

    async with talk(to("/b", 307), to("/c", 303), middlewares=[pack], trust_env=trust_env) as (
        peer,
        session,
    ):
        async with session.post("/a", data=b"body") as response:
            assert response.url.path == "/c"
    for each in peer.requests[:2]:
        head, _, body = each.partition(b"\r\n\r\n")
        assert gzip.decompress(body) == b"body"
        assert head.count(b"Content-Encoding: gzip") == 1
        assert head.count(b"Content-Type: application/octet-stream") == 1
    assert b"Content-Type" not in peer.requests[2]


@pytest.mark.parametrize(
    ("new", "sent", "kind"),
    [
        ({"a": "1"}, b"a=1", "application/x-www-form-urlencoded"),
        ([("a", "1"), ("a", "2")], b"a=1&a=2", "application/x-www-form-urlencoded"),
        (FormData({"a": "1"}), b"a=1", "application/x-www-form-urlencoded"),
        ("text", b"text", "text/plain; charset=utf-8"),
        (b"", b"", None),
        (None, b"", None),
    ],
)
async def test_a_body_may_be_replaced_by_what_a_verb_takes(talk, new, sent, kind):
    async def replace(request, handler):
        with pytest.raises(TypeError, match="data takes"):
            await request.update_body(1)
        assert (await request.body.as_bytes()) == b"old"
        request.headers.pop("Content-Type")
        await request.update_body(new)
        assert request.headers.get("Content-Type") == kind
        return await handler(request)

    async with talk(middlewares=[replace]) as (peer, session):
        # What is given here is the length of the other body.
        async with session.post("/", data=b"old", headers={"Content-Length": "3"}) as response:
            assert response.status == 200
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert body == sent
    assert b"Content-Length: %d" % len(sent) in head


@pytest.mark.parametrize("method", ["GE T", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "G\u202eET"])
async def test_an_error_about_a_method_is_one_line(talk, method):
    async def change(request, handler):
        request.method = method
        return await handler(request)

    async with talk(middlewares=[change]) as (peer, session):
        with pytest.raises(ValueError, match="is not a method") as caught:
            await session.get("/")
        assert str(caught.value).isprintable()
        assert peer.requests == []


async def test_another_path_of_the_origin_has_the_cookies_still(talk):
    async def lead(request, handler):
        request.url = request.url.with_path("/b")
        return await handler(request)

    options = {"headers": {"Cookie": "h=1"}, "cookies": {"c": "2"}, "retry": RetryPolicy(backoff=0)}
    async with talk(AGAIN, OK, middlewares=[lead]) as (peer, session):
        async with session.get("/a", **options) as response:
            assert response.status == 200
    assert [each.split(b" ")[1] for each in peer.requests] == [b"/b"] * 2
    assert all(b"\r\nCookie: h=1; c=2\r\n" in each for each in peer.requests)


async def test_a_host_that_a_middleware_leads_to_has_the_jars_cookies(talk, peer):
    async def lead(request, handler):
        request.url = request.url.with_port(URL(other.url).port)
        return await handler(request)

    jar = CookieJar(unsafe=True)
    async with peer() as other, talk(middlewares=[lead], cookie_jar=jar) as (first, session):
        # Cookies do not tell ports apart.
        jar.update_cookies({"jar": "1"}, URL(first.url))
        async with session.get("/", cookies={"own": "1"}) as response:
            assert response.status == 200
    assert b"\r\nCookie: jar=1\r\n" in other.requests[0]


async def test_cookies_of_each_redirection_are_its_own(talk):
    async def middleware(request, handler):
        seen.append(request.headers.get("Cookie"))
        return await handler(request)

    seen = []
    to = b"HTTP/1.1 302 F\r\nLocation: /b\r\nSet-Cookie: new=1\r\nContent-Length: 0\r\n\r\n"
    jar = CookieJar(unsafe=True)
    async with talk(to, OK, middlewares=[middleware], cookie_jar=jar) as (_, session):
        async with session.get("/a", cookies={"c": "2"}):
            pass
    assert seen == ["c=2", "c=2; new=1"]


@pytest.mark.parametrize("method", ["DELETE", "HEAD"])
async def test_cli_27_the_method_of_a_plain_request_may_be_changed(talk, method):
    async def change(request, handler):
        request.method = method
        return await handler(request)

    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + b"ok" * (method != "HEAD")
    async with talk(answer, OK, middlewares=[change]) as (peer, session):
        async with session.get("/") as response:
            assert (response.method, response.request_info.method) == (method, method)
            assert await response.read() == (b"" if method == "HEAD" else b"ok")
        async with session.get("/", middlewares=()) as response:
            assert response.method == "GET"
    assert peer.requests[0].startswith(f"{method} / HTTP/1.1\r\n".encode())
    assert peer.requests[1].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize("method", ["", "GET X", "GET\r\nX: y", "GET\0"])
async def test_cli_27_a_method_that_is_none_is_not_sent(talk, method):
    async def change(request, handler):
        request.method = method
        return await handler(request)

    async with talk(OK, middlewares=[change]) as (peer, session):
        with pytest.raises(ValueError, match="method"):
            await session.get("/")
    assert peer.requests == []


async def test_a_plain_request_is_changed_for_itself_alone(talk):
    async def sign(request, handler):
        request.headers["X-Number"] = str(len(peer.requests))
        return await handler(request)

    async with talk(OK, OK, OK, middlewares=[sign]) as (peer, session):
        for _ in range(2):
            async with session.get("/"):
                pass
        async with session.get("/", middlewares=()):
            pass
    assert [b"X-Number: %d" % n in each for n, each in enumerate(peer.requests)] == [
        True,
        True,
        False,
    ]
    assert all(each.count(b"\r\nHost: ") == 1 for each in peer.requests)


async def test_cli_27_it_may_ask_again(talk):
    async def login(request, handler):
        response = await handler(request)
        if response.status == 401:
            response.release()
            request.headers["Authorization"] = "Bearer new"
            response = await handler(request)
        return response

    async with talk(UNAUTHORIZED, OK, middlewares=[login]) as (peer, session):
        async with session.post("/", data=b"again") as response:
            assert response.status == 200
        assert [b"Bearer new" in each for each in peer.requests] == [False, True]
        assert all(each.endswith(b"again") for each in peer.requests)
        assert peer.connections == 1


async def test_it_runs_for_each_redirection(talk):
    to = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    seen = []
    async with talk(to, OK, middlewares=[noting("a", seen)]) as (_, session):
        async with session.get("/a"):
            pass
    assert seen == ["a asks", "a answers 302", "a asks", "a answers 200"]


async def test_what_it_raises_is_raised(talk):
    async def refuse(request, handler):
        raise LookupError("not today")

    async with talk(middlewares=[refuse]) as (peer, session):
        with pytest.raises(LookupError, match="not today"):
            await session.get("/")
        assert peer.requests == []


async def test_what_cannot_be_called_is_named():
    with pytest.raises(TypeError, match="a middleware is a coroutine function"):
        build_client_middlewares(None, ["nonsense"])
    with pytest.raises(TypeError, match="a middleware is a coroutine function"):
        aiolos_client.ClientSession(middlewares=["nonsense"])


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("ftp://me:secret@host/", aiolos_client.NonHttpUrlClientError, "'ftp' is not one of http,"),
        ("file://host/", aiolos_client.NonHttpUrlClientError, "'file' is not one of http,"),
        ("/relative", aiolos_client.InvalidUrlClientError, "base_url"),
        ("http://127.1/", aiolos_client.InvalidUrlClientError, "another form than 127.0.0.1"),
    ],
)
async def test_a_url_that_no_verb_takes_is_not_to_be_set(talk, url, kind, words):
    async def lead(request, handler):
        request.url = URL(url)
        return await handler(request)

    async with talk(middlewares=[lead]) as (peer, session):
        with pytest.raises(kind, match=words) as raised:
            await session.get("/")
        assert "secret" not in str(raised.value)
        assert peer.requests == []


async def test_credentials_in_a_url_that_is_set_are_sent_and_not_told(talk):
    async def lead(request, handler):
        request.url = URL(peer.url).with_user("me").with_password("secret") / "b"
        return await handler(request)

    async with talk(middlewares=[lead]) as (peer, session):
        async with session.get("/", headers={"Authorization": "Bearer old"}) as response:
            assert str(response.url) == str(response.request_info.url) == f"{peer.url}/b"
    assert b"GET /b HTTP/1.1\r\n" in peer.requests[0]
    found = re.findall(rb"\r\nAuthorization: (.*?)\r\n", peer.requests[0])
    assert found == [b"Basic bWU6c2VjcmV0"]
