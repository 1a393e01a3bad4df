"""How long one exchange may take, and how long its server may be silent."""

import asyncio
from math import inf
from typing import Final

from aiolos_protocol.exchange import ClientExchange

from .clientrequest import ClientRequest
from .errors import SocketTimeoutError
from .middlewares import ClientHandlerType
from .response import ClientResponse

# How often, within the silence that is allowed, it is looked whether something has come.
_LOOKS: Final = 4


class Watch:
    """Ends an exchange when its total time is over, or its server has been silent too long.

    It hangs on the exchange's deadline, which the connector's clock sweeps; only bounds below a
    second have a timer of their own, to be stopped when the body ends.
    """

    __slots__ = (
        "_exchange", "_is_fine", "_loop", "_received", "_request", "_silence", "_since", "_timer",
        "_until",
    )  # fmt: skip

    def _begin(
        self,
        loop: asyncio.AbstractEventLoop,
        exchange: ClientExchange,
        request: ClientRequest,
        until: float,
        silence: float,
        is_fine: bool,
    ) -> None:
        """Watch until the loop's time `until`, and for `silence` seconds; `is_fine` by a timer.
        Not __init__(), which compiled code would call as Python does."""
        self._loop = loop
        self._exchange = exchange
        self._request = request
        self._until = until
        self._silence = silence
        self._is_fine = is_fine
        self._timer: asyncio.TimerHandle | None = None
        self._received = 0
        self._since = inf
        if silence < inf:
            self._since = loop.time()
        self._arm(self._since)

    def stop(self) -> None:
        """The exchange is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, now: float) -> None:
        """Look again when the one or the other bound may have been reached."""
        when = self._until
        if self._silence < inf:
            when = min(when, self._since + self._silence, now + self._silence / _LOOKS)
        if self._is_fine:
            self._timer = self._loop.call_at(when, self)
        elif when < inf:
            self._exchange.on_deadline = self
            self._exchange.deadline = when

    def __call__(self) -> None:
        """One of the bounds may have been reached: look."""
        now = self._loop.time()
        if now >= self._until:
            total = self._request.settings.timeout.total
            error = TimeoutError(self._told("took longer than total", total))
            if self._exchange.answered.done():
                # What has come already is too late, too, where it is read slowly.
                self._exchange.body.abandon(error)
            self._exchange.fail(error)
            return
        if self._received != self._exchange.received or self._exchange.awaits_us():
            self._received = self._exchange.received
            self._since = now
        elif now - self._since >= self._silence:
            told = self._told("nothing came for sock_read", self._silence)
            self._exchange.fail(SocketTimeoutError(told))
            return
        self._arm(now)

    def _told(self, what: str, bound: float | None) -> str:
        waited_for = "body" if self._exchange.answered.done() else "response's head"
        return (
            f"{self._request}: {what}={bound:g} s, waiting for the {waited_for}; "
            f"{self._exchange.received} bytes had come"
        )


def watch(
    loop: asyncio.AbstractEventLoop, exchange: ClientExchange, request: ClientRequest
) -> Watch | None:
    """Watch over the bounds of `request`; what is to be stopped at the body's end, if anything."""
    total, silence = request.settings.total, request.settings.silence
    if total == inf and silence == inf:
        return None
    is_fine = request.settings.is_fine
    watching = Watch.__new__(Watch)
    watching._begin(loop, exchange, request, request.begun + total, silence, is_fine)
    return watching if is_fine else None


async def within_total(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """What `handler` gives; TimeoutError where that takes longer than the request may in total,
    whatever it waits for."""
    total = request.settings.timeout.total
    if not total:
        return await handler(request)
    try:
        async with asyncio.timeout_at(request.begun + total) as bound:
            return await handler(request)
    except TimeoutError as error:
        # Not by the time: uvloop's timers may fire before their clock says so.
        if error.args or not bound.expired():
            raise
        raise TimeoutError(f"{request} took longer than total={total:g} s") from error
