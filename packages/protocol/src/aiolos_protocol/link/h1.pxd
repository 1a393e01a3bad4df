cimport cython

from aiolos_protocol.clock cimport Clock
from aiolos_protocol.http1.framing cimport Decoder
from aiolos_protocol.link.h1_sending cimport H1Sending
from aiolos_protocol.message cimport Head

cdef int BEGUN, BODY, CLOSE, CLOSED, DONE, END, HEAD, IDLE, RECYCLE, SWITCH, SWITCHED
cdef tuple ROWS


cdef class H1Link(H1Sending):
    cdef Py_ssize_t _at
    cdef object _body
    cdef bytes _buffer
    cdef Clock _clock
    cdef Decoder _decoder
    cdef object _exchange
    cdef object _filling
    cdef object _later
    cdef object _limits
    cdef int _receiving
    cdef bint _stepping
    cdef public double deadline
    cdef public bint keep_alive

    cpdef object data_received(self, bytes data)
    cpdef bint _head_received(self) except -1
    cpdef bint _is_lenient(self) except -1
    cpdef object _body_failed(self, object error)
    cpdef object _completed(self)
    cpdef object _gone(self, object exc)
    @cython.locals(burst=cython.int, phase=cython.int)
    cdef object _receive(self)
    cdef bint _is_for_later(self, bytes data) except -1
    cdef bint _may_end(self, bytes data) except -1
    cdef Py_ssize_t _waiting(self) except -1
    cdef object _bound(self)
    cdef object _join(self)
    @cython.locals(at=Py_ssize_t)
    cdef object _consume(self, Py_ssize_t size)
    @cython.locals(at=Py_ssize_t, buffer=cython.p_char)
    cdef bytes _taken(self, Py_ssize_t size)
    cdef object _forget(self)
    cdef object _expect_body(self, Head head, bint until_close)
    @cython.locals(at=Py_ssize_t, stop=Py_ssize_t)
    cdef object _body_received(self)
    cpdef object stop_filling(self)
    cdef object _set_protocol(self, protocol)
    cdef object _break_off(self, object error)
    cdef object _end_of_body(self, object exc)
    cdef bint _is_cut_off(self) except -1
    @cython.locals(phase=cython.int, row=tuple)
    cdef object _received(self, int event)
    cpdef object _check_complete(self)
    cdef object _recycle(self)
    cpdef object close(self)
    cpdef object abort(self)
