# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The compiled twin of `pyparser`: one pass over a good head, no object made that nobody reads.

It knows the heads that nearly all messages have. Whatever is odd, incomplete or wrong (a rare
target, a repeated field, an Upgrade to anything but WebSocket, a limit reached) is given to
`pyparser` from the beginning: so it is decided, and worded, in one place only. A request that was
asked before, byte for byte, is not read again.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeASCII, PyUnicode_DecodeLatin1, PyUnicode_DecodeUTF8
from libc.string cimport memchr, memcmp, memcpy

from aiolos_protocol.message cimport RequestHead, ResponseHead, received_request

from multidict import CIMultiDict, istr

from ..grammar import TCHAR, TEXT, VISIBLE
from ..message import HttpVersion10, HttpVersion11
from .pyparser import parse_trailers
from .pyparser import parse_request as _careful_request
from .pyparser import parse_response as _careful_response
from .rules import METHODS, NAMES

cdef object _http10 = HttpVersion10
cdef object _http11 = HttpVersion11
cdef object _new_headers = CIMultiDict
cdef object _istr = istr
cdef dict _names = dict(NAMES)
cdef dict _methods = dict(METHODS)
cdef str _get = METHODS[b"GET"]
cdef str _post = METHODS[b"POST"]

# What a byte may be part of.
cdef enum:
    TOKEN = 1
    TARGET = 2
    VALUE = 4
    HOST = 8

cdef unsigned char _kinds[256]


cdef _fill_kinds():
    cdef int byte
    for byte in range(256):
        _kinds[byte] = (
            (TOKEN if byte in TCHAR else 0)
            | (TARGET if byte in VISIBLE and byte != ord("#") else 0)
            | (VALUE if byte in TEXT else 0)
            | (HOST if chr(byte).isascii() and (chr(byte).isalnum() or byte in b".-") else 0)
        )


_fill_kinds()

# The bounds of the Limits object seen last: nearly always it is the one seen before.
cdef object _limits = None
cdef Py_ssize_t _max_start_line = 0
cdef Py_ssize_t _max_field = 0
cdef Py_ssize_t _max_head = 0
cdef Py_ssize_t _max_fields = 0


cdef _take_limits(limits):
    global _limits, _max_start_line, _max_field, _max_head, _max_fields
    _max_start_line = limits.request_line
    _max_field = limits.field
    _max_head = limits.head
    _max_fields = limits.fields
    _limits = limits


cdef struct Found:
    # What the field lines say about framing and persistence, and whether who reads the message has
    # to look at them: plain is without Set-Cookie and Content-Encoding, plain_body without that and
    # parameters of Content-Type.
    bint plain
    bint plain_body
    bint host
    bint length
    bint chunked
    bint connection
    bint close
    bint keep_alive
    # Connection says upgrade; Upgrade says websocket.
    bint switches
    bint websocket
    Py_ssize_t size
    const char* host_start
    Py_ssize_t host_size


cdef inline bint _is(const char* text, const char* lower, Py_ssize_t size) noexcept nogil:
    """Equal, whatever the case of the letters; `lower` holds letters and hyphens only."""
    cdef Py_ssize_t i
    for i in range(size):
        if (text[i] | 0x20) != lower[i] and text[i] != lower[i]:
            return False
    return True


cdef bint _is_plain_host(const char* text, Py_ssize_t size) noexcept nogil:
    """A name or IPv4 address, with at most four digits of a port behind it; see grammar.is_host."""
    cdef Py_ssize_t i = 0
    cdef Py_ssize_t digits
    while i < size and _kinds[<unsigned char>text[i]] & HOST:
        i += 1
    if i == 0:
        return False
    if i == size:
        return True
    if text[i] != c":":
        return False
    digits = size - i - 1
    if digits < 1 or digits > 4:
        return False
    i += 1
    while i < size:
        if not c"0" <= text[i] <= c"9":
            return False
        i += 1
    return True


cdef bint _is_upgrade(const char* value, Py_ssize_t length) noexcept nogil:
    """What the clients that open WebSockets say in Connection: Firefox says two things."""
    if length == 19:
        return (
            _is(value, b"keep-alive", 10)
            and memcmp(value + 10, b", ", 2) == 0
            and _is(value + 12, b"upgrade", 7)
        )
    return length == 7 and _is(value, b"upgrade", 7)


cdef bint _note(
    Found* found, const char* name, Py_ssize_t size, const char* value, Py_ssize_t length,
    bint request,
) noexcept nogil:
    """Take note of one field; False where it needs a careful look."""
    cdef Py_ssize_t i
    if size == 4:
        if request and _is(name, b"host", 4):
            if found.host or not _is_plain_host(value, length):
                return False
            found.host = True
            found.host_start = value
            found.host_size = length
    elif size == 6:
        return not (request and _is(name, b"expect", 6))
    elif size == 7:
        if _is(name, b"upgrade", 7):
            if not request or found.websocket or length != 9 or not _is(value, b"websocket", 9):
                return False
            found.websocket = True
    elif size == 10:
        if _is(name, b"connection", 10):
            if found.connection:
                return False
            found.connection = True
            if length == 10 and _is(value, b"keep-alive", 10):
                found.keep_alive = True
            elif length == 5 and _is(value, b"close", 5):
                found.close = True
            elif request and _is_upgrade(value, length):
                found.switches = True
            else:
                return False
        elif _is(name, b"set-cookie", 10):
            found.plain = False
    elif size == 12:
        if _is(name, b"content-type", 12) and memchr(value, c";", length) is not NULL:
            found.plain_body = False
    elif size == 14:
        if _is(name, b"content-length", 14):
            # 18 digits always fit; more are for the careful to judge.
            if found.length or found.chunked or length < 1 or length > 18:
                return False
            found.length = True
            found.size = 0
            for i in range(length):
                if not c"0" <= value[i] <= c"9":
                    return False
                found.size = found.size * 10 + (value[i] - c"0")
    elif size == 16:
        if _is(name, b"content-encoding", 16):
            found.plain = found.plain_body = False
    elif size == 17:
        if _is(name, b"transfer-encoding", 17):
            if found.length or found.chunked or length != 7 or memcmp(value, b"chunked", 7):
                return False
            found.chunked = True
    return True


cdef const char* _fields(
    const char* at, const char* end, Found* found, bint request, Py_ssize_t fields
) noexcept nogil:
    """Read field lines from `at`; the place of the blank line, NULL for a careful look."""
    cdef const char* name
    cdef const char* colon
    cdef const char* value
    cdef const char* stop
    while True:
        if end - at < 2:
            return NULL
        if at[0] == c"\r":
            return at if at[1] == c"\n" else NULL
        name = at
        while at < end and _kinds[<unsigned char>at[0]] & TOKEN:
            at += 1
        if at == end or at == name or at[0] != c":":
            return NULL
        colon = at
        at += 1
        while at < end and (at[0] == c" " or at[0] == c"\t"):
            at += 1
        value = at
        while at < end and _kinds[<unsigned char>at[0]] & VALUE:
            at += 1
        if end - at < 2 or at[0] != c"\r" or at[1] != c"\n" or at - name > _max_field:
            return NULL
        stop = at
        while stop > value and ((stop - 1)[0] == c" " or (stop - 1)[0] == c"\t"):
            stop -= 1
        fields -= 1
        if fields < 0 or not _note(found, name, colon - name, value, stop - value, request):
            return NULL
        at += 2


cdef str _text(const char* start, Py_ssize_t size, bint ascii):
    if ascii:
        return PyUnicode_DecodeASCII(start, size, NULL)
    return PyUnicode_DecodeUTF8(start, size, "surrogateescape")


# Whole requests without a body, and what was made of them: clients repeat themselves. Peers fill the
# table: it holds so many, none of them is long, and what comes a second time gets in.
cdef enum:
    MOST_ASKED = 256
    LONGEST_ASKED = 2048


cdef class _Asked:
    cdef bytes data
    cdef object limits
    cdef RequestHead head

    def __init__(self, bytes data, limits, RequestHead head):
        self.data = data
        self.limits = limits
        self.head = head


# By the upper eight bits of their hashes.
cdef list _asked = [None] * MOST_ASKED
# The hash of what came last and is not in the table, by its place there.
cdef unsigned long long _came[MOST_ASKED]


cdef inline unsigned long long _hash(const char* data, Py_ssize_t size) noexcept nogil:
    """Of at least eight bytes; the upper bits depend on all of them."""
    cdef unsigned long long mixed = size
    cdef unsigned long long word
    cdef const char* last = data + size - 8
    while data < last:
        memcpy(&word, data, 8)
        mixed = (mixed ^ word) * 0x9E3779B97F4A7C15ULL
        data += 8
    memcpy(&word, last, 8)
    return (mixed ^ word) * 0x9E3779B97F4A7C15ULL


cdef RequestHead _alike(RequestHead head):
    """A head of its own that says the same."""
    return received_request(
        head.method, head.target, head.version, head.length, head.chunked, head._block, head._load,
        head.size, head.expect, head.authority, head.scheme, head.protocol, head.keep_alive,
        head.upgrade, head.plain_body,
    )


def parse_request(bytes data not None, Py_ssize_t start, limits):
    """See `parser`."""
    cdef const char* begin = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef unsigned long long mixed
    cdef int place
    cdef _Asked asked
    cdef RequestHead head
    if start or not 8 <= size <= LONGEST_ASKED or memcmp(begin + size - 4, b"\r\n\r\n", 4):
        # Not alone in the buffer, or not whole.
        return _read_request(data, start, limits)
    mixed = _hash(begin, size)
    place = mixed >> 56
    asked = _asked[place]
    if (
        asked is not None
        and asked.limits is limits
        and PyBytes_GET_SIZE(asked.data) == size
        and memcmp(PyBytes_AS_STRING(asked.data), begin, size) == 0
    ):
        return _alike(asked.head)
    head = _read_request(data, 0, limits)
    if head is not None and head.size == size:
        if _came[place] == mixed:
            _asked[place] = _Asked(data, limits, _alike(head))
        _came[place] = mixed
    return head


cdef RequestHead _read_request(bytes data, Py_ssize_t start, limits):
    """parse_request() of a head that may be any."""
    cdef const char* begin = PyBytes_AS_STRING(data) + start
    cdef const char* end = PyBytes_AS_STRING(data) + PyBytes_GET_SIZE(data)
    cdef const char* at = begin
    cdef const char* target
    cdef const char* target_end
    cdef const char* fields
    cdef const char* blank
    cdef unsigned char seen = 0
    cdef Found found
    cdef RequestHead head
    cdef object method
    cdef object version
    if limits is not _limits:
        _take_limits(limits)
    if end - begin > _max_head:
        end = begin + _max_head
    while at < end and _kinds[<unsigned char>at[0]] & TOKEN:
        at += 1
    if at == end or at == begin or at[0] != c" ":
        return _careful_request(data, start, limits)
    if at - begin == 3 and memcmp(begin, b"GET", 3) == 0:
        method = _get
    elif at - begin == 4 and memcmp(begin, b"POST", 4) == 0:
        method = _post
    else:
        method = _methods.get(PyBytes_FromStringAndSize(begin, at - begin))
        if method is None or method == "CONNECT":
            return _careful_request(data, start, limits)
    at += 1
    target = at
    if at == end or at[0] != c"/":
        return _careful_request(data, start, limits)
    while at < end and _kinds[<unsigned char>at[0]] & TARGET:
        seen |= <unsigned char>at[0]
        at += 1
    target_end = at
    if seen >= 0x80:
        return _careful_request(data, start, limits)
    if end - at < 11 or at - begin + 9 > _max_start_line or memcmp(at, b" HTTP/1.", 8) != 0:
        return _careful_request(data, start, limits)
    if at[8] == c"1":
        version = _http11
    elif at[8] == c"0":
        version = _http10
    else:
        return _careful_request(data, start, limits)
    if at[9] != c"\r" or at[10] != c"\n":
        return _careful_request(data, start, limits)
    fields = at + 11
    found.host = found.length = found.chunked = found.connection = False
    found.close = found.keep_alive = found.switches = found.websocket = False
    found.plain = found.plain_body = True
    found.size = -1
    blank = _fields(fields, end, &found, True, _max_fields)
    if (
        blank is NULL
        or not found.host
        or (version is _http10 and (found.chunked or found.switches or found.websocket))
    ):
        return _careful_request(data, start, limits)
    head = RequestHead.__new__(RequestHead)
    head.method = method
    head.target = PyUnicode_DecodeASCII(target, target_end - target, NULL)
    head.version = version
    head.length = found.size
    head.chunked = found.chunked
    head.keep_alive = not found.close if version is _http11 else found.keep_alive
    head._block = PyBytes_FromStringAndSize(fields, blank - fields)
    head._load = load_headers
    head.size = blank + 2 - begin
    head.authority = PyUnicode_DecodeASCII(found.host_start, found.host_size, NULL)
    head.plain_body = found.plain_body and (found.size > 0 or found.chunked)
    if found.switches and found.websocket:
        head.upgrade = "websocket"
    return head


def parse_response(bytes data not None, Py_ssize_t start, limits, bint lenient=False):
    """See `parser`."""
    cdef const char* begin = PyBytes_AS_STRING(data) + start
    cdef const char* end = PyBytes_AS_STRING(data) + PyBytes_GET_SIZE(data)
    cdef const char* at
    cdef const char* reason
    cdef const char* reason_end
    cdef const char* fields
    cdef const char* blank
    cdef int status
    cdef Found found
    cdef ResponseHead head
    cdef object version
    if limits is not _limits:
        _take_limits(limits)
    if end - begin > _max_head:
        end = begin + _max_head
    if end - begin < 17 or memcmp(begin, b"HTTP/1.", 7) != 0 or begin[8] != c" ":
        return _careful_response(data, start, limits, lenient)
    if begin[7] == c"1":
        version = _http11
    elif begin[7] == c"0":
        version = _http10
    else:
        return _careful_response(data, start, limits, lenient)
    if not (
        c"1" <= begin[9] <= c"5" and c"0" <= begin[10] <= c"9" and c"0" <= begin[11] <= c"9"
    ) or begin[12] != c" ":
        return _careful_response(data, start, limits, lenient)
    status = (begin[9] - c"0") * 100 + (begin[10] - c"0") * 10 + (begin[11] - c"0")
    reason = begin + 13
    at = reason
    while at < end and _kinds[<unsigned char>at[0]] & VALUE:
        at += 1
    if end - at < 2 or at[0] != c"\r" or at[1] != c"\n" or at - begin > _max_start_line:
        return _careful_response(data, start, limits, lenient)
    reason_end = at
    fields = at + 2
    found.host = found.length = found.chunked = found.connection = False
    found.close = found.keep_alive = False
    found.plain = found.plain_body = True
    found.size = -1
    blank = _fields(fields, end, &found, False, _max_fields)
    if blank is NULL or (found.chunked and version is _http10):
        return _careful_response(data, start, limits, lenient)
    head = ResponseHead.__new__(ResponseHead)
    head.status = status
    head.plain = found.plain
    head.reason = (
        "OK" if reason_end - reason == 2 and memcmp(reason, b"OK", 2) == 0
        else PyUnicode_DecodeLatin1(reason, reason_end - reason, NULL)
    )
    head.version = version
    head.length = found.size
    head.chunked = found.chunked
    head.keep_alive = not found.close if version is _http11 else found.keep_alive
    head._block = PyBytes_FromStringAndSize(fields, blank - fields)
    head._load = load_headers
    head.size = blank + 2 - begin
    return head


cdef inline int _hex(char digit) noexcept nogil:
    """The value of a hex digit, -1 for any other byte."""
    if c"0" <= digit <= c"9":
        return digit - c"0"
    digit |= 0x20
    if c"a" <= digit <= c"f":
        return digit - c"a" + 10
    return -1


def take_chunks(bytes data not None, Py_ssize_t start, list pieces not None):
    """See `parser`."""
    cdef const char* begin = PyBytes_AS_STRING(data)
    cdef const char* at = begin + start
    cdef const char* end = begin + PyBytes_GET_SIZE(data)
    cdef const char* line
    cdef Py_ssize_t size
    cdef int digit
    while True:
        line = at
        size = 0
        # 15 digits always fit.
        while at < end and at - line <= 15:
            digit = _hex(at[0])
            if digit < 0:
                break
            size = size * 16 + digit
            at += 1
        if (
            size == 0 or at - line > 15 or end - at < 4 or at[0] != c"\r" or at[1] != c"\n"
            or end - at - 4 < size or at[2 + size] != c"\r" or at[3 + size] != c"\n"
        ):
            return line - begin
        pieces.append(PyBytes_FromStringAndSize(at + 2, size))
        at += size + 4


def load_headers(bytes block not None):
    """See `parser`."""
    cdef const char* at = PyBytes_AS_STRING(block)
    cdef const char* end = at + PyBytes_GET_SIZE(block)
    cdef const char* name
    cdef const char* colon
    cdef const char* value
    cdef const char* stop
    cdef unsigned char seen
    cdef list pairs = []
    cdef object key
    cdef object known
    while at < end:
        name = at
        while at[0] != c":":
            at += 1
        colon = at
        at += 1
        while at[0] == c" " or at[0] == c"\t":
            at += 1
        value = at
        seen = 0
        while at[0] != c"\r":
            seen |= <unsigned char>at[0]
            at += 1
        stop = at
        while stop > value and ((stop - 1)[0] == c" " or (stop - 1)[0] == c"\t"):
            stop -= 1
        key = PyUnicode_DecodeASCII(name, colon - name, NULL)
        known = _names.get(key)
        if known is None:
            known = _istr(key)
        pairs.append((known, _text(value, stop - value, seen < 0x80)))
        at += 2
    return _new_headers(pairs)
