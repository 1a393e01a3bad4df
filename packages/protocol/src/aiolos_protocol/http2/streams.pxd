cimport cython

from aiolos_protocol.http2.floods cimport Floods
from aiolos_protocol.http2.outbox cimport Outbox
from aiolos_protocol.http2.reader cimport FrameReader
from aiolos_protocol.http2.stream cimport Stream

cdef int BODY, DONE, IGNORED, OVER, _DATA, _END, _HEAD, _INFORM, _REFUSE, _RESET


cdef class Streams(FrameReader):
    cdef bint _acknowledged
    cdef Floods _floods
    cdef dict _ignored
    cdef Outbox _out
    cdef object _sink
    cdef public unsigned int last
    cdef public object remote
    cdef public dict streams

    cdef bint _is_idle(self, unsigned int number) except -1
    cpdef send_head(self, Stream stream, bytes block, bint end)
    cpdef send_informational(self, Stream stream, bytes block)
    cpdef send_data(self, Stream stream, data, bint end)
    cpdef send_trailers(self, Stream stream, bytes block)
    cdef _sent(self, Stream stream, int event)
    cdef _refuse_data(self, Stream stream)
    cdef _refuse(self, Stream stream, int event)
    cpdef ping(self, bytes payload)
    cpdef bytes data_to_send(self, Py_ssize_t budget=*)
    cpdef Py_ssize_t unsent(self)
    cdef bint _is_choked(self) except -1
    cdef bint _is_awaited(self, Stream stream)
    cdef _give_up(self, Stream stream, int code, error)
    cpdef reset(self, Stream stream, int code)
    cpdef release(self, Stream stream)
    cdef _settle(self, Stream stream)
    cdef _ignore(self, unsigned int number, Py_ssize_t left)
    cdef Py_ssize_t _most_ignored(self) except -1
    @cython.locals(stream=Stream)
    cpdef lose(self)
    cdef unsigned int _last(self)
    cpdef bint is_closed(self)
    cdef Py_ssize_t _stream_window(self)
