cimport cython

from aiolos_protocol.clock cimport Clock
from aiolos_protocol.http2.stream cimport Stream
from aiolos_protocol.transport cimport TransportOwner

cdef int BODY, DONE


cdef class H2Link(TransportOwner):
    cdef readonly Clock _clock
    cdef readonly object _conn
    cdef bint _due
    cdef readonly object _limits
    cdef bint _stepping
    cdef readonly set _tunnels
    cdef public double deadline
    cdef readonly object farewell

    cpdef object _broken(self, error)
    cpdef object _rest(self)
    cpdef object _gone(self, exc)
    cpdef object _flush(self)
    cdef object _write(self)
    cpdef object _flush_soon(self)
    cdef object _fail(self, error)
    cpdef object close(self)
    cpdef object abort(self)


cdef class H2Stream:
    cdef bint _bodiless
    cdef bint _discards
    cdef object _drained
    cdef object _end
    cdef readonly object _held
    cdef long long _left
    cdef object _limits
    cdef readonly object _link
    cdef object _lost
    cdef bint _paused
    cdef Stream _source
    cdef readonly Stream _stream
    cdef public object body

    cpdef object _sent(self)
    cdef object _expect_body(self)
    cdef object _discard_body(self, error)
    @cython.locals(size=Py_ssize_t)
    cdef object _feed_held(self)
    cdef object _drop_held(self)
    cdef Stream _check_stream(self)
    @cython.locals(stream=Stream, link=H2Link)
    cpdef object write_body(self, data)
    @cython.locals(stream=Stream, link=H2Link)
    cpdef object end_body(self, trailers=*)
    @cython.locals(stream=Stream, link=H2Link)
    cpdef object drain(self)
    cpdef bint is_receiving(self)
