"""The hand-over: what a successor is told, and in which order."""

import asyncio

import pytest
from aiolos_protocol.testkit import MemoryTransport
from aiolos_protocol.upgrade import Handover


class Successor(asyncio.Protocol):
    def __init__(self, goes_on=False):
        self.calls = []
        self.goes_on = goes_on

    def connection_made(self, transport):
        self.calls.append(("made", transport))

    def data_received(self, data):
        self.calls.append(("data", data))

    def pause_writing(self):
        self.calls.append("paused")

    def resume_writing(self):
        self.calls.append("resumed")

    def connection_lost(self, exc):
        self.calls.append(("lost", exc))

    def eof_received(self):
        self.calls.append("end")
        return self.goes_on


def handover(transport, buffered=b"", writing_paused=False, reading_paused=False):
    return Handover(transport, buffered, writing_paused, reading_paused, lambda exc: None)


async def test_a_plain_one():
    transport = MemoryTransport(asyncio.get_running_loop())
    successor = Successor()
    handover(transport).attach(successor)
    assert transport.get_protocol() is successor
    assert successor.calls == [("made", transport)]


async def test_everything_in_order():
    transport = MemoryTransport(asyncio.get_running_loop())
    transport.pause_reading()
    successor = Successor()
    handover(transport, b"early", True, True).attach(successor)
    assert successor.calls == [("made", transport), "paused", ("data", b"early")]
    assert transport.is_reading()


async def test_reading_is_left_alone_where_nobody_paused_it():
    transport = MemoryTransport(asyncio.get_running_loop())
    transport.pause_reading()
    handover(transport).attach(Successor())
    assert not transport.is_reading()


@pytest.mark.parametrize("goes_on", [False, True])
async def test_an_end_that_came_before(goes_on):
    transport = MemoryTransport(asyncio.get_running_loop())
    successor = Successor(goes_on)
    Handover(transport, b"last", False, False, lambda exc: None, True).attach(successor)
    assert successor.calls == [("made", transport), ("data", b"last"), "end"]
    assert transport.is_closing() is not goes_on
