cimport cython

from aiolos_websocket._mask cimport Gather as Joined, mask
from aiolos_websocket._tuples cimport made

cdef int BINARY, TEXT, _BLOCK_COST, _COST, _IN_FRAGMENTS, _NEXT_IN_FRAGMENTS, _NOT_AT_ALL, _UNASKED, _WHOLE


cdef class Assembler:
    cdef bint _compressed
    cdef bint _decode_text
    cdef object _deliver
    cdef Joined _gather
    cdef object _inflater
    cdef int _kind
    cdef object _listen
    cdef Py_ssize_t _max_size
    cdef int _mode
    cdef bytes _only
    cdef bytes _partial
    cdef Py_ssize_t _size
    cdef public Py_ssize_t queued

    cpdef object listen(self, object listen)
    cpdef object deliver(self, bint decode_text)
    cpdef object stream(self)
    @cython.locals(begun=bytes, announced=Py_ssize_t)
    cpdef object unstream(self, list fragments)
    cdef Py_ssize_t _announced(self) except -1
    cpdef bint begun(self) except -1
    cdef bint _in_frame(self) except -1
    cpdef object ask(self)
    cpdef object skip(self)
    cdef bint _may_wait(self) except -1
    cdef object _begin(self, int kind, bint compressed)
    cdef bint _expect(self, Py_ssize_t size) except -1
    cpdef object too_big(self)
    cdef bint _is_too_big(self) except -1
    cdef object _message(self, int kind, bytes payload)
    @cython.locals(gather=Joined, piece=bytes)
    cdef Py_ssize_t _piece(
        self, bytes data, Py_ssize_t at, Py_ssize_t stop, bytes key, int phase, Py_ssize_t left
    ) except -2
    @cython.locals(room=Py_ssize_t, kept=Py_ssize_t, inflated=bytes)
    cdef Py_ssize_t _inflate(self, bytes piece) except -2
    cdef object _keep(self, bytes piece)
    @cython.locals(gather=Joined, only=bytes)
    cdef Joined _gathered(self)
    @cython.locals(gather=Joined)
    cdef bytes _whole_of_it(self)
    @cython.locals(whole=bytes, used=Py_ssize_t)
    cdef str _checked(self, bytes piece)
    @cython.locals(kind=cython.int, mode=cython.int, whole=bytes)
    cdef object _message_ended(self)
    cdef object _deliver_fragment(self, object data, bint last, int kind)
