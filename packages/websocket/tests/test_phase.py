"""The automaton of the closing handshake, and its drawing."""

import re
from pathlib import Path

from aiolos_websocket.phase import NEXT, Event, Phase

PAGE = Path(__file__).parents[3] / "docs" / "design" / "websocket.md"


def test_the_table_of_the_design_is_the_code():
    if not PAGE.exists():
        # The tests of a source distribution, which has no docs.
        return
    drawn = {}
    for phases, event, after in re.findall(
        r"^\| ([A-Z, ]+) \| ([A-Z]+) \| ([A-Z]+) \|$", PAGE.read_text(), re.MULTILINE
    ):
        for phase in phases.split(", "):
            drawn[Phase[phase], Event[event]] = Phase[after]
    assert drawn == NEXT


def test_the_end_is_the_end():
    assert not [event for phase, event in NEXT if phase == Phase.GONE]
    assert all((phase, Event.LOST) in NEXT for phase in Phase if phase != Phase.GONE)
