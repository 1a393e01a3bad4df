cimport cython

from aiolos_websocket._mask cimport Gather as Joined, mask, unmask

cdef int BINARY, CLOSE, CONTINUATION, FIN, MASK, MAX_CONTROL, PONG, RSV1, TEXT
cdef int _CONTROL, _IN_FRAGMENTS, _NOT_AT_ALL, _RSV, _WHOLE, _WHOLE_BINARY, _WHOLE_TEXT


cdef class Reader:
    cdef Py_ssize_t _at
    cdef bint _compressed
    cdef object _control
    cdef bint _decode_text
    cdef object _deliver
    cdef bint _fin
    cdef Joined _gather
    cdef Py_ssize_t _high
    cdef object _inflater
    cdef bytes _key
    cdef int _kind
    cdef Py_ssize_t _left
    cdef object _listen
    cdef bint _masked
    cdef Py_ssize_t _max_size
    cdef int _mode
    cdef bytes _only
    cdef int _opcode
    cdef bytes _partial
    cdef bytes _payload
    cdef int _phase
    cdef bytes _rest
    cdef Py_ssize_t _size
    cdef public Py_ssize_t queued

    cpdef bint feed(self, bytes data) except -1
    cpdef bint go_on(self) except -1
    cpdef object listen(self, object listen)
    cpdef object stream(self)
    cpdef object skip(self)
    @cython.locals(end=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t, whole=bint, left=Py_ssize_t)
    cdef bint _read(self, bytes data, Py_ssize_t at) except -1
    @cython.locals(first=cython.int, size=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t)
    cdef Py_ssize_t _short(self, bytes data, Py_ssize_t at, Py_ssize_t end) except -2
    @cython.locals(first=cython.int, second=cython.int, size=Py_ssize_t, opcode=cython.int)
    cdef Py_ssize_t _header(self, bytes data, Py_ssize_t at, Py_ssize_t end) except -2
    cdef int _check(self, int first, int second) except -1
    cdef int _count(self, Py_ssize_t size) except -1
    cdef object _whole(self, bytes data, Py_ssize_t at, Py_ssize_t stop)
    cdef object _message(self, int kind, bytes payload)
    @cython.locals(gather=Joined, piece=bytes, key=bytes, phase=cython.int)
    cdef object _take(self, bytes data, Py_ssize_t at, Py_ssize_t stop, Py_ssize_t left)
    cdef object _inflate(self, bytes piece)
    cdef object _keep(self, bytes piece)
    @cython.locals(gather=Joined, only=bytes)
    cdef Joined _gathered(self)
    @cython.locals(gather=Joined)
    cdef bytes _whole_of_it(self)
    @cython.locals(whole=bytes, used=Py_ssize_t)
    cdef str _checked(self, bytes piece)
    @cython.locals(kind=cython.int, mode=cython.int, whole=bytes)
    cdef object _ended(self)
    cdef object _control_received(self, bytes payload)
    cdef object _deliver_fragment(self, object data, bint last)
