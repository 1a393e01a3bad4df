"""What contracts.WebSocketComponent promises, both ends over a transport in memory."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from aiolos_protocol.contracts import Agreement, WebSocketComponent
from aiolos_protocol.errors import UpgradeRefused
from aiolos_protocol.message import HttpVersion11, HttpVersion20, RequestHead, ResponseHead
from aiolos_protocol.testkit import MemoryTransport
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import (
    WebSocket,
    WebSocketError,
    WSFragment,
    WSMsgType,
    WSOptions,
)
from multidict import CIMultiDict

from .requirement import in_time, require


async def check_websocket_component(component: WebSocketComponent) -> None:
    """Check both ends of `component` against one another.

    Raises NonConformance, an AssertionError that quotes the clause.
    """
    _check_handshake(component)
    _check_refusals(component)
    _check_connect(component)
    await _check_messages(component)
    await _check_fragments(component)
    await _check_listener(component)
    await _check_violation(component)
    await _check_buffered(component)
    await _check_loss(component)


# Handshakes.


def _agreed(component: WebSocketComponent, options: WSOptions) -> tuple[Agreement, Agreement]:
    """The client's agreement and the server's, over HTTP/1.1."""
    offer = component.offer(options)
    server = component.answer(_request(offer.head(HttpVersion11).headers), options)
    client = offer.confirm(ResponseHead(server.status, headers=server.headers.copy()))
    return client, server


def _request(headers: CIMultiDict[str], method: str = "GET") -> RequestHead:
    fields = CIMultiDict(headers)
    upgrade = fields.get("Upgrade")
    return RequestHead(method, "/", headers=fields, upgrade=upgrade and upgrade.lower())


def _check_handshake(component: WebSocketComponent) -> None:
    offer = component.offer(WSOptions(protocols=("one", "two"), headers={"X-Own": "field"}))
    head = offer.head(HttpVersion11)
    require(head.method == "GET", "HTTP/1.1 is left by GET (RFC 6455 4.1)")
    require(head.protocol is None, ":protocol is None on HTTP/1.1")
    for name in ("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"):
        require(name in head.headers, f"the client's handshake has the field {name}")
    require(head.headers.get("X-Own") == "field", "WSOptions.headers go with the handshake")
    again = component.offer(WSOptions()).head(HttpVersion11)
    keys = head.headers["Sec-WebSocket-Key"], again.headers["Sec-WebSocket-Key"]
    require(keys[0] != keys[1], "every handshake has a key of its own (RFC 6455 4.1)")
    server = component.answer(_request(head.headers), WSOptions(protocols=("two", "three")))
    require(server.status == 101, f"the server's status is 101, not {server.status}")
    require(server.subprotocol == "two", "the server takes a sub-protocol that both speak")
    client = offer.confirm(ResponseHead(101, headers=server.headers.copy()))
    require(client.subprotocol == "two", "the client knows the sub-protocol agreed upon")


def _check_refusals(component: WebSocketComponent) -> None:
    good = component.offer(WSOptions()).head(HttpVersion11).headers
    for name in ("Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version"):
        fields = CIMultiDict(good)
        del fields[name]
        status = _refused(partial(component.answer, _request(fields), WSOptions()))
        require(400 <= status < 500, f"answer() refuses a request without {name} by 4xx")
    offer = component.offer(WSOptions())
    server = component.answer(_request(offer.head(HttpVersion11).headers), WSOptions())
    _refused(partial(offer.confirm, ResponseHead(200)))
    wrong = server.headers.copy()
    wrong["Sec-WebSocket-Accept"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
    _refused(partial(offer.confirm, ResponseHead(101, headers=wrong)))


def _refused(attempt: Callable[[], Any]) -> int:
    try:
        attempt()
    except UpgradeRefused as refusal:
        return refusal.status
    require(False, "a handshake that is none raises UpgradeRefused")
    return 0


def _check_connect(component: WebSocketComponent) -> None:
    offer = component.offer(WSOptions())
    head = offer.head(HttpVersion20)
    require(
        (head.method, head.protocol) == ("CONNECT", "websocket"),
        "HTTP/2 is left by CONNECT with :protocol websocket (RFC 8441 4)",
    )
    request = RequestHead(
        "CONNECT", "/", HttpVersion20, headers=head.headers.copy(), protocol=head.protocol
    )
    server = component.answer(request, WSOptions())
    require(server.status == 200, f"the status on HTTP/2 is 200, not {server.status}")
    offer.confirm(ResponseHead(200, version=HttpVersion20, headers=server.headers.copy()))


# Engines.


class _End:
    """One end: its transport, its WebSocket, and how often it reported its loss."""

    def __init__(self) -> None:
        self.transport = MemoryTransport(asyncio.get_running_loop())
        self.lost = 0

    def open(self, agreement: Agreement, buffered: bytes = b"") -> WebSocket:
        handover = Handover(self.transport, buffered, False, False, self._lose)
        self.socket = agreement.open(handover)
        return self.socket

    def _lose(self, exc: BaseException | None) -> None:
        self.lost += 1


def _joined() -> tuple[_End, _End]:
    client, server = _End(), _End()
    client.transport.peer, server.transport.peer = server.transport, client.transport
    return client, server


async def _check_messages(component: WebSocketComponent) -> None:
    options = WSOptions(protocols=("one",), close_timeout=1.0)
    agreements, ends = _agreed(component, options), _joined()
    client, server = (end.open(agreement) for end, agreement in zip(ends, agreements, strict=True))
    require(client.protocol == server.protocol == "one", "protocol is the one agreed upon")
    for one, other in ((client, server), (server, client)):
        await one.send_str("grün")
        await one.send_bytes(b"\x00\xff" * 70_000)
        await one.send_json({"a": 1})
        text = await in_time(other.receive(), "a message arrives")
        require((text.type, text.data) == (WSMsgType.TEXT, "grün"), f"text arrives, not {text!r}")
        data = await in_time(other.receive_bytes(), "a binary message arrives")
        require(data == b"\x00\xff" * 70_000, "binary data arrives whole, in order")
        require(await in_time(other.receive_json(), "JSON arrives") == {"a": 1}, "JSON arrives")
    waiting = asyncio.ensure_future(server.receive())
    closed = await in_time(client.close(code=4001, message=b"done"), "close() meets its answer")
    require(closed, "the first close() gives True")
    message = await in_time(waiting, "a close ends receive()")
    require(
        (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4001, "done"),
        f"the peer's close has its code and reason, not {message!r}",
    )
    require(server.close_code == 4001, "close_code is the peer's")
    require(client.closed and server.closed, "both ends are closed behind the handshake")
    require(not await in_time(client.close(), "close() returns"), "a later close() gives False")
    last = await in_time(server.receive(), "receive() gives CLOSED behind the end")
    require(last.type is WSMsgType.CLOSED, f"receive() gives CLOSED behind the end, not {last!r}")
    try:
        await client.send_str("late")
    except ConnectionResetError:
        pass
    else:
        require(False, "sending on a closed WebSocket raises ConnectionResetError")
    await _turns()
    require([end.lost for end in ends] == [1, 1], "the hand-over's on_lost is called once")


async def _check_fragments(component: WebSocketComponent) -> None:
    client, server = _opened(component, WSOptions())
    sent: tuple[tuple[list[WSFragment], str | bytes], ...] = (
        (["gr", "ü", "n"], "grün"),
        ([b"a", bytearray(b"b"), memoryview(b"c")], b"abc"),
    )
    for fragments, whole in sent:
        await client.send_fragments(fragments)
        message = await in_time(server.receive(), "a message sent in fragments arrives")
        require(message.data == whole, f"fragments are one message, not {message!r}")
        await client.send_fragments(fragments)
        received: list[Any] = [piece async for piece in server.receive_fragments()]
        joined = whole[:0].join(received)
        require(joined == whole, f"receive_fragments() gives all of a message, not {received!r}")
    await client.send_fragments([])
    message = await in_time(server.receive(), "a message without fragments arrives")
    require(
        (message.type, message.data) == (WSMsgType.BINARY, b""),
        f"no fragments are an empty binary message, not {message!r}",
    )
    for fault in ("whole", b"whole", [1]):
        await _fails(TypeError, client.send_fragments(cast(Any, fault)), "send_fragments() of this")
        require(not client.closed, "nothing was sent, so nothing broke off")
    await _fails(TypeError, client.send_fragments(["a", b"b"]), "mixing str and bytes")
    require(client.closed, "a message that broke off closes the WebSocket")
    with contextlib.suppress(ConnectionResetError):
        # What had come, and then that the rest does not.
        received = [piece async for piece in server.receive_fragments()]
        require(
            received in ([], ["a"]), f"of a message that broke off nothing is made up: {received!r}"
        )
    require(server.close_code == 1011, f"it is closed with 1011, not {server.close_code}")


async def _check_violation(component: WebSocketComponent) -> None:
    """Where the peer breaks the protocol, whoever receives learns of it."""
    reserved = b"\xff\xff\x00\x00\x00\x00"
    _, agreement = _agreed(component, WSOptions())
    for receive in (_all_fragments, _listen):
        end = _End()
        server = end.open(agreement)
        end.transport.receive(reserved)
        receiving = asyncio.ensure_future(receive(server))
        await _turns()
        # listen() returns behind the closing handshake only.
        end.transport.lose()
        await _fails(WebSocketError, receiving, "receiving what breaks the protocol")
        require(server.exception() is not None, "exception() tells what broke the protocol")


async def _all_fragments(socket: WebSocket) -> None:
    async for _ in socket.receive_fragments():
        pass


async def _listen(socket: WebSocket) -> None:
    await socket.listen(_Listener())


async def _check_listener(component: WebSocketComponent) -> None:
    client, server = _opened(component, WSOptions())
    listener = _Listener()
    listening = asyncio.ensure_future(server.listen(listener))
    await client.send_str("grün")
    await client.send_bytes(b"\x00")
    await _turns()
    heard = [(bytes(payload), kind) for payload, kind in listener.heard]
    require(
        heard == [("grün".encode(), WSMsgType.TEXT), (b"\x00", WSMsgType.BINARY)],
        f"a listener gets text as UTF-8 and binary data, not {heard!r}",
    )
    listener.error = ValueError("mine")
    await client.send_str("a")
    await _fails(ValueError, listening, "listen() with a listener that raises")
    await in_time(client.receive(), "a listener that raises closes the WebSocket")
    require(client.close_code == 1011, f"it is closed with 1011, not {client.close_code}")


class _Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[memoryview, WSMsgType]] = []
        self.error: Exception | None = None

    def message_received(self, payload: memoryview, kind: WSMsgType) -> None:
        if self.error is not None:
            raise self.error
        self.heard.append((payload, kind))


def _opened(component: WebSocketComponent, options: WSOptions) -> tuple[WebSocket, WebSocket]:
    """The client's end and the server's."""
    ends = zip(_joined(), _agreed(component, options), strict=True)
    client, server = (end.open(agreement) for end, agreement in ends)
    return client, server


async def _fails(kind: type[Exception], attempt: Awaitable[Any], what: str) -> None:
    try:
        await in_time(attempt, what)
    except kind:
        return
    require(False, f"{what} raises {kind.__name__}")


async def _check_buffered(component: WebSocketComponent) -> None:
    first, second = _agreed(component, WSOptions())
    alone, end = _End(), _End()
    await alone.open(first).send_str("early")
    server = end.open(second, buffered=alone.transport.take())
    message = await in_time(server.receive_str(), "what came behind the handshake is received")
    require(message == "early", "what came behind the handshake is received")
    for each in (alone, end):
        each.transport.lose()


async def _check_loss(component: WebSocketComponent) -> None:
    _, agreement = _agreed(component, WSOptions())
    end = _End()
    server = end.open(agreement)
    waiting = asyncio.ensure_future(server.receive())
    await _turns()
    end.transport.lose(ConnectionResetError())
    message = await in_time(waiting, "a lost connection ends receive()")
    require(
        message.type in (WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE),
        f"a lost connection ends receive() by CLOSED or ERROR, not {message!r}",
    )
    require(server.closed, "a WebSocket without connection is closed")
    require(server.close_code == 1006, f"close_code is 1006 then, not {server.close_code}")
    require(end.lost == 1, "the hand-over's on_lost is called once")


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
