"""A request's body: as a stream, whole, as text, JSON or a form."""

import asyncio
import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import IO, Any, Final, Protocol, cast

from aiolos_protocol import hdrs, methods
from aiolos_protocol.coding import decoded
from aiolos_protocol.compression import UnsupportedCoding
from aiolos_protocol.errors import LimitExceeded, ProtocolError, RemoteProtocolError, TooSlow
from aiolos_protocol.exchange import Exchange, ServerLink
from aiolos_protocol.fields.content_type import charset_codec
from aiolos_protocol.http1.reasons import reason_of
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import RequestHead
from aiolos_protocol.multipart import BodyPartReader, MalformedMultipart, MultipartReader
from aiolos_protocol.streams import EMPTY, StreamReader
from aiolos_protocol.urlencoded import URLENCODED, parse_urlencoded
from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy

from .announced import Stamp
from .core import RequestCore
from .errors import (
    HTTPBadRequest,
    HTTPException,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
)
from .jsontext import loads as quick_loads
from .parsed import ParsedFields

_FORM_DATA: Final = "multipart/form-data"
_FORM_METHODS: Final = frozenset(
    (methods.PATCH, methods.POST, methods.PUT, methods.TRACE, methods.DELETE)
)
# A file of a form is kept in memory up to this size, beyond it in a temporary file.
_SPOOL: Final = 262_144
# Whatever the limit: the peer is told none.
_TOO_LARGE: Final = f"413: {reason_of(413)}"


class Bearer(Protocol):
    """The connection, as a request uses it."""

    @property
    def link(self) -> ServerLink: ...
    @property
    def transport(self) -> Any: ...
    @property
    def client_max_size(self) -> int: ...
    @property
    def client_max_fields(self) -> int | None: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def auto_decompress(self) -> bool: ...
    @property
    def stamp(self) -> Stamp: ...
    @property
    def response_begun(self) -> bool: ...
    async def preparing(self, request: Any, response: Any) -> None: ...
    def on_farewell(self, farewell: Callable[[], None] | None) -> None: ...
    def on_disconnect(self, callback: Callable[[], None] | None) -> None: ...
    def on_end(self, callback: Callable[[], None]) -> None: ...
    async def disconnected(self) -> None: ...
    def exceeded(self, limit: str, value: float) -> None:
        """Tell the operator that a request was refused for a limit."""


@dataclass(frozen=True, slots=True)
class FileField:
    """A file of a form; `file` is open for reading, at its start, while the request lasts."""

    name: str
    filename: str
    file: IO[bytes]
    content_type: str
    headers: Mapping[str, str]


class ReceivedBody(ParsedFields, RequestCore):
    """The body of a request.

    Reading suspends until it is there. A body that is malformed or too large raises an
    HTTPException of the 4xx family, or a RemoteProtocolError that is answered as one; a connection
    that is lost ConnectionResetError.
    """

    _bearer: Bearer
    # Defaults stand on the class: most requests never touch them.
    _form: "MultiDictProxy[str | bytes | FileField] | None" = None
    # A clone's: the head that was received, and its own bounds.
    _received: RequestHead | None = None
    _max_size: int | None = None
    _max_fields: int | None = None
    malformed: Exception | None = None
    """What json() last raised: left uncaught, it is the peer's fault."""

    @property
    def exchange(self) -> Exchange:
        """The exchange below; LocalProtocolError once it has ended."""
        return self._bearer.link.exchange(self._received or self.head)

    @property
    def client_max_size(self) -> int:
        """The bound on bodies that are read whole, in bytes; 0 for none."""
        limit = self._max_size
        return self._bearer.client_max_size if limit is None else limit

    @property
    def client_max_fields(self) -> int:
        """The bound on the fields that post() takes; 0 for none."""
        limit = self._bearer.client_max_fields if self._max_fields is None else self._max_fields
        return self._bearer.limits.form_fields if limit is None else limit

    @property
    def body_exists(self) -> bool:
        """True where the head announces a body."""
        return self.head.length > 0 or self.head.chunked

    @property
    def has_body(self) -> bool:
        """An old name of can_read_body."""
        warnings.warn("has_body is deprecated: use can_read_body", DeprecationWarning, stacklevel=2)
        return self.can_read_body

    @property
    def can_read_body(self) -> bool:
        """True where something of the body is left to read."""
        return self.body_exists and not self.content.at_eof()

    @property
    def content(self) -> StreamReader:
        """The body as a stream, free of content codings.

        HTTPUnsupportedMediaType where it is in a coding that is not known.
        """
        content = self._content
        if content is None:
            content = EMPTY
            head = self.head
            if head.length > 0 or head.chunked:
                content = self.exchange.body
                coding = None
                if head.mentions(b"content-encoding"):
                    coding = self.headers.get(hdrs.CONTENT_ENCODING)
                if coding is not None and self._bearer.auto_decompress:
                    try:
                        content = decoded(content, coding, self._bearer.limits)
                    except UnsupportedCoding as error:
                        raise self._malformed(error) from error
            self._content = content
        return content

    @property
    def trailers(self) -> "CIMultiDictProxy[str]":
        """The fields behind a chunked body (RFC 9110 6.5); empty before the body's end."""
        return self.content.trailers

    payload = content

    async def read(self) -> bytes:
        """The whole body; again the same bytes. HTTPRequestEntityTooLarge above the limit."""
        body = self.arrived()
        if body is None:
            body = self._body = await self._read(self.content, self.client_max_size)
        return body

    async def _read(self, content: StreamReader, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        if limit and self.head.length > limit:
            raise self._too_large(self.head.length)
        try:
            if self.head.length > 0 and type(content) is StreamReader:
                # The link holds the peer to the length, which is within the limit.
                return await content.read()
            while data := await content.readany():
                size += len(data)
                if limit and size > limit:
                    raise self._too_large(size)
                parts.append(data)
        except RemoteProtocolError as error:
            raise self._malformed(error) from error
        return b"".join(parts)

    def _too_large(self, size: int) -> HTTPException:
        limit = self.client_max_size
        self._bearer.exceeded("client_max_size", limit)
        return HTTPRequestEntityTooLarge(limit, size, text=_TOO_LARGE)

    def _malformed(self, error: ProtocolError) -> HTTPException:
        if isinstance(error, LimitExceeded):
            self._bearer.exceeded(error.limit, error.value)
            if error.status_hint == 413:
                return BodyBeyondLimit(error)
        return MalformedBody(error)

    async def release(self) -> None:
        """Read what is left of the body, and throw it away."""
        while await self.content.readany():
            pass

    async def text(self) -> str:
        """The body as text, by the charset of Content-Type or utf-8; 400 where it is not.

        HTTPUnsupportedMediaType for a charset that is not known (RFC 9110 15.5.16).
        """
        body = self.arrived()
        return self._decoded(await self.read() if body is None else body)

    def _decoded(self, body: bytes) -> str:
        head = self.head
        charset = None if head.plain_body or not head.may_say(b"charset") else self.charset
        if charset is None or charset.lower() == "utf-8":
            try:
                return body.decode()
            except UnicodeDecodeError as error:
                raise HTTPBadRequest(text="400: the body is not utf-8 text") from error
        codec = charset_codec(charset)
        try:
            if codec is not None:
                return body.decode(codec)
        except UnicodeDecodeError as error:
            raise HTTPBadRequest(text=f"400: the body is not {codec} text") from error
        raise HTTPUnsupportedMediaType(text="415: the body is in a charset that is not known")

    async def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """The body as JSON; raises what `loads` raises, which left uncaught is answered 400."""
        body = self.arrived()
        text = self._decoded(await self.read() if body is None else body)
        try:
            return quick_loads(text) if loads is json.loads else loads(text)
        except Exception as error:
            self.malformed = error
            raise

    async def multipart(self) -> MultipartReader:
        """The parts of a multipart body, one after the other, as they arrive.

        HTTPBadRequest, or HTTPUnsupportedMediaType, where it is none.
        """
        return self._parts(self._bearer.limits)

    def _parts(self, limits: Limits) -> MultipartReader:
        try:
            return MultipartReader(
                self.headers,
                self.content,
                client_max_size=self.client_max_size or _UNBOUNDED,
                max_size_error_cls=cast(Any, self._part_too_large),
                limits=limits,
            )
        except MalformedMultipart as error:
            raise self._malformed(error) from error

    def _part_too_large(self, limit: int) -> HTTPException:
        return self._too_large(limit + 1)

    async def post(self) -> "MultiDictProxy[str | bytes | FileField]":
        """The body as a form, urlencoded or multipart/form-data; empty for other methods and types.

        Texts are str, files FileField, parts of other types bytes. All of it together is bound by
        client_max_size and client_max_fields. Again the same object.
        """
        form = self._form
        if form is None:
            fields: MultiDict[str | bytes | FileField] = MultiDict()
            kind = self.content_type
            if self.head.method in _FORM_METHODS:
                try:
                    if kind == URLENCODED:
                        charset = self.charset or "utf-8"
                        data = await self.read()
                        fields.extend(parse_urlencoded(data, charset, self._form_limits()))
                    elif kind == _FORM_DATA:
                        await self._read_parts(fields)
                except RemoteProtocolError as error:
                    raise self._malformed(error) from error
            form = self._form = MultiDictProxy(fields)
        return form

    def _form_limits(self) -> Limits:
        """The bounds of a form: those of the server, unless client_max_fields is another."""
        limits = self._bearer.limits
        if self.client_max_fields == limits.form_fields:
            return limits
        most = self.client_max_fields if self.client_max_fields > 0 else _UNBOUNDED
        return replace(limits, form_fields=most, parts=most)

    async def _read_parts(self, fields: "MultiDict[str | bytes | FileField]") -> None:
        size = 0
        async for part in self._parts(self._form_limits()):
            if not isinstance(part, BodyPartReader):
                raise HTTPBadRequest(text="400: a multipart body within the form (RFC 7578 4.3)")
            name = part.name
            if name is None:
                raise HTTPBadRequest(text="400: a field of the form has no name (RFC 7578 4.2)")
            if part.disposition.type != "form-data":
                raise HTTPBadRequest(text="400: a part of the form is no form-data (RFC 7578 4.2)")
            size = self._counted(size, b"")
            if part.filename is not None:
                file, size = await self._store(part, size)
                kind = part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream")
                fields.add(name, FileField(name, part.filename, file, kind, part.headers))
                continue
            pieces = []
            while piece := await part.read_decoded():
                size = self._counted(size, piece)
                pieces.append(piece)
            value = b"".join(pieces)
            text_type = (
                part.headers.get(hdrs.CONTENT_TYPE, "text/plain").lower().startswith("text/")
            )
            fields.add(name, _text(value, part) if text_type else value)

    async def _store(self, part: BodyPartReader, size: int) -> tuple[IO[bytes], int]:
        file: Any = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 - see on_end
        # Closed with the request at the latest: nobody should have to think of it.
        self._bearer.on_end(file.close)
        loop = asyncio.get_running_loop()
        before = size
        while piece := await part.read_decoded():
            size = self._counted(size, piece)
            if size - before <= _SPOOL:
                file.write(piece)
            else:
                await loop.run_in_executor(None, file.write, piece)
        file.seek(0)
        return file, size

    def _counted(self, size: int, piece: bytes) -> int:
        size += len(piece)
        # What came is more than what is kept: heads of parts, and what lies between them.
        if 0 < self.client_max_size < max(size, self.content.total_bytes):
            raise self._too_large(size)
        return size


_UNBOUNDED: Final = 2**63


def _text(value: bytes, part: BodyPartReader) -> str:
    codec = charset_codec(part.get_charset("utf-8"))
    if codec is None:
        raise HTTPUnsupportedMediaType(
            text="415: a field of the form is in a charset that is not known"
        )
    try:
        return value.decode(codec)
    except UnicodeDecodeError as error:
        raise HTTPBadRequest(text=f"400: a field of the form is not {codec} text") from error


class BodyBeyondLimit(HTTPRequestEntityTooLarge, RemoteProtocolError):  # type: ignore[misc]
    """The answer to a body of more fields, parts or decompressed bytes than are taken.

    As MalformedBody it is a RemoteProtocolError as well. The peer is told no bound.
    """

    def __init__(self, error: LimitExceeded) -> None:
        self.message = error.message
        self.status_hint = 413
        super().__init__(error.value, text=_TOO_LARGE)


class MalformedBody(HTTPBadRequest, RemoteProtocolError):  # type: ignore[misc]  # see _Answer
    """The answer to a body that breaks the rules of its framing, its coding or its type.

    To be caught as a RemoteProtocolError as well: what request.content raises for the same body.
    The peer is told the rule that it broke, but no bound.
    """

    def __init__(self, error: ProtocolError) -> None:
        self.message = error.message
        self.status_hint = status = error.status_hint
        is_bound = isinstance(error, (LimitExceeded, TooSlow))
        why = reason_of(status) if is_bound else error.message
        super().__init__(text=f"{status}: {why}")
        self.set_status(status)
