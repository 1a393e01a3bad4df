"""Handlers run without a task until they suspend, and cannot tell (performance.md c)."""

import asyncio
import contextvars
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from math import inf
from typing import Any

import pytest
from aiolos_server.dispatch import Dispatcher
from aiolos_server.owner import Owner

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="pristine")


class Recorder(Owner):
    """Runs a handler and keeps its end."""

    def __init__(self, handler: Callable[[], Any]) -> None:
        self.handler = handler
        self.done = asyncio.get_running_loop().create_future()
        self.held: list[float] = []

    def started(self) -> Any:
        return self.handler()

    def finished(self, result: Any, error: BaseException | None) -> Any:
        if isinstance(error, asyncio.CancelledError):
            self.done.set_result(error)
        elif error is not None:
            self.done.set_exception(error)
        else:
            self.done.set_result(result)

    def watching(self) -> Callable[[float], None]:
        return self.held.append


Run = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Awaitable[Any]]


@pytest.fixture(params=["inline", "separate"])
async def dispatcher(request: pytest.FixtureRequest) -> Any:
    dispatcher = Dispatcher(asyncio.get_running_loop(), inline=request.param == "inline")
    yield dispatcher
    dispatcher.close()
    await asyncio.sleep(0)


@pytest.fixture
async def run(dispatcher: Dispatcher) -> Run:
    """Dispatch from a callback of the loop, as data_received does; give the result."""

    async def run(handler: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        owner = Recorder(handler)
        asyncio.get_running_loop().call_soon(
            lambda: dispatcher.dispatch(owner), context=contextvars.Context()
        )
        return await owner.done

    return run


@pytest.fixture
async def inline() -> Any:
    dispatcher = Dispatcher(asyncio.get_running_loop(), inline=True)
    # The first request finds no worker parked and is served by a task of its own.
    first = Recorder(lambda: asyncio.sleep(0))
    await in_callback(lambda: dispatcher.dispatch(first))
    await first.done
    yield dispatcher
    dispatcher.close()
    await asyncio.sleep(0)


def in_callback(call: Callable[[], Any]) -> "asyncio.Future[Any]":
    """Call outside of any task; the result, once it is there."""
    loop = asyncio.get_running_loop()
    result = loop.create_future()

    def step() -> None:
        try:
            result.set_result(call())
        except BaseException as exc:
            result.set_exception(exc)

    loop.call_soon(step)
    return result


async def test_result_without_suspending(run: Run) -> None:
    async def handler() -> int:
        return 7

    assert [await run(handler) for _ in range(3)] == [7, 7, 7]


async def test_nothing_is_left_to_do_when_a_handler_does_not_suspend(inline: Dispatcher) -> None:
    async def handler() -> str:
        return "done"

    owner = Recorder(handler)
    assert await in_callback(lambda: inline.dispatch(owner)) is None
    assert owner.done.result() == "done"


async def test_a_suspended_handler_is_a_task(inline: Dispatcher) -> None:
    gate = asyncio.Event()

    async def handler() -> Any:
        before = asyncio.current_task()
        await gate.wait()
        assert asyncio.current_task() is before
        return before

    owner = Recorder(handler)
    task = await in_callback(lambda: inline.dispatch(owner))
    assert isinstance(task, asyncio.Task)
    assert task in asyncio.all_tasks()
    gate.set()
    assert await owner.done is task
    await asyncio.wait([task])
    assert task not in asyncio.all_tasks()


async def test_current_task_is_the_same_before_and_after_awaits(run: Run) -> None:
    async def handler() -> bool:
        first = asyncio.current_task()
        await asyncio.sleep(0)
        second = asyncio.current_task()
        await asyncio.to_thread(int)
        return first is second is asyncio.current_task() and first is not None

    assert await run(handler)


@pytest.mark.parametrize("suspend", [False, True])
async def test_exceptions_reach_the_owner(run: Run, suspend: bool) -> None:
    async def handler() -> None:
        if suspend:
            await asyncio.sleep(0)
        raise LookupError("from the handler")

    with pytest.raises(LookupError, match="from the handler"):
        await run(handler)


async def test_timeouts_work_from_the_first_step(run: Run) -> None:
    async def handler() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert await run(handler) == 0


async def test_wait_for(run: Run) -> None:
    async def handler() -> str:
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        except TimeoutError:
            return "timed out"
        return "no"

    assert await run(handler) == "timed out"


async def test_task_group_with_a_failing_child(run: Run) -> None:
    async def fail() -> None:
        raise ValueError("child")

    async def handler() -> str:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                group.create_task(asyncio.Event().wait())
        except ExceptionGroup as group_error:
            return repr(group_error.exceptions)
        return "no"

    assert await run(handler) == "(ValueError('child'),)"


async def test_gather_and_locks(run: Run) -> None:
    async def handler() -> list[int]:
        lock = asyncio.Lock()

        async def one(number: int) -> int:
            async with lock:
                await asyncio.sleep(0)
                return number

        return list(await asyncio.gather(*(one(number) for number in range(4))))

    assert await run(handler) == [0, 1, 2, 3]


async def test_self_cancel_before_the_first_await(run: Run) -> None:
    async def handler() -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            task.uncancel()
            await asyncio.sleep(0)
            return f"cancelled, {task.cancelling()}"
        return "no"

    assert await run(handler) == "cancelled, 0"


async def test_cancelling_the_returned_task_cancels_the_handler(inline: Dispatcher) -> None:
    seen: list[str] = []

    async def handler() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    for _ in range(2):
        owner = Recorder(handler)
        task = await in_callback(lambda owner=owner: inline.dispatch(owner))
        await asyncio.sleep(0)
        task.cancel()
        assert isinstance(await owner.done, asyncio.CancelledError)
    assert seen == ["cancelled", "cancelled"]


async def test_cancelled_in_the_turn_of_the_loop_that_dispatched(inline: Dispatcher) -> None:
    async def handler() -> None:
        await asyncio.Event().wait()

    owner = Recorder(handler)

    def dispatch_and_cancel() -> None:
        task = inline.dispatch(owner)
        assert task is not None
        task.cancel()

    await in_callback(dispatch_and_cancel)
    assert isinstance(await owner.done, asyncio.CancelledError)


async def test_a_burst_of_suspending_handlers(inline: Dispatcher) -> None:
    async def handler(number: int) -> tuple[int, bool]:
        task = asyncio.current_task()
        await asyncio.sleep(0)
        return number, task is asyncio.current_task()

    owners = [Recorder(partial(handler, number)) for number in range(50)]

    def dispatch_all() -> None:
        for owner in owners:
            inline.dispatch(owner)

    await in_callback(dispatch_all)
    assert [await owner.done for owner in owners] == [(number, True) for number in range(50)]


@pytest.mark.parametrize("suspend", [False, True])
async def test_context_variables_never_reach_the_next_request(run: Run, suspend: bool) -> None:
    async def handler() -> str:
        before = VARIABLE.get()
        VARIABLE.set("leaked")
        if suspend:
            await asyncio.sleep(0)
            assert VARIABLE.get() == "leaked"
        return before

    assert [await run(handler) for _ in range(4)] == ["pristine"] * 4


async def test_a_task_that_somebody_kept_serves_no_other_request(inline: Dispatcher) -> None:
    kept: list[Any] = []

    async def keeper() -> None:
        kept.append(asyncio.current_task())

    async def victim() -> Any:
        return asyncio.current_task()

    await in_callback(lambda: inline.dispatch(Recorder(keeper)))
    owner = Recorder(victim)
    await in_callback(lambda: inline.dispatch(owner))
    assert await owner.done is not kept[0]


@pytest.mark.parametrize("suspend", [False, True])
async def test_what_is_kept_by_a_weak_reference_to_the_task_reaches_no_other_request(
    run: Run, suspend: bool
) -> None:
    kept: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    async def handler() -> int | None:
        task = asyncio.current_task()
        before = kept.get(task)
        kept[task] = 1
        if suspend:
            await asyncio.sleep(0)
        return before

    assert [await run(handler) for _ in range(4)] == [None] * 4


@pytest.mark.parametrize("suspend", [False, True])
async def test_a_name_given_to_the_task_reaches_no_other_request(run: Run, suspend: bool) -> None:
    async def handler() -> str:
        task = asyncio.current_task()
        assert task is not None
        before = task.get_name()
        task.set_name("mine")
        if suspend:
            await asyncio.sleep(0)
        return before

    assert "mine" not in [await run(handler) for _ in range(4)]


@pytest.mark.parametrize("suspend", [False, True])
async def test_done_callbacks_of_the_task_are_called_when_the_handler_has_returned(
    run: Run, suspend: bool
) -> None:
    async def handler() -> "asyncio.Future[Any]":
        done = asyncio.get_running_loop().create_future()
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda task: done.set_result(None))
        if suspend:
            await asyncio.sleep(0)
        return done

    for _ in range(4):
        called = await run(handler)
        for _ in range(5):
            await asyncio.sleep(0)
        assert called.done()


async def test_one_worker_serves_many_requests(inline: Dispatcher) -> None:
    async def handler() -> int:
        return id(asyncio.current_task())

    seen = set()
    for _ in range(5):
        owner = Recorder(handler)
        await in_callback(lambda owner=owner: inline.dispatch(owner))
        seen.add(await owner.done)
    assert len(seen) == 1


async def test_dispatch_from_inside_a_task(dispatcher: Dispatcher) -> None:
    async def handler() -> str:
        await asyncio.sleep(0)
        return "fine"

    owner = Recorder(handler)
    dispatcher.dispatch(owner)
    assert await owner.done == "fine"


async def test_async_generators_and_iteration(run: Run) -> None:
    async def numbers() -> Any:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    async def handler() -> list[int]:
        return [number async for number in numbers()]

    assert await run(handler) == [0, 1, 2]


async def test_a_custom_task_factory_gets_a_task_for_each_request() -> None:
    loop = asyncio.get_running_loop()

    class OwnTask(asyncio.tasks._PyTask):  # type: ignore[name-defined, misc]
        pass

    def factory(loop: Any, coro: Any, **options: Any) -> Any:
        return OwnTask(coro, loop=loop, **options)

    async def handler() -> str:
        await asyncio.sleep(0)
        return type(asyncio.current_task()).__name__

    loop.set_task_factory(factory)
    try:
        dispatcher = Dispatcher(loop, inline=True)
        for _ in range(3):
            owner = Recorder(handler)
            await in_callback(lambda owner=owner: dispatcher.dispatch(owner))
            assert await owner.done == "OwnTask"
        dispatcher.close()
    finally:
        loop.set_task_factory(None)


@pytest.mark.parametrize("suspend", [False, True])
async def test_what_an_owner_wants_next_runs_in_the_same_task(
    inline: Dispatcher, suspend: bool
) -> None:
    seen: list[Any] = []

    async def step() -> str:
        if suspend:
            await asyncio.sleep(0)
        seen.append((asyncio.current_task(), VARIABLE.get()))
        VARIABLE.set(f"step {len(seen)}")
        return "next"

    class Insatiable(Recorder):
        def finished(self, result: Any, error: BaseException | None) -> Any:
            assert result == "next"
            return step() if len(seen) < 3 else super().finished(result, error)

    owner = Insatiable(step)
    await in_callback(lambda: inline.dispatch(owner))
    await owner.done
    assert len({task for task, _ in seen}) == 1
    assert [value for _, value in seen] == ["pristine", "step 1", "step 2"]


async def test_awaitables_that_are_no_coroutines(run: Run) -> None:
    class Done:
        def __await__(self) -> Any:
            yield from asyncio.sleep(0).__await__()
            return "done"

    async def plain() -> str:
        return "plain"

    assert await run(Done) == "done"
    assert await run(lambda: asyncio.ensure_future(plain())) == "plain"


async def test_a_start_that_raises(run: Run) -> None:
    def fail() -> Any:
        raise LookupError("before there was a coroutine")

    with pytest.raises(LookupError):
        await run(fail)


async def test_nothing_is_left_behind() -> None:
    before = asyncio.all_tasks()
    dispatcher = Dispatcher(asyncio.get_running_loop(), inline=True)

    async def handler() -> None:
        await asyncio.sleep(0)

    owner = Recorder(handler)
    await in_callback(lambda: dispatcher.dispatch(owner))
    await owner.done
    dispatcher.close()
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_steps_that_are_timed_are_cancelled_and_raise_as_always() -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = inf
    separate = Dispatcher(loop)

    async def waits() -> None:
        await asyncio.get_running_loop().create_future()

    owner = Recorder(waits)
    task = separate.dispatch(owner)
    assert task is not None
    await asyncio.sleep(0)
    task.cancel()
    assert isinstance(await owner.done, asyncio.CancelledError)

    async def raises() -> None:
        await asyncio.sleep(0)
        raise LookupError

    owner = Recorder(raises)
    separate.dispatch(owner)
    with pytest.raises(LookupError):
        await owner.done
    assert not owner.held
    loop.slow_callback_duration = -1.0
    owner = Recorder(raises)
    separate.dispatch(owner)
    with pytest.raises(LookupError):
        await owner.done
    loop.slow_callback_duration = 60.0
    assert len(owner.held) == 2


@pytest.mark.parametrize("debug", [False, True])
async def test_cancelled_before_the_first_step_the_owner_is_told(debug: bool) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(debug)
    # No worker is parked: the first request has a Task of its own.
    dispatcher = Dispatcher(loop)
    owner = Recorder(lambda: asyncio.sleep(0))
    dispatcher.dispatch(owner).cancel()  # type: ignore[union-attr]
    async with asyncio.timeout(10):
        assert isinstance(await owner.done, asyncio.CancelledError)
    dispatcher.close()
