cimport cython

from aiolos_protocol.http1.serializer cimport may_have_body
from aiolos_protocol.link.h1 cimport H1Link
from aiolos_protocol.link.h1_exchange cimport H1Exchange
from aiolos_protocol.message cimport RequestHead, ResponseHead
from aiolos_protocol.streams cimport whole_reader

cdef int BEGIN, BODY, CLOSE, CLOSED, COMPLETE, DONE, HEAD, IDLE, JOIN, SWITCH


cdef class H1ClientLink(H1Link):
    cdef object _answered
    cdef int _informational
    cdef bint _lenient
    cdef long long _line
    cdef Py_ssize_t _low
    cdef long long _most
    cdef object _news
    cdef object _role
    cdef public object on_deadline
    cdef public long long received

    @cython.locals(head=ResponseHead)
    cpdef bint _head_received(self) except -1
    @cython.locals(length=Py_ssize_t, data=bytes)
    cpdef object ask(self, RequestHead head, body=*)
    cpdef bint is_reusable(self) except -1
    cdef bytes _head_bytes(self, RequestHead head, str lines)
    @cython.locals(exchange=H1ClientExchange)
    cdef H1ClientExchange _begin(self, RequestHead head)
    cdef bint _informed(self, ResponseHead head) except -1
    @cython.locals(exchange=H1ClientExchange, asked=RequestHead)
    cdef object _final(self, ResponseHead head)
    cdef object _deliver(self, head)
    cpdef object fail(self, error)


cdef class H1ClientExchange(H1Exchange):
    cdef public object answered
    cdef public object informed

    cdef object _begin(self, link, head, answered)
    cdef H1ClientLink _running_link(self)
    cpdef bint body_sent(self) except -1
