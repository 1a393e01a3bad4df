"""StreamReader: what is read of what has come, who waits, and who is paused."""

import asyncio
import gc

import pytest
from aiolos_protocol.errors import LimitExceeded, LineTooLong, RemoteProtocolError
from aiolos_protocol.streams import EMPTY, StreamReader
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict


class Flow:
    def __init__(self):
        self.paused = False
        self.calls = 0

    def pause_reading(self):
        assert not self.paused
        self.paused = True
        self.calls += 1

    def resume_reading(self):
        assert self.paused
        self.paused = False


def fed(*pieces, eof=True, limit=65_536, flow=None):
    reader = StreamReader(flow, limit)
    for piece in pieces:
        reader.feed_data(piece)
    if eof:
        reader.feed_eof()
    return reader


def chunks(*pieces):
    reader = StreamReader()
    reader.feed_chunks(list(pieces), True)
    reader.feed_eof()
    return reader


async def started(coroutine):
    task = asyncio.ensure_future(coroutine)
    await asyncio.sleep(0)
    return task


# --- reading what is there ---


async def test_read():
    assert await fed(b"ab", b"cd").read() == b"abcd"
    reader = fed(b"abc", b"de")
    assert await reader.read(0) == b""
    assert await reader.read(2) == b"ab"
    assert await reader.read(2) == b"cd"
    assert await reader.read(-1) == b"e"
    assert await reader.read() == await reader.read(1) == b""
    assert await fed(b"abc", b"de", eof=False).read(9) == b"abcde"


@pytest.mark.parametrize("ended", [True, False])
async def test_read_of_everything_has_a_bound(ended):
    reader = StreamReader()
    reader.most = 5
    reader.feed_data(b"abc")
    reader.feed_data(b"de")
    assert not reader.is_whole(), "more may come"
    if ended:
        reader.feed_eof()
        assert reader.is_whole()
        assert reader.read_whole() == b"abcde"
        return
    reader.feed_data(b"f")
    for _ in range(2):
        with pytest.raises(LimitExceeded, match="the limit body_size=5 was exceeded"):
            await reader.read()
    reader.feed_eof()
    with pytest.raises(LimitExceeded):
        await reader.read()
    with pytest.raises(LimitExceeded) as caught:
        reader.read_whole()
    assert caught.value.status_hint == 413
    # In pieces it is there.
    assert await reader.read(4) + await reader.readany() == b"abcdef"
    assert reader.at_eof()
    assert reader.read_whole() == b""


async def test_what_is_more_than_may_be_read_at_once_is_not_whole():
    reader = fed(b"abc", b"def")
    reader.most = 5
    assert reader.ended
    assert not reader.is_whole()
    assert await reader.read(1) == b"a"
    assert reader.is_whole()


async def test_the_bound_holds_for_what_comes_while_it_is_read():
    reader = StreamReader()
    reader.most = 5
    reader.translate(lambda error: OSError(str(error)))
    reading = asyncio.ensure_future(reader.read())
    for piece in (b"abc", b"de", b"f"):
        await asyncio.sleep(0)
        reader.feed_data(piece)
    with pytest.raises(OSError, match="the limit body_size=5 was exceeded"):
        await reading
    assert reader.read_nowait() == b"abcdef"


async def test_readany():
    reader = fed(b"ab", b"cd", eof=False)
    assert await reader.readany() == b"abcd"
    reader.feed_data(b"e")
    reader.feed_eof()
    assert await reader.readany() == b"e"
    assert await reader.readany() == b""


async def test_readexactly():
    reader = fed(b"abc", b"def", b"g")
    assert await reader.readexactly(0) == b""
    assert await reader.readexactly(4) == b"abcd"
    with pytest.raises(asyncio.IncompleteReadError) as caught:
        await reader.readexactly(9)
    assert (caught.value.partial, caught.value.expected) == (b"efg", 9)
    with pytest.raises(ValueError, match="0 or more"):
        await reader.readexactly(-1)


async def test_readline():
    reader = fed(b"a\nb", b"c\n", b"\n", b"d")
    assert [await reader.readline() for _ in range(5)] == [b"a\n", b"bc\n", b"\n", b"d", b""]


async def test_readuntil():
    reader = fed(b"a\r", b"\nb\r\r", b"\nc", b"\r", b"\n")
    lines = [await reader.readuntil(b"\r\n") for _ in range(4)]
    assert lines == [b"a\r\n", b"b\r\r\n", b"c\r\n", b""]
    reader = fed(*[bytes([byte]) for byte in b"xx--BO--BOUND--y"])
    assert await reader.readuntil(b"--BOUND--") == b"xx--BO--BOUND--"
    assert await reader.readuntil(b"--BOUND--") == b"y"
    with pytest.raises(ValueError, match="at least one byte"):
        await reader.readuntil(b"")


async def test_a_line_has_a_limit():
    for size in (9, 10):
        reader = fed(b"x" * size, b"\n")
        if size == 9:
            assert await reader.readline(max_line_length=10) == b"x" * 9 + b"\n"
        else:
            with pytest.raises(LineTooLong, match=r"within 10 bytes, which begin b'x.*max_size"):
                await reader.readuntil(max_size=10)
    reader = fed(b"x" * 21, limit=10)
    with pytest.raises(ValueError, match="within 20 bytes") as caught:
        await reader.readline()
    # A server answers it as what a peer did wrong.
    assert isinstance(caught.value, RemoteProtocolError)
    assert caught.value.status_hint == 413
    reader = fed(b"x" * 21 + b"\nnext\n", limit=10)
    with pytest.raises(LineTooLong):
        await reader.readline()
    assert await reader.readline() == b"next\n"


async def test_a_line_may_be_longer_than_the_buffer():
    reader = fed(b"x" * 99 + b"\n", b"y" * 100 + b"\n", limit=10)
    reader.line = 100
    assert len(await reader.readline()) == 100
    with pytest.raises(LineTooLong, match="within 100 bytes.*body_line of Limits"):
        await reader.readline()
    reader.set_read_chunk_size(30)
    assert reader.line == 60


async def test_readchunk():
    reader = chunks(b"abc", b"de")
    assert await reader.readchunk() == (b"abc", True)
    assert await reader.readchunk() == (b"de", True)
    assert await reader.readchunk() == (b"", False)
    reader = fed(b"abc", b"d", eof=True)
    assert await reader.readchunk() == (b"abcd", False)
    assert await reader.readchunk() == (b"", False)


async def test_readchunk_of_a_chunk_in_pieces():
    reader = StreamReader()
    reader.feed_chunks([b"ab"], False)
    reader.feed_chunks([b"c", b"d"], False)
    assert await reader.readchunk() == (b"abc", True)
    assert await reader.readchunk() == (b"d", False)
    waiting = await started(reader.readchunk())
    reader.feed_chunks([b"e"], True)
    assert await waiting == (b"e", True)
    reader.feed_eof()
    assert await reader.readchunk() == (b"", False)


async def test_readchunk_behind_other_reads():
    reader = chunks(b"abc", b"de", b"fgh")
    assert await reader.read(3) == b"abc"
    assert await reader.readchunk() == (b"", True)
    assert await reader.read(3) == b"def"
    assert await reader.readchunk() == (b"gh", True)
    assert await reader.readchunk() == (b"", False)


async def test_what_nobody_asks_for_is_not_kept():
    """The ends of chunks, where all is read in other ways; pieces that have been read."""
    for read in (lambda reader: reader.readany(), lambda reader: reader.read(10)):
        reader = StreamReader()
        for _ in range(1000):
            reader.feed_chunks([b"0123456789"], True)
            assert await read(reader) == b"0123456789"
        assert await started(reader.readchunk())
        assert len(gc.get_referents(reader)) < 100


async def test_tiny_chunks_are_told_one_by_one():
    reader = chunks(*[b"x"] * 1000)
    assert [piece async for piece in reader.iter_chunks()] == [(b"x", True)] * 1000


async def test_iterating():
    assert [piece async for piece in fed(b"abc", b"d").iter_chunked(2)] == [b"ab", b"cd"]
    assert [piece async for piece in fed(b"abc", b"d").iter_any()] == [b"abcd"]
    assert [piece async for piece in fed(b"a\nb\n", b"c")] == [b"a\n", b"b\n", b"c"]
    pieces = [piece async for piece in chunks(b"abc", b"d").iter_chunks()]
    assert pieces == [(b"abc", True), (b"d", True)]
    iterator = fed(b"a").iter_any()
    assert iterator.__aiter__() is iterator


async def test_read_nowait():
    reader = fed(b"abc", eof=False)
    assert reader.read_nowait(2) == b"ab"
    assert reader.read_nowait() == b"c"
    assert reader.read_nowait() == b""
    reader.set_exception(OSError())
    with pytest.raises(OSError):
        reader.read_nowait()


async def test_unread_data_is_deprecated():
    reader = fed(b"abcd")
    assert await reader.read(2) == b"ab"
    words = r"^unread_data\(\) is deprecated and will be removed in future releases \(#3260\)$"
    with pytest.warns(DeprecationWarning, match=words):
        reader.unread_data(b"xy")
    with pytest.warns(DeprecationWarning, match=words):
        reader.unread_data(b"")
    assert await reader.read() == b"xycd"


# --- waiting ---


@pytest.mark.parametrize(
    ("method", "result"),
    [
        (lambda reader: reader.read(), b"ab"),
        (lambda reader: reader.read(5), b"a"),
        (lambda reader: reader.readany(), b"a"),
        (lambda reader: reader.readexactly(2), b"ab"),
        (lambda reader: reader.readline(), b"ab"),
        (lambda reader: reader.readchunk(), (b"a", False)),
    ],
)
async def test_whoever_waits_is_woken(method, result):
    reader = StreamReader()
    waiting = await started(method(reader))
    assert not waiting.done()
    reader.feed_data(b"")
    await asyncio.sleep(0)
    assert not waiting.done()
    reader.feed_data(b"a")
    await asyncio.sleep(0)
    reader.feed_data(b"b")
    reader.feed_eof()
    assert await waiting == result


async def test_one_task_at_a_time():
    reader = StreamReader()
    waiting = await started(reader.readany())
    with pytest.raises(RuntimeError, match="another task"):
        await reader.read(1)
    waiting.cancel()
    await asyncio.sleep(0)
    second = await started(reader.readany())
    reader.feed_data(b"a")
    assert await second == b"a"


async def test_wait_eof():
    reader = StreamReader()
    first, second = await started(reader.wait_eof()), await started(reader.wait_eof())
    first.cancel()
    await asyncio.sleep(0)
    reader.feed_data(b"a")
    await asyncio.sleep(0)
    assert not second.done()
    reader.feed_eof()
    await second
    await reader.wait_eof()
    reader = StreamReader()
    waiting = await started(reader.wait_eof())
    reader.set_exception(OSError())
    with pytest.raises(OSError):
        await waiting
    with pytest.raises(OSError):
        await reader.wait_eof()


# --- the end ---


async def test_the_end():
    reader = fed(b"ab", eof=False)
    assert (reader.is_eof(), reader.at_eof()) == (False, False)
    reader.feed_eof()
    assert (reader.is_eof(), reader.at_eof()) == (True, False)
    await reader.read()
    assert (reader.is_eof(), reader.at_eof()) == (True, True)


async def test_on_eof():
    reader = StreamReader()
    calls = []
    reader.on_eof(lambda: calls.append(1))
    reader.on_eof(lambda: calls.append(2))
    assert calls == []
    reader.feed_eof()
    assert calls == [1, 2]
    reader.on_eof(lambda: calls.append(3))
    assert calls == [1, 2, 3]
    reader = StreamReader()
    reader.on_eof(lambda: calls.append(4))
    reader.set_exception(OSError())
    assert calls == [1, 2, 3]


async def test_what_waits_for_the_end_may_fail():
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    reader = StreamReader()
    calls = []

    def fail():
        raise KeyError("callback")

    reader.on_eof(fail)
    reader.on_eof(lambda: calls.append(1))
    reader.feed_eof()
    reader.on_eof(fail)
    assert calls == [1]
    assert [repr(each["exception"]) for each in told] == ["KeyError('callback')"] * 2
    assert "fail" in told[0]["message"]


async def test_an_error_comes_behind_what_came_before_it():
    reader = fed(b"ab\ncd", eof=False)
    error = OSError("cable")
    reader.set_exception(error)
    reader.set_exception(ValueError())
    assert reader.exception() is error
    assert await reader.read(1) == b"a"
    assert await reader.readline() == b"b\n"
    assert await reader.readany() == b"cd"
    for method in (
        reader.read,
        reader.readany,
        reader.readline,
        reader.readchunk,
        lambda: reader.read(1),
        lambda: reader.readexactly(1),
    ):
        with pytest.raises(OSError, match="cable"):
            await method()
    assert await reader.readexactly(0) == b""


async def test_read_of_everything_raises_at_once():
    reader = fed(b"ab", eof=False)
    reader.set_exception(OSError())
    with pytest.raises(OSError):
        await reader.read()
    assert await reader.readany() == b"ab"


async def test_a_read_of_everything_that_is_given_up_loses_nothing():
    reader = fed(b"ab", eof=False)
    waiting = await started(reader.read())
    reader.feed_data(b"cd")
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    reader.feed_data(b"ef")
    reader.feed_eof()
    assert await reader.read() == b"abcdef"
    assert reader.total_bytes == 6


async def test_whoever_waits_is_told_of_the_error():
    reader = StreamReader()
    waiting = await started(reader.read())
    reader.set_exception(OSError())
    with pytest.raises(OSError):
        await waiting


async def test_an_error_that_nobody_reads_warns_nobody(caplog):
    reader = fed(b"ab", eof=False)
    reader.set_exception(OSError())
    del reader
    gc.collect()
    assert caplog.records == []


async def test_no_error_behind_the_end():
    reader = fed(b"ab")
    reader.set_exception(OSError())
    assert reader.exception() is None
    assert await reader.read() == b"ab"


async def test_trailers():
    reader = StreamReader()
    assert dict(reader.trailers) == {}
    reader.feed_trailers(CIMultiDict({"X-Sum": "a"}))
    reader.feed_eof()
    assert reader.trailers["x-sum"] == "a"
    with pytest.raises((TypeError, AttributeError)):
        reader.trailers["a"] = "b"


async def test_empty():
    assert EMPTY.at_eof()
    assert await EMPTY.read() == b""
    assert [piece async for piece in EMPTY.iter_any()] == []
    EMPTY.set_exception(OSError())
    assert EMPTY.exception() is None


async def test_what_it_says_of_itself():
    reader = fed(b"abc", eof=False, limit=2**18)
    assert repr(reader) == "<StreamReader 3 bytes>"
    await reader.read(1)
    reader.feed_eof()
    assert repr(reader) == "<StreamReader 2 bytes eof>"
    assert repr(StreamReader()) == "<StreamReader>"
    other = StreamReader(limit=123)
    other.set_exception(RuntimeError())
    assert repr(other) == "<StreamReader low=123 high=246 e=RuntimeError()>"
    assert reader.total_bytes == reader.total_raw_bytes == 3


# --- back-pressure ---


async def test_the_flow_is_paused_above_and_resumed_below():
    flow = Flow()
    reader = fed(b"x" * 10, eof=False, limit=5, flow=flow)
    assert not flow.paused
    reader.feed_data(b"y")
    assert flow.paused
    reader.feed_data(b"z")
    await reader.read(7)
    assert flow.paused
    await reader.read(1)
    assert not flow.paused
    assert flow.calls == 1


async def test_the_flow_is_let_go_at_the_end():
    for end in (StreamReader.feed_eof, lambda reader: reader.set_exception(OSError())):
        flow = Flow()
        reader = fed(b"x" * 20, eof=False, limit=5, flow=flow)
        assert flow.paused
        end(reader)
        assert not flow.paused
        # It is another body's now.
        flow.paused = True
        assert await reader.readany() == b"x" * 20
        assert flow.paused


async def test_many_tiny_pieces_pause_the_flow():
    flow = Flow()
    reader = StreamReader(flow)
    for _ in range(4096):
        reader.feed_data(b"x")
    assert not flow.paused
    reader.feed_data(b"x")
    assert flow.paused
    await reader.readany()
    assert not flow.paused


async def test_the_limit_can_be_set():
    flow = Flow()
    reader = fed(b"x" * 20, eof=False, limit=5, flow=flow)
    assert reader.get_read_buffer_limits() == (5, 10)
    assert flow.paused
    reader.set_read_chunk_size(50)
    assert not flow.paused
    assert reader.get_read_buffer_limits() == (50, 100)
    reader.feed_data(b"x" * 81)
    assert flow.paused
    with pytest.raises(ValueError, match="positive"):
        reader.set_read_chunk_size(0)


async def test_without_a_flow_nobody_is_paused():
    reader = fed(b"x" * 100_000, eof=False, limit=10)
    assert len(await reader.readany()) == 100_000


# --- properties ---

READS = st.one_of(
    st.tuples(st.just("read"), st.integers(1, 8)),
    st.tuples(st.just("readexactly"), st.integers(0, 8)),
    st.tuples(st.sampled_from(["readany", "readline", "readchunk"])),
    st.tuples(st.just("readuntil"), st.sampled_from([b"\n", b"\r\n", b"aba"])),
)


@settings(max_examples=150, deadline=None)
@given(
    pieces=st.lists(st.text("ab\r\n", max_size=6).map(str.encode), max_size=10),
    reads=st.lists(READS, max_size=12),
    ahead=st.integers(0, 3),
)
def test_whatever_is_read_in_whatever_way_is_what_was_fed(pieces, reads, ahead):
    """Every byte once and in order, however reading and arriving take turns."""

    async def play():
        reader = StreamReader(Flow(), 8)

        async def feed():
            for number, piece in enumerate(pieces):
                if number % 3 and piece:
                    reader.feed_chunks([piece], number % 3 == 1)
                else:
                    reader.feed_data(piece)
                if number >= ahead:
                    await asyncio.sleep(0)
            reader.feed_eof()

        feeding = asyncio.create_task(feed())
        got = []
        for name, *arguments in reads:
            try:
                data = await getattr(reader, name)(*arguments)
            except asyncio.IncompleteReadError as error:
                data = error.partial
            except ValueError:
                # A line beyond twice the limit is lost; the rest is of no interest.
                await feeding
                return
            if name == "readchunk":
                data = data[0]
            if name == "readuntil" and data:
                separator = arguments[0]
                assert data.find(separator) in (-1, len(data) - len(separator))
            got.append(data)
        got.append(await reader.read())
        await feeding
        assert b"".join(got) == b"".join(pieces)
        assert reader.at_eof()
        assert reader.total_bytes == sum(map(len, pieces))

    asyncio.run(play())


def in_other_words(exc):
    return LookupError(str(exc)) if isinstance(exc, ConnectionError) else exc


@pytest.mark.parametrize("early", [True, False])
async def test_a_role_names_errors_in_its_own_words(early):
    reader = StreamReader()
    if early:
        reader.set_exception(ConnectionError("gone"))
    reader.translate(in_other_words)
    reader.set_exception(ConnectionError("gone"))
    with pytest.raises(LookupError, match="gone"):
        await reader.read()
    assert isinstance(reader.exception(), LookupError)


async def test_what_is_no_neutral_error_stays_as_it_is():
    reader = StreamReader()
    reader.translate(in_other_words)
    waiting = asyncio.ensure_future(reader.read())
    await asyncio.sleep(0)
    reader.set_exception(TimeoutError("late"))
    with pytest.raises(TimeoutError, match="late"):
        await waiting


@pytest.mark.parametrize(
    "read",
    [
        lambda reader: reader.readexactly(6),
        lambda reader: reader.readuntil(b"\n"),
        lambda reader: reader.readline(),
        lambda reader: reader.read(),
    ],
)
@pytest.mark.parametrize("end", ["cancelled", "broken"])
async def test_a_read_that_is_given_up_loses_nothing_that_had_come(read, end):
    reader = StreamReader()
    reader.feed_data(b"abc")
    task = asyncio.ensure_future(read(reader))
    await asyncio.sleep(0)
    if end == "cancelled":
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        reader.feed_data(b"def\n")
        assert await reader.readexactly(7) == b"abcdef\n"
    else:
        reader.set_exception(LookupError())
        with pytest.raises(LookupError):
            await task
        assert reader.read_nowait() == b"abc"
