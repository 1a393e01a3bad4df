cdef class Flow:
    cdef object __weakref__
    cdef readonly object loop
    cdef readonly object transport
    cdef readonly bint _write_paused
    cdef bint _read_paused
    cdef object _drained

    cpdef object _lost(self, message)
    cdef object _disconnected(self, exc)
    cdef object _room(self)
    cpdef object drain(self)
    cpdef object pause_reading(self)
    cpdef object resume_reading(self)
