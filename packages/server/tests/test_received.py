"""A request's body as a stream, as text and as a form."""

import gzip
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_protocol.limits import Limits
from aiolos_server import web

Serve = Callable[..., Any]
BOUNDARY = "fence"


def post(body: bytes, content_type: str, method: str = "POST", **fields: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return (
        f"{method} / HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def parts(*found: tuple[str, bytes], closed: bool = True) -> bytes:
    """A multipart body of (head, body) parts."""
    data = b"".join(b"--fence\r\n%b\r\n\r\n%b\r\n" % (head.encode(), body) for head, body in found)
    return data + b"--fence--\r\n" if closed else data


def form(*found: tuple[str, bytes], closed: bool = True, **fields: str) -> bytes:
    body = parts(*found, closed=closed)
    return post(body, f"multipart/form-data; boundary={BOUNDARY}", **fields)


def field(name: str, value: bytes, more: str = "") -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="{name}"{more}', value


@pytest.fixture
def seen(serve: Serve) -> Callable[..., Any]:
    """await seen(ask, *pieces, **options): what `ask` gives, or else the answer."""

    async def seen(ask: Callable[[web.Request], Any], *pieces: bytes, **options: Any) -> Any:
        found: list[Any] = []

        async def handler(request: web.Request) -> web.Response:
            found.append(await ask(request))
            return web.Response()

        answer = await serve(handler, **options).ask(*pieces)
        return found[0] if found else answer

    return seen


async def posted(request: web.Request) -> Any:
    return await request.post()


# Charsets.


@pytest.mark.parametrize("looked", [False, True])
@pytest.mark.parametrize("name", ["charset", "Charset"])
async def test_text_is_read_by_its_charset(seen: Any, looked: bool, name: str) -> None:
    async def text(request: web.Request) -> str:
        if looked:
            assert request.headers["Host"] == "a"
        return await request.text()

    assert await seen(text, post(b"\xe9", f"text/plain; {name}=latin-1")) == "\xe9"
    assert await seen(text, post(b"\xc3\xa9", "text/plain")) == "\xe9"


async def test_a_charset_that_is_not_known_is_415_wherever_it_stands(seen: Any) -> None:
    """RFC 9110 15.5.16: the format that Content-Type names is not supported."""
    kinds: list[tuple[Any, bytes]] = [
        (lambda r: r.text(), post(b"{}", "text/plain; charset=nonsense")),
        (lambda r: r.json(), post(b"{}", "application/json; charset=nonsense")),
        (posted, post(b"a=1", "application/x-www-form-urlencoded; charset=nonsense")),
        (posted, form(field("a", b"x", "\r\nContent-Type: text/plain; charset=nonsense"))),
        (posted, form(field("_charset_", b"nonsense"), field("a", b"x"))),
        (first_text, form(field("a", b"x", "\r\nContent-Type: text/plain; charset=nonsense"))),
    ]
    for ask, request in kinds:
        answer = await seen(ask, request)
        assert (answer.status, answer.reason) == (415, "Unsupported Media Type")
        assert answer.body.startswith(b"415: ")
        assert b"charset" in answer.body


async def first_text(request: web.Request) -> Any:
    part: Any = await (await request.multipart()).next()
    return await part.text()


@pytest.mark.parametrize("looked", [False, True])
async def test_a_coding_is_undone_whoever_has_looked_before(seen: Any, looked: bool) -> None:
    async def body(request: web.Request) -> bytes:
        if looked:
            assert request.headers["Host"] == "a"
        return await request.read()

    request = post(gzip.compress(b"x"), "text/plain", content_encoding="gzip")
    assert await seen(body, request) == b"x"


async def test_a_body_that_came_with_its_head_leaves_the_next_request_alone(
    serve: Serve, answers: Any
) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    request = post(b"x" * 200_000, "text/plain")
    peer = serve(echo)
    found = answers(await peer.send(request + post(b"y", "text/plain"), request))
    assert [len(answer.body) for answer in found] == [200_000, 1, 200_000]
    assert not peer.closed


# Content codings.


@pytest.mark.parametrize(("coding", "coded"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_codings_are_undone(seen: Any, coding: str, coded: Any) -> None:
    request = post(coded(b"x" * 5000), "text/plain", Content_Encoding=coding)
    assert await seen(lambda r: r.text(), request) == "x" * 5000


async def test_codings_are_left_alone_where_the_server_is_told_so(seen: Any) -> None:
    data = gzip.compress(b"x")
    request = post(data, "text/plain", Content_Encoding="gzip")
    assert await seen(lambda r: r.read(), request, auto_decompress=False) == data


async def test_an_unknown_coding_is_415(seen: Any) -> None:
    answer = await seen(lambda r: r.read(), post(b"x", "text/plain", Content_Encoding="lzma"))
    assert answer.status == 415


async def test_a_broken_coding_is_400(seen: Any) -> None:
    request = post(b"no gzip at all", "text/plain", Content_Encoding="gzip")
    assert (await seen(lambda r: r.read(), request)).status == 400


async def test_a_coding_cut_short_is_400(seen: Any) -> None:
    request = post(gzip.compress(b"x" * 5000)[:-9], "text/plain", Content_Encoding="gzip")
    assert (await seen(lambda r: r.read(), request)).status == 400


async def test_a_bomb_stops_at_the_limit(seen: Any) -> None:
    bomb = post(gzip.compress(bytes(10_000_000)), "text/plain", Content_Encoding="gzip")
    answer = await seen(lambda r: r.read(), bomb, client_max_size=1_000_000)
    assert answer.status == 413
    limits = Limits(decompression_size=1_000_000)
    answer = await seen(lambda r: r.read(), bomb, client_max_size=0, limits=limits)
    assert answer.status == 413


async def test_client_max_size_is_named_in_the_log_only(
    seen: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await seen(lambda r: r.read(), post(b"x" * 1001, "text/plain"), client_max_size=1000)
    assert answer.status == 413
    assert b"1000" not in answer.body
    assert (
        "client_max_size=1000 was exceeded; raise it with Application(client_max_size="
        in caplog.text
    )


async def test_any_limit_is_named_in_the_log_only(
    seen: Any, caplog: pytest.LogCaptureFixture
) -> None:
    data = post(b"a=1&a=1", "application/x-www-form-urlencoded")
    answer = await seen(posted, data, limits=Limits(form_fields=1))
    assert answer.status == 413
    assert b"form_fields" not in answer.body
    assert (
        "form_fields=1 was exceeded; raise it with Limits(form_fields=...), or with App"
        in caplog.text
    )


async def test_a_malformed_body_is_caught_under_aiohttps_name(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        with pytest.raises(web.RequestPayloadError):
            await request.read()
        return "caught"

    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert await seen(ask, chunked, b"no size\r\n") == "caught"


# Forms.


async def test_req_07_a_file(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        data = await request.post()
        file: Any = data["upload"]
        assert isinstance(file, web.FileField)
        return (
            data["title"], file.name, file.filename, file.content_type, file.file.read(),
            file.headers["x-y"], data is await request.post(),
        )  # fmt: skip

    upload = field(
        "upload", b"\x00\x01", '; filename="a b.bin"\r\nContent-Type: image/png\r\nX-Y: z'
    )
    found = await seen(ask, form(field("title", "größe".encode()), upload))
    assert found == (
        "größe", "upload", "a b.bin", "image/png", b"\x00\x01", "z", True,
    )  # fmt: skip


async def test_req_07_files_are_closed_with_the_request(
    running: Any, talk: Any, answers: Any
) -> None:
    kept: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        kept.extend((await request.post()).values())
        assert not any(each.file.closed for each in kept)
        return web.Response(text=" ".join(str(len(each.file.read())) for each in kept))

    small = field("a", b"x", '; filename="a"')
    large = field("b", b"x" * 600_000, '; filename="b"')
    data = form(small, large, Connection="close")
    async with running(handler) as (_, port, _):
        (answer,) = answers(await talk(port, data))
    assert answer.body == b"1 600000"
    assert [each.file.closed for each in kept] == [True, True]
    in_memory, on_disk = (each.file._rolled for each in kept)
    assert (in_memory, on_disk) == (False, True)


async def test_several_values_and_an_empty_file_name(seen: Any) -> None:
    data = await seen(
        posted, form(field("a", b"1"), field("a", b"2"), field("f", b"", '; filename=""'))
    )
    assert data.getall("a") == ["1", "2"]
    assert data["f"].filename == ""


async def test_parts_of_other_types_are_bytes(seen: Any) -> None:
    part = field("a", b"\xff", "\r\nContent-Type: application/x-own")
    assert (await seen(posted, form(part)))["a"] == b"\xff"


async def test_a_charset_of_the_part(seen: Any) -> None:
    part = field("a", b"\xe9", "\r\nContent-Type: text/plain; charset=latin-1")
    assert (await seen(posted, form(part)))["a"] == "é"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_methods_without_forms(seen: Any, method: str) -> None:
    request = post(b"a=1", "application/x-www-form-urlencoded", method)
    assert len(await seen(posted, request)) == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_methods_with_forms(seen: Any, method: str) -> None:
    request = post(b"a=1", "application/x-www-form-urlencoded", method)
    assert dict(await seen(posted, request)) == {"a": "1"}


BROKEN_FORMS = {
    "no boundary": post(b"x", "multipart/form-data"),
    "not closed": form(field("a", b"1"), closed=False),
    "no parts": post(b"nothing like it", f"multipart/form-data; boundary={BOUNDARY}"),
    "bad head": form(("No Field: x", b"1")),
    "not utf-8": form(field("a", b"\xff")),
    "unknown charset": form(field("a", b"x", "\r\nContent-Type: text/plain; charset=rot13")),
    "nested": form(
        (f"Content-Type: multipart/mixed; boundary={BOUNDARY}2", b"--fence2--"),
    ),
    # RFC 7578 4.2
    "no name": form(field("a", b"x"), ("Content-Disposition: form-data", b"x")),
    "no disposition": form(("Content-Type: text/plain", b"x")),
    "an attachment": form(('Content-Disposition: attachment; name="a"', b"x")),
    "a file that is no form-data": form(
        ('Content-Disposition: file; name="a"; filename="b"', b"x"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN_FORMS)
async def test_broken_forms_are_the_callers_fault(seen: Any, kind: str) -> None:
    answer = await seen(posted, BROKEN_FORMS[kind])
    assert 400 <= answer.status < 500


@pytest.mark.parametrize(("size", "status"), [(780, None), (1100, 413)])
@pytest.mark.parametrize("file", ["", '; filename="f"'])
async def test_the_whole_form_is_bound(seen: Any, size: int, status: Any, file: str) -> None:
    data = form(field("a", b"x" * (size // 2), file), field("b", b"x" * (size // 2), file))
    answer = await seen(posted, data, client_max_size=1000)
    assert getattr(answer, "status", None) == status


@pytest.mark.parametrize(("count", "status"), [(20, None), (21, 413)])
async def test_the_number_of_parts_is_bound(seen: Any, count: int, status: Any) -> None:
    data = form(*(field("a", b"") for _ in range(count)))
    answer = await seen(posted, data, limits=Limits(parts=20))
    assert getattr(answer, "status", None) == status


@pytest.mark.parametrize(("count", "status"), [(20, None), (21, 413)])
async def test_the_number_of_fields_is_bound(seen: Any, count: int, status: Any) -> None:
    data = post(b"&".join([b"a=1"] * count), "application/x-www-form-urlencoded")
    answer = await seen(posted, data, limits=Limits(form_fields=20))
    assert getattr(answer, "status", None) == status


@pytest.mark.parametrize(("count", "status"), [(20, None), (21, 413)])
@pytest.mark.parametrize("multipart", [False, True])
async def test_client_max_fields(
    seen: Any, count: int, status: Any, multipart: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if multipart:
        data = form(*(field("a", b"") for _ in range(count)))
    else:
        data = post(b"&".join([b"a=1"] * count), "application/x-www-form-urlencoded")
    # It outranks what Limits says for everybody.
    limits = Limits(form_fields=5, parts=5)
    answer = await seen(posted, data, client_max_fields=20, limits=limits)
    assert getattr(answer, "status", None) == status
    if status:
        assert "=20 was exceeded; raise it with Limits(" in caplog.text
        assert "Application(client_max_fields=...)" in caplog.text
        assert b"20" not in answer.body


async def test_client_max_fields_zero_is_no_bound(seen: Any) -> None:
    data = post(b"&".join([b"a=1"] * 3000), "application/x-www-form-urlencoded")
    assert not hasattr(await seen(posted, data, client_max_fields=0), "status")


async def test_client_max_fields_of_a_request(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        clone = request.clone(client_max_fields=7)
        return request.client_max_fields, clone.client_max_fields, clone.clone().client_max_fields

    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert await seen(ask, get) == (1000, 7, 7)
    assert (await seen(ask, get, client_max_fields=0))[0] == 0


# Multipart, as it arrives.


async def test_req_08_parts_as_a_stream(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        lines = []
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            data = b""
            while piece := await part.read_chunk():
                data += piece
            lines.append(f"{part.name} {part.filename} {len(data)}")
        return web.Response(text="; ".join(lines))

    request = form(field("a", b"1"), field("b", b"x" * 100_000, '; filename="b.bin"'))
    pieces = [request[at : at + 7000] for at in range(0, len(request), 7000)]
    assert (await serve(handler).ask(*pieces)).body == b"a None 1; b b.bin 100000"


async def test_multipart_of_another_type_is_415(seen: Any) -> None:
    assert (await seen(lambda r: r.multipart(), post(b"{}", "application/json"))).status == 415


async def test_a_part_read_whole_is_bound(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        part: Any = await (await request.multipart()).next()
        return await part.read()

    answer = await seen(ask, form(field("a", b"x" * 2000)), client_max_size=1000)
    assert answer.status == 413


async def test_a_part_that_breaks_while_the_handler_reads(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        return [part async for part in await request.multipart()]

    assert (await seen(ask, form(field("a", b"1"), closed=False))).status == 400


async def test_a_line_that_is_too_long(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=await request.content.readline(max_line_length=5))

    assert (await serve(handler).ask(post(b"1234\n6789", "text/plain"))).body == b"1234\n"
    assert (await serve(handler).ask(post(b"123456789", "text/plain"))).status == 413


async def test_release(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        await request.release()
        return web.Response(text=str(request.content.at_eof()))

    assert (await serve(handler).ask(post(b"x" * 9, "text/plain"))).body == b"True"


async def test_trailers(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        assert not request.trailers
        return await request.read(), dict(request.trailers)

    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"2\r\nhi\r\n0\r\nX-Sum: 1\r\nHost: b\r\n\r\n"
    assert await seen(ask, head, chunks) == (b"hi", {"X-Sum": "1", "Host": "b"})


async def test_has_body_is_an_old_name(serve: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        with pytest.warns(DeprecationWarning, match="can_read_body"):
            return web.Response(text=str(request.has_body))

    head = b"POST / HTTP/1.1\r\nHost: a\r\n"
    server = serve(handler)
    assert (await server.ask(head + b"Content-Length: 1\r\n\r\nx")).body == b"True"
    assert (await server.ask(head + b"\r\n")).body == b"False"


async def test_the_heads_of_a_forms_parts_count(serve: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.post())))

    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n\r\n'
    fields = b"Content-Type: multipart/form-data; boundary=b\r\n"
    for count, status in ((3, 200), (4, 413)):
        body = part * count + b"--b--\r\n"
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n" % len(body)
        server = serve(handler, client_max_size=3 * len(part) + 7)
        assert (await server.ask(head + fields + b"\r\n" + body)).status == status


async def test_a_form_beyond_a_limit_is_caught_as_too_large(seen: Any) -> None:
    async def ask(request: web.Request) -> Any:
        with pytest.raises(web.HTTPRequestEntityTooLarge) as caught:
            await request.post()
        assert isinstance(caught.value, web.RequestPayloadError)
        return caught.value.text

    data = post(b"a=1&b=2&c=3", "application/x-www-form-urlencoded")
    assert await seen(ask, data, client_max_fields=2) == "413: Content Too Large"


async def test_a_field_without_a_name_is_the_callers_fault(seen: Any) -> None:
    answer = await seen(lambda r: r.post(), form(("Content-Disposition: form-data", b"x")))
    assert (answer.status, answer.body) == (
        400,
        b"400: a field of the form has no name (RFC 7578 4.2)",
    )


@pytest.mark.parametrize(
    ("coding", "data", "status", "told"),
    [
        ("base64", b"!!", 400, b"base64 does not have b'!'"),
        ("base64", b"YWJj!ZGVm", 400, b"base64"),
        ("base64", b"YWJ", 400, b"base64 is cut short"),
        ("quoted-printable", b"=ZZ", 400, b"quoted-printable does not have b'=ZZ'"),
        ("foo", b"x", 415, b"'foo' is not known"),
    ],
)
async def test_a_file_in_a_broken_transfer_encoding_is_refused(
    seen: Any, coding: str, data: bytes, status: int, told: bytes
) -> None:
    more = f'; filename="f"\r\nContent-Transfer-Encoding: {coding}'
    answer = await seen(posted, form(field("a", data, more)))
    assert answer.status == status
    assert answer.body.startswith(f"{status}: ".encode())
    assert told in answer.body


async def test_a_413_tells_no_bound_in_either_line(seen: Any) -> None:
    """RFC 9110 15.5.14."""
    kind = "application/x-www-form-urlencoded"
    for request, options in (
        (post(b"a=1&a=1", kind), {"limits": Limits(form_fields=1)}),
        (form(field("a", b"1"), field("b", b"2")), {"limits": Limits(parts=1)}),
        (post(b"a=" + b"x" * 1000, kind), {"client_max_size": 1000}),
        (form(field("a", b"x" * 1000)), {"client_max_size": 1000}),
    ):
        answer = await seen(posted, request, **options)
        assert (answer.status, answer.reason) == (413, "Content Too Large")
        assert answer.body == b"413: Content Too Large"


async def test_what_a_peer_sent_is_told_to_it_as_plain_text(seen: Any) -> None:
    request = post(b"x", "text/plain", Content_Encoding="<b>\xff")
    answer = await seen(lambda r: r.read(), request)
    assert answer.status == 415
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert b"the content coding" in answer.body
