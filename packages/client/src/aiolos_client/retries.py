"""Requests that are repeated where that is safe; a middleware."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from math import inf
from typing import Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.fields.dates import parse_http_date
from aiolos_protocol.methods import IDEMPOTENT
from aiolos_protocol.payload import Payload, Writer

from .clientrequest import ClientRequest
from .errors import (
    ClientConnectionError,
    ClientConnectorError,
    ClientSSLError,
    ConnectionTimeoutError,
    ServerFingerprintMismatch,
)
from .given import check_callable, check_count, check_part, check_seconds
from .middlewares import ClientHandlerType
from .response import ClientResponse

STATUSES: Final = (408, 425, 429, 500, 502, 503, 504)
# The request has not been sent when these are raised.
_UNSENT: Final = (ClientConnectorError, ConnectionTimeoutError)
_HOPELESS: Final = (ClientSSLError, ServerFingerprintMismatch)
# Repetitions that a budget allows from the beginning, and keeps at most.
_RESERVE: Final = 10.0


class RetryPolicy:
    """When a request is repeated; to be shared by all requests that it is meant for.

    `attempts` counts the first one, too. Between them lie `backoff` seconds, doubled each time up
    to `max_backoff`, of which a random part is waited (`jitter` False: all). A Retry-After of the
    server outranks that, unless it asks for more than `max_retry_after` seconds (None: no bound):
    then the response is returned. Responses of `statuses`, and failed connections, are repeated for
    `methods` (by default the idempotent ones, RFC 9110 9.2.2); what was never sent is repeated for
    any.

    `budget` bounds the repetitions to that part of all requests (None: no bound), so that a
    server that is down is not asked still more often. A body that comes in pieces is kept to be
    sent again, up to `max_body` bytes; a longer one is not repeated. `sleep` makes the pauses.
    TypeError or ValueError for what these cannot be.
    """

    def __init__(
        self,
        attempts: int = 3,
        *,
        backoff: float = 0.5,
        max_backoff: float = 30.0,
        jitter: bool = True,
        statuses: Collection[int] = STATUSES,
        methods: Collection[str] | None = None,
        max_retry_after: float | None = 60.0,
        budget: float | None = 0.2,
        max_body: int = 65_536,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        check_count("attempts", attempts, least=1)
        check_seconds("backoff", backoff)
        check_seconds("max_backoff", max_backoff)
        check_seconds("max_retry_after", max_retry_after, or_none=True)
        check_count("max_body", max_body)
        check_part("budget", budget, or_none=True)
        check_callable("sleep", sleep, "a coroutine function of seconds")
        self.attempts = attempts
        self.backoff = backoff
        self.max_backoff = max_backoff
        self.jitter = jitter
        self.statuses = _checked_statuses(statuses)
        self.methods = IDEMPOTENT if methods is None else _checked_methods(methods)
        self.max_retry_after = inf if max_retry_after is None else max_retry_after
        self.budget = budget
        self.max_body = max_body
        self._sleep = sleep
        self._left = _RESERVE

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """The response to `request`, after as many attempts as it takes and are allowed."""
        if self.budget is not None:
            self._left = min(_RESERVE, self._left + self.budget)
        if self.attempts > 1:
            request.keep_body(self._kept)
        for attempt in range(1, self.attempts + 1):
            is_last = attempt == self.attempts
            try:
                response = await handler(request)
            except ClientConnectionError as error:
                if is_last or not self._may_repeat(request, error) or not self._withdraw():
                    raise
                pause = self._pause(attempt)
            else:
                asked = self._asked_for(response, attempt)
                if is_last or asked is None or not self._may_repeat(request, None):
                    return response
                if not self._withdraw():
                    return response
                pause = asked
                response.release()
            await self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _kept(self, body: Payload) -> Payload:
        if isinstance(body, KeptPayload) and body.limit >= self.max_body:
            # Behind a redirection it is the same.
            return body
        return KeptPayload(body, self.max_body)

    def _may_repeat(self, request: ClientRequest, error: Exception | None) -> bool:
        if request.is_consumed() or isinstance(error, _HOPELESS):
            return False
        return request.method in self.methods or isinstance(error, _UNSENT)

    def _withdraw(self) -> bool:
        if self.budget is None:
            return True
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _pause(self, attempt: int) -> float:
        # 2 ** 64 of any pause are more than any bound.
        pause = min(self.backoff * 2.0 ** min(attempt - 1, 64), self.max_backoff)
        # Not a secret: it only spreads those who were refused together.
        return random.uniform(0, pause) if self.jitter else pause  # noqa: S311

    def _asked_for(self, response: ClientResponse, attempt: int) -> float | None:
        """How long to wait behind `response`; None where it is not to be repeated."""
        if response.status not in self.statuses:
            return None
        after = retry_after(response.headers.get(hdrs.RETRY_AFTER))
        if after is None:
            return self._pause(attempt)
        return after if after <= self.max_retry_after else None


def _checked_statuses(statuses: Any) -> frozenset[int]:
    if not isinstance(statuses, Iterable) or isinstance(statuses, (str, bytes)):
        raise TypeError(f"statuses takes a list of numbers, like [503], not {statuses!r:.80}")
    checked = frozenset(statuses)
    for status in checked:
        if not isinstance(status, int):
            raise TypeError(f"statuses takes numbers, like 503, not {status!r:.80}")
    return checked


def _checked_methods(methods: Any) -> frozenset[str]:
    if not isinstance(methods, Iterable) or isinstance(methods, (str, bytes)):
        raise TypeError(f"methods takes a list of names: write [{methods!r:.80}]")
    for method in methods:
        if not isinstance(method, str):
            raise TypeError(f"methods takes names, like 'POST', not {method!r:.80}")
    # As the verbs take them.
    return frozenset(method.upper() for method in methods)


def retry_after(value: str | None) -> float | None:
    """The seconds that a Retry-After field asks for (RFC 9110 10.2.3), None where it is absent or
    malformed."""
    if value is None:
        return None
    if value.isascii() and value.isdecimal():
        return float(value[:10])
    moment = parse_http_date(value)
    return None if moment is None else max(0.0, moment.timestamp() - time.time())


class KeptPayload(Payload):
    """`payload`, of which up to `limit` bytes are kept while it is sent, to be sent again."""

    def __init__(self, payload: Payload, limit: int) -> None:
        super().__init__(payload, payload.headers)
        self._payload = payload
        self.limit = limit
        self._pieces: list[bytes] = []
        self._kept = 0
        self._is_whole = False

    @property
    def size(self) -> int | None:
        """As Payload.size."""
        return self._payload.size

    @property
    def consumed(self) -> bool:
        """As Payload.consumed; False where all that was sent is kept."""
        return self._payload.consumed and not self._is_whole

    @property
    def filename(self) -> str | None:
        """As Payload.filename."""
        return self._payload.filename

    @property
    def encoding(self) -> str | None:
        """As Payload.encoding."""
        return self._payload.encoding

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As Payload.decode()."""
        if self._is_whole:
            return b"".join(self._pieces).decode(self.encoding or encoding, errors)
        return self._payload.decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """As Payload.as_bytes()."""
        if self._is_whole:
            return b"".join(self._pieces)
        return await self._payload.as_bytes(encoding, errors)

    async def write(self, writer: Writer) -> None:
        """As Payload.write()."""
        if self._is_whole:
            for piece in self._pieces:
                await writer.write(piece)
            return
        self._pieces.clear()
        self._kept = 0
        await self._payload.write(_Keeping(self, writer))
        self._is_whole = self._kept <= self.limit

    def keep(self, piece: bytes) -> None:
        """`piece` was sent."""
        self._kept += len(piece)
        if self._kept <= self.limit:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    async def close(self) -> None:
        """As Payload.close()."""
        await self._payload.close()


class _Keeping:
    """A Writer that lets a payload keep what passes."""

    __slots__ = ("_payload", "_writer")

    def __init__(self, payload: KeptPayload, writer: Writer) -> None:
        self._payload = payload
        self._writer = writer

    async def write(self, data: bytes) -> None:
        """As Writer.write."""
        self._payload.keep(bytes(data))
        await self._writer.write(data)
