"""Reading through a decoder, with turns for other tasks."""

from collections.abc import Awaitable, Callable, Generator
from types import coroutine

from .budget import Budget
from .decoder import PIECE, ContentDecoder


async def pull(
    decoder: ContentDecoder, readany: Callable[[], Awaitable[bytes]], size: int = PIECE
) -> bytes:
    """The next decoded bytes, about `size` at most; b"" at the end.

    `readany` gives what is to be decoded, b"" at its end. Suspends where that does, and where other
    tasks have waited long enough; given up while it is suspended it has lost nothing. Raises what
    `readany` and the decoder raise.
    """
    while True:
        if decoder.budget.end_turn():
            await _one_round()
        piece = decoder.step(size)
        if piece:
            return piece
        if piece is None:
            data = await readany()
            if not data:
                decoder.finish()
                return b""
            decoder.feed(data)


async def give_way(budget: Budget) -> None:
    """Let other tasks run where a turn is over."""
    if budget.end_turn():
        await _one_round()


@coroutine
def _one_round() -> Generator[None, None, None]:
    """Suspend for one round of the event loop, whichever that is."""
    yield
