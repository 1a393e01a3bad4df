"""Time that passes only while everybody waits."""

import asyncio
import socket
import threading
import time
from typing import Any

import pytest
from aiolos_testing import VirtualClock


async def test_waiting_takes_no_time() -> None:
    started = time.perf_counter()
    with VirtualClock() as clock:
        await asyncio.sleep(3600)
        assert clock.elapsed == pytest.approx(3600)
        await clock.advance(60)
        assert clock.elapsed == pytest.approx(3660)
    assert time.perf_counter() - started < 60


async def test_time_stands_still_while_there_is_work() -> None:
    loop = asyncio.get_running_loop()
    with VirtualClock() as clock:
        before = loop.time()
        for _ in range(100):
            await asyncio.sleep(0)
        assert loop.time() == before == clock.time()


async def test_timers_fire_in_order() -> None:
    order: list[int] = []

    async def after(seconds: int) -> None:
        await asyncio.sleep(seconds)
        order.append(seconds)

    with VirtualClock() as clock:
        await asyncio.gather(after(30), after(10), after(20))
        assert clock.elapsed == pytest.approx(30)
    assert order == [10, 20, 30]


async def test_timeouts_end_what_does_not_come() -> None:
    with VirtualClock() as clock:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(300):
                await asyncio.Event().wait()
        assert clock.elapsed == pytest.approx(300)


async def test_bytes_on_sockets_arrive_before_a_timeout() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with VirtualClock() as clock:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(20):
            writer.write(b"x" * 1000)
            async with asyncio.timeout(1000):
                assert await reader.readexactly(1000) == b"x" * 1000
        assert clock.elapsed < 1000
        writer.close()
        await writer.wait_closed()
    server.close()
    await server.wait_closed()


async def test_threads_are_waited_for() -> None:
    gate = threading.Event()
    loop = asyncio.get_running_loop()
    with VirtualClock() as clock:
        work = loop.run_in_executor(None, gate.wait)
        await asyncio.sleep(0)
        # Real time: the thread is woken by another one, not by the loop.
        threading.Timer(0.05, gate.set).start()
        async with asyncio.timeout(1):
            assert await work
        assert clock.elapsed == 0
        await asyncio.sleep(1)
        assert clock.elapsed == pytest.approx(1)


async def test_time_does_not_go_back_behind_it() -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    fired = asyncio.Event()
    with VirtualClock():
        await asyncio.sleep(1000)
        loop.call_later(0.01, fired.set)
    assert loop.time() - before > 1000
    await fired.wait()
    with VirtualClock() as clock:
        await asyncio.sleep(1000)
        assert clock.elapsed == pytest.approx(1000)
    assert loop.time() - before > 2000


def test_waiting_for_ever_is_told() -> None:
    async def main() -> None:
        with VirtualClock(limit=10):
            while True:
                await asyncio.sleep(1)

    loop = asyncio.new_event_loop()
    task = loop.create_task(main())
    with pytest.raises(
        RuntimeError, match="10 virtual seconds have passed: the test waits for what"
    ):
        loop.run_until_complete(task)
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    loop.close()


async def test_one_clock_is_enough() -> None:
    with VirtualClock(), pytest.raises(RuntimeError, match="has a virtual clock already"):
        VirtualClock().__enter__()


def test_another_loop_is_refused(uvloop: Any) -> None:
    loop = uvloop.new_event_loop()
    try:
        with pytest.raises(RuntimeError, match=r"asyncio's own event loop, not uvloop\.Loop"):
            VirtualClock(loop)
    finally:
        loop.close()


def test_waiting_for_what_cannot_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiolos_testing.virtual_clock.PATIENCE", 0.01)

    async def main() -> None:
        with VirtualClock():
            await asyncio.sleep(10)
            assert await asyncio.to_thread(int, "3") == 3
            await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nothing is left that the test could wait for"):
        asyncio.run(main())


async def test_an_idle_socket_is_waited_for_a_while_and_not_for_ever(monkeypatch: Any) -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    came: list[bytes] = []
    loop.add_reader(ours, lambda: came.append(ours.recv(10)))
    real: Any = loop
    selector, waits = real._selector, []
    select = selector.select
    with VirtualClock() as clock:
        monkeypatch.setattr(
            selector, "select", lambda seconds: (waits.append(seconds), select(seconds))[1]
        )
        for _ in range(200):
            await asyncio.sleep(1)
        assert clock.elapsed == 200
        assert 0 < sum(seconds > 0 for seconds in waits) < 50
        theirs.send(b"news")
        waits.clear()
        await asyncio.sleep(1)
        # What comes is seen all the same, and then more is looked for.
        assert came == [b"news"]
        assert any(seconds > 0 for seconds in waits)
    loop.remove_reader(ours)
    ours.close()
    theirs.close()


async def test_it_is_advanced_in_its_block() -> None:
    clock = VirtualClock()
    with pytest.raises(RuntimeError, match="use it in its 'with' block"):
        await clock.advance(1)
    with clock, pytest.raises(TypeError, match="takes seconds, not '5'"):
        await clock.advance("5")  # type: ignore[arg-type]
