"""Server-sent events, with the connection made anew where it is lost (WHATWG HTML 9.2)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self

from aiolos_protocol import grammar, hdrs

from .errors import (
    ClientConnectionError,
    ClientPayloadError,
    ClientResponseError,
    ConnectionClosedError,
    ContentTypeError,
    ServerTimeoutError,
)
from .eventstream import EventParser, EventTooLarge, ServerSentEvent
from .given import check_count
from .response import ClientResponse

EVENT_STREAM: Final = "text/event-stream"
# What browsers wait before they connect again, in seconds.
_PAUSE: Final = 3.0
# What is waited at least, and at most, whatever the server asks for: a hasty one is not stormed,
# and one that says 999999999 does not end the matter. While nothing comes the pause doubles, up to
# a minute (WHATWG HTML 9.2.3 leaves that to us).
_SHORTEST: Final = 0.1
_LONGEST: Final = 60.0
_LONGEST_ASKED: Final = 3600.0
_LOST: Final = (ClientConnectionError, ClientPayloadError)

Ask = Callable[[dict[str, str]], Awaitable[ClientResponse]]


class EventSource:
    """The events of a server, in order, over as many connections as it takes.

    `async with session.sse(url) as events:` and `async for event in events:` in it; without the
    `async with` the connection stays until it is garbage or close() is called. Iteration ends
    where the server says 204; where the stream ends or the connection is lost, it is made anew
    after the time that the server has asked for (0.1 s at least, an hour at most, doubled up to a
    minute while no event comes), with Last-Event-ID. `last_event_id` is to be kept by whoever wants
    to go on another day. Raises ClientResponseError for another status than 200, ContentTypeError
    for another type, ClientPayloadError for an event above `max_event_size`, ServerTimeoutError
    where the first connection brings no answer in time; later ones are tried again.
    """

    def __init__(
        self,
        ask: Ask,
        *,
        last_event_id: str,
        reconnect: bool,
        max_event_size: int,
        answer_within: float | None,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        if not isinstance(last_event_id, str):
            raise TypeError(f"last_event_id takes a str, not {last_event_id!r:.80}")
        check_count("max_event_size", max_event_size, least=1)
        self._ask = ask
        self._reconnect = reconnect
        self._limit = max_event_size
        # Seconds, or None; the total of a request would bound the events, too.
        self._answer_within = answer_within
        self._sleep = sleep
        if grammar.CONTROL.search(last_event_id):
            # The server's own with such a character are left out; the user's are a mistake.
            raise ValueError(f"last_event_id holds a control character: {last_event_id!r:.80}")
        self._parser = EventParser(max_event_size, last_event_id)
        self._ready: deque[ServerSentEvent] = deque()
        self._pause = _PAUSE
        # Attempts in a row that brought no event.
        self._failures = 0
        # When, by the loop's time, the next attempt is to be made; None while none is waited for.
        self._due: float | None = None
        self._is_over = False
        # Of each task that waits.
        self._until_closed: set[asyncio.Timeout] = set()
        self.response: ClientResponse | None = None

    @property
    def last_event_id(self) -> str:
        """The id of the last event that had one."""
        return self._parser.last_id

    async def __aenter__(self) -> Self:
        await self._unless_closed(self._connect)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; iteration ends, also where somebody waits in it."""
        self._is_over = True
        if self.response is not None:
            self.response.close()
        for until_closed in self._until_closed:
            if not until_closed.expired():
                until_closed.reschedule(0)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerSentEvent:
        while not self._ready:
            if self._is_over:
                raise StopAsyncIteration
            # The first is `async for` without `async with`.
            await self._unless_closed(self._connect if self.response is None else self._receive)
        return self._ready.popleft()

    async def _unless_closed(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do `step`, which close() ends, out of another task."""
        until_closed = asyncio.timeout(None)
        try:
            async with until_closed:
                self._until_closed.add(until_closed)
                try:
                    await step()
                finally:
                    self._until_closed.discard(until_closed)
        except TimeoutError:
            if not until_closed.expired():
                raise

    async def _receive(self) -> None:
        """More bytes, or another connection."""
        assert self.response is not None
        try:
            data = await self.response.content.readany()
        except _LOST as error:
            if self._is_over:
                return
            if not self._reconnect or isinstance(error, ConnectionClosedError):
                # With the session all is over.
                raise
            data = b""
        if data:
            try:
                self._ready.extend(self._parser.feed(data))
            except EventTooLarge as error:
                self.close()
                raise ClientPayloadError(f"{error}; see max_event_size") from error
            if self._ready:
                self._failures = 0
            if self._parser.retry is not None:
                self._pause = min(self._parser.retry, _LONGEST_ASKED)
            return
        self.response.close()
        if not self._reconnect:
            self._is_over = True
            return
        self._parser = EventParser(self._limit, self._parser.last_id)
        await self._connect_again()

    async def _connect_again(self) -> None:
        # As long as it takes; whoever wants an end has asyncio.timeout(), and may come back: the
        # next attempt is due when it was.
        now = asyncio.get_running_loop().time
        while True:
            if self._due is None:
                pause = self._next_pause()
                self._due = now() + pause
            else:
                pause = max(0.0, self._due - now())
            await self._sleep(pause)
            try:
                await self._connect()
            except ClientConnectionError:
                self._due = None
                continue
            self._due = None
            return

    def _next_pause(self) -> float:
        # 2 ** 10 times the shortest are more than the longest.
        grown = max(self._pause, _SHORTEST) * 2.0 ** min(self._failures, 10)
        self._failures += 1
        return max(self._pause, min(grown, _LONGEST))

    async def _connect(self) -> None:
        if self._is_over:
            # Before it has begun.
            return
        headers: dict[str, str] = {hdrs.ACCEPT: EVENT_STREAM, hdrs.CACHE_CONTROL: "no-store"}
        # An id may hold what no field may (RFC 9110 5.5); then the server begins anew.
        if self.last_event_id and not grammar.CONTROL.search(self.last_event_id):
            headers[hdrs.LAST_EVENT_ID] = self.last_event_id
        response = self.response = await self._answer(headers)
        if response.status == 204 or self._is_over:
            self.close()
            return
        told: dict[str, Any] = {"status": response.status, "headers": response.headers}
        info = response.request_info, response.history
        if response.status != 200:
            self.close()
            raise ClientResponseError(*info, message=response.reason, **told)
        if response.content_type != EVENT_STREAM:
            self.close()
            expected = f"expected {EVENT_STREAM}, got {response.content_type}"
            raise ContentTypeError(*info, message=expected, **told)

    async def _answer(self, headers: dict[str, str]) -> ClientResponse:
        try:
            async with asyncio.timeout(self._answer_within) as bound:
                return await self._ask(headers)
        except TimeoutError as error:
            if not bound.expired():
                raise
            raise ServerTimeoutError(
                f"no answer came to the request for events within the session's "
                f"total={self._answer_within:g} s"
            ) from error
