cimport cython

from aiolos_protocol.http2.client cimport ClientConnection
from aiolos_protocol.http2.stream cimport Stream
from aiolos_protocol.link.h2 cimport H2Link
from aiolos_protocol.link.h2_client_exchange cimport H2ClientExchange


cdef class H2ClientLink(H2Link):
    cdef double _answer_within
    cdef set _exchanges
    cdef double _heard
    cdef long long _numbers
    cdef long long _opened
    cdef double _pinged
    cdef dict _pings
    cdef long long _resets
    cdef object _role
    cdef object _scheme
    cdef object _settled
    cdef double _silence
    cdef list _unread
    cdef public bint keep_alive
    cdef public object on_deadline
    cdef public object on_settings

    @cython.locals(conn=ClientConnection)
    cdef Py_ssize_t _spare(self) except -1
    cpdef bint is_reusable(self) except -1
    cpdef bint takes(self, Py_ssize_t expected) except -1
    cdef object _reckon(self)
    cdef double _next_look(self) except? -1
    cdef object _look(self, double now)
    cdef bytes _block(self, head, long long length)
    @cython.locals(exchange=H2ClientExchange, conn=ClientConnection)
    cdef H2ClientExchange _begin(self, head, bytes block, bint end)
    @cython.locals(conn=ClientConnection)
    cpdef object over(self, exchange)
    @cython.locals(conn=ClientConnection, opened=cython.longlong)
    cpdef object cancelled(self)
    @cython.locals(unread=list)
    cpdef bint leaves(self, Stream stream) except -1
    cpdef object fail(self, error)
