"""json.loads() and json.dumps() with their defaults, without the detours they take for options."""

import json
import json.encoder
from typing import Any, Final

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
    """dumps(value), as bytes."""
    return dumps(value).encode()


def loads(text: str) -> Any:
    """As json.loads(text)."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        # White space in front, or no JSON at all.
        return json.loads(text)
    if end == len(text) or not text[end:].strip(_SPACE):
        return value
    return json.loads(text)
