"""Multipart bodies to send: a MultipartWriter is a Payload made of payloads."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

from multidict import CIMultiDict

from .. import hdrs
from ..coding import EncodingWriter
from ..compression import ContentEncoder, parse_codings
from ..errors import RemoteProtocolError
from ..fields.disposition import format_disposition
from ..payload import JsonPayload, Payload, StringPayload, Writer, get_payload, payload_type
from ..payload import LookupError as NoPayload
from . import transfer
from .boundary import UnknownCoding, check_boundary, multipart_type, new_boundary
from .part import BodyPartReader

_FORM: Final = "form-data"


class MultipartWriter(Payload):
    """A body of several parts (RFC 2046 5.1); parts may be writers themselves.

    `subtype` is "mixed", "form-data", "related" and so on; `boundary` is made up where it is not
    given. A part's Content-Encoding and Content-Transfer-Encoding fields say how it is encoded on
    its way; in form-data neither is allowed (RFC 7578 4.7, 4.8), and a part without
    Content-Disposition is named section-N, for it needs a name. Raises ValueError for a boundary
    that is none.
    """

    _autoclose = True

    def __init__(self, subtype: str = "mixed", boundary: str | None = None) -> None:
        text = new_boundary() if boundary is None else check_boundary(boundary)
        self._boundary = text.encode("ascii")
        self._is_form = subtype == _FORM
        self._parts: list[tuple[Payload, str, str]] = []
        super().__init__(None, content_type=multipart_type(subtype, text))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[tuple[Payload, str, str]]:
        """`(part, content encoding, content transfer encoding)`, "" for none."""
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __bool__(self) -> bool:
        return True

    @property
    def boundary(self) -> str:
        """The boundary, without its dashes."""
        return self._boundary.decode("ascii")

    @property
    def consumed(self) -> bool:
        """As Payload.consumed: true where one of the parts is."""
        return any(part.consumed for part, _, _ in self._parts)

    # Building.

    def append(self, obj: Any, headers: Mapping[str, str] | None = None) -> Payload:
        """Add a part made of `obj` (see get_payload()), with the fields `headers`; the part.

        Raises TypeError where no payload can be made of it.
        """
        if isinstance(obj, Payload):
            obj.headers.update(headers or {})
            return self.append_payload(obj)
        try:
            payload = get_payload(obj, headers=CIMultiDict(headers or {}))
        except NoPayload as error:
            raise TypeError(f"a part cannot be made of {type(obj).__name__}") from error
        return self.append_payload(payload)

    def append_payload(self, payload: Payload) -> Payload:
        """Add `payload` as a part; itself. Raises ValueError for encodings that are not known."""
        fields = payload.headers
        codings = _codings(fields)
        encoded = fields.get(hdrs.CONTENT_TRANSFER_ENCODING, "").strip(" \t").lower()
        if transfer.encoder(encoded) is None:
            encoded = ""
        if self._is_form and (codings or encoded):
            raise ValueError(
                "parts of a form are not encoded: leave out Content-Encoding and"
                " Content-Transfer-Encoding (RFC 7578 4.7, 4.8)"
            )
        if self._is_form and hdrs.CONTENT_DISPOSITION not in payload.headers:
            # RFC 7578 4.2: it needs a name.
            payload.set_content_disposition(_FORM, name=f"section-{len(self._parts)}")
        self._parts.append((payload, codings, encoded))
        self._head_of(payload, codings, encoded)
        return payload

    def append_json(self, obj: Any, headers: Mapping[str, str] | None = None) -> Payload:
        """Add `obj` as JSON; the part."""
        return self.append_payload(JsonPayload(obj, headers=CIMultiDict(headers or {})))

    def append_form(
        self,
        obj: Sequence[tuple[str, str]] | Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> Payload:
        """Add pairs as an urlencoded form; the part."""
        pairs = list(obj.items()) if isinstance(obj, Mapping) else list(obj)
        return self.append_payload(
            StringPayload(
                urlencode(pairs),
                content_type="application/x-www-form-urlencoded",
                headers=CIMultiDict(headers or {}),
            )
        )

    # Sending.

    @property
    def size(self) -> int | None:
        """As Payload.size: None where a part is encoded, or its own size is not known."""
        total = len(self._boundary) + 6
        for part, codings, encoded in self._parts:
            if codings or encoded or part.size is None:
                return None
            total += len(self._head_of(part, codings, encoded)) + part.size + 2
        return total

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As Payload.decode(); parts are shown as they are before they are encoded."""
        pieces = []
        for part, codings, encoded in self._parts:
            head = self._head_of(part, codings, encoded).decode("utf-8", "surrogateescape")
            pieces.append(f"{head}{part.decode(encoding, errors)}\r\n")
        return "".join((*pieces, f"--{self.boundary}--\r\n"))

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """As Payload.as_bytes(): what write() would write."""
        pieces = _Pieces()
        for part, codings, encoded in self._parts:
            pieces.list.append(self._head_of(part, codings, encoded))
            data = await part.as_bytes(encoding, errors)
            encoder = _PartWriter(pieces, codings, encoded)
            await encoder.write(data)
            await encoder.finish()
            pieces.list.append(b"\r\n")
        pieces.list.append(b"--%b--\r\n" % self._boundary)
        return b"".join(pieces.list)

    async def write(self, writer: Writer, close_boundary: bool = True) -> None:
        """As Payload.write(); parts go out one after the other, each piece as it comes.

        Without `close_boundary` the closing delimiter is left out, for more to follow.
        """
        for part, codings, encoded in self._parts:
            await writer.write(self._head_of(part, codings, encoded))
            if codings or encoded:
                encoder = _PartWriter(writer, codings, encoded)
                await part.write(encoder)
                await encoder.finish()
            else:
                await part.write(writer)
            await writer.write(b"\r\n")
        if close_boundary:
            await writer.write(b"--%b--\r\n" % self._boundary)

    async def close(self) -> None:
        """Close all parts, and raise what the first of them raises that cannot be closed."""
        errors = []
        for part, _, _ in self._parts:
            try:
                await part.close()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _head_of(self, part: Payload, codings: str, encoded: str) -> bytes:
        """The delimiter in front of a part, and its head, with its length as it is by now: parts
        of a part may have been added."""
        if not self._is_form and not codings and not encoded and part.size is not None:
            part.headers[hdrs.CONTENT_LENGTH] = str(part.size)
        return b"--%b\r\n%b" % (self._boundary, part._binary_headers)


def _codings(fields: "CIMultiDict[str]") -> str:
    """The content codings of a part. Raises ValueError for one that is not known,
    MissingDistribution for one whose library is not installed."""
    try:
        codings = parse_codings(fields.get(hdrs.CONTENT_ENCODING))
    except RemoteProtocolError as error:
        raise UnknownCoding(error.message) from None
    ContentEncoder(codings)
    return ", ".join(codings)


class _Pieces:
    """A Writer that keeps what it gets."""

    __slots__ = ("list",)

    def __init__(self) -> None:
        self.list: list[bytes] = []

    async def write(self, data: bytes) -> None:
        """As Writer.write."""
        self.list.append(data)


class _TransferWriter:
    """A Writer that applies a transfer encoding."""

    __slots__ = ("_transfer", "_writer")

    def __init__(self, writer: Writer, encoded: str) -> None:
        self._writer = writer
        self._transfer = transfer.encoder(encoded)

    async def write(self, data: bytes) -> None:
        """As Writer.write."""
        if self._transfer is not None:
            data = self._transfer.feed(data)
        if data:
            await self._writer.write(data)

    async def finish(self) -> None:
        """The part is complete."""
        rest = b"" if self._transfer is None else self._transfer.finish()
        if rest:
            await self._writer.write(rest)


class _PartWriter(EncodingWriter):
    """A Writer that applies content codings, then a transfer encoding."""

    __slots__ = ("_transferred",)

    def __init__(self, writer: Writer, codings: str, encoded: str) -> None:
        self._transferred = _TransferWriter(writer, encoded)
        super().__init__(self._transferred, codings.split(", ") if codings else ())

    async def finish(self) -> None:
        """As EncodingWriter.finish."""
        await super().finish()
        await self._transferred.finish()


@payload_type(BodyPartReader)
class BodyPartReaderPayload(Payload):
    """A part that was received, passed on without its encodings as it comes; only once.

    It keeps its content type and, as an attachment's, its name and file name.
    """

    _autoclose = True

    def __init__(self, value: BodyPartReader, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("content_type", value.headers.get(hdrs.CONTENT_TYPE))
        super().__init__(value, *args, **kwargs)
        named = {"name": value.name, "filename": value.filename}
        parameters = {key: text for key, text in named.items() if text is not None}
        if parameters:
            self._headers[hdrs.CONTENT_DISPOSITION] = format_disposition("attachment", parameters)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As Payload.decode(): its bytes are yet to come."""
        raise TypeError("the part is yet to be received; await as_bytes()")

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """The rest of the part, which is gone then."""
        self._consumed = True
        return await self._value.read(decode=True)  # type: ignore[no-any-return]

    async def write(self, writer: Writer) -> None:
        """As Payload.write(). RuntimeError the second time."""
        if self._consumed:
            raise RuntimeError("a part that is received can be sent only once")
        self._consumed = True
        while data := await self._value.read_decoded():
            await writer.write(data)
