cimport cython

from aiolos_websocket._mask cimport mask, unmask
from aiolos_websocket.assembly cimport Assembler

cdef int BINARY, CLOSE, CONTINUATION, FIN, MASK, MAX_CONTROL, PONG, RSV1, TEXT
cdef int _CONTROL, _RSV, _WHOLE_BINARY, _WHOLE_TEXT


cdef class Reader(Assembler):
    cdef Py_ssize_t _at
    cdef object _control
    cdef bint _fin
    cdef Py_ssize_t _high
    cdef bytes _key
    cdef Py_ssize_t _left
    cdef bint _masked
    cdef int _opcode
    cdef bytes _payload
    cdef int _phase
    cdef bytes _rest

    cpdef bint feed(self, bytes data) except -1
    cpdef bint go_on(self) except -1
    cpdef object pause(self)
    cpdef object stop(self)
    cpdef object end(self)
    cdef bint _in_frame(self) except -1
    cdef Py_ssize_t _announced(self) except -1
    cdef bint _forget_rest(self) except -1
    @cython.locals(
        end=Py_ssize_t,
        start=Py_ssize_t,
        stop=Py_ssize_t,
        whole=bint,
        left=Py_ssize_t,
        kept=Py_ssize_t,
    )
    cdef bint _read(self, bytes data, Py_ssize_t at) except -1
    @cython.locals(first=cython.int, size=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t)
    cdef Py_ssize_t _short(self, bytes data, Py_ssize_t at, Py_ssize_t end) except -2
    @cython.locals(first=cython.int, second=cython.int, size=Py_ssize_t, opcode=cython.int)
    cdef Py_ssize_t _header(self, bytes data, Py_ssize_t at, Py_ssize_t end) except -2
    cdef int _check(self, int first, int second) except -1
    cdef object _whole(self, bytes data, Py_ssize_t at, Py_ssize_t stop)
    @cython.locals(key=bytes, phase=cython.int)
    cdef Py_ssize_t _take(
        self, bytes data, Py_ssize_t at, Py_ssize_t stop, Py_ssize_t left
    ) except -2
    cdef object _ended(self)
    cdef object _control_received(self, bytes payload)
