cdef class TransportOwner:
    cdef object __weakref__
    cdef public object loop
    cdef public object transport
    cdef public bint _write_paused
    cdef public bint _read_paused
    cdef public object _drained
