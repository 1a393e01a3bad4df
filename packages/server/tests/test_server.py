"""Connections as a whole: how a server ends them, and what it keeps of them."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web
from aiolos_server.server import Server

Serve = Callable[..., Any]

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def gate() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def waiting(gate: asyncio.Event) -> Callable[[Any], Any]:
    """A handler that waits for the gate."""

    async def waiting(request: web.Request) -> web.Response:
        await gate.wait()
        return web.Response(text="done")

    return waiting


async def test_shutdown_closes_idle_connections(serve: Serve) -> None:
    peer = serve()
    await peer.ask(GET)
    await peer.server.shutdown(10)
    assert peer.closed
    assert not peer.server.connections


async def test_shutdown_closes_connections_that_never_spoke(serve: Serve) -> None:
    peer = serve()
    await peer.server.shutdown(10)
    assert peer.closed


async def test_srv_07_shutdown_waits_for_the_running_request(
    serve: Serve, answers: Any, settle: Any, gate: asyncio.Event, waiting: Any
) -> None:
    peer = serve(waiting)
    await peer.send(GET)
    ending = asyncio.ensure_future(peer.server.shutdown(None))
    await settle()
    assert not ending.done()
    assert not peer.closed
    gate.set()
    await ending
    (answer,) = answers(peer.transport.take())
    assert answer.body == b"done"
    assert answer.headers["connection"] == "close"


async def test_shutdown_cancels_what_does_not_end_in_time(serve: Serve) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")
        raise AssertionError

    peer = serve(handler)
    await peer.send(GET)
    await peer.server.shutdown(0)
    assert seen == ["ended"]
    assert peer.closed
    assert not peer.server.connections


async def test_a_head_that_does_not_become_whole_is_cut_off_at_the_end_and_said_to_be(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="aiolos.server")
    peer = serve()
    await peer.send(b"GET / HTTP/1.1\r\nHo")
    assert (peer.server.running, peer.server.arriving) == (0, 1)
    await peer.server.shutdown(0)
    assert peer.closed
    assert "127.0.0.1:5000 had sent no whole request when the server ended" in caplog.text


async def test_shutdown_waits_for_a_handler_whose_client_is_gone(
    serve: Serve, settle: Any, gate: asyncio.Event, waiting: Any
) -> None:
    peer = serve(waiting)
    await peer.send(GET)
    peer.transport.lose()
    ending = asyncio.ensure_future(peer.server.shutdown(None))
    await settle()
    assert not ending.done()
    gate.set()
    await ending


async def test_a_stream_that_begins_while_the_server_ends_says_close(
    serve: Serve, answers: Any, settle: Any, gate: asyncio.Event
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"done")
        return response

    peer = serve(handler)
    await peer.send(GET)
    ending = asyncio.ensure_future(peer.server.shutdown(None))
    await settle()
    gate.set()
    await ending
    (answer,) = answers(peer.transport.take())
    assert answer.headers["connection"] == "close"
    assert answer.body == b"done"


async def test_a_request_that_arrives_with_the_shutdown_is_answered(serve: Serve) -> None:
    """What lies in the socket's buffer when the server ends has been accepted."""
    peer = serve()
    await peer.ask(GET)
    peer.server.pre_shutdown()
    answer = await peer.ask(GET)
    assert answer.body == b"hello"
    assert answer.headers["connection"] == "close"
    assert peer.closed


async def test_a_head_under_way_at_shutdown_is_answered(serve: Serve) -> None:
    peer = serve()
    await peer.send(GET[:10])
    peer.server.pre_shutdown()
    answer = await peer.ask(GET[10:])
    assert answer.headers["connection"] == "close"
    assert peer.closed


async def test_handlers_see_their_server(serve: Serve) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.get_extra_info("peername"))
        return web.Response()

    peer = serve(handler)
    assert isinstance(peer.server, Server)
    await peer.ask(GET)
    assert seen == [("127.0.0.1", 5000)]


async def test_the_clock_watches_no_lost_connection(serve: Serve, settle: Any) -> None:
    peer = serve()
    assert peer.clock.watched == 1
    peer.transport.lose()
    await settle()
    assert peer.clock.watched == 0
    assert not peer.server.connections


async def test_srv_16_the_longest_idle_connection_is_closed(serve: Any, settle: Any) -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await release.wait()
        return web.Response()

    app = web.Application(client_max_cache_size=2)
    app.router.add_get("/{path:.*}", handler)
    first = serve(app=app, **app.serving_options)
    server = first.server
    peers = [first, *(type(first)(server) for _ in range(4))]
    slow = type(first)(server)
    await slow.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    get = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
    for number, peer in enumerate(peers):
        await peer.ask(get)
        if number == 1:
            # Used again: no longer the one that has been idle the longest.
            await first.ask(get)
    await settle()
    assert [peer.closed for peer in peers] == [True, True, True, False, False]
    # A request that is running does not count, and its connection is not closed.
    assert not slow.closed
    release.set()
    await settle()
    assert slow.transport.take().startswith(b"HTTP/1.1 200")
    assert [peer.closed for peer in (*peers[3:], slow)] == [True, False, False]


async def test_srv_16_no_cap(serve: Any) -> None:
    for size in (0, None):
        app = web.Application(client_max_cache_size=size)
        assert serve(app=app, **app.serving_options).server.idle is None
    with pytest.raises(ValueError, match="^max_idle is 0 or more, not -1"):
        serve(max_idle=-1)


async def test_srv_16_a_connection_that_is_gone_does_not_count(serve: Any, settle: Any) -> None:
    first = serve(max_idle=1)
    get = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
    await first.ask(get)
    first.transport.lose()
    assert len(first.server.idle) == 0
    second = type(first)(first.server)
    await second.ask(get)
    assert len(first.server.idle) == 1
    assert not second.closed


async def test_above_max_connections_the_new_one_is_told_to_come_back(
    serve: Serve, settle: Any, gate: asyncio.Event, waiting: Any, caplog: pytest.LogCaptureFixture
) -> None:
    first = serve(waiting, max_connections=2)
    second, third = (type(first)(first.server) for _ in range(2))
    await first.send(GET)
    await second.send(GET)
    answer = await third.ask(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["connection"] == "close"
    assert b"2" not in answer.body
    assert third.closed
    assert "max_connections=2 was exceeded; raise it with run_app(max_connections=" in caplog.text
    gate.set()
    await settle()
    assert first.transport.take().endswith(b"done")
    assert second.transport.take().endswith(b"done")


async def test_an_idle_connection_makes_room(serve: Serve) -> None:
    first = serve(max_connections=2)
    second, third = (type(first)(first.server) for _ in range(2))
    assert (await second.ask(GET)).status == 200
    assert (await first.ask(GET)).status == 200
    # It came while both were idle already.
    fourth = type(first)(first.server)
    assert (await fourth.ask(GET)).status == 200
    assert (await third.ask(GET)).status == 200
    assert second.closed


# HTTP/2: the preface and empty SETTINGS; HEADERS of GET / on a stream, which end it.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
FIELDS = b"\x82\x84\x86\x41\x01a"
GOAWAY = b"\0\0\x08\7\0\0\0\0\0" + b"\0\0\0\1" + b"\0\0\0\0"


def asked(stream: int) -> bytes:
    return b"\0\0\6\1\5\0\0\0%c" % stream + FIELDS


@pytest.mark.parametrize("newcomer", [GET, PREFACE + asked(1)])
async def test_an_idle_peer_of_http2_makes_room(serve: Serve, newcomer: bytes) -> None:
    first = serve(max_connections=2)
    second, third = (type(first)(first.server) for _ in range(2))
    for peer in (second, first):
        assert b"hello" in await peer.send(PREFACE + asked(1))
    assert b"hello" in await third.send(newcomer)
    assert second.closed
    assert second.transport.take().endswith(GOAWAY)
    assert not first.closed
    fourth = type(first)(first.server)
    assert b"hello" in await fourth.send(newcomer)
    assert first.closed


async def test_a_peer_of_http2_that_waits_for_an_answer_makes_no_room(
    serve: Serve, gate: asyncio.Event, settle: Any
) -> None:
    async def handler(request: web.Request) -> web.Response:
        if len(waiting):
            await gate.wait()
        waiting.append(request)
        return web.Response(text="hello")

    waiting: list[Any] = []
    first = serve(handler, max_connections=1)
    # The second one is at work on a stream that the first one had.
    assert b"hello" in await first.send(PREFACE + asked(1))
    assert await first.send(asked(3)) == b""
    second = type(first)(first.server)
    assert (await second.ask(GET)).status == 503
    assert not first.closed
    gate.set()
    await settle()
    assert b"hello" in first.transport.take()


async def test_srv_16_idle_peers_of_http2_are_capped(serve: Serve) -> None:
    first = serve(max_idle=1)
    assert b"hello" in await first.send(PREFACE + asked(1))
    second = type(first)(first.server)
    for stream in (1, 3, 5):
        prefix = PREFACE if stream == 1 else b""
        # Used again and again, it is one.
        assert b"hello" in await second.send(prefix + asked(stream))
    assert first.closed
    assert not second.closed
    assert len(first.server.idle) == 1


async def test_room_that_came_meanwhile_is_used(
    serve: Serve, settle: Any, gate: asyncio.Event, waiting: Any
) -> None:
    first = serve(waiting, max_connections=1)
    await first.send(GET)
    second = type(first)(first.server)
    gate.set()
    await settle()
    assert (await second.ask(GET)).body == b"done"


async def test_far_more_than_max_connections_are_not_even_held(
    serve: Serve, settle: Any, waiting: Any, caplog: pytest.LogCaptureFixture
) -> None:
    first = serve(waiting, max_connections=1)
    await first.send(GET)
    others = [type(first)(first.server) for _ in range(3)]
    await settle()
    assert [peer.transport.aborted for peer in others] == [False, True, True]
    assert len(first.server.connections) == 2
    why = "without an answer: twice max_connections=1 are open"
    assert [record.getMessage() for record in caplog.records] == [
        f"closed a connection from 127.0.0.1:5000 {why}"
    ] * 2


async def test_a_handler_alone_is_served(talk: Any, caplog: Any) -> None:
    async def hello(request: web.BaseRequest) -> web.Response:
        return web.Response(text=f"hello at {request.path}")

    logger = logging.getLogger("aiolos.access")
    server = web.Server(hello, access_log=logger, access_log_format="%s", max_headers=2)
    assert server.limits.fields == 2
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    get = b"GET /any HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert (await talk(site.port, get)).endswith(b"hello at /any")
    assert [each.message for each in caplog.records if each.name == "aiolos.access"] == ["200"]
    await runner.cleanup()


async def test_an_option_that_there_is_not() -> None:
    with pytest.raises(TypeError, match="no option 'max_heads'"):
        web.Server(web.Application(), max_heads=3)


async def test_requests_are_counted(serve: Serve, settle: Any) -> None:
    peer = serve()
    for count in range(1, 4):
        await peer.ask(GET)
        assert peer.server.requests_count == count
    await peer.ask(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    peer.transport.lose()
    await settle()
    assert not peer.server.connections
    assert peer.server.requests_count == 4
