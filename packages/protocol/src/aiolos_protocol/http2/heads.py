"""Fields of a header block to heads: what RFC 9113 8.1 to 8.3 and 8.5 ask of a message.

A message that breaks these rules is malformed, which is a stream error (RFC 9113 8.1.1):
`StreamFailed`. What a server rather answers, because it is only too large or not supported,
is raised as `LimitExceeded` or `RemoteProtocolError` with the status as its hint.
"""

from typing import Final

from multidict import CIMultiDict

from ..errors import LimitExceeded, RemoteProtocolError
from ..grammar import TCHAR, TEXT, VISIBLE, is_host
from ..http1.parser import load_headers
from ..http1.reasons import reason_of
from ..limits import Limits
from ..message import (
    HttpVersion20,
    RequestHead,
    ResponseHead,
    received_request,
    received_response,
)
from .errors import StreamFailed
from .field import UNJUDGED, Field
from .scheduler import parse_priority
from .stream import Stream

# What a field means to the message; pseudo-fields (RFC 9113 8.3) from METHOD to STATUS.
_PLAIN: Final = 0
_METHOD: Final = 1
_SCHEME: Final = 2
_AUTHORITY: Final = 3
_PATH: Final = 4
_PROTOCOL: Final = 5
_STATUS: Final = 6
_HOST: Final = 7
_LENGTH: Final = 8
_COOKIE: Final = 9
_EXPECT: Final = 10
_PRIORITY: Final = 11

_KINDS: Final = {
    b":method": _METHOD,
    b":scheme": _SCHEME,
    b":authority": _AUTHORITY,
    b":path": _PATH,
    b":protocol": _PROTOCOL,
    b":status": _STATUS,
    b"host": _HOST,
    b"content-length": _LENGTH,
    b"cookie": _COOKIE,
    b"expect": _EXPECT,
    b"priority": _PRIORITY,
}
# RFC 9113 8.2.2: they speak of a connection, which in HTTP/2 has its own means.
CONNECTION_SPECIFIC: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
# RFC 9113 8.2.1: names are lower case.
_NAME: Final = bytes(set(TCHAR) - set(range(ord("A"), ord("Z") + 1)))
_PATH_BYTES: Final = bytes(set(VISIBLE) - {ord("#")})
# RFC 3986 3.1; the case of a scheme is of no account, and RFC 9110 4.2.3 has it sent in lower.
_SCHEME_BYTES: Final = b"abcdefghijklmnopqrstuvwxyz0123456789+-."
_SPACE: Final = 0x20
# Names of _PLAIN fields that were found good.
_plain_names: set[bytes] = set()
_CACHE_SIZE: Final = 512
_CACHED_NAME: Final = 64
# Eighteen digits always fit 64 bits.
_MAX_LENGTH_DIGITS: Final = 18


def judge(field: Field) -> int:
    """Find out what `field` is; the answer stays with it. Raises StreamFailed."""
    name, value = field.name, field.value
    kind = _KINDS.get(name, _PLAIN)
    if kind == _PLAIN:
        if name not in _plain_names:
            _judge_name(name)
        if name == b"te" and value != b"trailers":
            raise StreamFailed("te may only be trailers (RFC 9113 8.2.2)")
    if value and not _is_value(value):
        raise StreamFailed(f"the value of {_shown(name)} is invalid (RFC 9113 8.2.1)")
    if _METHOD <= kind <= _STATUS:
        _judge_pseudo(field, kind)
    elif kind == _HOST:
        if not is_host(value, name=True):
            raise StreamFailed("host is not a host with an optional port (RFC 9110 7.2)")
        field.text = value.decode("ascii")
        field.line = b"host: %b\r\n" % value
    else:
        field.line = b"".join((name, b": ", value, b"\r\n"))
    field.kind = kind
    return kind


def _is_value(value: bytes) -> bool:
    """Whether `value`, not empty, may be a field's."""
    # Printable is stricter and quicker.
    printable = value.isascii() and value.decode("ascii").isprintable()
    if not printable and value.translate(None, TEXT):
        return False
    # Of what is not visible only space and tab are left.
    return value[0] > _SPACE and value[-1] > _SPACE


def _judge_name(name: bytes) -> None:
    """Raise StreamFailed unless `name` is one of a field that means nothing here."""
    if not name or name.translate(None, _NAME):
        raise _bad_name(name)
    if name in CONNECTION_SPECIFIC:
        raise StreamFailed(f"{_shown(name)} is connection-specific (RFC 9113 8.2.2)")
    if len(name) <= _CACHED_NAME:
        # A peer that makes names up pushes out the others once in a while; it is cheap.
        if len(_plain_names) >= _CACHE_SIZE:
            _plain_names.clear()
        _plain_names.add(name)


def _judge_pseudo(field: Field, kind: int) -> None:
    value = field.value
    if kind == _AUTHORITY:
        # RFC 9113 8.3.1: neither empty nor with user information, where the scheme is HTTP's.
        good = is_host(value, name=True)
        # Handlers look for the host where HTTP/1.1 has it.
        field.line = b"host: %b\r\n" % value
    elif kind == _PATH:
        good = (value[:1] == b"/" or value == b"*") and not value.translate(None, _PATH_BYTES)
    elif kind == _SCHEME:
        good = value[:1].isalpha() and not value.translate(None, _SCHEME_BYTES)
    elif kind == _STATUS:
        # RFC 9110 15, RFC 9113 8.6: HTTP/2 has no 101.
        good = len(value) == 3 and value.isdigit() and value >= b"100" and value != b"101"
    else:
        good = bool(value) and not value.translate(None, TCHAR)
    if not good:
        raise StreamFailed(f"{_shown(field.name)} is invalid (RFC 9113 8.3)")
    field.text = value.decode("utf-8", "surrogateescape")


def _bad_name(name: bytes) -> StreamFailed:
    if name[:1] == b":":
        return StreamFailed(f"there is no pseudo-field {_shown(name)} (RFC 9113 8.3)")
    return StreamFailed(f"{_shown(name)} is no lower-case name (RFC 9113 8.2.1)")


def _shown(name: bytes) -> str:
    return name[:40].decode("ascii", "backslashreplace")


class _Parts:
    """A block sorted: `pseudo` by kind, how many they are, the field lines, and those that mean
    something here."""

    __slots__ = ("cookies", "expect", "host", "length", "lines", "priority", "pseudo", "pseudos")

    def __init__(self) -> None:
        self.pseudo: list[Field | None] = [None] * (_STATUS + 1)
        self.pseudos = 0
        self.lines: list[bytes] = []
        self.cookies: list[bytes] | None = None
        self.host: Field | None = None
        self.length = -1
        self.expect: bytes | None = None
        self.priority: bytes | None = None

    def block(self) -> bytes:
        """The field lines as a head keeps them; RFC 9113 8.2.3: the crumbs are one cookie."""
        if self.cookies is not None:
            self.lines.append(b"cookie: %b\r\n" % b"; ".join(self.cookies))
        return b"".join(self.lines)


def _sorted(fields: list[Field], limits: Limits) -> _Parts:
    parts = _Parts()
    lines = parts.lines
    most = limits.field
    regular = False
    for field in fields:
        kind = field.kind
        if kind == UNJUDGED:
            kind = judge(field)
        # RFC 7541 4.1 counts 32 for each field, a line counts its colon and space.
        if field.size - 30 > most and kind != _PATH:
            raise LimitExceeded("field", most, status_hint=431)
        if kind == _PLAIN:
            regular = True
            lines.append(field.line)
        elif kind <= _STATUS:
            if regular:
                raise StreamFailed("a pseudo-field behind a field (RFC 9113 8.3)")
            if parts.pseudo[kind] is not None:
                raise StreamFailed(f"{_shown(field.name)} is repeated (RFC 9113 8.3)")
            parts.pseudo[kind] = field
            parts.pseudos += 1
        else:
            regular = True
            _note(parts, field, kind)
    return parts


def _note(parts: _Parts, field: Field, kind: int) -> None:
    value = field.value
    if kind == _COOKIE:
        if parts.cookies is None:
            parts.cookies = []
        parts.cookies.append(value)
        return
    if kind == _HOST:
        if parts.host is not None:
            raise StreamFailed("host is repeated (RFC 9110 7.2)")
        parts.host = field
        return
    parts.lines.append(field.line)
    if kind == _LENGTH:
        if parts.length >= 0 or not value.isdigit() or len(value) > _MAX_LENGTH_DIGITS:
            raise StreamFailed("content-length is not one valid number (RFC 9113 8.1.1)")
        parts.length = int(value)
    elif kind == _EXPECT:
        parts.expect = value if parts.expect is None else parts.expect + b"," + value
    elif kind == _PRIORITY:
        # RFC 9218 4: several field lines are one list.
        parts.priority = value if parts.priority is None else parts.priority + b"," + value


def read_request(
    fields: list[Field],
    size: int,
    ended: bool,
    connect_protocol: bool,
    stream: Stream,
    limits: Limits,
) -> RequestHead:
    """The request that `fields` are; `ended` where no body follows.

    `size` is the block's on the wire; `connect_protocol` tells that RFC 8441 was offered. Sets
    what `stream` knows of its message: method, priority, and the body's expected size.
    """
    parts = _sorted(fields, limits)
    pseudo = parts.pseudo
    method_field = pseudo[_METHOD]
    if method_field is None or pseudo[_STATUS] is not None:
        raise StreamFailed("a request needs :method, and has no :status (RFC 9113 8.3.1)")
    method = method_field.text
    scheme_field, path_field = pseudo[_SCHEME], pseudo[_PATH]
    protocol_field = pseudo[_PROTOCOL]
    authority_field = pseudo[_AUTHORITY]
    if protocol_field is not None and (method != "CONNECT" or not connect_protocol):
        raise StreamFailed(":protocol is for CONNECT, where it was offered (RFC 8441 4)")
    if method == "CONNECT" and protocol_field is None:
        # RFC 9113 8.5
        if scheme_field is not None or path_field is not None or authority_field is None:
            raise StreamFailed("CONNECT has :authority, not :scheme or :path (RFC 9113 8.5)")
        if not is_host(authority_field.value, name=True, port=True):
            raise StreamFailed("CONNECT needs host:port as its :authority (RFC 9113 8.5)")
        target, scheme = authority_field.text, None
    else:
        if scheme_field is None or path_field is None:
            raise StreamFailed("a request needs :scheme and :path (RFC 9113 8.3.1)")
        target, scheme = path_field.text, scheme_field.text
        if target == "*" and method != "OPTIONS":
            raise StreamFailed("the path * is for OPTIONS only (RFC 9113 8.3.1)")
        if len(path_field.value) > limits.request_line:
            raise LimitExceeded("request_line", limits.request_line, status_hint=414)
    host = _host(parts, authority_field)
    if authority_field is None and protocol_field is not None:
        raise StreamFailed("CONNECT with :protocol needs :authority (RFC 8441 4)")
    if parts.expect is not None and parts.expect.lower() != b"100-continue":
        raise RemoteProtocolError(
            "no expectation but 100-continue can be met (RFC 9110 10.1.1)", status_hint=417
        )
    length = parts.length
    if ended and length > 0:
        raise StreamFailed("END_STREAM before content-length is reached (RFC 9113 8.1.1)")
    stream.method = method
    stream.tunnel = method == "CONNECT"
    stream.expected = -1 if stream.tunnel else length
    if parts.priority is not None:
        stream.urgency, stream.incremental = parse_priority(parts.priority)
    return received_request(
        method,
        target,
        HttpVersion20,
        length,
        not ended and length < 0 and method != "CONNECT",
        parts.block(),
        load_headers,
        size,
        parts.expect is not None,
        host,
        scheme,
        None if protocol_field is None else protocol_field.text,
        True,
        None,
        False,
    )


def _host(parts: _Parts, authority: Field | None) -> str:
    """The host that is asked; its line goes first, as RFC 9110 7.2 has it."""
    host = parts.host
    if authority is None:
        if host is None:
            raise StreamFailed("a request needs :authority or host (RFC 9113 8.3.1)")
        authority = host
    elif host is not None and host.value.lower() != authority.value.lower():
        raise StreamFailed("host differs from :authority (RFC 9113 8.3.1)")
    parts.lines.insert(0, authority.line)
    return authority.text


def read_response(
    fields: list[Field], size: int, ended: bool, stream: Stream, limits: Limits
) -> ResponseHead:
    """The response to `stream.method` that `fields` are, informational ones included.

    The arguments are those of `read_request`; sets the body's expected size.
    """
    parts = _sorted(fields, limits)
    pseudo = parts.pseudo
    status_field = pseudo[_STATUS]
    if status_field is None or parts.pseudos > 1:
        raise StreamFailed("a response has :status and no other pseudo-field (RFC 9113 8.3.2)")
    if parts.host is not None:
        parts.lines.append(parts.host.line)
    status = int(status_field.text)
    if status < 200:
        if ended:
            raise StreamFailed("END_STREAM on an informational response (RFC 9113 8.1)")
        return _response(parts, status, -1, False, size)
    length = parts.length
    bodiless = stream.method == "HEAD" or status == 204 or status == 304
    if stream.method == "CONNECT" and status < 300:
        stream.tunnel = True
        stream.expected = -1
    elif bodiless:
        # RFC 9110 6.4.1, 8.6: Content-Length speaks of a body that is not sent.
        stream.expected = 0
    else:
        stream.expected = length
        if ended and length > 0:
            raise StreamFailed("END_STREAM before content-length is reached (RFC 9113 8.1.1)")
    return _response(parts, status, length, not (ended or bodiless) and length < 0, size)


def _response(parts: _Parts, status: int, length: int, chunked: bool, size: int) -> ResponseHead:
    # RFC 9113 8.3.2: no reason comes; whoever shows one need not know which version was spoken.
    reason = reason_of(status)
    block = parts.block()
    return received_response(
        status, reason, HttpVersion20, length, chunked, block, load_headers, size, True, None
    )


def read_trailers(fields: list[Field], limits: Limits) -> CIMultiDict[str]:
    """The trailer section that `fields` are: only data, whatever the names (RFC 9110 6.5.1)."""
    size = sum([field.size for field in fields])
    if size > limits.trailers:
        raise LimitExceeded("trailers", limits.trailers, status_hint=431)
    for field in fields:
        if field.name[:1] == b":":
            raise StreamFailed("a pseudo-field among trailers (RFC 9113 8.1)")
        if field.kind == UNJUDGED:
            judge(field)
    return load_headers(b"".join([field.line for field in fields]))
