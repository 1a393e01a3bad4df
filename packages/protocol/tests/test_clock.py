"""Coarse time: what is watched, the tick, the Date line."""

import asyncio

import pytest
from aiolos_protocol.clock import NEVER, TICK, Clock
from aiolos_protocol.testkit import ManualClock


class Link:
    def __init__(self, deadline=NEVER, then=None):
        self.deadline = deadline
        self.then = then
        self.calls = 0

    def expired(self):
        self.calls += 1
        self.deadline = NEVER
        if self.then is not None:
            self.then()


class HandLoop(asyncio.SelectorEventLoop):
    """A loop whose time stands still; the clock's timer is called by hand."""

    def __init__(self):
        super().__init__()
        self.hand = 100.0
        self.timers = []
        self.failures = []
        self.set_exception_handler(lambda loop, context: self.failures.append(context))

    def time(self):
        return self.hand

    def call_later(self, delay, callback, *args, context=None):
        handle = super().call_later(1_000_000, callback, *args)
        self.timers.append((delay, callback, handle))
        return handle

    def tick(self, seconds=TICK):
        self.hand += seconds
        _, callback, handle = self.timers.pop()
        assert not handle.cancelled()
        callback()


@pytest.fixture
def loop():
    loop = HandLoop()
    yield loop
    loop.close()


def test_a_deadline_expires_at_a_tick_not_before(loop):
    clock = Clock(loop)
    late, early = Link(clock.now + 0.3), Link(clock.now + 0.2)
    clock.watch(late)
    clock.watch(early)
    loop.tick()
    assert (early.calls, late.calls) == (1, 0)
    loop.tick()
    assert (early.calls, late.calls) == (1, 1)
    assert clock.now == loop.hand


def test_there_is_one_timer_and_only_while_something_is_watched(loop):
    clock = Clock(loop)
    assert loop.timers == []
    links = [Link() for _ in range(3)]
    for link in links:
        clock.watch(link)
    assert [delay for delay, *_ in loop.timers] == [TICK]
    for link in links:
        clock.unwatch(link)
        clock.unwatch(link)
    assert loop.timers[0][2].cancelled()
    clock.watch(links[0])
    assert len(loop.timers) == 2
    clock.unwatch(links[0])


def test_now_is_fresh_when_watching_begins_anew(loop):
    clock = Clock(loop)
    loop.hand += 1000
    link = Link()
    clock.watch(link)
    assert clock.now == loop.hand
    clock.unwatch(link)


def test_what_is_no_longer_watched_is_not_told(loop):
    clock = Clock(loop)
    links = []
    for _ in range(2):
        links.append(Link(clock.now, then=lambda: [clock.unwatch(link) for link in links]))
        clock.watch(links[-1])
    loop.tick()
    assert sum(link.calls for link in links) == 1


def test_one_that_fails_does_not_stop_the_others(loop):
    clock = Clock(loop)

    def fail():
        raise ZeroDivisionError

    links = [Link(clock.now, then=fail), Link(clock.now, then=fail), Link(clock.now)]
    for link in links:
        clock.watch(link)
    loop.tick()
    assert [link.calls for link in links] == [1, 1, 1]
    assert [type(context["exception"]) for context in loop.failures] == [ZeroDivisionError] * 2
    for link in links:
        clock.unwatch(link)


def test_date_is_renewed_once_a_second(loop):
    wall = [784111777.5]
    clock = Clock(loop, lambda: wall[0])
    assert clock.date == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    date = clock.date
    link = Link()
    clock.watch(link)
    wall[0] += 0.25
    loop.tick()
    assert clock.date is date
    wall[0] += 0.25
    loop.tick()
    assert clock.date == b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
    clock.unwatch(link)


async def test_on_a_real_loop():
    loop = asyncio.get_running_loop()
    clock = Clock(loop)
    done = asyncio.Event()
    link = Link(clock.now, then=done.set)
    clock.watch(link)
    await done.wait()
    clock.unwatch(link)


def test_the_manual_clock():
    clock = ManualClock(784111777.0)
    link = Link(clock.now + 10)
    clock.watch(link)
    assert clock.watched == 1
    clock.advance(9.9)
    assert link.calls == 0
    clock.advance(0.1)
    assert link.calls == 1
    assert clock.date == b"Date: Sun, 06 Nov 1994 08:49:47 GMT\r\n"
    clock.unwatch(link)
    assert clock.watched == 0
