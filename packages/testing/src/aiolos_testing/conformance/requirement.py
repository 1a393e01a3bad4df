"""How a suite says which clause of a contract is broken."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

_T = TypeVar("_T")

# How long something that must happen may take; generous, since only a failure waits for it.
PATIENCE: Final = 10.0


class NonConformance(AssertionError):
    """An implementation does not keep its contract; the text quotes the clause."""


def require(condition: object, clause: str) -> None:
    """Raise NonConformance with `clause` unless `condition` is true."""
    if not condition:
        raise NonConformance(clause)


def require_maker(make: object, suite: str) -> None:
    """Raise TypeError where the suite was given the thing itself, or nothing."""
    if not callable(make):
        raise TypeError(f"{suite}() takes a function that makes what is checked, not {make!r:.80}")


async def in_time(awaited: Awaitable[_T], clause: str) -> _T:
    """What `awaited` gives; NonConformance with `clause` where it takes for ever."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await awaited
    except TimeoutError:
        raise NonConformance(f"{clause}; nothing happened within {PATIENCE:g} s") from None
