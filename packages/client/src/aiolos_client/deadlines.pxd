from aiolos_client.clientrequest cimport ClientRequest


cdef class Watch:
    cdef object _exchange
    cdef bint _is_fine
    cdef object _loop
    cdef long long _received
    cdef ClientRequest _request
    cdef double _silence
    cdef double _since
    cdef object _timer
    cdef double _until

    cdef object _arm(self, double now)
    cdef object _told(self, what, bound)


cpdef object watch(loop, exchange, ClientRequest request)
