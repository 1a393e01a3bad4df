"""Where a body ends: by length, by chunks, or with the connection (RFC 9112 6.3, 7.1).

Decoders are pure: `feed()` takes received bytes and calls a sink. They differ only in how they
find the end, so the link treats them alike.
"""

from typing import Final, Protocol

from multidict import CIMultiDict

from ..errors import LimitExceeded, RemoteProtocolError
from ..grammar import CHUNK_EXTENSIONS
from ..limits import Limits
from .parser import parse_trailers, take_chunks


class Sink(Protocol):
    """Where decoded bytes go."""

    def feed_data(self, data: bytes) -> None:
        """The next bytes of the body; may be empty."""

    def feed_chunks(self, pieces: list[bytes], whole: bool) -> None:
        """The next bytes of a chunked body, none of them empty.

        Each piece ends a chunk; the last one only if `whole`.
        """

    def feed_trailers(self, trailers: CIMultiDict[str]) -> None:
        """The trailer section, where there is one; feed_eof() follows."""

    def feed_eof(self) -> None:
        """The body is complete."""


class Decoder:
    """One body's framing. `done` once the end was seen; feed() is not called after it."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes, start: int, sink: Sink) -> int:
        """Consume body bytes from `data[start:]`; the offset behind the last one consumed.

        Raises RemoteProtocolError or LimitExceeded; the sink was given what came before.
        """
        raise NotImplementedError

    def feed_eof(self, sink: Sink) -> bool:
        """The connection ended; True if the body is complete by that.

        One cut short of its length, or of its last chunk, never is (RFC 9112 8).
        """
        return self.done


class LengthDecoder(Decoder):
    """A body of known length (RFC 9112 6.2)."""

    __slots__ = ("left",)

    def __init__(self, length: int) -> None:
        self.done = False
        self.left = length

    def feed(self, data: bytes, start: int, sink: Sink) -> int:
        """As Decoder.feed."""
        have = len(data) - start
        if have < self.left:
            self.left -= have
            sink.feed_data(data[start:] if start else data)
            return start + have
        end = start + self.left
        self.left = 0
        self.done = True
        sink.feed_data(data[start:end])
        sink.feed_eof()
        return end

    def skip(self, size: int) -> None:
        """`size` bytes, at most `left`, have gone to the sink by another way."""
        self.left -= size
        self.done = self.left == 0


class UntilCloseDecoder(Decoder):
    """A response body that ends with the connection (RFC 9112 6.3, item 8)."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, sink: Sink) -> int:
        """As Decoder.feed."""
        sink.feed_data(data[start:] if start else data)
        return len(data)

    def feed_eof(self, sink: Sink) -> bool:
        """The end of the connection is the end of the body."""
        self.done = True
        sink.feed_eof()
        return True


# What comes next.
SIZE: Final = 0
DATA: Final = 1
DATA_END: Final = 2
TRAILERS: Final = 3

_CRLF: Final = b"\r\n"
_HEX: Final = b"0123456789abcdefABCDEF"
_MAX_DIGITS: Final = 15
# Chunk extensions are skipped, not understood, but what a field value may not hold, they may not.
_BAD: Final = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])


class ChunkedDecoder(Decoder):
    """A chunked body (RFC 9112 7.1). `lenient` bears white space behind chunk-size, and extensions
    of any shape."""

    __slots__ = (
        "_extensions",
        "_left",
        "_lenient",
        "_limits",
        "_part",
        "_partial",
        "_trailers",
    )

    def __init__(self, limits: Limits, lenient: bool = False) -> None:
        self.done = False
        self._limits = limits
        self._lenient = lenient
        self._part = SIZE
        self._left = 0
        self._partial = b""
        self._extensions = 0
        self._trailers: CIMultiDict[str] | None = None

    def feed(self, data: bytes, start: int, sink: Sink) -> int:
        """As Decoder.feed."""
        kept = len(self._partial)
        if not kept:
            return self._take(data, start, sink)
        data = self._partial + data[start:]
        if (
            self._part == TRAILERS
            and data.find(b"\n", kept) < 0
            and len(data) < self._limits.trailers
        ):
            # No further line: a section that dribbles in is not parsed anew for every byte.
            self._partial = data
            return start - kept + len(data)
        self._partial = b""
        return start - kept + self._take(data, 0, sink)

    def _take(self, data: bytes, pos: int, sink: Sink) -> int:
        end = len(data)
        pieces: list[bytes] = []
        whole = True
        try:
            while pos < end and not self.done:
                part = self._part
                if part == SIZE:
                    pos = take_chunks(data, pos, pieces)
                    following = self._size(data, pos) if pos < end else pos
                elif part == DATA:
                    following = self._data(data, pos, pieces)
                    whole = self._left == 0
                elif part == DATA_END:
                    following = self._data_end(data, pos)
                else:
                    following = self._trailer_section(data, pos)
                if following < 0:
                    self._partial = data[pos:]
                    pos = end
                else:
                    pos = following
        finally:
            if pieces:
                sink.feed_chunks(pieces, whole)
        if self.done:
            if self._trailers is not None:
                sink.feed_trailers(self._trailers)
            sink.feed_eof()
        return pos

    def _size(self, data: bytes, pos: int) -> int:
        """The chunk-size line; its end, or -1 while incomplete."""
        limit = self._limits.chunk_line
        eol = data.find(_CRLF, pos, pos + limit + 2)
        line = data[pos : eol if eol >= 0 else pos + limit + 2]
        rest = line.lstrip(_HEX)
        digits = line[: len(line) - len(rest)]
        if eol < 0:
            rest = rest.removesuffix(b"\r")
        if len(digits) > _MAX_DIGITS or (not digits and (rest or eol >= 0)):
            raise RemoteProtocolError("chunk-size is not 1 to 15 hex digits (RFC 9112 7.1)")
        extension = rest.lstrip(b" \t")
        if rest and (
            extension[:1] not in (b";", b"") or len(rest.translate(None, _BAD)) != len(rest)
        ):
            raise RemoteProtocolError("bytes behind chunk-size are no chunk-ext (RFC 9112 7.1.1)")
        if eol < 0:
            if len(line.removesuffix(b"\r")) > limit:
                raise LimitExceeded("chunk_line", limit)
            return -1
        if rest and not self._lenient:
            if not extension:
                raise RemoteProtocolError("white space behind chunk-size (RFC 9112 7.1)")
            if CHUNK_EXTENSIONS.fullmatch(rest) is None:
                raise RemoteProtocolError("a malformed chunk-ext (RFC 9112 7.1.1)")
        self._extensions += len(rest)
        if self._extensions > self._limits.chunk_extensions:
            raise LimitExceeded("chunk_extensions", self._limits.chunk_extensions)
        self._left = int(digits, 16)
        self._part = DATA if self._left else TRAILERS
        return eol + 2

    def _data(self, data: bytes, pos: int, pieces: list[bytes]) -> int:
        stop = min(len(data), pos + self._left)
        self._left -= stop - pos
        pieces.append(data[pos:stop])
        if not self._left:
            self._part = DATA_END
        return stop

    def _data_end(self, data: bytes, pos: int) -> int:
        tail = data[pos : pos + 2]
        if tail == _CRLF:
            self._part = SIZE
            return pos + 2
        if tail == b"\r":
            return -1
        raise RemoteProtocolError("no CRLF behind the chunk's data (RFC 9112 7.1)")

    def _trailer_section(self, data: bytes, pos: int) -> int:
        if data.startswith(_CRLF, pos):
            self.done = True
            return pos + 2
        parsed = parse_trailers(data, pos, self._limits)
        if parsed is None:
            return -1
        self._trailers, pos = parsed
        self.done = True
        return pos
