"""Undoing content codings: fed by pushing, read by pulling, so that output is always bounded."""

from collections.abc import Callable, Sequence
from typing import Final

from ..errors import LimitExceeded, RemoteProtocolError
from ..limits import DEFAULT_LIMITS, Limits
from .backends import check
from .budget import Budget
from .inflaters import Brotli, Deflate, Gzip, Inflater, Zstd

PIECE: Final = 65_536
# What zlib has not consumed it copies, at every call: small windows keep that linear.
_WINDOW: Final = 16_384
_INFLATERS: Final[dict[str, tuple[Callable[[], Inflater], bool]]] = {
    # Whether another member or frame may follow (RFC 1952 2.2, RFC 8878 3.1).
    "gzip": (Gzip, True),
    "deflate": (Deflate, False),
    "br": (Brotli, False),
    "zstd": (Zstd, True),
}


class _Stage:
    """One coding: input waits in `_input` from `_position` on until step() is asked for output."""

    __slots__ = (
        "_budget",
        "_coding",
        "_consumed",
        "_inflater",
        "_input",
        "_limits",
        "_make",
        "_members",
        "_position",
        "_several",
    )

    def __init__(self, coding: str, limits: Limits, budget: Budget) -> None:
        self._coding = coding
        self._make, self._several = _INFLATERS[coding]
        self._limits = limits
        self._budget = budget
        self._inflater: Inflater | None = None
        self._members = 0
        self._input = b""
        self._position = 0
        self._consumed = 0

    def feed(self, data: bytes) -> None:
        """The next input; step() must have asked for it by returning None."""
        self._input = data
        self._position = 0

    def step(self, size: int) -> bytes | None:
        """The next output, b"" where one call of the library gave none; None where more input is
        needed."""
        inflater = self._inflater
        if inflater is None:
            if self._position == len(self._input):
                return None
            inflater = self._next_member()
        window = b""
        if inflater.hungry:
            window = self._input[self._position : self._position + _WINDOW]
            if not window:
                return None
            self._position += len(window)
        output = self._inflate(inflater, window, size)
        if inflater.eof:
            self._position -= inflater.unused
            self._inflater = None
        return output

    def finish(self) -> None:
        """The input is complete. Raises RemoteProtocolError where a member is not."""
        if self._inflater is not None:
            raise RemoteProtocolError(
                f"the {self._coding} body is cut short after {self._consumed} bytes"
                " (RFC 9110 8.4.1)"
            )

    def _next_member(self) -> Inflater:
        if self._members and not self._several:
            raise RemoteProtocolError(f"bytes stand behind the end of the {self._coding} body")
        self._members += 1
        if self._members > self._limits.members:
            # Each costs a new decoder, and may be as small as 13 bytes.
            raise LimitExceeded("members", self._limits.members)
        inflater = self._inflater = self._make()
        return inflater

    def _inflate(self, inflater: Inflater, window: bytes, size: int) -> bytes:
        try:
            output = inflater.inflate(window, size)
        except MemoryError:
            raise
        except Exception as error:
            # Each library has errors of its own; all mean the same.
            raise RemoteProtocolError(f"the body is not valid {self._coding}: {error}") from error
        self._consumed += len(window)
        self._budget.spend(len(window), len(output))
        return output


class ContentDecoder:
    """Undoes `codings`, given in the order in which they were applied (parse_codings()).

    feed() takes what arrives, step() or read() gives what it decodes to, finish() tells that all
    has been fed and read. A part's decoder shares the `budget` of the body that holds it, which
    has counted its bytes as received. Raises MissingDistribution at once where a coding's library
    is not installed.
    """

    __slots__ = ("_input", "_is_whole", "_stages", "budget")

    def __init__(
        self,
        codings: Sequence[str],
        limits: Limits = DEFAULT_LIMITS,
        budget: Budget | None = None,
    ) -> None:
        for coding in codings:
            check(coding)
        self._is_whole = budget is None
        self.budget: Final = Budget(limits) if budget is None else budget
        self._stages = [_Stage(coding, limits, self.budget) for coding in reversed(codings)]
        self._input = b""

    @property
    def is_identity(self) -> bool:
        """True where there is nothing to undo."""
        return not self._stages

    def feed(self, data: bytes) -> None:
        """The next bytes as they arrived; step() must have returned None before, or read() b""."""
        if self._input:
            raise RuntimeError("feed() before read() has returned b''")
        self._input = data
        if self._is_whole:
            self.budget.receive(len(data))

    def step(self, size: int = PIECE) -> bytes | None:
        """The next decoded bytes, about `size` (above 0) at most; None where it takes more input.

        b"" where there are none yet: it returns after one call of one coding's library, which takes
        16 KiB and gives 64 KiB at most, however much the codings make for one another.
        Raises RemoteProtocolError for what is not in the coding, LimitExceeded for a bomb.
        """
        stages = self._stages
        # What a coding has made already is used up before the one in front of it goes on.
        for index in range(last := len(stages) - 1, -1, -1):
            output = stages[index].step(size if index == last else PIECE)
            if output is None:
                continue
            if index == last:
                return output
            if output:
                stages[index + 1].feed(output)
            return b""
        data, self._input = self._input, b""
        if not data:
            return None
        if not stages:
            return data
        stages[0].feed(data)
        return self.step(size)

    def read(self, size: int = PIECE) -> bytes:
        """As step(), with as many steps as it takes: b"" where it takes more input."""
        while True:
            output = self.step(size)
            if output:
                return output
            if output is None:
                return b""

    def finish(self) -> None:
        """The input is complete. Raises RemoteProtocolError where it ends too early; a body
        without any bytes is complete, whatever coding it claims."""
        for stage in self._stages:
            stage.finish()


def decompress(data: bytes, codings: Sequence[str], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """`data`, which is a whole body, without its codings; raises as ContentDecoder does."""
    decoder = ContentDecoder(codings, limits)
    decoder.feed(data)
    output = b"".join(iter(decoder.read, b""))
    decoder.finish()
    return output
