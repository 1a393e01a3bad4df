"""Multipart bodies as they arrive."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from inspect import isawaitable
from typing import Any, Final, Self

from multidict import CIMultiDictProxy

from .. import hdrs
from ..compression import Budget
from ..errors import LimitExceeded
from ..fields.content_type import parse_content_type
from ..limits import DEFAULT_LIMITS, Limits
from .boundary import NotUnderstood, boundary_of
from .parser import Mark, MultipartParser
from .part import BodyPartReader, Content, Readable, Source

_CHARSET_LENGTH: Final = 31


class MultipartReader:
    """The parts of a body, one after the other, as they arrive.

    `headers` are the message's or the part's own: Content-Type names the boundary. `content` has
    readany(), as a StreamReader. next() gives a BodyPartReader, or another reader where a part is
    multipart itself; the part before is released then. Raises MalformedMultipart (a ValueError)
    for what is not multipart or is cut short, LimitExceeded beyond `limits`.

    `max_field_size` and `max_headers` stand for Limits.field and Limits.fields.
    """

    part_reader_cls: type[BodyPartReader] = BodyPartReader
    multipart_reader_cls: "type[MultipartReader] | None" = None
    response_wrapper_cls: "type[MultipartResponseWrapper]"

    def __init__(
        self,
        headers: Mapping[str, str],
        content: Content | Readable,
        *,
        client_max_size: int = sys.maxsize,
        max_field_size: int | None = None,
        max_headers: int | None = None,
        max_size_error_cls: type[Exception] = ValueError,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.headers = headers
        content_type = parse_content_type(headers.get(hdrs.CONTENT_TYPE))
        boundary = boundary_of(content_type)
        self._subtype = content_type.subtype
        if max_field_size is not None or max_headers is not None:
            limits = replace(
                limits, field=max_field_size or limits.field, fields=max_headers or limits.fields
            )
        self._limits = limits
        self._boundary = b"--" + boundary
        self._max_size = client_max_size
        self._max_size_error = max_size_error_cls
        endless = self._subtype == "x-mixed-replace"
        self._source = Source(MultipartParser(boundary, limits, endless=endless), content, limits)
        self._default_charset: str | None = None
        self._last: BodyPartReader | None = None
        self._begun = False
        self._ended = False
        self._depth = 1

    @classmethod
    def from_response(cls, response: Any) -> "MultipartResponseWrapper":
        """The parts of a client's response, which is released behind the last one."""
        return cls.response_wrapper_cls(response, cls(response.headers, response.content))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> "MultipartReader | BodyPartReader":
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    def at_eof(self) -> bool:
        """True when the closing delimiter has been read."""
        return self._ended

    async def next(self) -> "MultipartReader | BodyPartReader | None":
        """The next part; None behind the last one."""
        is_first, self._begun = not self._begun, True
        part = await self._next()
        if is_first and self._subtype == "form-data" and isinstance(part, BodyPartReader):
            if part.name != "_charset_":
                return part
            self._default_charset = await _charset(part)
            return await self._next()
        return part

    async def fetch_next_part(self) -> "MultipartReader | BodyPartReader | None":
        """As next(), but for a form's _charset_, which is a part like any other here."""
        self._begun = True
        return await self._next()

    async def release(self) -> None:
        """Throw away all that is left."""
        while not self._ended:
            await self._next()

    async def _next(self) -> "MultipartReader | BodyPartReader | None":
        if self._ended:
            return None
        if self._last is not None:
            await self._last.release()
            self._last = None
        event = await self._source.next_event()
        if event is Mark.END:
            self._ended = True
            return None
        assert not isinstance(event, (bytes, Mark)), "behind a part there is another, or the end"
        return self._reader_of(CIMultiDictProxy(event))

    def _reader_of(self, headers: "CIMultiDictProxy[str]") -> "MultipartReader | BodyPartReader":
        part = self._last = self.part_reader_cls(
            self._boundary,
            headers,
            self._source,
            subtype=self._subtype,
            default_charset=self._default_charset,
            client_max_size=self._max_size,
            max_size_error_cls=self._max_size_error,
            limits=self._limits,
        )
        if parse_content_type(headers.get(hdrs.CONTENT_TYPE)).type != "multipart":
            return part
        if self._depth >= self._limits.nesting:
            raise LimitExceeded("nesting", self._limits.nesting)
        reader = (self.multipart_reader_cls or type(self))(
            headers,
            _Decoded(part, self._source.budget),
            client_max_size=self._max_size,
            max_size_error_cls=self._max_size_error,
            limits=self._limits,
        )
        reader._depth = self._depth + 1
        return reader


async def _charset(part: BodyPartReader) -> str:
    """RFC 7578 4.6: the charset of all fields that name none."""
    name = b""
    while piece := await part.read_chunk():
        name += piece
        if len(name) > _CHARSET_LENGTH:
            raise NotUnderstood("Invalid default charset: _charset_ is none (RFC 7578 4.6)")
    return name.decode("latin-1")


class _Decoded:
    """The body of a part, without its encodings, as the content of a reader."""

    __slots__ = ("_part", "budget")

    def __init__(self, part: BodyPartReader, budget: Budget) -> None:
        self._part = part
        self.budget = budget

    async def readany(self) -> bytes:
        """As Content.readany."""
        return await self._part.read_decoded()


class MultipartResponseWrapper:
    """A response and the reader of its body: the former is released when the latter is done."""

    def __init__(self, resp: Any, stream: MultipartReader) -> None:
        self.resp = resp
        self.stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> MultipartReader | BodyPartReader:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    def at_eof(self) -> bool:
        """True when the response's body has been read."""
        at_end: bool = self.resp.content.at_eof()
        return at_end

    async def next(self) -> MultipartReader | BodyPartReader | None:
        """As MultipartReader.next(); releases the response behind the last part."""
        part = await self.stream.next()
        if self.stream.at_eof():
            await self.release()
        return part

    async def release(self) -> None:
        """Release the response."""
        released = self.resp.release()
        if isawaitable(released):
            await released


MultipartReader.response_wrapper_cls = MultipartResponseWrapper
