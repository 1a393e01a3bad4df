"""FileResponse: a file as a response, whole, in parts, precompressed or not at all."""

import asyncio
import logging
import os
import stat
from collections.abc import Callable, Mapping
from functools import lru_cache
from os import PathLike
from typing import IO, Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.errors import ConnectionLost, LimitExceeded
from aiolos_protocol.exchange import Exchange
from aiolos_protocol.fields.accept import choose_coding
from aiolos_protocol.fields.content_type import guess_content_type
from aiolos_protocol.fields.ranges import ContentRange
from aiolos_protocol.multipart.boundary import new_boundary

from .codings import describe_coding
from .composing import Answerable
from .conditional import UNSATISFIABLE, WHOLE, Outcome, outcome
from .core import REASONS, ResponseCore
from .filecache import SMALL, FileCache, Kept, Stat, etag_of, modified_of, regular
from .response import StreamResponse
from .sendfile import send_file

_logger = logging.getLogger("aiolos.web")

# Smaller first, for clients that have no preference.
_PRECOMPRESSED: Final = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
_SUFFIXES: Final = tuple(_PRECOMPRESSED.values())
# What may ask for less than the whole file, or for none of it.
_CONDITIONS: Final = (
    hdrs.RANGE,
    hdrs.IF_NONE_MATCH,
    hdrs.IF_MODIFIED_SINCE,
    hdrs.IF_MATCH,
    hdrs.IF_UNMODIFIED_SINCE,
)
# What says something of a file that is not sent.
_OF_THE_FILE: Final = (
    hdrs.ACCEPT_RANGES,
    hdrs.CACHE_CONTROL,
    hdrs.CONTENT_ENCODING,
    hdrs.CONTENT_RANGE,
    hdrs.ETAG,
    hdrs.LAST_MODIFIED,
)
# Small files that handlers answer with.
_CACHE: Final = FileCache()


class FileResponse(StreamResponse):
    """The file at `path`; prepare() sends it.

    Content-Type is guessed from the name unless `headers` hold one; ETag and Last-Modified are the
    file's. With status 200, GET and HEAD are answered by RFC 9110 13 and 14: 304, 412, 206 with
    one part or multipart/byteranges, or 416. Where `path` with .br, .zst or .gz behind it exists
    and the client takes that coding, it is sent instead. A file that is missing, is none or may
    not be read is answered 404 or 403 and logged. `chunk_size` bytes are read at once where the
    system cannot send the file by itself. Small files are kept in memory, and looked at each time.
    """

    _guess: "Callable[[str], str]" = staticmethod(lru_cache(1024)(guess_content_type))
    # Defaults stand on the class: most responses never set them.
    _as_it_is = False
    _opened = False
    # What is sent of the file, where it is here already; else where it lies, and then the file.
    _data: bytes | None = None
    _source: str | None = None
    _file: IO[bytes] | None = None
    _abandoned = False
    _size = 0
    _parts: tuple[tuple[int, int], ...] = ()
    # Of multipart/byteranges: what stands before each part, and behind the last.
    _heads: tuple[bytes, ...] = ()

    def __init__(
        self,
        path: str | PathLike[str],
        chunk_size: int = 256 * 1024,
        status: int = 200,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        ResponseCore.__init__(self, status=status, reason=reason, headers=headers)
        self._file_path = os.fspath(path)
        self._chunk_size = chunk_size

    def as_it_is(self) -> None:
        """Send the whole file under the headers that are set, whatever the client asks for."""
        self._as_it_is = True

    # Looking it up.

    def open(
        self, request: Answerable, cache: FileCache = _CACHE, stat_variant: Stat = os.stat
    ) -> None:
        """Look the file up, and read what is sent of it if that is little; blocks.

        prepare() does so in a thread, unless it has been done: who is in a thread anyhow saves a
        hop. `stat_variant` looks for what is compressed beforehand.
        """
        if self._opened:
            return
        self._opened = True
        try:
            path, found, coding, varies = self._chosen(request, None, cache, stat_variant)
            if not stat.S_ISREG(found.st_mode):
                raise PermissionError(f"{path} is not a file")
            self._describe(found, coding, varies, cache.get(path, found))
            self._answer(request, found.st_size)
            if self._data is None and request.head.method != "HEAD":
                self._source = path
                if self._size <= SMALL and not self._heads:
                    self._read(path, found, cache)
        except OSError as error:
            self._refuse(error)

    def open_kept(
        self,
        request: Answerable,
        cache: FileCache = _CACHE,
        stat_variant: Stat = os.stat,
        found: os.stat_result | None = None,
    ) -> bool:
        """open() for a file that `cache` keeps, which takes no more than a stat or two.

        False where it keeps none, or another one. `found` is what lies at the path, if the caller
        has looked.
        """
        path = self._file_path
        if path not in cache and not any(path + each in cache for each in _PRECOMPRESSED.values()):
            return False
        try:
            path, found, coding, varies = self._chosen(request, found, cache, stat_variant)
        except OSError:
            return False
        kept = cache.get(path, found)
        if kept is None:
            return False
        self._opened = True
        self._describe(found, coding, varies, kept)
        self._answer(request, found.st_size)
        if self._data is None:
            if self._heads:
                self._source = path
            else:
                start, stop = self._parts[0]
                self._data = kept.data[start:stop] if stop - start < len(kept.data) else kept.data
        return True

    def is_at_hand(self, request: Answerable) -> bool:
        """See BaseResponse; where a subclass has steps of its own, they are called."""
        kind = type(self)
        if kind.prepare is not FileResponse.prepare or kind.write_eof is not FileResponse.write_eof:
            return False
        if not self._opened:
            self.open_kept(request)
        if self._data is None:
            return False
        self._body = self._data
        return True

    def _chosen(
        self,
        request: Answerable,
        found: os.stat_result | None,
        cache: FileCache,
        stat_variant: Stat,
    ) -> tuple[str, os.stat_result, str | None, bool]:
        """Path and status of what is sent, its coding, and whether another client gets another."""
        path = self._file_path
        variants: dict[str, os.stat_result] = {}
        as_it_is = self._as_it_is or hdrs.CONTENT_ENCODING in self.headers
        if not as_it_is:
            field = ", ".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ())).lower()
            for coding, suffix in _PRECOMPRESSED.items():
                if coding in field or "*" in field:
                    variant = regular(path + suffix, stat_variant)
                    if variant is not None:
                        variants[coding] = variant
            chosen = choose_coding(field, list(variants)) if variants else None
            if chosen is not None:
                return path + _PRECOMPRESSED[chosen], variants[chosen], chosen, True
        if found is None:
            try:
                found = os.stat(path)
            except ValueError as error:
                # A NUL, or what the file system's encoding lacks: nothing lies at such a path.
                raise FileNotFoundError(f"no file has such a path: {error}") from None
        # RFC 9110 12.5.5: also who asks for none of them is told, or a cache that keeps this answer
        # gives it to whoever would get another.
        varies = bool(variants) or not (as_it_is or cache.is_alone(path, _SUFFIXES, stat_variant))
        return path, found, None, varies

    def _describe(
        self, found: os.stat_result, coding: str | None, varies: bool, kept: Kept | None
    ) -> None:
        """Set the headers of the whole."""
        if self._as_it_is:
            return
        headers = self.headers
        headers.setdefault(hdrs.CONTENT_TYPE, self._guess(os.path.basename(self._file_path)))
        headers.setdefault(hdrs.ACCEPT_RANGES, "bytes")
        if coding is not None:
            headers[hdrs.CONTENT_ENCODING] = coding
        if varies:
            describe_coding(headers, None, negotiated=True)
        if kept is not None:
            headers.setdefault(hdrs.ETAG, kept.etag)
            headers.setdefault(hdrs.LAST_MODIFIED, kept.last_modified)
        else:
            self.etag = self.etag or etag_of(found)
            self.last_modified = self.last_modified or modified_of(found)

    def _outcome(self, request: Answerable, size: int) -> Outcome:
        """What the client is to get of the whole."""
        if self._status != 200 or self._as_it_is:
            return Outcome(self._status)
        headers = request.headers
        etag, modified = self.etag, self.last_modified
        if not any(name in headers for name in _CONDITIONS) or etag is None or modified is None:
            return WHOLE
        method, limits = request.head.method, request.limits
        try:
            return outcome(method, headers, etag=etag, modified=modified, size=size, limits=limits)
        except LimitExceeded as error:
            request.exceeded(error.limit, error.value)
            return UNSATISFIABLE

    def _answer(self, request: Answerable, size: int) -> None:
        """Set status and headers for what the client gets of `size` bytes."""
        status, self._parts = self._outcome(request, size)
        if status != self._status:
            self._status = status
            self._reason = None
        headers = self.headers
        if status in (304, 412, 416):
            for name in (hdrs.CONTENT_TYPE, hdrs.CONTENT_ENCODING):
                headers.popall(name, None)
            if status == 416:
                headers[hdrs.CONTENT_RANGE] = str(ContentRange(None, None, size))
            self._data = b""
            return
        if len(self._parts) == 1:
            start, stop = self._parts[0]
            headers[hdrs.CONTENT_RANGE] = str(ContentRange(start, stop, size))
        elif self._parts:
            self._begin_parts(size)
        else:
            self._parts = ((0, size),)
        self._size = sum(stop - start for start, stop in self._parts)
        self._size += sum(map(len, self._heads))

    def _begin_parts(self, size: int) -> None:
        """multipart/byteranges (RFC 9110 14.6): the heads of the parts, and the end."""
        headers = self.headers
        boundary = new_boundary()
        kind = headers[hdrs.CONTENT_TYPE]
        headers[hdrs.CONTENT_TYPE] = f"multipart/byteranges; boundary={boundary}"
        heads = []
        for start, stop in self._parts:
            line = ContentRange(start, stop, size)
            fields = f"Content-Type: {kind}\r\nContent-Range: {line}\r\n\r\n"
            heads.append(f"\r\n--{boundary}\r\n{fields}".encode())
        heads.append(f"\r\n--{boundary}--\r\n".encode())
        self._heads = tuple(heads)

    def _read(self, path: str, found: os.stat_result, cache: FileCache) -> None:
        start, stop = self._parts[0]
        with open(path, "rb", buffering=0) as file:
            file.seek(start)
            self._data = file.read(stop - start)
            cache.put(path, found, os.fstat(file.fileno()), self._data)

    def _refuse(self, error: OSError) -> None:
        _logger.warning("FileResponse(%r) cannot be sent: %s", self._file_path, error)
        self._status = status = 403 if isinstance(error, PermissionError) else 404
        self._reason = None
        self._source = None
        self._heads = ()
        self._data = f"{status}: {REASONS[status]}".encode()
        self._size = len(self._data)
        for name in _OF_THE_FILE:
            # It may be back in a moment.
            self.headers.popall(name, None)
        self.headers[hdrs.CONTENT_TYPE] = "text/plain; charset=utf-8"

    # Sending.

    async def prepare(self, request: Answerable) -> None:
        """Send the head and the file; once."""
        if self.prepared:
            return
        loop = asyncio.get_running_loop()
        if not self._opened and not self.open_kept(request):
            await loop.run_in_executor(None, self.open, request)
        try:
            if self._data is None and self._source is not None:
                # Not before: a response that nobody sends would hold the file open.
                await loop.run_in_executor(None, self._open_source)
            if self._status != 304:
                self._length = self._size
                if not self._size:
                    # HEAD is told that it is empty.
                    self.headers[hdrs.CONTENT_LENGTH] = "0"
            await super().prepare(request)
            exchange = self._sending("prepare")
            if request.head.method != "HEAD":
                await self._send_body(exchange)
        except ConnectionLost as error:
            raise self._as_loss(error) from error.__cause__
        finally:
            self._abandoned = True
            file, self._file = self._file, None
            if file is not None:
                file.close()

    def _open_source(self) -> None:
        """Open what is to be sent; blocks."""
        assert self._source is not None
        try:
            self._file = file = open(self._source, "rb", buffering=0)  # noqa: SIM115 - see prepare
        except OSError as error:
            self._refuse(error)
            return
        if self._abandoned:
            file.close()

    async def _send_body(self, exchange: Exchange) -> None:
        if self._data is not None:
            if self._data:
                await self.write(self._data)
            return
        file: Any = self._file
        for number, (start, stop) in enumerate(self._parts):
            if self._heads:
                await self.write(self._heads[number])
            if self._coder is None:
                self._sent_size += stop - start
                await send_file(exchange, file, start, stop - start, self._chunk_size)
            else:
                await self._send_coded(file, start, stop)
        if self._heads:
            await self.write(self._heads[-1])

    async def _send_coded(self, file: IO[bytes], start: int, stop: int) -> None:
        loop = asyncio.get_running_loop()
        file.seek(start)
        while start < stop:
            data = await loop.run_in_executor(None, file.read, min(stop - start, self._chunk_size))
            if not data:
                raise EOFError("the file became shorter while it was sent")
            start += len(data)
            await self.write(data)
