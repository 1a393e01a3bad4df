"""Versions of HTTP; messages written by hand to a transport."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiolos.http import HttpVersion, HttpVersion10, HttpVersion11
from aiolos_protocol.compression import ContentEncoder
from aiolos_protocol.http1.serializer import chunk as framed
from aiolos_protocol.http1.serializer import field_lines
from multidict import CIMultiDict

from ._absent import absent
from .abc import AbstractStreamWriter
from .client_exceptions import ClientConnectionResetError

__all__ = ["HttpVersion", "HttpVersion10", "HttpVersion11", "StreamWriter"]

_LAST_CHUNK = b"0\r\n\r\n"


class StreamWriter(AbstractStreamWriter):
    """Writes one message to the transport of `protocol`.

    `on_chunk_sent(data)` and `on_headers_sent(headers)` are awaited before what they tell of is
    sent. `length` is how much of the body may still be sent, None without a bound.
    """

    length: int | None = None
    chunked = False

    def __init__(
        self,
        protocol: Any,
        loop: asyncio.AbstractEventLoop,
        on_chunk_sent: Callable[[bytes], Awaitable[Any]] | None = None,
        on_headers_sent: "Callable[[CIMultiDict[str]], Awaitable[Any]] | None" = None,
    ) -> None:
        self.loop = loop
        self.buffer_size = 0
        self.output_size = 0
        self._protocol = protocol
        self._on_chunk_sent = on_chunk_sent
        self._on_headers_sent = on_headers_sent
        self._encoder: ContentEncoder | None = None
        self._ended = False

    @property
    def protocol(self) -> Any:
        """What has the transport."""
        return self._protocol

    @property
    def transport(self) -> Any:
        """Where it is written to; None once that is gone."""
        return self._protocol.transport

    def enable_chunking(self) -> None:
        """Send the body in chunks (RFC 9112 7.1)."""
        self.chunked = True

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Send the body in a content coding."""
        self._encoder = ContentEncoder([encoding], strategy=strategy)

    async def write_headers(self, status_line: str, headers: "CIMultiDict[str]") -> None:
        """Send a head; `status_line` is without its line end. Raises LocalProtocolError for a
        field that would be two."""
        if self._on_headers_sent is not None:
            await self._on_headers_sent(headers)
        if "\r" in status_line or "\n" in status_line:
            raise ValueError("a first line is one line (RFC 9112 2.1)")
        text = f"{status_line}\r\n{field_lines(headers)}\r\n"
        self._send(text.encode("utf-8", "surrogateescape"))

    def send_headers(self) -> None:
        """Nothing: write_headers() has sent them."""

    async def write(
        self,
        chunk: bytes | bytearray | memoryview,
        *,
        drain: bool = True,
        LIMIT: int = 65_536,  # noqa: N803  # aiohttp's name
    ) -> None:
        """Send a piece of the body; waits for room where `drain` and more than LIMIT bytes are
        on their way."""
        data = chunk.tobytes() if isinstance(chunk, memoryview) else bytes(chunk)
        if self._on_chunk_sent is not None:
            await self._on_chunk_sent(data)
        self._send_body(data if self._encoder is None else self._encoder.encode(data))
        if drain and self.buffer_size > LIMIT:
            self.buffer_size = 0
            await self.drain()

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Send the last piece, and the end; once."""
        if self._ended:
            return
        if chunk and self._on_chunk_sent is not None:
            await self._on_chunk_sent(chunk)
        if self._encoder is not None:
            chunk = self._encoder.encode(chunk) + self._encoder.finish()
        self._send_body(chunk)
        self.set_eof()
        await self.drain()

    def set_eof(self) -> None:
        """There is no more body."""
        if not self._ended:
            self._ended = True
            if self.chunked:
                self._send(_LAST_CHUNK)

    async def drain(self) -> None:
        """Wait for room."""
        if self.transport is not None:
            await self._protocol._drain_helper()

    def _send_body(self, data: bytes) -> None:
        if self.length is not None:
            data = data[: self.length]
            self.length -= len(data)
        if data:
            self._send(framed(data) if self.chunked else data)

    def _send(self, data: bytes) -> None:
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("the connection is closed: nothing can be sent")
        self.buffer_size += len(data)
        self.output_size += len(data)
        transport.write(data)


absent(__name__)
