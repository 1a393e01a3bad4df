"""Handlers are stepped without their Task while they wait for messages, and cannot tell."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from aiolos_server.driver import driven

VARIABLE: contextvars.ContextVar[int] = contextvars.ContextVar("VARIABLE", default=0)


class Door:
    """What a handler waits at until it is opened: the smallest thing that can be driven."""

    def __init__(self) -> None:
        self.driver: Any = None

    def driven_by(self, driver: Any) -> None:
        """See aiolos_protocol.driving.Drivable."""
        self.driver = driver

    def __await__(self) -> "Iterator[Door]":
        try:
            yield self
        finally:
            self.driver = None


async def in_callback(call: Callable[[], Any]) -> Any:
    """What `call()` gives, called by the loop and not in a Task."""
    result = asyncio.get_running_loop().create_future()

    def step() -> None:
        try:
            result.set_result(call())
        except BaseException as exc:
            result.set_exception(exc)

    asyncio.get_running_loop().call_soon(step)
    return await result


async def start(handler: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """A Task that drives `handler`, which waits."""
    context = contextvars.copy_context()

    async def carried() -> Any:
        return await driven(handler, context)

    task = asyncio.create_task(carried(), context=context)
    await asyncio.sleep(0)
    return task


async def test_each_step_is_made_at_once() -> None:
    door, heard = Door(), []

    async def handler() -> str:
        task = asyncio.current_task()
        for number in range(3):
            await door
            VARIABLE.set(VARIABLE.get() + 1)
            heard.append((number, VARIABLE.get(), asyncio.current_task() is task))
        return "done"

    task = await start(handler())
    for number in range(3):
        before = len(heard)
        assert await in_callback(lambda: (door.driver.step(), len(heard)))
        assert len(heard) == before + 1
        assert heard[-1] == (number, number + 1, True)
    assert await task == "done"
    assert VARIABLE.get() == 0


async def test_a_step_is_seen_before_it_returns() -> None:
    door, heard = Door(), []

    async def handler() -> None:
        while True:
            await door
            heard.append(asyncio.current_task())

    task = await start(handler())
    assert await in_callback(lambda: (door.driver.step(), list(heard))) == (True, [task])
    assert await in_callback(asyncio.current_task) is None
    task.cancel()
    await asyncio.wait([task])


async def test_whatever_else_is_waited_for_is_the_tasks() -> None:
    door, other = Door(), asyncio.get_running_loop().create_future()

    async def handler() -> list[Any]:
        seen: list[Any] = []
        await door
        await asyncio.sleep(0)
        await door
        seen.append(await other)
        await door
        async with asyncio.timeout(10):
            await door
        return seen

    task = await start(handler())
    await in_callback(lambda: door.driver.step())
    while door.driver is None:
        await asyncio.sleep(0)
    await in_callback(lambda: door.driver.step())
    assert door.driver is None
    other.set_result("other")
    while door.driver is None:
        await asyncio.sleep(0)
    await in_callback(lambda: door.driver.step())
    await in_callback(lambda: door.driver.step())
    assert await task == ["other"]


async def test_two_that_wait_for_the_same_future_both_get_it() -> None:
    doors = Door(), Door()
    shared = asyncio.get_running_loop().create_future()

    async def handler(door: Door) -> Any:
        await door
        return await shared

    tasks = [await start(handler(door)) for door in doors]
    await in_callback(lambda: [door.driver.step() for door in doors])
    await asyncio.sleep(0)
    shared.set_result("shared")
    assert await asyncio.gather(*tasks) == ["shared", "shared"]


async def test_a_future_that_is_done_before_the_task_sees_it() -> None:
    door, other = Door(), asyncio.get_running_loop().create_future()

    async def handler() -> Any:
        await door
        return await other

    task = await start(handler())
    await in_callback(lambda: (door.driver.step(), other.set_result("at once")))
    assert await task == "at once"


async def test_what_a_step_raises_is_raised_by_the_task() -> None:
    door = Door()

    async def handler() -> None:
        await door
        raise LookupError("in a step")

    task = await start(handler())
    assert await in_callback(lambda: door.driver.step())
    with pytest.raises(LookupError, match="in a step"):
        await task


async def test_cancelled_while_it_waits() -> None:
    door, heard = Door(), []

    async def handler() -> str:
        try:
            await door
        except asyncio.CancelledError as error:
            heard.append(error.args)
        await door
        return "went on"

    task = await start(handler())
    # A step is too late then.
    assert await in_callback(lambda: (task.cancel("enough"), door.driver.step())) == (True, True)
    await asyncio.sleep(0)
    assert heard == [("enough",)]
    await in_callback(lambda: door.driver.step())
    assert await task == "went on"


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_before_the_task_waits_for_what_a_step_came_to(late: bool) -> None:
    door, other, heard = Door(), asyncio.get_running_loop().create_future(), []

    async def handler() -> None:
        await door
        try:
            await other
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise

    task = await start(handler())

    def step_and_cancel() -> None:
        door.driver.step()
        if late:
            other.set_result("done all the same")
        task.cancel()

    await in_callback(step_and_cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard == ["cancelled"]
    assert other.cancelled() is not late


async def test_cancelled_at_a_bare_yield() -> None:
    door = Door()

    async def handler() -> None:
        await door
        await asyncio.sleep(0)

    task = await start(handler())
    await in_callback(lambda: (door.driver.step(), task.cancel()))
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("waiting", ["door", "future", "bare", "nothing"])
async def test_a_handler_that_cancels_itself_in_a_step(waiting: str) -> None:
    door, other, heard = Door(), asyncio.get_running_loop().create_future(), []

    async def handler() -> str:
        await door
        task = asyncio.current_task()
        assert task is not None
        task.cancel("why")
        try:
            if waiting == "door":
                await door
            elif waiting == "future":
                await other
            elif waiting == "bare":
                await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            heard.append((task.cancelling(), error.args))
            task.uncancel()
            await door
        return "went on"

    task = await start(handler())
    assert await in_callback(lambda: door.driver.step())
    if waiting != "nothing":
        while not heard or door.driver is None:
            await asyncio.sleep(0)
        assert await in_callback(lambda: door.driver.step())
        assert heard == [(1, ("why",))]
    assert await task == "went on"
    assert other.cancelled() is (waiting == "future")


async def test_who_has_ended_cannot_be_cancelled() -> None:
    door = Door()

    async def handler() -> str:
        await door
        return "done"

    task = await start(handler())
    await in_callback(lambda: (door.driver.step(), task.cancel()))
    assert await task == "done"


async def test_a_timeout_of_the_handlers_own() -> None:
    door = Door()

    async def handler() -> str:
        await door
        try:
            async with asyncio.timeout(0.01):
                await door
        except TimeoutError:
            task = asyncio.current_task()
            assert task is not None
            return f"timed out, {task.cancelling()}"
        return "no"

    task = await start(handler())
    await in_callback(lambda: door.driver.step())
    assert await task == "timed out, 0"


async def test_no_step_while_a_task_is_being_stepped() -> None:
    door = Door()

    async def handler() -> str:
        await door
        return "done"

    task = await start(handler())
    assert door.driver.step() is False
    assert await in_callback(lambda: door.driver.step())
    assert await task == "done"


async def test_a_step_that_comes_too_late_does_nothing() -> None:
    door = Door()

    async def handler() -> None:
        await door
        await asyncio.Event().wait()

    task = await start(handler())
    driver = door.driver
    await in_callback(driver.step)
    assert await in_callback(driver.step)
    task.cancel()
    await asyncio.wait([task])
    assert await in_callback(driver.step)


async def test_what_never_waits() -> None:
    async def handler() -> int:
        return 7

    async def fails() -> None:
        raise LookupError

    assert await (await start(handler())) == 7
    with pytest.raises(LookupError):
        await (await start(fails()))


def test_an_exit_in_a_step_ends_the_program() -> None:
    door = Door()
    tasks: list[asyncio.Task[Any]] = []

    async def handler() -> None:
        await door
        raise KeyboardInterrupt

    async def main() -> None:
        tasks.append(await start(handler()))
        await in_callback(lambda: door.driver.step())
        await asyncio.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert isinstance(tasks[0].exception(), KeyboardInterrupt)


async def test_a_handler_that_is_dropped_is_closed() -> None:
    door, heard = Door(), []

    async def handler() -> None:
        try:
            await door
        finally:
            heard.append("closed")

    coroutine = driven(handler(), contextvars.copy_context()).__await__()
    next(coroutine)
    coroutine.close()
    assert heard == ["closed"]
