"""WebSockets through both façades: the rows WSK-*, aiohttp's API, and the library `websockets`."""

import asyncio
import base64
import contextlib
import hashlib
import logging
import re
import struct
from socket import SO_LINGER, SOL_SOCKET, create_connection

import aiolos
import pytest
import uvloop
import websockets
from aiolos import WSMsgType, web
from aiolos.test_utils import TestClient, TestServer
from aiolos_protocol.testkit import ScriptedPeer

KEY = b"\x00\x00\x00\x00"


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine on a loop of its own."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def run(main):
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(asyncio.wait_for(main, 60))

    return run


def server_of(handler, **options):
    """A server whose /ws is `handler`."""
    app = web.Application()
    app.router.add_get("/ws", handler)
    return TestServer(
        app, access_log=None, shutdown_timeout=5, handler_cancellation=False, **options
    )


@contextlib.asynccontextmanager
async def serving(handler, tls=None):
    """The port of a server whose /ws is `handler`."""
    async with server_of(handler, ssl=tls) as server:
        yield server.port


@pytest.fixture(params=["tcp", "memory", "http2"])
def talking(request):
    """`async with talking(handler)` is a WebSocket to `handler` as its client sees it."""
    transport = "tcp" if request.param == "tcp" else "memory"
    http2 = "prior-knowledge" if request.param == "http2" else False

    @contextlib.asynccontextmanager
    async def talking(handler, **options):
        server = server_of(handler, transport=transport)
        async with TestClient(server, http2=http2) as client:
            async with client.ws_connect("/ws", **options) as socket:
                yield socket

    return talking


@contextlib.asynccontextmanager
async def raw(port, **fields):
    """A WebSocket by hand: reader and writer, the handshake done, and the answer's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"GET /ws HTTP/1.1\r\n{lines}\r\n".encode())
    try:
        yield reader, writer, await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def frame(opcode, payload=b"", fin=True):
    """A client's frame; its key changes nothing."""
    return struct.pack("!BB", (0x80 if fin else 0) | opcode, 0x80 | len(payload)) + KEY + payload


async def received(reader):
    first, size = await reader.readexactly(2)
    assert not size & 0x80
    assert size < 126
    return first, await reader.readexactly(size)


def tell(log):
    """A handler that says what it was told, and writes down how it ended."""

    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            async for msg in socket:
                if msg.type == web.WSMsgType.TEXT:
                    await socket.send_str(msg.data + "/answer")
                elif msg.type == WSMsgType.BINARY:
                    await socket.send_bytes(msg.data[::-1])
                elif msg.type == WSMsgType.ERROR:
                    log.append(socket.exception())
        finally:
            await socket.close()
            log.append(socket.close_code)
        return socket

    return handler


def test_wsk_01_messages_by_hand(run):
    async def main():
        log = []
        async with (
            serving(tell(log)) as port,
            raw(port) as (reader, writer, head),
        ):
            assert head.startswith(b"HTTP/1.1 101 ")
            # RFC 6455 1.3, of this key.
            assert b"Sec-WebSocket-Accept: BACScCJPNqyz+UBoqMH89VmURoA=\r\n" in head
            writer.write(frame(1, b"hello"))
            assert await received(reader) == (0x81, b"hello/answer")
            writer.write(frame(1, "κόσμε".encode()) + frame(1, b""))
            assert await received(reader) == (0x81, "κόσμε/answer".encode())
            assert await received(reader) == (0x81, b"/answer")

    run(main())


def test_wsk_02_text_binary_and_error(run):
    async def main():
        log = []
        async with serving(tell(log)) as port:
            async with raw(port) as (reader, writer, _):
                writer.write(frame(2, b"\x00\x01\xff"))
                assert await received(reader) == (0x82, b"\xff\x01\x00")
                writer.write(frame(1, b"\xff"))
                first, payload = await received(reader)
                assert (first, payload[:2]) == (0x88, (1007).to_bytes(2, "big"))
                assert await reader.read() == b""
            error, code = log
            assert isinstance(error, aiolos.WebSocketError)
            assert error.code == code == 1007
            assert "UTF-8" in str(error)

    run(main())


def test_wsk_03_pings_are_answered_by_the_server_itself(run):
    async def main():
        async def deaf(request):
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await request.wait_for_disconnect()
            return socket

        async with serving(deaf) as port, raw(port) as (reader, writer, _):
            writer.write(frame(9, b"payload") + frame(9))
            assert await received(reader) == (0x8A, b"payload")
            assert await received(reader) == (0x8A, b"")

    run(main())


def test_wsk_04_a_close_is_echoed_and_ends_loop_and_connection(run):
    async def main():
        log = []
        async with serving(tell(log)) as port:
            async with raw(port) as (reader, writer, _):
                writer.write(frame(1, b"x") + frame(8, b"\x0f\xa1bye"))
                assert await received(reader) == (0x81, b"x/answer")
                assert await received(reader) == (0x88, b"\x0f\xa1")
                assert await reader.read() == b""
            assert log == [4001]

    run(main())


def test_wsk_05_a_client_over_tls(run, serving_tls, trusting):
    async def main():
        async with (
            serving(tell([]), serving_tls) as port,
            aiolos.ClientSession(connector=aiolos.TCPConnector(ssl=trusting)) as session,
            session.ws_connect(f"wss://127.0.0.1:{port}/ws") as socket,
        ):
            await socket.send_str("hello")
            msg = await socket.receive()
            assert (msg.type, msg.data) == (WSMsgType.TEXT, "hello/answer")
            await socket.send_json({"a": 1})
            assert await socket.receive_str() == '{"a": 1}/answer'
            await socket.ping(b"x")
            await socket.send_bytes(bytes(1 << 20))
            assert await socket.receive_bytes() == bytes(1 << 20)
            assert await socket.close()
            assert socket.close_code == 1000

    run(main())


def test_wsk_06_the_servers_close_ends_the_clients_loop(run, talking):
    async def main():
        async def handler(request):
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.send_str("one")
            await socket.send_str("two")
            await socket.close(code=4002, message=b"enough")
            return socket

        async with talking(handler) as socket:
            assert [msg.data async for msg in socket] == ["one", "two"]
            assert socket.closed
            assert socket.close_code == 4002
            assert await socket.receive() == (WSMsgType.CLOSED, None, None)
            with pytest.raises(aiolos.ClientConnectionResetError):
                await socket.send_str("late")
        async with talking(handler) as socket:
            await socket.receive()
            await socket.receive()
            assert await socket.receive() == (WSMsgType.CLOSE, 4002, "enough")

    run(main())


def test_wsk_07_hundreds_at_once(run):
    async def main():
        async def client(session, url, number):
            async with session.ws_connect(url) as socket:
                for turn in range(3):
                    await socket.send_str(f"{number}/{turn}")
                    assert await socket.receive_str() == f"{number}/{turn}/answer"

        async with (
            serving(tell([])) as port,
            aiolos.ClientSession(connector=aiolos.TCPConnector(limit=0)) as session,
        ):
            url = f"http://127.0.0.1:{port}/ws"
            await asyncio.gather(*(client(session, url, number) for number in range(300)))

    run(main())


def test_wsk_08_heartbeat_fragments_subprotocol_compression(run):
    async def main():
        log = []

        async def handler(request):
            socket = web.WebSocketResponse(heartbeat=0.1, protocols=("chat", "soap"))
            await socket.prepare(request)
            log.append((socket.ws_protocol, socket.compress))
            async for msg in socket:
                log.append((msg.type, msg.data if msg.type is WSMsgType.TEXT else None))
            log.append(socket.close_code)
            return socket

        async with serving(handler) as port:
            async with raw(
                port,
                Sec_WebSocket_Protocol="x, soap, chat",
                Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits",
            ) as (reader, writer, head):
                assert b"\r\nSec-WebSocket-Protocol: soap\r\n" in head
                assert b"permessage-deflate; client_max_window_bits=12\r\n" in head
                writer.write(frame(1, b"frag", False) + frame(0, b"men", False) + frame(0, b"ted"))
                # A ping, which stays without an answer; then the connection is dropped.
                assert await received(reader) == (0x89, b"")
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
            assert log == [
                ("soap", 12),
                (WSMsgType.TEXT, "fragmented"),
                (WSMsgType.ERROR, None),
                1006,
            ]

    run(main())


# The rest of aiohttp's API.


async def test_can_prepare_and_the_state_before():
    seen = []

    async def handler(request):
        socket = web.WebSocketResponse(protocols=("a",))
        ready = socket.can_prepare(request)
        seen.append((bool(ready), ready.ok, ready.protocol))
        assert not socket.prepared
        assert not socket.closed
        assert socket.close_code is socket.ws_protocol is socket.exception() is None
        assert socket.get_extra_info("peername", "none yet") == "none yet"
        for verb in (socket.receive, socket.close, socket.ping):
            with pytest.raises(RuntimeError, match=r"await prepare\(\) first"):
                verb()
        if not ready:
            return web.Response(text="no WebSocket")
        await socket.prepare(request)
        await socket.prepare(request)
        assert socket.prepared
        assert socket.get_extra_info("peername")[0] == "127.0.0.1"
        with pytest.raises(RuntimeError, match="open already"):
            socket.can_prepare(request)
        with pytest.raises(RuntimeError, match="no body"):
            socket.write(b"")
        return socket

    async with serving(handler) as port, aiolos.ClientSession() as session:
        url = f"http://127.0.0.1:{port}/ws"
        async with session.get(url) as response:
            assert await response.text() == "no WebSocket"
        async with session.ws_connect(url, protocols=("b", "a")) as socket:
            assert socket.protocol == "a"
            assert (await socket.receive()).type is WSMsgType.CLOSE
    assert seen == [(False, False, None), (True, True, "a")]


@pytest.mark.parametrize(
    ("fields", "method", "status"),
    [
        ({"Upgrade": "h2c"}, "GET", 400),
        ({"Sec-WebSocket-Key": "short"}, "GET", 400),
        ({"Sec-WebSocket-Version": "8"}, "GET", 426),
        ({"Origin": "https://evil.example"}, "GET", 403),
        ({}, "POST", 405),
    ],
)
async def test_refusals_are_responses_that_may_be_caught(fields, method, status):
    caught = []

    async def handler(request):
        socket = web.WebSocketResponse(origins=["https://good.example"])
        try:
            await socket.prepare(request)
        except web.HTTPException as error:
            caught.append(type(error).status_code)
            raise
        return socket

    async with serving(handler) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = {
            "Host": "x",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
            **fields,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"{method} /ws HTTP/1.1\r\n{lines}Content-Length: 0\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    if method == "POST":
        # The router has no such route.
        assert answer.startswith(b"HTTP/1.1 405 ")
        return
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert caught == [status]
    if status == 426:
        assert b"\r\nSec-WebSocket-Version: 13\r\n" in answer
        assert b"\r\nUpgrade: websocket\r\n" in answer
        assert b"\r\nConnection: Upgrade\r\n" in answer


def test_what_an_option_cannot_be():
    with pytest.raises(ValueError, match="compress is a bool, or a window of 9 to 15"):
        web.WebSocketResponse(compress=8)
    with pytest.raises(TypeError, match="compress is a bool, or a window of 9 to 15, not 'x'"):
        web.WebSocketResponse(compress="x")
    with pytest.raises(TypeError, match=r"protocols is a tuple: \('chat',\)"):
        web.WebSocketResponse(protocols="chat")
    with pytest.raises(TypeError, match=r"origins is a tuple: \('https://a',\)"):
        web.WebSocketResponse(origins="https://a")
    with pytest.raises(ValueError, match="'https://a/' is no scheme://host"):
        web.WebSocketResponse(origins=["https://a/"])


async def test_what_an_option_of_the_client_cannot_be():
    async with aiolos.ClientSession() as session:
        with pytest.raises(TypeError, match=r"protocols is a tuple of names: \('chat',\)"):
            session.ws_connect("http://x/", protocols="chat")
        with pytest.raises(ValueError, match="window of 9 to 15, not 16"):
            session.ws_connect("http://x/", compress=16)
        with pytest.raises(TypeError, match="a bool, or a window of 9 to 15, not 'x'"):
            session.ws_connect("http://x/", compress="x")
        with pytest.raises(ValueError, match="by GET, not by POST"):
            session.ws_connect("http://x/", method="POST")


@pytest.mark.parametrize(
    ("asked", "expected"), [(0, 0), (False, 0), (9, 9), (12, 12), (True, 12), (15, 12)]
)
async def test_compression_as_both_agree(talking, asked, expected):
    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for msg in socket:
            await socket.send_str(f"{socket.compress} {msg.data}")
        return socket

    async with talking(handler, compress=asked) as socket:
        assert socket.compress == expected
        assert not socket.client_notakeover
        for text in ("", "x", "abc" * 1000, "large " * 50_000):
            await socket.send_str(text)
            window, _, back = (await socket.receive_str()).partition(" ")
            assert back == text
            assert (int(window) != 0) is (asked != 0)


async def test_timeouts_of_the_client(talking, virtual_clock):
    async def silent(request):
        socket = web.WebSocketResponse(autoclose=False, timeout=5)
        await socket.prepare(request)
        await request.wait_for_disconnect()
        return socket

    timeout = aiolos.ClientWSTimeout(ws_receive=30, ws_close=7)
    async with talking(silent, timeout=timeout) as socket:
        with pytest.raises(TimeoutError):
            await socket.receive()
        assert virtual_clock.elapsed == pytest.approx(30, abs=1)
    before = virtual_clock.elapsed
    async with talking(silent, receive_timeout=40, timeout=7) as socket:
        with pytest.raises(TimeoutError):
            await socket.receive_json()
        assert virtual_clock.elapsed - before == pytest.approx(40, abs=1)


async def test_text_that_is_not_decoded(talking):
    async def handler(request):
        socket = web.WebSocketResponse(decode_text=False)
        await socket.prepare(request)
        async for msg in socket:
            assert isinstance(msg.data, bytes)
            await socket.send_str(msg.data.decode() + msg.type.name)
        return socket

    async with talking(handler, decode_text=False) as socket:
        await socket.send_str("é")
        msg = await socket.receive()
        assert (msg.type, msg.data) == (WSMsgType.TEXT, "éTEXT".encode())
        await socket.send_json_bytes({"a": 1}, dumps=lambda data: b"{}")
        msg = await socket.receive()
        assert msg.data == b"{}BINARY"


async def test_the_kind_that_was_not_asked_for(talking):
    async with talking(tell([])) as socket:
        await socket.send_str("a")
        with pytest.raises(aiolos.WSMessageTypeError):
            await socket.receive_bytes()


async def test_a_shutdown_says_goodbye():
    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    async with aiolos.ClientSession() as session:
        async with serving(handler) as port:
            socket = await session.ws_connect(f"http://127.0.0.1:{port}/ws")
            receiving = asyncio.ensure_future(socket.receive())
        assert await receiving == (WSMsgType.CLOSE, 1001, "Server shutdown")


@pytest.mark.parametrize("returns", [False, True])
async def test_a_handler_that_fails_closes_with_1011(talking, returns, caplog):
    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("before")
        if not returns:
            raise LookupError("by the handler")

    async with talking(handler) as socket:
        assert await socket.receive_str() == "before"
        assert await socket.receive() == (WSMsgType.CLOSE, 1011, "")
        # The connection ends in order, too.
        assert (await socket.receive()).type is WSMsgType.CLOSED
        assert socket.exception() is None
    assert ("returned None" if returns else "by the handler") in caplog.text


async def test_a_switch_to_nothing_is_no_handshake():
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        await reader.read()

    async with ScriptedPeer(answer) as peer, aiolos.ClientSession() as session:
        with pytest.raises(aiolos.WSServerHandshakeError, match="101 without Upgrade"):
            await session.ws_connect(f"ws://127.0.0.1:{peer.port}/")


@pytest.mark.parametrize("location", ["/ws", "ws", "ws://127.0.0.1:{port}/ws"])
async def test_a_handshake_is_redirected(location):
    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("here")
        return socket

    async def elsewhere(request):
        raise web.HTTPTemporaryRedirect(location.format(port=request.url.port))

    app = web.Application()
    app.router.add_get("/ws", handler)
    app.router.add_get("/old", elsewhere)
    async with TestClient(app, transport="memory") as client, client.ws_connect("/old") as socket:
        assert await socket.receive_str() == "here"


async def test_broadcast_through_the_facades():
    sockets, here = [], asyncio.Semaphore(0)

    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sockets.append(socket)
        here.release()
        async for _ in socket:
            pass
        return socket

    async with serving(handler) as port, aiolos.ClientSession() as session:
        url = f"http://127.0.0.1:{port}/ws"
        clients = [await session.ws_connect(url, compress=compress) for compress in (0, 12, 15)]
        for _ in clients:
            await here.acquire()
        assert web.broadcast(sockets, "to all of you, to all of you, to all of you, to all") == []
        for client in clients:
            assert "to all" in await client.receive_str()
            await client.close()


async def test_a_listener_and_fragments_through_the_facades(talking):
    class Echo:
        def __init__(self, socket):
            self.socket = socket

        def message_received(self, payload, kind):
            self.socket.send_frame(bytes(payload), kind)

    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.listen(Echo(socket))
        return socket

    async with talking(handler) as socket:
        await socket.send_str("a")
        assert await socket.receive_str() == "a"
        await socket.send_fragments(["x", "yz"])
        assert [piece async for piece in socket.receive_fragments()] == ["xyz"]


async def test_messages_that_do_not_fit_come_in_fragments_whoever_is_late(talking):
    size, rounds = 100_000, 3

    async def handler(request):
        socket = web.WebSocketResponse(max_msg_size=10_000)
        await socket.prepare(request)
        sizes = []
        for _ in range(rounds):
            # The message has long begun when somebody asks for it.
            for _ in range(20):
                await asyncio.sleep(0)
            sizes.append(sum([len(piece) async for piece in socket.receive_fragments()]))
        await socket.send_json(sizes)
        assert (await socket.receive()).type is WSMsgType.ERROR
        return socket

    async with talking(handler) as socket:
        for _ in range(rounds):
            await socket.send_bytes(bytes(size))
        assert await socket.receive_json() == [size] * rounds
        await socket.send_bytes(bytes(size))
        assert (await socket.receive()).data == 1009


async def test_a_client_that_comes_back(virtual_clock):
    count = 0

    async def handler(request):
        nonlocal count
        count += 1
        if count == 2:
            raise web.HTTPServiceUnavailable
        if count == 5:
            raise web.HTTPForbidden
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(str(count))
        return socket

    heard = []

    async def follow(sockets):
        async for socket in sockets:
            async for message in socket:
                heard.append(message.data)
            assert socket.closed

    async with serving(handler) as port, aiolos.ClientSession() as session:
        with pytest.raises(aiolos.WSServerHandshakeError) as caught:
            await follow(session.ws_reconnecting(f"http://127.0.0.1:{port}/ws"))
    assert heard == ["1", "3", "4"]
    assert caught.value.status == 403


# The library `websockets` as the other end.


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_websockets_as_the_client(run, compression):
    async def main():
        logging.getLogger("websockets").setLevel(logging.ERROR)
        async with (
            serving(tell([])) as port,
            websockets.connect(
                f"ws://127.0.0.1:{port}/ws", compression=compression, max_size=None
            ) as socket,
        ):
            for text in ("", "a", "é" * 70_000, "x" * 300_000):
                await socket.send(text)
                assert await socket.recv() == text + "/answer"
            await socket.send(["in ", "three ", "pieces"])
            assert await socket.recv() == "in three pieces/answer"
            data = bytes(range(256)) * 5000
            await socket.send(data)
            assert await socket.recv() == data[::-1]
            await (await socket.ping())
            await socket.close(4003, "bye")
            assert socket.close_code == 4003

    run(main())


@pytest.mark.parametrize("compress", [0, 9, 15])
def test_websockets_as_the_server(run, compress):
    async def main():
        async def echo(socket):
            async for message in socket:
                await socket.send(message)
            await socket.wait_closed()

        server = await websockets.serve(echo, "127.0.0.1", 0, max_size=None)
        port = server.sockets[0].getsockname()[1]
        async with (
            server,
            aiolos.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{port}/", compress=compress) as socket,
        ):
            assert bool(socket.compress) is bool(compress)
            for text in ("", "a", "é" * 70_000, "x" * 300_000):
                await socket.send_str(text)
                assert await socket.receive_str() == text
            data = bytes(range(256)) * 5000
            await socket.send_fragments([data[:10], data[10:]])
            assert await socket.receive_bytes() == data
            await socket.ping()
            await socket.close(code=4004)
            assert socket.close_code == 4004

    run(main())


@pytest.mark.parametrize("closer", ["server", "client"])
async def test_a_handler_is_not_cancelled_for_a_websocket_that_was_closed_in_order(closer):
    ended = []

    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            if closer == "server":
                await socket.close()
            else:
                assert (await socket.receive()).type is WSMsgType.CLOSE
            for _ in range(10):
                await asyncio.sleep(0)
            ended.append("finished")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return socket

    app = web.Application()
    app.router.add_get("/", handler)
    # Its servers cancel handlers whose clients are gone.
    async with TestClient(app) as client:
        async with client.ws_connect("/") as socket:
            if closer == "server":
                assert (await socket.receive()).type is WSMsgType.CLOSE
    assert ended == ["finished"]


async def test_a_handler_is_not_cancelled_for_a_close_that_nobody_answers():
    ended = asyncio.get_running_loop().create_future()

    async def handler(request):
        socket = web.WebSocketResponse(timeout=0.01)
        await socket.prepare(request)
        try:
            assert await socket.close()
            await asyncio.sleep(0)
        finally:
            ended.set_result((socket.close_code, asyncio.current_task().cancelling()))
        return socket

    app = web.Application()
    app.router.add_get("/ws", handler)
    # Its servers cancel handlers whose clients are gone.
    async with TestServer(app) as server, raw(server.port) as (reader, *_):
        assert await ended == (1006, 0)
        assert (await reader.read())[:1] == b"\x88"


async def test_a_client_that_is_gone_before_the_answer():
    begun = asyncio.Event()
    ended = asyncio.get_running_loop().create_future()

    async def handler(request):
        socket = web.WebSocketResponse()
        begun.set()
        # The client's FIN has come, and no more will.
        await request.wait_for_disconnect()
        await socket.prepare(request)
        ended.set_result((await socket.receive()).type)
        return socket

    async with serving(handler) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        key = base64.b64encode(b"0123456789abcdef")
        fields = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key
        writer.write(head + fields + b"\r\n\r\n")
        await begun.wait()
        writer.transport.abort()
        assert await asyncio.wait_for(ended, 10) is WSMsgType.CLOSED


async def test_a_server_that_is_gone_behind_its_answer():
    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)[1]
        guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key + guid).digest())  # RFC 6455 1.3
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        writer.close()

    async def slow(request, handler):
        response = await handler(request)
        while response.get_extra_info("peername") is not None:
            await asyncio.sleep(0)
        return response

    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0) as server,
        aiolos.ClientSession(middlewares=[slow]) as session,
    ):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(aiolos.ServerDisconnectedError, match="right behind its handshake"):
            await asyncio.wait_for(session.ws_connect(url), 10)


@pytest.mark.parametrize("kind", ["websocket", "stream"])
async def test_a_handler_that_only_sends_ends_with_its_client(kind):
    """A socket that has failed takes all that is written, and the loop must go on to tell of it:
    else one client that goes while it is written to would stop the whole server."""
    sent = 0

    async def serve(request):
        if kind == "websocket":
            websocket = web.WebSocketResponse()
            await websocket.prepare(request)
            await flood(websocket.send_bytes)
            return websocket
        response = web.StreamResponse()
        await response.prepare(request)
        await flood(response.write)
        return response

    async def flood(send):
        nonlocal sent
        # Between two writes, so that the loop does not see it.
        client.close()
        while sent < 1000:
            await send(b"x" * 1000)
            sent += 1

    app = web.Application()
    app.router.add_get("/", serve)
    async with TestServer(app) as server:
        client = create_connection(("127.0.0.1", server.port))
        upgrade = (
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        head = upgrade if kind == "websocket" else b""
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n")
        while not sent:
            await asyncio.sleep(0)
    assert 0 < sent < 500


def test_whose_a_websocket_was_that_broke_off_is_in_the_access_log(run, caplog):
    caplog.set_level(logging.INFO, "aiolos.access")
    options = {"access_log": logging.getLogger("aiolos.access"), "access_log_format": "%a %s"}

    async def main():
        ended = asyncio.get_running_loop().create_future()

        async def handler(request):
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for _ in socket:
                pass
            ended.set_result(socket.close_code)
            return socket

        app = web.Application()
        app.router.add_get("/ws", handler)
        async with TestServer(app, handler_cancellation=False, **options) as server:
            async with raw(server.port) as (_, writer, _):
                # A reset: by now the kernel has forgotten whose the connection was.
                sock = writer.get_extra_info("socket")
                sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            assert await ended == 1006

    run(main())
    assert [each.getMessage() for each in caplog.records] == ["127.0.0.1 101"]


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_proxy_is_asked_for_a_tunnel(scheme, serving_tls, trusting, relay):
    # RFC 6455 4.1: what is asked for by GET no proxy need pass on.
    log = []
    async with (
        serving(tell(log), serving_tls if scheme == "wss" else None) as port,
        ScriptedPeer(relay) as proxy,
        aiolos.ClientSession(proxy=f"http://127.0.0.1:{proxy.port}") as session,
    ):
        url = f"{scheme}://127.0.0.1:{port}/ws"
        ssl = trusting if scheme == "wss" else True
        for _ in range(2):
            async with session.ws_connect(url, ssl=ssl) as socket:
                await socket.send_str("a")
                assert await socket.receive_str() == "a/answer"
        assert proxy.connections == 2
    assert log == [1000, 1000]


@pytest.mark.parametrize("tls", [False, True])
def test_a_peer_that_broke_a_rule_is_not_kept_waiting_for_the_end(run, serving_tls, trusting, tls):
    async def handler(request):
        socket = web.WebSocketResponse(max_msg_size=10, timeout=3600)
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    async def main():
        async with serving(handler, serving_tls if tls else None) as port:
            url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws"
            # It has answered our close, and waits for us to end the connection (RFC 6455 7.1.1).
            options = {"ssl": trusting} if tls else {}
            async with websockets.connect(url, close_timeout=None, **options) as peer:
                await peer.send("x" * 11)
                with pytest.raises(websockets.ConnectionClosed) as raised:
                    await peer.recv()
                assert raised.value.rcvd.code == 1009
                await asyncio.wait_for(peer.wait_closed(), 30)

    run(main())
