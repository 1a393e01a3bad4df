# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The compiled twin of `pymask`: eight bytes at a time, straight into the bytes that are returned."""

cimport cython

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport uint64_t
from libc.string cimport memcpy

cdef extern from "Python.h":
    # Takes the reference away and gives another one; NULL for none.
    int _PyBytes_Resize(PyObject **, Py_ssize_t) except -1


cpdef bytes mask(bytes data, Py_ssize_t start, Py_ssize_t end, bytes key, int phase):
    """See aiolos_websocket.mask."""
    if not 0 <= start <= end <= PyBytes_GET_SIZE(data):
        raise ValueError(f"{start} to {end} is no piece of {len(data)} bytes")
    if PyBytes_GET_SIZE(key) != 4 or not 0 <= phase <= 3:
        raise ValueError("a masking key has four bytes (RFC 6455 5.3)")
    cdef bytes masked = PyBytes_FromStringAndSize(NULL, end - start)
    xor(
        <unsigned char *>PyBytes_AS_STRING(masked),
        <const unsigned char *>PyBytes_AS_STRING(data) + start,
        end - start,
        <const unsigned char *>PyBytes_AS_STRING(key),
        phase,
    )
    return masked


cpdef bytes unmask(bytes data, Py_ssize_t start, Py_ssize_t end):
    """See aiolos_websocket.mask."""
    if not 4 <= start <= end <= PyBytes_GET_SIZE(data):
        raise ValueError(f"{start} to {end} is no piece of {len(data)} bytes")
    cdef bytes unmasked = PyBytes_FromStringAndSize(NULL, end - start)
    cdef const unsigned char *payload = <const unsigned char *>PyBytes_AS_STRING(data) + start
    xor(<unsigned char *>PyBytes_AS_STRING(unmasked), payload, end - start, payload - 4, 0)
    return unmasked


cpdef bytes frame(int first, object payload, bytes key):
    """See aiolos_websocket.mask."""
    if PyBytes_GET_SIZE(key) not in (0, 4):
        raise ValueError("a masking key has four bytes (RFC 6455 5.3)")
    cdef Py_buffer view
    if type(payload) is bytes:
        view.buf = PyBytes_AS_STRING(payload)
        return assembled(
            first, <const unsigned char *>view.buf, PyBytes_GET_SIZE(payload), key
        )
    PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
    try:
        return assembled(first, <const unsigned char *>view.buf, view.len, key)
    finally:
        PyBuffer_Release(&view)


@cython.final
cdef class Gather:
    """See aiolos_websocket.mask."""

    def __cinit__(self):
        self._whole = NULL
        self._room = 0
        self._expected = 0
        self.size = 0

    def __dealloc__(self):
        Py_XDECREF(self._whole)

    cpdef object expect(self, Py_ssize_t size):
        self._expected = self.size + size

    cpdef object add(self, bytes data, Py_ssize_t start, Py_ssize_t end, bytes key, int phase):
        if not 0 <= start <= end <= PyBytes_GET_SIZE(data):
            raise ValueError(f"{start} to {end} is no piece of {len(data)} bytes")
        if PyBytes_GET_SIZE(key) not in (0, 4) or not 0 <= phase <= 3:
            raise ValueError("a masking key has four bytes (RFC 6455 5.3)")
        cdef Py_ssize_t size = end - start
        if not size:
            return None
        self._make_room(self.size + size)
        cdef const unsigned char *source = <const unsigned char *>PyBytes_AS_STRING(data) + start
        cdef unsigned char *target = <unsigned char *>PyBytes_AS_STRING(<object>self._whole)
        if PyBytes_GET_SIZE(key):
            xor(
                target + self.size,
                source,
                size,
                <const unsigned char *>PyBytes_AS_STRING(key),
                phase,
            )
        else:
            memcpy(target + self.size, source, size)
        self.size += size

    cdef object _make_room(self, Py_ssize_t size):
        cdef Py_ssize_t room
        if self._whole == NULL:
            self._whole = new_bytes(size)
            self._room = size
        elif size > self._room:
            room = max(size, min(2 * self._room, self._expected))
            # Of large blocks it moves the pages, and copies nothing. Without memory the block is
            # lost, too, and so is the message.
            self._room = 0
            _PyBytes_Resize(&self._whole, room)
            self._room = room

    cpdef bytes take(self):
        if self._whole == NULL or not self._room:
            return b""
        if self.size < self._room:
            _PyBytes_Resize(&self._whole, self.size)
        cdef bytes whole = <bytes>self._whole
        Py_XDECREF(self._whole)
        self._whole = NULL
        self._room = 0
        self._expected = 0
        self.size = 0
        return whole


cdef PyObject *new_bytes(Py_ssize_t size) except NULL:
    cdef bytes made = PyBytes_FromStringAndSize(NULL, size)
    Py_INCREF(made)
    return <PyObject *>made


cdef bytes assembled(int first, const unsigned char *payload, Py_ssize_t size, bytes key):
    cdef bytes whole = PyBytes_FromStringAndSize(NULL, head_size(size, key) + size)
    put(<unsigned char *>PyBytes_AS_STRING(whole), first, payload, size, key)
    return whole


cdef Py_ssize_t head_size(Py_ssize_t size, bytes key) noexcept:
    """What stands before a payload of `size` bytes."""
    return (2 if size < 126 else 4 if size < 65536 else 10) + PyBytes_GET_SIZE(key)


cdef void put(
    unsigned char *at, int first, const unsigned char *payload, Py_ssize_t size, bytes key
) noexcept:
    """A frame, to where there is room for it."""
    cdef Py_ssize_t keyed = PyBytes_GET_SIZE(key)
    cdef Py_ssize_t head = head_size(size, key) - keyed
    cdef int bit = 0x80 if keyed else 0
    cdef int index
    at[0] = first
    if head == 2:
        at[1] = bit | size
    else:
        at[1] = bit | (126 if head == 4 else 127)
        for index in range(2, head):
            at[index] = (size >> (8 * (head - 1 - index))) & 0xFF
    at += head
    if keyed:
        memcpy(at, PyBytes_AS_STRING(key), 4)
        xor(at + 4, payload, size, <const unsigned char *>PyBytes_AS_STRING(key), 0)
    else:
        memcpy(at, payload, size)


cdef void xor(
    unsigned char *target,
    const unsigned char *source,
    Py_ssize_t size,
    const unsigned char *key,
    int phase,
) noexcept nogil:
    cdef unsigned char pattern[8]
    cdef uint64_t wide, word
    cdef Py_ssize_t at
    for at in range(8):
        pattern[at] = key[(at + phase) & 3]
    memcpy(&wide, pattern, 8)
    # memcpy, because nothing here is aligned; compilers make one load of it, and vectorize.
    for at in range(0, size - 7, 8):
        memcpy(&word, source + at, 8)
        word ^= wide
        memcpy(target + at, &word, 8)
    for at in range(size & ~<Py_ssize_t>7, size):
        target[at] = source[at] ^ pattern[at & 7]
