"""A request as handlers see it."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable, MutableMapping
from typing import Any, get_type_hints

import pytest
import trustme
from aiolos_protocol.message import HttpVersion11
from aiolos_server import web
from aiolos_server.component import request as make_request
from yarl import URL

Serve = Callable[..., Any]


def post(body: bytes, content_type: str = "text/plain", path: str = "/") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: example.com:8000\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


@pytest.fixture
def seen(serve: Serve) -> Callable[..., Any]:
    """await seen(ask, *pieces, **options): what `ask(request)` gives for that request."""

    async def seen(ask: Callable[[web.Request], Any], *pieces: bytes, **options: Any) -> Any:
        found: list[Any] = []

        async def handler(request: web.Request) -> web.Response:
            value = ask(request)
            found.append(await value if hasattr(value, "__await__") else value)
            return web.Response()

        answer = await serve(handler, **options).ask(*pieces)
        return found[0] if found else answer

    return seen


async def test_req_01_query(seen: Any) -> None:
    query = await seen(
        lambda r: r.query, b"GET /?q=a+b&tag=x&tag=%C3%A9&e= HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    assert query.get("page", "1") == "1"
    assert query["q"] == "a b"
    assert query.getall("tag") == ["x", "é"]
    assert query["e"] == ""
    assert not hasattr(query, "add")
    with pytest.raises(TypeError):
        query["q"] = "b"


async def test_req_02_an_urlencoded_form(seen: Any) -> None:
    form = "application/x-www-form-urlencoded"
    data = await seen(lambda r: r.post(), post(b"username=j%C3%BCrg&x=1&x=2&empty=", form))
    assert data.get("username") == "jürg"
    assert data.getall("x") == ["1", "2"]
    assert data["empty"] == ""
    assert data.get("password") is None


async def test_req_03_json_and_the_same_bytes_again(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        first = await request.json()
        return first, await request.read(), await request.read(), await request.text()

    value, one, two, text = await seen(ask, post(b'{"a": [1]}', "application/json"))
    assert value == {"a": [1]}
    assert one is two
    assert text == '{"a": [1]}'


async def test_req_03_json_by_other_means(seen: Any) -> None:
    loads = await seen(lambda r: r.json(loads=lambda text: text.upper()), post(b"abc"))
    assert loads == "ABC"


async def test_req_04_everything_at_once(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response(
            {
                "query": dict(request.query),
                "form": dict(await request.post()),
                "json": await request.json(),
                "raw": (await request.read()).decode(),
                "agent": request.headers["user-agent"],
                "type": request.content_type,
                "charset": request.charset,
                "remote": request.remote,
                "host": request.host,
                "match": dict(request.match_info),
            }
        )

    app = web.Application()
    app.router.add_post("/users/{name}", handler)
    answer = await serve(app=app).ask(
        b"POST /users/ann?a=1 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: me\r\n"
        b"Content-Type: Application/JSON; Charset=utf-8\r\nContent-Length: 4\r\n\r\nnull"
    )
    assert json.loads(answer.body) == {
        "query": {"a": "1"},
        "form": {},
        "json": None,
        "raw": "null",
        "agent": "me",
        "type": "application/json",
        "charset": "utf-8",
        "remote": "127.0.0.1",
        "host": "example.com",
        "match": {"name": "ann"},
    }


async def test_req_05_the_head(seen: Any) -> None:
    def ask(request: web.Request) -> Any:
        return (
            request.method,
            request.version,
            request.url,
            request.rel_url,
            request.path,
            request.path_qs,
            request.raw_path,
            request.query_string,
            dict(request.cookies),
            request.can_read_body,
            request.body_exists,
            request.content_length,
            request.scheme,
            request.secure,
            request.keep_alive,
        )

    found = await seen(
        ask,
        b"GET /a%20b/c?x=%26 HTTP/1.1\r\nHost: example.com:81\r\nCookie: s=1; t=two\r\n\r\n",
    )
    assert found == (
        "GET",
        (1, 1),
        URL("http://example.com:81/a%20b/c?x=%26", encoded=True),
        URL("/a%20b/c?x=%26", encoded=True),
        "/a b/c",
        "/a%20b/c?x=%26",
        "/a%20b/c?x=%26",
        "x=%26",
        {"s": "1", "t": "two"},
        False,
        False,
        None,
        "http",
        False,
        True,
    )


async def test_req_05_the_absolute_form(seen: Any) -> None:
    url = await seen(lambda r: r.url, b"GET http://other/p?q HTTP/1.1\r\nHost: other\r\n\r\n")
    assert url == URL("http://other/p?q")


async def test_req_06_payload_is_the_stream(seen: Any) -> None:
    assert await seen(lambda r: r.payload is r.content, post(b"x"))


async def test_req_09_a_streamed_upload(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        size = 0
        while piece := await request.content.read(1024 * 1024):
            assert len(piece) <= 1024 * 1024
            size += len(piece)
        return web.Response(text=str(size))

    piece = bytes(64 * 1024)
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (320 * len(piece))
    assert (await serve(handler).ask(head, *([piece] * 320))).body == b"20971520"


async def test_req_10_private_body_and_free_attributes(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        request._body = b'{"replaced": 1}'
        free: Any = request
        free._parsed_json = await request.json()
        return web.json_response(free._parsed_json)

    assert (await serve(handler).ask(post(b"x"))).body == b'{"replaced": 1}'


async def test_req_11_a_validation_middleware_with_annotations(serve: Serve) -> None:
    @web.middleware
    async def validate(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        free: Any = request
        try:
            free._parsed_json = json.loads(await request.read())
            if not isinstance(free._parsed_json.get("age"), int):
                raise ValueError("age is a number")
        except json.JSONDecodeError as error:
            return web.json_response({"error": error.msg}, status=400)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return await handler(request)

    async def handler(request: web.Request) -> web.Response:
        free: Any = request
        return web.json_response(free._parsed_json["age"] + 1)

    app = web.Application(middlewares=[validate])
    app.router.add_post("/", handler)
    assert get_type_hints(validate)["handler"] == web.Handler
    answer = await serve(app=app).ask(post(b'{"age": 41}'))
    assert (answer.status, answer.body) == (200, b"42")
    for wrong in (b'{"age": "x"}', b"{"):
        assert (await serve(app=app).ask(post(wrong))).status == 400


async def test_req_12_cookies_that_are_none(seen: Any) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nCookie: good=1; ;;=x; bad\x80name=2; other=3\r\n\r\n"
    assert (await seen(lambda r: dict(r.cookies), head)).get("good") == "1"


# Limits: each on either side.


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
async def test_client_max_size(serve: Serve, chunked: bool, size: int, status: int) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    body = b"x" * size
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = head + b"%x\r\n%b\r\n0\r\n\r\n" % (size, body) if chunked else post(body)
    answer = await serve(handler, client_max_size=1000).ask(data)
    assert answer.status == status


async def test_client_max_size_zero_is_no_bound(seen: Any) -> None:
    assert (
        len(await seen(lambda r: r.read(), post(b"x" * 2_000_000), client_max_size=0)) == 2_000_000
    )


async def test_a_body_above_the_limit_is_refused_before_it_arrives(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    answer = await serve(handler, client_max_size=1000).ask(post(b"x" * 1001)[:-1001])
    assert answer.status == 413


async def test_text_by_its_charset(seen: Any) -> None:
    assert await seen(lambda r: r.text(), post(b"\xe9", "text/plain; charset=latin-1")) == "é"


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=ascii"])
async def test_text_that_is_none_is_400(seen: Any, content_type: str) -> None:
    answer = await seen(lambda r: r.text(), post(b"\xff\xfe", content_type))
    assert answer.status == 400


async def test_the_mapping(seen: Any) -> None:
    def ask(request: web.Request) -> Any:
        request["user"] = "ann"
        found = (request["user"], len(request), list(request), "user" in request, bool(request))
        del request["user"]
        return found, len(request), request == request, hash(request) == hash(request)

    assert await seen(ask, post(b"")) == (("ann", 1, ["user"], True, True), 0, True, True)


async def test_every_verb_of_a_mapping(seen: Any) -> None:
    def ask(request: web.Request) -> Any:
        assert isinstance(request, MutableMapping)
        request.update({"a": 1}, b=2)
        assert request.setdefault("c", 3) == 3
        assert request.get("d") is None
        assert dict(request.items()) == {"a": 1, "b": 2, "c": 3}
        assert request.pop("a") == 1
        assert list(request.keys()) == ["b", "c"]
        assert request.popitem() == ("b", 2)
        request.clear()
        return list(request.values())

    assert await seen(ask, post(b"")) == []


async def test_two_tasks_reading_one_body(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        first = asyncio.ensure_future(request.content.readany())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task"):
            await request.content.readany()
        return await first

    assert await seen(ask, post(b"abc")[:-3], b"", b"abc") == b"abc"


async def test_a_request_is_kept_behind_its_end(serve: Serve) -> None:
    kept: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        kept.append(request)
        return web.Response()

    peer = serve(handler)
    await peer.ask(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
    await peer.ask(b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
    first, second = kept
    assert (first.path, second.path) == ("/first", "/second")
    assert first.headers["host"] == "a"
    with pytest.raises(Exception, match="has ended"):
        _ = first.exchange


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_whose_request_it_was_is_known_when_the_client_is_gone(
    running: Any, loop: str, scheme: str
) -> None:
    import uvloop

    server_tls = client_tls = None
    if scheme == "https":
        authority = trustme.CA()
        server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(server_tls)
        client_tls = ssl.create_default_context()
        authority.configure_trust(client_tls)

    async def main() -> None:
        told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        began = asyncio.Event()

        async def handler(request: web.Request) -> web.Response:
            began.set()
            await request.wait_for_disconnect()
            protocol = request.protocol
            assert request.transport is None
            told.set_result(
                (request.remote, request.scheme, request.secure, str(request.url),
                 protocol.peername, protocol.peer(), protocol.ssl_context)
            )  # fmt: skip
            return web.Response()

        async with running(handler, ssl=server_tls) as (host, port, _):
            name = "localhost" if client_tls else None
            _, writer = await asyncio.open_connection(
                host, port, ssl=client_tls, server_hostname=name
            )
            address: tuple[str, int] = writer.get_extra_info("sockname")
            # A reset.
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.write(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            await began.wait()
            writer.transport.abort()
            peer = f"127.0.0.1:{address[1]}"
            assert await told == (
                "127.0.0.1", scheme, scheme == "https", f"{scheme}://a/a", address, peer, server_tls
            )  # fmt: skip

    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())


async def test_a_request_without_a_connection() -> None:
    """component.request(), for tests of handlers."""
    request = make_request(
        "POST", "/x?a=1", {"Host": "h", "X": "y"}, match_info={"n": "v"}, app="app", payload=b"{}"
    )
    assert (request.method, request.path, request.query["a"]) == ("POST", "/x", "1")
    assert (request.headers["x"], request.host, request.match_info["n"]) == ("y", "h", "v")
    assert request.app == "app"
    assert request.version is HttpVersion11
    assert await request.json() == {}
    assert request.transport is None
    assert request.remote is None


# Copies.


async def test_a_clone_differs_in_what_is_given(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        request["kept"] = 1
        other = request.clone(
            method="PUT",
            rel_url="/other?x=1",
            headers={"X": "y"},
            scheme="https",
            host="proxy.example",
            remote="192.0.2.7",
            client_max_size=3,
        )
        other["more"] = 2
        assert "more" not in request
        found = (other.method, str(other.url), dict(other.headers), other.remote, other["kept"])
        assert (request.method, request.path, request.remote) == ("POST", "/", "127.0.0.1")
        with pytest.raises(web.HTTPRequestEntityTooLarge):
            await other.read()
        return found, type(other) is type(request), other.match_info is request.match_info

    assert await seen(ask, post(b"four")) == (
        ("PUT", "https://proxy.example/other?x=1", {"X": "y"}, "192.0.2.7", 1),
        True,
        True,
    )


async def test_a_clone_reads_the_body_and_is_answered(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        other = request.clone(method="PUT").clone(rel_url="/again")
        response = web.StreamResponse()
        await response.prepare(other)
        await response.write(await other.read())
        return response

    assert (await serve(handler).ask(post(b"body"))).body == b"body"


async def test_no_clone_of_a_request_that_was_read(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        await request.read()
        with pytest.raises(RuntimeError, match="cannot be cloned"):
            request.clone()
        return True

    assert await seen(ask, post(b"x"))


async def test_config_dict(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        found = request.config_dict
        with pytest.raises(TypeError):
            found["x"] = 1  # type: ignore[index]
        return web.json_response([found["outer"], found["both"], "missing" in found])

    inner, outer = web.Application(), web.Application()
    inner["both"] = "inner"
    outer["both"] = outer["outer"] = "outer"
    inner.router.add_get("/x", handler)
    outer.add_subapp("/sub", inner)
    answer = await serve(app=outer).ask(b"GET /sub/x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert json.loads(answer.body) == ["outer", "inner", False]


async def test_the_connection_behind_it(seen: Any) -> None:
    def ask(request: web.Request) -> Any:
        return (
            request.transport is not None,
            request.loop is asyncio.get_running_loop(),
            request.task is asyncio.current_task(),
            request.protocol.transport is request.transport is not None,
            request.get_extra_info("nothing", "default"),
        )

    assert await seen(ask, post(b"")) == (True, True, True, True, "default")


async def test_a_clone_has_the_same_match_info(serve: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        clone = request.clone(method="PUT")
        return web.Response(text=str(clone.match_info is request.match_info))

    assert (await serve(handler).ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).body == b"True"


@pytest.mark.parametrize("size", [6, 10])
async def test_a_handler_that_closes_the_transport_has_sent_what_it_wrote(
    running: Any, size: int
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(size)})
        await response.prepare(request)
        await response.write(b"answer")
        assert request.transport is not None
        request.transport.close()
        return response

    async with running(handler) as (host, port, _):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"answer"
