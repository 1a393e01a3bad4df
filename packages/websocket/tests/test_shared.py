"""broadcast() and the message that it shares."""

import asyncio

import pytest
from aiolos_protocol.testkit import MemoryTransport
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import ForwardingWebSocket, WSOptions
from aiolos_websocket import broadcast
from aiolos_websocket.engine import Engine
from aiolos_websocket.extensions import Compression
from aiolos_websocket.frames import BINARY, FIN, TEXT
from aiolos_websocket.handshake import Terms
from aiolos_websocket.role import CLIENT, SERVER
from aiolos_websocket.shared import SharedMessage

LONG = "a message that is worth the deflating, a message that is worth it"


def test_a_frame_is_made_once_for_servers_and_anew_for_clients():
    shared = SharedMessage("abc")
    assert shared.frame(SERVER, 0) == b"\x81\x03abc"
    assert shared.frame(SERVER, 0) is shared.frame(SERVER, 0)
    assert shared.frame(CLIENT, 0)[2:6] != shared.frame(CLIENT, 0)[2:6]


def test_forms_by_window():
    shared = SharedMessage(LONG)
    assert shared.deflates(15)
    assert shared.frame(SERVER, 15)[0] == 0xC1
    assert shared.frame(SERVER, 15) is shared.frame(SERVER, 15)
    assert shared.frame(SERVER, 0)[0] == 0x81
    assert not SharedMessage("short").deflates(15)


def test_text_and_bytes():
    assert SharedMessage("é").frame(SERVER, 0) == b"\x81\x02\xc3\xa9"
    for data in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
        assert SharedMessage(data).frame(SERVER, 0) == b"\x82\x02ab"


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


async def test_who_is_in_the_middle_of_a_message_is_slow(end):
    one, go_on = end(), asyncio.Event()

    async def pieces():
        yield "a"
        await go_on.wait()
        yield "b"

    sending = asyncio.ensure_future(one.engine.send_fragments(pieces()))
    while not one.transport.sent:
        await asyncio.sleep(0)
    assert broadcast([one.engine], "all") == [one.engine]
    go_on.set()
    await sending
    assert broadcast([one.engine], "all") == []


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


def test_what_is_no_websocket_of_ours():
    with pytest.raises(TypeError, match="open WebSockets of aiolos, not ForwardingWebSocket"):
        broadcast([ForwardingWebSocket()], "x")
