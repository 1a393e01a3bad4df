"""Calls that block the loop are told, with their places."""

import asyncio
import logging
import time
from pathlib import Path

import pytest
from aiolos_protocol.errors import MissingDistribution
from aiolos_testing import Blocked, BlockingCheck

pytest_plugins = ["pytester"]


def block() -> None:
    time.sleep(0)


def called() -> None:
    block()


async def test_a_blocking_call_is_an_error_where_it_is_made() -> None:
    with pytest.raises(Exception, match=r"Blocking call to time\.sleep") as caught:
        with BlockingCheck():
            block()
    (note,) = caught.value.__notes__
    assert note.startswith("the loop was blocked by\ntime.sleep\n")
    block()


async def test_a_blocking_call_is_told_where_nobody_looks_at_the_error() -> None:
    async def handler() -> None:
        called()

    with pytest.raises(Blocked) as caught:
        with BlockingCheck():
            await asyncio.gather(asyncio.create_task(handler()), return_exceptions=True)
    intro, call, *places, advice = str(caught.value).splitlines()
    assert (intro, call) == ("the loop was blocked by", "time.sleep")
    assert [place.partition(" in ")[2] for place in places] == [
        "block: time.sleep(0)",
        "called: block()",
        "handler: called()",
    ]
    assert all(place.startswith(f"  at {__file__}:") for place in places)
    assert "asyncio.to_thread(function)" in advice


async def test_what_the_standard_library_does_in_between_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    def read() -> None:
        (tmp_path / "file").read_text()

    async def handler() -> None:
        read()

    with pytest.raises(Blocked) as caught:
        with BlockingCheck():
            await asyncio.gather(asyncio.create_task(handler()), return_exceptions=True)
    _, call, *places, _ = str(caught.value).splitlines()
    assert call.startswith("io.")
    assert "in read: " in places[-2]
    assert "in handler: read()" in places[-1]


async def test_what_logging_writes_is_not_told(tmp_path: Path) -> None:
    logger = logging.getLogger("of this test")
    handler = logging.FileHandler(tmp_path / "log")
    logger.addHandler(handler)
    with BlockingCheck():
        logger.error("written")
    logger.removeHandler(handler)
    handler.close()
    assert (tmp_path / "log").read_text() == "written\n"


async def test_another_failure_gets_it_as_a_note() -> None:
    async def fail() -> None:
        await asyncio.to_thread(block)
        with pytest.raises(Exception, match="Blocking call"):
            block()
        raise LookupError

    with pytest.raises(LookupError) as caught:
        with BlockingCheck():
            await fail()
    assert len(caught.value.__notes__) == 1


async def test_what_was_checked_is_not_told_again() -> None:
    with BlockingCheck() as blocking:
        for _ in range(2):
            with pytest.raises(Exception, match="Blocking call"):
                block()
        with pytest.raises(Blocked) as caught:
            blocking.check()
    assert str(caught.value).count("time.sleep\n") == 2


def test_it_needs_blockbuster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "blockbuster", None)
    with pytest.raises(MissingDistribution, match="no_blocking needs .*pip install blockbuster"):
        BlockingCheck()


def test_the_fixture(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
import asyncio
import time

async def handler():
    time.sleep(0)

async def served():
    await asyncio.gather(handler(), return_exceptions=True)

async def test_direct(no_blocking):
    time.sleep(0)

async def test_seen_by_nobody(no_blocking):
    await served()

async def test_that_fails_therefore(no_blocking):
    await served()
    assert 200 == 500

async def test_that_waits(no_blocking):
    await asyncio.to_thread(time.sleep, 0)
"""
    )
    result = pytester.runpytest_subprocess("-p", "aiolos_testing.pytest_plugin")
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            "*_ test_direct _*",
            "*BlockingError: Blocking call to time.sleep*",
            "*_ test_seen_by_nobody _*",
            "*Blocked: the loop was blocked by*",
            "*time.sleep*",
            "*at */test_the_fixture.py:5 in handler: time.sleep(0)",
            "*_ test_that_fails_therefore _*",
            "*assert 200 == 500*",
            "*the loop was blocked by*",
            "*at */test_the_fixture.py:5 in handler: time.sleep(0)",
        ]
    )
