"""WebSockets that are opened again when they end."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from .errors import ClientConnectionError, WSServerHandshakeError
from .websocket import ClientWebSocketResponse

# RFC 9110 15.5.21, 15.6: what another attempt may find changed.
_PASSING: Final = frozenset({429, 500, 502, 503, 504})


async def reconnecting(
    connect: Callable[[], Awaitable[ClientWebSocketResponse]],
    delay: float,
    max_delay: float,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[ClientWebSocketResponse]:
    """WebSockets by `connect()`, one after the other: each once the one before has ended.

    Between two of them it sleeps a random time below `delay` seconds, and below twice as much after
    each failure more, up to `max_delay`; a WebSocket that lived longer than that ends the counting.
    Connections that fail and answers of 429 or 5xx are such failures; all else is raised.
    """
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        bound = min(delay * 2.0 ** min(failures, 32), max_delay)
        begun = loop.time()
        try:
            socket = await connect()
        except (ClientConnectionError, TimeoutError):
            failures += 1
        except WSServerHandshakeError as error:
            if error.status not in _PASSING:
                raise
            failures += 1
        else:
            try:
                yield socket
            finally:
                await socket.close()
            failures = 0 if loop.time() - begun > bound else failures + 1
        # The whole range, not only its end: many clients of one server must not come back at once.
        await sleep(random.uniform(0, bound))  # noqa: S311
