"""One exchange on a server's stream: made when a handler reads a body, or streams."""

from collections.abc import Awaitable
from typing import Any

from multidict import CIMultiDict

from ..message import RequestHead, ResponseHead
from ..upgrade import Handover


class H2ServerExchange:
    """See Exchange; refuses every verb once the stream has gone on to another request."""

    __slots__ = ("_stream", "body", "head")

    def __init__(self, stream: Any, head: RequestHead, body: Any) -> None:
        self._stream = stream
        self.head = head
        self.body = body

    def _current(self) -> Any:
        stream = self._stream
        if stream._exchange is not self:
            stream._check(self.head)
        return stream

    def send_head(self, head: ResponseHead) -> None:
        """See Exchange.send_head."""
        self._current().send_head(head)

    def write(self, data: bytes) -> "Awaitable[None]":
        """See Exchange.write."""
        drained: Awaitable[None] = self._current().write_body(data)
        return drained

    def end(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """See Exchange.end."""
        self._current().end_body(trailers)

    def drain(self) -> "Awaitable[None]":
        """See Exchange.drain."""
        drained: Awaitable[None] = self._stream.drain()
        return drained

    def bypass(self, size: int) -> None:
        """See Exchange.bypass: frames cannot be bypassed."""
        return

    def take_over(self) -> Handover:
        """See Exchange.take_over."""
        handover: Handover = self._current().take_over()
        return handover

    def abort(self) -> None:
        """See Exchange.abort."""
        if self._stream._exchange is self:
            self._stream.abort()
