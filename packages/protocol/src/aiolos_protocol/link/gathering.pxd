cimport cython

from aiolos_protocol.http1.serializer cimport chunk_line
from aiolos_protocol.transport cimport TransportOwner

cdef int GATHER, LARGE


cdef class GatheringOwner(TransportOwner):
    cdef list _out
    cdef Py_ssize_t _out_size

    cdef object _push(self, bytes data)
    @cython.locals(out=list, size=Py_ssize_t)
    cdef object _push_chunk(self, bytes data)
    cpdef object _flush(self)
