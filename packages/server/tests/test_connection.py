"""From the bytes of a request to the bytes of its response, over a transport in memory."""

import asyncio
import gc
import logging
import re
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import ResponseHead
from aiolos_server import web

Serve = Callable[..., Any]

# HTTP/2: the preface and empty SETTINGS; HEADERS of GET / on stream 1, which end it.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
HEADERS = b"\0\0\6\1\5\0\0\0\1" + b"\x82\x84\x86\x41\x01a"

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"


async def path(request: web.Request) -> web.Response:
    return web.Response(text=request.path_qs)


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"one")
    await response.write(b"two")
    return response


def target(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


async def test_a_request_and_its_response(serve: Serve) -> None:
    answer = await serve().ask(GET)
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"hello")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-length"] == "5"
    assert answer.headers["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert answer.headers["server"].startswith("aiolos/")


async def test_srv_08_keep_alive(serve: Serve) -> None:
    peer = serve(path)
    assert [(await peer.ask(target(f"/{n}"))).body for n in range(5)] == [
        b"/%d" % n for n in range(5)
    ]
    assert not peer.closed
    answer = await peer.ask(b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.headers["connection"] == "close"
    assert peer.closed


async def test_srv_08_http_1_0_is_kept_alive_only_when_asked(serve: Serve) -> None:
    peer = serve(path)
    answer = await peer.ask(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert answer.headers["connection"] == "keep-alive"
    assert not peer.closed
    answer = await peer.ask(b"GET /b HTTP/1.0\r\n\r\n")
    assert answer.headers["connection"] == "close"
    assert peer.closed


async def test_pipelining_keeps_the_order(serve: Serve, answers: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/0":
            await asyncio.sleep(0)
        return await path(request)

    peer = serve(handler)
    got = answers(await peer.send(b"".join(target(f"/{n}") for n in range(40))))
    assert [answer.body.decode() for answer in got] == [f"/{n}" for n in range(40)]


async def test_a_request_byte_by_byte(serve: Serve) -> None:
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    assert (
        await serve(echo).ask(*(request[n : n + 1] for n in range(len(request))))
    ).body == b"abc"


async def test_the_body_comes_later_than_the_head(serve: Serve) -> None:
    peer = serve(echo)
    assert await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc") == b""
    assert (await peer.ask(b"def")).body == b"abcdef"


async def test_srv_09_chunked_both_ways(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for piece in request.content.iter_any():
            await response.write(piece.upper())
        return response

    peer = serve(handler)
    answer = await peer.ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n",
        b"0\r\nTrailer-Field: x\r\n\r\n",
    )
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.body == b"ABCDE"
    assert not peer.closed


# What a HEAD gets.


async def test_head_on_a_streaming_handler_has_no_body(serve: Serve, answers: Any) -> None:
    data = await serve(stream).send(HEAD + GET)
    head, get = answers(data, "HEAD", "GET")
    assert head.body == b""
    assert head.headers["transfer-encoding"] == "chunked"
    assert get.body == b"onetwo"


async def test_head_on_a_whole_response_has_its_length(serve: Serve) -> None:
    answer = await serve().ask(HEAD)
    assert answer.headers["content-length"] == "5"
    assert answer.body == b""


async def test_a_stream_to_http_1_0_ends_with_the_connection(serve: Serve) -> None:
    peer = serve(stream)
    answer = await peer.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert "transfer-encoding" not in answer.headers
    assert answer.body == b"onetwo"
    assert peer.closed


# 100-continue (RFC 9110 10.1.1).

EXPECTING = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"


async def test_continue_is_sent_before_the_body(serve: Serve) -> None:
    peer = serve(echo)
    assert await peer.send(EXPECTING) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert (await peer.ask(b"abc")).body == b"abc"
    assert not peer.closed


async def test_an_expect_handler_that_refuses(serve: Serve) -> None:
    async def refuse(request: web.Request) -> None:
        raise web.HTTPRequestEntityTooLarge(max_size=1, actual_size=3)

    app = web.Application()
    app.router.add_post("/", echo, expect_handler=refuse)
    peer = serve(app=app)
    answer = await peer.ask(EXPECTING)
    assert answer.status == 413
    assert peer.closed


@pytest.mark.parametrize(("path", "method", "status"), [("/x", "POST", 404), ("/", "PUT", 405)])
async def test_where_nobody_answers_the_body_is_not_asked_for(
    serve: Serve, path: str, method: str, status: int
) -> None:
    app = web.Application()
    app.router.add_post("/", echo)
    peer = serve(app=app)
    asked = EXPECTING.replace(b"POST /", f"{method} {path}".encode(), 1)
    assert (await peer.ask(asked)).status == status
    # Nobody knows whether the body comes all the same.
    assert peer.closed


# Handlers that go on behind their responses.


@pytest.mark.parametrize("pipelined", [False, True])
async def test_the_next_request_waits_for_the_handler_of_the_last(
    serve: Serve, settle: Any, answers: Any, pipelined: bool
) -> None:
    gate = asyncio.Event()
    told: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        told.append(f"begun {request.path}")
        response = web.StreamResponse(headers={"Content-Length": "2"})
        await response.prepare(request)
        await response.write(b"ok")
        await response.write_eof()
        if request.path == "/1":
            await gate.wait()
        told.append(f"ended {request.path}")
        return response

    peer = serve(handler)
    if pipelined:
        data = await peer.send(target("/1") + target("/2"))
    else:
        data = await peer.send(target("/1")) + await peer.send(target("/2"))
    assert len(answers(data)) == 1
    gate.set()
    await settle()
    assert len(answers(peer.transport.take())) == 1
    assert (await peer.ask(target("/3"))).body == b"ok"
    assert told == ["begun /1", "ended /1", "begun /2", "ended /2", "begun /3", "ended /3"]


async def test_a_peer_that_goes_away_behind_its_response(serve: Serve, settle: Any) -> None:
    gate = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.Response(text="ok")
        await response.prepare(request)
        await response.write_eof()
        await gate.wait()
        return response

    peer = serve(handler)
    await peer.send(GET, GET)
    peer.transport.lose()
    gate.set()
    await settle()
    assert not peer.server.connections


# Handlers that fail.


@pytest.mark.parametrize("suspend", [False, True])
async def test_a_handler_that_cancels_itself_is_named(
    serve: Serve, caplog: pytest.LogCaptureFixture, suspend: bool
) -> None:
    async def handler(request: web.Request) -> web.Response:
        if suspend:
            await asyncio.sleep(0)
        raise asyncio.CancelledError

    peer = serve(handler)
    assert await peer.send(target("/x")) == b""
    assert peer.transport.aborted
    assert "raised CancelledError although nobody had cancelled it" in caplog.text
    assert "GET /x from 127.0.0.1:5000" in caplog.text
    assert await peer.send(GET) == b""


async def test_the_page_of_an_error_is_html_to_whoever_takes_it(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise LookupError("secret")

    browser = b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n"
    answer = await serve(handler).ask(browser)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.body == (
        b"<html><head><title>500 Internal Server Error</title></head><body>\n"
        b"<h1>500 Internal Server Error</h1>\nServer got itself in trouble\n</body></html>\n"
    )


@pytest.mark.parametrize("suspend", [False, True])
async def test_a_handler_that_raises_is_500_and_a_log_line(
    serve: Serve, caplog: pytest.LogCaptureFixture, suspend: bool
) -> None:
    async def handler(request: web.Request) -> web.Response:
        if suspend:
            await asyncio.sleep(0)
        raise LookupError("secret")

    peer = serve(handler)
    for _ in range(2):
        answer = await peer.ask(target("/bad?x=1"))
        assert answer.status == 500
        assert b"secret" not in answer.body
        assert b"Traceback" not in answer.body
    assert not peer.closed
    record = caplog.records[-1]
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "Error handling request GET /bad?x=1 from 127.0.0.1:5000"
    assert record.exc_info is not None
    assert record.exc_info[0] is LookupError


# A terminal's control sequence introducer of C1, ends of lines, a change of writing direction.
@pytest.mark.parametrize("sign", ["\x85", "\x9b", "\u2028", "\u2029", "\u202e"])
@pytest.mark.parametrize("what", ["raises", "is cancelled", "is cut short"])
async def test_what_the_peer_asked_for_forges_no_line_of_the_log(
    sign: str, what: str, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if what == "is cancelled":
            raise asyncio.CancelledError
        if what == "is cut short":
            await web.StreamResponse().prepare(request)
        raise LookupError

    await serve(handler).send(target(f"/{sign}31mforged?{sign}"))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    shown = sign.encode("unicode_escape").decode()
    assert f"GET /{shown}31mforged?{shown} from" in record.getMessage()


@pytest.mark.parametrize("length", [None, "50"])
@pytest.mark.parametrize("suspend", [False, True])
@pytest.mark.parametrize("how", ["raises", "returns another", "ends too early", "writes too much"])
async def test_what_was_written_goes_out_before_the_connection_ends(
    serve: Serve, caplog: pytest.LogCaptureFixture, length: str | None, suspend: bool, how: str
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": length} if length else None)
        await response.prepare(request)
        await response.write(b"some")
        if suspend:
            await asyncio.sleep(0)
        if how == "writes too much":
            await response.write(b"x" * 60)
        if how == "returns another":
            return web.Response()
        if how == "raises" or length is None:
            raise LookupError("secret")
        return response

    peer = serve(handler)
    data = await peer.send(GET)
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body.startswith(b"some" if length else b"4\r\nsome\r\n")
    assert not data.endswith(b"0\r\n\r\n"), "a stream cut short must not look complete"
    assert peer.transport.aborted
    assert "its response is cut short" in caplog.text
    assert not peer.server.connections


@pytest.mark.parametrize("suspend", [False, True])
@pytest.mark.parametrize("returned", [web.Response, lambda: web.Response(text="another")])
async def test_another_response_behind_one_that_is_complete(
    serve: Serve, caplog: pytest.LogCaptureFixture, suspend: bool, returned: Any
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"some")
        await response.write_eof()
        if suspend:
            await asyncio.sleep(0)
        return returned()  # type: ignore[no-any-return]

    peer = serve(handler)
    data = await peer.send(GET + GET)
    assert data.count(b"\r\n\r\n4\r\nsome\r\n0\r\n\r\n") == 2
    assert not peer.transport.is_closing()
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_was_written_goes_out_on_every_loop(loop: str) -> None:
    import uvloop

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"some")
        raise LookupError

    async def main() -> bytes:
        app = web.Application()
        app.router.add_get("/", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(GET)
        got = await reader.read()
        writer.close()
        await runner.cleanup()
        return got

    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(main()).endswith(b"\r\n\r\n4\r\nsome\r\n")


async def test_what_cannot_be_sent_is_logged_without_the_steps_of_coroutines(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(headers={"X": "a\r\nb"})

    assert (await serve(handler).ask(GET)).status == 500
    (record,) = caplog.records
    assert record.exc_info is not None
    error = record.exc_info[1]
    assert error is not None
    assert error.__context__ is None
    assert "StopIteration" not in caplog.text


async def test_a_client_that_resets_while_it_is_written_to_is_no_news(
    running: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """asyncio warns of each write to a connection that has failed."""
    over = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        client.close()
        try:
            for _ in range(100):
                await response.write(b"x" * 100_000)
        finally:
            over.set()
        return response

    async with running(handler, access_log=None) as (host, port, _):
        client = socket.create_connection((host, port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(GET)
        await over.wait()
    assert not caplog.records


async def test_what_was_written_to_a_stream_of_http2_goes_out(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"some")
        raise LookupError

    data = await serve(handler).send(PREFACE + HEADERS)
    at = data.index(b"\0\0\4\0\0\0\0\0\1some")
    assert data[at:].endswith(b"\0\0\4\3\0\0\0\0\1\0\0\0\2"), "RST_STREAM, INTERNAL_ERROR"


async def test_whose_a_stream_of_http2_was_is_known_when_it_is_gone(
    serve: Serve, settle: Any
) -> None:
    told: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        await request.wait_for_disconnect()
        told.append((request.remote, request.protocol.peer()))
        return web.Response()

    peer = serve(handler)
    await peer.send(PREFACE + HEADERS)
    peer.transport.lose()
    await settle()
    assert told == [("127.0.0.1", "127.0.0.1:5000")]


async def test_a_handler_that_returns_no_response(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def forgetful(request: web.Request) -> None:
        pass

    assert (await serve(forgetful).ask(GET)).status == 500
    assert "the handler test_a_handler_that_returns_no_response.<locals>.forgetful" in caplog.text
    assert "not None" in caplog.text


async def test_a_response_used_for_two_requests(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    response = web.Response(text="once")

    async def handler(request: web.Request) -> web.Response:
        return response

    peer = serve(handler)
    assert (await peer.ask(GET)).body == b"once"
    answer = await peer.ask(GET)
    assert answer.status == 500
    assert "a response answers one request" in caplog.text


async def test_a_stream_used_for_two_requests(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[web.StreamResponse] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        if not kept:
            kept.append(await stream(request))
        return kept[0]

    peer = serve(handler)
    assert (await peer.ask(GET)).body == b"onetwo"
    assert (await peer.ask(GET)).status == 500
    assert "a response answers one request" in caplog.text


async def test_broken_json_is_the_callers_fault(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response(await request.json())

    peer = serve(handler)
    answer = await peer.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n{a:}")
    assert answer.status == 400
    assert not peer.closed


async def test_srv_12_a_line_end_in_a_header_never_reaches_the_wire(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="x", headers={"X-Evil": "a\r\nSet-Cookie: b"})

    answer = await serve(handler).ask(GET)
    assert answer.status == 500
    assert "set-cookie" not in answer.headers
    assert "the value of the header X-Evil holds the control character" in caplog.text


# What is no request is refused, whenever it comes, and never left waiting.

BAD_HEADS = {
    "request line": b"GET /\r\nHost: a\r\n\r\n",
    "version": b"GET / HTTP/3.1\r\nHost: a\r\n\r\n",
    "method": b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "header": b"GET / HTTP/1.1\r\nHost: a\r\nbad header: x\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "length and chunks": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: a\n\n",
}
REFUSED_WITH = {"version": 505}


@pytest.mark.parametrize("pieces", [1, 2, 1000])
@pytest.mark.parametrize("kind", BAD_HEADS)
async def test_srv_11_a_malformed_head(serve: Serve, answers: Any, kind: str, pieces: int) -> None:
    bad = BAD_HEADS[kind]
    step = max(1, -(-len(bad) // pieces))
    peer = serve()
    data = await peer.send(GET, *(bad[at : at + step] for at in range(0, len(bad), step)))
    good, refused = answers(data)
    assert good.status == 200
    assert refused.status == REFUSED_WITH.get(kind, 400)
    assert refused.headers["connection"] == "close"
    assert peer.closed
    assert "Traceback" not in refused.body.decode()


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "bad", [b"xyz\r\nabc", b"-3\r\nabc", b"3\r\nabcde\r\n", b"3;\x00\r\nabc\r\n"]
)
@pytest.mark.parametrize("together", [True, False])
async def test_srv_11_a_malformed_chunk(serve: Serve, bad: bytes, together: bool) -> None:
    """Also in a later segment than the head, when the handler waits for the body already."""
    peer = serve(echo)
    answer = await peer.ask(*([CHUNKED + bad] if together else [CHUNKED, bad]))
    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert peer.closed


async def test_a_malformed_chunk_that_the_handler_catches(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        with pytest.raises(web.HTTPBadRequest, match="Bad Request"):
            await request.read()
        return web.Response(text="caught")

    peer = serve(handler)
    answer = await peer.ask(CHUNKED, b"zz\r\n")
    assert answer.body == b"caught"
    assert peer.closed


async def test_a_malformed_chunk_behind_the_answer(serve: Serve) -> None:
    peer = serve()
    assert (await peer.ask(CHUNKED)).body == b"hello"
    await peer.send(b"zz\r\n")
    assert peer.closed


async def test_a_good_request_is_answered_before_the_bad_one_behind_it(
    serve: Serve, answers: Any
) -> None:
    good, bad = answers(await serve().send(GET + b"\x00\x01\r\n\r\n"))
    assert (good.status, bad.status) == (200, 400)


async def test_a_limit_is_named_in_the_log_and_not_in_the_body(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    peer = serve(limits=Limits(field=1000))
    answer = await peer.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 2000 + b"\r\n\r\n")
    assert answer.status == 431
    assert b"1000" not in answer.body
    assert b"limit" not in answer.body.lower()
    assert "the limit field=1000 was exceeded" in caplog.text
    assert "127.0.0.1:5000" in caplog.text


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "URI Too Long"),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 200 + b"\r\n",
            431,
            "Request Header Fields Too Large",
        ),
    ],
)
async def test_a_refusal_says_the_same_in_its_status_line_and_in_its_body(
    serve: Serve, data: bytes, status: int, reason: str
) -> None:
    answer = await serve().ask(data)
    assert (answer.status, answer.reason) == (status, reason)
    assert answer.body == f"{status}: {reason}\n".encode()


async def test_tls_on_a_plain_port_is_said_in_the_log(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    hello = bytes.fromhex("16030100c8010000c403032e")
    peer = serve()
    await peer.send(hello + bytes(40))
    assert peer.closed
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert "spoke TLS" in record.getMessage()
    assert "ssl_context" in record.getMessage()


# Time (by a clock that stands still).


async def test_a_head_that_dribbles_in_gets_408(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    peer = serve(head_timeout=30)
    for byte in b"GET / HTTP/1.1\r\nHo":
        assert await peer.send(bytes([byte])) == b""
        peer.clock.advance(1.5)
    peer.clock.advance(5)
    answer = await peer.ask(b"")
    assert answer.status == 408
    assert answer.body == b"408: Request Timeout\n"
    assert peer.closed
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "within 30 s; slower ones need a longer head_timeout" in record.getMessage()


async def test_who_does_not_take_its_answer_is_cut_off_and_named_in_the_log(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    peer = serve(body_timeout=30)
    await peer.ask(GET)
    peer.transport.pause(100_000)
    peer.clock.advance(30)
    assert peer.transport.aborted
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "127.0.0.1:5000 was too slow: less than 16 bytes a second" in record.getMessage()
    assert "need a lower Limits(body_rate=...) or a longer body_timeout" in record.getMessage()


async def test_a_tunnel_that_nobody_opens_is_refused(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 9110 9.3.6: 200 would say that it is open, whatever the body says."""
    peer = serve()
    answer = await peer.ask(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
    assert answer.status == 400
    assert answer.body == b"400: nobody speaks the protocol that CONNECT asks for here\n"
    assert not peer.closed
    assert caplog.records == []


async def test_an_idle_connection_is_closed_after_the_keep_alive_timeout(serve: Serve) -> None:
    peer = serve(keepalive_timeout=75)
    await peer.ask(GET)
    peer.clock.advance(74)
    assert not peer.closed
    peer.clock.advance(2)
    assert peer.closed
    assert peer.transport.take() == b""


@pytest.mark.parametrize("how", ["read", "content"])
@pytest.mark.parametrize(("timeout", "late"), [(10, True), (60, False)])
async def test_a_body_that_does_not_come_gets_408_after_the_body_timeout(
    serve: Serve, timeout: float, late: bool, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.Response:
        source = request if how == "read" else request.content
        return web.Response(body=await source.read())

    peer = serve(handler, body_timeout=timeout)
    await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
    peer.clock.advance(20)
    answer = await peer.send(b"")
    assert (b" 408 " in answer) == late
    assert answer.rstrip().endswith(b"\r\n\r\n408: Request Timeout") == late
    warned = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert len(warned) == late
    assert all("body_rate" in each for each in warned)


async def test_a_running_handler_has_no_deadline(serve: Serve) -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response(text="late")

    peer = serve(handler)
    await peer.send(GET)
    peer.clock.advance(10_000)
    assert not peer.closed
    release.set()
    assert (await peer.ask(b"")).body == b"late"


# The peer goes away.


async def test_client_gone_the_handler_goes_on(serve: Serve, settle: Any) -> None:
    release, done = asyncio.Event(), asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await release.wait()
        done.set()
        return web.Response()

    peer = serve(handler)
    await peer.send(GET)
    peer.transport.lose()
    await settle()
    release.set()
    await settle()
    assert done.is_set()


async def test_client_gone_with_handler_cancellation(
    serve: Serve, settle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        raise AssertionError

    peer = serve(handler, handler_cancellation=True)
    await peer.send(GET)
    peer.transport.lose()
    await settle()
    assert seen == ["cancelled"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_client_gone_while_its_body_is_read(
    serve: Serve, settle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    peer = serve(echo)
    await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
    peer.transport.lose()
    await settle()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_client_gone_while_it_is_written_to(
    serve: Serve, settle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[BaseException] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"tick")
                await asyncio.sleep(0)
        except BaseException as error:
            raised.append(error)
            raise

    peer = serve(handler)
    await peer.send(GET)
    peer.transport.lose()
    await settle()
    assert isinstance(raised[0], ConnectionResetError)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_wait_for_disconnect(serve: Serve, settle: Any) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        await request.wait_for_disconnect()
        seen.append("gone")
        return web.Response()

    peer = serve(handler)
    await peer.send(GET)
    assert not seen
    peer.transport.lose()
    await settle()
    assert seen == ["gone"]


async def test_a_half_closed_client_gets_its_answer(serve: Serve, settle: Any) -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response(text="there you are")

    peer = serve(handler)
    await peer.send(GET)
    peer.transport.receive_eof()
    release.set()
    assert (await peer.ask(b"")).body == b"there you are"
    assert peer.closed


async def test_who_polls_the_transport_learns_that_the_client_is_gone(
    serve: Serve, settle: Any
) -> None:
    seen: list[Any] = []
    turn = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        for _ in range(2):
            seen.append((request.transport is None, request.protocol.transport is None))
            turn.clear()
            await turn.wait()
        return web.Response()

    peer = serve(handler)
    await peer.send(GET)
    peer.transport.receive_eof()
    turn.set()
    await settle()
    assert seen == [(False, False), (True, True)]
    turn.set()
    # It may still read.
    assert (await peer.ask(b"")).status == 200


async def test_a_client_that_ends_within_its_body_is_answered_400_and_not_logged(
    serve: Serve, settle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    peer = serve(echo)
    await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
    peer.transport.receive_eof()
    answer = await peer.ask(b"")
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert peer.closed
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_lost_connection_that_is_not_the_clients_stays_an_error(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise ConnectionLost("an upstream's")

    answer = await serve(handler).ask(GET)
    assert answer.status == 500
    assert "an upstream's" in caplog.text


# Upload that nobody reads.


async def test_an_unread_body_is_thrown_away_and_the_connection_kept(serve: Serve) -> None:
    peer = serve()
    await peer.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
    assert not peer.closed
    assert (await peer.ask(b"def" + GET)).body == b"hello"


async def test_an_endless_unread_body_is_cut(serve: Serve) -> None:
    peer = serve(limits=Limits(lingering=1000))
    await peer.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc")
    for _ in range(20):
        await peer.send(b"x" * 100)
    assert peer.closed


async def test_reading_pauses_above_the_body_buffer(serve: Serve, settle: Any) -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await release.wait()
        return await echo(request)

    peer = serve(handler, limits=Limits(body_buffer=1000))
    await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n", b"x" * 1500)
    assert not peer.transport.reading
    release.set()
    await settle()
    assert peer.transport.reading
    assert (await peer.ask(b"x" * 1500)).body == b"x" * 3000


async def test_a_debugged_application_tells_which_handler_held_the_loop(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def slow(request: web.Request) -> web.Response:
        return web.Response(text="late")

    asyncio.get_running_loop().slow_callback_duration = -1.0
    assert (await serve(slow).ask(GET)).body == b"late"
    assert "held the loop" not in caplog.text
    assert (await serve(slow, debug=True).ask(GET)).body == b"late"
    (told,) = [each.message for each in caplog.records if "held the loop" in each.message]
    assert "slow (test_connection.py, line " in told


@pytest.mark.parametrize("suspends", [False, True])
async def test_a_debugged_loop_tells_which_handler_held_it(
    serve: Serve, caplog: pytest.LogCaptureFixture, suspends: bool
) -> None:
    async def slow(request: web.Request) -> web.Response:
        if suspends:
            await asyncio.sleep(0)
        return web.Response(text="late")

    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = -1.0
    assert (await serve(slow).ask(target("/slow"))).body == b"late"
    loop.slow_callback_duration = 60.0
    told = [each.message for each in caplog.records if "held the loop" in each.message]
    assert len(told) == 1 + suspends
    assert "slow (test_connection.py, line " in told[0]
    assert "GET /slow" in told[0]
    caplog.clear()
    await serve(slow).ask(target("/slow"))
    assert "held the loop" not in caplog.text


async def test_a_view_must_have_coroutine_functions(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    class Page(web.View):
        def get(self) -> web.Response:
            return web.Response()

    assert (await serve(Page).ask(GET)).status == 500
    assert "Page.get must be a coroutine function" in caplog.text


async def test_an_expect_handler_that_answers(serve: Serve, answers: Any) -> None:
    async def known(request: web.Request) -> web.Response | None:
        if request.path == "/known":
            return web.Response(text="known")
        request.exchange.send_head(ResponseHead(100))
        return None

    app = web.Application()
    app.router.add_post("/{tail:.*}", echo, expect_handler=known)
    peer = serve(app=app)
    answer = await peer.ask(EXPECTING.replace(b"/", b"/known", 1))
    assert (answer.status, answer.body) == (200, b"known")
    assert peer.closed
    (hint,) = answers(await serve(app=app).send(EXPECTING))
    assert hint.status == 100


async def test_a_time_out_in_a_handler_is_answered_504(serve: Serve, caplog: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)
        raise AssertionError

    answer = await serve(handler).ask(GET)
    assert (answer.status, answer.body) == (504, b"504: Gateway Timeout")
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.exc_info[0] is TimeoutError


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("text", "not 'text'; write web.Response\\(text=...\\)"),
        (b"data", "not b'data'; write web.Response\\(body=...\\)"),
        ({"a": 1}, "not {'a': 1}; write web.json_response\\(...\\)"),
        (web.HTTPNotFound, "HTTPNotFound'>; write HTTPNotFound\\(\\)"),
        (None, "not None$"),
    ],
)
async def test_what_is_no_response_is_told_with_what_to_write(
    serve: Any, result: Any, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> Any:
        return result

    assert (await serve(handler).ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).status == 500
    (record,) = [each for each in caplog.records if each.exc_info]
    assert record.exc_info is not None
    assert re.search(told, str(record.exc_info[1]))


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="it counts no references")
async def test_nothing_is_left_of_a_connection_that_is_gone(serve: Serve) -> None:
    async def fails(request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async def ask(*requests: bytes) -> None:
        for handler in (path, echo, stream, fails):
            peer = serve(handler)
            for request in requests:
                await peer.send(request)
            peer.transport.lose()

    await ask(GET, HEAD)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await ask(GET, HEAD)
        gc.collect()
        assert not [
            each for each in gc.garbage if type(each).__name__.endswith(("Connection", "Link"))
        ]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
