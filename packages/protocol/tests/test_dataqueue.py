"""DataQueue, as aiohttp's users know it."""

import asyncio

import pytest
from aiolos_protocol.dataqueue import DataQueue
from aiolos_protocol.iterators import EofStream


@pytest.fixture
async def queue():
    return DataQueue(asyncio.get_running_loop())


async def test_objects_in_order_and_the_end(queue):
    queue.feed_data("a")
    queue.feed_data(0, 1)
    queue.feed_eof()
    assert (queue.is_eof(), queue.at_eof()) == (True, False)
    assert [await queue.read(), await queue.read()] == ["a", 0]
    assert queue.at_eof()
    for _ in range(2):
        with pytest.raises(EofStream):
            await queue.read()


async def test_iterating(queue):
    for item in ("a", 0, None):
        queue.feed_data(item)
    queue.feed_eof()
    assert [item async for item in queue] == ["a", 0, None]


async def test_an_error_comes_behind_what_came_before_it(queue):
    queue.feed_data("a")
    queue.set_exception(ValueError("broken"))
    assert isinstance(queue.exception(), ValueError)
    assert await queue.read() == "a"
    with pytest.raises(ValueError, match="broken"):
        await queue.read()


@pytest.mark.parametrize("how", ["data", "end", "error"])
async def test_whoever_waits_is_woken(queue, how):
    waiting = asyncio.ensure_future(queue.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="another task"):
        await queue.read()
    if how == "data":
        queue.feed_data("a")
        assert await waiting == "a"
    elif how == "end":
        queue.feed_eof()
        with pytest.raises(EofStream):
            await waiting
    else:
        queue.set_exception(OSError())
        with pytest.raises(OSError):
            await waiting


async def test_a_reader_that_gives_up_makes_room(queue):
    waiting = asyncio.ensure_future(queue.read())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    queue.feed_data("a")
    assert await queue.read() == "a"
