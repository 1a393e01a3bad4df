"""json.loads() and json.dumps() with their defaults, without the detours they take for options."""

import json
import json.encoder
from collections.abc import Callable
from typing import Any, Final

_written: Callable[[Any], bytes | None] | None
_read: Callable[[str], Any] | None
_UNSURE: object
try:
    from ._jsontext import UNSURE as _UNSURE
    from ._jsontext import encoded as _written
    from ._jsontext import read as _read
except ImportError:
    _UNSURE = _written = _read = None

_Encoder: Final[Any] = getattr(json.encoder, "c_make_encoder", None)
_DECODER: Final[Any] = json.JSONDecoder()
_default: Final = json.JSONEncoder().default
_text: Final = json.encoder.encode_basestring_ascii
# CPython's; without markers, the first argument, it does not look for circles, but falls over them.
_encode: Final[Any] = _Encoder and _Encoder(
    None, _default, _text, None, ": ", ", ", False, False, True
)
_scan: Final[Any] = _DECODER.scan_once
_SPACE: Final = " \t\n\r"


def dumps(value: Any) -> str:
    """As json.dumps(value)."""
    if _encode is None:
        return json.dumps(value)
    try:
        return "".join(_encode(value, 0))
    except RecursionError:
        # A circle, or too deep: json.dumps() says which.
        return json.dumps(value)


def encoded(value: Any) -> bytes:
    """json.dumps(value), as bytes; those of the usual types are written by compiled code."""
    written = None if _written is None else _written(value)
    return dumps(value).encode() if written is None else written


def loads(text: str) -> Any:
    """As json.loads(text)."""
    if _read is not None:
        value = _read(text)
        if value is not _UNSURE:
            return value
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        # White space in front, or no JSON at all.
        return json.loads(text)
    if end == len(text) or not text[end:].strip(_SPACE):
        return value
    return json.loads(text)
