cimport cython

cdef int MAX_PIECES, _SWEEP


cdef class StreamReader:
    cdef object __weakref__
    cdef object _callbacks
    cdef list _chunks
    cdef object _end_waiter
    cdef object _exception
    cdef object _filler
    cdef Py_ssize_t _first
    cdef object _flow
    cdef Py_ssize_t _limit
    cdef Py_ssize_t _offset
    cdef bint _paused
    cdef Py_ssize_t _size
    cdef Py_ssize_t _split
    cdef list _splits
    cdef object _trailers
    cdef object _translation
    cdef object _waiter
    cdef public bint ended
    cdef public long long total_bytes

    cpdef object feed_data(self, bytes data, Py_ssize_t size=*)
    @cython.locals(total=cython.longlong, before=cython.longlong, piece=bytes)
    cpdef object feed_chunks(self, list pieces, bint whole)
    cpdef object feed_eof(self)
    cdef object _wake(self)
    cdef Py_ssize_t _find(self, bytes separator, bytes tail) except -1
    cdef object _take_to(self, Py_ssize_t size)
    cdef object _take(self, Py_ssize_t n)
    cdef object _sweep(self)
    cdef object _take_all(self)
    cdef object _taken(self, Py_ssize_t size)
    cdef object _pause(self)
    cdef object _let_go(self)
