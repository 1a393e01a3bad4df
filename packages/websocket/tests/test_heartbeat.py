"""Alarms and heartbeats, by a clock that is wound by hand."""

import asyncio
import gc

from aiolos_protocol.testkit import ManualClock
from aiolos_websocket.heartbeat import Alarm, Heartbeat, clock_of


class Log(list):
    def of(self, word):
        return lambda: self.append(word)


async def test_an_alarm_rings_once():
    clock, log = ManualClock(), Log()
    alarm = Alarm(asyncio.get_running_loop(), clock, log.of("ring"))
    alarm.set(5)
    clock.advance(4.9)
    assert log == []
    clock.advance(0.1)
    clock.advance(5)
    assert log == ["ring"]
    assert clock.watched == 0


async def test_an_alarm_may_be_set_anew_and_cleared():
    clock, log = ManualClock(), Log()
    alarm = Alarm(asyncio.get_running_loop(), clock, log.of("ring"))
    alarm.set(5)
    alarm.set(9)
    clock.advance(8)
    alarm.clear()
    alarm.clear()
    clock.advance(8)
    assert log == []
    assert clock.watched == 0


async def test_less_than_a_second_is_exact():
    clock, rung = ManualClock(), asyncio.Event()
    alarm = Alarm(asyncio.get_running_loop(), clock, rung.set)
    alarm.set(0.001)
    assert clock.watched == 0
    await rung.wait()
    alarm.set(0.5)
    alarm.clear()


async def test_silence_is_met_with_a_ping_and_then_told():
    clock, log = ManualClock(), Log()
    loop = asyncio.get_running_loop()
    heartbeat = Heartbeat(loop, clock, 10, log.of("ping"), log.of("silent"), lambda: 0)
    heartbeat.start()
    clock.advance(9)
    assert log == []
    clock.advance(1)
    assert log == ["ping"]
    clock.advance(4)
    assert log == ["ping"]
    clock.advance(1)
    assert log == ["ping", "silent"]
    clock.advance(100)
    assert log == ["ping", "silent"]
    assert clock.watched == 0


async def test_whatever_is_heard_counts_as_life():
    clock, log = ManualClock(), Log()
    loop = asyncio.get_running_loop()
    heartbeat = Heartbeat(loop, clock, 10, log.of("ping"), log.of("silent"), lambda: 0)
    heartbeat.start()
    for _ in range(3):
        clock.advance(6)
        heartbeat.hear()
        clock.advance(3)
    assert log == []
    # Ten seconds behind what was heard last, and not behind the last look.
    clock.advance(6)
    assert log == []
    clock.advance(1)
    assert log == ["ping"]
    heartbeat.hear()
    clock.advance(5)
    clock.advance(4)
    assert log == ["ping"]
    clock.advance(1)
    assert log == ["ping", "ping"]
    heartbeat.stop()
    clock.advance(100)
    assert log == ["ping", "ping"]


async def test_who_reads_has_not_come_to_the_ping_yet():
    clock, log, unsent = ManualClock(), Log(), 900
    loop = asyncio.get_running_loop()
    heartbeat = Heartbeat(loop, clock, 10, log.of("ping"), log.of("silent"), lambda: unsent)
    heartbeat.start()
    clock.advance(10)
    for _ in range(3):
        unsent -= 300
        clock.advance(5)
    assert log == ["ping"]
    # Half an interval later it must have come to the ping.
    clock.advance(5)
    assert log == ["ping", "silent"]
    assert clock.watched == 0


async def test_a_peer_that_stops_reading_is_silent():
    clock, log, unsent = ManualClock(), Log(), 900
    loop = asyncio.get_running_loop()
    heartbeat = Heartbeat(loop, clock, 10, log.of("ping"), log.of("silent"), lambda: unsent)
    heartbeat.start()
    clock.advance(10)
    unsent -= 300
    clock.advance(5)
    # As much as it read we have sent since.
    clock.advance(5)
    assert log == ["ping", "silent"]


async def test_that_the_ping_goes_out_is_no_sign_of_life():
    clock, log, unsent = ManualClock(), Log(), 0
    loop = asyncio.get_running_loop()

    def ping():
        nonlocal unsent
        unsent += 6

    heartbeat = Heartbeat(loop, clock, 10, ping, log.of("silent"), lambda: unsent)
    heartbeat.start()
    clock.advance(10)
    unsent = 0
    clock.advance(5)
    assert log == ["silent"]


async def test_a_heartbeat_of_less_than_a_second_has_timers_of_its_own():
    clock, log, pinged = ManualClock(), Log(), asyncio.Event()
    loop = asyncio.get_running_loop()
    heartbeat = Heartbeat(loop, clock, 0.02, pinged.set, log.of("silent"), lambda: 0)
    begun = loop.time()
    heartbeat.start()
    while loop.time() < begun + 0.01:
        await asyncio.sleep(0)
    heartbeat.hear()
    heard = loop.time()
    await pinged.wait()
    assert loop.time() >= heard + 0.02
    while not log:
        await asyncio.sleep(0.001)
    assert clock.watched == 0


async def test_one_clock_for_all_of_a_loop_while_anybody_needs_it():
    loop = asyncio.get_running_loop()
    clock = clock_of(loop)
    assert clock_of(loop) is clock
    other = asyncio.new_event_loop()
    try:
        assert clock_of(other) is not clock
    finally:
        other.close()
    clock.date = b"mine"
    del clock
    gc.collect()
    assert clock_of(loop).date != b"mine"
