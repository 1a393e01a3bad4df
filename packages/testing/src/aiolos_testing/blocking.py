"""Calls that block the loop: found by blockbuster, and told where nobody looks at the error."""

import sysconfig
import traceback
from types import FrameType
from typing import Any, Final, Self

from aiolos_protocol.errors import MissingDistribution

# How many lines of a stack tell where a call came from.
_DEPTH: Final = 5
# Whose frames call what a test brought along; what is above them says nothing of it.
_CALLERS: Final = ("asyncio", "uvloop", "_pytest", "pluggy", "unittest")
_STANDARD: Final = sysconfig.get_paths()["stdlib"]
_FOUND_BY: Final = ("blockbuster", __name__)


class Blocked(AssertionError):
    """Something blocked the loop."""


class BlockingCheck:
    """A block in which calls that block the loop raise BlockingError, by blockbuster.

    A handler's error becomes a 500 that a test need not look at: leaving the block raises Blocked,
    which tells the place of every such call; another error by which the block is left gets it as
    a note. What logging writes is not told. Raises MissingDistribution where blockbuster is not
    installed.
    """

    def __init__(self) -> None:
        try:
            import blockbuster
        except ImportError:
            raise MissingDistribution("no_blocking", "blockbuster") from None
        self._error: Any = blockbuster.BlockingError
        self._buster = blockbuster.BlockBuster()
        for function in self._buster.functions.values():
            # It writes in the middle of everything, in asyncio's debug mode most of all.
            function.can_block_in("logging/__init__.py", "callHandlers")
        self._found: list[str] = []

    def check(self) -> None:
        """Raise Blocked for the calls since the last check."""
        __tracebackhide__ = True
        found, self._found = self._found, []
        if found:
            calls = "\n".join(found)
            raise Blocked(
                f"the loop was blocked by\n{calls}\n"
                "await something that does not block, or asyncio.to_thread(function)"
            )

    def __enter__(self) -> Self:
        self._buster.activate()
        init = self._init = self._error.__init__

        def noting(error: Any, call: str) -> None:
            init(error, call)
            self._found.append("\n  ".join([call, *_places()]))

        # The only moment at which each is seen: whoever runs the handler catches the error.
        self._error.__init__ = noting
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: object
    ) -> None:
        self._error.__init__ = self._init
        self._buster.deactivate()
        try:
            self.check()
        except Blocked as blocked:
            if exc is None:
                raise
            exc.add_note(str(blocked))


def _places() -> list[str]:
    """Where a call came from, innermost first: what blocked, and what of the test's called it.

    What the standard library does in between is left out.
    """
    stack = traceback.walk_stack(None)
    found = [(frame, line) for frame, line in stack if _package(frame) not in _FOUND_BY]
    called = [number for number, (frame, _) in enumerate(found) if number and _calls(frame)]
    between = found[1 : min(called, default=None)]
    shown = found[:1] + [(frame, line) for frame, line in between if not _is_standard(frame)]
    summary = traceback.StackSummary.extract(iter(shown[:_DEPTH]))
    return [f"at {each.filename}:{each.lineno} in {each.name}: {each.line}" for each in summary]


def _package(frame: FrameType) -> str:
    name = str(frame.f_globals.get("__name__"))
    return name if name == __name__ else name.partition(".")[0]


def _calls(frame: FrameType) -> bool:
    package = _package(frame)
    return package in _CALLERS or package.startswith("aiolos_")


def _is_standard(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith("<") or (file.startswith(_STANDARD) and "site-packages" not in file)
