"""Client middlewares: around each request, changing it, repeating it, answering in its place."""

import re

import aiolos_client
import pytest
from aiolos_client import CookieJar, build_client_middlewares
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
