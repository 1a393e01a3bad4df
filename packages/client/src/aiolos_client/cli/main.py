"""The command's work, and what its exit status says."""

import asyncio
import errno
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final

from aiolos_protocol.payload import get_payload

from ..download import keep
from ..errors import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientResponseError,
    InvalidURL,
    NonHttpUrlClientError,
    TooManyRedirects,
)
from ..partialfile import is_stream
from ..response import ClientResponse
from ..session import ClientSession
from ..upload import UploadTracker
from . import show
from .arguments import Mistake, http2_setting, parser, request_options
from .progress import shown
from .timing import Timing

# The numbers are curl's, where curl has one.
_STATUSES: Final[tuple[tuple[type[BaseException], int], ...]] = (
    (Mistake, 2),
    (InvalidURL, 2),
    (NonHttpUrlClientError, 2),
    (ClientConnectorDNSError, 6),
    (ClientConnectorCertificateError, 60),
    (ClientConnectorError, 7),
    (TooManyRedirects, 47),
    (TimeoutError, 28),
    (ClientError, 56),
    (ValueError, 2),
    (OSError, 23),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    given = parser().parse_args(arguments)
    try:
        return asyncio.run(_run(given))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read has seen enough; the interpreter must not complain about it on its way out.
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except tuple(kind for kind, _ in _STATUSES) as error:
        show.complain(str(error) or type(error).__name__)
        return next(status for kind, status in _STATUSES if isinstance(error, kind))


async def _run(given: Any) -> int:
    timing = Timing()
    if sys.stdout is None and (given.output is None or given.include):
        # Before anything is asked: what came of it could not be shown.
        raise OSError(errno.EBADF, "the standard output is closed")
    with ExitStack() as stack:
        method, url, options = request_options(given, stack)
        configs = [timing.config] if given.timing else None
        http2 = http2_setting(given)
        async with ClientSession(trust_env=True, trace_configs=configs, http2=http2) as session:
            if method == "GET" and _resumes(given):
                status = await _download(session, url, given, options)
            else:
                status = await _ask(session, method, url, options, given)
            timing.end()
    if given.timing and sys.stderr is not None:
        timing.show(sys.stderr)
    return status


def _resumes(given: Any) -> bool:
    """Whether the answer is a file's content alone, which may be asked for piece by piece."""
    is_file = given.output is not None and not is_stream(given.output)
    return is_file and not given.include and not given.no_redirects


async def _download(session: ClientSession, url: str, given: Any, options: dict[str, Any]) -> int:
    with ExitStack() as stack:
        if show.is_terminal(sys.stderr):
            options["progress"] = stack.enter_context(shown(given.output.name))
        try:
            # The bound of a request does not bound how many it takes.
            async with asyncio.timeout(given.timeout or None) as bound:
                await session.download(url, given.output, **options)
        except ClientResponseError as error:
            return _refused(error)
        except TimeoutError as error:
            if error.args or not bound.expired():
                raise
            raise TimeoutError(f"{url} took longer than -t {given.timeout:g} s") from error
    return 0


def _refused(error: ClientResponseError) -> int:
    """The exit status for the server's refusal; raises `error` where it is not the server's own
    word: redirections without end, or what is no HTTP."""
    if error.status < 400 or error.__cause__ is not None:
        raise error
    show.complain(str(error))
    return error.status // 100


async def _ask(
    session: ClientSession, method: str, url: str, options: dict[str, Any], given: Any
) -> int:
    tracker = watching = None
    if given.output is not None:
        # As download() keeps it.
        options["headers"].setdefault("Accept-Encoding", "identity")
        options["auto_decompress"] = False
    if "data" in options and show.is_terminal(sys.stderr):
        tracker = options["upload_tracker"] = UploadTracker()
        watching = asyncio.ensure_future(_watch(tracker, get_payload(options["data"]).size))
    try:
        async with session.request(method, url, **options) as response:
            if watching is not None:
                # Its line ends before something else is shown.
                watching.cancel()
                await asyncio.wait([watching])
            if given.output is not None:
                # What the server has against it is not what was to be kept.
                response.raise_for_status()
            await _show(response, given)
    except ClientResponseError as error:
        return _refused(error)
    finally:
        if watching is not None:
            watching.cancel()
    return response.status // 100 if response.status >= 400 else 0


async def _watch(tracker: UploadTracker, total: int | None) -> None:
    """Show how an upload goes on, where it takes its time."""
    with shown("sent") as progress:
        progress.begin(tracker.bytes_written)
        await asyncio.sleep(1)
        while not tracker.upload_complete.done():
            progress(tracker.bytes_written, total)
            await asyncio.sleep(0.2)


async def _show(response: ClientResponse, given: Any) -> None:
    is_terminal = show.is_terminal(sys.stdout) and given.output is None
    if is_terminal or given.include:
        show.head(response, sys.stdout)
        sys.stdout.flush()
    if given.output is not None and is_stream(given.output):
        with given.output.open("wb", buffering=0) as out:
            await show.into_pipe(response, out)
    elif given.output is not None:
        if show.is_terminal(sys.stderr):
            with shown(given.output.name) as progress:
                await keep(response, given.output, progress)
        else:
            await keep(response, given.output)
    elif is_terminal:
        show.on_terminal(response, await response.read(), sys.stdout)
    else:
        await show.into_pipe(response, sys.stdout.buffer)
