"""What goes out over HTTP/1.1: the automaton of that direction, and how its bodies are framed."""

import asyncio
from collections.abc import Awaitable
from enum import IntEnum
from typing import Final

from multidict import CIMultiDict

from ..errors import ConnectionLost, LocalProtocolError
from ..exchange import Bypass
from ..http1.serializer import LAST_CHUNK, last_chunk
from ..http1.state import CLOSED, DATA, END, IDLE, ROWS, refused
from .bypass import SocketBypass
from .gathering import GatheringOwner

# Below it a head and its body are joined; above it joining costs more than it saves.
JOIN: Final = 32_768


class Framing(IntEnum):
    """How the body being sent ends."""

    NONE = 0
    """It is not sent at all: HEAD, 204, 304."""
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


class H1Sending(GatheringOwner):
    """The sending half of a connection; H1Link adds what comes in."""

    __slots__ = ("_framing", "_left", "_sending")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        GatheringOwner.__init__(self, loop)
        self._sending = IDLE
        self._framing = 0
        self._left = -1

    def _check_complete(self) -> None:
        """This direction is DONE; the other one may be, too."""
        raise NotImplementedError

    def _sent(self, event: int) -> None:
        row = ROWS[self._sending]
        phase = row[event]
        if phase < 0:
            if self._sending == CLOSED:
                raise ConnectionLost("the connection is closed")
            raise refused(self._sending, event, "sending")
        self._sending = phase

    def _start_body(self, framing: int, length: int) -> None:
        """A head is out; what follows is framed so. `length` is -1 where it is unknown."""
        self._framing = framing
        self._left = length

    def write_body(self, data: bytes) -> "Awaitable[None]":
        """See Exchange.write."""
        self._sent(DATA)
        if type(data) is not bytes:
            # A view of a buffer that the caller may change before the bytes are out.
            data = bytes(data)
        size = len(data)
        if self._left >= 0:
            if size > self._left:
                raise LocalProtocolError(
                    f"{size} bytes written where {self._left} are left of Content-Length"
                )
            self._left -= size
        if size and self._framing:
            if self._framing == 2:
                self._push_chunk(data)
            else:
                self._push(data)
        return self._ready() if not self._write_paused else self.drain()

    def bypass(self, size: int) -> Bypass | None:
        """See Exchange.bypass."""
        transport = self.transport
        if self._framing != 1 or size > self._left or transport is None:
            return None
        if (
            transport.get_extra_info("ssl_object") is not None
            or transport.get_extra_info("socket") is None
        ):
            return None
        self._sent(DATA)
        self._left -= size
        self._flush()
        self._beside = size
        return SocketBypass(self)

    def end_body(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """See Exchange.end."""
        if self._left > 0 and self._framing:
            raise LocalProtocolError(f"the body ends {self._left} bytes before Content-Length")
        last = LAST_CHUNK
        if trailers:
            if self._framing == 1:
                raise LocalProtocolError(
                    "trailers need a chunked body: leave Content-Length out (RFC 9112 7.1.2)"
                )
            last = last_chunk(trailers)
        self._sent(END)
        if self._framing == 2:
            self._push(last)
        self._flush()
        self._check_complete()
