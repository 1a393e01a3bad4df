"""FileResponse: a file as a response, whole, in parts, precompressed or not at all."""

import asyncio
import logging
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import IO, Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.exchange import Exchange
from aiolos_protocol.fields.accept import choose_coding
from aiolos_protocol.fields.content_type import guess_content_type
from aiolos_protocol.fields.etag import ETag
from aiolos_protocol.fields.ranges import ContentRange
from aiolos_protocol.multipart.boundary import new_boundary

from .conditional import Outcome, outcome
from .core import REASONS
from .response import Answerable, StreamResponse
from .sendfile import send_file

_logger = logging.getLogger("aiolos.web")

# Smaller first, for clients that have no preference.
_PRECOMPRESSED: Final = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
# Up to this size a file is read where it is opened: one hop to a thread, one write.
SMALL: Final = 131_072


class FileResponse(StreamResponse):
    """The file at `path`; prepare() sends it.

    Content-Type is guessed from the name unless `headers` hold one; ETag and Last-Modified are the
    file's. With status 200, GET and HEAD are answered by RFC 9110 13 and 14: 304, 412, 206 with
    one part or multipart/byteranges, or 416. Where `path` with .br, .zst or .gz behind it exists
    and the client takes that coding, it is sent instead. A file that is missing, is none or may
    not be read is answered 404 or 403 and logged. `chunk_size` bytes are read at once where the
    system cannot send the file by itself.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        chunk_size: int = 256 * 1024,
        status: int = 200,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        self._path = Path(path)
        self._chunk_size = chunk_size
        self._file: IO[bytes] | None = None
        self._data: bytes | None = None
        self._size = 0
        self._parts: tuple[tuple[int, int], ...] = ()
        self._heads: list[bytes] = []
        self._opened = False

    def open(self, request: Answerable) -> None:
        """Look the file up and open it; blocks. prepare() does so in a thread, unless it has been
        done: who is in a thread anyhow saves a hop."""
        if self._opened:
            return
        self._opened = True
        try:
            path, found, coding, varies = self._chosen(request)
            if not stat.S_ISREG(found.st_mode):
                raise PermissionError(f"{path} is not a file")
            self._answer(request, self._described(found, coding, varies, request), found, path)
        except OSError as error:
            _logger.warning("FileResponse(%r) cannot be sent: %s", str(self._path), error)
            self._refused(403 if isinstance(error, PermissionError) else 404)

    def _refused(self, status: int) -> None:
        self._status = status
        self._reason = None
        self._data = f"{status}: {REASONS[status]}".encode()
        self._size = len(self._data)
        self.headers[hdrs.CONTENT_TYPE] = "text/plain; charset=utf-8"

    def _chosen(self, request: Answerable) -> tuple[Path, os.stat_result, str | None, bool]:
        """Path and status of what is sent, its coding, and whether another client gets another."""
        path = self._path
        variants: dict[str, os.stat_result] = {}
        accepted = request.headers.getall(hdrs.ACCEPT_ENCODING, ())
        if accepted and hdrs.CONTENT_ENCODING not in self.headers:
            field = ", ".join(accepted)
            for coding, suffix in _PRECOMPRESSED.items():
                if suffix[1:] in field or coding in field or "*" in field:
                    try:
                        found = os.stat(f"{path}{suffix}")
                    except OSError:
                        continue
                    if stat.S_ISREG(found.st_mode):
                        variants[coding] = found
            chosen = choose_coding(field, list(variants)) if variants else None
            if chosen is not None:
                return Path(f"{path}{_PRECOMPRESSED[chosen]}"), variants[chosen], chosen, True
        return path, os.stat(path), None, bool(variants)

    def _described(
        self, found: os.stat_result, coding: str | None, varies: bool, request: Answerable
    ) -> Outcome:
        """Set the headers of the whole; what the client is to get of it."""
        headers = self.headers
        headers.setdefault(hdrs.CONTENT_TYPE, guess_content_type(self._path.name))
        headers.setdefault(hdrs.ACCEPT_RANGES, "bytes")
        if coding is not None:
            headers[hdrs.CONTENT_ENCODING] = coding
        if varies:
            headers.setdefault(hdrs.VARY, hdrs.ACCEPT_ENCODING)
        etag = self.etag or ETag(f"{found.st_mtime_ns:x}-{found.st_size:x}")
        modified = self.last_modified or datetime.fromtimestamp(int(found.st_mtime), UTC)
        self.etag = etag
        self.last_modified = modified
        if self._status != 200:
            return Outcome(self._status)
        return outcome(
            request.head.method,
            request.headers,
            etag=etag,
            modified=modified,
            size=found.st_size,
        )

    def _answer(
        self, request: Answerable, chosen: Outcome, found: os.stat_result, path: Path
    ) -> None:
        status, self._parts = chosen
        if status != self._status:
            self._status = status
            self._reason = None
        size = found.st_size
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
        if request.head.method == "HEAD":
            return
        file = path.open("rb", buffering=0)
        if self._size <= SMALL and not self._heads:
            with file:
                start, stop = self._parts[0]
                file.seek(start)
                self._data = file.read(stop - start)
        else:
            self._file = file

    def _begin_parts(self, size: int) -> None:
        """multipart/byteranges (RFC 9110 14.6): the heads of the parts, and the end."""
        headers = self.headers
        boundary = new_boundary()
        kind = headers[hdrs.CONTENT_TYPE]
        headers[hdrs.CONTENT_TYPE] = f"multipart/byteranges; boundary={boundary}"
        for start, stop in self._parts:
            line = ContentRange(start, stop, size)
            fields = f"Content-Type: {kind}\r\nContent-Range: {line}\r\n\r\n"
            self._heads.append(f"\r\n--{boundary}\r\n{fields}".encode())
        self._heads.append(f"\r\n--{boundary}--\r\n".encode())

    # Sending.

    async def prepare(self, request: Answerable) -> None:
        """Send the head and the file; once."""
        if self.prepared:
            return
        if not self._opened:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self.open, request)
        try:
            if self._status != 304:
                self.content_length = self._size
            await super().prepare(request)
            exchange = self._sending("prepare")
            if request.head.method != "HEAD":
                await self._send_body(exchange)
        finally:
            file, self._file = self._file, None
            if file is not None:
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
                self.body_length += stop - start
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
