"""What follows from the primitives of a WebSocket, without an engine."""

import asyncio
from collections import deque

import pytest
from aiolos_protocol.websocket import (
    CLOSED_MESSAGE,
    WebSocket,
    WSMessage,
    WSMessageTypeError,
    WSMsgType,
)


class Loopback(WebSocket):
    """Receives what it sends, and what a test has put there."""

    def __init__(self, *messages):
        self.messages = deque(WSMessage(*message, None) for message in messages)
        self.sent = []
        self.code = None

    closed = property(lambda self: self.code is not None)
    close_code = property(lambda self: self.code)
    protocol = None

    def exception(self):
        return None

    def get_extra_info(self, name, default=None):
        return default

    async def receive(self, timeout=None):
        return self.messages.popleft() if self.messages else CLOSED_MESSAGE

    async def send_frame(self, message, opcode, compress=None):
        self.sent.append((opcode, message, compress))

    def close(self, *, code=1000, message=b"", drain=True):
        first, self.code = self.code is None, code
        done = asyncio.get_running_loop().create_future()
        done.set_result(first)
        return done


class Listener:
    def __init__(self):
        self.heard = []

    def message_received(self, payload, kind):
        self.heard.append((bytes(payload), kind))


async def pieces(*fragments):
    for fragment in fragments:
        await asyncio.sleep(0)
        yield fragment


async def heard(fragments):
    return [fragment async for fragment in fragments]


@pytest.mark.parametrize("make", [list, lambda fragments: pieces(*fragments)])
async def test_fragments_become_one_message(make):
    socket = Loopback()
    await socket.send_fragments(make(["gr", "ü", ""]), 9)
    await socket.send_fragments(make([b"a", bytearray(b"b"), memoryview(b"c")]))
    await socket.send_fragments(make([]))
    assert socket.sent == [
        (WSMsgType.TEXT, "grü".encode(), 9),
        (WSMsgType.BINARY, b"abc", None),
        (WSMsgType.BINARY, b"", None),
    ]


@pytest.mark.parametrize("fragments", [["a", b"b"], [b"a", "b"], ["a", 1]])
async def test_a_message_that_breaks_off(fragments):
    socket = Loopback()
    with pytest.raises(TypeError, match="fragments"):
        await socket.send_fragments(fragments)
    assert socket.sent == []
    assert socket.code == 1011


@pytest.mark.parametrize(
    ("fragments", "told"),
    [
        ("ab", r"not str; send_str\(\) sends a message whole"),
        (b"ab", r"not bytes; send_bytes\(\) sends a message whole"),
        ([1], "fragments are str or bytes, not int"),
    ],
)
async def test_a_message_that_never_began(fragments, told):
    socket = Loopback()
    with pytest.raises(TypeError, match=told):
        await socket.send_fragments(fragments)
    assert socket.sent == []
    assert not socket.closed


async def test_the_next_message_in_fragments():
    ping = (WSMsgType.PING, b"")
    socket = Loopback(ping, (WSMsgType.TEXT, "a"), (WSMsgType.BINARY, b"b"))
    assert await heard(socket.receive_fragments()) == ["a"]
    assert await heard(socket.receive_fragments()) == [b"b"]
    assert await heard(socket.receive_fragments()) == []


async def test_receiving_what_broke_the_protocol():
    error = ValueError("broken")
    for receive in (
        lambda socket: heard(socket.receive_fragments()),
        lambda socket: socket.listen(Listener()),
    ):
        with pytest.raises(ValueError, match="broken"):
            await receive(Loopback((WSMsgType.ERROR, error)))


async def test_a_listener_gets_text_as_bytes():
    messages = [(WSMsgType.TEXT, "ü"), (WSMsgType.TEXT, b"u"), (WSMsgType.PING, b"p")]
    socket, listener = Loopback(*messages), Listener()
    await socket.listen(listener)
    assert listener.heard == [
        ("ü".encode(), WSMsgType.TEXT),
        (b"u", WSMsgType.TEXT),
        (b"p", WSMsgType.PING),
    ]


async def test_a_listener_that_raises():
    class Failing:
        def message_received(self, payload, kind):
            raise ZeroDivisionError

    socket = Loopback((WSMsgType.TEXT, "a"), (WSMsgType.TEXT, "b"))
    with pytest.raises(ZeroDivisionError):
        await socket.listen(Failing())
    assert socket.code == 1011


async def test_what_is_no_listener():
    socket = Loopback((WSMsgType.TEXT, "a"))
    with pytest.raises(TypeError, match=r"message_received\(payload, kind\), not object"):
        await socket.listen(object())
    assert socket.code is None


async def test_one_kind_was_asked_for():
    socket = Loopback((WSMsgType.TEXT, "[1]"), (WSMsgType.TEXT, "a"), (WSMsgType.BINARY, b"a"))
    assert await socket.receive_json() == [1]
    with pytest.raises(WSMessageTypeError, match="Received message 1:.+ is not WSMsgType.BINARY"):
        await socket.receive_bytes()
    with pytest.raises(WSMessageTypeError, match="Received message 2:.+ is not WSMsgType.TEXT"):
        await socket.receive_str()
