"""Messages read by hand, and fields without a start line, as other protocols have them."""

import asyncio
from typing import Any, Final, Generic, NamedTuple, TypeVar

from aiolos.http import HttpVersion
from aiolos_protocol.coding import decoded
from aiolos_protocol.errors import RemoteProtocolError
from aiolos_protocol.http1.framing import ChunkedDecoder, Decoder, LengthDecoder, UntilCloseDecoder
from aiolos_protocol.http1.parser import parse_request, parse_response, parse_trailers
from aiolos_protocol.http1.serializer import may_have_body
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import Head, RawHeaders, RequestHead, ResponseHead
from multidict import CIMultiDictProxy
from yarl import URL

from ._absent import absent
from .http_exceptions import (
    BadHttpMessage,
    ContentLengthError,
    PayloadEncodingError,
    TransferEncodingError,
)
from .streams import EMPTY_PAYLOAD, StreamReader

__all__ = [
    "HeadersParser",
    "HttpParser",
    "HttpRequestParser",
    "HttpResponseParser",
    "RawRequestMessage",
    "RawResponseMessage",
]

# What fits into a datagram fits.
_SECTION: Final = 65_536


class RawRequestMessage(NamedTuple):
    """The head of a request, for code that makes one by hand."""

    method: str
    path: str
    version: HttpVersion
    headers: "CIMultiDictProxy[str]"
    raw_headers: "tuple[tuple[bytes, bytes], ...]"
    should_close: bool
    compression: str | None
    upgrade: bool
    chunked: bool
    url: URL


class RawResponseMessage(NamedTuple):
    """The head of a response, for code that makes one by hand."""

    version: HttpVersion
    code: int
    reason: str
    headers: "CIMultiDictProxy[str]"
    raw_headers: "tuple[tuple[bytes, bytes], ...]"
    should_close: bool
    compression: str | None
    upgrade: bool
    chunked: bool


_Message = TypeVar("_Message")


class HttpParser(Generic[_Message]):
    """Reads the messages of one end of a connection, one after the other.

    `limit` is where a body that nobody reads pauses `protocol`; `max_*` bound heads, in bytes and
    fields. `payload_exception(text)` is what readers raise instead of a PayloadEncodingError.
    `auto_decompress` undoes the content codings of bodies. `timer`, `code` and
    `max_msg_queue_size` are taken without effect: what is fed is read at once.
    """

    lax = False

    def __init__(
        self,
        protocol: Any = None,
        loop: asyncio.AbstractEventLoop | None = None,
        limit: int = 65_536,
        max_line_size: int = 8190,
        max_headers: int = 128,
        max_field_size: int = 8190,
        timer: Any = None,
        code: int | None = None,
        method: str | None = None,
        payload_exception: type[BaseException] | None = None,
        response_with_body: bool = True,
        read_until_eof: bool = False,
        auto_decompress: bool = True,
        max_msg_queue_size: int = 0,
    ) -> None:
        self.protocol = protocol
        self.loop = loop
        self.method = method
        self.response_with_body = response_with_body
        self.read_until_eof = read_until_eof
        self._limit = limit
        self._limits = Limits(request_line=max_line_size, field=max_field_size, fields=max_headers)
        self._payload_exception = payload_exception
        self._decompresses = auto_decompress
        self._rest = b""
        self._decoder: Decoder | None = None
        self._body: StreamReader = EMPTY_PAYLOAD
        self._upgraded = False

    def _parsed(self, data: bytes, start: int) -> Head | None:
        raise NotImplementedError

    def _described(self, head: Any, compression: str | None) -> _Message:
        raise NotImplementedError

    def _decoder_of(self, head: Any) -> Decoder | None:
        """What reads the body behind `head`; None where there is none."""
        raise NotImplementedError

    def _switches(self, head: Any) -> bool:
        """Whether what follows `head` is no HTTP."""
        raise NotImplementedError

    def feed_data(self, data: bytes) -> tuple[list[tuple[_Message, StreamReader]], bool, bytes]:
        """The messages that begin in `data`, each with the reader of its body; whether the
        protocol is switched behind them, and what belongs to the new one.

        Raises BadHttpMessage.
        """
        if self._upgraded:
            return [], True, data
        data = self._rest + data
        at = 0
        messages: list[tuple[_Message, StreamReader]] = []
        while True:
            decoder = self._decoder
            if decoder is not None:
                at = self._read_body(decoder, data, at)
                if not decoder.done:
                    break
            head = self._head(data, at)
            if head is None:
                break
            at += head.size
            messages.append(self._begun(head))
            if self._switches(head):
                self._rest = b""
                self._upgraded = True
                return messages, True, data[at:]
        self._rest = data[at:]
        return messages, False, b""

    def feed_eof(self) -> None:
        """The connection has ended; a body that is cut short by that breaks off."""
        decoder, self._decoder = self._decoder, None
        if decoder is not None and not decoder.feed_eof(self._body):
            kind = ContentLengthError if isinstance(decoder, LengthDecoder) else None
            self._break_off((kind or TransferEncodingError)("the body is cut short"))

    def set_upgraded(self, val: bool) -> None:
        """Whether what follows is no HTTP."""
        self._upgraded = val

    def _head(self, data: bytes, at: int) -> Head | None:
        if at == len(data):
            return None
        try:
            return self._parsed(data, at)
        except RemoteProtocolError as error:
            raise BadHttpMessage(error.message) from error

    def _begun(self, head: Head) -> tuple[_Message, StreamReader]:
        compression = head.headers.get("Content-Encoding")
        message = self._described(head, compression)
        self._decoder = None if self._switches(head) else self._decoder_of(head)
        if self._decoder is None:
            return message, EMPTY_PAYLOAD
        self._body = StreamReader(self.protocol, self._limit)
        body = decoded(self._body, compression) if self._decompresses else self._body
        if self._payload_exception is not None:
            # What is found broken only when its coding is undone is told by that kind, too.
            body.translate(self._told)
        return message, body

    def _read_body(self, decoder: Decoder, data: bytes, at: int) -> int:
        if at < len(data):
            try:
                at = decoder.feed(data, at, self._body)
            except RemoteProtocolError as error:
                self._decoder = None
                broken = TransferEncodingError(error.message)
                self._break_off(broken)
                raise broken from error
        if decoder.done:
            self._decoder = None
        return at

    def _break_off(self, error: PayloadEncodingError) -> None:
        self._body.set_exception(error)

    def _told(self, error: BaseException) -> BaseException:
        """`error` by the kind that the caller has named."""
        kind = self._payload_exception
        if kind is None or isinstance(error, kind):
            return error
        told = kind(str(error))
        told.__cause__ = error
        return told


def described(head: RequestHead, compression: str | None) -> RawRequestMessage:
    """`head` as the original tells one."""
    target = head.target
    if head.scheme is not None:
        target = f"{head.scheme}://{head.authority}{target}"
        url = URL(target, encoded=True)
    elif head.method == "CONNECT":
        url = URL.build(authority=target, encoded=True)
    else:
        path, _, query = target.partition("?")
        url = URL.build(path=path, query_string=query, encoded=True)
    return RawRequestMessage(
        head.method,
        target,
        head.version,
        head.headers,
        head.raw_headers,
        not head.keep_alive,
        compression,
        head.upgrade is not None,
        head.chunked,
        url,
    )


class HttpRequestParser(HttpParser[RawRequestMessage]):
    """Reads requests."""

    def _parsed(self, data: bytes, start: int) -> RequestHead | None:
        return parse_request(data, start, self._limits)

    def _described(self, head: RequestHead, compression: str | None) -> RawRequestMessage:
        return described(head, compression)

    def _decoder_of(self, head: RequestHead) -> Decoder | None:
        if head.chunked:
            return ChunkedDecoder(self._limits)
        return LengthDecoder(head.length) if head.length > 0 else None

    def _switches(self, head: RequestHead) -> bool:
        return head.method == "CONNECT" or (
            head.upgrade is not None and not head.chunked and head.length <= 0
        )


class HttpResponseParser(HttpParser[RawResponseMessage]):
    """Reads responses; `method` is that of the request, and without `response_with_body` they have
    none."""

    def _parsed(self, data: bytes, start: int) -> ResponseHead | None:
        return parse_response(data, start, self._limits)

    def _described(self, head: ResponseHead, compression: str | None) -> RawResponseMessage:
        return RawResponseMessage(
            head.version,
            head.status,
            head.reason,
            head.headers,
            head.raw_headers,
            not head.keep_alive,
            compression,
            self._switches(head),
            head.chunked,
        )

    def _decoder_of(self, head: ResponseHead) -> Decoder | None:
        if not self.response_with_body or self.method == "HEAD" or not may_have_body(head.status):
            return None
        if head.chunked:
            return ChunkedDecoder(self._limits)
        if head.length < 0:
            return UntilCloseDecoder()
        return LengthDecoder(head.length) if head.length else None

    def _switches(self, head: ResponseHead) -> bool:
        is_tunnel = self.method == "CONNECT" and 200 <= head.status < 300
        return head.status == 101 or is_tunnel


class HeadersParser:
    """Reads field lines, as SSDP's messages have them behind their first line.

    `max_field_size` bounds the bytes of one line, `max_headers` the number of lines.
    """

    def __init__(
        self,
        max_line_size: int = 8190,
        max_headers: int = 32768,
        max_field_size: int = 8190,
        lax: bool = False,
    ) -> None:
        self._limits = Limits(field=max_field_size, fields=max_headers, trailers=_SECTION)

    def parse_headers(self, lines: list[bytes]) -> tuple["CIMultiDictProxy[str]", RawHeaders]:
        """The fields of `lines` up to an empty one, and their bytes. Raises BadHttpMessage."""
        section = lines[: lines.index(b"")] if b"" in lines else lines
        data = b"\r\n".join([*section, b"", b""])
        try:
            found = parse_trailers(data, 0, self._limits)
        except RemoteProtocolError as error:
            raise BadHttpMessage(str(error)) from error
        assert found is not None, "the end is there"
        pairs = (line.partition(b":") for line in section)
        raw = tuple((name, value.strip(b" \t")) for name, _, value in pairs)
        return CIMultiDictProxy(found[0]), raw


# The names of what is not compiled.
RawRequestMessagePy = RawRequestMessage
RawResponseMessagePy = RawResponseMessage
HttpRequestParserPy = HttpRequestParser
HttpResponseParserPy = HttpResponseParser

absent(__name__)
