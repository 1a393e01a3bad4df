"""The memory that compression windows take."""

import asyncio
import ctypes
import sys
import zlib
from pathlib import Path

import pytest
from aiolos_websocket.deflate import Deflater
from aiolos_websocket.windows import Windows, windows_of


def used(windows, *deflaters):
    for deflater in deflaters:
        deflater.deflate(b"abc" * 100)
        windows.used(deflater)


def test_the_one_that_was_used_the_longest_time_ago_is_given_back():
    one, two, three = (Deflater(12, True) for _ in range(3))
    windows = Windows(budget=2 * one.footprint)
    used(windows, one, two)
    assert windows.size == 2 * one.footprint
    used(windows, one, three)
    assert [each.holds_window for each in (one, two, three)] == [True, False, True]
    used(windows, two)
    assert [each.holds_window for each in (one, two, three)] == [False, True, True]
    assert windows.size == 2 * one.footprint


def test_what_is_given_back_counts_no_more():
    deflater = Deflater(15, True)
    windows = Windows()
    used(windows, deflater)
    windows.release(deflater)
    windows.release(deflater)
    assert not deflater.holds_window
    assert windows.size == 0


def test_one_may_be_larger_than_the_budget():
    deflater = Deflater(15, True)
    windows = Windows(budget=1)
    used(windows, deflater)
    assert deflater.holds_window


@pytest.mark.parametrize(("window", "size"), [(9, 10_000), (12, 38_000), (15, 270_000)])
def test_about_as_much_as_zlib_takes(window, size):
    assert size * 0.9 < Deflater(window, True).footprint < size * 1.1


async def test_one_budget_for_all_of_a_loop_while_anybody_needs_it():
    loop = asyncio.get_running_loop()
    windows = windows_of(loop)
    assert windows_of(loop) is windows
    used(windows, Deflater(9, True))
    assert windows.size
    del windows
    assert windows_of(loop).size == 0


async def test_the_system_is_told_of_many_idle_windows_once():
    told = []
    windows = Windows(asyncio.get_running_loop(), trim=lambda: told.append(windows.size))
    deflaters = [Deflater(12, True) for _ in range(20)]
    for _ in range(2):
        told.clear()
        used(windows, *deflaters)
        size = windows.size
        for deflater in deflaters[:6]:
            windows.release_idle(deflater)
        await asyncio.sleep(0)
        # Less than 256 KiB.
        assert told == []
        for deflater in deflaters:
            windows.release_idle(deflater)
        assert told == []
        await asyncio.sleep(0)
        assert told == [0]
        assert size == 20 * deflaters[0].footprint
    windows.release_idle(deflaters[0])
    await asyncio.sleep(0)
    assert told == [0]


async def test_who_is_busy_is_not_kept_by_telling_the_system():
    told = []
    windows = Windows(asyncio.get_running_loop(), budget=1, trim=lambda: told.append(True))
    used(windows, *(Deflater(12, True) for _ in range(20)))
    await asyncio.sleep(0)
    assert told == []


def own_memory():
    """How many KiB belong to this process alone."""
    with Path("/proc/self/smaps_rollup").open() as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="only glibc can be told",
)
async def test_the_memory_of_idle_windows_is_the_systems():
    windows = Windows(asyncio.get_running_loop())
    deflaters, between = [], []
    for _ in range(300):
        deflaters.append(Deflater(12, True))
        used(windows, deflaters[-1])
        # What lives on between them.
        between.append(zlib.decompressobj(-12))
        between[-1].decompress(b"\x03\x00")
    before, held = own_memory(), windows.size
    for deflater in deflaters:
        windows.release_idle(deflater)
    await asyncio.sleep(0)
    assert (before - own_memory()) * 1024 > held / 2
