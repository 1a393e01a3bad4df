cimport cython

from aiolos_protocol.http2.floods cimport Floods
from aiolos_protocol.http2.stream cimport Stream

cdef int DONE


cdef class Outbox:
    cdef Floods _floods
    cdef Py_ssize_t _max_replies
    cdef list _parts
    cdef Py_ssize_t _replies
    cdef object _scheduler
    cdef Py_ssize_t _size
    cdef public long long batch
    cdef public list emptied
    cdef public long long left
    cdef public Py_ssize_t max_frame
    cdef public long long moved
    cdef public bytes prefix

    cpdef push(self, bytes data)
    cpdef reply(self, bytes data)
    cpdef check(self)
    cpdef Py_ssize_t size(self)
    @cython.locals(size=Py_ssize_t)
    cpdef head(self, Stream stream, bytes block, bint end)
    @cython.locals(size=Py_ssize_t)
    cpdef data(self, Stream stream, data, bint end)
    cpdef trailers(self, Stream stream, bytes block)
    cpdef drop(self, Stream stream)
    cpdef prioritize(self, Stream stream, int urgency, bint incremental)
    cpdef clear(self)
    cpdef halt(self)
    @cython.locals(stream=Stream, parts=list)
    cpdef bytes take(self, Py_ssize_t budget)
    @cython.locals(
        size=cython.longlong, rest=cython.longlong, there=Py_ssize_t, offset=Py_ssize_t,
        end=bint, parts=list,
    )
    cdef _send_queued(self, Stream stream)
    cdef _frame(self, Stream stream, Py_ssize_t size, bint end)
    cpdef widen(self, long long increment)
    cpdef widen_stream(self, Stream stream, long long increment)
