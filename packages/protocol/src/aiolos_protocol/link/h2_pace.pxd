from aiolos_protocol.http2.stream cimport Stream
from aiolos_protocol.link.h2 cimport H2Link


cdef class H2PacedLink(H2Link):
    cdef double _body_timeout
    cdef object _idle
    cdef double _idle_since
    cdef double _idle_until
    cdef double _keepalive_timeout
    cdef int _working

    cpdef object _part_with_spares(self)
    cdef object _begin_work(self)
    cdef object _end_work(self, bint leaves)
    cdef object _check_pace(self)
    cdef object _end(self, Stream stream, error)
