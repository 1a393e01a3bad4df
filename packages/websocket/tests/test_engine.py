"""The engine in either role, over a transport in memory and by a clock that is wound by hand."""

import asyncio
import gc
import sys
import threading
from array import array
from types import SimpleNamespace

import pytest
from aiolos_protocol.errors import ConnectionLost, LocalProtocolError
from aiolos_protocol.websocket import WebSocketError, WSMsgType, WSOptions
from aiolos_websocket.assembly import MESSAGE_COST
from aiolos_websocket.deflate import Deflater, Inflater, deflated
from aiolos_websocket.extensions import Compression
from aiolos_websocket.frames import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT
from aiolos_websocket.handshake import Terms
from aiolos_websocket.role import CLIENT, SERVER

OK = b"\x03\xe8"


async def turn():
    """Let everything happen that is due."""
    for _ in range(5):
        await asyncio.sleep(0)


async def parked(coroutine):
    """A task that has begun to wait."""
    task = asyncio.ensure_future(coroutine)
    await turn()
    assert not task.done()
    return task


@pytest.fixture
def garbage():
    """What only the garbage collector would find, of ours; to be called at the end."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)

    def garbage():
        gc.collect()
        return [each for each in gc.garbage if "aiolos_websocket" in type(each).__module__]

    yield garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


# Messages.


async def test_text_and_binary_there_and_back(pair):
    server, client = pair()

    async def echo():
        async for message in server:
            if message.type is WSMsgType.TEXT:
                await server.send_str(message.data)
            else:
                await server.send_bytes(message.data)

    echoing = asyncio.ensure_future(echo())
    for text in ("", "é", "x" * 70_000):
        await client.send_str(text)
        assert await client.receive_str() == text
    for data in (b"", bytes(range(256)) * 500, bytearray(b"abc"), memoryview(b"abc")):
        await client.send_bytes(data)
        assert await client.receive_bytes() == bytes(data)
    await client.send_json({"a": [1]})
    assert await client.receive_json() == {"a": [1]}
    assert await client.close()
    await echoing


async def test_what_came_before_receive_and_what_comes_while_it_waits(end):
    one = end()
    one.receive(TEXT, b"a")
    one.receive(TEXT, b"b")
    assert (await one.engine.receive()).data == "a"
    assert (await one.engine.receive()).data == "b"
    waiting = await parked(one.engine.receive())
    one.receive(TEXT, b"c")
    assert (await waiting).data == "c"


async def test_what_came_behind_the_handshake(end, frame, role):
    key = b"abcd" if role.peer_masks else None
    one = end(buffered=frame(TEXT, b"early", key=key))
    assert (await one.engine.receive()).data == "early"


async def test_only_one_task_receives(end):
    one = end()
    waiting = await parked(one.engine.receive())
    with pytest.raises(RuntimeError, match="another task is receiving"):
        await one.engine.receive()
    one.receive(TEXT, b"a")
    assert (await waiting).data == "a"


async def test_a_cancelled_receive_loses_nothing(end):
    one = end()
    waiting = await parked(one.engine.receive())
    waiting.cancel()
    one.receive(TEXT, b"a")
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await one.engine.receive()).data == "a"


async def test_receiving_has_its_time(end):
    one = end(receive_timeout=0.001)
    with pytest.raises(TimeoutError, match=r"no message came within 0\.001 s"):
        await one.engine.receive()
    with pytest.raises(TimeoutError, match=r"within 0\.002 s"):
        await one.engine.receive(0.002)
    one.receive(TEXT, b"late")
    assert (await one.engine.receive()).data == "late"


async def test_what_is_of_the_wrong_kind(end):
    one = end()
    one.receive(TEXT, b"a")
    with pytest.raises(TypeError, match="Received message 1:.+ is not WSMsgType.BINARY"):
        await one.engine.receive_bytes()
    with pytest.raises(TypeError, match="send_str"):
        one.engine.send_str(b"bytes")
    with pytest.raises(TypeError, match="send_bytes"):
        one.engine.send_bytes("text")


async def test_frames_are_sent_at_once_in_the_order_of_the_calls(end):
    one = end()
    one.engine.send_str("a")
    one.engine.send_bytes(b"b")
    one.engine.ping(b"c")
    one.engine.pong("d")
    assert one.sent() == [
        (FIN | TEXT, b"a"),
        (FIN | BINARY, b"b"),
        (FIN | PING, b"c"),
        (FIN | PONG, b"d"),
    ]


async def test_whatever_holds_bytes_is_sent_as_it_is_now(end):
    one, changing = end(), bytearray(b"x" * 100_000)
    one.engine.send_bytes(changing)
    one.engine.send_bytes(memoryview(changing))
    one.engine.send_bytes(memoryview(bytes(changing)))
    one.engine.send_bytes(memoryview(array("H", [1] * 50_000)))
    one.engine.send_bytes(memoryview(b"abcdef")[::2])
    one.engine.send_frame(memoryview(b"abcdef")[1::2], WSMsgType.BINARY)
    one.engine.send_frame(memoryview(b"xy" * 50_000)[::2], WSMsgType.BINARY)
    changing[:] = b"y" * 100_000
    sent = [payload for _, payload in one.sent()]
    gaps = [b"ace", b"bdf", b"x" * 50_000]
    assert sent == [b"x" * 100_000] * 3 + [b"\x01\x00" * 50_000, *gaps]


async def test_what_send_returns_may_be_awaited_dropped_or_made_a_task(end):
    one = end()
    await one.engine.send_str("a")
    await asyncio.create_task(one.engine.send_str("b"))
    await asyncio.wait_for(one.engine.send_str("c"), 1)
    await asyncio.gather(one.engine.send_str("d"), one.engine.send_str("e"))
    assert b"".join(payload for _, payload in one.sent()) == b"abcde"


# Control frames.


async def test_a_ping_is_answered_while_nobody_receives(end):
    one = end()
    one.receive(PING, b"there?")
    assert one.sent() == [(FIN | PONG, b"there?")]
    one.receive(PONG, b"unasked")
    assert one.sent() == []
    waiting = await parked(one.engine.receive())
    waiting.cancel()


async def test_pings_inside_a_fragmented_message(end):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    one.receive(PING, b"1")
    one.receive(CONTINUATION, b"b")
    assert one.sent() == [(FIN | PONG, b"1")]
    assert (await one.engine.receive()).data == "ab"


async def test_without_autoping_pings_and_pongs_are_messages(end):
    one = end(autoping=False)
    one.receive(PING, b"1")
    one.receive(PONG, b"2")
    message = await one.engine.receive()
    assert (message.type, message.data) == (WSMsgType.PING, b"1")
    message = await one.engine.receive()
    assert (message.type, message.data) == (WSMsgType.PONG, b"2")
    assert one.sent() == []


async def test_a_peer_that_does_not_read_gets_the_latest_pong_only(end):
    one = end()
    one.engine.pause_writing()
    for number in range(1000):
        one.receive(PING, b"%d" % number)
    assert one.sent() == []
    one.engine.resume_writing()
    assert one.sent() == [(FIN | PONG, b"999")]
    one.engine.resume_writing()
    assert one.sent() == []


@pytest.mark.parametrize("opcode", [WSMsgType.PING, WSMsgType.PONG])
async def test_control_frames_are_small(end, opcode):
    one = end()
    await one.engine.send_frame(b"x" * 125, opcode)
    with pytest.raises(LocalProtocolError, match="at most 125 bytes, not 126"):
        one.engine.send_frame(b"x" * 126, opcode)


@pytest.mark.parametrize("opcode", [WSMsgType.CLOSE, WSMsgType.CLOSED, 3])
async def test_what_is_no_message_is_not_sent(end, opcode):
    one = end()
    with pytest.raises(LocalProtocolError, match="pings and pongs, not"):
        one.engine.send_frame(b"", opcode)
    assert one.sent() == []


# The closing handshake.


async def test_our_close_is_answered(end, role):
    one = end()
    closing = await parked(one.engine.close(code=4000, message=b"bye"))
    assert one.sent() == [(FIN | CLOSE, b"\x0f\xa0bye")]
    assert one.engine.closed
    assert one.engine.close_code is None
    one.receive(CLOSE, b"\x0f\xa1")
    if not role.ends_connection:
        # RFC 6455 7.1.1: the server ends the connection, the client waits for it.
        assert not one.transport.is_closing()
        one.transport.receive_eof()
    assert one.transport.is_closing()
    assert await closing is True
    assert one.engine.close_code == 4001
    assert one.lost == [None]
    assert not await one.engine.close()
    assert (await one.engine.receive()).type is WSMsgType.CLOSED


async def test_what_comes_between_the_closes_is_thrown_away(end):
    one = end()
    one.receive(TEXT, b"unread")
    closing = await parked(one.engine.close())
    one.receive(TEXT, b"x" * 100_000)
    one.receive(TEXT, b"y" * 100_000)
    assert one.transport.reading
    one.receive(PING, b"?")
    assert (await one.engine.receive()).type is WSMsgType.CLOSING
    one.receive(CLOSE, OK)
    one.transport.receive_eof()
    await closing
    assert one.sent() == [(FIN | CLOSE, OK)]
    assert (await one.engine.receive()).type is WSMsgType.CLOSED


async def test_who_receives_learns_of_our_close_at_once(end):
    one = end()
    waiting = await parked(one.engine.receive())
    closing = await parked(one.engine.close())
    assert (await waiting).type is WSMsgType.CLOSING
    one.transport.lose()
    assert await closing


async def test_the_peers_close_is_answered_once_it_is_seen(end, role):
    one = end()
    one.receive(TEXT, b"last")
    one.receive(CLOSE, b"\x03\xe9going")
    one.receive(TEXT, b"behind the close")
    assert one.sent() == []
    heard = []
    async for message in one.engine:
        heard.append(message.data)
        await one.engine.send_str("echo")
    assert heard == ["last"]
    assert one.sent() == [(FIN | TEXT, b"echo"), (FIN | CLOSE, b"\x03\xe9")]
    assert one.engine.closed
    assert one.engine.close_code == 1001
    if role.ends_connection:
        assert one.transport.is_closing()
    else:
        one.transport.receive_eof()
    await turn()
    assert one.lost == [None]


async def test_a_close_is_a_message_once(end):
    one = end()
    one.receive(CLOSE, b"\x03\xe9going")
    message = await one.engine.receive()
    assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1001, "going")
    assert (await one.engine.receive()).type is WSMsgType.CLOSED


async def test_a_close_without_a_code(end):
    one = end()
    one.receive(CLOSE, b"")
    message = await one.engine.receive()
    assert (message.data, message.extra) == (0, "")
    assert one.sent() == [(FIN | CLOSE, b"")]
    one.transport.lose()
    # Not 1006: the peer has closed in order.
    assert one.engine.close_code == 0


async def test_without_autoclose_the_answer_is_the_users(end):
    one = end(autoclose=False)
    one.receive(CLOSE, OK)
    assert (await one.engine.receive()).type is WSMsgType.CLOSE
    assert not one.engine.closed
    assert (await one.engine.receive()).type is WSMsgType.CLOSING
    await one.engine.send_str("wait")
    closing = asyncio.ensure_future(one.engine.close(code=3000))
    assert one.sent() == [(FIN | TEXT, b"wait"), (FIN | CLOSE, b"\x0b\xb8")]
    one.transport.receive_eof()
    assert await closing


async def test_a_close_that_nobody_looks_at_is_answered_in_time(end):
    one = end(close_timeout=5)
    one.receive(TEXT, b"unread")
    one.receive(CLOSE, OK)
    one.clock.advance(5)
    assert one.sent() == [(FIN | CLOSE, OK)]
    one.transport.receive_eof()
    await turn()
    assert one.lost == [None]
    assert (await one.engine.receive()).data == "unread"
    assert (await one.engine.receive()).type is WSMsgType.CLOSE
    assert one.clock.watched == 0


async def test_a_peer_that_does_not_answer_our_close(end):
    one = end(close_timeout=5)
    closing = await parked(one.engine.close())
    one.clock.advance(4)
    await turn()
    assert not closing.done()
    one.clock.advance(1)
    assert await closing is True
    assert one.transport.aborted
    assert one.engine.close_code == 1006
    assert isinstance(one.engine.exception(), TimeoutError)
    assert "did not answer a close within 5 s" in str(one.engine.exception())
    assert one.clock.watched == 0


async def test_a_peer_that_does_not_end_the_connection(end, role):
    one = end(close_timeout=5)
    closing = await parked(one.engine.close())
    one.receive(CLOSE, OK)
    one.clock.advance(5)
    assert await closing is True
    if not role.ends_connection:
        assert one.transport.aborted
    assert one.engine.close_code == 1000


async def test_what_a_close_cannot_carry(end):
    one = end()
    with pytest.raises(LocalProtocolError, match="close code 1006 cannot be sent"):
        one.engine.close(code=1006)
    with pytest.raises(LocalProtocolError, match="at most 123 bytes"):
        one.engine.close(message=b"x" * 124)
    assert not one.engine.closed
    assert one.sent() == []


async def test_nothing_is_sent_behind_the_close(end):
    one = end()
    closing = await parked(one.engine.close())
    with pytest.raises(ConnectionResetError, match="is closed"):
        await one.engine.send_str("too late")
    with pytest.raises(ConnectionResetError):
        await asyncio.create_task(one.engine.ping())
    one.receive(CLOSE, OK)
    one.transport.receive_eof()
    await closing
    with pytest.raises(ConnectionLost):
        await one.engine.send_bytes(b"")
    assert one.sent() == [(FIN | CLOSE, OK)]


# A connection that is lost.


async def test_a_peer_that_vanishes(end):
    one = end()
    one.receive(TEXT, b"last")
    waiting = None
    assert (await one.engine.receive()).data == "last"
    waiting = await parked(one.engine.receive())
    reset = ConnectionResetError("reset by peer")
    one.transport.lose(reset)
    assert (await waiting).type is WSMsgType.CLOSED
    assert one.engine.close_code == 1006
    assert one.engine.exception() is reset
    assert one.engine.closed
    assert one.lost == [reset]
    assert one.clock.watched == 0


async def test_an_end_without_a_close(end):
    one = end()
    one.receive(TEXT, b"last")
    one.transport.receive_eof()
    await turn()
    assert [message.data async for message in one.engine] == ["last"]
    assert one.engine.close_code == 1006
    assert one.engine.exception() is None
    assert one.lost == [None]


async def test_a_writer_that_waits_when_the_peer_vanishes(end):
    one = end()
    one.engine.pause_writing()
    waiting = await parked(one.engine.send_str("a"))
    one.engine.send_str("nobody waits for this one")
    one.transport.lose(OSError("gone"))
    with pytest.raises(ConnectionLost):
        await waiting


# The peer breaks the protocol.


async def test_a_broken_rule_is_told_to_both_sides(end, role):
    one = end(close_timeout=5)
    one.receive(TEXT, b"before")
    one.receive(TEXT, b"\xff")
    one.receive(TEXT, b"after")
    assert (await one.engine.receive()).data == "before"
    # What was right before is still answered.
    await one.engine.send_str("answer")
    message = await one.engine.receive()
    assert message.type is WSMsgType.ERROR
    assert isinstance(message.data, WebSocketError)
    assert message.data.code == 1007
    assert one.engine.exception() is message.data
    assert one.engine.close_code == 1007
    assert (await one.engine.receive()).type is WSMsgType.CLOSED
    answer, (first, payload) = one.sent()
    assert answer == (FIN | TEXT, b"answer")
    assert first == FIN | CLOSE
    assert payload[:2] == (1007).to_bytes(2, "big")
    assert b"not UTF-8" in payload
    assert len(payload) <= 125
    # The peer gets the time to read our close.
    assert one.transport.eof_sent is role.ends_connection
    assert not one.transport.is_closing()
    one.clock.advance(5)
    await turn()
    assert one.lost == [None]


@pytest.mark.parametrize(
    ("opcode", "payload", "code"),
    [
        (CLOSE, b"\x03", 1002),
        (CLOSE, b"\x03\xee", 1002),
        (CLOSE, OK + b"\xff", 1007),
        (7, b"", 1002),
    ],
)
async def test_which_code_says_so(end, opcode, payload, code):
    one = end()
    one.receive(opcode, payload)
    assert [message.type async for message in one.engine] == [WSMsgType.ERROR]
    ((_, sent),) = one.sent()
    assert int.from_bytes(sent[:2], "big") == code


async def test_a_connection_that_cannot_be_half_closed_is_read_on_for_a_moment(end, role):
    one = end(close_timeout=60)
    # As with TLS.
    one.transport.can_write_eof = lambda: False
    one.receive(0x3)
    assert (await one.engine.receive()).type is WSMsgType.ERROR
    await turn()
    assert not one.transport.is_closing()
    if role is CLIENT:
        return
    while not one.transport.is_closing():
        await asyncio.sleep(0.01)
    assert not one.transport.aborted


async def test_a_peer_that_breaks_a_rule_and_hangs_up(end, role):
    one = end()

    def gone():
        raise OSError("not connected")

    one.transport.write_eof = gone
    one.receive(0x3)
    message = await one.engine.receive()
    assert message.type is WSMsgType.ERROR
    assert message.data.code == 1002
    assert one.transport.aborted is (role is SERVER)


async def test_a_broken_rule_that_nobody_looks_at_is_told_in_time(end):
    one = end(close_timeout=5)
    one.receive(7)
    assert one.sent() == []
    one.clock.advance(5)
    ((first, _),) = one.sent()
    assert first == FIN | CLOSE
    one.clock.advance(5)
    assert one.transport.aborted


async def test_too_big_a_message(end, caplog):
    one = end(max_msg_size=100)
    one.receive(BINARY, b"x" * 100)
    one.receive(BINARY, b"x" * 101)
    assert len((await one.engine.receive()).data) == 100
    message = await one.engine.receive()
    assert message.type is WSMsgType.ERROR
    assert "raise it with max_msg_size=..." in str(message.data)
    assert one.engine.close_code == 1009
    # A server's operator finds it in the log; a client's caller is told.
    logged = [each.getMessage() for each in caplog.records]
    assert len(logged) == (1 if one.engine._role.name == "server" else 0)
    assert all("raise it with max_msg_size=..." in each for each in logged)
    # How our side is configured is nothing to the peer.
    assert one.sent() == [(FIN | CLOSE, b"\x03\xf1the message is too large")]


async def test_a_broken_rule_while_we_are_closing(end):
    one = end()
    closing = await parked(one.engine.close())
    one.receive(7, b"")
    one.transport.receive_eof()
    assert await closing
    assert one.sent() == [(FIN | CLOSE, OK)]
    assert one.engine.close_code == 1002


# Back-pressure.


async def test_a_consumer_that_does_not_keep_up_stops_the_peer(end):
    one = end()
    for number in range(1000):
        one.receive(BINARY, b"%4d" % number + b"x" * 996)
    assert not one.transport.reading
    heard = []
    while len(heard) < 1000:
        heard.append(int((await one.engine.receive()).data[:4]))
    assert heard == list(range(1000))
    assert one.transport.reading


async def test_a_flood_of_empty_messages_is_bounded_too(end, frame):
    one = end()
    one.transport.receive(frame(TEXT, key=one.key) * 20_000)
    assert not one.transport.reading
    assert len(one.engine._queue) <= 65_536 // MESSAGE_COST + 1
    for _ in range(20_000):
        await one.engine.receive()
    assert one.transport.reading


async def test_a_flood_of_pings_that_nobody_takes_is_bounded_too(end):
    one = end(autoping=False)
    for _ in range(1000):
        if not one.transport.reading:
            break
        one.receive(PING)
    else:
        pytest.fail("it is read for ever")
    assert (await one.engine.receive()).type is WSMsgType.PING


async def test_what_waits_is_still_there_when_the_peer_is_gone(end, frame):
    one = end()
    one.transport.receive(frame(BINARY, b"x" * 1000, key=one.key) * 200 + frame(7, key=one.key))
    one.transport.lose()
    messages = [message async for message in one.engine]
    assert len(messages) == 201
    assert messages[-1].type is WSMsgType.ERROR
    assert one.engine.close_code == 1002


async def test_a_close_behind_what_waits(end, frame):
    one = end()
    one.transport.receive(
        frame(BINARY, b"x" * 1000, key=one.key) * 200 + frame(CLOSE, OK, key=one.key)
    )
    assert len([message async for message in one.engine]) == 200
    assert one.sent() == [(FIN | CLOSE, OK)]
    assert one.engine.close_code == 1000


async def test_closing_throws_away_what_waits(end, frame):
    one = end()
    one.transport.receive(
        frame(BINARY, b"x" * 1000, key=one.key) * 200 + frame(CLOSE, b"\x03\xe9", key=one.key)
    )
    closing = asyncio.ensure_future(one.engine.close())
    one.transport.receive_eof()
    assert await closing
    assert one.engine.close_code == 1001


async def test_a_peer_that_does_not_read_stops_whoever_awaits(end):
    one = end(writer_limit=1000)
    assert one.transport.high_water == 1000
    one.engine.pause_writing()
    waiting = await parked(one.engine.send_str("a"))
    other = await parked(one.engine.send_str("b"))
    other.cancel()
    assert [payload for _, payload in one.sent()] == [b"a", b"b"]
    one.engine.resume_writing()
    await waiting


async def test_a_transport_that_was_full_when_it_was_taken_over(end):
    one = end(writing_paused=True)
    waiting = await parked(one.engine.send_str("a"))
    one.engine.resume_writing()
    await waiting


# Heartbeats.


async def test_a_silent_peer_is_dropped_whoever_receives(end):
    class Silence(TimeoutError):
        pass

    one = end(heartbeat=10, silent=Silence)
    one.clock.advance(10)
    assert one.sent() == [(FIN | PING, b"")]
    one.receive(PONG)
    one.clock.advance(5)
    one.clock.advance(10)
    assert one.sent() == [(FIN | PING, b"")]
    one.clock.advance(5)
    assert one.transport.aborted
    await turn()
    message = await one.engine.receive()
    assert message.type is WSMsgType.ERROR
    assert isinstance(message.data, Silence)
    assert str(message.data) == "No PONG received after 5.0 seconds"
    assert one.engine.close_code == 1006
    assert one.engine.exception() is message.data
    assert (await one.engine.receive()).type is WSMsgType.CLOSED
    assert one.clock.watched == 0


async def test_a_peer_that_we_do_not_listen_to_is_not_called_silent(end, frame):
    one = end(heartbeat=10)
    one.transport.receive(frame(BINARY, b"x" * 1000, key=one.key) * 200)
    assert not one.transport.reading
    one.clock.advance(1000)
    assert one.sent() == []
    for _ in range(200):
        await one.engine.receive()
    one.clock.advance(10)
    assert one.sent() == [(FIN | PING, b"")]


@pytest.mark.parametrize("paused_first", [True, False])
async def test_a_peer_that_neither_reads_nor_is_listened_to_is_silent(end, frame, paused_first):
    one = end(heartbeat=10)
    if paused_first:
        one.engine.pause_writing()
    one.transport.receive(frame(BINARY, b"x" * 1000, key=one.key) * 200)
    one.clock.advance(9)
    if not paused_first:
        one.engine.pause_writing()
        one.clock.advance(9)
    # It reads: that is a sign of life.
    one.engine.resume_writing()
    one.clock.advance(1000)
    one.engine.pause_writing()
    assert not one.transport.reading
    one.clock.advance(10)
    assert not one.transport.aborted
    one.clock.advance(5)
    assert one.transport.aborted


async def test_a_peer_that_takes_long_to_read_a_large_message_is_not_silent(end):
    one = end(heartbeat=10)
    one.engine.pause_writing()
    one.transport.unsent = 10_000
    one.clock.advance(10)
    assert one.sent() == [(FIN | PING, b"")]
    for _ in range(4):
        one.transport.unsent -= 2_000
        one.clock.advance(5)
    assert not one.transport.aborted
    one.clock.advance(5)
    assert one.transport.aborted


async def test_a_peer_that_reads_again_lives(end):
    one = end(heartbeat=10)
    one.engine.pause_writing()
    one.clock.advance(10)
    assert one.sent() == [(FIN | PING, b"")]
    one.engine.resume_writing()
    one.clock.advance(5)
    assert not one.transport.aborted
    one.clock.advance(5)
    assert one.sent() == [(FIN | PING, b"")]


async def test_a_listener_whose_peer_stalls_is_not_kept_waiting(end):
    one = end(heartbeat=10)
    listening = await parked(one.engine.listen(Listener(one.engine)))
    one.engine.pause_writing()
    one.clock.advance(10)
    one.engine.resume_writing()
    one.clock.advance(5)
    assert not one.transport.aborted
    one.engine.pause_writing()
    one.clock.advance(10)
    one.clock.advance(5)
    assert one.transport.aborted
    with pytest.raises(TimeoutError):
        await listening


async def test_closing_ends_the_heartbeat(end):
    one = end(heartbeat=10, close_timeout=60)
    closing = await parked(one.engine.close())
    one.clock.advance(30)
    assert one.sent() == [(FIN | CLOSE, OK)]
    one.receive(CLOSE, OK)
    one.transport.receive_eof()
    await closing


# Compression.


async def test_compressed_messages_there_and_back(pair):
    server, client = pair(Compression(client_takeover=False))
    large = "large " * 50_000
    for text in ("", "short", "again and again " * 50, large, "é" * 1000):
        await client.send_str(text)
        assert await server.receive_str() == text
        await server.send_str(text)
        assert await client.receive_str() == text
    client.send_str(large)
    client.send_str("behind it", 0)
    await client.send_str("and behind that", 9)
    assert len(await server.receive_str()) == len(large)
    assert await server.receive_str() == "behind it"
    assert await server.receive_str() == "and behind that"
    client.send_str(large)
    closing = asyncio.ensure_future(client.close())
    assert len(await server.receive_str()) == len(large)
    assert (await server.receive()).type is WSMsgType.CLOSE
    assert await closing


async def never():
    """Fragments that do not come."""
    await asyncio.get_running_loop().create_future()
    yield ""


async def test_a_send_that_waits_is_told_when_the_peer_vanishes(end):
    one = end()
    fragments = await parked(one.engine.send_fragments(never()))
    sending = await parked(one.engine.send_str("behind"))
    one.transport.lose()
    with pytest.raises(ConnectionResetError):
        await sending
    fragments.cancel()


async def test_a_large_message_waits_for_room_like_any(pair):
    server, client = pair(Compression())
    client.pause_writing()
    sending = asyncio.ensure_future(client.send_bytes(bytes(100_000)))
    assert len(await server.receive_bytes()) == 100_000
    assert not sending.done()
    client.resume_writing()
    await sending


async def test_our_close_is_sent_although_the_peer_was_first(end, role, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(Deflater, "deflate", lambda self, message: go_on.wait(10) and None)
    one = end(Terms(role, None, Compression()))
    sending = await parked(one.engine.send_bytes(bytes(100_000)))
    closing = await parked(one.engine.close())
    assert one.sent() == []
    one.receive(CLOSE, OK)
    assert one.sent() == [(FIN | CLOSE, OK)]
    go_on.set()
    one.transport.receive_eof()
    assert await closing
    with pytest.raises(ConnectionResetError):
        await sending


async def test_the_error_is_the_owners(end):
    class MyReset(ConnectionResetError):
        pass

    one = end(lost=MyReset)
    one.engine.pause_writing()
    waiting = await parked(one.engine.send_str("a"))
    one.transport.lose()
    with pytest.raises(MyReset, match="waited to be sent"):
        await waiting
    with pytest.raises(MyReset, match="is closed"):
        await one.engine.send_str("b")


# Fragments.


async def pieces(*fragments):
    for fragment in fragments:
        await asyncio.sleep(0)
        yield fragment


async def test_a_message_in_fragments_of_an_iterator(end):
    one = end()
    sending = asyncio.ensure_future(one.engine.send_fragments(pieces("a", "é", "")))
    await asyncio.sleep(0)
    later = asyncio.ensure_future(one.engine.send_str("later"))
    await asyncio.sleep(0)
    one.engine.ping(b"between")
    await sending
    await later
    await one.engine.send_fragments([b"x", bytearray(b"y")])
    await one.engine.send_fragments([])
    sent = one.sent()
    sent.remove((FIN | PING, b"between"))
    assert sent == [
        (TEXT, b"a"),
        (CONTINUATION, "é".encode()),
        (CONTINUATION, b""),
        (FIN | CONTINUATION, b""),
        (FIN | TEXT, b"later"),
        (BINARY, b"x"),
        (CONTINUATION, b"y"),
        (FIN | CONTINUATION, b""),
        (FIN | BINARY, b""),
    ]


async def test_fragments_compressed_there_and_back(pair):
    server, client = pair(Compression())
    for _ in range(2):
        await client.send_fragments(pieces("abc" * 100, "abc" * 100, "é" * 40_000))
        assert await server.receive_str() == "abc" * 200 + "é" * 40_000
        await client.send_fragments([b"abc" * 100], 0)
        assert await server.receive_bytes() == b"abc" * 100


@pytest.mark.parametrize("fragments", [["a", b"b"], [b"a", "b"], ["a", 1]])
async def test_an_iterator_that_breaks_off_inside_of_a_message(end, fragments):
    one = end()
    with pytest.raises(TypeError, match="fragments"):
        await one.engine.send_fragments(fragments)
    assert one.sent()[-1] == (FIN | CLOSE, b"\x03\xf3a message broke off")
    with pytest.raises(ConnectionResetError):
        await one.engine.send_fragments(["a"])


async def test_what_waits_behind_a_message_that_breaks_off(end):
    one = end()
    waiting = asyncio.Event()

    async def broken():
        yield "begun"
        waiting.set()
        await asyncio.Event().wait()

    sending = asyncio.ensure_future(one.engine.send_fragments(broken()))
    await waiting.wait()
    behind = one.engine.send_str("behind")
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    with pytest.raises(ConnectionResetError):
        await behind
    # RFC 6455 5.4: no other message inside of one.
    assert one.sent() == [(0x01, b"begun"), (0x88, b"\x03\xf3a message broke off")]


@pytest.mark.parametrize("inside", [True, False])
async def test_a_close_comes_in_the_middle_of_a_message(end, inside):
    one = end()
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        yield "begun"
        if inside:
            one.engine.close(code=4001, drain=False)
        waiting.set()
        await go_on.wait()
        yield "too late"

    sending = asyncio.ensure_future(one.engine.send_fragments(slow()))
    behind = None
    await waiting.wait()
    if not inside:
        behind = one.engine.send_str("behind")
        closing = await parked(one.engine.close(code=4001))
    # RFC 6455 5.4: a close may stand between fragments; messages may not.
    assert one.sent() == [(TEXT, b"begun"), (FIN | CLOSE, b"\x0f\xa1")]
    go_on.set()
    with pytest.raises(ConnectionResetError):
        await sending
    if behind is not None:
        with pytest.raises(ConnectionResetError):
            await behind
        one.receive(CLOSE, b"\x0f\xa1")
        one.transport.receive_eof()
        assert await closing
    assert one.sent() == []
    assert one.engine.exception() is None


async def test_fragments_that_wait_for_their_turn_do_not_begin_behind_a_close(
    end, role, monkeypatch
):
    go_on = threading.Event()
    monkeypatch.setattr(Deflater, "deflate", lambda self, message: go_on.wait(10) and None)
    one = end(Terms(role, None, Compression()))
    large = await parked(one.engine.send_bytes(bytes(100_000)))
    sending = await parked(one.engine.send_fragments(pieces("a", "b")))
    closing = await parked(one.engine.close(code=4001))
    with pytest.raises(ConnectionResetError):
        await sending
    go_on.set()
    await large
    assert [opcode for opcode, _ in one.sent()] == [FIN | BINARY, FIN | CLOSE]
    one.receive(CLOSE, b"\x0f\xa1")
    one.transport.receive_eof()
    assert await closing


@pytest.mark.parametrize("empty", [True, False])
async def test_what_waits_behind_fragments_that_have_not_begun_is_sent_before_a_close(end, empty):
    one = end()
    go_on = asyncio.Event()

    async def slow():
        await go_on.wait()
        if not empty:
            yield "too late"

    sending = await parked(one.engine.send_fragments(slow()))
    behind = one.engine.send_str("behind")
    others = await parked(one.engine.send_fragments(pieces("a", "b")))
    assert one.sent() == []
    one.engine.close(code=4001, drain=False)
    assert one.sent() == [(FIN | TEXT, b"behind"), (FIN | CLOSE, b"\x0f\xa1")]
    await behind
    go_on.set()
    for refused in (sending, others):
        with pytest.raises(ConnectionResetError):
            await refused
    assert one.sent() == []


async def test_who_has_lost_the_turn_passes_none_on(end, role, monkeypatch):
    go_on, stopped = threading.Event(), asyncio.Event()
    monkeypatch.setattr(Deflater, "deflate", lambda self, message: go_on.wait(10) and None)
    one = end(Terms(role, None, Compression()))

    async def slow():
        await stopped.wait()
        yield "too late"

    sending = await parked(one.engine.send_fragments(slow()))
    large = await parked(one.engine.send_bytes(bytes(100_000)))
    one.engine.close(code=4001, drain=False)
    # A thread has the turn now, and the close waits behind it.
    stopped.set()
    with pytest.raises(ConnectionResetError):
        await sending
    assert one.sent() == []
    go_on.set()
    await large
    assert [opcode for opcode, _ in one.sent()] == [FIN | BINARY, FIN | CLOSE]


async def test_an_iterator_that_breaks_off_before_a_message(end):
    one = end()
    with pytest.raises(TypeError, match="fragments are str or bytes, not int"):
        await one.engine.send_fragments([1])
    await one.engine.send_str("a")
    assert one.sent() == [(FIN | TEXT, b"a")]


async def test_what_cannot_be_sent_is_named(end):
    one = end()
    for whole, verb in ((b"hello", "send_bytes"), ("hello", "send_str")):
        told = rf"takes an iterable of pieces, not {type(whole).__name__}; {verb}\(\) sends"
        with pytest.raises(TypeError, match=told):
            await one.engine.send_fragments(whole)
    with pytest.raises(TypeError, match=r"send_frame\(\) takes bytes, not str"):
        one.engine.send_frame("abc", WSMsgType.TEXT)
    for verb in (one.engine.ping, one.engine.pong):
        with pytest.raises(TypeError, match="carry str or bytes, not int"):
            verb(5)
    assert one.sent() == []


async def test_what_cannot_be_received_or_closed_with_is_named(end):
    one = end()
    with pytest.raises(TypeError, match="timeout is a number of seconds, not '1'"):
        one.engine.receive("1")
    with pytest.raises(TypeError, match=r"message_received\(payload, kind\), not function"):
        await one.engine.listen(lambda payload, kind: None)

    class Later:
        async def message_received(self, payload, kind):
            raise AssertionError

    with pytest.raises(TypeError, match="is a plain method: nobody could await it"):
        await one.engine.listen(Later())
    with pytest.raises(TypeError, match="a close code is an int such as 1000, not '1000'"):
        one.engine.close(code="1000")
    with pytest.raises(TypeError, match="the reason of a close is str or bytes, not int"):
        one.engine.close(message=5)
    with pytest.raises(TypeError, match="compress is None or an int, not 'x'"):
        one.engine.send_str("a", "x")
    assert one.sent() == []
    one.receive(TEXT, b"a")
    assert await one.engine.receive_str() == "a"


@pytest.mark.parametrize("agreed", [None, Compression()], ids=["plain", "deflate"])
@pytest.mark.parametrize("compress", [-1, 1, 8, 16, 99])
async def test_what_is_no_window(end, role, agreed, compress):
    one = end(Terms(role, None, agreed))
    for send, message in (
        (one.engine.send_str, "a"),
        (one.engine.send_bytes, b"a"),
        (one.engine.send_json, 1),
    ):
        with pytest.raises(ValueError, match="compress is None, 0, or a window of 9 to 15"):
            send(message, compress)
    with pytest.raises(ValueError, match="a window of 9 to 15"):
        one.engine.send_frame(b"a", WSMsgType.TEXT, compress)
    with pytest.raises(ValueError, match="a window of 9 to 15"):
        await one.engine.send_fragments(["a"], compress)
    assert one.sent() == []
    await one.engine.send_str("a", 9)
    await one.engine.send_str("a", 15)
    assert len(one.sent()) == 2


@pytest.mark.parametrize(
    ("option", "error", "told"),
    [
        ({"heartbeat": -1}, ValueError, "heartbeat is not negative"),
        ({"heartbeat": "5"}, TypeError, "heartbeat is a number"),
        ({"close_timeout": -1}, ValueError, "close_timeout is not negative"),
        ({"receive_timeout": float("nan")}, ValueError, "receive_timeout is not negative"),
        ({"max_msg_size": -5}, ValueError, "max_msg_size is not negative"),
        ({"max_msg_size": 1e6}, TypeError, "max_msg_size is a whole number of bytes"),
        ({"max_msg_size": float("inf")}, TypeError, "max_msg_size is a whole number of bytes"),
        ({"max_msg_size": None}, TypeError, "max_msg_size is a whole number of bytes"),
        ({"writer_limit": 0.5}, TypeError, "writer_limit is a whole number of bytes"),
        ({"writer_limit": -1}, ValueError, "writer_limit is not negative"),
        ({"protocols": ("a b",)}, ValueError, "'a b' is no token"),
        ({"protocols": ("",)}, ValueError, "'' is no token"),
        ({"protocols": ("a", "a")}, ValueError, "stands twice"),
        ({"protocols": ("a", 1)}, TypeError, "protocols holds str, not 1"),
        ({"origins": ("https://a.example", None)}, TypeError, "origins holds str, not None"),
    ],
)
def test_what_an_option_cannot_be(option, error, told):
    with pytest.raises(error, match=told):
        WSOptions(**option)


async def test_a_bound_beyond_every_integer_of_the_machine(end):
    one = end(max_msg_size=2**70)
    one.receive(TEXT, b"a")
    assert await one.engine.receive_str() == "a"


class Listener:
    """Echoes, and remembers; "raise" makes it raise `error`."""

    def __init__(self, engine, error=LookupError):
        self.engine = engine
        self.error = error
        self.heard = []

    def message_received(self, payload, kind):
        self.heard.append((kind, bytes(payload)))
        if payload == b"raise":
            raise self.error("by the listener")
        self.engine.send_frame(bytes(payload), kind)


async def test_a_listener_hears_nothing_twice_before_a_broken_frame(end, frame, role):
    one = end()
    key = b"abcd" if role.peer_masks else None
    # More than is read ahead: the broken frame is found while the last messages are consumed.
    sent = [b"%d" % number for number in range(1000)]
    data = b"".join(frame(TEXT, each, key=key) for each in sent)
    one.transport.receive(data + frame(TEXT, b"", rsv=0x40, key=key))
    heard = [(await one.engine.receive_str()).encode() for _ in range(900)]
    listener = Listener(one.engine)
    listening = await parked(one.engine.listen(listener))
    one.transport.receive_eof()
    with pytest.raises(WebSocketError, match="reserved bit"):
        await listening
    assert heard + [payload for _, payload in listener.heard] == sent


async def test_a_listener_hears_everything_until_the_end(end, role):
    one = end()
    listener = Listener(one.engine)
    one.receive(TEXT, b"before")
    one.receive(BINARY, b"too")
    listening = await parked(one.engine.listen(listener))
    one.receive(TEXT, "é".encode())
    one.receive(PING, b"?")
    assert one.sent() == [
        (FIN | TEXT, b"before"),
        (FIN | BINARY, b"too"),
        (FIN | TEXT, "é".encode()),
        (FIN | PONG, b"?"),
    ]
    with pytest.raises(RuntimeError, match="receiving already"):
        await one.engine.receive()
    with pytest.raises(RuntimeError, match="receiving already"):
        await one.engine.listen(listener)
    one.receive(CLOSE, OK)
    assert one.sent() == [(FIN | CLOSE, OK)]
    if not role.ends_connection:
        one.transport.receive_eof()
    await listening
    assert one.engine.close_code == 1000
    assert [kind for kind, _ in listener.heard] == [
        WSMsgType.TEXT,
        WSMsgType.BINARY,
        WSMsgType.TEXT,
    ]


async def test_a_listener_answers_the_close_whatever_autoclose_says(end):
    one = end(autoclose=False)
    listening = await parked(one.engine.listen(Listener(one.engine)))
    one.receive(CLOSE, OK)
    assert one.sent() == [(FIN | CLOSE, OK)]
    one.transport.receive_eof()
    await listening
    assert one.engine.close_code == 1000


async def test_a_listener_hears_nothing_behind_our_close(end):
    one = end()
    listener = Listener(one.engine)
    listening = await parked(one.engine.listen(listener))
    one.engine.close()
    one.receive(TEXT, b"late")
    one.receive(CLOSE, OK)
    one.transport.receive_eof()
    await listening
    assert listener.heard == []


async def test_a_listener_whose_peer_does_not_read_is_not_fed(end):
    one = end()
    listening = await parked(one.engine.listen(Listener(one.engine)))
    one.engine.pause_writing()
    assert not one.transport.reading
    one.engine.resume_writing()
    assert one.transport.reading
    one.transport.lose()
    await listening


async def test_a_listener_that_begins_while_the_peer_does_not_read(end):
    one = end()
    one.receive(TEXT, b"before")
    one.engine.pause_writing()
    listener = Listener(one.engine)
    listening = await parked(one.engine.listen(listener))
    assert not one.transport.reading
    one.engine.resume_writing()
    assert one.transport.reading
    one.receive(TEXT, b"after")
    assert [payload for _, payload in listener.heard] == [b"before", b"after"]
    one.transport.lose()
    await listening


async def test_a_listener_is_stopped_between_two_messages(end, frame):
    one = end()
    heard = []

    class Busy:
        def message_received(self, payload, kind):
            heard.append(bytes(payload))
            if payload == b"2":
                one.transport.pause(100_000)

    listening = await parked(one.engine.listen(Busy()))
    one.transport.receive(b"".join(frame(TEXT, b"%d" % at, key=one.key) for at in range(6)))
    assert heard == [b"0", b"1", b"2"]
    assert not one.transport.reading
    one.transport.resume()
    assert heard == [b"%d" % at for at in range(6)]
    assert one.transport.reading
    one.transport.lose()
    await listening


async def test_what_many_messages_are_answered_goes_out_together(end, frame):
    one = end()
    writes = []
    write = one.transport.write
    one.transport.write = lambda data: writes.append(len(data)) or write(data)
    listening = await parked(one.engine.listen(Listener(one.engine)))
    one.transport.receive(frame(TEXT, b"x" * 20, key=one.key) * 100 + frame(PING, key=one.key))
    assert len(writes) == 1
    one.transport.receive(frame(TEXT, b"x", key=one.key) * 500 + frame(CLOSE, OK, key=one.key))
    assert len(writes) <= 3
    assert one.sent() == (
        [(FIN | TEXT, b"x" * 20)] * 100
        + [(FIN | PONG, b"")]
        + [(FIN | TEXT, b"x")] * 500
        + [(FIN | CLOSE, OK)]
    )
    one.transport.lose()
    await listening


async def test_a_mistake_of_ours_holds_nothing_back(end, frame, role, monkeypatch):
    def inflate(self, piece, room):
        raise MemoryError

    monkeypatch.setattr(Inflater, "inflate", inflate)
    one = end(Terms(role, None, Compression()))
    with pytest.raises(MemoryError):
        one.transport.receive(
            frame(PING, key=one.key) + frame(BINARY, b"x" * 2000, rsv=0x40, key=one.key)
        )
    assert one.sent() == [(FIN | PONG, b"")]
    await one.engine.send_str("as ever", 0)
    assert one.sent() == [(FIN | TEXT, b"as ever")]


async def test_a_listener_whose_answers_are_being_deflated_is_not_fed(
    end, frame, role, monkeypatch
):
    go_on = threading.Event()
    monkeypatch.setattr(Deflater, "deflate", lambda self, message: go_on.wait(10) and None)
    one = end(Terms(role, None, Compression(15, 15, False, False)))
    listener = Listener(one.engine)
    listening = await parked(one.engine.listen(listener))
    large = deflated(b"large " * 20_000, 15)
    one.transport.receive(
        frame(BINARY, large, rsv=0x40, key=one.key) * 2 + frame(TEXT, b"x", key=one.key)
    )
    await turn()
    assert len(listener.heard) == 1
    assert not one.transport.reading
    go_on.set()
    while len(listener.heard) < 3:
        await asyncio.sleep(0.001)
    assert one.transport.reading
    one.transport.lose()
    await listening


async def test_a_listener_is_fed_again_behind_fragments(end, frame, role):
    one = end(Terms(role, None, Compression(15, 15, False, False)))
    heard, go_on = [], asyncio.Event()
    listener = SimpleNamespace(message_received=lambda payload, kind: heard.append(len(payload)))

    async def pieces():
        yield "a"
        await go_on.wait()

    listening = await parked(one.engine.listen(listener))
    sending = await parked(one.engine.send_fragments(pieces()))
    large = frame(BINARY, deflated(bytes(1_000_000), 15), rsv=0x40, key=one.key)
    one.transport.receive(large * 3)
    await turn()
    assert len(heard) == 1
    go_on.set()
    await sending
    await turn()
    assert len(heard) == 3
    assert one.transport.reading
    one.transport.lose()
    await listening


async def test_what_inflates_to_much_does_not_keep_the_loop(end, frame, role):
    one = end(Terms(role, None, Compression(15, 15, False, False)))
    heard = []
    listener = SimpleNamespace(message_received=lambda payload, kind: heard.append(len(payload)))
    listening = await parked(one.engine.listen(listener))
    large = frame(BINARY, deflated(bytes(1_000_000), 15), rsv=0x40, key=one.key)
    one.transport.receive(large * 3)
    assert len(heard) == 1
    # What came meanwhile would only pile up.
    assert not one.transport.reading
    await turn()
    assert heard == [1_000_000] * 3
    one.engine.close()
    one.transport.receive(large * 3 + frame(CLOSE, OK, key=one.key))
    assert one.engine.close_code is None
    await turn()
    assert one.engine.close_code == 1000
    one.transport.lose()
    await listening
    assert len(heard) == 3


@pytest.mark.parametrize("gone", [False, True])
async def test_a_consumer_of_what_inflates_to_much_does_not_keep_the_loop(end, frame, role, gone):
    one = end(Terms(role, None, Compression(15, 15, False, False)))
    large = frame(BINARY, deflated(bytes(1_000_000), 15), rsv=0x40, key=one.key)
    one.transport.receive(large * 5 + frame(CLOSE, OK, key=one.key))
    if gone:
        one.transport.lose()
    turns = []

    async def others():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    task = asyncio.ensure_future(others())
    seen = []
    async for message in one.engine:
        assert len(message.data) == 1_000_000
        seen.append(len(turns))
    task.cancel()
    # A turn for the others before each.
    assert len(set(seen)) == 5
    assert one.engine.close_code == 1000


async def test_what_is_consumed_makes_room_although_nobody_asks_for_more(end, frame, role):
    one = end(Terms(role, None, Compression(15, 15, False, False)))
    large = frame(BINARY, deflated(bytes(1_000_000), 15), rsv=0x40, key=one.key)
    one.transport.receive(large + frame(PING, key=one.key))
    await one.engine.receive()
    await turn()
    assert one.transport.reading
    assert one.sent() == [(FIN | PONG, b"")]


async def test_nothing_inflated_is_lost_at_the_end(end, frame, role):
    one = end(Terms(role, None, Compression(15, 15, False, False)))
    heard = []
    listener = SimpleNamespace(message_received=lambda payload, kind: heard.append(len(payload)))
    listening = await parked(one.engine.listen(listener))
    large = frame(BINARY, deflated(bytes(100_000), 15), rsv=0x40, key=one.key)
    one.transport.receive(large * 3 + frame(CLOSE, OK, key=one.key))
    one.transport.receive_eof()
    await listening
    assert heard == [100_000] * 3
    assert one.engine.close_code == 1000


async def test_a_listener_whose_peer_breaks_the_protocol(end):
    one = end()
    listening = await parked(one.engine.listen(Listener(one.engine)))
    one.receive(TEXT, b"\xff")
    one.transport.receive_eof()
    with pytest.raises(WebSocketError, match="not UTF-8"):
        await listening


@pytest.mark.parametrize("error", [LookupError, asyncio.CancelledError])
@pytest.mark.parametrize("early", [True, False])
async def test_a_listener_that_raises(end, early, error):
    one = end()
    if early:
        one.receive(TEXT, b"raise")
    listening = await parked(one.engine.listen(Listener(one.engine, error)))
    if not early:
        one.receive(TEXT, b"raise")
    assert one.sent() == [(FIN | CLOSE, b"\x03\xf3")]
    one.transport.receive_eof()
    seen = RuntimeError if error is asyncio.CancelledError else error
    with pytest.raises(seen, match="by the listener"):
        await listening
    assert one.engine.close_code == 1011


async def test_a_listener_hears_pings_that_nobody_else_answers(end):
    one = end(autoping=False)
    one.receive(PING, b"before")
    heard = []
    listener = SimpleNamespace(
        message_received=lambda payload, kind: heard.append((kind, bytes(payload)))
    )
    listening = await parked(one.engine.listen(listener))
    for _ in range(1000):
        one.receive(PING, b"flood")
    one.receive(PONG)
    assert heard == [
        (WSMsgType.PING, b"before"),
        *[(WSMsgType.PING, b"flood")] * 1000,
        (WSMsgType.PONG, b""),
    ]
    # Nothing is kept.
    assert not one.engine._queue
    assert one.sent() == []
    one.transport.lose()
    await listening


@pytest.mark.parametrize("decode_text", [True, False])
async def test_a_cancelled_listener_gives_way(end, decode_text):
    one = end(decode_text=decode_text)
    listener = Listener(one.engine)
    listening = await parked(one.engine.listen(listener))
    one.receive(TEXT, b"heard")
    one.receive(TEXT, b"in two", fin=False)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    one.receive(CONTINUATION, b" pieces")
    one.receive(TEXT, b"received")
    texts = ["in two pieces", "received"]
    expected = texts if decode_text else [text.encode() for text in texts]
    assert [(await one.engine.receive()).data for _ in texts] == expected
    one.engine.pause_writing()
    assert one.transport.reading
    one.engine.resume_writing()
    again = await parked(one.engine.listen(listener))
    one.receive(TEXT, b"again")
    assert [payload for _, payload in listener.heard] == [b"heard", b"again"]
    one.transport.lose()
    await again


async def test_listening_to_what_is_gone(end):
    one = end()
    one.receive(TEXT, b"last")
    one.transport.lose()
    listener = Listener(one.engine)
    await one.engine.listen(listener)
    assert listener.heard == [(WSMsgType.TEXT, b"last")]


async def test_a_listener_that_closes_at_what_waited_hears_nothing_more(end):
    one = end()
    heard = []

    class Once:
        def message_received(self, payload, kind):
            heard.append(bytes(payload))
            one.engine.close(code=4000, drain=False)

    one.receive(TEXT, b"waited")
    one.receive(TEXT, b"waited, too")
    listening = asyncio.ensure_future(one.engine.listen(Once()))
    await turn()
    for _ in range(10):
        one.receive(TEXT, b"later")
    one.receive(CLOSE, b"\x0f\xa0")
    one.transport.lose()
    await listening
    assert heard == [b"waited"]


# The rest.


async def test_a_loop_that_does_not_look_ends_some_time_on_the_server(end, role):
    one = end()
    one.transport.lose()
    for _ in range(5):
        assert (await one.engine.receive()).type is WSMsgType.CLOSED
    if role is CLIENT:
        # As aiohttp has it.
        for _ in range(20):
            assert (await one.engine.receive()).type is WSMsgType.CLOSED
    else:
        with pytest.raises(RuntimeError, match="use 'async for'"):
            await one.engine.receive()


async def test_a_loop_that_does_not_look_lets_others_go_on(end):
    one = end()
    one.transport.lose()
    others = []
    asyncio.get_running_loop().call_soon(others.append, True)
    for _ in range(3):
        assert (await one.engine.receive()).type is WSMsgType.CLOSED
    assert others


async def test_iteration_ends_however_often_it_is_begun(end):
    one = end()
    one.receive(TEXT, b"last")
    one.transport.lose()
    assert [message.data async for message in one.engine] == ["last"]
    for _ in range(10):
        assert [message async for message in one.engine] == []


async def test_a_close_that_does_not_wait(end):
    one = end()
    assert await one.engine.close(drain=False) is True
    assert one.sent() == [(FIN | CLOSE, OK)]
    assert await one.engine.close(drain=False) is False


async def test_nothing_is_read_behind_a_close_in_the_same_bytes(end, frame):
    one = end()
    one.transport.receive(frame(CLOSE, OK, key=one.key) + frame(7, b"x", key=one.key) * 3)
    assert one.transport.reading
    assert [message async for message in one.engine] == []
    assert one.engine.exception() is None
    assert one.sent() == [(FIN | CLOSE, OK)]


async def test_what_is_known_of_the_connection(end):
    one = end()
    assert one.engine.get_extra_info("peername") == ("127.0.0.1", 5000)
    assert one.engine.protocol is None
    one.transport.lose()
    assert one.engine.get_extra_info("peername", "gone") == "gone"


async def test_options_are_the_default(pair):
    server, client = pair(server=WSOptions(max_msg_size=10))
    await client.send_str("x" * 11)
    assert (await server.receive()).type is WSMsgType.ERROR
    message = await client.receive()
    assert (message.type, message.data) == (WSMsgType.CLOSE, 1009)
    assert message.extra == "the message is too large"


async def test_a_time_that_receiving_cannot_have(end):
    one = end()
    for timeout in (-1, -0.5, float("nan")):
        with pytest.raises(ValueError, match="timeout is not negative, as"):
            one.engine.receive(timeout)
    with pytest.raises(ValueError, match="timeout is not negative, as -1 is"):
        await one.engine.receive_str(timeout=-1)
    one.receive(TEXT, b"a")
    assert await one.engine.receive_str(timeout=0) == "a"


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="it counts no references")
@pytest.mark.parametrize("heartbeat", [None, 30.0])
@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize("agreed", [None, Compression()], ids=["plain", "deflate"])
async def test_nothing_is_left_of_a_connection_that_is_gone(
    end, role, garbage, heartbeat, closes, agreed
):
    async def consume(engine):
        async for message in engine:
            await engine.send_bytes(message.data)

    class Echo:
        def __init__(self, engine):
            self.engine = engine

        def message_received(self, payload, kind):
            self.engine.send_bytes(payload)

    async def live(listens):
        one = end(Terms(role, None, agreed), heartbeat=heartbeat)
        receives = one.engine.listen(Echo(one.engine)) if listens else consume(one.engine)
        task = await parked(receives)
        one.receive(BINARY, b"a")
        await turn()
        assert len(one.sent()) == 1
        if closes:
            one.receive(CLOSE, OK)
            await turn()
        one.transport.lose()
        await task

    await live(False)
    await live(True)
    await turn()
    assert not garbage()
