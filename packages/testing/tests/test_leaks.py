"""What a test leaves behind is named."""

import asyncio
import gc
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiolos_protocol.payload import AsyncIterablePayload
from aiolos_testing.leaks import LeakCheck, Leaked
from aiolos_testing.memory import join

pytest_plugins = ["pytester"]


def opened(path: str) -> Any:
    return Path(path).open("rb")


async def test_nothing_left_is_nothing_told() -> None:
    kept = socket.socket()
    check = LeakCheck()
    with socket.socket():
        pass
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    await check.check()
    kept.close()


async def test_a_task_that_ends_in_a_moment_is_none() -> None:
    check = LeakCheck()
    task = asyncio.create_task(asyncio.sleep(0))
    await check.check()
    assert task.done()


async def test_a_task_is_named() -> None:
    check = LeakCheck()
    task = asyncio.create_task(asyncio.Event().wait(), name="endless")
    with pytest.raises(Leaked, match="a task runs: .*endless.*; await it, or cancel and await it"):
        await check.check()
    task.cancel()
    await check.check()


async def test_a_socket_is_named() -> None:
    check = LeakCheck()
    with socket.socket() as sock:
        with pytest.raises(Leaked, match=f"a socket is open: .*fd={sock.fileno()}"):
            await check.check()
    await check.check()


async def test_a_file_is_named() -> None:
    check = LeakCheck()
    with opened(__file__):
        with pytest.raises(Leaked, match="a file is open: .*test_leaks.py"):
            await check.check()
    await check.check()


async def test_a_payload_that_was_not_sent_whole_is_named() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    class Collects:
        async def write(self, data: bytes) -> None:
            pass

    class Fails:
        async def write(self, data: bytes) -> None:
            raise ConnectionResetError

    check = LeakCheck()
    sent, begun = AsyncIterablePayload(pieces()), AsyncIterablePayload(pieces())
    await sent.write(Collects())
    with pytest.raises(ConnectionResetError):
        await begun.write(Fails())
    with pytest.raises(Leaked, match="AsyncIterablePayload.* was not sent whole") as caught:
        await check.check()
    assert str(caught.value).count("was not sent whole") == 1
    await begun._value.aclose()
    await check.check()


async def test_a_task_that_speaks_of_run_until_complete_is_named() -> None:
    async def run_until_complete_helper() -> None:
        await asyncio.sleep(100)

    check = LeakCheck()
    task = asyncio.create_task(run_until_complete_helper())
    with pytest.raises(Leaked, match="run_until_complete_helper"):
        await check.check()
    task.cancel()


def test_a_server_that_listens_on_uvloop_is_named(uvloop: Any) -> None:
    async def main() -> None:
        check = LeakCheck()
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        try:
            with pytest.raises(Leaked, match="a server listens: .*; close it"):
                await check.check()
        finally:
            server.close()
        await check.check()

    uvloop.run(main())


async def test_a_connection_in_memory_is_named() -> None:
    class End(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

    check = LeakCheck()
    one, other = End(), End()
    join(asyncio.get_running_loop(), one, other)
    with pytest.raises(Leaked, match="a connection in memory is open"):
        await check.check()
    one.transport.close()
    await check.check()


def test_the_fixtures(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
import asyncio
import gc
import re
import socket
import pytest

kept = []

async def test_clean(no_leaks):
    pass

async def test_task(no_leaks):
    kept.append(asyncio.create_task(asyncio.Event().wait()))

async def test_socket_that_is_collected(no_leaks):
    socket.socket()

@pytest.fixture
async def opened():
    with socket.socket() as sock:
        yield sock

async def test_what_another_fixture_closes(no_leaks, opened):
    pass

async def test_what_our_fixtures_close(fake_server, no_leaks):
    fake_server.get("/")
"""
    )
    result = pytester.runpytest_subprocess("-p", "aiolos_testing.pytest_plugin")
    result.assert_outcomes(passed=4, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_task*",
            "*left behind by this test*",
            "*_ test_socket_that_is_collected _*",
            "*ResourceWarning: unclosed <socket*",
        ]
    )


async def test_checks_may_be_within_one_another() -> None:
    outer = LeakCheck()
    first = socket.socket()
    inner = LeakCheck()
    await inner.check()
    second = socket.socket()
    for check, fds in ((inner, {second.fileno()}), (outer, {first.fileno(), second.fileno()})):
        for _ in range(2):
            with pytest.raises(Leaked) as caught:
                await check.check()
            assert set(map(int, re.findall(r"fd=(\d+)", str(caught.value)))) == fds
    first.close()
    second.close()
    await inner.check()
    await outer.check()


async def test_what_was_there_is_set_aside_and_comes_back() -> None:
    # Checks of other tests, which pytest keeps with their errors.
    gc.unfreeze()
    check = LeakCheck()
    assert gc.get_freeze_count() > 0
    await check.check()
    check.close()
    check.close()
    assert gc.get_freeze_count() == 0
    check = LeakCheck()
    del check
    assert gc.get_freeze_count() == 0


async def test_garbage_from_before_may_hold_what_is_open() -> None:
    class Holder:
        held: Any = None

    holder = Holder()
    holder.itself = holder  # type: ignore[attr-defined]
    check = LeakCheck()
    holder.held = socket.socket()
    fd = holder.held.fileno()
    del holder
    with pytest.warns(ResourceWarning, match=f"fd={fd}"):
        await check.check()
