"""Values of header fields, read and written: one module per family of fields.

Reading is linear in the length of the value. What a recipient must ignore where it is malformed
is read without an error; elsewhere ValueError says what was expected.
"""

from .accept import Preference, choose_coding, choose_media_type, parse_accept
from .authorization import (
    BasicAuth,
    Challenge,
    format_credentials,
    parse_challenges,
    parse_credentials,
)
from .content_type import OCTET_STREAM, ContentType, parse_content_type
from .dates import format_http_date, parse_http_date
from .disposition import Disposition, format_disposition, parse_disposition
from .etag import (
    ETAG_ANY,
    ETag,
    check_etag,
    parse_etag,
    parse_etags,
    strong_match,
    weak_match,
)
from .forwarded import parse_forwarded
from .link import Link, parse_links
from .ranges import ByteRange, ContentRange, parse_content_range, parse_range

__all__ = [
    "ETAG_ANY",
    "OCTET_STREAM",
    "BasicAuth",
    "ByteRange",
    "Challenge",
    "ContentRange",
    "ContentType",
    "Disposition",
    "ETag",
    "Link",
    "Preference",
    "check_etag",
    "choose_coding",
    "choose_media_type",
    "format_credentials",
    "format_disposition",
    "format_http_date",
    "parse_accept",
    "parse_challenges",
    "parse_content_range",
    "parse_content_type",
    "parse_credentials",
    "parse_disposition",
    "parse_etag",
    "parse_etags",
    "parse_forwarded",
    "parse_http_date",
    "parse_links",
    "parse_range",
    "strong_match",
    "weak_match",
]
