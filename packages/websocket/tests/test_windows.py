"""The memory that compression windows take."""

import asyncio

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
