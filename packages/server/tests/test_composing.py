"""Heads as those see them who look at `headers`: on_response_prepare, and whoever comes behind."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiolos_server import component, web

Serve = Callable[..., Any]

GET = b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
CLOSE = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
HEAD = GET.replace(b"GET", b"HEAD")
OLD = GET.replace(b"1.1", b"1.0")
OLD_KEPT = OLD.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")


def whole() -> web.StreamResponse:
    return web.Response(text="body" * 10)


def coded() -> web.StreamResponse:
    response = web.Response(text="body" * 100)
    response.enable_compression()
    return response


def from_file() -> web.StreamResponse:
    return web.Response(body=io.BytesIO(b"body"))


def with_cookie() -> web.StreamResponse:
    response = web.Response(text="x")
    response.set_cookie("a", "1")
    return response


def chunked() -> web.StreamResponse:
    response = web.Response(text="x")
    response.enable_chunked_encoding()
    return response


def of_known_length() -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_length = 0
    return response


def coded_stream() -> web.StreamResponse:
    response = web.StreamResponse(headers={"ETag": '"a"'})
    response.enable_compression(web.ContentCoding.gzip)
    return response


def forbidden() -> web.StreamResponse:
    raise web.HTTPForbidden


def closing() -> web.StreamResponse:
    response = web.Response(text="x")
    response.force_close()
    return response


MAKERS = [
    whole,
    coded,
    from_file,
    with_cookie,
    chunked,
    of_known_length,
    coded_stream,
    forbidden,
    closing,
    web.StreamResponse,
    lambda: web.FileResponse(Path(__file__)),
    lambda: web.Response(status=204),
    lambda: web.Response(status=304, headers={"Content-Length": "5"}),
    lambda: web.Response(),
    lambda: web.Response(headers={"Server": "mine", "Date": "never"}),
    lambda: web.Response(headers={"Transfer-Encoding": "chunked"}),
]


def made(make: Any, request: web.Request) -> Any:
    response = make()
    if isinstance(response, web.FileResponse):
        # Here, and not in a thread.
        response.open(request)
    return response


def hooked(handler: Any, hook: Any) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/", handler)
    if hook is not None:
        app.on_response_prepare.append(hook)
    return app


def fields_of(data: bytes) -> list[tuple[str, str]]:
    """The fields of the head in `data`."""
    lines = data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return sorted(
        (name.lower(), value) for name, _, value in (each.partition(": ") for each in lines)
    )


def seen_in(headers: Any) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in headers.items())


@pytest.mark.parametrize("request_", [GET, CLOSE, HEAD, OLD, OLD_KEPT])
@pytest.mark.parametrize("make", MAKERS)
async def test_on_response_prepare_sees_what_is_sent(
    serve: Serve, make: Any, request_: bytes
) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        return made(make, request)

    async def look(request: web.Request, response: web.StreamResponse) -> None:
        seen.extend((seen_in(response.headers), response.keep_alive))

    data = await serve(app=hooked(handler, look)).send(request_)
    fields = fields_of(data)
    assert seen == [fields, make is not closing and request_ in (GET, HEAD, OLD_KEPT)]


@pytest.mark.parametrize("has_hook", [True, False])
@pytest.mark.parametrize("request_", [GET, CLOSE, HEAD, OLD_KEPT])
@pytest.mark.parametrize("make", [each for each in MAKERS if each is not forbidden])
async def test_what_is_sent_is_seen_behind_prepare(
    serve: Serve, make: Any, request_: bytes, has_hook: bool
) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        response = made(make, request)
        await response.prepare(request)
        seen.append(seen_in(response.headers))
        return response

    async def do_nothing(request: web.Request, response: web.StreamResponse) -> None:
        pass

    app = hooked(handler, do_nothing if has_hook else None)
    data = await serve(app=app).send(request_)
    assert seen == [fields_of(data)]


def taking_out(*names: str) -> Any:
    async def take_out(request: web.Request, response: web.StreamResponse) -> None:
        for name in names:
            del response.headers[name]

    return take_out


@pytest.mark.parametrize("make", [whole, from_file, coded, lambda: web.FileResponse(__file__)])
async def test_what_a_receiver_takes_out_is_not_sent(serve: Serve, make: Any) -> None:
    async def handler(request: web.Request) -> Any:
        return made(make, request)

    names = ("Date", "Server", "Content-Type", "Content-Length")
    peer = serve(app=hooked(handler, taking_out(*names)))
    first = await peer.ask(GET)
    assert not {"date", "server", "content-type", "content-length"} & set(first.headers)
    # The body is framed all the same.
    assert first.headers["transfer-encoding"] == "chunked"
    plain = (await serve(handler).ask(GET)).body
    assert first.body == plain
    assert (await peer.ask(GET)).body == plain
    data = await peer.send(OLD)
    assert data.endswith(b"\r\n\r\n" + plain)
    assert peer.closed


async def test_the_length_of_a_stream_is_taken_out(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 4
        await response.prepare(request)
        await response.write(b"body")
        return response

    answer = await serve(app=hooked(handler, taking_out("Content-Length"))).ask(GET)
    assert (answer.headers["transfer-encoding"], answer.body) == ("chunked", b"body")


@pytest.mark.parametrize("value", ["1", "400", "x", ""])
@pytest.mark.parametrize("make", [whole, coded, from_file, lambda: web.FileResponse(__file__)])
async def test_a_false_length_is_not_sent(serve: Serve, make: Any, value: str) -> None:
    async def handler(request: web.Request) -> Any:
        return made(make, request)

    async def falsify(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Length"] = value

    peer = serve(app=hooked(handler, falsify))
    for _ in range(2):
        answer = await peer.ask(GET)
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.body == (await serve(handler).ask(GET)).body


@pytest.mark.parametrize("value", ["gzip", "chunked, gzip"])
async def test_a_false_transfer_coding_is_refused(serve: Serve, value: str) -> None:
    async def handler(request: web.Request) -> Any:
        return web.StreamResponse()

    async def falsify(request: web.Request, response: web.StreamResponse) -> None:
        if response.status == 200:
            response.headers["Transfer-Encoding"] = value

    assert (await serve(app=hooked(handler, falsify)).ask(GET)).status == 500


@pytest.mark.parametrize("name", ["Transfer-Encoding", "Connection"])
async def test_the_connection_says_what_it_does(serve: Serve, name: str) -> None:
    async def handler(request: web.Request) -> Any:
        return web.StreamResponse()

    peer = serve(app=hooked(handler, taking_out(name)))
    answer = await peer.ask(CLOSE)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["connection"] == "close"
    assert peer.closed


async def changes(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update({"Date": "then", "Server": "mine", "Content-Type": "text/x"})
    response.headers["Connection"] = "close"


@pytest.mark.parametrize("make", [whole, web.StreamResponse])
async def test_what_a_receiver_changes_is_sent(serve: Serve, make: Any) -> None:
    async def handler(request: web.Request) -> Any:
        return make()

    peer = serve(app=hooked(handler, changes))
    headers = (await peer.ask(GET)).headers
    assert (headers["date"], headers["server"]) == ("then", "mine")
    assert (headers["content-type"], headers["connection"]) == ("text/x", "close")
    assert peer.closed


async def test_a_receiver_may_change_the_response_itself(serve: Serve) -> None:
    async def handler(request: web.Request) -> Any:
        return coded() if request.query_string == "coded" else web.Response(text="x")

    async def change(request: web.Request, response: Any) -> None:
        change = request.headers["X-Change"]
        if change == "body":
            response.text = "another" * 100
        elif change == "chunks":
            response.enable_chunked_encoding()
        elif change == "status":
            response.set_status(204)
        elif change == "coding":
            response.enable_compression(web.ContentCoding.gzip)
        elif change == "no coding":
            del response.headers["Content-Encoding"]
        elif change == "own coding":
            response.body = gzip.compress(b"mine")
            response.headers["Content-Encoding"] = "x-gzip"

    peer = serve(app=hooked(handler, change))

    async def changed(change: str, query: str = "") -> Any:
        head = GET.replace(b"/ ", f"/?{query} ".encode())
        return await peer.ask(head.replace(b"\r\n\r\n", f"\r\nX-Change: {change}\r\n\r\n".encode()))

    answer = await changed("body")
    assert (answer.headers["content-length"], answer.body) == ("700", b"another" * 100)
    answer = await changed("body", "coded")
    assert gzip.decompress(answer.body) == b"another" * 100
    answer = await changed("chunks")
    assert (answer.headers["transfer-encoding"], answer.body) == ("chunked", b"x")
    assert (await changed("status")).status == 204
    answer = await changed("coding")
    assert (answer.headers["content-encoding"], gzip.decompress(answer.body)) == ("gzip", b"x")
    answer = await changed("no coding", "coded")
    assert ("content-encoding" in answer.headers, answer.body) == (False, b"body" * 100)
    answer = await changed("own coding", "coded")
    assert answer.headers["content-encoding"] == "x-gzip"
    assert gzip.decompress(answer.body) == b"mine"


async def test_a_body_is_coded_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiolos_server import response as module

    coded_bodies = []
    encoded = module.encoded

    async def counting(body: bytes, *options: Any) -> bytes:
        coded_bodies.append(body)
        return await encoded(body, *options)

    async def handler(request: web.Request) -> Any:
        return coded()

    async def look(request: web.Request, response: web.StreamResponse) -> None:
        assert response.headers["Content-Encoding"] == "gzip"

    monkeypatch.setattr(module, "encoded", counting)
    answer = await serve(app=hooked(handler, look)).ask(GET)
    assert gzip.decompress(answer.body) == b"body" * 100
    assert len(coded_bodies) == 1


async def test_cookies_are_changed_by_a_receiver(serve: Serve) -> None:
    async def handler(request: web.Request) -> Any:
        response = with_cookie()
        response.set_cookie("b", "2")
        return response

    async def change(request: web.Request, response: web.StreamResponse) -> None:
        fields = response.headers
        assert fields.getall("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]
        change = request.headers["X-Change"]
        if change == "set":
            response.set_cookie("c", "3")
            response.set_cookie("a", "4")
        elif change == "morsels":
            response.cookies["a"]["secure"] = True
            del response.cookies["b"]
        elif change == "lines":
            lines = fields.popall("Set-Cookie")
            for line in lines:
                fields.add("Set-Cookie", f"{line}; Secure")
            response.set_cookie("c", "3")
        elif change == "none":
            del fields["Set-Cookie"]

    peer = serve(app=hooked(handler, change))

    async def sent(change: str) -> list[str]:
        head = GET.replace(b"\r\n\r\n", f"\r\nX-Change: {change}\r\n\r\n".encode())
        fields = fields_of(await peer.send(head))
        return [value for name, value in fields if name == "set-cookie"]

    assert await sent("") == ["a=1; Path=/", "b=2; Path=/"]
    assert await sent("set") == ["a=4; Path=/", "b=2; Path=/", "c=3; Path=/"]
    assert await sent("morsels") == ["a=1; Path=/; Secure"]
    assert await sent("lines") == ["a=1; Path=/; Secure", "b=2; Path=/; Secure", "c=3; Path=/"]
    assert await sent("none") == []


async def test_an_unchanged_field_keeps_its_spelling(serve: Serve) -> None:
    async def handler(request: web.Request) -> Any:
        return web.Response(text="x", headers={"X-Own": "1"})

    async def look(request: web.Request, response: web.StreamResponse) -> None:
        assert response.headers["x-own"] == "1"

    data = await serve(app=hooked(handler, look)).send(GET)
    for name in (b"X-Own", b"Content-Length", b"Content-Type", b"Server", b"Date"):
        assert data.count(b"\r\n" + name + b": ") == 1


async def test_a_mocked_request_shows_them_too() -> None:
    seen = []

    async def look(request: web.Request, response: web.StreamResponse) -> None:
        seen.append(set(response.headers))

    app = web.Application()
    app.on_response_prepare.append(look)
    app.on_response_prepare.append(look)
    response = web.Response(text="x")
    await response.prepare(component.request("GET", "/", app=app))
    names = {"Content-Length", "Content-Type", "Date", "Server"}
    assert [*seen, set(response.headers)] == [names] * 3
