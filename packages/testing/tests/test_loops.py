"""Loops for tests that are no coroutines."""

import asyncio

import pytest
from aiolos_testing import loop_context, setup_test_loop, teardown_test_loop


def test_a_loop_is_current_while_it_is_there() -> None:
    loop = setup_test_loop()
    assert asyncio.get_event_loop() is loop
    teardown_test_loop(loop)
    assert loop.is_closed()
    teardown_test_loop(loop, fast=True)


def test_a_block_ends_what_runs_in_it() -> None:
    ended = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("task")

    async def start() -> "asyncio.Task[None]":
        task = asyncio.create_task(endless())
        await asyncio.sleep(0)
        return task

    with loop_context(asyncio.new_event_loop) as loop:
        task = loop.run_until_complete(start())
    assert ended == ["task"]
    assert task.cancelled()
    assert loop.is_closed()


def test_a_block_that_raises_closes_the_loop() -> None:
    with pytest.raises(KeyError), loop_context() as loop:
        raise KeyError
    assert loop.is_closed()


@pytest.mark.parametrize("is_busy", [False, True])
@pytest.mark.parametrize("with_another", [False, True])
def test_a_loop_ends_where_the_current_one_has_become_another(
    is_busy: bool, with_another: bool
) -> None:
    other = asyncio.new_event_loop()
    with loop_context() as loop:
        task = loop.create_task(asyncio.sleep(3600)) if is_busy else None
        asyncio.set_event_loop(other if with_another else None)
    assert loop.is_closed()
    assert task is None or task.cancelled()
    other.close()
