"""Downloads to a file that go on where they broke off (RFC 9110 14)."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from errno import EBUSY, EISDIR
from pathlib import Path
from typing import Final

from aiolos_protocol import hdrs
from aiolos_protocol.fields.ranges import ContentRange, parse_content_range
from yarl import URL

from .errors import ClientConnectionError, ClientPayloadError, ClientResponseError
from .response import ClientResponse

Ask = Callable[[dict[str, str]], Awaitable[ClientResponse]]
Progress = Callable[[int, int | None], object]
# A hop to a thread costs some 50 us: large pieces make it vanish.
_PIECE: Final = 1_048_576
_PAUSE: Final = 1.0
# The files that are being written in this process.
_BUSY: Final[set[Path]] = set()


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download has come to: the file, its size in bytes, how many of them were there from
    an earlier time, and the URL in the end."""

    path: Path
    size: int
    resumed_from: int
    url: URL


@dataclass(slots=True)
class _Partial:
    """What is there of a file, and how the server names the version that it is of.

    Of its `size` bytes `kept` are from an earlier download.
    """

    path: Path
    validator: str = ""
    size: int = 0
    total: int | None = None
    kept: int = 0

    @classmethod
    def beside(cls, path: Path, url: str) -> "_Partial":
        """What an earlier download of `url` to `path` has left."""
        if path.is_dir():
            raise IsADirectoryError(EISDIR, "a folder, where a file is to be written", str(path))
        found = cls(path.with_name(f"{path.name}.part"))
        try:
            kept = json.loads(found.note.read_text())
            if kept["url"] == url:
                found.validator = str(kept["validator"])
                found.total = kept["total"]
                found.size = found.path.stat().st_size
        except (OSError, ValueError, KeyError, TypeError):
            found.validator, found.size = "", 0
        found.kept = found.size
        return found

    @property
    def note(self) -> Path:
        """Where the validator is kept."""
        return self.path.with_name(f"{self.path.name}.json")

    def is_of(self, response: ClientResponse, total: int | None) -> bool:
        """Whether the piece in `response`, of `total` bytes, is of the same version: what a server
        says of it must not differ (RFC 9110 15.3.7.3)."""
        field = hdrs.ETAG if self.validator.startswith('"') else hdrs.LAST_MODIFIED
        same = response.headers.get(field, self.validator) == self.validator
        return same and total is not None and self.total in (None, total)

    def begin(self, url: str, validator: str, at: int, total: int | None) -> int:
        """An open descriptor, at `at`; what is behind is gone."""
        self.validator = validator
        self.size = at
        self.total = total
        self.kept = min(self.kept, at)
        note = {"url": url, "validator": validator, "total": total}
        # A URL may hold secrets: nobody else reads it.
        with open(os.open(self.note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(note, file)
        descriptor = os.open(
            self.path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666
        )
        os.ftruncate(descriptor, at)
        os.lseek(descriptor, at, os.SEEK_SET)
        return descriptor

    def finish(self, path: Path) -> None:
        """It is whole."""
        os.replace(self.path, path)
        self.note.unlink(missing_ok=True)

    def write(self, descriptor: int, data: bytes) -> None:
        """Append `data`."""
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        self.size += len(data)

    def close(self, descriptor: int, data: bytes) -> None:
        """Append `data`, the last."""
        try:
            self.write(descriptor, data)
        finally:
            os.close(descriptor)


async def download(
    ask: Ask,
    url: str,
    path: Path,
    *,
    progress: Progress | None = None,
    attempts: int = 5,
    decode: bool = False,
    sleep: Callable[[float], Awaitable[object]],
) -> Downloaded:
    """Download by `ask(headers)`, whose URL without credentials is `url`, to `path`. `decode` tells
    that bodies come decoded. See ClientSession.download()."""
    run = asyncio.get_running_loop().run_in_executor
    place = await run(None, path.resolve)
    if place in _BUSY:
        raise OSError(EBUSY, "another download writes to it", str(path))
    _BUSY.add(place)
    try:
        partial = await run(None, _Partial.beside, path, url)
        return await _complete(ask, url, path, partial, progress, attempts, decode, sleep)
    finally:
        _BUSY.remove(place)


async def _complete(
    ask: Ask,
    url: str,
    path: Path,
    partial: _Partial,
    progress: Progress | None,
    attempts: int,
    decode: bool,
    sleep: Callable[[float], Awaitable[object]],
) -> Downloaded:
    """As many attempts as it takes, and are allowed."""
    run = asyncio.get_running_loop().run_in_executor
    failures = 0
    while True:
        before = partial.size
        try:
            async with await ask(_headers(partial)) as response:
                await _take(response, partial, url, progress, decode)
        except (ClientConnectionError, ClientPayloadError):
            # As long as something comes the attempts do not run out.
            failures = 1 if partial.size > before else failures + 1
            if failures >= attempts:
                raise
            await sleep(_PAUSE)
            continue
        await run(None, partial.finish, path)
        return Downloaded(path, partial.size, partial.kept, response.url)


def _headers(partial: _Partial) -> dict[str, str]:
    headers: dict[str, str] = {hdrs.ACCEPT_ENCODING: "identity"}
    if partial.size and partial.validator:
        headers[hdrs.RANGE] = f"bytes={partial.size}-"
        headers[hdrs.IF_RANGE] = partial.validator
    return headers


def _validator(response: ClientResponse) -> str:
    """What If-Range takes (RFC 9110 13.1.5): a strong entity tag, else a date; "" for neither."""
    tag = response.headers.get(hdrs.ETAG, "")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get(hdrs.LAST_MODIFIED, "")


async def _take(
    response: ClientResponse,
    partial: _Partial,
    url: str,
    progress: Progress | None,
    decode: bool,
) -> None:
    """Append the body of `response` to what is there."""
    run = asyncio.get_running_loop().run_in_executor
    is_decoded = decode and hdrs.CONTENT_ENCODING in response.headers
    start, total = _place(response, partial, is_decoded)
    if start == total and start:
        return
    validator = partial.validator if start else _validator(response)
    if is_decoded:
        # What is announced is what is sent: neither a length nor a place in what is decoded.
        validator, total = "", None
    descriptor = await run(None, partial.begin, url, validator, start, total)
    pieces: list[bytes] = []
    size = 0
    try:
        if progress is not None:
            progress(partial.size, total)
        async for data in response.content.iter_any():
            pieces.append(data)
            size += len(data)
            if size >= _PIECE:
                data, size = b"".join(pieces), 0
                pieces.clear()
                await run(None, partial.write, descriptor, data)
                if progress is not None:
                    progress(partial.size, total)
    finally:
        # What came before the connection was lost is kept as well.
        await run(None, partial.close, descriptor, b"".join(pieces))
    if progress is not None:
        progress(partial.size, total)
    if total is not None and partial.size != total:
        raise ClientPayloadError(f"{url} is {total} bytes, but {partial.size} came")


def _place(response: ClientResponse, partial: _Partial, is_decoded: bool) -> tuple[int, int | None]:
    """Where the body of `response` begins in the file, and how long the file is."""
    if response.status == 200:
        return 0, response.content_length
    given = _content_range(response)
    asked = partial.size
    goes_on = response.status == 206 and given is not None and given.start == asked
    if goes_on and not is_decoded and given is not None and partial.is_of(response, given.size):
        return asked, given.size
    if response.status == 416 and given is not None and given.size == asked:
        # All was there already.
        return asked, asked
    if response.status not in (206, 416):
        raise ClientResponseError(
            response.request_info,
            response.history,
            status=response.status,
            message=response.reason,
            headers=response.headers,
        )
    # From the beginning, next time.
    partial.size = 0
    raise ClientPayloadError(
        f"{response.url} was asked for the bytes from {asked} on, and answers {response.status} "
        f"with the range {response.headers.get(hdrs.CONTENT_RANGE)!r}"
    )


def _content_range(response: ClientResponse) -> ContentRange | None:
    try:
        return parse_content_range(response.headers.get(hdrs.CONTENT_RANGE, ""))
    except ValueError:
        return None
