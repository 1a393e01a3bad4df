"""Server-sent events."""

import asyncio
import logging
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]
GET = b"GET / HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n"


def unchunked_bytes(data: bytes) -> bytes:
    """A chunked body that goes on."""
    whole = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        whole, data = whole + data[:length], data[length + 2 :]
    return whole


def unchunked(data: bytes) -> str:
    """The text of one."""
    return unchunked_bytes(data).decode()


@pytest.fixture
def sent(serve: Serve) -> Callable[..., Any]:
    """await sent(say): what `await say(events)` sends, without the head."""

    async def sent(say: Callable[[web.EventStream], Any], **options: Any) -> str:
        async def handler(request: web.Request) -> web.StreamResponse:
            async with web.EventStream(request, **options) as events:
                await say(events)
            return events

        answer = await serve(handler).ask(GET)
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        text: str = answer.body.decode()
        return text

    return sent


async def test_events_as_they_stand_in_the_standard(sent: Any) -> None:
    async def say(events: web.EventStream) -> None:
        await events.send("one")
        await events.send("two\nlines\r\nor\rmore", event="add", id="7", retry=3000)
        await events.send(id="8")
        await events.send(event="ping")
        await events.send_json({"a": 1}, id="9")
        await events.send_json("\xe4", dumps=lambda text: f'"{text}"'.encode())
        await events.comment("still\nhere")
        await events.send()

    assert await sent(say) == (
        "data: one\n\n"
        "event: add\nid: 7\nretry: 3000\ndata: two\ndata: lines\ndata: or\ndata: more\n\n"
        "id: 8\n\n"
        "event: ping\ndata: \n\n"
        'id: 9\ndata: {"a": 1}\n\n'
        'data: "\xe4"\n\n'
        ": still\n: here\n\n"
        "data: \n\n"
    )


@pytest.mark.parametrize("options", [{"event": "a\nb"}, {"id": "a\r"}, {"id": "\0"}])
async def test_names_and_ids_are_one_line(sent: Any, options: Any) -> None:
    async def say(events: web.EventStream) -> None:
        with pytest.raises(ValueError, match="one line"):
            await events.send("x", **options)

    assert await sent(say) == ""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"data": {"a": 1}}, r"data of an event is str, not dict: see send_json"),
        ({"data": 5}, "data of an event is str, not int"),
        ({"id": 7}, "id of an event is str, not int"),
        ({"event": b"a"}, "event of an event is str, not bytes"),
        ({"data": "a", "retry": "soon"}, "retry is a whole number of milliseconds, not 'soon'"),
        ({"data": "a", "retry": -1}, "retry is 0 milliseconds or more, not -1"),
    ],
)
async def test_what_an_event_cannot_be_is_named(sent: Any, options: Any, told: str) -> None:
    async def say(events: web.EventStream) -> None:
        with pytest.raises((TypeError, ValueError), match=told):
            await events.send(**options)

    assert await sent(say) == ""


async def test_retry_and_last_event_id(sent: Any) -> None:
    async def say(events: web.EventStream) -> None:
        await events.send(str(events.last_event_id))

    assert await sent(say, retry=500) == "retry: 500\n\ndata: 41\n\n"


async def test_sse_01_each_event_is_sent_when_it_is_written(serve: Serve) -> None:
    """As written for aiohttp, with a StreamResponse."""
    go_on = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await go_on.wait()
        await response.write(b"data: 2\n\n")
        return response

    peer = serve(handler, auto_compress=True)
    first = await peer.send(GET.replace(b"Host", b"Accept-Encoding: gzip\r\nHost"))
    assert first.endswith(b"data: 1\n\n\r\n")
    go_on.set()
    assert b"data: 2\n\n" in await peer.send(b"")


async def test_sse_02_without_await_then_drain(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(3):
            response.write(f"data: {number}\n\n".encode())
            await response.drain()
        return response

    answer = await serve(handler).ask(GET)
    assert answer.body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"


@pytest.mark.parametrize("leave", ["lose", "receive_eof"])
async def test_sse_03_a_client_that_goes_away_ends_the_block(
    serve: Serve, settle: Any, leave: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        async with web.EventStream(request) as events:
            await events.send("hello")
            try:
                await asyncio.Event().wait()
            finally:
                told.append("left")
        told.append(f"closed {events.closed}")
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return events

    peer = serve(handler)
    await peer.send(GET)
    getattr(peer.transport, leave)()
    await settle()
    assert told == ["left", "closed True"]
    assert not peer.server.connections
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


async def test_sse_03_the_server_goes_on(running: Any) -> None:
    ended = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b"data: x\n\n")
                await asyncio.sleep(0)
        finally:
            ended.set()
        return response

    async with running(handler) as (host, port, _):
        for _ in range(2):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(GET)
            await reader.readuntil(b"data: x")
            writer.close()
            await ended.wait()
            ended.clear()


async def test_shutdown_ends_the_stream(serve: Serve, settle: Any) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        async with web.EventStream(request) as events:
            await events.send("hello")
            await asyncio.Event().wait()
        return events

    peer = serve(handler)
    await peer.send(GET)
    await peer.server.shutdown(60)
    assert peer.transport.take() == b"0\r\n\r\n"
    assert peer.closed


async def test_a_stream_that_begins_during_the_shutdown_ends_at_once(
    serve: Serve, settle: Any
) -> None:
    gate = asyncio.Event()
    left: list[bool] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        async with web.EventStream(request, retry=10) as events:
            await asyncio.Event().wait()
        left.append(events.closed)
        return events

    peer = serve(handler)
    await peer.send(GET)
    peer.server.pre_shutdown()
    gate.set()
    await settle()
    assert left == [True]
    assert peer.transport.take().endswith(b"\r\n\r\n0\r\n\r\n")


async def test_sending_to_nobody(serve: Serve, settle: Any) -> None:
    go_on = asyncio.Event()
    raised: list[BaseException] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        events = web.EventStream()
        await events.prepare(request)
        await go_on.wait()
        try:
            await events.send("x")
        except ConnectionResetError as error:
            raised.append(error)
        return events

    peer = serve(handler)
    await peer.send(GET)
    peer.transport.lose()
    go_on.set()
    await settle()
    assert len(raised) == 1


async def test_an_error_of_the_handlers_own_is_not_hidden(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        async with web.EventStream(request) as events:
            raise LookupError("my own")
        return events

    peer = serve(handler)
    await peer.send(GET)
    assert "my own" in caplog.text


async def test_a_cancelled_handler_stays_cancelled(serve: Serve, settle: Any) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        async with web.EventStream(request):
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        raise AssertionError

    peer = serve(handler)
    await peer.send(GET)
    assert peer.transport.aborted


async def test_the_heartbeat(serve: Serve) -> None:
    loop = asyncio.get_running_loop()

    async def handler(request: web.Request) -> web.StreamResponse:
        async with web.EventStream(request, heartbeat=0.01) as events:
            await asyncio.Event().wait()
        return events

    peer = serve(handler)
    data = await peer.send(GET)
    beaten = loop.create_future()
    write = peer.transport.write

    def seen(data: bytes) -> None:
        write(data)
        if peer.transport.sent.count(b":\n\n") >= 2 and not beaten.done():
            beaten.set_result(None)

    peer.transport.write = seen
    await beaten
    _, _, body = data.partition(b"\r\n\r\n")
    assert unchunked(body) == ""


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_the_heartbeat_leaves_the_coder(coding: str, serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    beaten = loop.create_future()

    async def handler(request: web.Request) -> web.StreamResponse:
        events = web.EventStream(request, heartbeat=0.01)
        events.enable_compression()
        async with events:
            await events.send("one")
            await beaten
        return events

    peer = serve(handler)
    write = peer.transport.write
    sent = b""
    text = ""

    def seen(data: bytes) -> None:
        nonlocal sent, text
        write(data)
        sent += data
        coded = unchunked_bytes(sent.partition(b"\r\n\r\n")[2])
        text = zlib.decompressobj(47).decompress(coded).decode()
        if text.count(":\n\n") >= 2 and not beaten.done():
            beaten.set_result(None)

    peer.transport.write = seen
    await peer.send(GET.replace(b"\r\n\r\n", f"\r\nAccept-Encoding: {coding}\r\n\r\n".encode()))
    async with asyncio.timeout(5):
        await beaten
    assert text.startswith("data: one\n\n:\n\n:\n\n")


async def test_no_request_for_the_block() -> None:
    with pytest.raises(RuntimeError, match="give the request"):
        async with web.EventStream():
            pass


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("retry", "soon", "a whole number of milliseconds, not 'soon'"),
        ("retry", -4, "0 milliseconds or more, not -4"),
        ("heartbeat", "x", "a number of seconds, not 'x'"),
        ("heartbeat", -1, "0 or more, not -1"),
        ("heartbeat", 0, "more than 0 seconds, or None"),
    ],
)
def test_a_time_that_cannot_be(option: str, value: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{option} is {told}"):
        web.EventStream(**{option: value})
