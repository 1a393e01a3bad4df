"""The automaton of HTTP/1.1: every pair of phase and event."""

import re
from pathlib import Path

import pytest
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.http1.state import NEXT, ROWS, Event, Phase, refused
from hypothesis import given
from hypothesis import strategies as st


def test_the_rows_are_the_table():
    assert len(ROWS) == len(Phase)
    for phase in Phase:
        assert len(ROWS[phase]) == len(Event)
        for event in Event:
            assert ROWS[phase][event] == NEXT.get((phase, event), -1)


def test_the_documented_table_is_the_codes():
    page = Path(__file__).parents[3] / "docs" / "design" / "http1.md"
    if not page.exists():
        # The tests of a source distribution, which has no docs.
        return
    rows = re.findall(r"^\| ([A-Z, ]+) \| ([A-Z]+) \| ([A-Z]+) \|$", page.read_text(), re.MULTILINE)
    documented = {
        (Phase[phase], Event[event]): Phase[following]
        for phases, event, following in rows
        for phase in phases.split(", ")
    }
    assert documented == NEXT


def test_one_message():
    phase = Phase.IDLE
    for event in (Event.BEGIN, Event.HEAD, Event.DATA, Event.DATA, Event.END, Event.RECYCLE):
        phase = NEXT[phase, event]
    assert phase is Phase.IDLE


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.CLOSED])
def test_every_phase_can_close(phase):
    assert NEXT[phase, Event.CLOSE] is Phase.CLOSED


@given(events=st.lists(st.sampled_from(Event), max_size=12))
def test_what_is_closed_or_switched_carries_no_message(events):
    for begin in (Phase.CLOSED, Phase.SWITCHED):
        phase = begin
        for event in events:
            phase = NEXT.get((phase, event), phase)
            assert phase in (Phase.CLOSED, begin)


def test_a_message_ends_before_the_next_begins():
    for event in (Event.HEAD, Event.COMPLETE, Event.BEGIN):
        for phase in (Phase.BODY, Phase.DONE):
            assert (phase, event) not in NEXT


def test_a_refusal_names_both():
    error = refused(Phase.IDLE, Event.DATA, "sending")
    assert isinstance(error, LocalProtocolError)
    assert str(error) == "DATA is not possible while sending is IDLE"
