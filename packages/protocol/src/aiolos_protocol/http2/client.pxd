cimport cython

from aiolos_protocol.http2.connection cimport Connection
from aiolos_protocol.http2.stream cimport Stream

cdef int BODY, DONE, OVER


cdef class ClientConnection(Connection):
    cdef public Py_ssize_t expected
    cdef public unsigned int next_stream

    cdef Py_ssize_t _most_ignored(self) except -1
    cdef double _cost_of_ignored(self) except -1
    cpdef Py_ssize_t room(self) except -1
    cpdef bint is_exhausted(self) except -1
    @cython.locals(stream=Stream)
    cpdef Stream request(self, method, bytes block, bint end, owner)
    @cython.locals(stream=Stream)
    cdef _head(self, unsigned int number, fields, Py_ssize_t size, bint end)
    cdef bint _pushes(self, bytes payload)
