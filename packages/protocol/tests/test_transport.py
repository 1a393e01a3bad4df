"""What plain functions return in place of coroutines, and who waits for room."""

import asyncio
import gc

import pytest
from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.testkit import connected
from aiolos_protocol.transport import READY, Outcome, TransportOwner


async def test_an_outcome_is_there_at_once_and_as_often_as_one_likes():
    outcome = Outcome(7)
    assert await outcome == 7
    assert await asyncio.create_task(outcome) == 7
    assert await asyncio.wait_for(outcome, 1) == 7
    assert await READY is None
    outcome.close()
    with pytest.raises(ZeroDivisionError):
        outcome.throw(ZeroDivisionError())


async def test_an_outcome_may_be_an_error():
    outcome = Outcome(error=ConnectionLost("gone"))
    for waiting in (outcome, asyncio.create_task(outcome), asyncio.wait_for(outcome, 1)):
        with pytest.raises(ConnectionLost, match="gone"):
            await waiting


async def test_draining_costs_nothing_while_there_is_room():
    owner = TransportOwner(asyncio.get_running_loop())
    connected(owner.loop, owner)
    assert owner.drain() is READY


async def test_whoever_only_writes_learns_of_a_socket_that_has_failed():
    """Such a transport takes all, and connection_lost() comes with the loop's next turn."""
    owner = TransportOwner(asyncio.get_running_loop())
    transport = connected(owner.loop, owner)
    assert all(owner.drain() is READY for _ in range(100))
    transport.abort()

    async def only_write() -> None:
        for _ in range(100):
            await owner.drain()

    with pytest.raises(ConnectionLost):
        await only_write()


async def test_whoever_only_writes_lets_others_go_on():
    owner = TransportOwner(asyncio.get_running_loop())
    connected(owner.loop, owner)
    turns = 0

    async def turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(turning())
    for _ in range(5000):
        await owner.drain()
    other.cancel()
    assert 4 <= turns <= 6


async def test_several_wait_for_room_and_one_gives_up():
    owner = TransportOwner(asyncio.get_running_loop())
    connected(owner.loop, owner)
    owner.pause_writing()
    waiting = [asyncio.create_task(owner.drain()) for _ in range(3)]
    waiting.append(asyncio.ensure_future(asyncio.wait_for(owner.drain(), 5)))
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting[1:])
    owner.resume_writing()
    assert await asyncio.gather(*waiting[1:]) == [None] * 3
    assert waiting[0].cancelled()


async def test_whoever_waits_is_told_that_the_connection_is_gone(caplog):
    owner = TransportOwner(asyncio.get_running_loop())
    transport = connected(owner.loop, owner)
    owner.pause_writing()
    waiting = asyncio.create_task(owner.drain())
    dropped = owner.drain()
    await asyncio.sleep(0)
    transport.lose(OSError("cable"))
    with pytest.raises(ConnectionLost) as caught:
        await waiting
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(ConnectionLost, match="closed"):
        await owner.drain()
    # Whoever does not wait is not told, not even by a warning.
    del dropped, waiting
    gc.collect()
    await asyncio.sleep(0)
    assert caplog.records == []
