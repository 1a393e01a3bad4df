from aiolos_protocol.http2.stream cimport Stream
from aiolos_protocol.link.h2 cimport H2Stream

cdef int BODY, DONE


cdef class H2ClientExchange(H2Stream):
    cdef double _deadline
    cdef public object answered
    cdef readonly object head
    cdef public object informed
    cdef public object on_deadline
    cdef public long long received

    cpdef object inform(self, head)
    cpdef object opened(self, Stream stream)
    cpdef object expect_to_send(self, long long length)
    cpdef object answer(self, head)
    cdef object _check_over(self)
    cdef object _finish(self)
    cpdef bint body_sent(self) except -1
    cpdef object fail(self, error)
