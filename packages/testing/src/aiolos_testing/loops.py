"""Event loops for tests that are no coroutines themselves."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def setup_test_loop(
    loop_factory: LoopFactory = asyncio.new_event_loop,
) -> asyncio.AbstractEventLoop:
    """A new loop, made the current one. End it by teardown_test_loop()."""
    loop = loop_factory()
    asyncio.set_event_loop(loop)
    return loop


def teardown_test_loop(loop: asyncio.AbstractEventLoop, fast: bool = False) -> None:
    """Cancel what still runs in `loop`, end its generators and close it.

    `fast` is accepted for aiohttp's sake; nothing here is slow.
    """
    try:
        if not loop.is_closed():
            loop.run_until_complete(_cancel(asyncio.all_tasks(loop)))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
    finally:
        asyncio.set_event_loop(None)


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    # Gathered in the loop: the current one may be another by now, or none.
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def loop_context(
    loop_factory: LoopFactory = asyncio.new_event_loop, fast: bool = False
) -> Iterator[asyncio.AbstractEventLoop]:
    """A new current loop for the block, ended behind it."""
    loop = setup_test_loop(loop_factory)
    try:
        yield loop
    finally:
        teardown_test_loop(loop, fast=fast)
