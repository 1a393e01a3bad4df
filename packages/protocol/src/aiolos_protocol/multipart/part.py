"""One part of a multipart body as it arrives."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final, Protocol, Self

from .. import hdrs
from ..compression import PIECE, ContentDecoder, parse_codings
from ..fields.content_type import charset_codec, parse_content_type
from ..fields.disposition import Disposition, parse_disposition
from ..limits import DEFAULT_LIMITS, Limits
from ..urlencoded import parse_urlencoded
from . import transfer
from .boundary import MalformedMultipart
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
    """A parser and the content that it is fed from."""

    __slots__ = ("_parser", "_readany")

    def __init__(self, parser: MultipartParser, content: Any) -> None:
        self._parser = parser
        # Readers of others' making have read() alone.
        self._readany = getattr(content, "readany", None) or partial(content.read, PIECE)

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
                parser.feed(data)
            else:
                parser.feed_eof()


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
            content = Source(MultipartParser(delimiter[2:], limits, in_part=True), content)
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
        self._decoder: _Decoder | None = None
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
        """True when the body has been read to its end."""
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
        """The next decoded bytes, at least one; b"" at the end."""
        decoder = self._decoding()
        while not (data := decoder.read(self._piece)):
            raw = await self.readany()
            if not raw:
                return decoder.finish(self._piece)
            decoder.feed(raw)
        return data

    def decode(self, data: bytes) -> bytes:
        """`data`, read before and decoded in the order of reading, without its encodings."""
        decoder = self._decoding()
        decoder.feed(bytes(data))
        return b"".join(iter(lambda: decoder.read(self._piece), b""))

    async def decode_iter(self, data: bytes) -> AsyncIterator[bytes]:
        """As decode(), in pieces, so that a small `data` may stand for much."""
        decoder = self._decoding()
        decoder.feed(bytes(data))
        while piece := decoder.read(self._piece):
            yield piece

    async def text(self, *, encoding: str | None = None) -> str:
        """The rest of the body as text, in `encoding`, else in its own charset, else UTF-8."""
        data = await self.read(decode=True)
        charset = encoding or self.get_charset("utf-8")
        codec = charset_codec(charset)
        if codec is None:
            raise MalformedMultipart(f"the part is in an unknown charset: {charset!r:.40}")
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
        return self._parsed_disposition().name

    @property
    def filename(self) -> str | None:
        """The file's name as the peer gave it, which may hold a path: never open it unseen."""
        return self._parsed_disposition().filename

    # Inner parts.

    def _parsed_disposition(self) -> Disposition:
        if self._disposition is None:
            field = self.headers.get(hdrs.CONTENT_DISPOSITION)
            self._disposition = parse_disposition(field) or _NO_DISPOSITION
        return self._disposition

    async def _fill(self) -> bool:
        """Get the next piece into the buffer; False at the end."""
        if self._ended:
            return False
        event = await self._source.next_event()
        if isinstance(event, bytes):
            self._buffer = event
            self._position = 0
            return True
        assert event is Mark.PART_END, "a part's events are pieces and its end"
        self._ended = True
        return False

    def _check_size(self, size: int) -> None:
        if size > self._max_size:
            raise self._max_size_error(self._max_size)

    def _decoding(self) -> "_Decoder":
        if self._decoder is None:
            encoded = self.headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "").strip(" \t").lower()
            coded = None if self._is_form else self.headers.get(hdrs.CONTENT_ENCODING)
            self._decoder = _Decoder(encoded, coded, self._limits)
        return self._decoder


class _Decoder:
    """Undoes a transfer encoding, then content codings."""

    __slots__ = ("_codings", "_finished", "_transfer")

    def __init__(self, encoded: str, coded: str | None, limits: Limits) -> None:
        self._transfer = transfer.decoder(encoded)
        self._codings = ContentDecoder(parse_codings(coded, limits), limits)
        self._finished = False

    def feed(self, data: bytes) -> None:
        """The next bytes as they were sent; read() must have returned b"" before."""
        self._codings.feed(data if self._transfer is None else self._transfer.feed(data))

    def read(self, size: int) -> bytes:
        """The next decoded bytes, about `size` at most; b"" where it takes more."""
        return self._codings.read(size)

    def finish(self, size: int) -> bytes:
        """What is left when all has been fed; called until it gives b""."""
        if self._transfer is not None and not self._finished:
            self._finished = True
            self._codings.feed(self._transfer.finish())
        data = self._codings.read(size)
        if not data:
            self._codings.finish()
        return data
