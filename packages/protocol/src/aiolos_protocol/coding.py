"""Content codings on the way: a reader that undoes them, a writer that applies them.

    body = decoded(exchange.body, head.headers.get("Content-Encoding"), limits)

is all that a client or a server needs to read what a peer has compressed.
"""

import asyncio
from collections.abc import Callable, Sequence

from multidict import CIMultiDictProxy

from .compression import (
    OFF_LOOP,
    Budget,
    ContentDecoder,
    ContentEncoder,
    compress,
    parse_codings,
    pull,
)
from .errors import ProtocolError
from .limits import DEFAULT_LIMITS, Limits
from .payload import Writer
from .streams import StreamReader


def decoded(
    body: StreamReader, content_encoding: str | None, limits: Limits = DEFAULT_LIMITS
) -> StreamReader:
    """`body` without the codings that its Content-Encoding field lists; itself without any.

    Raises UnsupportedCoding for a coding that is not known (a server answers 415, a client may
    take the body as it is), LimitExceeded for too many, and MissingDistribution, an ImportError,
    where the library of one is not installed.
    """
    codings = parse_codings(content_encoding, limits)
    return DecodedReader(body, ContentDecoder(codings, limits)) if codings else body


class DecodedReader(StreamReader):
    """What `decoder` makes of the bytes of `source`.

    Nothing is decoded before it is asked for, and never more than some 64 KiB at once: a source
    that nobody reads pauses its peer as ever. Methods that wait also raise RemoteProtocolError for
    a body that is broken or cut short, and LimitExceeded for a bomb; all raise it again then.
    `total_bytes` counts what was decoded.
    """

    __slots__ = ("_decoder", "_source")

    def __init__(self, source: StreamReader, decoder: ContentDecoder) -> None:
        StreamReader.__init__(self)
        self.most = source.most
        self.line = source.line
        self._source = source
        self._decoder = decoder

    @property
    def budget(self) -> Budget:
        """What the whole body may decode to: decoders of its parts share it."""
        return self._decoder.budget

    # What has arrived is for the source to say; what has been read, for this reader.

    @property
    def trailers(self) -> "CIMultiDictProxy[str]":
        """As StreamReader.trailers."""
        return self._source.trailers

    @property
    def total_raw_bytes(self) -> int:
        """How many bytes have arrived, still in their codings."""
        return self._source.total_bytes

    def is_eof(self) -> bool:
        """As StreamReader.is_eof."""
        return self._source.is_eof()

    def on_eof(self, callback: Callable[[], None]) -> None:
        """As StreamReader.on_eof."""
        self._source.on_eof(callback)

    async def wait_eof(self) -> None:
        """As StreamReader.wait_eof."""
        await self._source.wait_eof()

    def get_read_buffer_limits(self) -> tuple[int, int]:
        """As StreamReader.get_read_buffer_limits, of bytes still in their codings."""
        return self._source.get_read_buffer_limits()

    def set_read_chunk_size(self, n: int) -> None:
        """As StreamReader.set_read_chunk_size, of bytes still in their codings."""
        self._source.set_read_chunk_size(n)

    def exception(self) -> BaseException | None:
        """As StreamReader.exception."""
        return super().exception() or self._source.exception()

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """As StreamReader.set_exception; whoever waits for the source is woken, too."""
        super().set_exception(exc, exc_cause)
        self._source.set_exception(exc)

    def translate(self, translation: Callable[[BaseException], BaseException]) -> None:
        """As StreamReader.translate, of the source as well."""
        super().translate(translation)
        self._source.translate(translation)

    async def _wait(self) -> None:
        """As StreamReader._wait: bring more bytes, or the end."""
        try:
            piece = await pull(self._decoder, self._source.readany)
        except ProtocolError as error:
            # Its own exceptions the source raises again by itself.
            if self._source.exception() is error:
                raise
            broken = error
        else:
            if piece:
                self.feed_data(piece)
            else:
                self.feed_eof()
            return
        raise self._broken(broken)

    def _broken(self, error: ProtocolError) -> BaseException:
        """What `error`, which ends the body, is raised as."""
        super().set_exception(error)
        return super().exception() or error


class EncodingWriter:
    """A Writer that applies `codings` and hands the result to `writer`.

    Large pieces are compressed in a thread, so its write() must be awaited before the next one.
    Arguments and errors are those of ContentEncoder.
    """

    __slots__ = ("_encoder", "_is_identity", "_writer")

    def __init__(
        self,
        writer: Writer,
        codings: Sequence[str],
        level: int | None = None,
        strategy: int | None = None,
    ) -> None:
        self._writer = writer
        self._encoder = ContentEncoder(codings, level, strategy)
        self._is_identity = not codings

    async def write(self, data: bytes) -> None:
        """As Writer.write."""
        if len(data) < OFF_LOOP or self._is_identity:
            coded = self._encoder.encode(data)
        else:
            loop = asyncio.get_running_loop()
            coded = await loop.run_in_executor(None, self._encoder.encode, data)
        if coded:
            await self._writer.write(coded)

    async def flush(self) -> None:
        """Hand over what the codings hold back, so that the peer sees it now."""
        coded = self._encoder.flush()
        if coded:
            await self._writer.write(coded)

    async def finish(self) -> None:
        """The body is complete."""
        coded = self._encoder.finish()
        if coded:
            await self._writer.write(coded)


async def encoded(
    data: bytes, codings: Sequence[str], level: int | None = None, strategy: int | None = None
) -> bytes:
    """A whole body in `codings`, compressed in a thread where it is large; see compress()."""
    if len(data) < OFF_LOOP:
        return compress(data, codings, level, strategy)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, compress, data, codings, level, strategy)
