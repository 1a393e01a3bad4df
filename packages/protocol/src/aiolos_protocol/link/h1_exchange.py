"""One exchange of HTTP/1.1, as whoever answers or asks sees it."""

from collections.abc import Awaitable
from typing import Any

from multidict import CIMultiDict

from ..errors import LocalProtocolError
from ..exchange import Bypass
from ..streams import StreamReader
from ..upgrade import Handover
from .h1 import H1Link


class H1Exchange:
    """One exchange on an H1Link; refuses every verb once the link has gone on to another."""

    __slots__ = ("_link", "body", "head")

    def __init__(self, link: H1Link, head: Any, body: StreamReader) -> None:
        self._link = link
        self.head = head
        self.body = body

    def _current(self) -> H1Link:
        link = self._link
        if link._exchange is not self:
            raise LocalProtocolError(f"the exchange of {self.head!r} has ended")
        return link

    def write(self, data: bytes) -> "Awaitable[None]":
        """See Exchange.write."""
        return self._current().write_body(data)

    def end(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """See Exchange.end."""
        self._current().end_body(trailers)

    def drain(self) -> "Awaitable[None]":
        """See Exchange.drain."""
        return self._link.drain()

    def bypass(self, size: int) -> Bypass | None:
        """See Exchange.bypass."""
        return self._current().bypass(size)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info()."""
        return self._link.get_extra_info(name, default)

    def take_over(self) -> Handover:
        """See Exchange.take_over."""
        return self._current().take_over()

    def abort(self) -> None:
        """See Exchange.abort."""
        if self._link._exchange is self:
            self._link.abort()
