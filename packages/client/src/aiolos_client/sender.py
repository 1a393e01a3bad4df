"""One request over one connection: had from the connector, sent, and its response's head awaited.

No task and no timer for a request whose body is at hand: the connection's deadline is a field
that the connector's clock sweeps, and only a bound below a second gets a timer of its own.
"""

import asyncio
from collections.abc import AsyncIterable
from functools import partial
from typing import Final

from aiolos_protocol.clock import NEVER
from aiolos_protocol.errors import (
    ConnectionLost,
    LocalProtocolError,
    RemoteProtocolError,
    Unanswered,
)
from aiolos_protocol.link.h1_client import H1ClientExchange, H1ClientLink
from aiolos_protocol.message import ResponseHead

from .connector import BaseConnector
from .errors import ClientResponseError, ServerDisconnectedError
from .pool import Plan
from .request import ClientRequest
from .response import ClientResponse

# A coarse deadline is late by up to a tick, which a short bound would feel.
COARSE: Final = 1.0


class Sender:
    """Sends requests through `connector`; `repeat` allows the one silent repetition."""

    __slots__ = ("_connector", "_loop", "_repeat", "_uploads")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, connector: BaseConnector, repeat: bool
    ) -> None:
        self._loop = loop
        self._connector = connector
        self._repeat = repeat
        self._uploads: set[asyncio.Task[None]] = set()

    async def send(self, request: ClientRequest) -> ClientResponse:
        """The response to `request`, its body still to come.

        An idempotent request is sent once more where a connection that had been idle turns out to
        be dead before any byte of an answer came (RFC 9110 9.2.2, RFC 9112 9.3.1). Raises a
        ClientError, or TimeoutError at the request's deadline.
        """
        try:
            head, exchange = await self._attempt(request)
        except ConnectionLost as error:
            raise ServerDisconnectedError(
                f"{request.target.authority} closed the connection of {request} without an answer"
            ) from error
        except RemoteProtocolError as error:
            raise ClientResponseError(
                request.info(), (), status=400, message=f"malformed response: {error}"
            ) from error
        return ClientResponse(request.method, request.target.url, exchange, head)

    async def _attempt(self, request: ClientRequest) -> tuple[ResponseHead, H1ClientExchange]:
        link, reused = await self._connection(request)
        try:
            return await self._exchange(link, request)
        except Unanswered:
            if not (reused and self._repeat and request.is_repeatable()):
                raise
        # The idle ones of a server that went away are dead, too.
        self._connector.close_idle(request.target.key)
        link, _ = await self._connection(request)
        return await self._exchange(link, request)

    async def _connection(self, request: ClientRequest) -> tuple[H1ClientLink, bool]:
        """A connection, and whether it has served before."""
        connector, key = self._connector, request.target.key
        taken = connector.take(key)
        if not isinstance(taken, Plan):
            return taken, True
        timeout = request.timeout
        bounds = [each for each in (timeout.connect, timeout.total) if each]
        connect_timeout = min(bounds, default=None)
        return await connector.connect(
            key, taken, connect_timeout, timeout.sock_connect or None
        ), False

    async def _exchange(
        self, link: H1ClientLink, request: ClientRequest
    ) -> tuple[ResponseHead, H1ClientExchange]:
        exchange: H1ClientExchange | None = None
        timer: asyncio.TimerHandle | None = None
        try:
            body = request.body
            if isinstance(body, bytes):
                exchange = link.ask(request.head, body)
            else:
                exchange = link.ask_streaming(request.head)
                self._upload(link, exchange, body)
            timer = self._set_deadline(link, request)
            head = await exchange.answered
        except LocalProtocolError as error:
            link.abort() if exchange is None else exchange.abort()
            raise ValueError(f"{request} cannot be sent: {error}") from error
        except BaseException:
            # Also a cancelled caller: nobody will read what may still come.
            link.abort() if exchange is None else exchange.abort()
            raise
        if timer is not None:
            # The body's arrival is watched by the timer as well.
            exchange.body.on_eof(timer.cancel)
        return head, exchange

    def _set_deadline(
        self, link: H1ClientLink, request: ClientRequest
    ) -> asyncio.TimerHandle | None:
        """End the exchange when the request's total time is over."""
        total = request.timeout.total
        if not total:
            link.deadline = NEVER
            return None
        link.on_deadline = late = partial(_late, link, request)
        link.deadline = request.begun + total
        if total >= COARSE:
            return None
        link.deadline = NEVER
        return self._loop.call_at(request.begun + total, late)

    def _upload(
        self, link: H1ClientLink, exchange: H1ClientExchange, body: AsyncIterable[bytes]
    ) -> None:
        task = self._loop.create_task(_send_body(link, exchange, body))
        self._uploads.add(task)
        task.add_done_callback(self._uploads.discard)


def _late(link: H1ClientLink, request: ClientRequest) -> None:
    link.fail(TimeoutError(f"{request} took longer than total={request.timeout.total:g} s"))


async def _send_body(
    link: H1ClientLink, exchange: H1ClientExchange, body: AsyncIterable[bytes]
) -> None:
    """Send a streamed body; what the user's iterable raises ends the exchange with it."""
    try:
        async for piece in body:
            await exchange.write(piece)
        exchange.end()
    except (ConnectionLost, LocalProtocolError) as error:
        # The server may have answered and closed before the body's end: the answer counts.
        if not exchange.answered.done():
            link.fail(error)
    except Exception as error:
        link.fail(error)
    except BaseException:
        link.abort()
        raise
