"""What a StreamReader made by hand is given; connections of ours are protocols of their own."""

import asyncio
from typing import Any

from aiolos.streams import DataQueue

from .base_protocol import BaseProtocol

__all__ = ["ResponseHandler"]


class ResponseHandler(BaseProtocol, DataQueue[Any]):
    """A protocol without a connection, for responses and readers that are made by hand."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        BaseProtocol.__init__(self, loop)
        DataQueue.__init__(self, loop)
        self.should_close = False
        self.upgraded = False

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
