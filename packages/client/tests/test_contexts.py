"""What the verbs give, where somebody else than a server answers."""

from typing import Any, Self

import pytest
from aiolos_client.contexts import Context


class Kept:
    """An answer that is no ClientResponse, as a cache's."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    async def __aenter__(self) -> Self:
        self.events.append("entered")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.events.append(exc[0])


async def given(kept: Kept) -> Kept:
    return kept


async def test_whatever_is_entered_and_left() -> None:
    kept = Kept()
    async with Context(given(kept)) as found:
        assert found is kept
        assert kept.events == ["entered"]
    assert kept.events == ["entered", None]
    with pytest.raises(ZeroDivisionError):
        async with Context(given(kept)):
            raise ZeroDivisionError
    assert kept.events[2:] == ["entered", ZeroDivisionError]


async def test_what_entering_gives_is_what_the_block_gets() -> None:
    class Double(Kept):
        async def __aenter__(self) -> Any:
            return "another"

    async with Context(given(Double())) as found:
        assert found == "another"
