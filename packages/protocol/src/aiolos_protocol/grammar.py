"""Rules of the RFCs as byte sets and patterns, each beneath the rule that it renders."""

import re
from ipaddress import IPv6Address
from typing import Final

# RFC 9110 5.6.2:  tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_"
#                        / "`" / "|" / "~" / DIGIT / ALPHA          token = 1*tchar
TCHAR: Final = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")

# RFC 9110 5.5:  what no field value may hold: control characters but for HTAB
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# RFC 5234 B.1, RFC 9110 5.5:  VCHAR = %x21-7E      obs-text = %x80-FF
VISIBLE: Final = bytes([*range(0x21, 0x7F), *range(0x80, 0x100)])

# RFC 9110 5.5:  field-content = field-vchar [ 1*( SP / HTAB / field-vchar ) field-vchar ]
TEXT: Final = b"\t " + VISIBLE

# RFC 9110 5.6.3:  OWS = *( SP / HTAB )
OWS: Final = b" \t"

# RFC 3986 3.2.2, 3.2.3:
#   reg-name  = *( unreserved / pct-encoded / sub-delims )      (an IPv4 address is one, too)
#   IP-literal = "[" ( IPv6address / IPvFuture ) "]"            IPvFuture = "v" 1*HEXDIG "." 1*(...)
#   port      = *DIGIT
# An IPv6 address is only outlined here; `is_host` has it judged in full.
_HOST_PORT: Final = re.compile(
    rb"(?P<name>\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|\[[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+\]"
    rb"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::(?P<port>[0-9]*))?"
)
_PLAIN_HOST: Final = re.compile(rb"[A-Za-z0-9.-]+(?::[0-9]{1,4})?")
_MAX_PORT: Final = 65535

# RFC 9112 2.3:  HTTP-version = HTTP-name "/" DIGIT "." DIGIT       HTTP-name = %x48.54.54.50
HTTP_VERSION: Final = re.compile(rb"HTTP/[0-9]\.[0-9]")

# RFC 9110 4.2.1, 4.2.2 and RFC 9112 3.2.2:  absolute-form, for the schemes that HTTP/1.1 serves.
# The fragment is no part of a request target (RFC 9110 7.1).
ABSOLUTE_FORM: Final = re.compile(
    rb"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?",
    re.IGNORECASE,
)

# RFC 9112 7.1.1:  chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
#                  chunk-ext-name = token          chunk-ext-val = token / quoted-string
# RFC 9110 5.6.4:  quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
_QUOTED: Final = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
CHUNK_EXTENSIONS: Final = re.compile(
    rb"(?:[ \t]*+;[ \t]*+%b(?:[ \t]*+=[ \t]*+(?:%b|%b))?+)*+"
    % (TOKEN.pattern.encode(), TOKEN.pattern.encode(), _QUOTED)
)


def is_token(text: bytes) -> bool:
    """Whether `text` is a token (RFC 9110 5.6.2)."""
    return bool(text) and not text.translate(None, TCHAR)


def is_host(text: bytes, *, name: bool = False, port: bool = False) -> bool:
    """Whether `text` is uri-host [ ":" port ] (RFC 9110 7.2), without user information.

    `name` and `port` tell that the one or the other must be there and not be empty.
    """
    if not port and _PLAIN_HOST.fullmatch(text):
        return True
    match = _HOST_PORT.fullmatch(text)
    if match is None or (name and not match["name"]) or (port and not match["port"]):
        return False
    digits = match["port"]
    if digits and (len(digits) > len(str(_MAX_PORT)) or int(digits) > _MAX_PORT):
        return False
    return match["ipv6"] is None or _is_ipv6(match["ipv6"].decode("ascii"))


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
