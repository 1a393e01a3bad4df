cimport cython

from aiolos_client.clientrequest cimport ClientRequest


cdef double inf


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

    cdef object _begin(
        self, loop, exchange, ClientRequest request, double until, double silence, bint is_fine
    )
    @cython.locals(when=cython.double)
    cdef object _arm(self, double now)
    cdef object _told(self, what, bound)


@cython.locals(watching=Watch, total=cython.double, silence=cython.double)
cpdef object watch(loop, exchange, ClientRequest request)
