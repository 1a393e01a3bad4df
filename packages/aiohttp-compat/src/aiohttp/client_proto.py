"""The protocol of a connection that a connector's `_factory` makes, or somebody by hand."""

import asyncio
from contextlib import suppress
from typing import Any

from aiolos.streams import DataQueue

from .base_protocol import BaseProtocol
from .client_exceptions import ClientOSError, ClientPayloadError, ServerDisconnectedError
from .http_exceptions import HttpProcessingError
from .http_parser import HttpResponseParser

__all__ = ["ResponseHandler"]


class ResponseHandler(BaseProtocol, DataQueue[Any]):
    """A protocol of one connection, subclassed to see or change what is received.

    A connection of a connector is carried: what is called here goes on to `link`, which speaks for
    it. By hand, set_response_params() has responses read from what is received, and read() gives
    each as a pair of its head and the reader of its body.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        BaseProtocol.__init__(self, loop)
        DataQueue.__init__(self, loop)
        self.should_close = False
        self.upgraded = False
        self.read_timeout: float | None = None
        # What carries requests; None for a handler by hand.
        self.link: Any = None
        self._responses: HttpResponseParser | None = None
        # Of another protocol, behind an upgrade.
        self._other: Any = None
        self._early = b""

    def carry(self, link: Any) -> None:
        """Hand on to `link` what the transport calls."""
        self.link = link

    @property
    def closed(self) -> None:
        """Nobody waits for it."""

    def is_connected(self) -> bool:
        """Whether there is an open transport."""
        return self.connected

    def close(self) -> None:
        """Close the transport, if there is one."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Close the transport at once, if there is one."""
        if self.transport is not None:
            self.transport.abort()

    def force_close(self) -> None:
        """Serve nothing behind the response at hand."""
        self.should_close = True

    def start_timeout(self) -> None:
        """A connection's deadline is the link's."""

    # From the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio.BaseProtocol."""
        super().connection_made(transport)
        if self.link is not None:
            self.link.connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        super().connection_lost(exc)
        if self.link is not None:
            self.link.connection_lost(exc)
            return
        if self._responses is not None:
            self._responses.feed_eof()
        if self._other is not None:
            # It is the caller's; what it makes of the end is told to whoever reads by it.
            with suppress(Exception):
                self._other.feed_eof()
        self.should_close = True
        if self.exception() is None:
            self.set_exception(_lost(exc))

    def eof_received(self) -> Any:
        """asyncio.Protocol."""
        return None if self.link is None else self.link.eof_received()

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        if self.link is not None:
            self.link.data_received(data)
        elif self._other is not None:
            _, self._early = self._other.feed_data(data)
        elif self._responses is None or self.upgraded:
            self._early += data
        else:
            if self.exception() is not None:
                # Behind what was no HTTP there are no messages.
                return
            try:
                messages, self.upgraded, rest = self._responses.feed_data(data)
            except HttpProcessingError as error:
                self.should_close = True
                self.set_exception(error)
                self.close()
                return
            self._early = bytes(rest)
            for each in messages:
                self.should_close |= each[0].should_close
                self.feed_data(each, 0)

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        super().pause_writing()
        if self.link is not None:
            self.link.pause_writing()

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        super().resume_writing()
        if self.link is not None:
            self.link.resume_writing()

    # By hand.

    def set_response_params(
        self,
        *,
        timer: Any = None,
        skip_payload: bool = False,
        read_until_eof: bool = False,
        auto_decompress: bool = True,
        read_timeout: float | None = None,
        read_bufsize: int = 2**16,
        timeout_ceil_threshold: float = 5,
        max_line_size: int = 8190,
        max_field_size: int = 8190,
        max_headers: int = 128,
    ) -> None:
        """Read responses from now on; the times have no effect."""
        self.read_timeout = read_timeout
        self._responses = HttpResponseParser(
            self,
            self._loop,
            read_bufsize,
            timer=timer,
            response_with_body=not skip_payload,
            read_until_eof=read_until_eof,
            auto_decompress=auto_decompress,
            payload_exception=ClientPayloadError,
            max_line_size=max_line_size,
            max_field_size=max_field_size,
            max_headers=max_headers,
        )
        self._go_on()

    def set_parser(self, parser: Any, payload: Any, data_received_cb: Any = None) -> None:
        """Hand what comes behind an upgrade to `parser`, which has feed_data()."""
        self._other = parser
        self._go_on()

    def _go_on(self) -> None:
        data, self._early = self._early, b""
        if data:
            self.data_received(data)


def _lost(exc: BaseException | None) -> BaseException:
    """What is told to whoever waits for a response when the connection is lost by `exc`."""
    if exc is None:
        return ServerDisconnectedError()
    if not isinstance(exc, OSError):
        return exc
    lost = ClientOSError(*exc.args)
    lost.__cause__ = exc
    return lost
