"""What each line of a head must be, and the words for what it is not.

The lines of a head that looks good are read for what they say; those of one that does not are
inspected in order, so that the first fault is the one named.
"""

from typing import Final

from multidict import istr

from .. import hdrs, methods
from ..errors import LimitExceeded, RemoteProtocolError
from ..grammar import ABSOLUTE_FORM, HTTP_VERSION, OWS, TCHAR, TEXT, is_host, is_token
from ..limits import Limits
from ..message import HttpVersion, HttpVersion10, HttpVersion11

# What a field means to the framing; 0 is any other field.
HOST, LENGTH, CODING, CONNECTION, UPGRADE, EXPECT = range(1, 7)
_SHARED: Final = {
    b"content-length": LENGTH,
    b"transfer-encoding": CODING,
    b"connection": CONNECTION,
    b"upgrade": UPGRADE,
}
IN_REQUESTS: Final = {**_SHARED, b"host": HOST, b"expect": EXPECT}
IN_RESPONSES: Final = _SHARED
IN_TRAILERS: Final[dict[bytes, int]] = {}

# RFC 9112 2.2: a server should ignore at least one empty line before a request line.
_MAX_EMPTY_LINES: Final = 2
# A body's length fits a signed 64-bit integer, which has 19 digits.
_MAX_LENGTH: Final = 2**63 - 1
_MAX_LENGTH_DIGITS: Final = 19
_MIN_STATUS: Final = 100

# As numbers: to look for a byte in bytes is ten times faster so.
_HTAB, _HASH, _COMMA = b"\t#,"
# A server is mostly asked for one host: the field seen last, and what was made of it.
_last_host: tuple[bytes, str] = (b"", "")

_VERSIONS: Final = {b"HTTP/1.1": HttpVersion11, b"HTTP/1.0": HttpVersion10}
_CONNECT: Final = methods.CONNECT
METHODS: Final = {name.encode(): name for name in (*methods.ALL, "QUERY")}


def _spellings() -> dict[str, istr]:
    """The spellings in which names usually come. It never grows by what a peer sends."""
    known = {name: name for name in vars(hdrs).values() if isinstance(name, istr)}
    table = {str(name): name for name in known}
    table.update((name.lower(), name) for name in known)
    table.update((name.title(), name) for name in known)
    table["ETag"] = hdrs.ETAG
    return table


NAMES: Final = _spellings()


def _kinds(role: dict[bytes, int]) -> dict[bytes, int]:
    return {name.encode(): role.get(name.lower().encode(), 0) for name in NAMES}


REQUEST_KINDS: Final = _kinds(IN_REQUESTS)
RESPONSE_KINDS: Final = _kinds(IN_RESPONSES)
TRAILER_KINDS: Final = _kinds(IN_TRAILERS)


# --- the start line ---


def after_empty_lines(data: bytes, start: int) -> int:
    for _ in range(_MAX_EMPTY_LINES):
        if not data.startswith(b"\r\n", start):
            break
        start += 2
    rest = data[start : start + 2]
    if rest[:1] in (b"\r", b"\n") and rest != b"\r":
        if rest == b"\r\n":
            raise RemoteProtocolError("too many empty lines before a request line (RFC 9112 2.2)")
        raise RemoteProtocolError("a line end that is not CRLF before a request (RFC 9112 2.2)")
    return start


def request_line(line: bytes) -> tuple[str, str, HttpVersion, str | None, str | None]:
    """Method, target, version; scheme and authority as far as the target names them."""
    parts = line.split(b" ")
    method = METHODS.get(parts[0])
    if method is None:
        if not is_token(parts[0]):
            raise RemoteProtocolError("the method is not a token (RFC 9112 3.1)")
        method = parts[0].decode("ascii")
    if len(parts) != 3 or _HTAB in line:
        raise RemoteProtocolError(_NO_REQUEST_LINE)
    target, protocol = parts[1], parts[2]
    version = _VERSIONS.get(protocol)
    if version is None:
        raise _bad_version(protocol, _NO_REQUEST_LINE)
    if target[:1] == b"/" and _HASH not in target and method != _CONNECT:
        return method, _text(target), version, None, None
    path, scheme, authority = _other_target(method, target)
    return method, path, version, scheme, authority


def _text(octets: bytes) -> str:
    """A target as text. RFC 9112 3.2 knows ASCII only; what is no UTF-8 either is escaped, as its
    sender should have done: no handler meets text that cannot be written again."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return "".join(chr(octet) if octet < 0x80 else f"%{octet:02X}" for octet in octets)


_NO_REQUEST_LINE: Final = (
    "a request line is method, target and HTTP/1.1, with one space between them (RFC 9112 3)"
)
_NO_STATUS_LINE: Final = (
    "a status line is HTTP/1.1, three digits and a reason, with one space between them (RFC 9112 4)"
)


def _bad_version(protocol: bytes, shape: str) -> RemoteProtocolError:
    # RFC 9110 2.5 would have us read an HTTP/1.2 as 1.1 ("should"). Nobody has ever spoken one,
    # and what claims to is a probe for two parsers that disagree; so it is refused as unknown.
    if HTTP_VERSION.fullmatch(protocol):
        return RemoteProtocolError(
            "only HTTP/1.0 and HTTP/1.1 are spoken here (RFC 9110 15.6.6)", status_hint=505
        )
    return RemoteProtocolError(shape)


def _other_target(method: str, target: bytes) -> tuple[str, str | None, str | None]:
    """Target, scheme and authority of any form but the usual one (RFC 9112 3.2)."""
    if method == methods.CONNECT:
        if not is_host(target, name=True, port=True):
            raise RemoteProtocolError("CONNECT needs host:port as its target (RFC 9112 3.2.3)")
        text = target.decode("ascii")
        return text, None, text
    if target == b"*":
        if method != methods.OPTIONS:
            raise RemoteProtocolError("the target * is for OPTIONS only (RFC 9112 3.2.4)")
        return "*", None, None
    if _HASH in target:
        raise RemoteProtocolError("the target has a fragment (RFC 9112 3.2)")
    match = ABSOLUTE_FORM.fullmatch(target)
    if match is None:
        raise RemoteProtocolError(
            "the target is neither a path nor an http or https URI (RFC 9112 3.2)"
        )
    if not is_host(match["authority"], name=True):
        # RFC 9110 4.2.1 and 4.2.4: neither an empty host nor user information.
        raise RemoteProtocolError("the target's host is invalid (RFC 9110 4.2)")
    path, query = match["path"] or b"", match["query"] or b""
    if method == methods.OPTIONS and not path and not query:
        path = b"*"  # RFC 9112 3.2.4: the server itself is asked.
    return (
        _text((path or b"/") + query),
        match["scheme"].decode("ascii").lower(),
        match["authority"].decode("ascii"),
    )


def status_line(line: bytes) -> tuple[HttpVersion, int, str]:
    protocol, _, rest = line.partition(b" ")
    version = _VERSIONS.get(protocol)
    if version is None:
        raise _bad_version(protocol, _NO_STATUS_LINE)
    # RFC 9112 4: the space before an empty reason is due, but widely forgotten.
    digits, reason = rest[:3], rest[3:]
    if len(digits) != 3 or not digits.isdigit() or reason[:1] not in (b" ", b""):
        raise RemoteProtocolError(_NO_STATUS_LINE)
    status = int(digits)
    # RFC 9110 15: one above 599 is a client's to take for a server error, not for a broken message.
    if status < _MIN_STATUS:
        raise RemoteProtocolError("the status is below 100 (RFC 9110 15)")
    return version, status, reason[1:].decode("latin-1")


# --- the field lines ---


def note_fields(
    lines: list[bytes], found: dict[int, bytes], kinds: dict[bytes, int], role: dict[bytes, int]
) -> None:
    """Judge every name, and keep in `found` the values that the framing rests on."""
    known = kinds.get
    for line in lines:
        name, colon, value = line.partition(b":")
        kind = known(name)
        if kind is None or not colon:
            if not colon or not name or name.translate(None, TCHAR):
                raise _bad_field_line(line)
            kind = role.get(name.lower(), 0)
        if kind:
            value = value.strip(OWS)
            if kind in found:
                if kind == HOST:
                    raise RemoteProtocolError("more than one Host (RFC 9112 3.2)")
                value = found[kind] + b"," + value  # RFC 9110 5.3
            found[kind] = value


def _bad_field_line(line: bytes) -> RemoteProtocolError:
    name, colon, _ = line.partition(b":")
    if line[:1] in (b" ", b"\t"):
        return RemoteProtocolError("a field line begins with a space (RFC 9112 5.2)")
    if not colon:
        return RemoteProtocolError("a field line has no colon (RFC 9112 5)")
    if name[-1:] in (b" ", b"\t"):
        return RemoteProtocolError("a space between a field's name and colon (RFC 9112 5.1)")
    return RemoteProtocolError("a field's name is not a token (RFC 9110 5.1)")


def host(found: dict[int, bytes], version: HttpVersion, authority: str | None) -> str | None:
    """The host that was asked: the target's own, else that of Host."""
    global _last_host
    value = found.get(HOST)
    if value == _last_host[0] and authority is None:
        return _last_host[1]
    if value is None:
        if version is HttpVersion11:
            raise RemoteProtocolError("Host is missing (RFC 9112 3.2)")
        return authority
    # RFC 9112 3.2: Host is empty where the target URI has no authority, and only there. RFC 9112
    # 3.3 leaves it to the server's user which host such a request means.
    if not is_host(value, name=bool(value) or authority is not None):
        raise RemoteProtocolError("Host is not a host with an optional port (RFC 9112 3.2)")
    # RFC 9112 3.2.2: the target's own authority wins.
    if authority is None:
        authority = value.decode("ascii")
        _last_host = (value, authority)
    return authority


def framing(found: dict[int, bytes], version: HttpVersion, repeats: bool) -> tuple[int, bool]:
    """Length and chunkedness of the body (RFC 9112 6.3). `repeats`: equal lengths may repeat."""
    lengths, codings = found.get(LENGTH), found.get(CODING)
    if codings is not None:
        if lengths is not None:  # RFC 9112 6.3: an attempt at smuggling; we take neither.
            raise RemoteProtocolError("Content-Length beside Transfer-Encoding (RFC 9112 6.3)")
        if version is HttpVersion10:
            raise RemoteProtocolError("Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)")
        _check_codings(codings)
        return -1, True
    if lengths is None:
        return -1, False
    if repeats and _COMMA in lengths:
        # RFC 9110 8.6 leaves the choice. No client repeats Content-Length but to mislead one of
        # two servers in a row; servers behind careless scripts do it, and browsers bear it.
        members = {member.strip(OWS) for member in lengths.split(b",")}
        if len(members) == 1:
            lengths = members.pop()
    if not lengths.isdigit() or len(lengths) > _MAX_LENGTH_DIGITS or int(lengths) > _MAX_LENGTH:
        raise RemoteProtocolError("Content-Length is not one valid number (RFC 9110 8.6)")
    return int(lengths), False


def _check_codings(value: bytes) -> None:
    """Raise unless the body is chunked and nothing else (RFC 9112 6.1)."""
    if value == b"chunked":
        return
    codings = [member.strip(OWS).lower() for member in value.split(b",")]
    # RFC 9110 5.6.1.2 would skip empty members. Here they are a trick on the next server.
    if not all(is_token(coding.partition(b";")[0].rstrip(OWS)) for coding in codings):
        raise RemoteProtocolError("Transfer-Encoding is not a list of codings (RFC 9112 6.1)")
    if any(coding.partition(b";")[0].rstrip(OWS) == b"chunked" != coding for coding in codings):
        raise RemoteProtocolError("chunked takes no parameters (RFC 9112 7.1)")
    if b"chunked" in codings[:-1]:
        raise RemoteProtocolError("chunked is not the last coding, or not once (RFC 9112 6.1)")
    if codings != [b"chunked"]:
        raise RemoteProtocolError(
            "no transfer coding but chunked is supported (RFC 9112 6.1)", status_hint=501
        )


def persistence(found: dict[int, bytes], version: HttpVersion) -> tuple[bool, str | None]:
    """Whether the connection goes on (RFC 9112 9.3), and the protocol to change to, if any."""
    value = found.get(CONNECTION)
    if value is None:
        return version is HttpVersion11, None
    if value == b"keep-alive":
        return True, None
    options = {option.strip(OWS).lower() for option in value.split(b",")}
    if version is HttpVersion10:  # RFC 9110 7.8: an HTTP/1.0 peer's Upgrade is ignored.
        return b"keep-alive" in options and b"close" not in options, None
    upgrade = found.get(UPGRADE) if b"upgrade" in options else None
    return (
        b"close" not in options,
        upgrade.decode("utf-8", "surrogateescape").lower() if upgrade else None,
    )


def expects_continue(value: bytes, version: HttpVersion) -> bool:
    if version is HttpVersion10 or not value:  # RFC 9110 10.1.1: HTTP/1.0 cannot expect.
        return False
    if any(member.strip(OWS).lower() not in (b"100-continue", b"") for member in value.split(b",")):
        raise RemoteProtocolError(
            "no expectation but 100-continue can be met (RFC 9110 10.1.1)", status_hint=417
        )
    return b"100-" in value


# --- line by line, in order ---


def is_odd(head: bytes, lines: list[bytes], limits: Limits) -> bool:
    """Whether some line might be too long, or hold a byte that no line may hold."""
    return (
        len(head) > limits.field
        or len(lines[0]) > limits.request_line
        or len(lines) - 1 > limits.fields
        or len(head.translate(None, TEXT)) != 2 * len(lines) - 2
    )


def inspect(lines: list[bytes], limits: Limits, request: bool) -> None:
    """Raise for the first complete line of a head that is faulty by itself."""
    line = lines[0]
    _check_start_line(line, limits, request)
    if request:
        request_line(line)
        inspect_fields(lines[1:], limits, REQUEST_KINDS, IN_REQUESTS)
    else:
        status_line(line)
        inspect_fields(lines[1:], limits, RESPONSE_KINDS, IN_RESPONSES)


def inspect_fields(
    lines: list[bytes], limits: Limits, kinds: dict[bytes, int], role: dict[bytes, int]
) -> None:
    found: dict[int, bytes] = {}
    for number, line in enumerate(lines, 1):
        _check_field_line(line, limits)
        if number > limits.fields:
            raise LimitExceeded("fields", limits.fields, status_hint=431)
        note_fields([line], found, kinds, role)


def _check_start_line(line: bytes, limits: Limits, request: bool) -> None:
    if len(line) > limits.request_line:
        raise LimitExceeded(
            "request_line", limits.request_line, status_hint=414 if request else 400
        )
    if line.translate(None, TEXT):
        raise RemoteProtocolError(
            "a control byte in the start line, or a line end that is not CRLF (RFC 9112 2.2)"
        )


def _check_field_line(line: bytes, limits: Limits) -> None:
    if len(line) > limits.field:
        raise LimitExceeded("field", limits.field, status_hint=431)
    if line.translate(None, TEXT):
        raise RemoteProtocolError(
            "a control byte in a field line, or a line end that is not CRLF (RFC 9110 5.5)"
        )


def inspect_part(window: bytes, limits: Limits, request: bool) -> None:
    """Raise if an incomplete head is faulty as far as it goes."""
    lines = window.split(b"\r\n")
    last = lines.pop()
    if lines:
        inspect(lines, limits, request)
        inspect_part_of_field(last, limits)
        return
    last = last.removesuffix(b"\r")
    _check_start_line(last, limits, request)
    if request:
        verb, space, rest = last.partition(b" ")
        if (space and not verb) or verb.translate(None, TCHAR):
            raise RemoteProtocolError("the method is not a token (RFC 9112 3.1)")
        if _HTAB in rest or rest.count(b" ") > 1:
            raise RemoteProtocolError(_NO_REQUEST_LINE)
    elif not b"HTTP/".startswith(last[:5]):
        raise RemoteProtocolError(_NO_STATUS_LINE)


def inspect_part_of_field(last: bytes, limits: Limits) -> None:
    last = last.removesuffix(b"\r")
    _check_field_line(last, limits)
    name, colon, _ = last.partition(b":")
    if (colon and not name) or name.translate(None, TCHAR):
        raise _bad_field_line(name + b":")
