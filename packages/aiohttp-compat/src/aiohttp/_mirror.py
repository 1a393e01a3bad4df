"""Mocked requests whose writer is a mock: it sees what a response sends."""

import inspect
from collections.abc import Awaitable
from typing import Any
from unittest import mock

from aiolos_protocol import hdrs
from aiolos_protocol.fields.dates import format_http_date
from aiolos_protocol.http1.serializer import may_have_body
from aiolos_protocol.link.answers import tells_length
from aiolos_protocol.message import HttpVersion11
from aiolos_server.response import WholeResponse
from aiolos_server.server import SERVER_SOFTWARE


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
    _describe(response, head, request.version, writer)
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


def _describe(response: Any, head: Any, version: Any, writer: Any) -> None:
    """The fields that are the connection's own, where the original has them."""
    fields = response.headers
    if not may_have_body(head.status):
        fields.pop(hdrs.CONTENT_LENGTH, None)
    elif head.length >= 0:
        if tells_length(response._req.head, head):
            fields[hdrs.CONTENT_LENGTH] = str(head.length)
    elif version >= HttpVersion11:
        _told(writer, "enable_chunking")
        fields[hdrs.TRANSFER_ENCODING] = "chunked"
    if response._coder is not None:
        _told(writer, "enable_compression", fields[hdrs.CONTENT_ENCODING], response._strategy)
    fields.setdefault(hdrs.DATE, format_http_date(0))
    if not fields.setdefault(hdrs.SERVER, SERVER_SOFTWARE):
        del fields[hdrs.SERVER]
