"""WebSockets that are opened again when they end."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from logging import getLogger
from typing import Final

from .errors import ClientConnectionError, WSServerHandshakeError
from .given import check_seconds
from .websocket import ClientWebSocketResponse

logger: Final = getLogger("aiolos.client")

# RFC 9110 15.5.21, 15.6: what another attempt may find changed.
_PASSING: Final = frozenset({429, 500, 502, 503, 504})


def reconnecting(
    connect: Callable[[], Awaitable[ClientWebSocketResponse]],
    url: object,
    delay: float,
    max_delay: float,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[ClientWebSocketResponse]:
    """WebSockets by `connect()`, one after the other: each once the one before has ended.

    Between two of them it sleeps a random time below `delay` seconds, and below twice as much after
    each failure more, up to `max_delay`; a WebSocket that lived longer than that ends the counting.
    Connections that fail and answers of 429 or 5xx are such failures, and are logged with `url`;
    all else is raised. Raises TypeError or ValueError at once for delays that cannot be.
    """
    check_seconds("delay", delay)
    check_seconds("max_delay", max_delay)
    return _attempts(connect, url, delay, max_delay, sleep)


async def _attempts(
    connect: Callable[[], Awaitable[ClientWebSocketResponse]],
    url: object,
    delay: float,
    max_delay: float,
    sleep: Callable[[float], Awaitable[object]],
) -> AsyncIterator[ClientWebSocketResponse]:
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        try:
            socket = await connect()
        except (ClientConnectionError, TimeoutError, WSServerHandshakeError) as error:
            if isinstance(error, WSServerHandshakeError) and error.status not in _PASSING:
                raise
            pause = _pause(delay, max_delay, failures)
            failures += 1
            # Or who mistypes a host sees nothing at all.
            reason = str(error) or type(error).__name__
            logger.warning("%s: %s; attempt %d in %.3g s", url, reason, failures + 1, pause)
        else:
            begun = loop.time()
            try:
                yield socket
            finally:
                ended = loop.time()
                await socket.close()
            if ended - begun > _bound(delay, max_delay, failures):
                failures = 0
                pause = _pause(delay, max_delay, 0)
            else:
                pause = _pause(delay, max_delay, failures)
                failures += 1
        await sleep(pause)


def _bound(delay: float, max_delay: float, failures: int) -> float:
    return min(delay * 2.0 ** min(failures, 32), max_delay)


def _pause(delay: float, max_delay: float, failures: int) -> float:
    # The whole range, not only its end: many clients of one server must not come back at once.
    return random.uniform(0, _bound(delay, max_delay, failures))  # noqa: S311
