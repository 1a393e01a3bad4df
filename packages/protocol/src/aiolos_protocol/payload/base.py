"""What every body to send has."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, Protocol

from multidict import CIMultiDict

from .. import hdrs
from ..errors import LocalProtocolError
from ..fields.content_type import OCTET_STREAM, guess_content_type
from ..fields.disposition import format_disposition
from ..http1.serializer import field_lines

HeadersLike = Mapping[str, str] | Iterable[tuple[str, str]]


class Writer(Protocol):
    """Where a body goes: an Exchange is one, and so is aiohttp's AbstractStreamWriter."""

    def write(self, data: bytes) -> Awaitable[Any]:
        """Take `data`; awaiting the result only waits for room."""


class Payload(ABC):
    """A body to send: `value`, dressed with header fields.

    `headers` are fields of its own, which outrank all others; `content_type` else names its media
    type, and where that is missing too, `filename` tells it by its ending; in the end it is
    application/octet-stream. `encoding` is the charset of text. A subclass has decode() and
    write(), and sets `_size` where it knows it.
    """

    _default_content_type: str = OCTET_STREAM
    _size: int | None = None
    _consumed: bool = False
    _autoclose: bool = False
    _closed: bool = False

    def __init__(
        self,
        value: Any,
        headers: HeadersLike | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            unknown = ", ".join(kwargs)
            raise TypeError(f"{type(self).__name__}() does not know the option {unknown}")
        self._value = value
        self._encoding = encoding
        self._filename = filename
        self._headers: CIMultiDict[str] = CIMultiDict()
        if content_type is None:
            content_type = self._default_content_type
            if filename is not None:
                content_type = guess_content_type(filename, content_type)
        self._headers[hdrs.CONTENT_TYPE] = content_type
        if headers:
            self._headers.update(headers)

    @property
    def size(self) -> int | None:
        """How many bytes will be written; None where that is unknown."""
        return self._size

    @property
    def filename(self) -> str | None:
        """The name of the file that this is."""
        return self._filename

    @property
    def headers(self) -> "CIMultiDict[str]":
        """The fields that describe the body; may be changed until it is sent."""
        return self._headers

    @property
    def _binary_headers(self) -> bytes:
        """The head of a part of a multipart body, with its blank line. ValueError for a field that
        would end it, or begin another one."""
        try:
            lines = field_lines(self.headers) + "\r\n"
        except LocalProtocolError as error:
            raise ValueError(f"header injection: {error.message}") from None
        return lines.encode("utf-8", "surrogateescape")

    @property
    def encoding(self) -> str | None:
        """The charset of the text that this is made from."""
        return self._encoding

    @property
    def content_type(self) -> str:
        """The value of Content-Type."""
        return self._headers.get(hdrs.CONTENT_TYPE, self._default_content_type)

    @property
    def consumed(self) -> bool:
        """True where it was written and cannot be written again."""
        return self._consumed

    @property
    def autoclose(self) -> bool:
        """True where there is nothing that close() would have to close."""
        return self._autoclose

    def set_content_disposition(
        self, disptype: str, quote_fields: bool = True, _charset: str = "utf-8", **params: str
    ) -> None:
        """Set Content-Disposition; see fields.format_disposition()."""
        self._headers[hdrs.CONTENT_DISPOSITION] = format_disposition(
            disptype, params, quote_fields=quote_fields, charset=_charset
        )

    @abstractmethod
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text; TypeError where it exists only in pieces yet to come."""

    @abstractmethod
    async def write(self, writer: Writer) -> None:
        """Write the body to `writer`, in pieces where it is large."""

    async def write_with_length(self, writer: Writer, content_length: int | None) -> None:
        """As write(), but at most the first `content_length` bytes where that is not None."""
        if content_length is None:
            await self.write(writer)
        else:
            await self.write(_Cut(writer, content_length))

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """The whole body; it can be written still. `encoding` is that of text without its own."""
        charset = self._encoding or encoding
        return self.decode(charset, errors).encode(charset, errors)

    def at_hand(self) -> bytes | None:
        """The whole body where its bytes are in memory as they will be sent, else None."""
        return None

    def _close(self) -> None:
        """Let go of what the value holds; called once, from the event loop's thread."""

    async def close(self) -> None:
        """Let go of what the value holds, such as an open file; may be repeated."""
        if not self._closed:
            self._closed = True
            self._close()


class _Cut:
    """A Writer that lets only so many bytes through."""

    __slots__ = ("_left", "_writer")

    def __init__(self, writer: Writer, left: int) -> None:
        self._writer = writer
        self._left = left

    async def write(self, data: bytes) -> None:
        """As Writer.write; what is too much is dropped."""
        part = data[: self._left]
        self._left -= len(part)
        if part:
            await self._writer.write(part)
