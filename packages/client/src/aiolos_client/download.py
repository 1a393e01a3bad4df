"""Downloads to a file that go on where they broke off (RFC 9110 14)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from aiolos_protocol import hdrs
from aiolos_protocol.fields.dates import parse_http_date
from aiolos_protocol.fields.ranges import ContentRange, parse_content_range
from yarl import URL

from .errors import ClientConnectionError, ClientPayloadError, ClientResponseError
from .given import check_count, check_plain_function
from .partialfile import PartialFile, coding_of
from .response import ClientResponse

_T = TypeVar("_T")

Ask = Callable[[dict[str, str]], Awaitable[ClientResponse]]
Progress = Callable[[int, int | None], object]
# A hop to a thread costs some 50 us: large pieces make it vanish.
_PIECE: Final = 1_048_576
_PAUSE: Final = 1.0
_SECOND: Final = timedelta(seconds=1)
# What a download says itself.
_OWN: Final = frozenset({"range", "if-range", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download has come to: the file, its size in bytes, how many of them were there from
    an earlier time, and the URL in the end."""

    path: Path
    size: int
    resumed_from: int
    url: URL


def check_own(names: Iterable[str]) -> None:
    """ValueError where a header of a download's own is among `names`."""
    for name in names:
        if name.lower() in _OWN:
            raise ValueError(f"download() says {name} itself; request() takes one of yours")


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
    check_plain_function("progress", progress, "a function of (received, total)")
    check_count("attempts", attempts, least=1)
    partial = await _in_thread(PartialFile, path, url)
    try:
        return await _complete(ask, url, partial, progress, attempts, decode, sleep)
    finally:
        await _in_thread(partial.close)


async def keep(response: ClientResponse, path: Path, progress: Progress | None = None) -> None:
    """Write the body of `response`, to whatever request it is, as it is sent, to `path`, which
    appears when it is whole. `progress` as for ClientSession.download(). Raises
    ClientPayloadError, OSError."""
    partial = await _in_thread(PartialFile, path, "")
    try:
        total = response.content_length
        await _in_thread(partial.begin, "", "", 0, total)
        await _append(response, partial, total, progress)
        await _in_thread(partial.finish)
    except BaseException:
        # Such a request is not made again for the rest.
        await _in_thread(partial.give_up)
        raise
    finally:
        await _in_thread(partial.close)


async def _in_thread(function: Callable[..., _T], *arguments: Any) -> _T:
    """What the blocking `function` gives; it has ended also where the caller is cancelled: what
    is written next must not overtake it."""
    work = asyncio.get_running_loop().run_in_executor(None, function, *arguments)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


async def _complete(
    ask: Ask,
    url: str,
    partial: PartialFile,
    progress: Progress | None,
    attempts: int,
    decode: bool,
    sleep: Callable[[float], Awaitable[object]],
) -> Downloaded:
    """As many attempts as it takes, and are allowed."""
    failures = 0
    furthest = partial.size
    while True:
        try:
            async with await ask(_headers(partial)) as response:
                await _take(response, partial, url, progress, decode)
        except (ClientConnectionError, ClientPayloadError):
            # As long as something new comes the attempts do not run out; what came before and was
            # given up is not new.
            failures = 1 if partial.size > furthest else failures + 1
            furthest = max(furthest, partial.size)
            if failures >= attempts:
                raise
            await sleep(_PAUSE)
            continue
        await _in_thread(partial.finish)
        return Downloaded(partial.target, partial.size, partial.kept, response.url)


def _headers(partial: PartialFile) -> dict[str, str]:
    headers: dict[str, str] = {hdrs.ACCEPT_ENCODING: "identity"}
    if partial.size and partial.validator:
        headers[hdrs.RANGE] = f"bytes={partial.size}-"
        headers[hdrs.IF_RANGE] = partial.validator
    return headers


def _validator(response: ClientResponse) -> str:
    """What If-Range takes (RFC 9110 13.1.5): a strong entity tag, or, where there is none at all, a
    date that is strong because the answer is a second younger (8.8.2.2); "" for neither."""
    tag = response.headers.get(hdrs.ETAG, "")
    if tag:
        return "" if tag.startswith("W/") else tag
    changed = response.headers.get(hdrs.LAST_MODIFIED, "")
    modified = parse_http_date(changed)
    sent = parse_http_date(response.headers.get(hdrs.DATE, ""))
    is_strong = modified is not None and sent is not None and sent - modified >= _SECOND
    return changed if is_strong else ""


async def _take(
    response: ClientResponse,
    partial: PartialFile,
    url: str,
    progress: Progress | None,
    decode: bool,
) -> None:
    """Append the body of `response` to what is there."""
    is_decoded = decode and hdrs.CONTENT_ENCODING in response.headers
    try:
        start, total = _place(response, partial, is_decoded)
    except ClientPayloadError:
        # From the beginning, next time, whoever asks then.
        await _in_thread(partial.give_up)
        raise
    if start == total and start:
        return
    validator = partial.validator if start else _validator(response)
    if is_decoded:
        # What is announced is what is sent: neither a length nor a place in what is decoded.
        validator, total = "", None
    await _in_thread(partial.begin, url, validator, start, total, coding_of(response))
    await _append(response, partial, total, progress)
    if total is not None and partial.size != total:
        raise ClientPayloadError(f"{url} is {total} bytes, but {partial.size} came")


async def _append(
    response: ClientResponse, partial: PartialFile, total: int | None, progress: Progress | None
) -> None:
    pieces: list[bytes] = []
    size = 0
    try:
        if progress is not None:
            progress(partial.size, total)
        async for data in response.content.iter_any():
            pieces.append(data)
            size += len(data)
            if progress is not None:
                progress(partial.size + size, total)
            if size >= _PIECE:
                data, size = b"".join(pieces), 0
                pieces.clear()
                await _in_thread(partial.write, data)
    finally:
        # What came before the connection was lost is kept as well.
        await _in_thread(partial.write, b"".join(pieces))


def _place(
    response: ClientResponse, partial: PartialFile, is_decoded: bool
) -> tuple[int, int | None]:
    """Where the body of `response` begins in the file, and how long the file is."""
    if response.status == 200:
        return 0, response.content_length
    given = _content_range(response)
    asked = partial.size
    goes_on = response.status == 206 and given is not None and given.start == asked
    if goes_on and not is_decoded and given is not None and partial.is_of(response, given.size):
        return asked, given.size
    is_whole = response.status == 416 and given is not None and given.size == asked
    if is_whole and partial.is_of(response, asked):
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
    raise ClientPayloadError(
        f"{response.url} was asked for the bytes from {asked} on, and answers {response.status} "
        f"with the range {response.headers.get(hdrs.CONTENT_RANGE)!r}"
    )


def _content_range(response: ClientResponse) -> ContentRange | None:
    try:
        return parse_content_range(response.headers.get(hdrs.CONTENT_RANGE, ""))
    except ValueError:
        return None
