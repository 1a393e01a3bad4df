cimport cython

from aiolos_protocol.http2.connection cimport Connection
from aiolos_protocol.http2.stream cimport Stream

cdef int AT_PREFACE, AT_SETTINGS, BODY, DONE


cdef class ServerConnection(Connection):
    cdef bint _connect_protocol
    cdef dict _priorities
    cdef public unsigned int accepts

    @cython.locals(stream=Stream)
    cdef _open(self, unsigned int number, fields, Py_ssize_t size, bint end)
    cdef _accept(self, Stream stream)
    cpdef shut_down(self)
    cpdef refuse_more(self)
    cpdef bint is_refusing(self)
