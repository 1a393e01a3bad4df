"""What stands below a request that no connection carries, for tests of handlers."""

import asyncio
from collections.abc import Awaitable, Callable
from time import time
from typing import Any

import aiosignal
from aiolos_protocol.fields.dates import format_http_date
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.message import RequestHead, ResponseHead
from aiolos_protocol.streams import StreamReader
from aiolos_protocol.transport import READY
from aiolos_protocol.upgrade import Handover
from multidict import CIMultiDict

from .announced import Stamp
from .response import StreamResponse
from .server import SERVER_SOFTWARE


class Unconnected:
    """Connection, link and exchange in one; it keeps what a response sends.

    `heads` are the heads that were sent, `written` the body so far, `complete` whether it has
    ended. Nothing is framed, coded or limited by a connection's rules.
    """

    limits = DEFAULT_LIMITS
    client_max_fields = None
    auto_decompress = True

    def __init__(
        self,
        head: RequestHead,
        payload: bytes | StreamReader,
        client_max_size: int,
        transport: asyncio.Transport | None,
    ) -> None:
        self.head = head
        self.client_max_size = client_max_size
        self.transport = transport
        self.heads: list[ResponseHead] = []
        self.written = b""
        self.complete = False
        if isinstance(payload, StreamReader):
            self.body = payload
        else:
            self.body = StreamReader()
            self.body.feed_data(payload)
            self.body.feed_eof()

    # The bearer.

    @property
    def stamp(self) -> Stamp:
        """As that of a connection."""
        return SERVER_SOFTWARE, b"Date: %b\r\n" % format_http_date(int(time())).encode()

    @property
    def link(self) -> Any:
        """Itself."""
        return self

    @property
    def response_begun(self) -> bool:
        """Whether a final head has been sent."""
        return any(head.status >= 200 or head.status == 101 for head in self.heads)

    async def preparing(self, request: Any, response: StreamResponse) -> None:
        """Send on_response_prepare of the applications that have it."""
        response.stamp = self.stamp
        all_signals = [getattr(app, "on_response_prepare", None) for app in request.match_info.apps]
        signals = [each for each in all_signals if isinstance(each, aiosignal.Signal) and each]
        if signals:
            await response.announce(request)
            for signal in signals:
                await signal.send(request, response)
            response.heed()

    def on_farewell(self, farewell: Callable[[], None] | None) -> None:
        """It never goes away."""

    def on_disconnect(self, callback: Callable[[], None] | None) -> None:
        """Nobody goes away."""

    async def disconnected(self) -> None:
        """There is nobody to wait for."""

    def on_end(self, callback: Callable[[], None]) -> None:
        """It has no end."""

    def stand_in(self, old: Any, new: Any) -> None:
        """There is no current request."""

    def exceeded(self, limit: str, value: float) -> None:
        """There is nobody to tell."""

    # The link.

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        return asyncio.get_running_loop()

    def flush(self) -> None:
        """Nothing is gathered."""

    def exchange(self, head: RequestHead) -> Any:
        """Itself."""
        return self

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows."""
        value = None if self.transport is None else self.transport.get_extra_info(name)
        return default if value is None else value

    # The exchange.

    def send_head(self, head: ResponseHead) -> None:
        """See Exchange."""
        self.heads.append(head)

    def write(self, data: bytes) -> Awaitable[None]:
        """See Exchange."""
        self.written += data
        return READY

    def end(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """See Exchange."""
        self.complete = True

    def drain(self) -> Awaitable[None]:
        """See Exchange."""
        return READY

    def bypass(self, size: int) -> None:
        """There is no socket to write to."""

    def take_over(self) -> Handover:
        """There is nothing to take over."""
        raise RuntimeError(
            "a mocked request has no connection to take over: test WebSockets by a TestClient"
        )

    def abort(self) -> None:
        """See Exchange."""
