"""application/x-www-form-urlencoded bodies that were received (WHATWG URL 5.1)."""

from typing import Final
from urllib.parse import parse_qsl

from .errors import LimitExceeded, RemoteProtocolError
from .fields.content_type import charset_codec
from .limits import DEFAULT_LIMITS, Limits

URLENCODED: Final = "application/x-www-form-urlencoded"


def parse_urlencoded(
    data: bytes, charset: str = "utf-8", limits: Limits = DEFAULT_LIMITS
) -> list[tuple[str, str]]:
    """The pairs of an application/x-www-form-urlencoded body, in its order.

    Bytes that are not in `charset` become U+FFFD. Raises LimitExceeded for more than
    `limits.form_fields` pairs, RemoteProtocolError for a charset that is not known.
    """
    if not data:
        return []
    if data.count(b"&") >= limits.form_fields:
        raise LimitExceeded("form_fields", limits.form_fields, status_hint=413)
    codec = charset_codec(charset)
    if codec is None:
        raise RemoteProtocolError(
            f"the form is in the charset {charset!r:.40}, which is not known", status_hint=415
        )
    text = data.rstrip(b"\r\n").decode(codec, "replace")
    return parse_qsl(text, keep_blank_values=True, encoding=codec)
