"""What every response has: its head, its body, and an end. Compiled where there is a compiler.

ClientResponse stands on top, in Python: it may be subclassed and given attributes as any other.
"""

import warnings
from collections.abc import Awaitable
from typing import Any

from aiolos_protocol.exchange import ClientExchange
from aiolos_protocol.message import ResponseHead
from aiolos_protocol.streams import StreamReader
from aiolos_protocol.transport import READY
from yarl import URL

from .clientrequest import ClientRequest
from .errors import ClientConnectionError
from .tracing import TraceResponseChunkReceivedParams


class Received:
    """The answer to a request, as it came; see ClientResponse.

    `_body` is the whole body once it was read, `_history` the redirections that led here,
    `_released` whether somebody has ended it, `in_context` whether an `async with` block has still
    to do so.
    """

    __slots__ = (
        "_body", "_exchange", "_history", "_released", "_request", "_url", "content", "head",
        "in_context", "status",
    )  # fmt: skip

    def __init__(
        self,
        request: ClientRequest,
        exchange: ClientExchange,
        head: ResponseHead,
        content: StreamReader,
    ) -> None:
        self.head = head
        self.status: int = head.status
        self._exchange = exchange
        self._request = request
        self._url: URL = request.target.url
        self._body: bytes | None = None
        self._history: tuple[Any, ...] = ()
        self.in_context = False
        self._released = False
        self.content = content

    @property
    def method(self) -> str:
        """The method that was asked by."""
        method: str = self._exchange.head.method
        return method

    @property
    def url(self) -> URL:
        """The URL that was asked, without fragment."""
        return self._url.with_fragment(None) if self._url.raw_fragment else self._url

    async def read(self) -> bytes:
        """The whole body; again the same bytes. ClientPayloadError for more than `max_body_size`
        bytes, too."""
        body = self._body
        if body is None:
            content = self.content
            try:
                body = content.read_whole() if content.ended else await content.read()
            except BaseException:
                self.release()
                raise
            self._body = body
            traces = self._request.traces
            if traces is not None:
                await traces.send(
                    "on_response_chunk_received",
                    TraceResponseChunkReceivedParams(self.method, self.url, body),
                )
        return body

    def release(self) -> Awaitable[None]:
        """Give the connection back where the body has arrived, close it otherwise. Done at once;
        what is returned may be awaited."""
        self._released = True
        content = self.content
        # Also where the answer is whole, and the server does not wait for the request's rest.
        gives_back = content.ended and self._exchange.body_sent()
        if self._body is None:
            # Whether it can be read afterwards must not hang on how much has come already.
            content.abandon(
                ClientConnectionError(f"the response to {self.method} {self._url} was released")
            )
        if not gives_back:
            self._exchange.abort()
        return READY

    @property
    def unread(self) -> bool:
        """True where the body broke off, or still arrives, and nobody has released this response
        or seen the error: whoever asked has forgotten it, also where the session is closed."""
        content = self.content
        if self._released or content.ended:
            return False
        error = content.exception()
        return error is None or error.__traceback__ is None

    def __del__(self) -> None:
        # Where its making failed there is none.
        content: Any = getattr(self, "content", None)
        if content is not None and self._body is None and self.unread:
            self._exchange.abort()
            warnings.warn(
                f"unreleased {self!r}: read it whole or use async with",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )
