cimport cython

from aiolos_protocol.unread cimport Unread

cdef int DEFAULT_LIMIT, MAX_PIECES
cdef long long _ANY


cdef class StreamReader(Unread):
    cdef object __weakref__
    cdef object _callbacks
    cdef object _end_waiter
    cdef object _exception
    cdef object _filler
    cdef object _flow
    cdef Py_ssize_t _limit
    cdef bint _paused
    cdef object _trailers
    cdef object _translation
    cdef object _waiter
    cdef public bint ended
    cdef public long long line
    cdef public long long most

    cpdef object feed_data(self, bytes data, Py_ssize_t size=*)
    cpdef object feed_chunks(self, list pieces, bint whole)
    cpdef object feed_eof(self)
    cpdef bint is_whole(self) except -1
    cpdef bytes read_whole(self)
    cdef object _open(self, flow, Py_ssize_t limit)
    cdef object _wake(self)
    cdef object _taken(self, Py_ssize_t size)
    cdef object _pause(self)
    cdef object _let_go(self)
    cdef object _too_large(self)


@cython.locals(reader=StreamReader)
cpdef StreamReader whole_reader(
    bytes data, long long line, Py_ssize_t limit=*, long long most=*
)
