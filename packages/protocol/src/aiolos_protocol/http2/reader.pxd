cimport cython

cdef int ACK, AT_PREFACE, AT_SETTINGS, CONTINUATION, DATA, END_HEADERS, END_STREAM, HAS_PRIORITY
cdef int HEADER_SIZE, HEADERS, MIN_MAX_SIZE, OPEN, OVER, PADDED, SETTINGS, WINDOW_UPDATE


cdef class FrameReader:
    cdef unsigned int _block
    cdef bint _block_ends
    cdef list _block_parts
    cdef Py_ssize_t _block_size
    cdef bytes _buffer
    cdef long long _burst
    cdef object _limits
    cdef int _stage
    cdef public double now

    cdef Py_ssize_t _preface(self, bytes data) except -1
    cdef _decode(self, unsigned int number, bytes block, bint end)
    cdef _data(
        self, unsigned int number, bytes data, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t size,
        bint end,
    )
    cdef _window_update(self, unsigned int number, bytes payload)
    cdef _other(self, int kind, int flags, unsigned int number, bytes payload)
    cdef _failed(self, unsigned int number, error)
    cdef _check(self)
    cpdef fail(self, int code, message=*)
    cpdef bint receive(self, bytes data, double now) except -1
    @cython.locals(
        pos=Py_ssize_t, end=Py_ssize_t, size=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t,
        kind=int, flags=int, number=cython.uint,
    )
    cdef Py_ssize_t _frames(self, bytes data) except -1
    cdef _first(self, int kind, int flags)
    cdef _headers(
        self, unsigned int number, int flags, bytes data, Py_ssize_t start, Py_ssize_t stop
    )
    cdef _continuation(self, int flags, bytes payload)


cdef tuple _unpadded(bytes data, Py_ssize_t start, Py_ssize_t stop)
