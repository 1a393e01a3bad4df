cimport cython

from aiolos_protocol.link.gathering cimport GatheringOwner

cdef int CLOSED, DATA, END, IDLE
cdef tuple ROWS


cdef class H1Sending(GatheringOwner):
    cdef int _framing
    cdef object _left
    cdef int _sending

    cpdef object _check_complete(self)
    @cython.locals(phase=cython.int, row=tuple)
    cdef object _sent(self, int event)
    cdef object _start_body(self, int framing, object length)
    @cython.locals(size=Py_ssize_t)
    cpdef object write_body(self, data)
    cpdef object end_body(self, trailers=*)
