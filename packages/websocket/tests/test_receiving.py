"""How Tasks, and drivers of coroutines, wait for messages; compiled and not."""

import asyncio

import pytest
from aiolos_protocol.websocket import WSMsgType
from aiolos_websocket import pyreceiving
from aiolos_websocket import receiving as module
from aiolos_websocket.frames import BINARY, TEXT


async def turn():
    """Let the loop go on, until nothing is left to do."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture(params={module.receive, pyreceiving.receive}, ids=lambda twin: twin.__module__)
def receive(request):
    return request.param


@pytest.fixture(params={module.iterate, pyreceiving.iterate}, ids=lambda twin: twin.__module__)
def iterate(request):
    return request.param


class Driver:
    """Steps a coroutine without a Task, for whoever drives as aiolos_protocol.driving has it."""

    def __init__(self, coroutine):
        self.coroutine = coroutine
        self.busy = False
        self.steps = 0
        self.result = None

    def step(self):
        if self.busy:
            return False
        self.steps += 1
        try:
            self.coroutine.send(None).driven_by(self)
        except StopIteration as stop:
            self.result = stop.value
        return True


driven = pytest.mark.skipif(
    module.receive is pyreceiving.receive, reason="coroutines of plain Python are not driven"
)


async def receive_one(engine):
    return (await engine.receive()).data


async def test_a_message_that_is_there(end, receive):
    one = end()
    one.receive(TEXT, b"a")
    one.receive(BINARY, b"b")
    assert (await receive(one.engine, None)).data == "a"
    assert (await receive(one.engine, 10)).data == b"b"


async def test_a_task_that_waits(end, receive):
    one = end()
    for text in ("first", "second"):
        task = asyncio.ensure_future(receive(one.engine, None))
        await turn()
        assert not task.done()
        one.receive(TEXT, text.encode())
        assert (await task).data == text


async def test_a_task_that_iterates(end, iterate):
    one = end()
    heard = []

    async def consume():
        async for message in iterate(one.engine):
            heard.append(message.data)

    task = asyncio.create_task(consume())
    for number in range(40):
        if number % 3:
            await turn()
        one.receive(TEXT, b"%d" % number)
    await turn()
    one.transport.lose()
    await task
    assert heard == [str(number) for number in range(40)]


async def test_a_task_is_cancelled_and_another_waits(end, receive):
    one = end()
    task = asyncio.create_task(receive(one.engine, None))
    await turn()
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await task
    following = asyncio.create_task(receive(one.engine, None))
    await turn()
    one.receive(TEXT, b"a")
    assert (await following).data == "a"


async def test_a_message_and_a_cancellation_in_one_turn(end, receive):
    one = end()
    task = asyncio.create_task(receive(one.engine, None))
    await turn()
    one.receive(TEXT, b"a")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # It was not given to anybody.
    assert (await receive(one.engine, None)).data == "a"
    task = asyncio.create_task(receive(one.engine, None))
    await turn()
    task.cancel()
    one.receive(TEXT, b"b")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await receive(one.engine, None)).data == "b"


async def test_wait_for_and_timeout(end, receive):
    one = end()
    for _ in range(20):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(one.engine, None), 0.001)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await receive(one.engine, None)
    one.receive(TEXT, b"a")
    assert (await asyncio.wait_for(receive(one.engine, None), 1)).data == "a"


async def test_only_one_at_a_time(end, receive):
    one = end()
    task = asyncio.create_task(receive(one.engine, None))
    await turn()
    with pytest.raises(RuntimeError, match="another task is receiving"):
        await receive(one.engine, None)
    one.receive(TEXT, b"a")
    assert (await task).data == "a"


async def test_what_was_awaited_is_not_awaited_again(end, receive):
    one = end()
    one.receive(TEXT, b"a")
    receiving = receive(one.engine, None)
    assert (await receiving).data == "a"
    one.receive(TEXT, b"b")
    with pytest.raises(RuntimeError, match="await"):
        await receiving
    assert (await receive(one.engine, None)).data == "b"


async def test_what_is_closed_waits_no_more(end, receive):
    one = end()
    receiving = receive(one.engine, None)
    receiving.send(None)
    receiving.close()
    following = receive(one.engine, None)
    following.send(None)
    with pytest.raises(LookupError, match="thrown"):
        following.throw(LookupError("thrown"))
    with pytest.raises(LookupError):
        receive(one.engine, None).throw(LookupError)
    one.receive(TEXT, b"a")
    assert (await receive(one.engine, None)).data == "a"


async def test_nobody_awaits_what_was_never_begun(end, iterate):
    one = end()
    steps = iterate(one.engine)
    first, second = steps.__anext__(), steps.__anext__()
    one.receive(TEXT, b"a")
    one.receive(TEXT, b"b")
    assert (await second).data == "a"
    assert (await first).data == "b"


async def test_the_end_while_somebody_waits(end, receive, iterate):
    one = end()
    task = asyncio.create_task(receive(one.engine, None))
    await turn()
    one.receive(8, b"\x03\xe8")
    assert (await task).type is WSMsgType.CLOSE
    assert (await receive(one.engine, None)).type is not WSMsgType.TEXT
    with pytest.raises(StopAsyncIteration):
        await iterate(one.engine).__anext__()
    another = end()
    step = asyncio.ensure_future(iterate(another.engine).__anext__())
    await turn()
    another.transport.lose()
    with pytest.raises(StopAsyncIteration):
        await step


async def test_the_options_receive_timeout(end, iterate):
    one = end(receive_timeout=0.001)
    with pytest.raises(TimeoutError):
        await iterate(one.engine).__anext__()


@driven
async def test_who_drives_is_called_where_the_message_was_read(end):
    one = end()

    async def consume():
        return [message.data async for message in one.engine]

    driver = Driver(consume())
    driver.step()
    for number in range(1, 40):
        one.receive(TEXT, b"a")
        assert driver.steps == number + 1
    one.transport.lose()
    await turn()
    assert driver.result == ["a"] * 39


@driven
async def test_who_cannot_be_driven_now_is_asked_again(end):
    one = end()
    driver = Driver(receive_one(one.engine))
    driver.step()
    driver.busy = True
    one.receive(TEXT, b"a")
    await turn()
    assert driver.steps == 1
    driver.busy = False
    await turn()
    assert driver.result == "a"


@driven
async def test_who_goes_on_by_other_means_is_not_driven(end):
    one = end()
    driver = Driver(receive_one(one.engine))
    driver.step()
    driver.busy = True
    one.receive(TEXT, b"a")
    with pytest.raises(LookupError):
        driver.coroutine.throw(LookupError())
    driver.busy = False
    await turn()
    assert driver.steps == 1
    assert (await one.engine.receive()).data == "a"


@driven
async def test_a_task_is_given_a_future_and_drivers_are_found_again(end):
    one = end()
    for _ in range(3):
        task = asyncio.create_task(receive_one(one.engine))
        await turn()
        one.receive(TEXT, b"a")
        assert await task == "a"

    # Among sixteen waits there is one by which a driver shows itself.
    found = False
    for _ in range(20):
        steps = one.engine.__aiter__().__anext__()
        found = found or hasattr(steps.send(None), "driven_by")
        steps.close()
    assert found
