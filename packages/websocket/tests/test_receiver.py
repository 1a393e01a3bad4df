"""Receiving: whole messages and fragments, in every order, given up and not."""

import asyncio
import zlib

import pytest
from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.websocket import WebSocketError, WSMsgType
from aiolos_websocket.deflate import TAIL, deflated
from aiolos_websocket.extensions import Compression
from aiolos_websocket.frames import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT
from aiolos_websocket.handshake import Terms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


async def heard(fragments):
    return [fragment async for fragment in fragments]


async def test_fragments_as_they_come(end):
    one = end(max_msg_size=4)
    one.receive(TEXT, b"ab", fin=False)
    fragments = one.engine.receive_fragments()
    assert await anext(fragments) == "ab"
    waiting = await parked(anext(fragments))
    one.receive(CONTINUATION, "é".encode()[:1], fin=False)
    one.receive(PING)
    one.receive(CONTINUATION, "é".encode()[1:] + b"cdefghijk", fin=False)
    assert await waiting == "é" + "cdefghijk"
    one.receive(CONTINUATION, b"")
    assert await heard(fragments) == []
    one.receive(BINARY, b"next")
    assert await one.engine.receive_bytes() == b"next"


async def test_receiving_fragments_has_its_time(end):
    one = end(receive_timeout=0.001)
    for _ in range(2):
        with pytest.raises(TimeoutError, match=r"within 0\.001 s"):
            await heard(one.engine.receive_fragments())
    # Nothing is lost: it was not the time of a message.
    one.receive(TEXT, b"a", fin=False)
    one.receive(CONTINUATION, b"b")
    assert await one.engine.receive_str() == "ab"
    one.receive(TEXT, b"ab", fin=False)
    fragments = one.engine.receive_fragments()
    assert await anext(fragments) == "ab"
    with pytest.raises(TimeoutError, match=r"within 0\.001 s"):
        await anext(fragments)


async def test_pings_that_wait_do_not_bound_fragments(end):
    one = end(max_msg_size=4, autoping=False)
    one.receive(PING)
    one.receive(TEXT, b"ab", fin=False)
    one.receive(PONG)
    fragments = one.engine.receive_fragments()
    assert await anext(fragments) == "ab"
    one.receive(CONTINUATION, b"cdefghijk")
    assert await heard(fragments) == ["cdefghijk"]
    one.receive(PING)
    one.receive(TEXT, b"whole")
    assert (await one.engine.receive()).type is WSMsgType.PING
    assert (await one.engine.receive()).type is WSMsgType.ERROR


BIG = b"x" * 100


async def test_messages_that_do_not_fit_and_come_before_they_are_asked_for(end):
    one = end(max_msg_size=4)
    for _ in range(3):
        one.receive(BINARY, BIG, fin=False)
        one.receive(CONTINUATION, BIG)
    one.receive(TEXT, b"fits")
    for _ in range(3):
        await turn()
        assert not one.transport.reading
        assert b"".join(await heard(one.engine.receive_fragments())) == 2 * BIG
    assert await one.engine.receive_str() == "fits"
    assert one.transport.reading
    assert one.sent() == []


async def test_a_message_that_does_not_fit_waits_behind_those_that_do(end):
    one = end(max_msg_size=4)
    one.receive(TEXT, b"a")
    one.receive(TEXT, b"b")
    one.receive(BINARY, BIG)
    assert await one.engine.receive_str() == "a"
    assert await one.engine.receive_str() == "b"
    await turn()
    assert not one.transport.reading
    assert await heard(one.engine.receive_fragments()) == [BIG]


@pytest.mark.parametrize("iterated", [False, True])
async def test_a_message_that_does_not_fit_and_is_asked_for_whole(end, iterated):
    for before in (True, False):
        one = end(max_msg_size=4)
        if before:
            one.receive(BINARY, BIG)
        ask = anext(one.engine) if iterated else one.engine.receive()
        asked = asyncio.ensure_future(ask)
        await turn()
        if not before:
            one.receive(BINARY, BIG)
        message = await asked
        assert message.type is WSMsgType.ERROR
        assert "max_msg_size=4" in str(message.data)
        assert one.engine.close_code == 1009


async def test_who_gave_up_on_fragments_may_ask_for_the_message_whole(end):
    one = end(max_msg_size=4)
    waiting = await parked(heard(one.engine.receive_fragments()))
    waiting.cancel()
    await turn()
    one.receive(BINARY, BIG)
    one.receive(TEXT, b"behind")
    message = await one.engine.receive()
    assert message.type is WSMsgType.ERROR
    assert "max_msg_size=4" in str(message.data)
    assert one.engine.close_code == 1009
    one.transport.lose()
    assert (await one.engine.receive()).type is WSMsgType.CLOSED


async def test_a_compressed_message_that_does_not_fit(end, role):
    one = end(Terms(role, None, Compression()), max_msg_size=4000)
    data = deflated(b"x" * 6000, 15)
    one.receive(BINARY, data, rsv=0x40)
    one.receive(TEXT, b"fits")
    await turn()
    assert not one.transport.reading
    assert b"".join(await heard(one.engine.receive_fragments())) == b"x" * 6000
    assert await one.engine.receive_str() == "fits"
    one.receive(BINARY, data, rsv=0x40)
    assert (await one.engine.receive()).type is WSMsgType.ERROR


async def test_closing_before_a_message_that_nobody_asked_for(end):
    one = end(max_msg_size=4)
    one.receive(BINARY, BIG)
    closing = asyncio.ensure_future(one.engine.close())
    await turn()
    assert one.sent() == [(FIN | CLOSE, OK)]
    one.receive(CLOSE, OK)
    await turn()
    one.transport.lose()
    assert await closing


async def test_the_heart_does_not_beat_while_a_message_waits_to_be_asked_for(end):
    one = end(max_msg_size=4, heartbeat=10)
    one.receive(BINARY, BIG)
    one.clock.advance(100)
    assert one.sent() == []
    assert await heard(one.engine.receive_fragments()) == [BIG]
    one.clock.advance(11)
    assert one.sent() == [(FIN | PING, b"")]


async def test_a_whole_message_is_one_fragment(end):
    one = end()
    one.receive(TEXT, b"ab")
    assert await heard(one.engine.receive_fragments()) == ["ab"]
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.receive(BINARY, b"cd")
    assert await waiting == [b"cd"]


async def test_the_rest_of_the_fragments_may_be_given_up(end):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    async for _ in one.engine.receive_fragments():
        break
    one.receive(CONTINUATION, b"b", fin=False)
    waiting = await parked(one.engine.receive())
    one.receive(CONTINUATION, b"c")
    one.receive(TEXT, b"next")
    assert (await waiting).data == "next"
    one.receive(TEXT, b"a", fin=False)
    async for _ in one.engine.receive_fragments():
        break
    one.receive(CONTINUATION, b"b")
    one.receive(TEXT, b"next")
    assert await heard(one.engine.receive_fragments()) == ["next"]


@pytest.mark.parametrize("early", [0, 1, 2, 3])
async def test_the_rest_that_was_given_up_is_not_the_next_message(end, frame, role, early):
    # Whatever of it has come when the next one is asked for.
    one = end()
    key = b"abcd" if role.peer_masks else None
    rest = [
        frame(CONTINUATION, b"b", fin=False, key=key),
        frame(CONTINUATION, b"\xc3", fin=False, key=key),
        frame(CONTINUATION, b"\xa9", key=key),
    ]
    one.receive(TEXT, b"a", fin=False)
    async for _ in one.engine.receive_fragments():
        break
    one.transport.receive(b"".join(rest[:early]))
    waiting = asyncio.ensure_future(heard(one.engine.receive_fragments()))
    await turn()
    one.transport.receive(b"".join(rest[early:]))
    one.receive(TEXT, b"n", fin=False)
    one.receive(CONTINUATION, b"ext")
    assert await waiting == ["n", "ext"]


async def test_who_gives_up_the_next_message_before_the_last_one_has_ended_gets_it(end):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    async for _ in one.engine.receive_fragments():
        break
    waiting = await parked(heard(one.engine.receive_fragments()))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    one.receive(CONTINUATION, b"b")
    one.receive(TEXT, b"next")
    assert await one.engine.receive_str() == "next"


@pytest.mark.parametrize("how", ["fragments", "whole", "iterate"])
@pytest.mark.parametrize("text", [True, False])
async def test_who_gives_up_as_the_message_comes_gets_it_next(end, how, text):
    # The fragments are there, and nobody has seen them, for the turn has not come.
    one = end()
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.receive(TEXT if text else BINARY, b"first", fin=False)
    one.receive(CONTINUATION, b"rest")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    one.receive(TEXT, b"second")
    whole = "firstrest" if text else b"firstrest"
    if how == "fragments":
        pieces = await heard(one.engine.receive_fragments())
        assert whole[:0].join(pieces) == whole
    elif how == "whole":
        assert (await one.engine.receive()).data == whole
    else:
        assert (await anext(aiter(one.engine))).data == whole
    assert await one.engine.receive_str() == "second"


async def test_a_text_as_bytes_that_was_given_up_as_it_came(end):
    one = end(decode_text=False)
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.receive(TEXT, b"\xc3", fin=False)
    one.receive(CONTINUATION, b"\xa9")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    message = await one.engine.receive()
    assert (message.type, message.data) == (WSMsgType.TEXT, b"\xc3\xa9")


@pytest.mark.parametrize("how", ["receive", "iterate", "fragments"])
@pytest.mark.parametrize("begun", [True, False])
async def test_who_is_refused_takes_nothing_away(end, how, begun):
    one = end()
    if begun:
        one.receive(TEXT, b"a", fin=False)
    waiting = await parked(heard(one.engine.receive_fragments()))
    ways = {
        "receive": lambda: one.engine.receive(),
        "iterate": lambda: anext(aiter(one.engine)),
        "fragments": lambda: anext(one.engine.receive_fragments()),
    }
    with pytest.raises(RuntimeError, match="another task is receiving"):
        await ways[how]()
    if not begun:
        one.receive(TEXT, b"a", fin=False)
    one.receive(CONTINUATION, b"b")
    one.receive(TEXT, b"next")
    assert await waiting == ["a", "b"]
    assert await one.engine.receive_str() == "next"


async def test_what_counts_is_when_receive_is_awaited(end):
    one = end()
    receiving, dropped = one.engine.receive(), one.engine.receive()
    one.receive(TEXT, b"a", fin=False)
    fragments = one.engine.receive_fragments()
    assert await anext(fragments) == "a"
    one.receive(CONTINUATION, b"b", fin=False)
    dropped.close()
    assert await anext(fragments) == "b"
    one.receive(CONTINUATION, b"c")
    one.receive(TEXT, b"next")
    assert (await receiving).data == "next"


@pytest.mark.parametrize("whole", [True, False])
async def test_an_iterator_whose_message_was_given_up_says_so(end, whole):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    given_up = one.engine.receive_fragments()
    assert await anext(given_up) == "a"
    one.receive(CONTINUATION, b"b")
    if whole:
        one.receive(TEXT, b"next")
        assert await one.engine.receive_str() == "next"
    else:
        waiting = await parked(anext(one.engine.receive_fragments()))
        one.receive(TEXT, b"next", fin=False)
        assert await waiting == "next"
    one.receive(TEXT, b"not his")
    with pytest.raises(RuntimeError, match="given up"):
        await anext(given_up)
    if whole:
        assert await one.engine.receive_str() == "not his"


async def test_what_is_too_large_to_be_whole_is_refused_whole(end):
    one = end(max_msg_size=8)
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.receive(BINARY, b"first", fin=False)
    one.receive(CONTINUATION, b"rest")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    message = await one.engine.receive()
    assert message.type is WSMsgType.ERROR
    assert one.engine.close_code == 1009
    one.transport.receive_eof()
    assert (await one.engine.receive()).type is WSMsgType.CLOSED


WAYS = {
    "fragments": lambda engine: joined(engine.receive_fragments()),
    "receive": lambda engine: data_of(engine.receive()),
    "iterate": lambda engine: data_of(anext(aiter(engine))),
    "listen": lambda engine: heard_first(engine),
}


async def joined(fragments):
    pieces = await heard(fragments)
    return pieces[0][:0].join(pieces)


async def data_of(receiving):
    return (await receiving).data


async def heard_first(engine):
    """What a listener, who has the octets of text, hears first."""
    first = asyncio.get_running_loop().create_future()

    class Listener:
        def message_received(self, payload, kind):
            if not first.done():
                first.set_result(
                    str(payload, "utf-8") if kind is WSMsgType.TEXT else bytes(payload)
                )

    listening = asyncio.ensure_future(engine.listen(Listener()))
    try:
        return await first
    finally:
        listening.cancel()


async def given_up(one, *frames):
    """Somebody gives up to receive fragments in the very turn in which `frames` come."""
    waiting = await parked(heard(one.engine.receive_fragments()))
    for data in frames:
        one.transport.receive(data)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("compressed", [False, True])
async def test_who_gives_up_before_all_of_the_message_is_here(
    end, frame, role, how, opcode, compressed
):
    # At every byte: in a header, between two frames, inside of a character.
    key = b"abcd" if role.peer_masks else None
    whole = "premi\xe8re, deuxi\xe8me"
    data = whole.encode()
    if compressed:
        data = deflated(5 * data, 15)
        whole *= 5
    frames = (
        frame(opcode, data[:15], fin=False, key=key, rsv=0x40 if compressed else 0),
        frame(CONTINUATION, data[15:], key=key),
    )
    for cut in range(len(b"".join(frames)) + 1):
        one = end(Terms(role, None, Compression()), max_msg_size=len(whole.encode()))
        await given_up(one, b"".join(frames)[:cut])
        receiving = asyncio.ensure_future(WAYS[how](one.engine))
        await turn()
        one.transport.receive(b"".join(frames)[cut:])
        one.receive(TEXT, b"next")
        assert await receiving == (whole if opcode == TEXT else whole.encode())
        if how != "listen":
            assert await one.engine.receive_str() == "next"


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("largest", [15, 16])
async def test_what_is_begun_counts_when_it_is_to_be_whole(end, frame, role, opcode, largest):
    key = b"abcd" if role.peer_masks else None
    frames = frame(opcode, b"x" * 6, fin=False, key=key) + frame(CONTINUATION, b"x" * 10, key=key)
    for cut in range(len(frames) + 1):
        one = end(max_msg_size=largest)
        await given_up(one, frames[:cut])
        receiving = asyncio.ensure_future(one.engine.receive())
        await turn()
        one.transport.receive(frames[cut:])
        fits = (await receiving).type is not WSMsgType.ERROR
        assert fits is (largest == 16)
        assert one.engine.close_code == (None if fits else 1009)


async def test_what_is_announced_alone_is_no_message_yet(end, frame, role):
    # Larger than everything: who asks for fragments may have it, though somebody gave up before.
    key = b"abcd" if role.peer_masks else None
    message = frame(BINARY, BIG, key=key)
    one = end(max_msg_size=4)
    await given_up(one, message[:6])
    one.transport.receive(message[6:])
    assert b"".join(await heard(one.engine.receive_fragments())) == BIG


async def test_pings_between_fragments_that_are_given_up(end):
    one = end(autoping=False)
    one.receive(TEXT, b"a", fin=False)
    async for _ in one.engine.receive_fragments():
        break
    one.receive(PING, b"1")
    one.receive(CONTINUATION, b"b", fin=False)
    one.receive(PONG, b"2")
    one.receive(CONTINUATION, b"c")
    one.receive(TEXT, b"next")
    between = [await one.engine.receive() for _ in range(2)]
    assert [(message.type, message.data) for message in between] == [
        (WSMsgType.PING, b"1"),
        (WSMsgType.PONG, b"2"),
    ]
    assert await one.engine.receive_str() == "next"


@pytest.mark.parametrize("rest", [b"\xff", b"ends inside of a character \xc3"])
async def test_the_rest_that_was_given_up_is_checked(end, rest):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    async for _ in one.engine.receive_fragments():
        break
    waiting = await parked(one.engine.receive())
    one.receive(CONTINUATION, rest)
    assert (await waiting).type is WSMsgType.ERROR
    assert one.engine.close_code == 1007


async def test_the_end_inside_of_a_message_that_was_given_up_is_no_loss(end):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    async for _ in one.engine.receive_fragments():
        break
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.receive(CLOSE, OK)
    assert await waiting == []


@pytest.mark.parametrize("opcode", [BINARY, PING])
async def test_a_frame_that_was_cut_before_a_piece_of_it_was_there(end, frame, role, opcode):
    data = frame(opcode, b"abc", key=b"abcd" if role.peer_masks else None)
    for cut in range(1, len(data)):
        one = end()
        waiting = await parked(heard(one.engine.receive_fragments()))
        one.transport.receive(data[:cut])
        one.transport.receive_eof()
        with pytest.raises(ConnectionResetError, match="inside of a message"):
            await waiting


async def test_no_fragments_but_the_end(end):
    one = end()
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.receive(CLOSE, OK)
    assert await waiting == []
    assert one.engine.close_code == 1000


async def test_a_message_that_never_ends(end):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.transport.lose()
    with pytest.raises(ConnectionLost, match="inside of a message"):
        await waiting


async def test_our_close_inside_of_a_message_whose_rest_comes_all_the_same(end):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.engine.close(drain=False)
    one.receive(CONTINUATION, b"b")
    with pytest.raises(ConnectionLost, match="inside of a message"):
        await waiting


async def test_fragments_that_break_the_protocol(end):
    one = end()
    one.receive(TEXT, b"a", fin=False)
    waiting = await parked(heard(one.engine.receive_fragments()))
    one.receive(TEXT, b"b")
    with pytest.raises(WebSocketError, match="not complete"):
        await waiting
    assert one.engine.close_code == 1002


async def test_a_flood_of_fragments_stops_the_peer(end):
    one = end()
    fragments = one.engine.receive_fragments()
    waiting = await parked(anext(fragments))
    one.receive(BINARY, b"x", fin=False)
    for _ in range(1000):
        one.receive(CONTINUATION, b"x" * 1000, fin=False)
    assert not one.transport.reading
    assert len(await waiting) == 1
    one.receive(CONTINUATION, b"")
    assert sum(map(len, await heard(fragments))) == 1_000_000
    assert one.transport.reading


# A listener.


# Everything in every order: a model of what whoever receives may get.

messages = st.tuples(
    st.booleans(),
    st.text("xé", max_size=40),
    st.lists(st.integers(0, 80), max_size=3),
    st.booleans(),
)
verbs = st.tuples(
    st.sampled_from(["receive", "iterate", "listen", "fragments", "a fragment"]), st.integers(0, 6)
)


def frames_of(frame, number, text, body, cuts, compressed, key):
    """The message as it is received, and its frames, with a ping in the middle."""
    whole = f"{number}:{body}"
    data = whole.encode()
    if compressed:
        deflate = zlib.compressobj(wbits=-15)
        data = (deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)
    ends = [*sorted(min(cut, len(data)) for cut in cuts), len(data)]
    frames, begin = [], 0
    for at, end in enumerate(ends):
        opcode = CONTINUATION if at else TEXT if text else BINARY
        rsv = 0x40 if compressed and not at else 0
        last = end is ends[-1] and at == len(ends) - 1
        frames.append(frame(opcode, data[begin:end], fin=last, rsv=rsv, key=key))
        begin = end
    frames.insert(1, frame(PING, b"", key=key))
    return (whole if text else whole.encode()), b"".join(frames)


class Consumer:
    """Receives by one verb after the other, gives up after as many turns as it is told, and notes
    what it got: (whether it is all of a message, what)."""

    def __init__(self, engine):
        self.engine = engine
        self.got = []

    def message_received(self, payload, kind):
        if kind in (WSMsgType.TEXT, WSMsgType.BINARY):
            data = bytes(payload)
            self.got.append((True, data.decode() if kind is WSMsgType.TEXT else data))

    def received(self, message):
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            self.got.append((True, message.data))

    async def by(self, verb):
        if verb == "receive":
            self.received(await self.engine.receive())
        elif verb == "iterate":
            self.received(await anext(aiter(self.engine)))
        elif verb == "listen":
            await self.engine.listen(self)
        else:
            await self.in_fragments(verb == "fragments")

    async def in_fragments(self, to_the_end):
        pieces, ended = [], False
        try:
            async for piece in self.engine.receive_fragments():
                pieces.append(piece)
                if not to_the_end:
                    break
            else:
                ended = True
        finally:
            if pieces:
                self.got.append((ended, pieces[0][:0].join(pieces)))

    async def give_up(self, verb, turns):
        task = asyncio.ensure_future(self.by(verb))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    sent=st.lists(messages, min_size=1, max_size=5),
    steps=st.lists(st.tuples(st.integers(0, 60), verbs), max_size=12),
    autoping=st.booleans(),
)
async def test_nothing_is_lost_and_nothing_comes_twice(end, frame, role, sent, steps, autoping):
    key = b"abcd" if role.peer_masks else None
    one = end(Terms(role, None, Compression()), autoping=autoping)
    whole, data = zip(
        *(frames_of(frame, number, *message, key) for number, message in enumerate(sent)),
        strict=True,
    )
    data, at = b"".join(data), 0
    consumer = Consumer(one.engine)
    for size, (verb, turns) in steps:
        # It comes while somebody waits, and in the turn in which he gives up.
        giving_up = asyncio.ensure_future(consumer.give_up(verb, turns))
        for _ in range(turns):
            await asyncio.sleep(0)
        one.transport.receive(data[at : at + size])
        at += size
        await giving_up
    one.transport.receive(data[at:])
    one.receive(TEXT, b"end")
    while not consumer.got or consumer.got[-1] != (True, "end"):
        await consumer.by("receive")
    awaited = [*whole, "end"]
    for complete, part in consumer.got:
        expected = awaited.pop(0)
        assert part == expected if complete else expected.startswith(part)
    assert awaited == []
