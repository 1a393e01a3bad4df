"""Content codings of responses: which one is chosen, and the body on its way through it."""

import asyncio
import enum
from collections.abc import Awaitable, Mapping
from typing import Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.compression import OFF_LOOP, ContentEncoder, available
from aiolos_protocol.exchange import Exchange
from aiolos_protocol.fields.accept import choose_coding
from aiolos_protocol.fields.content_type import parse_content_type
from aiolos_protocol.transport import READY
from multidict import CIMultiDict


class ContentCoding(enum.Enum):
    """What a body may be coded in; br and zstd where their libraries are installed."""

    deflate = "deflate"
    gzip = "gzip"
    br = "br"
    zstd = "zstd"
    identity = "identity"


# Smaller first, for peers that have no preference.
_TASTE: Final = ("br", "zstd", "deflate", "gzip")
# Below it the head alone outweighs what compression saves.
WORTHWHILE: Final = 1024


def chosen_coding(accept_encoding: "list[str]") -> str | None:
    """The coding that the fields `accept_encoding` ask for; None for none."""
    offered = [coding for coding in _TASTE if coding in available()]
    return choose_coding(", ".join(accept_encoding), offered)


def worth_coding(
    request_headers: "Mapping[str, str]", headers: "CIMultiDict[str]", length: int | None
) -> bool:
    """Whether auto_compress applies: text of some length that nobody has forbidden to change."""
    return (
        (length is None or length >= WORTHWHILE)
        and hdrs.CONTENT_ENCODING not in headers
        and hdrs.CONTENT_RANGE not in headers
        and hdrs.RANGE not in request_headers
        and "no-transform" not in headers.get(hdrs.CACHE_CONTROL, "").lower()
        and (kind := parse_content_type(headers.get(hdrs.CONTENT_TYPE))).is_text
        # A coding would hold events back until it has gathered enough of them.
        and kind.essence != "text/event-stream"
    )


def describe_coding(headers: "CIMultiDict[str]", coding: str | None, negotiated: bool) -> None:
    """Change `headers` to those of a body in `coding`."""
    if negotiated:
        vary = headers.get(hdrs.VARY, "")
        if "accept-encoding" not in vary.lower() and vary.strip() != "*":
            headers[hdrs.VARY] = f"{vary}, {hdrs.ACCEPT_ENCODING}" if vary else hdrs.ACCEPT_ENCODING
    if coding is None:
        return
    headers[hdrs.CONTENT_ENCODING] = coding
    headers.pop(hdrs.CONTENT_LENGTH, None)
    etag = headers.get(hdrs.ETAG, "")
    if etag.startswith('"'):
        # RFC 9110 8.8.3.3: what is equal only once it is decoded has a weak tag.
        headers[hdrs.ETAG] = "W/" + etag


class BodyCoder:
    """Codes pieces of a body and hands them to the exchange, in the order of the calls.

    Large pieces are coded in a thread; whatever is written behind one waits for it.
    """

    def __init__(self, exchange: Exchange, coding: str, strategy: int | None) -> None:
        self._exchange = exchange
        self._encoder = ContentEncoder((coding,), strategy=strategy)
        self._running: asyncio.Task[None] | None = None

    def write(self, data: bytes) -> Awaitable[Any]:
        """Code `data` and send what comes of it; awaiting waits for room in the buffer."""
        running = self._running
        if running is None and len(data) < OFF_LOOP:
            coded = self._encoder.encode(data)
            return self._exchange.write(coded) if coded else READY
        task = self._running = asyncio.ensure_future(self._code(running, data))
        return asyncio.shield(task)

    async def _code(self, before: "asyncio.Task[None] | None", data: bytes) -> None:
        if before is not None:
            await before
        loop = asyncio.get_running_loop()
        coded = await loop.run_in_executor(None, self._encoder.encode, data)
        if self._running is asyncio.current_task():
            self._running = None
        if coded:
            await self._exchange.write(coded)

    async def flush(self) -> None:
        """Send all that was written so far, so that the peer can decode it."""
        if self._running is not None:
            await asyncio.shield(self._running)
        coded = self._encoder.flush()
        if coded:
            await self._exchange.write(coded)

    def push(self) -> None:
        """flush() without waiting: what is coded in a thread just now comes later anyhow."""
        if self._running is None:
            coded = self._encoder.flush()
            if coded:
                self._exchange.write(coded)

    async def finish(self) -> None:
        """Send the end of the coded body."""
        if self._running is not None:
            await asyncio.shield(self._running)
        coded = self._encoder.finish()
        if coded:
            await self._exchange.write(coded)
