"""What the siblings rely on: aiolos_protocol.contracts."""

import asyncio

from aiolos_protocol.message import HttpVersion11, RequestHead, ResponseHead
from aiolos_protocol.testkit import MemoryTransport
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import ForwardingWebSocket, WebSocket, WSOptions
from aiolos_websocket import component


async def test_from_offer_to_close():
    offer = component.offer(WSOptions(protocols=("x",), compress=15))
    head = offer.head(HttpVersion11)
    request = RequestHead(head.method, "/", headers=head.headers)
    answer = component.answer(request, WSOptions(protocols=("x",), compress=15))
    confirmed = offer.confirm(ResponseHead(answer.status, headers=answer.headers))
    loop, lost = asyncio.get_running_loop(), asyncio.Queue()
    ours, theirs = MemoryTransport(loop), MemoryTransport(loop)
    ours.peer, theirs.peer = theirs, ours
    server = answer.open(Handover(ours, b"", False, False, lost.put_nowait))
    client = confirmed.open(Handover(theirs, b"", False, False, lost.put_nowait))
    assert isinstance(server, WebSocket)
    assert server.protocol == client.protocol == "x"
    facade = ForwardingWebSocket()
    facade._open(client)
    await facade.send_str("hello")
    assert await server.receive_str() == "hello"
    server.send_bytes(b"back")
    server.close()
    assert [message.data async for message in facade] == [b"back"]
    assert facade.close_code == 1000
    assert [await lost.get(), await lost.get()] == [None, None]
