from aiolos_protocol.link.h1 cimport H1Link
from aiolos_protocol.link.h1_exchange cimport H1Exchange

cdef int BEGIN, BODY, CLOSE, CLOSED, COMPLETE, DONE, HEAD, IDLE, JOIN, SWITCH


cdef class H1ClientLink(H1Link):
    cdef object _answered
    cdef int _informational
    cdef bint _lenient
    cdef object _role
    cdef public object on_deadline
    cdef public long long received

    cdef bint _informed(self, head) except -1
    cdef object _final(self, head)
    cdef object _deliver(self, head)
    cpdef object fail(self, error)
    cdef object _begin(self, head)


cdef class H1ClientExchange(H1Exchange):
    cdef public object answered
    cdef public object informed

    cpdef bint body_sent(self) except -1
