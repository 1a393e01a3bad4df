"""What a verb's `data` and `json` become."""

from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any

from aiolos_protocol import hdrs
from aiolos_protocol.forms import FormData
from aiolos_protocol.payload import LookupError as NoPayload
from aiolos_protocol.payload import Payload, get_payload
from multidict import CIMultiDict

# A small body of known bytes is worth no task of its own.
Body = bytes | Payload


class JSONDumps:
    """How JSON is written: `text` gives str, or `binary`, which outranks it, bytes."""

    __slots__ = ("binary", "text")

    def __init__(
        self, text: Callable[[Any], str], binary: Callable[[Any], bytes] | None = None
    ) -> None:
        self.text = text
        self.binary = binary

    def __call__(self, value: Any) -> bytes:
        """`value` as UTF-8. TypeError where its function gives something else."""
        if self.binary is not None:
            data = self.binary(value)
            if not isinstance(data, bytes):
                raise TypeError(
                    f"json_serialize_bytes gave {data!r:.80}: a function that gives str is "
                    "json_serialize"
                )
            return data
        text = self.text(value)
        if not isinstance(text, str):
            raise TypeError(
                f"json_serialize gave {text!r:.80}: a function that gives bytes is "
                "json_serialize_bytes"
            )
        return text.encode()


def make_body(
    data: Any, json: Any, dumps: JSONDumps, content_type: str | None
) -> tuple[Body, "CIMultiDict[str]"]:
    """The body to send, b"" for none, and the fields that describe it.

    `data`: bytes-like, str, a mapping or pairs (a form, multipart where there are files), FormData,
    an open file, an async iterable of bytes, a Payload. `content_type` is the user's own.
    ValueError for both `data` and `json`, TypeError for another type.
    """
    fields: CIMultiDict[str] = CIMultiDict()
    if json is not None:
        if data is not None:
            raise ValueError("give data or json, not both")
        fields[hdrs.CONTENT_TYPE] = content_type or "application/json"
        return dumps(json), fields
    if data is None:
        if content_type:
            fields[hdrs.CONTENT_TYPE] = content_type
        return b"", fields
    if isinstance(data, (bytes, bytearray, memoryview)):
        fields[hdrs.CONTENT_TYPE] = content_type or "application/octet-stream"
        return bytes(data), fields
    payload = body_of(data, content_type)
    fields.extend(payload.headers)
    if content_type:
        fields.setdefault(hdrs.CONTENT_TYPE, content_type)
    return _at_hand(payload), fields


def body_of(data: Any, content_type: str | None) -> Payload:
    """`data` as a Payload, itself where it is one. TypeError for what it cannot be."""
    payload = _payload(data, content_type)
    if payload is not data:
        # A body has no name of its own, unless a Payload that was made by hand says so.
        payload.headers.popall(hdrs.CONTENT_DISPOSITION, None)
    return payload


def _payload(data: Any, content_type: str | None) -> Payload:
    if isinstance(data, FormData):
        return data()
    if isinstance(data, Mapping) or (isinstance(data, (list, tuple)) and not _is_stream(data)):
        return FormData(data)()
    try:
        if content_type is None:
            return get_payload(data)
        if isinstance(data, str) and "charset" not in content_type.lower():
            content_type = f"{content_type}; charset=utf-8"
        return get_payload(data, content_type=content_type)
    except NoPayload:
        raise TypeError(
            f"data takes bytes, str, a mapping for a form, an open file, an async iterable of "
            f"bytes or a Payload, not {type(data).__name__}"
        ) from None


def _is_stream(data: Any) -> bool:
    return isinstance(data, AsyncIterable)


def _at_hand(payload: Payload) -> Body:
    """The bytes themselves where they are in memory already."""
    whole = payload.at_hand()
    return payload if whole is None else whole
