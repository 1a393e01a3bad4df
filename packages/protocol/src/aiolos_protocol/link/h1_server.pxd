cimport cython

from aiolos_protocol.http1.serializer cimport may_have_body, response_prefix, size_line
from aiolos_protocol.link.h1 cimport H1Exchange, H1Link
from aiolos_protocol.message cimport RequestHead

cdef int BEGIN, BEGUN, BODY, CLOSE, CLOSED, COMPLETE, DONE, HEAD, IDLE, JOIN


cdef class H1ServerLink(H1Link):
    cdef RequestHead _head
    cdef double _head_timeout
    cdef double _idle_since
    cdef double _keepalive_timeout
    cdef object _role
    cdef object _server

    @cython.locals(head=RequestHead, size=Py_ssize_t)
    cpdef bint _head_received(self, bytes data)
    @cython.locals(size=Py_ssize_t)
    cpdef object answer(
        self,
        RequestHead head,
        int status,
        object reason,
        object content_type,
        object headers,
        bytes body,
        bint keep_alive,
    )
    cdef object _refuse(self, object error)
    cdef object _linger(self)
    cdef object _check(self, head)
    cpdef object _send_head(self, response)
    cdef object _discard_body(self)


cdef class H1ServerExchange(H1Exchange):
    pass
