"""application/x-www-form-urlencoded bodies that were received (WHATWG URL 5.1)."""

import re
from functools import cache
from typing import Final

from .errors import LimitExceeded, RemoteProtocolError
from .fields.content_type import charset_codec
from .limits import DEFAULT_LIMITS, Limits

URLENCODED: Final = "application/x-www-form-urlencoded"
_ASCII: Final = bytes(range(128))
_ASCII_RUN: Final = re.compile("[\\x00-\\x7f]+")
# A run at once: a call for each byte costs more than the rest of a form.
_ESCAPES: Final = re.compile(b"(?:%[0-9A-Fa-f]{2})+")


def parse_urlencoded(
    data: bytes, charset: str = "utf-8", limits: Limits = DEFAULT_LIMITS
) -> list[tuple[str, str]]:
    """The pairs of an application/x-www-form-urlencoded body, in its order.

    Bytes that are not in `charset` become U+FFFD. Raises LimitExceeded for more than
    `limits.form_fields` pairs, RemoteProtocolError for a charset that is not known, or in which the
    bytes of ASCII may mean something else, so that others would see other fields.
    """
    if not data:
        return []
    codec = charset_codec(charset)
    if codec is None or not _keeps_ascii(codec):
        why = "is not known" if codec is None else "does not hold ASCII as it is"
        raise RemoteProtocolError(
            f"the form is in the charset {charset!r:.40}, which {why}", status_hint=415
        )
    text = data.rstrip(b"\r\n").decode(codec, "replace")
    if text.count("&") >= limits.form_fields:
        raise LimitExceeded("form_fields", limits.form_fields, status_hint=413)
    pairs = []
    for pair in text.replace("+", " ").split("&"):
        if pair:
            name, _, value = pair.partition("=")
            pairs.append((_unescaped(name, codec), _unescaped(value, codec)))
    return pairs


def _unescaped(text: str, codec: str) -> str:
    if "%" not in text:
        return text
    if text.isascii():
        return _decoded(text, codec)
    return _ASCII_RUN.sub(lambda run: _decoded(run[0], codec), text)


def _decoded(run: str, codec: str) -> str:
    """ASCII with escapes, together: a character may begin with an escape and end with a letter."""
    plain = _ESCAPES.sub(
        lambda escapes: bytes.fromhex(escapes[0].replace(b"%", b"").decode()), run.encode()
    )
    return plain.decode(codec, "replace")


@cache
def _keeps_ascii(codec: str) -> bool:
    """Whether a byte below 0x80 that is no part of a longer character is ASCII in `codec`, always:
    ISO 2022 switches to other alphabets in between."""
    try:
        return _ASCII.decode(codec) == _ASCII.decode() and not codec.startswith("iso2022")
    except UnicodeDecodeError:
        return False
