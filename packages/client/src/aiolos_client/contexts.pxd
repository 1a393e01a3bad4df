from aiolos_client.received cimport Received


cdef class Deferred:
    cdef object _coro
    cdef object _result


cdef object _enter(Received response)
cdef object _leave(Received response)
