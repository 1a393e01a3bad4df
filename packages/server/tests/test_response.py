"""Responses: what handlers return, and its bytes on the wire."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiolos_protocol.compression import available, decompress
from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.fields.etag import ETag
from aiolos_protocol.multipart import MultipartWriter
from aiolos_server import core, web

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


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_stream_of_which_nothing_is_said_is_no_page(serve: Serve, method: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        kind = request.query.get("kind")
        response = web.StreamResponse(
            status=int(request.query.get("status", 200)),
            headers={"Content-Type": kind} if kind else {},
        )
        if "length" in request.query:
            response.content_length = int(request.query["length"])
        await response.prepare(request)
        if request.query.get("length", "8") == "8" and response.status == 200:
            await response.write(b"<b>x</b>")
        return response

    peer = serve(handler)

    async def told(query: str) -> str | None:
        request = f"{method} /?{query} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        answer = await peer.ask(request)
        kind: str | None = answer.headers.get("content-type")
        return kind

    assert await told("") == "application/octet-stream"
    assert await told("length=8") == "application/octet-stream"
    assert await told("kind=text/csv") == "text/csv"
    # No body, no type of it.
    assert await told("length=0") is None
    assert await told("status=204") is None
    assert await told("status=304") is None


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
    with pytest.raises(TypeError, match="a body is bytes, str, .* not dict"):
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


@pytest.mark.parametrize("reason", ["a\nb", "a\rb", "\x00", "a\x7f"])
def test_a_reason_of_several_lines_is_refused_where_it_is_given(reason: str) -> None:
    with pytest.raises(ValueError, match=r"Reason cannot contain \\r or \\n"):
        web.Response(reason=reason)
    with pytest.raises(ValueError, match=r"Reason cannot contain \\r or \\n"):
        web.StreamResponse(reason=reason)
    with pytest.raises(ValueError, match=r"Reason cannot contain \\r or \\n"):
        web.Response().set_status(200, reason)
    with pytest.raises(TypeError, match="a reason phrase is a str, not 5"):
        web.Response(reason=5)  # type: ignore[arg-type]
    assert web.Response(reason="Alles gut: \u00fc\t!").reason == "Alles gut: \u00fc\t!"


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
    assert c == "c=; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
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


# Content codings.

CODERS = {"gzip": gzip.decompress, "deflate": zlib.decompress}
TEXT = "lorem ipsum " * 500


def accepting(accepted: str, method: str = "GET") -> bytes:
    return f"{method} / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {accepted}\r\n\r\n".encode()


def compressed() -> web.Response:
    response = web.Response(text=TEXT)
    response.enable_compression()
    return response


@pytest.mark.parametrize("coding", CODERS)
async def test_rsp_08_compression_on_request_of_the_handler(sent: Any, coding: str) -> None:
    answer = await sent(compressed, accepting(coding))
    assert answer.headers["content-encoding"] == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert CODERS[coding](answer.body).decode() == TEXT
    assert int(answer.headers["content-length"]) < 200


async def test_of_two_codings_alike_the_smaller(sent: Any) -> None:
    answer = await sent(compressed, accepting("gzip, deflate"))
    assert answer.headers["content-encoding"] == "deflate"
    answer = await sent(compressed, accepting("gzip, deflate;q=0.9"))
    assert answer.headers["content-encoding"] == "gzip"


def test_parameters_without_a_use_are_told() -> None:
    response = web.StreamResponse()
    with pytest.warns(DeprecationWarning, match="each write"):
        response.enable_chunked_encoding(chunk_size=8192)
    assert response.chunked
    for force, coding in ((True, web.ContentCoding.deflate), (False, web.ContentCoding.identity)):
        with pytest.warns(DeprecationWarning, match="ContentCoding.gzip"):
            response.enable_compression(force=force)
        assert response._compression is coding


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "lzma", ""])
async def test_rsp_08_only_where_it_is_accepted(sent: Any, accepted: str) -> None:
    answer = await sent(compressed, accepting(accepted))
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.body.decode() == TEXT


async def test_rsp_08_a_coding_of_the_handlers_choice(sent: Any) -> None:
    def make() -> web.Response:
        response = web.Response(text=TEXT, headers={"ETag": '"x"', "Vary": "Cookie"})
        response.enable_compression(web.ContentCoding.gzip)
        return response

    answer = await sent(make)
    assert gzip.decompress(answer.body).decode() == TEXT
    assert answer.headers["vary"] == "Cookie"
    assert answer.headers["etag"] == 'W/"x"'


async def test_rsp_08_what_is_coded_already_is_left_alone(sent: Any) -> None:
    def make() -> web.Response:
        response = web.Response(body=b"coded", headers={"Content-Encoding": "own"})
        response.enable_compression()
        return response

    answer = await sent(make, accepting("gzip"))
    assert (answer.body, answer.headers["content-encoding"]) == (b"coded", "own")


async def preferred(sent: Any, coding: str) -> None:
    """Who prefers `coding` gets it where its library is installed."""
    answer = await sent(compressed, accepting(f"{coding}, gzip;q=0.5"))
    found = answer.headers["content-encoding"]
    assert found == (coding if coding in available() else "gzip")
    assert decompress(answer.body, [found]).decode() == TEXT


async def test_rsp_10_brotli(sent: Any) -> None:
    await preferred(sent, "br")


async def test_rsp_11_zstd(sent: Any) -> None:
    await preferred(sent, "zstd")


async def test_rsp_08_a_stream(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "9"})
        response.enable_compression()
        await response.prepare(request)
        for number in range(3):
            response.write(b"%d" % number * 3)
        return response

    answer = await serve(handler).ask(accepting("gzip"))
    assert gzip.decompress(answer.body) == b"000111222"
    assert answer.headers["transfer-encoding"] == "chunked"


async def test_drain_sends_what_a_coding_holds_back(serve: Serve, answers: Any) -> None:
    go_on = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_compression(web.ContentCoding.deflate)
        await response.prepare(request)
        await response.write(b"first")
        await response.drain()
        await go_on.wait()
        return response

    peer = serve(handler)
    # As if the last chunk were there: how many carry what was written is the link's affair.
    (answer,) = answers(await peer.send(GET) + b"0\r\n\r\n")
    assert zlib.decompressobj().decompress(answer.body) == b"first"
    go_on.set()


async def test_large_pieces_keep_their_order(running: Any, talk: Any, answers: Any) -> None:
    pieces = [bytes([65 + n]) * size for n, size in enumerate((10, 200_000, 10, 300_000, 10))]

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        for piece in pieces:
            response.write(piece)
        return response

    async with running(handler) as (_, port, _):
        (answer,) = answers(await talk(port, GET.replace(b"Host", b"Connection: close\r\nHost")))
    assert gzip.decompress(answer.body) == b"".join(pieces)


async def test_rsp_09_by_itself(serve: Serve) -> None:
    made: dict[str, Callable[[], web.StreamResponse]] = {
        "/text": lambda: web.Response(text=TEXT),
        "/json": lambda: web.json_response([TEXT]),
        "/short": lambda: web.Response(text="x" * 1023),
        "/image": lambda: web.Response(body=bytes(5000), content_type="image/png"),
        "/coded": lambda: web.Response(text=TEXT, headers={"Content-Encoding": "own"}),
        "/fixed": lambda: web.Response(text=TEXT, headers={"Cache-Control": "no-transform"}),
    }

    async def handler(request: web.Request) -> web.StreamResponse:
        return made[request.path]()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/csv"})
        await response.prepare(request)
        await response.write(TEXT.encode())
        return response

    app = web.Application(auto_compress=True)
    app.router.add_get("/stream", stream)
    app.router.add_get("/{tail:.*}", handler)
    peer = serve(app=app, auto_compress=True)
    coded = {}
    for path in (*made, "/stream"):
        answer = await peer.ask(accepting("gzip").replace(b"/", path.encode(), 1))
        coded[path] = answer.headers.get("content-encoding")
    assert coded == {
        "/text": "gzip",
        "/json": "gzip",
        "/short": None,
        "/image": None,
        "/coded": "own",
        "/fixed": None,
        "/stream": "gzip",
    }
    ranged = accepting("gzip").replace(b"/", b"/text", 1)
    answer = await peer.ask(ranged.replace(b"Host", b"Range: bytes=0-1\r\nHost"))
    assert "content-encoding" not in answer.headers


async def test_rsp_09_off_by_default(sent: Any) -> None:
    answer = await sent(lambda: web.Response(text=TEXT), accepting("gzip"))
    assert "content-encoding" not in answer.headers


# Bodies of other kinds.


async def test_a_file_as_the_body(running: Any, talk: Any, answers: Any, tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(b"1,2,3\n" * 50_000)
    opened: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        opened.append(path.open("rb"))
        return web.Response(body=opened[0])

    async with running(handler) as (_, port, _):
        (answer,) = answers(await talk(port, GET.replace(b"Host", b"Connection: close\r\nHost")))
    assert answer.body == path.read_bytes()
    assert answer.headers["content-length"] == "300000"
    assert answer.headers["content-type"] == "text/csv"
    assert opened[0].closed


async def test_an_async_iterable_as_the_body(sent: Any) -> None:
    async def numbers() -> Any:
        for number in range(3):
            yield b"%d" % number

    answer = await sent(lambda: web.Response(body=numbers(), content_type="text/x"))
    assert answer.body == b"012"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["content-type"] == "text/x"


async def test_a_multipart_body(sent: Any) -> None:
    def make() -> web.Response:
        with MultipartWriter("mixed", boundary="fence") as writer:
            writer.append("one")
            writer.append(b"two")
        return web.Response(body=writer)

    answer = await sent(make)
    assert answer.headers["content-type"].startswith("multipart/mixed")
    assert answer.body.count(b"--fence") == 3
    assert int(answer.headers["content-length"]) == len(answer.body)


async def test_head_reads_no_payload(sent: Any) -> None:
    read: list[int] = []

    async def numbers() -> Any:
        read.append(1)
        yield b"x"

    assert (await sent(lambda: web.Response(body=numbers()), b"HEAD" + GET[3:])).body == b""
    assert not read


async def test_a_body_replaced(sent: Any) -> None:
    def make() -> web.Response:
        response = web.Response(text="one")
        assert (response.text, response.body) == ("one", b"one")
        response.body = b"two"
        response.text = "three"
        assert response.content_length == 5
        return response

    assert (await sent(make)).body == b"three"


# More of the head.


async def test_validators(sent: Any) -> None:
    def make() -> web.Response:
        response = web.Response()
        response.last_modified = 784_903_526
        response.etag = "v1"
        return response

    answer = await sent(make)
    assert answer.headers["last-modified"] == "Tue, 15 Nov 1994 12:45:26 GMT"
    assert answer.headers["etag"] == '"v1"'


def test_validators_read_and_removed() -> None:
    response = web.StreamResponse()
    moment = datetime(1994, 11, 15, 12, 45, 26, tzinfo=UTC)
    for value in (moment, 784_903_525.5, "Tue, 15 Nov 1994 12:45:26 GMT"):
        response.last_modified = value
        assert response.last_modified == moment
    response.last_modified = None
    assert response.last_modified is None
    response.etag = ETag("x", is_weak=True)
    assert response.headers["ETag"] == 'W/"x"'
    assert response.etag == ETag("x", is_weak=True)
    response.etag = None
    assert "ETag" not in response.headers
    with pytest.raises(ValueError, match="is not a valid etag"):
        response.etag = 'a"b'
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match="Unsupported etag type: int"):
            response.etag = 7  # type: ignore[assignment]
        with pytest.raises(kind, match="Unsupported etag type"):
            response.etag = ETag(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Unsupported type for last_modified: list"):
        response.last_modified = []  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"name": "a;b"}, "not a cookie name"),
        ({"path": "/;x"}, "semicolon"),
        ({"samesite": "None"}, "needs secure=True"),
        ({"expires": "soon"}, "is a date"),
        ({"name": "__Host-x"}, "needs Secure"),
        ({"max_age": "soon"}, "max_age of the cookie a is a whole number of seconds, not 'soon'"),
    ],
)
def test_cookies_that_no_browser_would_keep(options: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        web.Response().set_cookie(**{"name": "a", "value": "b", **options})


def test_cookies_with_odd_values() -> None:
    response = web.Response()
    response.set_cookie("a", 'x; "y"\r\n', partitioned=True, secure=True)
    (morsel,) = response.cookies.values()
    assert morsel.OutputString() == 'a="x\\073 \\"y\\"\\015\\012"; Partitioned; Path=/; Secure'
    response.del_cookie("__Host-b")
    assert "Secure" in response.cookies["__Host-b"].OutputString()


async def test_early_hints(serve: Serve, answers: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        response = web.Response(text="x")
        await response.early_hints(request, {"Link": "</style.css>; rel=preload"})
        return response

    peer = serve(handler)
    hints, final = answers(await peer.send(GET))
    assert (hints.status, hints.headers) == (103, {"link": "</style.css>; rel=preload"})
    assert final.body == b"x"
    (final,) = answers(await peer.send(GET.replace(b"1.1", b"1.0")))
    assert final.status == 200


async def test_trailers(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.trailers["X-Digest"] = ""
        await response.prepare(request)
        await response.write(b"body")
        response.trailers["X-Digest"] = "abc"
        return response

    data = await serve(handler).send(GET)
    assert b"Trailer: X-Digest\r\n" in data
    assert data.endswith(b"4\r\nbody\r\n0\r\nX-Digest: abc\r\n\r\n")


async def test_a_lost_connection_is_told_by_the_awaitable(serve: Serve, settle: Any) -> None:
    seen: list[str] = []
    go_on = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await go_on.wait()
        lost = response.write(b"x")
        seen.append("written")
        with pytest.raises(ConnectionResetError):
            await lost
        seen.append("told")
        return response

    peer = serve(handler)
    await peer.send(GET)
    peer.transport.lose()
    go_on.set()
    await settle()
    assert seen == ["written", "told"]


class Gone(ConnectionLost):
    """A loss by another name."""


class Losing(web.StreamResponse):
    _loss = Gone


@pytest.mark.parametrize("kind", [bytes, bytearray])
async def test_a_loss_has_the_name_that_a_class_gives_it(
    serve: Serve, settle: Any, kind: Any
) -> None:
    seen: list[Any] = []
    go_on = asyncio.Event()

    async def error_of(awaitable: Any) -> None:
        try:
            await awaitable
        except ConnectionResetError as error:
            seen.append(type(error))

    async def handler(request: web.Request) -> web.StreamResponse:
        response = Losing()
        await response.prepare(request)
        request.protocol.link.pause_writing()
        go_on.set()
        await error_of(response.write(kind(b"x")))
        await error_of(response.write(kind(b"x")))
        await error_of(response.drain())
        await error_of(Losing().prepare(request))
        await error_of(response.write_eof())
        return response

    peer = serve(handler)
    await peer.send(GET)
    await go_on.wait()
    assert not seen
    peer.transport.lose()
    await settle()
    assert seen == [Gone] * 5


async def test_what_a_response_tells_of_itself(serve: Serve) -> None:
    told = []

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(reason="Fine")
        told.append((repr(response), response.keep_alive))
        await response.prepare(request)
        told.append((repr(response), response.keep_alive))
        await response.write_eof()
        told.append((repr(response), response.keep_alive))
        return response

    await serve(handler).ask(GET)
    assert told == [
        ("<StreamResponse Fine not prepared>", None),
        ("<StreamResponse Fine GET / >", True),
        ("<StreamResponse Fine eof>", True),
    ]
    response = web.Response()
    response.force_close()
    assert response.keep_alive is False


def test_a_response_without_a_body() -> None:
    for response in (web.Response(), web.Response(status=204), web.HTTPNoContent()):
        assert (response.body, response.text, response.content_length) == (None, None, 0)
    for response in (web.Response(text=""), web.Response(body=b"")):
        assert (response.body, response.text, response.content_length) == (b"", "", 0)
    response.body = None
    assert response.body is None


def test_a_body_of_a_wrong_type() -> None:
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match="a body is bytes"):
            web.Response(body=123)


def test_http_exceptions_are_responses() -> None:
    error = web.HTTPNotFound(text="gone")
    assert isinstance(error, web.Response)
    assert isinstance(error, web.StreamResponse)
    assert issubclass(web.HTTPNotFound, web.Response)
    assert (error.status, error.text, error.body_length) == (404, "gone", 0)
    error.set_cookie("a", "b")
    assert error.cookies["a"].value == "b"


async def test_steps_that_a_subclass_overrides_are_called(sent: Any) -> None:
    class Prepared(web.Response):
        async def prepare(self, request: Any) -> None:
            self.headers["X-Prepared"] = "yes"
            await super().prepare(request)

    class Ended(web.Response):
        async def write_eof(self, data: bytes = b"") -> None:
            ended.append(self.status)
            await super().write_eof(data)

    ended: list[int] = []
    answer = await sent(lambda: Prepared(text="all"))
    assert (answer.headers["x-prepared"], answer.body) == ("yes", b"all")
    answer = await sent(lambda: Ended(text="all"))
    assert (ended, answer.body) == ([200], b"all")


async def test_chunks_that_another_server_announced_are_made_anew(sent: Any) -> None:
    handed_on = {"Transfer-Encoding": "chunked"}
    answer = await sent(lambda: web.Response(body=b"whole", headers=handed_on))
    assert (answer.headers["transfer-encoding"], answer.body) == ("chunked", b"whole")

    answer = await sent(lambda: web.Response(status=204, headers=handed_on))
    assert answer.status == 204


async def test_a_stream_that_another_server_announced_in_chunks(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Transfer-Encoding": "Chunked"})
        await response.prepare(request)
        await response.write(b"piece")
        return response

    answer = await serve(handler).ask(GET)
    assert (answer.headers["transfer-encoding"], answer.body) == ("chunked", b"piece")


@pytest.mark.parametrize("text", [{"text": "\u0442"}, {"body": "\u0442"}])
async def test_text_is_encoded_by_the_charset_among_the_headers(sent: Any, text: Any) -> None:
    headers = {"Content-Type": "text/html; charset=KOI8-R"}
    answer = await sent(lambda: web.Response(**text, headers=headers))
    assert answer.body == b"\xd4"
    assert answer.headers["content-type"] == "text/html; charset=KOI8-R"
    answer = await sent(lambda: web.Response(**text, headers={"Content-Type": "text/html"}))
    assert answer.body == b"\xd1\x82"
    answer = await sent(lambda: web.Response(body=b"\xff", headers=headers))
    assert answer.body == b"\xff"


def test_text_that_is_none() -> None:
    with pytest.raises(TypeError, match="text takes a str, not bytes"):
        web.Response().text = b"x"  # type: ignore[assignment]


def test_a_length_and_chunks_exclude_each_other() -> None:
    response = web.StreamResponse()
    response.content_length = 5
    assert response.headers["Content-Length"] == "5"
    with pytest.raises(RuntimeError, match="not sent in chunks"):
        response.enable_chunked_encoding()
    response.content_length = None
    assert "Content-Length" not in response.headers
    response.enable_chunked_encoding()
    with pytest.raises(RuntimeError, match="no length beforehand"):
        response.content_length = 5


async def test_the_length_of_a_response_is_that_of_what_is_sent(serve: Serve) -> None:
    lengths: list[int | None] = []

    async def handler(request: web.Request) -> web.Response:
        response = web.Response(body=b"x" * 2000)
        lengths.append(response.content_length)
        if request.path == "/gzip":
            response.enable_compression(web.ContentCoding.gzip)
        else:
            response.enable_chunked_encoding()
        await response.prepare(request)
        lengths.append(response.content_length)
        return response

    peer = serve(handler)
    answer = await peer.ask(GET.replace(b"/", b"/gzip", 1))
    assert lengths == [2000, int(answer.headers["content-length"])]
    assert (await peer.ask(GET)).body == b"x" * 2000
    assert lengths[2:] == [2000, None]
    assert web.Response(headers={"Content-Length": "123"}).content_length == 123


async def test_a_length_that_was_set_is_not_that_of_coded_bytes(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 2000
        response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        await response.write(b"x" * 2000)
        await response.write_eof()
        return response

    answer = await serve(handler).ask(GET)
    assert "content-length" not in answer.headers
    assert gzip.decompress(answer.body) == b"x" * 2000


def test_last_modified_is_rounded_up() -> None:
    response = web.StreamResponse()
    moment = datetime(1994, 11, 15, 12, 45, 26, 1, tzinfo=UTC)
    for value in (moment, moment.replace(tzinfo=None), moment.timestamp()):
        response.last_modified = value
        assert response.headers["Last-Modified"] == "Tue, 15 Nov 1994 12:45:27 GMT"


@pytest.mark.parametrize("streams", [True, False])
async def test_on_response_prepare_may_take_the_server_field_out(
    serve: Serve, streams: bool
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.StreamResponse() if streams else web.Response(text="x")

    async def strip(request: web.Request, response: web.StreamResponse) -> None:
        assert response.headers["Server"].startswith("aiolos/")
        if request.path == "/":
            del response.headers["Server"]
        else:
            response.headers["Server"] = "mine"

    app = web.Application()
    app.router.add_get("/{tail:.*}", handler)
    app.on_response_prepare.append(strip)
    peer = serve(app=app)
    assert "server" not in (await peer.ask(GET)).headers
    assert (await peer.ask(GET.replace(b"/", b"/own", 1))).headers["server"] == "mine"


async def test_a_server_without_a_name(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="x", headers={"X": "y"} if request.path == "/x" else None)

    peer = serve(handler, server_header="")
    assert "server" not in (await peer.ask(GET)).headers
    assert "server" not in (await peer.ask(GET.replace(b"/", b"/x", 1))).headers


@pytest.mark.parametrize("prepared", [True, False])
@pytest.mark.parametrize(
    ("body", "fields", "told"),
    [(b"", {}, None), (b"x", {}, "1"), (b"", {"Content-Length": "123"}, "123")],
)
async def test_head_is_told_the_length_where_it_is_known(
    serve: Serve, prepared: bool, body: bytes, fields: Any, told: Any
) -> None:
    async def handler(request: web.Request) -> web.Response:
        response = web.Response(body=body, headers=fields)
        if prepared:
            await response.prepare(request)
        return response

    peer = serve(handler)
    answer = await peer.ask(GET.replace(b"GET", b"HEAD"))
    assert (answer.status, answer.headers.get("content-length")) == (200, told)
    assert (await peer.ask(GET)).headers["content-length"] == str(len(body))


async def test_a_subclass_may_have_a_length_of_its_own(sent: Any) -> None:
    class Own(web.Response):
        @property
        def body_length(self) -> int:
            return 5

    assert (await sent(lambda: Own(text="hello, all"))).body == b"hello, all"


def test_content_types_that_are_kept_are_bounded() -> None:
    names = [f"c{number}" for number in range(500)]
    assert [core.typed("text/x", name) for name in names] == [f"text/x; charset={n}" for n in names]
    kept = [core.typed("text/x", name) is core.typed("text/x", name) for name in names]
    assert sum(kept) <= 64
    response = web.Response(body=b"", content_type="text/x", charset="c499")
    assert response.headers["Content-Type"] == "text/x; charset=c499"
