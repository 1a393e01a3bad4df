"""Heads of HTTP/1.1 messages, in plain Python; `parser` documents the four public names.

A good head is cheap: one search for its end, one split, one `translate` that leaves nothing but
line ends, and a dictionary that knows the usual names. One whose field lines are, byte for byte,
those of a good head before is cheaper still: what they say is remembered, and clients repeat
themselves with every request. Where the whole request is one that was asked before, a look-up is
all. A head that looks odd is inspected line by line, in order, so that the first fault is the one
named. The compiled twin knows good heads only and comes here with all others: what is refused, and
in which words, is written once.
"""

import re
from typing import Final

from multidict import CIMultiDict, istr

from ..errors import LimitExceeded, RemoteProtocolError
from ..limits import Limits
from ..message import HttpVersion11, RequestHead, ResponseHead, received_request
from .rules import (
    EXPECT,
    IN_REQUESTS,
    IN_RESPONSES,
    IN_TRAILERS,
    METHODS,
    NAMES,
    REQUEST_KINDS,
    RESPONSE_KINDS,
    TRAILER_KINDS,
    after_empty_lines,
    expects_continue,
    framing,
    host,
    inspect,
    inspect_fields,
    inspect_part,
    inspect_part_of_field,
    is_odd,
    note_fields,
    persistence,
    request_line,
    status_line,
)

# RFC 9112 7.1:  chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
_PLAIN_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
# RFC 9112 5.2:  obs-fold = OWS CRLF RWS
# It is not looked for inside of blanks: many of them would be gone through from each one anew.
_FOLD: Final = re.compile(rb"(?<![ \t])[ \t]*+\r?\n[ \t]++")
# What a user agent has to look at, see ResponseHead.
_NOT_PLAIN: Final = re.compile(rb"^(?:Set-Cookie|Content-Encoding):", re.IGNORECASE | re.MULTILINE)
# What else than its length says something of a request's body, see RequestHead.
_SAYS_OF_BODY: Final = re.compile(
    rb"^(?:Content-Encoding:|Content-Type:[^\r\n]*;)", re.IGNORECASE | re.MULTILINE
)
_ANY_LINE_END: Final = re.compile(rb"\r?\n")
_ANY_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")

_LINE_ENDS: Final = (b"\r", b"\n")
_END: Final = b"\r\n\r\n"
# What nearly all request lines are: a path of visible ASCII, and no fragment (RFC 9112 3).
_PLAIN_LINE: Final = re.compile(rb"([A-Z]+) (/[!\"$-~]*) HTTP/1\.1\r\n")
# CONNECT has no path (RFC 9112 3.2.3).
_PLAIN_METHODS: Final = {name: METHODS[name] for name in METHODS if name != b"CONNECT"}

# What field lines said: host, length, chunked, keep_alive, upgrade, expect, plain_body.
_Said = tuple[str | None, int, bool, bool, str | None, bool, bool]
# Those of good requests, as of HTTP/1.1, by their bytes. Peers fill it: it holds so many, and none
# that is long.
_said: dict[bytes, _Said] = {}
_MOST_SAID: Final = 256
_LONGEST_SAID: Final = 2048
# By which bounds they were judged.
_said_within: Limits | None = None
# Whole requests without a body whose field lines are among them: (method, target, block, what its
# lines said), by their bytes. It is bounded likewise, and takes every seventh that it does not
# know: those that come often get in, and those that come once seldom push one of them out.
_asked: dict[bytes, tuple[str, str, bytes, _Said]] = {}
_EVERY: Final = 7
_unknown = 0


def parse_request(data: bytes, start: int, limits: Limits) -> RequestHead | None:
    """See `parser`."""
    global _unknown
    if limits is not _said_within:
        return _read_request(data, start, limits)
    same = None
    if not start and len(data) <= _LONGEST_SAID and data.endswith(_END):
        # Alone in the buffer; bodies are not worth their hash.
        same = _asked.get(data)
    if same is not None:
        method, target, block, said = same
        size = len(data)
    else:
        line = _PLAIN_LINE.match(data, start)
        if line is None:
            return _read_request(data, start, limits)
        fields = line.end()
        end = data.find(b"\r\n\r\n", fields - 2, start + limits.head)
        # Empty where there is no end: no good head has no fields.
        block = data[fields : end + 2]
        found = _said.get(block)
        name, path = line.groups()
        known = _PLAIN_METHODS.get(name)
        if found is None or known is None or fields - start - 2 > limits.request_line:
            return _read_request(data, start, limits)
        method, target, said = known, path.decode(), found
        size = end + 4 - start
        if size == len(data) <= _LONGEST_SAID:
            _unknown += 1
            if _unknown >= _EVERY:
                _unknown = 0
                if len(_asked) >= _MOST_SAID:
                    _asked.clear()
                _asked[data] = (method, target, block, said)
    host, length, chunked, keep_alive, upgrade, expect, plain_body = said
    return received_request(
        method,
        target,
        HttpVersion11,
        length,
        chunked,
        block,
        load_headers,
        size,
        expect,
        host,
        None,
        None,
        keep_alive,
        upgrade,
        plain_body,
    )


def _read_request(data: bytes, start: int, limits: Limits) -> RequestHead | None:
    """parse_request() of a head that may be any."""
    begin = start
    if data.startswith(_LINE_ENDS, start):
        begin = after_empty_lines(data, start)
    end = data.find(b"\r\n\r\n", begin, start + limits.head)
    if end < 0:
        window = data[begin : start + limits.head]
        inspect_part(window, limits, True)
        if len(data) - start >= limits.head:
            raise LimitExceeded("head", limits.head, status_hint=431)
        return None
    head = data[begin:end]
    lines = head.split(b"\r\n")
    if is_odd(head, lines, limits):
        inspect(lines, limits, True)
    line = lines.pop(0)
    method, target, version, scheme, authority = request_line(line)
    found: dict[int, bytes] = {}
    note_fields(lines, found, REQUEST_KINDS, IN_REQUESTS)
    asked = host(found, version, authority)
    length, chunked = framing(found, version, False)
    keep_alive, upgrade = persistence(found, version)
    expect = EXPECT in found and expects_continue(found[EXPECT], version)
    block = data[begin + len(line) + 2 : end + 2]
    plain_body = (length > 0 or chunked) and _SAYS_OF_BODY.search(block) is None
    if version is HttpVersion11 and authority is None and len(block) <= _LONGEST_SAID:
        said = (asked, length, chunked, keep_alive, upgrade, expect, plain_body)
        _remember(block, limits, said)
    return received_request(
        method,
        target,
        version,
        length,
        chunked,
        block,
        load_headers,
        end + 4 - start,
        expect,
        asked,
        scheme,
        None,
        keep_alive,
        upgrade,
        plain_body,
    )


def _remember(block: bytes, limits: Limits, said: _Said) -> None:
    global _said_within
    if limits is not _said_within or len(_said) >= _MOST_SAID:
        _said.clear()
        _asked.clear()
        _said_within = limits
    _said[block] = said


def parse_response(
    data: bytes, start: int, limits: Limits, lenient: bool = False
) -> ResponseHead | None:
    """See `parser`."""
    try:
        return _parse_response(data, start, limits)
    except RemoteProtocolError:
        if not lenient:
            raise
        return _mended_response(data, start, limits)


def _parse_response(data: bytes, start: int, limits: Limits) -> ResponseHead | None:
    end = data.find(b"\r\n\r\n", start, start + limits.head)
    if end < 0:
        window = data[start : start + limits.head]
        inspect_part(window, limits, False)
        if len(data) - start >= limits.head:
            raise LimitExceeded("head", limits.head, status_hint=431)
        return None
    head = data[start:end]
    lines = head.split(b"\r\n")
    if is_odd(head, lines, limits):
        inspect(lines, limits, False)
    line = lines.pop(0)
    version, status, reason = status_line(line)
    found: dict[int, bytes] = {}
    note_fields(lines, found, RESPONSE_KINDS, IN_RESPONSES)
    length, chunked = framing(found, version, True)
    keep_alive, upgrade = persistence(found, version)
    block = data[start + len(line) + 2 : end + 2]
    response = ResponseHead(
        status,
        reason,
        version,
        None,
        length,
        chunked,
        keep_alive,
        upgrade,
        block,
        load_headers,
        end + 4 - start,
    )
    response.plain = _NOT_PLAIN.search(block) is None
    return response


def _mended_response(data: bytes, start: int, limits: Limits) -> ResponseHead | None:
    """What RFC 9112 2.2 and 5.2 let a user agent bear: bare LF as a line's end, folded lines."""
    match = _ANY_BLANK_LINE.search(data, start, start + limits.head)
    if match is None:
        if len(data) - start >= limits.head:
            raise LimitExceeded("head", limits.head, status_hint=431)
        return None
    text = _ANY_LINE_END.sub(b"\r\n", _FOLD.sub(b" ", data[start : match.start()]))
    head = _parse_response(text + b"\r\n\r\n", 0, limits)
    if head is not None:
        head.size = match.end() - start
    return head


def parse_trailers(data: bytes, start: int, limits: Limits) -> tuple[CIMultiDict[str], int] | None:
    """See `parser`."""
    if data.startswith(b"\r\n", start):
        return CIMultiDict(), start + 2
    end = data.find(b"\r\n\r\n", start, start + limits.trailers)
    section = data[start : start + limits.trailers if end < 0 else end]
    lines = section.split(b"\r\n")
    last = lines.pop() if end < 0 else None
    inspect_fields(lines, limits, TRAILER_KINDS, IN_TRAILERS)
    if last is None:
        return load_headers(data[start : end + 2]), end + 4
    inspect_part_of_field(last, limits)
    if len(data) - start >= limits.trailers:
        raise LimitExceeded("trailers", limits.trailers, status_hint=431)
    return None


def take_chunks(data: bytes, start: int, pieces: list[bytes]) -> int:
    """See `parser`."""
    while (match := _PLAIN_CHUNK.match(data, start)) is not None:
        begin = match.end()
        end = begin + int(match[1], 16)
        if begin == end or data[end : end + 2] != b"\r\n":
            break
        pieces.append(data[begin:end])
        start = end + 2
    return start


def load_headers(block: bytes) -> CIMultiDict[str]:
    """See `parser`."""
    # An escape never spans a line end, so that decoding all at once equals decoding each value.
    lines = block.decode("utf-8", "surrogateescape").split("\r\n")
    del lines[-1]
    pairs = []
    known = NAMES.get
    for line in lines:
        name, _, value = line.partition(":")
        pairs.append((known(name) or istr(name), value.strip(" \t")))
    return CIMultiDict(pairs)
