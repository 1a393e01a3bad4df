from aiolos_protocol.link.h1 cimport H1Exchange, H1Link
from aiolos_protocol.message cimport RequestHead


cdef class H1ServerLink(H1Link):
    cdef object _head
    cdef double _head_timeout
    cdef double _idle_since
    cdef double _keepalive_timeout
    cdef object _role
    cdef object _server

    cdef object _refuse(self, object error)
    cdef object _linger(self)
    cdef object _check(self, head)
    cpdef object _send_head(self, response)
    cdef object _discard_body(self)


cdef class H1ServerExchange(H1Exchange):
    pass
