"""Responses: what handlers return, and its bytes on the wire."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def sent(serve: Serve) -> Callable[..., Any]:
    """await sent(make): the answer whose handler returns make()."""

    async def sent(make: Callable[[], Any], request: bytes = GET) -> Any:
        async def handler(request: web.Request) -> Any:
            return make()

        return await serve(handler).ask(request)

    return sent


async def test_rsp_01_text_and_json(sent: Any) -> None:
    answer = await sent(lambda: web.Response(text="Created", status=201))
    assert (answer.status, answer.reason, answer.body) == (201, "Created", b"Created")
    answer = await sent(
        lambda: web.json_response({"a": 1}, status=202, headers={"X-Y": "z"}),
    )
    assert (answer.status, answer.body) == (202, b'{"a": 1}')
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-y"] == "z"
    answer = await sent(
        lambda: web.json_response({"a": 1}, dumps=lambda x: json.dumps(x, indent=2))
    )
    assert answer.body == b'{\n  "a": 1\n}'


async def test_json_dumps_that_give_bytes(sent: Any) -> None:
    answer = await sent(lambda: web.json_response([1], dumps=lambda x: json.dumps(x).encode()))
    assert answer.body == b"[1]"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("raised", [True, False])
async def test_rsp_02_exceptions_raised_or_returned(serve: Serve, raised: bool) -> None:
    async def handler(request: web.Request) -> Any:
        found: Any = web.HTTPFound("/new-location")
        if request.path == "/":
            found = web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"})
        if raised:
            raise found
        return found

    peer = serve(handler)
    answer = await peer.ask(GET)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Basic")
    answer = await peer.ask(GET.replace(b"/", b"/old", 1))
    assert (answer.status, answer.headers["location"]) == (302, "/new-location")


async def test_rsp_03_content_types(sent: Any) -> None:
    answer = await sent(lambda: web.Response(text="x", content_type="text/plain"))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    answer = await sent(lambda: web.Response(body=b"x", content_type="application/octet-stream"))
    assert answer.headers["content-type"] == "application/octet-stream"
    answer = await sent(lambda: web.Response(text="é", charset="latin-1"))
    assert answer.headers["content-type"] == "text/plain; charset=latin-1"
    assert answer.body == b"\xe9"
    answer = await sent(lambda: web.Response(body=b"x", headers={"Content-Type": "a/b"}))
    assert answer.headers["content-type"] == "a/b"


async def test_rsp_04_a_stream_with_drain(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.headers["X-Kind"] = "stream"
        await response.prepare(request)
        for number in range(3):
            await response.write(b"line %d\n" % number)
            await response.drain()
        await response.write_eof()
        return response

    answer = await serve(handler).ask(GET)
    assert answer.body == b"line 0\nline 1\nline 2\n"
    assert answer.headers["x-kind"] == "stream"


async def test_rsp_06_a_positional_body(sent: Any) -> None:
    answer = await sent(lambda: web.Response("Unauthorized", headers={"WWW-Authenticate": "Basic"}))
    assert (answer.status, answer.body) == (200, b"Unauthorized")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await sent(lambda: web.Response(b"bytes"))).body == b"bytes"
    assert (await sent(lambda: web.Response(memoryview(b"bytes")))).body == b"bytes"
    with pytest.raises(TypeError, match="a body is bytes or str, not dict"):
        web.Response({"a": 1})  # type: ignore[arg-type]


async def test_rsp_07_writes_without_await(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(5):
            response.write(b"%d" % number)
        await response.drain()
        return response

    peer = serve(handler)
    assert (await peer.ask(GET)).body == b"01234"


async def test_rsp_07_one_turn_of_the_loop_is_one_write(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(5):
            await response.write(b"%d" % number)
        return response

    peer = serve(handler)
    await peer.ask(GET)
    assert peer.transport.writes == 1


@pytest.mark.parametrize("status", [99, 100, 199, 600, 1000])
def test_a_status_that_is_none(status: int) -> None:
    with pytest.raises(ValueError, match=f"200 to 599 .* not {status}"):
        web.Response(status=status)


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body(sent: Any, status: int) -> None:
    answer = await sent(lambda: web.Response(text="x", status=status))
    assert answer.status == status
    assert "transfer-encoding" not in answer.headers
    if status == 204:
        assert "content-length" not in answer.headers


async def test_the_length_of_a_stream_is_kept(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 6
        await response.prepare(request)
        await response.write(b"abc")
        await response.write(b"def")
        return response

    answer = await serve(handler).ask(GET)
    assert answer.headers["content-length"] == "6"
    assert answer.body == b"abcdef"


@pytest.mark.parametrize("body", [b"abc", b"abcdefg"])
async def test_a_stream_shorter_or_longer_than_its_length(
    serve: Serve, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "6"})
        await response.prepare(request)
        await response.write(body)
        return response

    peer = serve(handler)
    await peer.send(GET)
    assert peer.transport.aborted
    assert "Content-Length" in caplog.text


async def test_force_close(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        response = web.Response(text="bye")
        response.force_close()
        return response

    peer = serve(handler)
    assert (await peer.ask(GET)).headers["connection"] == "close"
    assert peer.closed


async def test_req_12_cookies(sent: Any) -> None:
    def make() -> web.Response:
        response = web.Response()
        response.set_cookie("a", "1", httponly=True, samesite="Lax", max_age=60)
        response.set_cookie("b", "2", secure=True, domain="example.com", path="/p")
        response.del_cookie("c")
        return response

    async def raw(request: web.Request) -> web.Response:
        return make()

    a, b, c = (morsel.OutputString() for morsel in make().cookies.values())
    assert a == "a=1; HttpOnly; Max-Age=60; Path=/; SameSite=Lax"
    assert b == "b=2; Domain=example.com; Path=/p; Secure"
    assert c == 'c=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/'
    assert (await sent(make)).headers["set-cookie"] == c


async def test_on_response_prepare(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="x")

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Signed"] = request.path

    app = web.Application()
    app.router.add_get("/{tail:.*}", handler)
    app.on_response_prepare.append(sign)
    peer = serve(app=app)
    for path, status in ((b"/", 200), (b"/b", 200)):
        answer = await peer.ask(GET.replace(b"/", path, 1))
        assert (answer.status, answer.headers["x-signed"]) == (status, path.decode())
    assert peer.transport.writes == 2


def test_verbs_out_of_order() -> None:
    response = web.StreamResponse()
    with pytest.raises(RuntimeError, match="before prepare"):
        response.write(b"x")
    with pytest.raises(TypeError, match="write\\(\\) takes bytes, not str"):
        response.write("x")  # type: ignore[arg-type]


async def test_changes_behind_the_head(serve: Serve) -> None:
    raised: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            response.set_status(201)
        except RuntimeError as error:
            raised.append(str(error))
        await response.write_eof()
        try:
            response.write(b"x")
        except RuntimeError as error:
            raised.append(str(error))
        return response

    await serve(handler).ask(GET)
    assert raised == [
        "cannot set the status after the head has been sent",
        "cannot call write() after write_eof()",
    ]


async def test_a_head_that_was_prepared_and_another_response(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.Response:
        await web.StreamResponse().prepare(request)
        return web.Response(text="other")

    peer = serve(handler)
    await peer.send(GET)
    assert peer.transport.aborted
    assert "return the one that was prepared" in caplog.text


async def test_a_large_body_is_not_copied_into_its_head(serve: Serve) -> None:
    body = bytes(1_000_000)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body)

    assert (await serve(handler).ask(GET)).body == body
