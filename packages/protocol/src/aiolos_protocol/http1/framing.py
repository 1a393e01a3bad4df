"""Where a body ends: by length, by chunks, or with the connection (RFC 9112 6.3, 7.1).

Decoders are pure: `feed()` takes received bytes and calls a sink. They differ only in how they
find the end, so the link treats them alike.
"""

from enum import IntEnum
from typing import Final, Protocol

from multidict import CIMultiDict

from ..errors import LimitExceeded, RemoteProtocolError
from ..limits import Limits
from .parser import parse_trailers


class Sink(Protocol):
    """Where decoded bytes go."""

    def feed_data(self, data: bytes) -> None:
        """The next bytes of the body; may be empty."""

    def end_chunk(self) -> None:
        """A chunk of a chunked body ends here."""

    def feed_trailers(self, trailers: CIMultiDict[str]) -> None:
        """The trailer section, where there is one; feed_eof() follows."""

    def feed_eof(self) -> None:
        """The body is complete."""


class Decoder(Protocol):
    """One body's framing. `done` once the end was seen; feed() is not called after it."""

    done: bool

    def feed(self, data: bytes, start: int, sink: Sink) -> int:
        """Consume body bytes from `data[start:]`; the offset behind the last one consumed.

        Raises RemoteProtocolError or LimitExceeded; the sink was given what came before.
        """

    def feed_eof(self, sink: Sink) -> bool:
        """The connection ended; True if the body is complete by that."""


class LengthDecoder:
    """A body of known length (RFC 9112 6.2)."""

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = False

    def feed(self, data: bytes, start: int, sink: Sink) -> int:
        """As Decoder.feed."""
        have = len(data) - start
        if have < self._left:
            self._left -= have
            sink.feed_data(data[start:] if start else data)
            return start + have
        end = start + self._left
        self._left = 0
        self.done = True
        sink.feed_data(data[start:end])
        sink.feed_eof()
        return end

    def feed_eof(self, sink: Sink) -> bool:
        """A body cut short is never complete (RFC 9112 8)."""
        return self.done


class UntilCloseDecoder:
    """A response body that ends with the connection (RFC 9112 6.3, item 8)."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes, start: int, sink: Sink) -> int:
        """As Decoder.feed."""
        sink.feed_data(data[start:] if start else data)
        return len(data)

    def feed_eof(self, sink: Sink) -> bool:
        """The end of the connection is the end of the body."""
        self.done = True
        sink.feed_eof()
        return True


class _Part(IntEnum):
    SIZE = 0
    DATA = 1
    DATA_END = 2
    TRAILERS = 3


_CRLF: Final = b"\r\n"
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
# Chunk extensions are skipped, not understood, but what a field value may not hold, they may not.
_BAD_EXTENSION: Final = frozenset(set(range(0x20)) - {0x09} | {0x7F})


class ChunkedDecoder:
    """A chunked body (RFC 9112 7.1)."""

    __slots__ = ("_extensions", "_left", "_limits", "_part", "_partial", "done")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._part = _Part.SIZE
        self._left = 0
        self._partial = b""
        self._extensions = 0
        self.done = False

    def feed(self, data: bytes, start: int, sink: Sink) -> int:
        """As Decoder.feed."""
        kept = len(self._partial)
        if kept:
            data = self._partial + data[start:]
            self._partial = b""
            base, pos = start - kept, 0
        else:
            base, pos = 0, start
        end = len(data)
        while pos < end and not self.done:
            part = self._part
            if part is _Part.DATA:
                pos = self._data(data, pos, sink)
                continue
            if part is _Part.SIZE:
                following = self._size(data, pos)
            elif part is _Part.DATA_END:
                following = self._data_end(data, pos)
            else:
                following = self._trailer_section(data, pos, sink)
            if following < 0:
                self._partial = data[pos:]
                pos = end
                break
            pos = following
        return base + pos

    def feed_eof(self, sink: Sink) -> bool:
        """Without the last chunk a chunked body is incomplete (RFC 9112 8)."""
        return self.done

    def _size(self, data: bytes, pos: int) -> int:
        """The chunk-size line; its end, or -1 while incomplete."""
        limit = self._limits.chunk_line
        eol = data.find(_CRLF, pos, pos + limit + 2)
        line = data[pos : eol if eol >= 0 else pos + limit + 2]
        digits = 0
        for byte in line:
            if byte not in _HEX:
                break
            digits += 1
        rest = line[digits:] if eol >= 0 else line[digits:].removesuffix(b"\r")
        if digits > 15 or (not digits and (rest or eol >= 0)):
            raise RemoteProtocolError("chunk-size is not 1 to 15 hex digits (RFC 9112 7.1)")
        if rest and (
            rest.lstrip(b" \t")[:1] not in (b";", b"") or _BAD_EXTENSION.intersection(rest)
        ):
            raise RemoteProtocolError("bytes behind chunk-size are no chunk-ext (RFC 9112 7.1.1)")
        if eol < 0:
            if len(line.removesuffix(b"\r")) > limit:
                raise LimitExceeded("chunk_line", limit)
            return -1
        if rest and rest.lstrip(b" \t") == b"":
            raise RemoteProtocolError("white space behind chunk-size (RFC 9112 7.1)")
        self._extensions += len(rest)
        if self._extensions > self._limits.chunk_extensions:
            raise LimitExceeded("chunk_extensions", self._limits.chunk_extensions)
        self._left = int(line[:digits], 16)
        self._part = _Part.DATA if self._left else _Part.TRAILERS
        return eol + 2

    def _data(self, data: bytes, pos: int, sink: Sink) -> int:
        stop = min(len(data), pos + self._left)
        self._left -= stop - pos
        sink.feed_data(data[pos:stop])
        if not self._left:
            self._part = _Part.DATA_END
            sink.end_chunk()
        return stop

    def _data_end(self, data: bytes, pos: int) -> int:
        tail = data[pos : pos + 2]
        if tail == _CRLF:
            self._part = _Part.SIZE
            return pos + 2
        if tail == b"\r":
            return -1
        raise RemoteProtocolError("no CRLF behind the chunk's data (RFC 9112 7.1)")

    def _trailer_section(self, data: bytes, pos: int, sink: Sink) -> int:
        if data[pos : pos + 2] == _CRLF:
            pos += 2
        else:
            parsed = parse_trailers(data, pos, self._limits)
            if parsed is None:
                return -1
            trailers, pos = parsed
            sink.feed_trailers(trailers)
        self.done = True
        sink.feed_eof()
        return pos
