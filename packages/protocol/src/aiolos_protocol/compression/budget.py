"""What the content codings of one body may cost: memory, and the time of other tasks."""

from typing import Final

from ..errors import LimitExceeded
from ..limits import Limits

# What a step costs beside its bytes: a decoder may have to be made for it.
_STEP: Final = 1024
# Work after which other tasks get their turn: some milliseconds of it.
_TURN: Final = 1_048_576


class Budget:
    """The bytes of one body as they came over the wire, against all that its codings make of them.

    Whatever decodes anything of a body shares one budget: codings upon one another, parts, parts
    within parts. What an inner coding makes, and another one takes, counts as well.
    """

    __slots__ = ("_limits", "_produced", "_received", "_work")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._received = 0
        self._produced = 0
        self._work = 0

    def receive(self, size: int) -> None:
        """So many bytes have come over the wire."""
        self._received += size

    def spend(self, taken: int, produced: int) -> None:
        """One step of one coding has taken and produced so many bytes.

        Raises LimitExceeded for a bomb (see Limits), which a server answers 413.
        """
        self._work += taken + produced + _STEP
        total = self._produced = self._produced + produced
        limits = self._limits
        if total > limits.decompression_size:
            name = "decompression_size"
        elif (
            total > limits.decompression_burst
            and total > limits.decompression_ratio * self._received
        ):
            name = "decompression_ratio"
        else:
            return
        raise LimitExceeded(name, getattr(limits, name), status_hint=413)

    def end_turn(self) -> bool:
        """True where there was work enough for one turn; a new one has begun then."""
        if self._work < _TURN:
            return False
        self._work = 0
        return True
