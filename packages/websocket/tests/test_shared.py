"""broadcast() and the message that it shares."""

import asyncio
import threading

import pytest
from aiolos_protocol.testkit import MemoryTransport
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import ForwardingWebSocket, WSOptions
from aiolos_websocket import broadcast
from aiolos_websocket.deflate import deflated
from aiolos_websocket.engine import Engine
from aiolos_websocket.extensions import Compression
from aiolos_websocket.frames import BINARY, FIN, TEXT
from aiolos_websocket.handshake import Terms
from aiolos_websocket.outbox import JOB_COST
from aiolos_websocket.role import CLIENT, SERVER
from aiolos_websocket.shared import SharedMessage

LONG = "a message that is worth the deflating, a message that is worth it"


def test_a_frame_is_made_once_for_servers_and_anew_for_clients():
    shared = SharedMessage("abc")
    assert shared.frame(SERVER.writer, 0) == b"\x81\x03abc"
    assert shared.frame(SERVER.writer, 0) is shared.frame(SERVER.writer, 0)
    assert shared.frame(CLIENT.writer, 0)[2:6] != shared.frame(CLIENT.writer, 0)[2:6]


@pytest.mark.parametrize("message", [5, 10**9, None, [1, 2], {}, {"a": 1}])
def test_what_is_no_message(message):
    with pytest.raises(TypeError, match=r"broadcast\(\) takes a str or bytes, not "):
        broadcast([], message)


def test_forms_by_window():
    shared = SharedMessage(LONG)
    assert shared.deflates(15)
    assert shared.frame(SERVER.writer, 15)[0] == 0xC1
    assert shared.frame(SERVER.writer, 15) is shared.frame(SERVER.writer, 15)
    assert shared.frame(SERVER.writer, 0)[0] == 0x81
    assert not SharedMessage("short").deflates(15)


def test_text_and_bytes():
    assert SharedMessage("é").frame(SERVER.writer, 0) == b"\x81\x02\xc3\xa9"
    for data in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
        assert SharedMessage(data).frame(SERVER.writer, 0) == b"\x82\x02ab"


async def test_to_all_that_are_open_and_read(end):
    ends = [end() for _ in range(4)]
    ends[1].engine.pause_writing()
    ends[2].transport.lose()
    facade = ForwardingWebSocket()
    facade._open(ends[3].engine)
    sockets = [ends[0].engine, ends[1].engine, ends[2].engine, facade]
    assert broadcast(sockets, "all") == [ends[1].engine, ends[2].engine]
    assert ends[0].sent() == ends[3].sent() == [(FIN | TEXT, b"all")]
    assert ends[1].sent() == ends[2].sent() == []
    ends[1].engine.resume_writing()
    assert broadcast(sockets, b"again") == [ends[2].engine]
    assert ends[1].sent() == [(FIN | BINARY, b"again")]


async def test_who_is_in_the_middle_of_a_message_gets_it_behind_that(end):
    one, go_on = end(writer_limit=100 + JOB_COST), asyncio.Event()

    async def pieces():
        yield "a"
        await go_on.wait()
        yield "b"

    sending = asyncio.ensure_future(one.engine.send_fragments(pieces()))
    while not one.transport.sent:
        await asyncio.sleep(0)
    one.sent()
    assert broadcast([one.engine], b"x" * 100) == []
    assert broadcast([one.engine], b"y") == []
    # More would be without a bound.
    assert broadcast([one.engine], b"z") == [one.engine]
    assert one.sent() == []
    go_on.set()
    await sending
    assert one.sent()[-2:] == [(FIN | BINARY, b"x" * 100), (FIN | BINARY, b"y")]
    assert broadcast([one.engine], "all") == []


async def test_a_large_message_is_deflated_once_and_beside_the_loop(pair, monkeypatch):
    threads = []

    def deflate(payload, window):
        threads.append(threading.current_thread())
        return deflated(payload, window)

    monkeypatch.setattr("aiolos_websocket.shared.deflated", deflate)
    pairs = [pair(Compression()) for _ in range(3)]
    servers = [server for server, _ in pairs]
    large = "large " * 20_000
    await servers[0].send_str("before")
    assert broadcast(servers, large) == []
    behind = [server.send_str("behind") for server in servers]
    assert await pairs[0][1].receive_str() == "before"
    for _, client in pairs:
        assert await client.receive_str() == large
        assert await client.receive_str() == "behind"
    for sent in behind:
        await sent
    assert len(threads) == 1
    assert threading.main_thread() not in threads


async def test_a_large_message_that_comes_too_late(pair):
    server, client = pair(Compression())
    assert broadcast([server], "large " * 20_000) == []
    server.transport.abort()
    assert [message async for message in client] == []
    assert broadcast([server], "x") == [server]


async def test_a_listener_goes_on_behind_a_large_message(pair):
    server, client = pair(Compression())
    heard = asyncio.Queue()

    class Listener:
        def message_received(self, payload, kind):
            heard.put_nowait(bytes(payload))
            if payload == b"1":
                broadcast([server], "large " * 20_000)

    listening = asyncio.ensure_future(server.listen(Listener()))
    for text in ("1", "2"):
        await client.send_str(text)
    assert [await heard.get(), await heard.get()] == [b"1", b"2"]
    await client.close()
    await listening


async def test_deflated_between_messages_of_ones_own(pair):
    server, client = pair(Compression())
    for number in range(3):
        await server.send_str(LONG)
        assert broadcast([server], f"{LONG} {number}") == []
        assert broadcast([client], f"{LONG} {number}") == []
        assert await client.receive_str() == LONG
        assert await client.receive_str() == f"{LONG} {number}"
        assert await server.receive_str() == f"{LONG} {number}"


async def test_windows_that_differ(pair):
    loop = asyncio.get_running_loop()
    engines = []
    for compression in (None, Compression(server_window=9), Compression(server_window=8)):
        engine = Engine(loop, Terms(SERVER, None, compression), WSOptions())
        transport = MemoryTransport(loop)
        engine.attach(Handover(transport, b"", False, False, lambda exc: None))
        engines.append((engine, transport))
    assert broadcast([engine for engine, _ in engines], LONG) == []
    assert [transport.sent[0] for _, transport in engines] == [0x81, 0xC1, 0x81]


async def test_what_is_no_websocket_of_ours(end):
    one = end()
    with pytest.raises(TypeError, match="open WebSockets of aiolos, not ForwardingWebSocket"):
        broadcast([one.engine, ForwardingWebSocket()], "x")
    assert one.sent() == []


async def test_a_single_one_is_no_list(end):
    one = end()
    with pytest.raises(TypeError, match=r"takes a list of WebSockets: write \[socket\]"):
        broadcast(one.engine, "x")
    assert one.sent() == []
