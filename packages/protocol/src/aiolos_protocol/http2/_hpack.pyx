# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The compiled twin of `pyhpack`: the same tables as arrays, strings made in one go."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from aiolos_protocol.http2.field cimport Field

from ..errors import LimitExceeded
from .errors import ConnectionFailed, ErrorCode
from .tables import HUFFMAN, KEPT, PADDED, STATIC, TREE

cdef enum:
    STATIC_COUNT = 61
    NODES = 256
    MAX_SHIFT = 28
    # What a nibble does at a node of the Huffman tree; no code is shorter than five bits, so it
    # completes one symbol at most.
    EMITS = 1
    FAILS = 2

cdef struct Step:
    unsigned char node
    unsigned char does
    unsigned char symbol

cdef Step _steps[NODES][16]
cdef bint _may_end[NODES]
cdef unsigned int _codes[256]
cdef unsigned char _lengths[256]
cdef list _fields = [Field(name, value) for name, value in STATIC]
cdef dict _pairs = {pair: index for index, pair in enumerate(STATIC, 1)}
cdef dict _indexes = {name: index for index, (name, _) in reversed([*enumerate(STATIC, 1)])}


cdef _fill():
    cdef int nibble, node, start, shift
    for byte, (code, length) in enumerate(HUFFMAN):
        _codes[byte] = code
        _lengths[byte] = length
    for start in range(NODES):
        _may_end[start] = start in PADDED
        for nibble in range(16):
            node = start
            _steps[start][nibble].does = 0
            for shift in range(3, -1, -1):
                node = TREE[node][nibble >> shift & 1]
                if node < 0:
                    if node == ~256:
                        _steps[start][nibble].does = FAILS
                    else:
                        _steps[start][nibble].does = EMITS
                        _steps[start][nibble].symbol = ~node
                    node = 0
            _steps[start][nibble].node = node


_fill()


cdef object _failed(message):
    return ConnectionFailed(message, ErrorCode.COMPRESSION_ERROR)


cdef struct Block:
    const unsigned char* at
    const unsigned char* end


cdef long long _integer(Block* block, int mask) except -1:
    """RFC 7541 5.1; 64 bits everywhere, so that no integer of 35 bits turns negative."""
    cdef long long value = block.at[0] & mask
    cdef int shift = 0
    cdef unsigned char byte
    block.at += 1
    if value < mask:
        return value
    while shift <= MAX_SHIFT:
        if block.at == block.end:
            raise _failed("a header block that ends in an integer (RFC 7541 5.1)")
        byte = block.at[0]
        block.at += 1
        value += <long long>(byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
    raise _failed("an integer that is too long (RFC 7541 5.1)")


cdef bytes _string(Block* block):
    """RFC 7541 5.2."""
    cdef long long length
    cdef bint huffman
    cdef const unsigned char* start
    if block.at == block.end:
        raise _failed("a header block that ends before a string (RFC 7541 5.2)")
    huffman = block.at[0] & 0x80
    length = _integer(block, 0x7F)
    if length > block.end - block.at:
        raise _failed("a header block that ends in a string (RFC 7541 5.2)")
    start = block.at
    block.at += length
    if huffman:
        return _decoded(start, length)
    return PyBytes_FromStringAndSize(<const char*>start, length)


cdef bytes _decoded(const unsigned char* data, Py_ssize_t length):
    # The shortest code has five bits, so this is room enough for any string.
    cdef char small[512]
    cdef bytes large = None
    cdef char* out = small
    cdef char* start
    cdef Py_ssize_t i
    cdef unsigned char node = 0
    cdef unsigned char seen = 0
    cdef Step step
    if length * 8 // 5 > 512:
        large = PyBytes_FromStringAndSize(NULL, length * 8 // 5)
        out = PyBytes_AS_STRING(large)
    start = out
    for i in range(length):
        step = _steps[node][data[i] >> 4]
        if step.does & EMITS:
            out[0] = <char>step.symbol
            out += 1
        seen |= step.does
        step = _steps[step.node][data[i] & 15]
        if step.does & EMITS:
            out[0] = <char>step.symbol
            out += 1
        seen |= step.does
        node = step.node
    if seen & FAILS:
        raise _failed("a Huffman string with EOS in it (RFC 7541 5.2)")
    if not _may_end[node]:
        raise _failed("a Huffman string with wrong padding (RFC 7541 5.2)")
    return PyBytes_FromStringAndSize(start, out - start)


cdef inline Field _field(bytes name, bytes value):
    cdef Field field = Field.__new__(Field)
    field.name = name
    field.value = value
    field.size = PyBytes_GET_SIZE(name) + PyBytes_GET_SIZE(value) + 32
    field.kind = -1
    field.line = b""
    field.text = ""
    return field


cdef class Decoder:
    """See `hpack`."""

    cdef list _entries
    cdef Py_ssize_t _size
    cdef Py_ssize_t _limit
    cdef Py_ssize_t _max_size
    # See pyhpack.
    cdef bytes _last
    cdef list _found
    cdef Py_ssize_t _found_size

    def __init__(self, table_size=4096):
        self._entries = []
        self._last = None
        self._found = []
        self._found_size = 0
        self._size = 0
        self._limit = table_size
        self._max_size = table_size

    @property
    def entries(self):
        """The dynamic table, newest first (RFC 7541 2.3.2)."""
        return tuple([(field.name, field.value) for field in self._entries])

    @property
    def size(self):
        """The dynamic table's size (RFC 7541 4.1)."""
        return self._size

    cpdef list decode(self, bytes block, Py_ssize_t max_size, Py_ssize_t max_fields):
        """See `hpack`."""
        cdef Block rest
        cdef list fields = []
        cdef Py_ssize_t size = 0
        cdef Py_ssize_t count = 0
        cdef long long number
        cdef unsigned char byte
        cdef Field field
        cdef bint changes = False
        if block == self._last and self._found_size <= max_size and len(self._found) <= max_fields:
            return self._found
        rest.at = <const unsigned char*>PyBytes_AS_STRING(block)
        rest.end = rest.at + PyBytes_GET_SIZE(block)
        while rest.at < rest.end:
            byte = rest.at[0]
            if byte & 0x80:
                # RFC 7541 6.1
                field = self._at(_integer(&rest, 0x7F))
            elif byte & 0x40:
                # RFC 7541 6.2.1
                field = self._literal(&rest, 0x3F)
                changes = True
                self._size += field.size
                self._entries.insert(0, field)
                self._evict()
            elif byte & 0x20:
                # RFC 7541 6.3
                number = _integer(&rest, 0x1F)
                if count:
                    raise _failed("a table size update behind a field (RFC 7541 4.2)")
                if number > self._limit:
                    raise _failed(
                        f"a table of {number} bytes, where {self._limit} are allowed "
                        "(RFC 7541 6.3)"
                    )
                self._max_size = number
                self._evict()
                changes = True
                continue
            else:
                # RFC 7541 6.2.2, 6.2.3
                field = self._literal(&rest, 0x0F)
            count += 1
            size += field.size
            if size <= max_size and count <= max_fields:
                fields.append(field)
        if changes:
            self._last = None
        if size > max_size:
            raise LimitExceeded("head", max_size, status_hint=431)
        if count > max_fields:
            raise LimitExceeded("fields", max_fields, status_hint=431)
        self._last = None if changes or len(block) > KEPT else block
        self._found = fields
        self._found_size = size
        return fields

    cdef Field _at(self, long long index):
        if 0 < index <= STATIC_COUNT:
            return <Field>_fields[index - 1]
        index -= STATIC_COUNT + 1
        if index < 0 or index >= len(self._entries):
            raise _failed("an index that is in neither table (RFC 7541 2.3.3)")
        return <Field>self._entries[index]

    cdef Field _literal(self, Block* rest, int mask):
        cdef long long index = _integer(rest, mask)
        cdef bytes name = self._at(index).name if index else _string(rest)
        return _field(name, _string(rest))

    cdef _evict(self):
        # RFC 7541 4.3, 4.4; a field larger than the table leaves it empty.
        while self._size > self._max_size:
            self._size -= (<Field>self._entries.pop()).size


def huffman_decode(bytes data not None):
    """See `hpack`."""
    return _decoded(<const unsigned char*>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))


cdef Py_ssize_t _huffman_size(const unsigned char* data, Py_ssize_t length) noexcept:
    cdef Py_ssize_t bits = 0
    cdef Py_ssize_t i
    for i in range(length):
        bits += _lengths[data[i]]
    return (bits + 7) // 8


cdef char* _put_huffman(char* out, const unsigned char* data, Py_ssize_t length) noexcept:
    cdef unsigned long long bits = 0
    cdef int count = 0
    cdef Py_ssize_t i
    for i in range(length):
        bits = bits << _lengths[data[i]] | _codes[data[i]]
        count += _lengths[data[i]]
        while count >= 8:
            count -= 8
            out[0] = <char>(bits >> count)
            out += 1
    if count:
        # RFC 7541 5.2: padded with the most significant bits of EOS.
        out[0] = <char>(bits << (8 - count) | (0xFF >> count))
        out += 1
    return out


def huffman_encode(bytes data not None):
    """See `hpack`."""
    cdef const unsigned char* start = <const unsigned char*>PyBytes_AS_STRING(data)
    cdef bytes out = PyBytes_FromStringAndSize(NULL, _huffman_size(start, PyBytes_GET_SIZE(data)))
    _put_huffman(PyBytes_AS_STRING(out), start, PyBytes_GET_SIZE(data))
    return out


cdef char* _put_integer(char* out, Py_ssize_t value, int first, int mask) noexcept:
    if value < mask:
        out[0] = <char>(first | value)
        return out + 1
    out[0] = <char>(first | mask)
    out += 1
    value -= mask
    while value >= 0x80:
        out[0] = <char>(value & 0x7F | 0x80)
        out += 1
        value >>= 7
    out[0] = <char>value
    return out + 1


cdef char* _put_string(char* out, bytes data) noexcept:
    cdef const unsigned char* start = <const unsigned char*>PyBytes_AS_STRING(data)
    cdef Py_ssize_t length = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t short = _huffman_size(start, length)
    if short < length:
        return _put_huffman(_put_integer(out, short, 0x80, 0x7F), start, length)
    out = _put_integer(out, length, 0x00, 0x7F)
    memcpy(out, start, length)
    return out + length


def encode_field(bytes name not None, bytes value not None, bint sensitive=False):
    """See `hpack`."""
    cdef char small[512]
    cdef bytes large = None
    cdef char* out = small
    cdef char* start
    cdef int first = 0x10 if sensitive else 0x00
    # Three integers, each of at most ten bytes.
    cdef Py_ssize_t most = PyBytes_GET_SIZE(name) + PyBytes_GET_SIZE(value) + 30
    if not sensitive:
        index = _pairs.get((name, value))
        if index is not None:
            small[0] = <char>(0x80 | <int>index)
            return PyBytes_FromStringAndSize(small, 1)
    if most > 512:
        large = PyBytes_FromStringAndSize(NULL, most)
        out = PyBytes_AS_STRING(large)
    start = out
    index = _indexes.get(name)
    if index is not None:
        out = _put_integer(out, index, first, 0x0F)
    else:
        out[0] = <char>first
        out = _put_string(out + 1, name)
    out = _put_string(out, value)
    return PyBytes_FromStringAndSize(start, out - start)
