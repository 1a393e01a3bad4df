"""The automaton of streams."""

import itertools

import pytest
from aiolos_protocol.http2.stream import NEXT, ROWS, Event, Phase, State, Stream, state_of


def test_rows_are_the_table() -> None:
    for phase, event in itertools.product(Phase, Event):
        assert ROWS[phase][event] == NEXT.get((phase, event), -1)


def test_no_phase_is_a_trap_and_ends_are_final() -> None:
    for phase in Phase:
        assert (phase, Event.RESET) in NEXT
        assert (phase, Event.REFUSE) in NEXT
    for phase, event in itertools.product((Phase.DONE, Phase.CLOSED, Phase.IGNORED), Event):
        assert NEXT.get((phase, event), Phase.DONE) >= Phase.DONE


@pytest.mark.parametrize(
    ("sending", "receiving", "state"),
    [
        (Phase.IDLE, Phase.IDLE, State.IDLE),
        (Phase.IDLE, Phase.BODY, State.OPEN),
        (Phase.BODY, Phase.IDLE, State.OPEN),
        (Phase.BODY, Phase.BODY, State.OPEN),
        (Phase.DONE, Phase.IDLE, State.HALF_CLOSED_LOCAL),
        (Phase.DONE, Phase.BODY, State.HALF_CLOSED_LOCAL),
        (Phase.IDLE, Phase.DONE, State.HALF_CLOSED_REMOTE),
        (Phase.BODY, Phase.DONE, State.HALF_CLOSED_REMOTE),
        (Phase.DONE, Phase.DONE, State.CLOSED),
        (Phase.CLOSED, Phase.IGNORED, State.CLOSED),
        (Phase.IGNORED, Phase.CLOSED, State.CLOSED),
    ],
)
def test_states_of_rfc_9113_5_1(sending: Phase, receiving: Phase, state: State) -> None:
    assert state_of(sending, receiving) is state


def test_a_stream_shows_its_number_and_state() -> None:
    assert repr(Stream(7, 0)) == "<Stream 7 IDLE>"
