cimport cython

cdef int _SWEEP


cdef class Unread:
    cdef list _chunks
    cdef Py_ssize_t _first
    cdef Py_ssize_t _offset
    cdef Py_ssize_t _size
    cdef Py_ssize_t _split
    cdef list _splits
    cdef public long long total_bytes

    cdef object _begin(self)
    cdef object _taken(self, Py_ssize_t size)
    cdef object _append(self, bytes data)
    @cython.locals(total=cython.longlong, before=cython.longlong, piece=bytes)
    cdef object _append_chunks(self, list pieces, bint whole)
    cdef object _insert(self, bytes data)
    @cython.locals(cursor=cython.longlong, place=Py_ssize_t)
    cdef Py_ssize_t _next_split(self) except -2
    cdef Py_ssize_t _find(self, bytes separator, bytes tail) except -1
    cdef object _take_to(self, Py_ssize_t size)
    cdef object _take(self, Py_ssize_t n)
    cdef object _sweep(self)
    cdef object _take_all(self)
