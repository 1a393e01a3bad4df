"""One part of a multipart body as it arrives."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol, Self

from .. import hdrs
from ..compression import PIECE, Budget, ContentDecoder, give_way, parse_codings, pull
from ..fields.content_type import charset_codec, parse_content_type
from ..fields.disposition import Disposition, parse_disposition
from ..limits import DEFAULT_LIMITS, Limits
from ..urlencoded import parse_urlencoded
from . import transfer
from .boundary import MalformedMultipart, NotUnderstood
from .parser import Event, Mark, MultipartParser

_NO_DISPOSITION: Final = Disposition("")


class Content(Protocol):
    """Where the bytes of a body come from; a StreamReader is one."""

    async def readany(self) -> bytes:
        """All that is there, at least one byte; b"" at the end."""


class Readable(Protocol):
    """Content of others' making, which has only this."""

    async def read(self, size: int, /) -> bytes:
        """At most `size` bytes, at least one; b"" at the end."""


class Source:
    """A parser and the content that it is fed from; parts share the `budget` of the content."""

    __slots__ = ("_is_wire", "_parser", "_readany", "budget")

    def __init__(self, parser: MultipartParser, content: Any, limits: Limits) -> None:
        self._parser = parser
        # Readers of others' making have read() alone.
        self._readany = getattr(content, "readany", None) or partial(_read, content)
        budget = getattr(content, "budget", None)
        # What is decoded itself has a budget, which counts what came over the wire for it.
        self._is_wire = not isinstance(budget, Budget)
        self.budget: Final[Budget] = budget if isinstance(budget, Budget) else Budget(limits)

    async def next_event(self) -> Event:
        """The next event; suspends while there are no bytes to tell it from. Raises what the
        parser and the content raise."""
        parser = self._parser
        while True:
            event = parser.next_event()
            if event is not None:
                return event
            data = await self._readany()
            if data:
                if self._is_wire:
                    self.budget.receive(len(data))
                parser.feed(data)
            else:
                parser.feed_eof()

    def take_part_end(self) -> bool:
        """As MultipartParser.take_part_end()."""
        return self._parser.take_part_end()


async def _read(content: Readable) -> bytes:
    return await content.read(PIECE)


class BodyPartReader:
    """A part: its `headers`, and its body as a stream.

    read_chunk(), readline() and read() give the bytes as they were sent; decode() and
    read_decoded() undo Content-Transfer-Encoding and then Content-Encoding, which a form does not
    know (RFC 7578 4.8). Reading a body of more than `client_max_size` bytes whole raises
    `max_size_error_cls(client_max_size)`. Whatever is malformed raises MalformedMultipart.
    """

    chunk_size = 8192

    def __init__(
        self,
        boundary: bytes | str,
        headers: Mapping[str, str],
        content: Source | Content | Readable,
        *,
        subtype: str = "mixed",
        default_charset: str | None = None,
        max_decompress_size: int = PIECE,
        client_max_size: int = sys.maxsize,
        max_size_error_cls: type[Exception] = ValueError,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """`boundary` with its two dashes; `content` stands at the first byte of the body."""
        if not isinstance(content, Source):
            delimiter = boundary.encode() if isinstance(boundary, str) else boundary
            parser = MultipartParser(delimiter[2:], limits, in_part=True)
            content = Source(parser, content, limits)
        self.headers = headers
        self._source = content
        self._is_form = subtype == "form-data"
        self._default_charset = default_charset
        self._piece = max_decompress_size
        self._max_size = client_max_size
        self._max_size_error = max_size_error_cls
        self._limits = limits
        self._buffer = b""
        self._position = 0
        self._ended = False
        self._encodings: _Decoding | None = None
        self._disposition: Disposition | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    async def next(self) -> bytes | None:
        """The rest of the body as one piece; None behind it."""
        return None if self.at_eof() else await self.read()

    def at_eof(self) -> bool:
        """True when the body has been read to its end, and the delimiter behind it is there."""
        return self._ended and self._position == len(self._buffer)

    # The bytes as they were sent.

    async def readany(self) -> bytes:
        """All that is there, at least one byte; b"" at the end."""
        if self._position == len(self._buffer) and not await self._fill():
            return b""
        data = self._buffer[self._position :] if self._position else self._buffer
        self._buffer = b""
        self._position = 0
        return data

    async def read_chunk(self, size: int = chunk_size) -> bytes:
        """At most `size` bytes, at least one; b"" at the end."""
        if self._position == len(self._buffer) and not await self._fill():
            return b""
        start = self._position
        data = self._buffer[start : start + size]
        self._position = start + len(data)
        return data

    async def readline(self) -> bytes:
        """A line with its LF; the last one may lack it, b"" at the end."""
        pieces: list[bytes] = []
        size = 0
        while self._position < len(self._buffer) or await self._fill():
            end = self._buffer.find(b"\n", self._position) + 1
            piece = self._buffer[self._position : end or len(self._buffer)]
            self._position += len(piece)
            size += len(piece)
            self._check_size(size)
            pieces.append(piece)
            if end:
                break
        return b"".join(pieces)

    async def read(self, *, decode: bool = False) -> bytes:
        """The rest of the body; with `decode` without its encodings."""
        pieces: list[bytes] = []
        size = 0
        while piece := await (self.read_decoded() if decode else self.readany()):
            size += len(piece)
            self._check_size(size)
            pieces.append(piece)
        return b"".join(pieces)

    async def release(self) -> None:
        """Throw away the rest of the body."""
        while await self.readany():
            pass

    # Without encodings.

    async def read_decoded(self) -> bytes:
        """The next decoded bytes, at least one; b"" at the end. It gives other tasks their turn."""
        decoding = self._decoding()
        if decoding.is_identity:
            return await self.readany()
        return await pull(decoding.codings, decoding.readany, self._piece)

    def decode(self, data: bytes) -> bytes:
        """`data`, read before and decoded in the order of reading, without its encodings."""
        decoding = self._decoding()
        decoding.feed(bytes(data))
        return b"".join(iter(lambda: decoding.codings.read(self._piece), b""))

    async def decode_iter(self, data: bytes) -> AsyncIterator[bytes]:
        """As decode(), in pieces, so that a small `data` may stand for much; it gives other tasks
        their turn."""
        decoding = self._decoding()
        decoding.feed(bytes(data))
        while (piece := decoding.codings.step(self._piece)) is not None:
            if piece:
                yield piece
            await give_way(decoding.codings.budget)

    async def text(self, *, encoding: str | None = None) -> str:
        """The rest of the body as text, in `encoding`, else in its own charset, else UTF-8."""
        data = await self.read(decode=True)
        charset = encoding or self.get_charset("utf-8")
        codec = charset_codec(charset)
        if codec is None:
            raise NotUnderstood(
                f"the part is in an unknown charset: {charset!r:.40}", status_hint=415
            )
        try:
            return data.decode(codec)
        except UnicodeDecodeError as error:
            raise MalformedMultipart(f"the part is not in its charset: {error}") from error

    async def json(self, *, encoding: str | None = None) -> Any:
        """The rest of the body as JSON; None where there is none. Raises json.JSONDecodeError."""
        text = await self.text(encoding=encoding)
        return json.loads(text) if text.strip() else None

    async def form(self, *, encoding: str | None = None) -> list[tuple[str, str]]:
        """The rest of the body as an urlencoded form: see parse_urlencoded()."""
        data = await self.read(decode=True)
        return parse_urlencoded(data, encoding or self.get_charset("utf-8"), self._limits)

    # What the head says.

    def get_charset(self, default: str) -> str:
        """The charset that Content-Type names, else the form's (RFC 7578 4.6), else `default`."""
        named = parse_content_type(self.headers.get(hdrs.CONTENT_TYPE)).charset
        return named or self._default_charset or default

    @property
    def name(self) -> str | None:
        """The form field's name."""
        return self.disposition.name

    @property
    def filename(self) -> str | None:
        """The file's name as the peer gave it, which may hold a path: never open it unseen."""
        return self.disposition.filename

    @property
    def disposition(self) -> Disposition:
        """Content-Disposition; of type "" where there is none that can be understood."""
        if self._disposition is None:
            field = self.headers.get(hdrs.CONTENT_DISPOSITION)
            self._disposition = parse_disposition(field) or _NO_DISPOSITION
        return self._disposition

    # Inner parts.

    async def _fill(self) -> bool:
        """Get the next piece into the buffer; False at the end."""
        if self._ended:
            return False
        event = await self._source.next_event()
        if isinstance(event, bytes):
            self._buffer = event
            self._position = 0
            self._ended = self._source.take_part_end()
            return True
        assert event is Mark.PART_END, "a part's events are pieces and its end"
        self._ended = True
        return False

    def _check_size(self, size: int) -> None:
        if size > self._max_size:
            raise self._max_size_error(self._max_size)

    def _decoding(self) -> "_Decoding":
        if self._encodings is None:
            encoded = self.headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "").strip(" \t").lower()
            coded = None if self._is_form else self.headers.get(hdrs.CONTENT_ENCODING)
            codings = parse_codings(coded, self._limits)
            self._encodings = _Decoding(
                self.readany,
                transfer.decoder(encoded),
                ContentDecoder(codings, self._limits, self._source.budget),
            )
        return self._encodings


class _Decoding:
    """What undoes the encodings of a part: first that of its transfer, then its content codings."""

    __slots__ = ("_is_ended", "_readany", "_transfer", "codings", "is_identity")

    def __init__(
        self,
        readany: Callable[[], Awaitable[bytes]],
        transfer_decoder: transfer.TransferCoder | None,
        codings: ContentDecoder,
    ) -> None:
        self._readany = readany
        self._transfer = transfer_decoder
        self._is_ended = False
        self.codings = codings
        # Parts of forms are, nearly all of them.
        self.is_identity: Final = transfer_decoder is None and codings.is_identity

    def feed(self, data: bytes) -> None:
        """The next bytes as they were sent, for the codings."""
        self.codings.feed(data if self._transfer is None else self._transfer.feed(data))

    async def readany(self) -> bytes:
        """The next bytes in their codings only, at least one; b"" at the end."""
        if self._transfer is None:
            return await self._readany()
        data = b""
        while not data and not self._is_ended:
            sent = await self._readany()
            self._is_ended = not sent
            data = self._transfer.feed(sent) if sent else self._transfer.finish()
        return data
