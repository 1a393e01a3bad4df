"""Receiving: who waits for a message, and what of it he gets."""

import asyncio
from typing import Any, Final

from aiolos_protocol.clock import Clock
from aiolos_protocol.websocket import (
    CLOSED_MESSAGE,
    CLOSING_MESSAGE,
    WebSocketError,
    WSMsgType,
    WSOptions,
    WSReceived,
)

from .assembly import Fragment, joined
from .connection import Connection
from .handshake import Terms
from .phase import ANSWERING, ENDING, OPEN

# Of a message that iteration does not give out but ends at.
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})

_NOT_ALONE: Final = "another task is receiving already; only one may at a time"

# Where a consumer of fragments is: outside of a message, before the first fragment of one, inside.
OUTSIDE: Final = 0
ASKED: Final = 1
INSIDE: Final = 2


class Receiver(Connection):
    """Gives messages to whoever receives, one after the other."""

    __slots__ = (
        "_asked_in_vain",
        "_driven",
        "_given_up",
        "_in_fragments",
        "_receive_timeout",
        "_take",
        "_waits",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        terms: Terms,
        options: WSOptions,
        clock: Clock | None = None,
    ) -> None:
        Connection.__init__(self, loop, terms, options, clock)
        self._take = self._queue.popleft
        # Of `_receiving`: how often somebody waited, and whether he could be stepped so.
        self._waits = 0
        self._driven = True
        self._receive_timeout = options.receive_timeout or None
        # The consumer stands inside of a message that it gets in fragments.
        self._in_fragments = OUTSIDE
        # How many messages were: by it an iterator of fragments sees that its own was.
        self._given_up = 0
        self._asked_in_vain = 0

    async def __anext__(self) -> "WSReceived":
        queue = self._queue
        if self._phase == OPEN and not self._held and not self._in_fragments:
            # Nearly always. The rest of the cases are receive()'s.
            if not queue and self._receive_timeout is None:
                waiter = self._wait_by(self.loop.create_future())
                try:
                    await waiter
                finally:
                    self._waiter = None
            if queue and self._phase == OPEN and not self._held:
                whole: Any = self._take()
                return whole  # type: ignore[no-any-return]  # no fragment: none was asked for
        if self._phase >= ENDING and not queue and not self._held:
            raise StopAsyncIteration
        message: Any = await self._next(self._receive_timeout)
        if message.type in _ENDS:
            raise StopAsyncIteration
        return message  # type: ignore[no-any-return]  # no fragment: none was asked for

    async def _next(
        self, timeout: "float | None", in_fragments: bool = False
    ) -> "WSReceived | Fragment":
        """The next message, or of one in fragments the next of these."""
        if self._in_fragments and not in_fragments:
            self._give_up_fragments()
        queue = self._queue
        while True:
            if queue:
                return self._consumed(queue.popleft())
            if self._held:
                if self._inflates:
                    await asyncio.sleep(0)
                self._reader.ask()
                self._read_what_is_kept()
            elif self._phase == OPEN:
                await self._wait(timeout)
            else:
                break
        if self._phase < ENDING:
            return CLOSING_MESSAGE
        self._asked_in_vain += 1
        # A loop that does not look at what it receives must end some time.
        if 0 < self._role.patience < self._asked_in_vain:
            raise RuntimeError(
                "the WebSocket is closed, and was so the last times, too: "
                "end the loop when message.type is CLOSED, or use 'async for'"
            )
        # Whoever asks in a loop must not stop all others.
        await asyncio.sleep(0)
        return CLOSED_MESSAGE

    def _consumed(self, message: "WSReceived | Fragment") -> "WSReceived | Fragment":
        if self._held and not self._queue:
            if self._inflates:
                self._read_on_next_turn()
            else:
                self._read_on()
        if self._phase == ANSWERING:
            self._end_seen(message)
        return message

    def _give_up_fragments(self) -> None:
        """The consumer turns to other messages inside of one: drop the rest of that. Where it has
        got nothing of it, it comes whole."""
        self._check_alone()
        self._given_up += 1
        asked = self._in_fragments == ASKED
        self._in_fragments = OUTSIDE
        queue = self._queue
        fragments: list[Fragment] = []
        between: list[Any] = []
        try:
            while queue:
                message = queue.popleft()
                if isinstance(message, Fragment):
                    fragments.append(message)
                    if not message.last:
                        continue
                    if not asked:
                        break
                    message = joined(fragments)
                # Pings may stand between fragments (RFC 6455 5.4).
                if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                    self._check_size(message)
                    between.append(message)
                    break
                between.append(message)
            else:
                if asked:
                    self._reader.unstream(fragments)
                else:
                    self._reader.skip()
        except WebSocketError as error:
            queue.clear()
            self._reading_failed(error)
        queue.extendleft(reversed(between))

    def _check_alone(self) -> None:
        if self._waiter is not None:
            raise RuntimeError(_NOT_ALONE)

    def _check_size(self, message: Any) -> None:
        """Of what was to come in fragments, which has no bound, and comes whole."""
        data = message.data
        size = len(data.encode() if isinstance(data, str) else data)
        if 0 < self._options.max_msg_size < size:
            raise self._reader.too_big()

    def _wait_by(self, waiter: "Any") -> "Any":
        """Wake `waiter`, by set_result(), when something is in the queue, or the phase has changed.

        A `_waiter.Waiter` is opened instead, when it is a message and nothing else is to be done.
        """
        if self._listener is not None:
            raise RuntimeError(_NOT_ALONE)
        self._check_alone()
        self._waiter = waiter
        return waiter

    async def _wait(self, timeout: "float | None") -> None:
        """Wait until something is in the queue, or the phase has changed."""
        waiter = self._wait_by(self.loop.create_future())
        timer = None
        if timeout:
            timer = self.loop.call_later(timeout, _expire, waiter, timeout)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _end_seen(self, message: WSReceived | Fragment) -> None:
        """The consumer gets `message` and knows by it, maybe, that the peer has ended."""
        if message.type is WSMsgType.ERROR or (
            message.type is WSMsgType.CLOSE and self._options.autoclose
        ):
            self._send_close(self._answer)


def _expire(waiter: "asyncio.Future[None]", timeout: float) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError(f"no message came within {timeout:g} s"))
