cimport cython

from aiolos_protocol.http2.stream cimport Stream
from aiolos_protocol.http2.streams cimport Streams
from aiolos_protocol.http2.windows cimport ReceiveWindow, Tuner

cdef int BODY, DONE, IDLE, IGNORED, _REFUSE, _RESET


cdef class Connection(Streams):
    cdef bint _choked
    cdef object _decoder
    cdef Tuner _tuner
    cdef ReceiveWindow _window
    cdef public unsigned int goaway

    cdef _begin(self, dict settings)
    cdef _head(self, unsigned int number, fields, Py_ssize_t size, bint end)
    cdef _priority_update(self, unsigned int number, bytes payload)
    cdef bint _unknown(self, unsigned int number) except -1
    cdef double _cost_of_ignored(self) except -1
    @cython.locals(stream=Stream, window=ReceiveWindow, length=Py_ssize_t)
    cdef _data(
        self, unsigned int number, bytes data, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t size,
        bint end,
    )
    @cython.locals(expected=cython.longlong)
    cdef _check_data(
        self, Stream stream, ReceiveWindow window, Py_ssize_t size, Py_ssize_t length, bint end
    )
    @cython.locals(window=ReceiveWindow)
    cdef _misplaced(self, Stream stream, unsigned int number, Py_ssize_t size)
    @cython.locals(window=ReceiveWindow, increment=Py_ssize_t)
    cdef _credit(self, Py_ssize_t count)
    cdef bint _is_choked(self) except -1
    @cython.locals(window=ReceiveWindow)
    cpdef consumed(self, Stream stream, Py_ssize_t count)
    @cython.locals(stream=Stream, phase=int)
    cdef _decode(self, unsigned int number, bytes block, bint end)
    @cython.locals(stream=Stream)
    cdef _rst_stream(self, unsigned int number, bytes payload)
    cdef bint _is_answered(self, Stream stream) except -1
    cdef _settings(self, int flags, bytes payload)
    cdef _resize(self, long long change)
    cdef _ping(self, int flags, bytes payload)
    cdef _ponged(self, bytes payload)
    cdef _goaway(self, bytes payload)
    cdef _gone_away(self, unsigned int last)
    @cython.locals(stream=Stream, increment=cython.longlong)
    cdef _window_update(self, unsigned int number, bytes payload)
