"""Bodies that are whole from the start: bytes, text, JSON."""

import json
from collections.abc import Callable
from typing import Any

from ..fields.content_type import parse_content_type
from .base import Payload, Writer
from .registry import payload_type


@payload_type((bytes, bytearray, memoryview))
class BytesPayload(Payload):
    """Bytes; TypeError for anything else."""

    _autoclose = True

    def __init__(self, value: bytes | bytearray | memoryview, *args: Any, **kwargs: Any) -> None:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(
                f"{type(self).__name__} takes bytes, bytearray or memoryview, not"
                f" {type(value).__name__}"
            )
        super().__init__(value, *args, **kwargs)
        self._size = value.nbytes if isinstance(value, memoryview) else len(value)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As Payload.decode()."""
        return bytes(self._value).decode(encoding, errors)

    def at_hand(self) -> bytes | None:
        """As Payload.at_hand(); not where a subclass writes or closes in its own way."""
        kind = type(self)
        is_plain = kind.write is BytesPayload.write and kind.close is Payload.close
        return bytes(self._value) if is_plain else None

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """The bytes themselves."""
        return bytes(self._value)

    async def write(self, writer: Writer) -> None:
        """As Payload.write(), in one piece."""
        await writer.write(bytes(self._value))

    async def write_with_length(self, writer: Writer, content_length: int | None) -> None:
        """As Payload.write_with_length(), in one piece."""
        await writer.write(bytes(self._value)[:content_length])


@payload_type(str)
class StringPayload(BytesPayload):
    """Text, in `encoding`, else in the charset of `content_type`, else in UTF-8."""

    def __init__(
        self,
        value: str,
        *args: Any,
        encoding: str | None = None,
        content_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(value, str):
            raise TypeError(f"{type(self).__name__} takes str, not {type(value).__name__}")
        charset, content_type = text_type(encoding, content_type)
        super().__init__(
            value.encode(charset), *args, encoding=charset, content_type=content_type, **kwargs
        )


def text_type(encoding: str | None, content_type: str | None) -> tuple[str, str]:
    """`(charset, Content-Type)` of text, where either may be left open."""
    if content_type is None:
        charset = encoding or "utf-8"
        return charset, f"text/plain; charset={charset}"
    return encoding or parse_content_type(content_type).charset or "utf-8", content_type


class JsonPayload(BytesPayload):
    """Any value that `dumps` turns into JSON text."""

    def __init__(
        self,
        value: Any,
        encoding: str = "utf-8",
        content_type: str = "application/json",
        dumps: Callable[[Any], str] = json.dumps,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dumps(value).encode(encoding),
            *args,
            content_type=content_type,
            encoding=encoding,
            **kwargs,
        )


class JsonBytesPayload(BytesPayload):
    """Any value that `dumps` turns into JSON in UTF-8 (orjson.dumps and the like)."""

    def __init__(
        self,
        value: Any,
        dumps: Callable[[Any], bytes],
        content_type: str = "application/json",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(dumps(value), *args, content_type=content_type, encoding="utf-8", **kwargs)
