"""Messages on their way out: compression, turns, what happens when it is too late."""

import asyncio
import threading

import pytest
from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.testkit import ManualClock
from aiolos_websocket.deflate import TAIL, Deflater, Inflater
from aiolos_websocket.frames import BINARY, CLOSE, CONTINUATION, PING, TEXT
from aiolos_websocket.outbox import IDLE, OFF_LOOP, Outbox
from aiolos_websocket.windows import Windows

BIG = b"large " * (OFF_LOOP // 4)


class Way:
    """An outbox, and what was written."""

    def __init__(self, deflater=None):
        self.frames = []
        self.clock = ManualClock()
        self.deflater = deflater
        self.inflater = Inflater(15, True)
        loop = asyncio.get_running_loop()
        self.windows = Windows()
        self.outbox = Outbox(
            loop, self.clock, self.frames.append, self, ConnectionLost, deflater, self.windows
        )

    def frame(self, opcode, payload, fin=True, compressed=False):
        return opcode, payload, fin, compressed

    def messages(self):
        """What was written, inflated and joined: (opcode, payload)."""
        found, opcode, data, deflated = [], 0, b"", False
        for first, payload, fin, compressed in self.frames:
            if first != CONTINUATION:
                opcode, data, deflated = first, b"", compressed
            data += payload
            if fin:
                if deflated:
                    data = self.inflater.inflate(data + TAIL, 1 << 30)
                found.append((opcode, data))
        self.frames.clear()
        return found


@pytest.fixture
def deflating():
    """Whether the outbox deflates."""
    return Deflater(15, True)


async def test_without_compression_all_is_written_at_once():
    way = Way()
    assert way.outbox.send(TEXT, BIG) is None
    assert way.outbox.send(BINARY, b"", 15) is None
    assert way.frames == [(TEXT, BIG, True, False), (BINARY, b"", True, False)]


async def test_messages_are_deflated_and_control_frames_are_not(deflating):
    way = Way(deflating)
    way.outbox.send(TEXT, b"abc" * 30)
    way.outbox.send(PING, b"abc")
    way.outbox.send(TEXT, b"abc" * 30, 0)
    assert [compressed for _, _, _, compressed in way.frames] == [True, False, False]
    assert way.messages() == [(TEXT, b"abc" * 30), (PING, b"abc"), (TEXT, b"abc" * 30)]


async def test_a_window_for_one_message(deflating):
    way = Way(deflating)
    for compress in (None, 9, None, 15, None):
        way.outbox.send(TEXT, b"abc" * 300, compress)
    assert way.messages() == [(TEXT, b"abc" * 300)] * 5


async def test_large_messages_are_deflated_in_a_thread_and_in_order(deflating, monkeypatch):
    way, threads = Way(deflating), []

    def deflate(self, message):
        threads.append(threading.current_thread())
        return Deflater.fragment(self, message, True)

    monkeypatch.setattr(Deflater, "deflate", deflate)
    assert way.outbox.send(TEXT, b"1") is None
    second = way.outbox.send(TEXT, BIG)
    assert way.outbox.busy
    third = way.outbox.send(BINARY, b"3")
    fourth = way.outbox.send(BINARY, BIG)
    fifth = way.outbox.send(BINARY, b"5")
    assert not second.done()
    assert not third.done()
    await asyncio.gather(second, third, fourth, fifth)
    assert not way.outbox.busy
    assert way.outbox.send(BINARY, b"6") is None
    assert [payload for _, payload in way.messages()] == [b"1", BIG, b"3", BIG, b"5", b"6"]
    main = threading.main_thread()
    assert [thread is main for thread in threads] == [True, False, True, False, True, True]


async def test_exactly_as_much_as_is_done_at_once(deflating):
    way = Way(deflating)
    assert way.outbox.send(TEXT, b"x" * OFF_LOOP) is None
    await way.outbox.send(TEXT, b"x" * (OFF_LOOP + 1))


@pytest.mark.parametrize("compressed", [True, False])
async def test_fragments_have_the_turn(deflating, compressed):
    way = Way(deflating if compressed else None)
    await way.outbox.take_turn()
    waiting = way.outbox.send(TEXT, b"behind")
    await way.outbox.send_fragment(BINARY, b"a" * 100, False, None)
    await way.outbox.send_fragment(CONTINUATION, BIG, False, None)
    await way.outbox.send_fragment(CONTINUATION, b"", True, None)
    assert not waiting.done()
    assert [compressed for _, _, _, compressed in way.frames] == [compressed, False, False]
    way.outbox.pass_on()
    assert waiting.done()
    assert way.messages() == [(BINARY, b"a" * 100 + BIG), (TEXT, b"behind")]


@pytest.mark.parametrize("over", ["never", "before", "behind"])
async def test_a_fragment_that_is_cancelled_while_it_is_deflated(deflating, monkeypatch, over):
    begun, go_on = asyncio.Event(), threading.Event()
    loop, fragment = asyncio.get_running_loop(), Deflater.fragment

    def slowly(self, piece, fin):
        if len(piece) > OFF_LOOP:
            loop.call_soon_threadsafe(begun.set)
            go_on.wait()
        return fragment(self, piece, fin)

    monkeypatch.setattr(Deflater, "fragment", slowly)
    way = Way(deflating)
    way.outbox.send(TEXT, b"first " * 100)
    await way.outbox.take_turn()
    sending = asyncio.ensure_future(way.outbox.send_fragment(BINARY, BIG, False, None))
    await begun.wait()
    if over == "before":
        way.outbox.break_off()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    way.outbox.pass_on()
    # The thread has the compressor: what comes now waits for it.
    behind = way.outbox.send(TEXT, BIG[:999])
    assert behind is not None
    if over == "behind":
        way.outbox.abandon()
    go_on.set()
    if over != "never":
        with pytest.raises(ConnectionLost):
            await behind
        assert way.messages() == [(TEXT, b"first " * 100)]
    else:
        await behind
        # It does not refer to what was never sent.
        assert way.messages() == [(TEXT, b"first " * 100), (TEXT, BIG[:999])]
        assert not way.outbox.busy


async def test_turns_come_in_order_and_who_gives_up_has_none():
    way, order = Way(), []

    async def fragments(number):
        await way.outbox.take_turn()
        order.append(number)
        await asyncio.sleep(0)
        way.outbox.pass_on()

    tasks = [asyncio.ensure_future(fragments(number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2, 3]
    assert not way.outbox.busy


async def test_who_is_cancelled_while_the_turn_comes_passes_it_on():
    way = Way()
    await way.outbox.take_turn()
    waiting = asyncio.ensure_future(way.outbox.take_turn())
    await asyncio.sleep(0)
    way.outbox.pass_on()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not way.outbox.busy


async def test_what_is_too_late(deflating, monkeypatch):
    go_on = threading.Event()

    def deflate(self, message):
        go_on.wait()
        return b"deflated"

    monkeypatch.setattr(Deflater, "deflate", deflate)
    way = Way(deflating)
    deflated = way.outbox.send(TEXT, BIG)
    queued = way.outbox.send(TEXT, b"queued")
    turn = asyncio.ensure_future(way.outbox.take_turn())
    await asyncio.sleep(0)
    assert way.outbox.abandon() is None
    later = way.outbox.send(TEXT, b"later")
    go_on.set()
    for waiting in (deflated, queued, turn, later):
        with pytest.raises(ConnectionLost, match="before the message was sent"):
            await waiting
    with pytest.raises(ConnectionLost):
        await way.outbox.send_fragment(TEXT, b"", True, None)
    assert way.frames == []
    assert way.clock.watched == 0


async def test_a_close_that_waits_is_given_back():
    way = Way()
    await way.outbox.take_turn()
    way.outbox.send(TEXT, b"x")
    way.outbox.send(CLOSE, b"\x03\xe8")
    assert way.outbox.abandon() == b"\x03\xe8"


async def test_a_window_that_is_not_used_is_given_back(deflating):
    way = Way(deflating)
    way.outbox.send(TEXT, b"abc" * 100)
    assert deflating.holds_window
    way.clock.advance(IDLE - 1)
    way.outbox.send(TEXT, b"abc" * 100)
    way.clock.advance(1)
    assert deflating.holds_window
    way.clock.advance(IDLE)
    assert not deflating.holds_window
    assert way.windows.size == 0
    assert way.clock.watched == 0
    way.outbox.send(TEXT, b"abc" * 100)
    assert way.clock.watched == 1
    assert way.messages() == [(TEXT, b"abc" * 100)] * 3


@pytest.mark.parametrize("size", [300, OFF_LOOP])
async def test_a_message_with_a_window_of_its_own_gives_the_other_back(deflating, size):
    way = Way(deflating)
    way.outbox.send(TEXT, b"abc" * 100)
    assert way.windows.size
    await (way.outbox.send(TEXT, b"abc" * size, 9) or asyncio.sleep(0))
    assert not deflating.holds_window
    assert way.windows.size == 0


async def test_a_window_that_is_in_use_is_kept(deflating):
    way = Way(deflating)
    await way.outbox.take_turn()
    await way.outbox.send_fragment(TEXT, b"abc" * 100, False, None)
    way.clock.advance(IDLE)
    way.clock.advance(IDLE)
    way.clock.advance(IDLE)
    assert deflating.holds_window
    await way.outbox.send_fragment(CONTINUATION, b"abc" * 100, True, None)
    assert way.messages() == [(TEXT, b"abc" * 200)]


async def test_without_takeover_nothing_is_held():
    way = Way(Deflater(15, False))
    way.outbox.send(TEXT, b"abc" * 100)
    assert way.clock.watched == 0
    assert way.messages() == [(TEXT, b"abc" * 100)]


async def test_a_window_may_be_taken_away_at_any_time(deflating):
    way = Way(deflating)
    await way.outbox.take_turn()
    for last in (False, False, True):
        await way.outbox.send_fragment(CONTINUATION if way.frames else TEXT, b"abc" * 9, last, None)
        assert way.windows.size
        way.windows.release(deflating)
    assert way.messages() == [(TEXT, b"abc" * 27)]


async def test_the_window_is_given_back_at_the_end(deflating):
    way = Way(deflating)
    way.outbox.send(TEXT, b"abc" * 100)
    way.outbox.abandon()
    assert not deflating.holds_window
    assert way.windows.size == 0
    assert way.clock.watched == 0
