"""Mocked requests whose writer is a mock: it sees what a response sends."""

import inspect
from collections.abc import Awaitable
from typing import Any
from unittest import mock

from aiolos_protocol import hdrs
from aiolos_server.response import WholeResponse


def mocked_writer(transport: Any) -> mock.Mock:
    """What stands for the original's stream writer where a test gives none."""
    writer = mock.Mock()
    for name in ("write", "write_eof", "write_headers", "drain"):
        setattr(writer, name, mock.AsyncMock(return_value=None))
    writer.transport = transport
    return writer


async def mirror(response: Any, writer: Any) -> None:
    """From the head on, which is out, let `writer` see what `response` sends.

    Of the verbs of the original's writer it may leave out those that tell of the head.
    """
    exchange = response._exchange
    request = response._req
    head = exchange.heads[-1]
    _describe(response, writer)
    major, minor = request.version
    line = f"HTTP/{major}.{minor} {head.status} {head.reason}"
    written = _told(writer, "write_headers", line, response.headers)
    if inspect.isawaitable(written):
        await written
    whole = isinstance(response, WholeResponse)
    if not whole:
        _told(writer, "send_headers")
    write, write_eof = response.write, response.write_eof
    ending = False

    def mirrored_write(data: Any) -> Awaitable[Any]:
        sent = write(data)
        return sent if ending else writer.write(data)  # type: ignore[no-any-return]

    async def mirrored_write_eof(data: bytes = b"") -> None:
        nonlocal ending
        if response._ended:
            return
        ending = True
        before = len(exchange.written)
        await write_eof(data)
        await writer.write_eof(exchange.written[before:] if whole else data)

    response.write, response.write_eof = mirrored_write, mirrored_write_eof


def _told(writer: Any, verb: str, *arguments: Any) -> Any:
    call = getattr(writer, verb, None)
    return None if call is None else call(*arguments)


def _describe(response: Any, writer: Any) -> None:
    """What the original tells its writer of the body."""
    fields = response.headers
    if hdrs.TRANSFER_ENCODING in fields:
        _told(writer, "enable_chunking")
    if response._coder is not None:
        _told(writer, "enable_compression", fields[hdrs.CONTENT_ENCODING], response._strategy)
